"""From a patient to slices: where the slices lie, one render on a fine grid, and what fills every pixel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol as Interface

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial.transform import Rotation

from ovf_imaging.training.simulation.mri.protocol import SlicePlan
from ovf_imaging.training.simulation.volume import Grid, Patient, PatientTruth, Tissue, Volume
from ovf_imaging.types import level_order

Array = NDArray[np.float64]
Part = NDArray[np.float32]  # (S, H, W), part of a pixel's volume
Window = tuple[slice, slice, slice]
PLANES = 3  # of voxels rendered over a slice's thickness
# Planes averaged over it. With five against three, no two change voxels at the same place of a tilted slice, so that
# edges seen nearly along the slice don't come in steps.
SAMPLES = 5
# Their places across the slice, the row and the column, in fifths: orders that have the least to do with each other,
# so that what fills only one side of the slice is not moved in its plane.
_ORDER = ((-2, -1, 0, 1, 2), (-2, 1, 2, 0, -1), (-1, 2, -2, 1, 0))


class Subject(Patient, Interface):
    """A patient of whom we know the truth: where the bodies lie, and the age."""

    def truth(self) -> PatientTruth:
        """Return all that is true of the patient."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Slab:
    """What fills the pixels of a stack of slices, averaged across their thickness."""

    affine: Array  # (4, 4), (slice, row, column) to LPS mm
    step_mm: tuple[float, float, float]  # between slices, rows, columns
    parts: Mapping[Tissue, Part]  # of each tissue that is present; they add up to 1
    mineral: Part  # g/cm³ within the marrow, 0 elsewhere
    oedema: Part  # part of the pixel that is marrow with oedema
    labels: NDArray[np.uint8]  # (S, H, W), level of the vertebral body that fills at least half the pixel
    shape: tuple[int, int, int]

    def part(self, *tissues: Tissue) -> Part:
        """Return the part of each pixel that these tissues fill together."""
        total = np.zeros(self.shape, np.float32)
        for tissue in tissues:
            if tissue in self.parts:
                total += self.parts[tissue]
        return total

    def box(self, *tissues: Tissue) -> Window | None:
        """Return the smallest window that holds these tissues, None where there are none."""
        found = ndimage.find_objects((self.part(*tissues) > 0).view(np.uint8))
        return (found[0][0], found[0][1], found[0][2]) if found else None

    def within(self, window: Window) -> Slab:
        """Return the part of the slab within a window."""
        affine = self.affine.copy()
        affine[:3, 3] += affine[:3, :3] @ [s.start for s in window]
        parts = {tissue: part[window] for tissue, part in self.parts.items()}
        labels = self.labels[window]
        return Slab(
            affine=affine,
            step_mm=self.step_mm,
            parts={tissue: part for tissue, part in parts.items() if part.any()},
            mineral=self.mineral[window],
            oedema=self.oedema[window],
            labels=labels,
            shape=(labels.shape[0], labels.shape[1], labels.shape[2]),
        )


def plan_affine(plan: SlicePlan, truth: PatientTruth) -> Array:
    """Return (4, 4): (slice, row, column) to LPS mm of a stack centred on the body nearest to the plan's level.

    Rows run head to foot and columns front to back. Raises ValueError where the truth holds no body.
    """
    bodies = [body for body in truth.bodies if np.isfinite(body.landmarks_mm).any()]
    if not bodies:
        raise ValueError("the patient's truth holds no vertebral body to centre the slices on")
    wanted = level_order(plan.centre_level)
    body = min(bodies, key=lambda b: abs(level_order(b.level) - wanted))
    centre = np.nanmean(body.landmarks_mm, axis=0) + plan.offset_mm
    turn = Rotation.from_euler("zy", [plan.tilt_about_head_deg, plan.tilt_about_back_deg], degrees=True).as_matrix()
    side = -1.0 if plan.from_left else 1.0
    axes = turn @ np.array([[side, 0, 0], [0, 0, 1], [0, -1, 0]])  # columns: slice, row, column direction
    affine = np.eye(4)
    affine[:3, :3] = axes * [plan.thickness_mm + plan.gap_mm, plan.pixel_mm, plan.pixel_mm]
    affine[:3, 3] = centre - affine[:3, :3] @ ((np.array([plan.slices, plan.rows, plan.columns]) - 1) / 2)
    return affine


def fill_slab(patient: Subject, plan: SlicePlan) -> Slab:
    """Render the patient once and return what fills the slices, with the rows and columns that will fold in."""
    beyond = np.array([0, *plan.wrap_px])
    affine = plan_affine(plan, patient.truth())
    affine[:3, 3] -= affine[:3, :3] @ beyond
    shape = (plan.slices, plan.rows + 2 * plan.wrap_px[0], plan.columns + 2 * plan.wrap_px[1])
    offsets = _offsets(plan)
    grid = _grid(affine, shape, offsets, plan)
    volume = patient.render(grid)
    from_mm = np.diag([*(1 / grid.step_mm), 1.0])
    from_mm[:3, 3] = -grid.origin_mm / grid.step_mm
    return _average(volume, from_mm @ affine, offsets, affine, shape)


def _offsets(plan: SlicePlan) -> Array:
    """Return (SAMPLES, 3) offsets in slices, rows and columns of the planes that are averaged.

    They also step across the pixel, so that taking the nearest voxel leaves edges where they are, on average.
    """
    seen = plan.thickness_mm / (plan.thickness_mm + plan.gap_mm)
    return np.array(_ORDER).T / SAMPLES * [seen, 1, 1]


def _grid(affine: Array, shape: tuple[int, int, int], offsets: Array, plan: SlicePlan) -> Grid:
    """Return the grid along the patient's axes that covers the slab, its voxels on the middle slice's pixels."""
    ends = np.array([[0, n - 1] for n in shape], dtype=np.float64) + np.array([[-1, 1]]) * np.abs(offsets).max()
    corners = np.stack(np.meshgrid(*ends, indexing="ij"), -1).reshape(-1, 3) @ affine[:3, :3].T + affine[:3, 3]
    step = np.array([plan.thickness_mm / PLANES, plan.pixel_mm, plan.pixel_mm])
    middle = affine[:3, :3] @ ((np.array(shape) - 1) / 2) + affine[:3, 3]
    anchor = middle + np.array([0, *(0.5 * step[1:] * (1 - np.array(shape[1:]) % 2))])
    below = np.ceil((anchor - corners.min(0)) / step)
    above = np.ceil((corners.max(0) - anchor) / step)
    nx, ny, nz = (below + above + 1).astype(int)
    return Grid(origin_mm=anchor - below * step, step_mm=step, shape=(int(nx), int(ny), int(nz)))


def _average(volume: Volume, to_voxel: Array, offsets: Array, affine: Array, shape: tuple[int, int, int]) -> Slab:
    tissue, level = volume.tissue.ravel(), volume.level.ravel()
    mineral, oedema = volume.mineral.ravel(), volume.oedema.ravel()
    present = [Tissue(int(t)) for t in np.flatnonzero(np.bincount(tissue, minlength=len(Tissue)))]
    parts = {t: np.zeros(shape, np.float32) for t in present}
    within = {name: np.zeros(shape, np.float32) for name in ("mineral", "oedema")}
    labels = np.zeros(shape, np.uint8)
    for index in range(shape[0]):
        places = [_voxels(volume.grid, to_voxel, offset + np.array([index, 0, 0]), shape[1:]) for offset in offsets]
        tissues = np.stack([tissue[p] for p in places])
        for t in present:
            np.divide((tissues == t).sum(0, dtype=np.uint8), np.float32(len(places)), out=parts[t][index])
        marrow = tissues == Tissue.MARROW
        for name, values in (("mineral", mineral), ("oedema", oedema)):
            inside = np.stack([values[p] for p in places]).astype(np.float32) * marrow
            within[name][index] = inside.mean(0)
        levels = np.stack([level[p] for p in places])
        labels[index] = np.where((levels > 0).sum(0) * 2 >= len(places), levels.max(0), 0)
    step = np.linalg.norm(affine[:3, :3], axis=0)
    return Slab(
        affine=affine,
        step_mm=(float(step[0]), float(step[1]), float(step[2])),
        parts=parts,
        labels=labels,
        shape=shape,
        **within,
    )


def _voxels(grid: Grid, to_voxel: Array, start: Array, size: tuple[int, int]) -> NDArray[np.int32]:
    """Return (H, W) flat indices of the voxels nearest to a plane's pixels."""
    matrix, first = to_voxel[:3, :3], to_voxel[:3, :3] @ start + to_voxel[:3, 3]
    rows, columns = np.arange(size[0])[:, None], np.arange(size[1])
    flat = np.zeros(size, np.int32)
    for axis in range(3):
        along = (first[axis] + matrix[axis, 1] * rows + matrix[axis, 2] * columns).astype(np.float32)
        at = np.rint(along).astype(np.int32)
        flat = flat * grid.shape[axis] + np.clip(at, 0, grid.shape[axis] - 1)
    return flat
