"""A point source and a flat detector: where each millimetre of the patient falls, and what each pixel looks through."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ovf_imaging.training.simulation.volume import Array

Map = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Projector:
    """An exact perspective map from patient millimetres to film pixels."""

    matrix: Array  # (3, 4), homogeneous (column, row, 1) of homogeneous (x, y, z, 1)
    shape: tuple[int, int]  # of the film, rows and columns

    def to_pixels(self, points_mm: Array) -> Array:
        """Return (row, column) (..., 2) of points (..., 3); NaN stays NaN. Pixel (0, 0) is the centre of the first."""
        points = np.asarray(points_mm, dtype=np.float64)
        seen = points @ self.matrix[:, :3].T + self.matrix[:, 3]
        return np.asarray(seen[..., [1, 0]] / seen[..., 2:])

    def inside(self, points_mm: Array) -> NDArray[np.bool_]:
        """Return (...,) whether points fall on the film; False for NaN."""
        pixels = self.to_pixels(points_mm)
        inside = (pixels >= -0.5) & (pixels <= np.array(self.shape) - 0.5)
        return np.asarray(inside.all(axis=-1))

    def then(self, homography: Array, shape: tuple[int, int]) -> Projector:
        """Return the projector of a film moved by a (3, 3) homography of (column, row, 1) onto another shape."""
        return Projector(matrix=homography @ self.matrix, shape=shape)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Camera:
    """Source and detector in patient millimetres."""

    source_mm: Array  # (3,)
    first_mm: Array  # (3,) centre of pixel (0, 0)
    right_mm: Array  # (3,) from one column to the next, on the detector
    down_mm: Array  # (3,) from one row to the next
    shape: tuple[int, int]

    def projector(self) -> Projector:
        """Return the map onto the detector's pixels."""
        seen = np.linalg.inv(np.stack([self.right_mm, self.down_mm, self.first_mm - self.source_mm], axis=1))
        return Projector(matrix=np.column_stack([seen, -seen @ self.source_mm]), shape=self.shape)

    def reduced(self, factor: int) -> Camera:
        """Return the camera of a film `factor` times coarser that covers the same field."""
        shape = (-(-self.shape[0] // factor), -(-self.shape[1] // factor))
        shift = (factor - 1) / 2
        return Camera(
            source_mm=self.source_mm,
            first_mm=self.first_mm + shift * (self.right_mm + self.down_mm),
            right_mm=self.right_mm * factor,
            down_mm=self.down_mm * factor,
            shape=shape,
        )

    def rays(self) -> Map:
        """Return (H, W, 3) the unit direction from the source to each pixel."""
        rows, columns = (np.arange(n, dtype=np.float32) for n in self.shape)
        start = (self.first_mm - self.source_mm).astype(np.float32)
        ray = start + rows[:, None, None] * self.down_mm.astype(np.float32)
        ray = ray + columns[None, :, None] * self.right_mm.astype(np.float32)
        return np.asarray(ray / np.linalg.norm(ray, axis=-1, keepdims=True))

    @property
    def distance_mm(self) -> float:
        """Source to detector along the detector's normal (SID)."""
        normal = np.cross(self.right_mm, self.down_mm)
        return float(abs((self.first_mm - self.source_mm) @ normal) / np.linalg.norm(normal))

    def depth_mm(self, point_mm: Array) -> float:
        """Return how far from the source a point lies along the detector's normal (SOD of that point)."""
        normal = np.cross(self.right_mm, self.down_mm)
        return float(abs((point_mm - self.source_mm) @ normal) / np.linalg.norm(normal))
