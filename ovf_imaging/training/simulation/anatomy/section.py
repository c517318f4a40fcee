"""The six endplate landmarks of a vertebral body, found on its mid-sagittal section."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from skimage.measure import find_contours

from ovf_imaging.training.simulation.volume import Array, Grid
from ovf_imaging.types import Landmark

CORNERS = [
    Landmark.SUPERIOR_ANTERIOR,
    Landmark.SUPERIOR_POSTERIOR,
    Landmark.INFERIOR_ANTERIOR,
    Landmark.INFERIOR_POSTERIOR,
]
_OUTWARD = np.array([[-1.0, 1.0], [1.0, 1.0], [-1.0, -1.0], [1.0, -1.0]])  # (y, z) of each corner


def body_outline(grid: Grid, distance: NDArray[np.float32], x_mm: float = 0.0) -> Array:
    """Return the (N, 2) outline, (y, z) in millimetres, of the bone furthest in front in a sagittal plane."""
    plane = distance[round((x_mm - grid.origin_mm[0]) / grid.step_mm[0])]
    rings = [ring * grid.step_mm[1:] + grid.origin_mm[1:] for ring in find_contours(plane, 0.0)]
    large = [ring for ring in rings if np.ptp(ring[:, 1]) > 10.0]  # the arch of a thoracic level has loose shards
    return np.asarray(min(large, key=lambda ring: ring[:, 0].min()))


def section_landmarks(outline: Array, rounds: int = 5) -> Array:
    """Return (6, 2) landmarks, rows named by Landmark, of a body's outline that stands about upright.

    A corner is the point furthest out along the body's own diagonal; the middle of an endplate is the point of the
    outline above or below the middle of its corners.
    """
    centre, turn, size = outline.mean(axis=0), np.eye(2), np.ptp(outline, axis=0)
    landmarks = np.zeros((6, 2))
    for _ in range(rounds):
        own = (outline - centre) @ turn.T
        landmarks[CORNERS] = outline[np.argmax(own / size @ _OUTWARD.T, axis=0)]
        sa, _, sp, ia, _, ip = landmarks
        back = (sp - sa) / np.linalg.norm(sp - sa) + (ip - ia) / np.linalg.norm(ip - ia)
        back /= np.linalg.norm(back)
        turn = np.array([back, [-back[1], back[0]]])
        centre = landmarks[CORNERS].mean(axis=0)
        size = np.array([np.linalg.norm(sp - sa) + np.linalg.norm(ip - ia), np.linalg.norm(sp - ip) * 2]) / 2
    for middle, front, rear in ((1, sa, sp), (4, ia, ip)):
        landmarks[middle] = endplate_middle(outline, front, rear, upper=middle == 1)
    return landmarks


def endplate_middle(outline: Array, front: Array, rear: Array, *, upper: bool) -> Array:
    """Return where the outline crosses the perpendicular through the middle of an endplate's corners."""
    along = (rear - front) / np.linalg.norm(rear - front)
    normal = np.array([-along[1], along[0]]) * (1 if upper else -1)
    rel = outline - (front + rear) / 2
    s, t = rel @ along, rel @ normal
    crossing = np.flatnonzero((s[:-1] < 0) != (s[1:] < 0))
    share = s[crossing] / (s[crossing] - s[crossing + 1])
    depth = t[crossing] + share * (t[crossing + 1] - t[crossing])
    return np.asarray((front + rear) / 2 + normal * depth.max())
