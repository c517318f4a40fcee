"""From an image's own pixel grid to the networks' (head up, front left, chosen pixel size) and back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from ovf_imaging.types import Image
from ovf_imaging.vision.networks import STRIDE

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A turn of the slice by mirrors and a transposition, then a resize.

    Working pixel = (turned pixel + ½) × factor − ½, row and column each with its own factor.
    """

    transpose: bool  # swap rows and columns first
    flip_rows: bool  # then mirror up–down
    flip_columns: bool  # then mirror left–right
    native: tuple[int, int]  # rows, columns of the image's own slices
    size: tuple[int, int]  # rows, columns of the working slices, before padding

    @property
    def turned(self) -> tuple[int, int]:
        """Rows and columns after the turn."""
        return (self.native[1], self.native[0]) if self.transpose else self.native

    @property
    def factor(self) -> Array:
        """Working pixels a turned pixel, (2,)."""
        return np.asarray(np.array(self.size) / np.array(self.turned))

    def turn(self, slices: Tensor) -> Tensor:
        """Return (..., H, W) native pixels head up and front left."""
        x = slices.transpose(-1, -2) if self.transpose else slices
        axes = ([-2] if self.flip_rows else []) + ([-1] if self.flip_columns else [])
        return torch.flip(x, axes) if axes else x

    def unturn(self, slices: Tensor) -> Tensor:
        """Return turned (..., H, W) pixels in the native grid."""
        axes = ([-2] if self.flip_rows else []) + ([-1] if self.flip_columns else [])
        x = torch.flip(slices, axes) if axes else slices
        return x.transpose(-1, -2) if self.transpose else x

    def to_working(self, slices: Tensor) -> Tensor:
        """Return native slices (S, H, W) resized and padded to a multiple of the networks' stride.

        One slice after the other: a turned copy of a whole volume would not fit in memory.
        """
        rows, columns = (-n % STRIDE for n in self.size)
        working = slices.new_zeros((len(slices), self.size[0] + rows, self.size[1] + columns), dtype=torch.float32)
        for out, native in zip(working, slices, strict=True):
            x = self.turn(native)[None, None].float()
            if tuple(x.shape[2:]) != self.size:
                shrinks = self.size[0] < x.shape[2] or self.size[1] < x.shape[3]
                x = F.interpolate(x, self.size, mode="bilinear", align_corners=False, antialias=shrinks)
            out[: self.size[0], : self.size[1]] = x[0, 0]
        return working

    def to_native_maps(self, maps: Tensor) -> Tensor:
        """Return working maps (S, h, w), padding included, on the native grid (S, H, W)."""
        x = maps[:, None, : self.size[0], : self.size[1]]
        if self.turned != self.size:
            x = F.interpolate(x, self.turned, mode="bilinear", align_corners=False)
        return self.unturn(x[:, 0])

    def points_to_native(self, points: Array) -> Array:
        """Return working (row, column) points (..., 2) in native pixels."""
        turned = (points + 0.5) / self.factor - 0.5
        size = np.array(self.turned)
        flips = np.array([self.flip_rows, self.flip_columns])
        turned = np.where(flips, size - 1 - turned, turned)
        return turned[..., ::-1].copy() if self.transpose else turned

    def points_to_working(self, points: Array) -> Array:
        """Return native (row, column) points (..., 2) in working pixels."""
        turned = points[..., ::-1] if self.transpose else points
        size = np.array(self.turned)
        flips = np.array([self.flip_rows, self.flip_columns])
        turned = np.where(flips, size - 1 - turned, turned)
        return np.asarray((turned + 0.5) * self.factor - 0.5)

    def covariance_to_native(self, covariance: Array) -> Array:
        """Return working covariances (..., 2, 2) in native pixels²."""
        jacobian = np.diag(np.where([self.flip_rows, self.flip_columns], -1.0, 1.0) / self.factor)
        if self.transpose:
            jacobian = jacobian[::-1]
        return np.asarray(jacobian @ covariance @ jacobian.T)


def sagittal_frame(image: Image, pixel_mm: float) -> Frame:
    """Return the frame of a sagittal image whose affine tells the directions, `pixel_mm` a working pixel."""
    directions = image.affine[:3, 1:3]  # LPS steps of row and column
    row, column = directions[:, 0], directions[:, 1]
    # Head is −z of a downward row; front is −y of a rightward column.
    transpose = bool(abs(row[1]) + abs(column[2]) > abs(row[2]) + abs(column[1]))
    if transpose:
        row, column = column, row
    steps = np.linalg.norm(directions, axis=0)
    if transpose:
        steps = steps[::-1]
    native = (int(image.pixels.shape[1]), int(image.pixels.shape[2]))
    turned = native[::-1] if transpose else native
    size = tuple(max(STRIDE, round(n * s / pixel_mm)) for n, s in zip(turned, steps, strict=True))
    return Frame(
        transpose=transpose,
        flip_rows=bool(row[2] > 0),
        flip_columns=bool(column[1] < 0),
        native=native,
        size=(size[0], size[1]),
    )


def plain_frame(image: Image, factor: float, turns: int = 0) -> Frame:
    """Return the frame of a film or picture: as told by `anterior_left` and `superior_up`, `turns` × 90° beside.

    `factor` is working pixels a millimetre-square native pixel of the smaller spacing.
    """
    native = (int(image.pixels.shape[1]), int(image.pixels.shape[2]))
    steps = np.array(image.pixel_mm)
    flip_rows = image.superior_up is False
    flip_columns = image.anterior_left is False
    transpose = turns % 2 == 1
    if transpose:
        steps = steps[::-1]
    turned = native[::-1] if transpose else native
    # A quarter turn is a transposition and one mirror; a half turn is two mirrors.
    flip_rows ^= turns in (1, 2)
    flip_columns ^= turns in (2, 3)
    size = tuple(max(STRIDE, round(n * factor * s / steps.min())) for n, s in zip(turned, steps, strict=True))
    return Frame(
        transpose=transpose, flip_rows=flip_rows, flip_columns=flip_columns, native=native, size=(size[0], size[1])
    )
