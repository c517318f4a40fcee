"""Six landmarks of a body from its mask, for masks that come without them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Array = NDArray[np.float64]
_FINE = 4  # sub-pixels a pixel
_MARGIN = 3  # pixels about the mask


def mask_landmarks(mask: NDArray[np.bool_ | np.floating], up: Array, front: Array) -> Array | None:
    """Return (6, 2) landmarks (row, column) of one body in one slice, None when the mask is too small.

    A mask of probabilities gives its edge between the pixels, where it falls to one half. Corners are the mask's
    extreme points along the diagonals of the body's own frame; middles lie on the contour half-way between them.
    `up` and `front` are unit (row, column) directions, a first guess that is refined.
    """
    padded = np.pad(mask.astype(np.float64), _MARGIN)
    rows, columns = np.nonzero(padded > 0.5)
    if rows.size < 40:
        return None
    r0, c0 = rows.min() - _MARGIN, columns.min() - _MARGIN
    near = padded[r0 : rows.max() + _MARGIN + 1, c0 : columns.max() + _MARGIN + 1]
    smooth = ndimage.zoom(ndimage.gaussian_filter(near, 0.6), _FINE, order=1, grid_mode=True, mode="grid-constant")
    inside = np.argwhere(smooth > 0.5)
    points = (inside + 0.5) / _FINE - 0.5 + np.array([r0, c0]) - _MARGIN
    for _ in range(3):
        corners = _corners(points, up, front)
        up = _unit(corners[0] + corners[1] - corners[2] - corners[3])
        front = _unit(corners[0] + corners[2] - corners[1] - corners[3])
    sa, sp, ia, ip = corners
    sm = _middle(points, sa, sp, up)
    im = _middle(points, ia, ip, -up)
    return np.array([sa, sm, sp, ia, im, ip])


def _unit(vector: Array) -> Array:
    return vector / max(float(np.linalg.norm(vector)), 1e-9)


def _corners(points: Array, up: Array, front: Array) -> tuple[Array, Array, Array, Array]:
    centre = points.mean(0)
    y, x = (points - centre) @ up, (points - centre) @ front
    height, depth = np.percentile(y, 98) - np.percentile(y, 2), np.percentile(x, 98) - np.percentile(x, 2)
    found = []
    for sy, sx in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
        score = sy * y / height + sx * x / depth
        best = score >= score.max() - 0.02
        found.append(points[best].mean(0))
    return found[0], found[1], found[2], found[3]


def _middle(points: Array, a: Array, b: Array, outward: Array) -> Array:
    """Return the contour point outward of the chord's midpoint, outward or inward of the chord."""
    along = _unit(b - a)
    normal = outward - along * (outward @ along)
    normal = _unit(normal)
    mid = (a + b) / 2
    rel = points - mid
    near = np.abs(rel @ along) < 0.04 * np.linalg.norm(b - a) + 0.3
    edge = float((rel[near] @ normal).max()) if near.any() else 0.0
    return np.asarray(mid + normal * (edge + 0.5 / _FINE), dtype=np.float64)


def frame_from_centres(centres: Array, index: int, anterior: Array) -> tuple[Array, Array]:
    """Return (up, front) unit directions of body `index` in a head-to-foot chain of centres (N, 2)."""
    low, high = max(index - 1, 0), min(index + 1, len(centres) - 1)
    up = _unit(centres[low] - centres[high]) if high > low else np.array([-1.0, 0.0])
    front = np.array([-up[1], up[0]])
    return up, front if front @ anterior > 0 else -front
