"""The lengths and directions of every body of a reading, with what the landmarks' covariance makes of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from ovf_imaging import geometry
from ovf_imaging.measure.masks import mixed_masks
from ovf_imaging.types import Caveat, Level, Reading, Vertebra, level_name, level_order

Array = NDArray[np.float64]

SUPERIOR, INFERIOR = 0, 1
POSITIONS = ("anterior", "middle", "posterior")
POSTERIOR = 2
_LINE = (slice(4, 6), slice(6, 8))  # where `_shape` puts the directions of the superior and inferior endplate
_NOTHING = 1e-6  # of the body's greatest length: one this small is two landmarks on one spot


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bodies:
    """N bodies, head to foot. NaN = can't be told, and the `*_problem` methods say why."""

    vertebrae: tuple[Vertebra, ...]
    levels: tuple[int, ...]
    points: Array  # (N, 6, 2) in the sagittal plane, in the affine's unit
    covariance: Array  # (N, 6, 2, 2) of the points
    heights: Array  # (N, 3) anterior, middle, posterior
    height_var: Array  # (N, 3); the three share no landmark and so are independent
    depth: Array  # (N,) from the middle of the front to the middle of the back
    depth_var: Array  # (N,)
    directions: Array  # (N, 2, 2) unit vectors to the front: superior, inferior endplate
    direction_var: Array  # (N, 2) rad²
    turn: float  # sign of front × foot in the plane, NaN when no body tells
    refused: tuple[Caveat | None, ...]  # why nothing of a body is measured

    def height_problem(self, n: int, position: int) -> Caveat | None:
        """Return why a height can't be told, None when it can."""
        if isfinite(self.heights[n, position]):
            return None
        if self.refused[n]:
            return self.refused[n]
        name, pair = level_name(self.levels[n]), self.points[n, [position, position + 3]]
        if not np.isfinite(pair).all():
            return _caveat(self, n, "landmark-missing", f"{name}: an {POSITIONS[position]} landmark is missing")
        text = f"{name}: the {POSITIONS[position]} landmarks coincide or are crossed, which is no height"
        return _caveat(self, n, "height-degenerate", text, must_see=True)

    def depth_problem(self, n: int) -> Caveat | None:
        """Return why the depth can't be told, None when it can."""
        if isfinite(self.depth[n]):
            return None
        if self.refused[n]:
            return self.refused[n]
        name = level_name(self.levels[n])
        if not np.isfinite(self.points[n, [0, 2, 3, 5]]).all():
            return _caveat(self, n, "landmark-missing", f"{name}: a corner landmark is missing")
        return _caveat(self, n, "depth-degenerate", f"{name}: front and back coincide", must_see=True)

    def endplate_problem(self, n: int, endplate: int) -> Caveat | None:
        """Return why an endplate's direction can't be told, None when it can."""
        if isfinite(self.directions[n, endplate, 0]) and isfinite(self.turn):
            return None
        name, side = level_name(self.levels[n]), ("superior", "inferior")[endplate]
        if self.levels[n] == Level.S1 and endplate == INFERIOR:
            return _caveat(self, n, "no-such-endplate", "S1: only its superior endplate counts")
        if self.refused[n]:
            return self.refused[n]
        if not np.isfinite(self.points[n, 3 * endplate : 3 * endplate + 3]).all():
            return _caveat(self, n, "landmark-missing", f"{name}: a landmark of the {side} endplate is missing")
        text = f"{name}: the landmarks of the {side} endplate span no line"
        return _caveat(self, n, "endplate-degenerate", text, must_see=True)


def read_bodies(reading: Reading) -> Bodies:
    """Return the bodies of a reading, projected into its sagittal plane, head to foot."""
    vertebrae = tuple(sorted(reading.vertebrae, key=lambda v: level_order(v.level)))
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        points, covariance = _in_plane(reading, vertebrae)
        front, area = _facing(points)
        body = np.array([v.level != Level.S1 for v in vertebrae], dtype=bool)
        total = float(area[body].sum())
        turn = float(np.sign(total)) if total and np.isfinite(total) else float("nan")
        foot = turn * np.stack([-front[:, 1], front[:, 0]], -1)
        values, spread = geometry.propagate(lambda p: _shape(p, foot), points, covariance)
    refused = _refusals(reading, vertebrae, body & (area * turn < 0))
    lengths = values[:, :4]
    lengths = np.where(lengths > _NOTHING * np.fmax.reduce(np.abs(lengths), axis=1, keepdims=True), lengths, np.nan)
    heights, depth, directions = lengths[:, :3], lengths[:, 3], values[:, 4:].reshape(-1, 2, 2).copy()
    out = np.array([caveat is not None for caveat in refused], dtype=bool)
    heights[out | ~body], depth[out | ~body], directions[out] = np.nan, np.nan, np.nan
    directions[~body, INFERIOR] = np.nan
    variance = np.einsum("nqq->nq", spread)
    return Bodies(
        vertebrae=vertebrae,
        levels=tuple(v.level for v in vertebrae),
        points=points,
        covariance=covariance,
        heights=heights,
        height_var=variance[:, :3],
        depth=depth,
        depth_var=variance[:, 3],
        directions=directions,
        direction_var=np.stack([_turning(directions[:, k], spread[:, _LINE[k], _LINE[k]]) for k in (0, 1)], -1),
        turn=turn,
        refused=refused,
    )


def _in_plane(reading: Reading, vertebrae: Sequence[Vertebra]) -> tuple[Array, Array]:
    """Return landmarks (N, 6, 2) and their covariance (N, 6, 2, 2) in the sagittal plane."""
    affine = reading.image.affine
    axes = geometry.sagittal_axes(affine)
    pixels = np.array([v.landmarks for v in vertebrae], dtype=np.float64).reshape(-1, 6, 3)
    covariance = np.array([v.covariance for v in vertebrae], dtype=np.float64).reshape(-1, 6, 2, 2)
    pixels = np.where(np.isfinite(pixels).all(-1, keepdims=True), pixels, np.nan)
    points = geometry.to_plane(reading.image.to_mm(pixels), axes)
    return points, geometry.covariance_to_plane(covariance, affine, axes)


def _facing(points: Array) -> tuple[Array, Array]:
    """Return each body's front (N, 2) and the signed area front × foot (N,), from the landmarks that there are."""
    known = np.nan_to_num(points[:, :3] - points[:, 3:], nan=0.0)
    chords = points[:, [0, 3]] - points[:, [2, 5]]
    front = np.nan_to_num(chords, nan=0.0).sum(1)
    return front, geometry.cross(front, -known.sum(1))


def _shape(points: Array, foot: Array) -> Array:
    """Return (..., 8): three heights, depth, and the two endplates' unit directions, of (..., 6, 2) landmarks."""
    superior, inferior = points[..., :3, :], points[..., 3:, :]
    lengths = geometry.pair_lengths(superior, inferior, foot)
    middle = (superior + inferior) / 2
    depth = np.linalg.norm(middle[..., 0, :] - middle[..., 2, :], axis=-1, keepdims=True)
    lines = [geometry.line_direction(e, e[..., 0, :] - e[..., 2, :]) for e in (superior, inferior)]
    return np.concatenate([lengths, depth, *lines], -1)


def _turning(direction: Array, spread: Array) -> Array:
    """Return the variance (rad²) of a unit direction's angle from the direction's covariance (N, 2, 2)."""
    normal = np.stack([-direction[:, 1], direction[:, 0]], -1)
    return np.asarray(np.einsum("na,nab,nb->n", normal, spread, normal), dtype=np.float64)


def _refusals(
    reading: Reading, vertebrae: Sequence[Vertebra], mirrored: NDArray[np.bool_]
) -> tuple[Caveat | None, ...]:
    """Return for each body why nothing of it is measured, None when it is."""
    times = Counter(v.level for v in vertebrae)
    mixed = mixed_masks(reading, vertebrae)
    found: list[Caveat | None] = []
    for vertebra, turned in zip(vertebrae, mirrored, strict=True):
        level, name = vertebra.level, level_name(vertebra.level)
        if times[level] > 1:
            text = f"{name} was read {times[level]} times on one image; none of them is measured"
            found.append(Caveat(code="level-repeated", text=text, levels=(level,), must_see=True))
        elif not vertebra.complete and level != Level.S1:
            text = f"{name} is cut by the image and is not measured"
            found.append(Caveat(code="body-cut", text=text, levels=(level,)))
        elif turned:
            text = f"{name}: front and back, or head and foot, are exchanged against the other bodies"
            found.append(Caveat(code="landmarks-mirrored", text=text, levels=(level,), must_see=True))
        elif level in mixed:
            text = f"{name}: its mask and its neighbour's are mixed up, so nothing is measured on it"
            found.append(Caveat(code="mask-mixed", text=text, levels=(level,), must_see=True))
        else:
            found.append(None)
    return tuple(found)


def _caveat(bodies: Bodies, n: int, code: str, text: str, *, must_see: bool = False) -> Caveat:
    return Caveat(code=code, text=text, levels=(bodies.levels[n],), must_see=must_see)
