"""Lines, angles and lengths on points in millimetres, and what their uncertainty does to them (numpy only).

Everything works on stacks: leading axes are broadcast, so that ten thousand draws cost one call. Points of one
plane are (..., 2) as (along the columns, along the rows) of that plane. What has no answer comes back as NaN.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ovf_imaging.errors import GeometryError

Array = NDArray[np.float64]

_STEP = 1e-5  # of the points' extent: far above rounding, far below curvature
_FLAT = 1e-9  # relative size under which a length counts as zero


def sagittal_axes(affine: Array) -> Array:
    """Return (2, 3) perpendicular unit vectors that span the slice plane: along the columns, then along the rows.

    Points of bodies that lie on different slices, straight or sheared, share this plane. Raises GeometryError when
    the affine spans none.
    """
    along, down = np.asarray(affine, dtype=np.float64)[:3, 2], np.asarray(affine, dtype=np.float64)[:3, 1]
    width = np.linalg.norm(along)
    normal_part = down - along * (along @ down) / width**2 if width > 0 else np.full(3, np.nan)
    height = np.linalg.norm(normal_part)
    if not (np.isfinite(width) and np.isfinite(height) and height > _FLAT * np.linalg.norm(down)):
        raise GeometryError("the affine's row and column steps span no plane; wanted two different directions")
    return np.stack([along / width, normal_part / height])


def to_plane(points_mm: Array, axes: Array) -> Array:
    """Return (..., 3) points in millimetres as (..., 2) in the plane of `axes`."""
    return np.asarray(points_mm @ axes.T, dtype=np.float64)


def covariance_to_plane(covariance_px: Array, affine: Array, axes: Array) -> Array:
    """Return (..., 2, 2) covariance of (row, column) in pixels² as covariance in the plane in millimetres²."""
    step = axes @ np.asarray(affine, dtype=np.float64)[:3, 1:3]  # (2, 2): plane millimetres a row, a column
    return np.asarray(step @ covariance_px @ step.T, dtype=np.float64)


def cross(a: Array, b: Array) -> Array:
    """Return the signed area a × b of (..., 2) vectors."""
    return np.asarray(a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0], dtype=np.float64)


def line_direction(points: Array, towards: Array) -> Array:
    """Return (..., 2) unit direction of the least-squares line through (..., k, 2) points, pointing `towards`.

    Squared distances perpendicular to the line are least, so neither the order of the points nor the turn of the
    axes matters. NaN where the points span no line or none of it points `towards`.
    """
    rest = points - points.mean(-2, keepdims=True)
    xx, yy, xy = (rest[..., 0] ** 2).sum(-1), (rest[..., 1] ** 2).sum(-1), (rest[..., 0] * rest[..., 1]).sum(-1)
    half = np.arctan2(2 * xy, xx - yy) / 2
    direction = np.stack([np.cos(half), np.sin(half)], -1)
    forward = (direction * towards).sum(-1)
    drawn_out = np.hypot(2 * xy, xx - yy) > _FLAT * (xx + yy)  # else as wide as long
    good = drawn_out & (np.abs(forward) > _FLAT * np.linalg.norm(towards, axis=-1))
    return np.asarray(np.where(good[..., None], direction * np.sign(forward)[..., None], np.nan), dtype=np.float64)


def signed_angle_deg(upper: Array, lower: Array, turn: Array | float) -> Array:
    """Return the angle between two directions that both point to the front, in degrees of (−180, 180].

    Rule: positive when the lines meet in front (kyphosis), negative when behind (lordosis). `turn` says which way
    round front and foot lie in the plane: the sign of front × foot. Lengths do not matter.
    """
    between = np.degrees(np.arctan2(cross(lower, upper), (lower * upper).sum(-1)))
    signed = np.asarray(turn) * between
    return np.asarray(np.where(signed == -180.0, 180.0, signed), dtype=np.float64)


def pair_lengths(superior: Array, inferior: Array, foot: Array) -> Array:
    """Return (..., k) distances of paired (..., k, 2) points, negative where a pair lies the wrong way round.

    `foot` (..., 2) points from head to foot. A pair's distance does not move when another pair does, so a dent in the
    middle of an endplate leaves the heights at its ends alone.
    """
    apart = inferior - superior
    return np.asarray(np.linalg.norm(apart, axis=-1) * np.sign((apart * foot[..., None, :]).sum(-1)), dtype=np.float64)


def point_line_distance(point: Array, on_line: Array, direction: Array) -> Array:
    """Return the signed perpendicular distance of `point` from a line, positive on the side of direction × offset."""
    return np.asarray(cross(direction, point - on_line) / np.linalg.norm(direction, axis=-1), dtype=np.float64)


def jacobian(function: Callable[[Array], Array], points: Array) -> Array:
    """Return (..., q, k, 2): how `function`, (..., k, 2) → (..., q), changes with each coordinate of `points`.

    Central differences, all of them in one call of `function` on a stack of (2k·2, ..., k, 2).
    """
    k = points.shape[-2]
    finite = np.isfinite(points)
    extent = np.where(finite, points, -np.inf).max((-2, -1)) - np.where(finite, points, np.inf).min((-2, -1))
    step = _STEP * np.where(np.isfinite(extent) & (extent > 0), extent, 1.0)
    moves = np.eye(2 * k).reshape(2 * k, *([1] * (points.ndim - 2)), k, 2) * step[..., None, None]
    values = function(np.concatenate([points + moves, points - moves]))
    slopes = (values[: 2 * k] - values[2 * k :]) / (2 * step[..., None])  # (2k, ..., q)
    return np.moveaxis(slopes, 0, -1).reshape(*slopes.shape[1:], k, 2)


def propagate(function: Callable[[Array], Array], points: Array, covariance: Array) -> tuple[Array, Array]:
    """Return values (..., q) of `function` and their (..., q, q) covariance to first order.

    `covariance` is (..., k, 2, 2), the points being independent of each other. A covariance that is not finite makes
    NaN of the values' variances that depend on its point, and of no other.
    """
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):  # what has no answer is NaN
        values, slopes = function(points), jacobian(function, points)
    known: NDArray[np.bool_] = np.asarray(np.isfinite(covariance).all((-2, -1)))
    spread = np.where(known[..., None, None], covariance, 0.0)
    result = np.einsum("...qai,...aij,...paj->...qp", slopes, spread, slopes)
    doubtful: NDArray[np.bool_] = np.asarray(((slopes != 0).any(-1) & ~known[..., None, :]).any(-1))  # (..., q)
    doubtful_pair = doubtful[..., :, None] | doubtful[..., None, :]
    return values, np.asarray(np.where(doubtful_pair, np.nan, result), dtype=np.float64)
