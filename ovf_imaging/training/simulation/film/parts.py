"""Where a patient is rendered for a film: finely about the spine, coarsely where hips, ribs and limbs are seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ovf_imaging.training.simulation.film.camera import Camera
from ovf_imaging.training.simulation.volume import Array, Grid

_FINE_MM = (2.5, 0.8)  # along the beam, and across it
_FINE_PX = 1.1  # a film of large pixels needs no finer voxels
_COARSE_MM = (4.0, 2.0)
_SOFTENED_MM = 1.3
_MARGIN_MM = np.array([4.0, 12.0, 0.0])  # about the spine's bounds
_SACRUM_MM, _ABOVE_MM = 70.0, 250.0  # below and above them, where the film sees that far
_BONES_MM = np.array([[-175, -170, -200], [175, 60, 250]])  # hips and ribs about the spine's bounds
_HALF_TRUNK_MM = 175.0  # along the beam


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """A grid, and the box within it that another part renders better."""

    grid: Grid
    without_mm: Array | None = None  # (2, 3)
    softened_mm: float = 0.0  # blur that hides the grid's planes where they are far apart

    def weighted(self, density: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return a density (X, Y, Z) less the share of each voxel that lies in the other part's box."""
        if self.without_mm is None:
            return density
        shares = []
        for axis in range(3):
            middle, step = self.grid.axis_mm(axis), self.grid.step_mm[axis]
            low = np.maximum(middle - step / 2, self.without_mm[0, axis])
            high = np.minimum(middle + step / 2, self.without_mm[1, axis])
            shares.append(np.clip((high - low) / step, 0, 1).astype(np.float32))
        inside = shares[0][:, None, None] * shares[1][:, None] * shares[2]
        return np.asarray(density * (1 - inside))


def parts(bounds_mm: Array, camera: Camera, middle_mm: Array, axis: int) -> tuple[Part, Part]:
    """Return the fine and the coarse part of what a film sees; the beam goes roughly along `axis`."""
    pixel = float(np.linalg.norm(camera.right_mm)) * camera.depth_mm(middle_mm) / camera.distance_mm
    seen = _seen_mm(camera, middle_mm, axis)
    spine = bounds_mm + np.array([-_MARGIN_MM, _MARGIN_MM])
    spine[:, 2] += -_SACRUM_MM, _ABOVE_MM
    box = np.array([np.maximum(spine[0], seen[0]), np.minimum(spine[1], seen[1])])
    box[1] = np.maximum(box[1], box[0] + 2.0)
    fine = _grid(box, max(_FINE_MM[0], pixel), max(_FINE_MM[1], _FINE_PX * pixel), axis)
    half = fine.step_mm / 2
    last = fine.origin_mm + fine.step_mm * (np.array(fine.shape) - 1)
    trunk = bounds_mm + _BONES_MM
    coarse = _grid(np.array([np.maximum(seen[0], trunk[0]), np.minimum(seen[1], trunk[1])]), *_COARSE_MM, axis)
    without = np.array([fine.origin_mm - half, last + half])
    return Part(grid=fine), Part(grid=coarse, without_mm=without, softened_mm=_SOFTENED_MM)


def _grid(box: Array, along_mm: float, across_mm: float, axis: int) -> Grid:
    step = np.full(3, across_mm)
    step[axis] = along_mm
    count = np.maximum(np.ceil((box[1] - box[0]) / step).astype(int) + 1, 2)
    return Grid(origin_mm=box[0], step_mm=step, shape=(int(count[0]), int(count[1]), int(count[2])))


def _seen_mm(camera: Camera, middle_mm: Array, axis: int) -> Array:
    """Return (2, 3) the box of the trunk that the film can see; the beam is widest where the trunk ends."""
    height, width = camera.shape
    corners = [camera.first_mm + r * camera.down_mm + c * camera.right_mm for r in (0, height) for c in (0, width)]
    depth = camera.depth_mm(middle_mm)
    rays = np.array(corners) - camera.source_mm
    points = [camera.source_mm + rays * (depth + s) / camera.distance_mm for s in (-_HALF_TRUNK_MM, _HALF_TRUNK_MM)]
    box = np.array([np.min(points, axis=(0, 1)), np.max(points, axis=(0, 1))])
    box[:, axis] = middle_mm[axis] + np.array([-_HALF_TRUNK_MM, _HALF_TRUNK_MM])
    return box
