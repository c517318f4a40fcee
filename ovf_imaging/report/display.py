"""Where an image's pixels land in a picture of another size: the one place that speaks both (row, column) and x, y."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from ovf_imaging.types import Image, Points, View

Span = tuple[int, int]  # first and one past the last
WINDOW = (1.0, 99.0)  # percentiles shown as black and white


@dataclass(frozen=True, slots=True, kw_only=True)
class Display:
    """A rectangle of pixels shown as a picture; x to the right, y down, from the picture's top left corner.

    The centre of pixel (r, c) lies at r + 0.5, c + 0.5 from the rectangle's corner, before scaling.
    """

    rows: Span
    columns: Span
    size: tuple[int, int]  # width, height
    flip_rows: bool = False  # the image's last row on top
    flip_columns: bool = False

    @property
    def scale(self) -> tuple[float, float]:
        """Picture pixels an image pixel takes, across and down."""
        return self.size[0] / (self.columns[1] - self.columns[0]), self.size[1] / (self.rows[1] - self.rows[0])

    def to_xy(self, points: Points) -> NDArray[np.float64]:
        """Return (slice, row, column) or (row, column) points (..., 2 or 3) as x, y (..., 2)."""
        points = np.asarray(points, dtype=np.float64)
        across, down = self.scale
        x = (points[..., -1] + 0.5 - self.columns[0]) * across
        y = (points[..., -2] + 0.5 - self.rows[0]) * down
        x = self.size[0] - x if self.flip_columns else x
        return np.stack([x, self.size[1] - y if self.flip_rows else y], axis=-1)

    def to_pixels(self, xy: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return x, y (..., 2) as (row, column): the way back from `to_xy`."""
        xy = np.asarray(xy, dtype=np.float64)
        across, down = self.scale
        x = self.size[0] - xy[..., 0] if self.flip_columns else xy[..., 0]
        y = self.size[1] - xy[..., 1] if self.flip_rows else xy[..., 1]
        return np.stack([y / down + self.rows[0] - 0.5, x / across + self.columns[0] - 0.5], axis=-1)


def fitted(image: Image, box: tuple[int, int], rows: Span | None = None, columns: Span | None = None) -> Display:
    """Return the largest display of the image, or a part of it, in a box (width, height), pixels in true proportion.

    Head up; MRI with the front on the left. A film that came head down is turned, never mirrored.
    """
    rows, columns = rows or (0, image.pixels.shape[1]), columns or (0, image.pixels.shape[2])
    row_step, column_step = (step if math.isfinite(step) and step > 0 else 1.0 for step in image.pixel_mm)
    tall, wide = (rows[1] - rows[0]) * row_step, (columns[1] - columns[0]) * column_step
    zoom = min(box[0] / wide, box[1] / tall)
    upside_down = image.superior_up is False
    return Display(
        rows=rows,
        columns=columns,
        size=(max(1, round(wide * zoom)), max(1, round(tall * zoom))),
        flip_rows=upside_down,
        flip_columns=upside_down if image.view is View.LATERAL else image.anterior_left is False,
    )


def grey(image: Image, index: int, display: Display) -> NDArray[np.uint8]:
    """Return a slice as the display's picture (height, width), 1–99 % of its valid pixels from black to white."""
    (top, bottom), (left, right) = display.rows, display.columns
    shrink = max(1, int(min(1 / step for step in display.scale)))
    pixels = _block_means(image.pixels[index, top:bottom, left:right], shrink)
    valid = np.isfinite(pixels)
    if image.valid is not None:
        valid &= image.valid[index, top:bottom:shrink, left:right:shrink][: pixels.shape[0], : pixels.shape[1]]
    low, high = np.percentile(pixels[valid], WINDOW) if valid.any() else (0.0, 0.0)
    span = high - low if high > low else 1.0
    levels = np.nan_to_num(np.clip((pixels - low) / span, 0.0, 1.0) * 255.0, nan=0.0)
    levels = np.where(np.isfinite(pixels), levels, 0.0)
    if display.flip_rows:
        levels = levels[::-1]
    if display.flip_columns:
        levels = levels[:, ::-1]
    picture = PIL.Image.fromarray(np.ascontiguousarray(levels, dtype=np.float32))
    shown = np.asarray(picture.resize(display.size, PIL.Image.Resampling.BICUBIC))
    return np.asarray(np.clip(np.rint(shown), 0, 255), dtype=np.uint8)


def _block_means(pixels: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """Return means over size × size blocks; those cut by the edge are taken over what there is."""
    if size == 1:
        return pixels
    rows, columns = (np.arange(0, n, size) for n in pixels.shape)
    sums = np.add.reduceat(np.add.reduceat(pixels, rows, axis=0), columns, axis=1)
    counts = np.outer(np.diff([*rows, pixels.shape[0]]), np.diff([*columns, pixels.shape[1]]))
    return np.asarray(sums / counts, dtype=np.float32)
