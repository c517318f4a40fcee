"""The arrays of a volume while they are being painted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ovf_imaging.training.simulation.anatomy.collapse import Field
from ovf_imaging.training.simulation.volume import Array, Grid, Volume

Box = tuple[slice, slice, slice]


@dataclass(frozen=True, kw_only=True, eq=False)
class Canvas:
    """A volume that painters write into."""

    grid: Grid
    tissue: NDArray[np.uint8]
    mineral: NDArray[np.float16]
    level: NDArray[np.uint8]
    oedema: NDArray[np.float16]

    @classmethod
    def blank(cls, grid: Grid) -> Canvas:
        """Return a canvas full of air."""
        return cls(
            grid=grid,
            tissue=np.zeros(grid.shape, np.uint8),
            mineral=np.zeros(grid.shape, np.float16),
            level=np.zeros(grid.shape, np.uint8),
            oedema=np.zeros(grid.shape, np.float16),
        )

    @property
    def step_mm(self) -> float:
        """The edge of a cube as large as a voxel."""
        return float(np.prod(self.grid.step_mm) ** (1 / 3))

    def box(self, bounds_mm: Array) -> Box | None:
        """Return the voxels inside the corners (2, 3), or None when there are none."""
        low = np.ceil((bounds_mm[0] - self.grid.origin_mm) / self.grid.step_mm).astype(int)
        high = np.floor((bounds_mm[1] - self.grid.origin_mm) / self.grid.step_mm).astype(int) + 1
        low, high = np.maximum(low, 0), np.minimum(high, self.grid.shape)
        if np.any(low >= high):
            return None
        return slice(low[0], high[0]), slice(low[1], high[1]), slice(low[2], high[2])

    def axes(self, box: Box) -> tuple[Field, Field, Field]:
        """Return x, y and z of a box's voxels, shaped to broadcast."""
        x, y, z = (self.grid.axis_mm(axis)[part].astype(np.float32) for axis, part in enumerate(box))
        return x[:, None, None], y[None, :, None], z[None, None, :]

    def volume(self) -> Volume:
        """Return what was painted."""
        return Volume(grid=self.grid, tissue=self.tissue, mineral=self.mineral, level=self.level, oedema=self.oedema)
