"""Every body of a reading, laid on one grid of its own coordinates, in each series of the study that shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ovf_imaging.measure.signals.frame import BodyFrame, framed_bodies
from ovf_imaging.types import Image, Reading, Vertebra
from ovf_imaging.types import Sequence as Contrast

Array = NDArray[np.float64]
Grid = NDArray[np.float32]  # (K, T, S)

_ROWS, _COLUMNS = 40, 48  # of the grid, a body's height and depth
DEPTHS = np.arange(-14, 78) / _COLUMNS  # s of the grid's columns: from before the body to behind its canal
HEIGHTS = np.arange(-12, 53) / _ROWS  # t of its rows
INSIDE = np.s_[:, 12:53, 14:63]  # of a grid: the body itself, edges included
_CENTRAL = 0.3  # depths to either side of a body's middle slice that are looked at
_LEAST_SECTION = 0.5  # of the middle slice's mask: smaller sections are the body's side
_COVERED = 0.98  # part of the body that another series must show


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BodyView:
    """One body in all series."""

    vertebra: Vertebra
    frame: BodyFrame
    slices: tuple[int, ...]  # of its own image, K
    shifts: Array  # (K, 2) row, column of each slice's section against the frame's
    step_mm: tuple[float, float]  # of the grid's rows and columns, in the affine's unit
    signals: Mapping[Contrast, Grid]

    @property
    def middle(self) -> int:
        """The place of the body's middle slice among `slices`."""
        return self.slices.index(self.frame.slice_index)

    def on_grid(self, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return a mask (S, H, W) of its own image as seen from the body's grid, (K, T, S) of INSIDE."""
        s, t = np.meshgrid(DEPTHS[INSIDE[2]], HEIGHTS[INSIDE[1]])
        at = np.rint(self.frame.position(s, t) + self.shifts[:, None, None]).astype(int)
        rows, columns = (np.clip(at[..., k], 0, mask.shape[k + 1] - 1) for k in (0, 1))
        return np.asarray(mask[np.array(self.slices)[:, None, None], rows, columns])


def body_views(reading: Reading, series: Mapping[Contrast, Sequence[Image]]) -> list[BodyView]:
    """Return a view of each whole body but the sacrum, of each contrast in the first image that shows it."""
    found = (_view(reading, vertebra, frame, series) for vertebra, frame in framed_bodies(reading))
    return [view for view in found if view.signals]


def _view(
    reading: Reading, vertebra: Vertebra, frame: BodyFrame, series: Mapping[Contrast, Sequence[Image]]
) -> BodyView:
    slices, shifts = _sections(reading, vertebra.level, frame)
    s, t = np.meshgrid(DEPTHS, HEIGHTS)
    plane = frame.position(s, t) + shifts[:, None, None]  # (K, T, S, 2)
    index = np.broadcast_to(np.array(slices, dtype=float)[:, None, None, None], (*plane.shape[:3], 1))
    points = np.concatenate([index, plane], -1)
    signals = {}
    for contrast, images in series.items():
        sampled = (_sampled(i, points if i is reading.image else _carried(points, reading.image, i)) for i in images)
        first = next((grid for grid in sampled if grid is not None), None)
        if first is not None:
            signals[contrast] = first
    row_mm = float(np.mean(reading.image.pixel_mm))
    return BodyView(
        vertebra=vertebra,
        frame=frame,
        slices=slices,
        shifts=shifts,
        step_mm=(frame.height * row_mm / _ROWS, frame.depth * row_mm / _COLUMNS),
        signals=signals,
    )


def _sections(reading: Reading, level: int, frame: BodyFrame) -> tuple[tuple[int, ...], Array]:
    """Return the slices near a body's middle, and how far its mask has moved in each."""
    image, middle = reading.image, frame.slice_index
    thickness = float(np.linalg.norm(image.affine[:3, 0])) / float(np.mean(image.pixel_mm))
    reach = int(_CENTRAL * frame.depth / thickness) if thickness > 0 else 0
    corners = frame.position(np.array([-0.3, -0.3, 1.3, 1.3]), np.array([-0.5, 1.5, -0.5, 1.5]))
    low = np.maximum(np.floor(corners.min(0)).astype(int), 0)
    high = np.maximum(np.ceil(corners.max(0)).astype(int) + 1, low)
    kept, shifts = [middle], [np.zeros(2)]
    own = np.argwhere(reading.labels[middle, low[0] : high[0], low[1] : high[1]] == level)
    for index in range(max(middle - reach, 0), min(middle + reach + 1, len(image.pixels))):
        if index == middle:
            continue
        section = np.argwhere(reading.labels[index, low[0] : high[0], low[1] : high[1]] == level)
        if len(section) < _LEAST_SECTION * len(own):
            continue
        kept.append(index)
        shifts.append(section.mean(0) - own.mean(0) if len(own) else np.zeros(2))
    order = np.argsort(kept)
    return tuple(kept[i] for i in order), np.array(shifts)[order]


def _carried(points: Array, own: Image, other: Image) -> Array:
    back = np.linalg.inv(other.affine)
    return np.asarray(own.to_mm(points) @ back[:3, :3].T + back[:3, 3])


def _sampled(image: Image, points: Array) -> Grid | None:
    """Return the image at points (K, T, S, 3), None where it does not show the body."""
    body = points[INSIDE]
    size = np.array(image.pixels.shape)
    seen = ((body > -0.5) & (body < size - 0.5)).all(-1)
    if seen.mean() < _COVERED:
        return None
    low = np.clip(np.floor(points.min((0, 1, 2))).astype(int) - 2, 0, size - 1)
    high = np.clip(np.ceil(points.max((0, 1, 2))).astype(int) + 3, 1, size)
    window = image.pixels[low[0] : high[0], low[1] : high[1], low[2] : high[2]]
    step = float(np.linalg.norm(points[0, 0, 1] - points[0, 0, 0]))  # pixels between two columns of the grid
    if step > 1:  # several pixels fall between two points: none of them may be passed over
        window = ndimage.gaussian_filter(window, (0, step / 2, step / 2))
    return np.asarray(
        ndimage.map_coordinates(window, np.moveaxis(points - low, -1, 0), np.float32, order=1, mode="nearest")
    )


def marked(view: BodyView, region: NDArray[np.bool_], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return a region of the body's grid, (K, T, S) of INSIDE, as a mask (S, H, W) of its own image."""
    mask = np.zeros(shape, dtype=bool)
    corners = view.frame.position(np.array([0.0, 0.0, 0.5, 0.5, 1.0, 1.0]), np.array([0.0, 1.0, 0.0, 1.0, 0.0, 1.0]))
    for index, shift, plane in zip(view.slices, view.shifts, region, strict=True):
        low = np.maximum(np.floor((corners + shift).min(0)).astype(int) - 2, 0)
        high = np.minimum(np.ceil((corners + shift).max(0)).astype(int) + 3, shape[1:])
        if not plane.any() or (high <= low).any():
            continue
        rows, columns = np.meshgrid(np.arange(low[0], high[0]), np.arange(low[1], high[1]), indexing="ij")
        s, t = view.frame.coordinates(np.stack([rows, columns], -1) - shift)
        at = np.rint(np.stack([t * _ROWS, s * _COLUMNS], -1)).astype(int)
        on_grid = ((at >= 0) & (at < plane.shape)).all(-1)
        at = np.where(on_grid[..., None], at, 0)
        mask[index, low[0] : high[0], low[1] : high[1]] = plane[at[..., 0], at[..., 1]] & on_grid
    return mask
