"""How the vertebrae stand on each other: a chain of rigid poses from the sacrum up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.spatial.transform import Rotation

from ovf_imaging.training.simulation.volume import Array
from ovf_imaging.types import Landmark

_LEAST_MM = 1.2  # between two endplates where they come closest
_CLIMB = 0.2  # a body that slips climbs on the rim of the lower one by this part of the slip
_WIDER = 1.3  # a body's width by its depth


@dataclass(frozen=True, slots=True, kw_only=True)
class Disc:
    """How the body above stands on the body below."""

    height_mm: float
    lordosis_deg: float  # turn between the two endplates, positive when the front is open
    tilt_deg: float = 0.0  # positive when the left side is open
    turn_deg: float = 0.0  # about the column, positive when the upper one looks to the left
    slip_mm: float = 0.0  # upper body forward on the lower
    degeneration: float = 0.0  # 0 healthy, 1 collapsed
    vacuum: bool = False  # gas in the disc


def place(
    landmarks: Mapping[int, Array], levels: Sequence[int], discs: Mapping[int, Disc], base: Array
) -> dict[int, Array]:
    """Return the pose (4, 4), from a vertebra's own frame to the patient, of every level.

    `landmarks` (6, 3) are in each vertebra's own frame; `levels` run head to foot and end with the sacrum; `discs` are
    named by the level above; `base` is the pose of the sacrum.
    """
    poses = {levels[-1]: base}
    for upper, lower in reversed(list(pairwise(levels))):
        depth_mm = float(np.linalg.norm(landmarks[upper][Landmark.INFERIOR_POSTERIOR] - landmarks[upper][3]))
        seat = poses[lower] @ endplate_frame(landmarks[lower], superior=True) @ _step(discs[upper], depth_mm)
        poses[upper] = seat @ np.linalg.inv(endplate_frame(landmarks[upper], superior=False))
    return poses


def endplate_frame(landmarks: Array, *, superior: bool) -> Array:
    """Return the pose (4, 4) of an endplate in its vertebra: its middle, x left, y back along the corners, z up."""
    front, rear = (
        (Landmark.SUPERIOR_ANTERIOR, Landmark.SUPERIOR_POSTERIOR)
        if superior
        else (Landmark.INFERIOR_ANTERIOR, Landmark.INFERIOR_POSTERIOR)
    )
    back = landmarks[rear] - landmarks[front]
    back = back / np.linalg.norm(back)
    left = np.array([1.0, 0.0, 0.0])
    frame = np.eye(4)
    frame[:3, :3] = np.column_stack([left, back, np.cross(left, back)])
    frame[:3, 3] = (landmarks[front] + landmarks[rear]) / 2
    return frame


def pose(turn: Rotation, shift_mm: Array | tuple[float, float, float] = (0.0, 0.0, 0.0)) -> Array:
    """Return a rigid map (4, 4)."""
    matrix = np.eye(4)
    matrix[:3, :3] = turn.as_matrix()
    matrix[:3, 3] = shift_mm
    return matrix


def _step(disc: Disc, depth_mm: float) -> Array:
    """Return the pose of the upper body's inferior endplate on the lower body's superior one.

    Half of every turn comes before the rise and half after, so that the disc is a wedge about its own middle. A disc
    too flat for its turn is raised until the endplates no longer touch.
    """
    half = Rotation.from_euler("xyz", [-disc.lordosis_deg / 2, -disc.tilt_deg / 2, disc.turn_deg / 2], degrees=True)
    lean = abs(np.sin(np.radians(disc.lordosis_deg))) + _WIDER * abs(np.sin(np.radians(disc.tilt_deg)))
    slid = abs(disc.slip_mm)
    height_mm = max(disc.height_mm + _CLIMB * slid, _LEAST_MM + lean * (depth_mm / 2 + slid))
    rise = pose(Rotation.identity(), (0.0, -disc.slip_mm, height_mm))
    return np.asarray(pose(half) @ rise @ pose(half))
