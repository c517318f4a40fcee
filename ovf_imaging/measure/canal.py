"""How narrow the spinal canal is behind each body, read from the grey values of a T2 image (knowledge/canal.toml).

The canal's back is not segmented. Rays run backward from the less displaced corner of the posterior wall, square to
the line of its neighbours; along them the bright fluid and fat of the canal end at the dark arch. The end is looked
for as one smooth path over all rays, head to foot, so that the cord or a nerve root does not stop it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ovf_imaging import geometry
from ovf_imaging.knowledge.canal import BackWall, canal
from ovf_imaging.measure.bodies import Bodies
from ovf_imaging.measure.rows import row
from ovf_imaging.measure.wall import Line, no_line
from ovf_imaging.types import Caveat, Image, Landmark, Measurement, Scale, Sequence, View, level_name

Array = NDArray[np.float64]

_FILM = Caveat(code="canal-not-seen", text="A film does not show how wide the spinal canal is.")
_NOT_T2 = Caveat(code="canal-not-seen", text="The width of the spinal canal is read on T2 images only.")
_RAYS = 7  # a body, from corner to corner
_STEP_MM = 0.5  # along a ray
_SLOPE_MM = 2.0  # over which the signal's fall is taken
_BEND = 3  # steps by which the path may move from ray to ray
_BEND_COST = 0.15  # a step, in parts of the fluid's signal
_BRIGHT = 85  # percentile along a ray that stands for fluid


def canal_rows(bodies: Bodies, lines: list[Line | None], image: Image, reading: int) -> list[Measurement]:
    """Return the canal narrowing of every body: 1 − d / the mean of d behind the bodies of its line."""
    unseen = _FILM if image.view is View.LATERAL else None if _readable(image) else _NOT_T2
    if unseen:
        unknown = (np.nan, np.nan)
        return [row((k, k), "canal_narrowing", "1", unknown, reading=reading, reason=unseen) for k in bodies.levels]
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        depth, spread = _depths(bodies, lines, image)
    found = []
    for n, (level, line) in enumerate(zip(bodies.levels, lines, strict=True)):
        value, variance = _narrowing(depth, spread, n, line)
        reason = bodies.depth_problem(n) or no_line(level, line) or (_faint(level) if np.isnan(value) else None)
        reference = tuple(bodies.levels[k] for k in line or ())
        told = row(
            (level, level),
            "canal_narrowing",
            "1",
            (value, variance),
            reading=reading,
            reason=reason,
            reference=reference,
        )
        found.append(told)
    return found


def _readable(image: Image) -> bool:
    return image.view is View.SAGITTAL and image.sequence is Sequence.T2 and image.scale is Scale.PATIENT


def _faint(level: int) -> Caveat:
    text = f"{level_name(level)}: the back of the spinal canal is too faint here or beside it to measure its width"
    return Caveat(code="canal-not-seen", text=text, levels=(level,))


def _narrowing(depth: Array, spread: Array, n: int, line: Line | None) -> tuple[float, float]:
    """Return narrowing and variance of one body, NaN when they can't be told."""
    if line is None:
        return np.nan, np.nan
    own, normal = depth[n], depth[list(line)].mean()
    variance = spread[n] / normal**2 + own**2 / normal**4 * spread[list(line)].sum() / 4
    return float(1 - own / normal), float(variance)


def _depths(bodies: Bodies, lines: list[Line | None], image: Image) -> tuple[Array, Array]:
    """Return the canal's least depth (mm) behind each of N bodies and its variance; NaN where it can't be told."""
    rule = canal().back_wall
    corners = bodies.points[:, [Landmark.SUPERIOR_POSTERIOR, Landmark.INFERIOR_POSTERIOR]]  # (N, 2, 2)
    ends = corners.copy()
    for n, line in enumerate(lines):
        if line is not None:
            ends[n] = corners[line[0], 1], corners[line[1], 0]
    depth, variance = np.full(len(corners), np.nan), np.full(len(corners), np.nan)
    tall = np.linalg.norm(ends[:, 1] - ends[:, 0], axis=-1)
    known = np.flatnonzero(np.isfinite(tall) & (tall > 0) & np.isfinite(bodies.turn))
    if not len(known):
        return depth, variance
    share = np.linspace(0, 1, _RAYS)[:, None]
    wall = corners[known, None, 0] * (1 - share) + corners[known, None, 1] * share  # (K, rays, 2)
    foot = (ends[known, 1] - ends[known, 0]) / tall[known, None]
    back = bodies.turn * np.stack([-foot[:, 1], foot[:, 0]], -1)
    behind = ((wall - ends[known, None, 0]) * back[:, None]).sum(-1)  # (K, rays)
    behind -= behind.min(1, keepdims=True)  # a body that slipped takes its canal along
    start = wall - behind[..., None] * back[:, None]
    along = np.arange(0, rule.furthest_mm + _SLOPE_MM, _STEP_MM)
    points = start[:, :, None] + along[:, None] * back[:, None, None]  # (K, rays, along, 2)
    end, clarity = _end(_sampled(image, bodies, known, points), rule)
    seen = clarity.mean(1) >= rule.clarity_at_least
    depth[known] = np.where(seen, (end - behind).min(1), np.nan)
    spread = np.einsum("ka,knab,kb->kn", back, bodies.covariance[known][:, [2, 5]], back).mean(1)
    variance[known] = rule.depth_sd_mm**2 + spread
    return depth, variance


def _sampled(image: Image, bodies: Bodies, known: NDArray[np.intp], points: Array) -> Array:
    """Return the grey values at points (K, rays, along, 2) of the sagittal plane, each body on its own slice."""
    axes = geometry.sagittal_axes(image.affine)
    origin, step = axes @ image.affine[:3, 3], axes @ image.affine[:3, :3]  # (2,), (2, 3) by slice, row, column
    index = np.round([np.nanmedian(bodies.vertebrae[n].landmarks[:, 0]) for n in known])
    slices = np.broadcast_to(index[:, None, None], points.shape[:-1])
    place = (points - origin - slices[..., None] * step[:, 0]) @ np.linalg.inv(step[:, 1:]).T
    places = np.nan_to_num(np.concatenate([slices[..., None], place], -1), nan=-1.0)
    return np.asarray(ndimage.map_coordinates(image.pixels, np.moveaxis(places, -1, 0), order=1), dtype=np.float64)


def _end(profiles: Array, rule: BackWall) -> tuple[Array, Array]:
    """Return where the canal ends on each ray (K, rays) in mm, and how much of the signal is lost there."""
    rays: Array = ndimage.gaussian_filter(np.nan_to_num(profiles).reshape(-1, profiles.shape[-1]), 1.0)
    bright = np.percentile(rays[:, : round(rule.furthest_mm / 2 / _STEP_MM)], _BRIGHT, axis=1)
    bright = ndimage.median_filter(bright, 3 * _RAYS)  # the fluid of the neighbouring bodies as well
    rays = np.clip(rays / np.maximum(bright, 1e-9)[:, None], 0, 1)
    half = round(_SLOPE_MM / 2 / _STEP_MM)
    fall = np.zeros_like(rays)
    fall[:, half:-half] = rays[:, : -2 * half] - rays[:, 2 * half :]
    allowed = slice(round(rule.nearest_mm / _STEP_MM), round(rule.furthest_mm / _STEP_MM))
    path = _best_path(fall[:, allowed])
    end = np.asarray(_STEP_MM * (path + allowed.start), dtype=np.float64)
    clarity = fall[np.arange(len(path)), path + allowed.start]
    return end.reshape(profiles.shape[:2]), clarity.reshape(profiles.shape[:2])


def _best_path(gain: Array) -> NDArray[np.intp]:
    """Return (R,) the column of each row on the path with the greatest sum of gains, bends paid for."""
    moves = np.arange(-_BEND, _BEND + 1)
    cost = _BEND_COST * np.abs(moves)[:, None]
    wide, came = np.full(gain.shape[1] + 2 * _BEND, -np.inf), np.zeros(gain.shape, dtype=np.intp)
    inner = wide[_BEND:-_BEND]  # the best sum so far that ends in each column
    inner[:] = gain[0]
    columns = np.arange(gain.shape[1])
    for n in range(1, len(gain)):
        options = wide[columns + moves[:, None] + _BEND] - cost
        best = options.argmax(0)
        came[n] = columns + moves[best]
        inner[:] = options[best, columns] + gain[n]
    path = np.zeros(len(gain), dtype=np.intp)
    path[-1] = inner.argmax()
    for n in range(len(gain) - 1, 0, -1):
        path[n - 1] = came[n, path[n]]
    return path
