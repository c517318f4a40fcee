"""Mass per area that rays meet in a volume: planes are summed on one reference plane, which is then warped to the film.

Central projection from a plane onto a parallel one is a scaling about the source's foot, so every plane costs two
sparse products; tilt, turn and pixel size are in the one warp at the end (shear-warp, Lacroute and Levoy 1994).
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch.nn import functional as F  # noqa: N812

from ovf_imaging.training.simulation.film.camera import Camera, Map
from ovf_imaging.training.simulation.volume import Array, Grid

_CM = 0.1  # of a millimetre


def project(density: NDArray[np.floating], grid: Grid, camera: Camera, axis: int) -> Map:
    """Return mass per area (H, W) in g/cm² of a density (X, Y, Z) in g/cm³, the beam going roughly along `axis`."""
    used = _used(density)
    if used is None:
        return np.zeros(camera.shape, np.float32)
    planes = np.moveaxis(density[used], axis, 0)
    across = [k for k in range(3) if k != axis]
    at, rows_mm, columns_mm = (grid.axis_mm(k)[used[k]] for k in (axis, *across))
    source = camera.source_mm[[axis, *across]]
    middle = float(at[len(at) // 2])
    shrink = (middle - source[0]) / (at - source[0])
    targets = [_target(mm, s, shrink) for mm, s in zip((rows_mm, columns_mm), source[1:], strict=True)]
    total = np.zeros((len(targets[0]), len(targets[1])), np.float32)
    for plane, k in zip(planes, shrink, strict=True):
        if plane.any():
            rows = _resampling(source[1] + (targets[0] - source[1]) / k, rows_mm)
            columns = _resampling(source[2] + (targets[1] - source[2]) / k, columns_mm)
            total += (columns @ (rows @ plane.astype(np.float32)).T).T
    slant = np.hypot.outer(targets[0] - source[1], targets[1] - source[2]) / (middle - source[0])
    total *= (float(grid.step_mm[axis]) * _CM * np.sqrt(1 + slant**2)).astype(np.float32)
    return _onto_film(total, targets, camera, (axis, middle))


def _used(density: NDArray[np.floating]) -> tuple[slice, slice, slice] | None:
    """Return the box that holds all that is not empty, with a voxel around it."""
    box = []
    for axis in range(3):
        filled = np.flatnonzero(density.any(axis=tuple(k for k in range(3) if k != axis)))
        if not len(filled):
            return None
        box.append(slice(max(int(filled[0]) - 1, 0), int(filled[-1]) + 2))
    return box[0], box[1], box[2]


def _target(axis_mm: Array, source: float, shrink: Array) -> Array:
    """Return the coordinates of the reference plane along one axis: all that any plane casts onto it."""
    ends = source + np.outer(axis_mm[[0, -1]] - source, shrink)
    step = (axis_mm[1] - axis_mm[0]) * float(shrink.min())
    return np.asarray(np.arange(ends.min(), ends.max() + step, step))


def _resampling(wanted: Array, given: Array) -> csr_array:
    """Return the sparse matrix that interpolates linearly from `given` to `wanted` coordinates, nothing outside."""
    place = (wanted - given[0]) / (given[1] - given[0])
    low = np.floor(place).astype(int)
    share = (place - low).astype(np.float32)
    rows = np.tile(np.arange(len(wanted)), 2)
    columns = np.concatenate([low, low + 1])
    weights = np.concatenate([1 - share, share])
    kept = (columns >= 0) & (columns < len(given))
    return csr_array((weights[kept], (rows[kept], columns[kept])), shape=(len(wanted), len(given)))


def _onto_film(plane: Map, targets: list[Array], camera: Camera, where: tuple[int, float]) -> Map:
    """Return the film's view (H, W) of the reference plane at `where`: its axis and coordinate."""
    axis, middle = where
    ray = camera.rays()
    reach = (np.float32(middle - camera.source_mm[axis]) / ray[..., axis])[..., None]
    across = [k for k in range(3) if k != axis]
    points = ray[..., across] * reach + camera.source_mm[across].astype(np.float32)
    ends = np.array([[t[0], t[-1]] for t in targets], dtype=np.float32)
    unit = 2 * (points - ends[:, 0]) / (ends[:, 1] - ends[:, 0]) - 1
    places = torch.from_numpy(np.ascontiguousarray(unit[..., ::-1], dtype=np.float32))[None]
    seen = F.grid_sample(torch.from_numpy(plane)[None, None], places, mode="bilinear", align_corners=True)
    return np.asarray(seen[0, 0].numpy())
