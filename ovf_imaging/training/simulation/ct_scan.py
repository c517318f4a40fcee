"""A real CT of the spine with its vertebrae labelled, as bone mineral on an upright grid and landmarks per body."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk  # noqa: N813
from numpy.typing import NDArray
from scipy import ndimage
from skimage.segmentation import expand_labels

from ovf_imaging.training.simulation.volume import Array, Grid
from ovf_imaging.types import Landmark

_MARKS = Path(__file__).with_name("ct_landmarks.toml")
_SOFT_HU = 40.0
_STEP_MM = (2.0, 1.0, 1.0)
_MINERAL_PER_HU = 0.0008  # g/cm³; QCT at 120 kV gives about 0.8 mg/cm³ of hydroxyapatite each HU (Faulkner 1993)
_MINERAL_FROM_HU = 20.0  # marrow without bone
_BONE_HU = 170.0  # bright enough to be bone or calcified where no label says so
_GAS_HU = -250.0
_RIM_MM = 2  # bone this near to a label belongs to it: labels end within the cortex
_WALL_MM = 1.5  # the body's posterior wall lies a little behind the line of its corners


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CtScan:
    """One CT at rest."""

    name: str
    grid: Grid
    mineral: NDArray[np.float32]  # (X, Y, Z) g/cm³
    gas: NDArray[np.bool_]  # (X, Y, Z) enclosed gas, also in bone
    fat: NDArray[np.bool_]  # (X, Y, Z)
    vertebrae: NDArray[np.uint8]  # (X, Y, Z) level of the whole vertebra
    owner: NDArray[np.uint8]  # (X, Y, Z) level of the vertebra that a voxel moves with: its rim of bone too
    landmarks_mm: Mapping[int, Array]  # level → (6, 3), head to foot


def read_scan(folder: Path, name: str) -> CtScan:
    """Return a CT of `ct_verse`, e.g. "verse012". Raises FileNotFoundError when it is not there."""
    files = [folder / f"{name}_{part}.nii.gz" for part in ("ct", "vertebrae")]
    for file in files:
        if not file.exists():
            raise FileNotFoundError(f"no {file.name} in {folder}; wanted the folder ct_verse of the given data")
    image, labels = (sitk.DICOMOrient(sitk.ReadImage(str(file)), "LPS") for file in files)
    grid = _upright(image)
    hounsfield = _on_grid(image, grid, sitk.sitkLinear, _SOFT_HU)
    vertebrae = _on_grid(labels, grid, sitk.sitkNearestNeighbor, 0).astype(np.uint8)
    smooth = ndimage.gaussian_filter(hounsfield, 0.7)
    bone = (vertebrae > 0) | (smooth > _BONE_HU)
    near = expand_labels(vertebrae, _RIM_MM, spacing=_STEP_MM)
    mineral = np.clip(hounsfield - _MINERAL_FROM_HU, 0, None) * _MINERAL_PER_HU * bone
    return CtScan(
        name=name,
        grid=grid,
        mineral=mineral.astype(np.float32),
        gas=_enclosed(smooth < _GAS_HU),
        fat=(smooth > -180) & (smooth < -30),
        vertebrae=vertebrae,
        owner=np.where(bone, near, vertebrae).astype(np.uint8),
        landmarks_mm=marked_landmarks(name),
    )


def read_scans(folder: Path) -> tuple[CtScan, ...]:
    """Return every marked CT that lies in `ct_verse`; none where the folder is absent."""
    names = tomllib.loads(_MARKS.read_text(encoding="utf-8"))
    return tuple(read_scan(folder, name) for name in names if (folder / f"{name}_ct.nii.gz").exists())


def _upright(image: sitk.Image) -> Grid:
    """Return a grid along the patient's axes that holds an image whose own axes may be oblique."""
    size = image.GetSize()
    ends = [[x, y, z] for x in (0, size[0] - 1) for y in (0, size[1] - 1) for z in (0, size[2] - 1)]
    corners = np.array([image.TransformIndexToPhysicalPoint(end) for end in ends])
    low = corners.min(axis=0)
    shape = np.floor((corners.max(axis=0) - low) / _STEP_MM).astype(int) + 1
    return Grid(origin_mm=low, step_mm=np.array(_STEP_MM), shape=(int(shape[0]), int(shape[1]), int(shape[2])))


def _on_grid(image: sitk.Image, grid: Grid, interpolator: int, outside: float) -> NDArray[np.float32]:
    filter_ = sitk.ResampleImageFilter()
    filter_.SetSize(grid.shape)
    filter_.SetOutputOrigin(grid.origin_mm.tolist())
    filter_.SetOutputSpacing(grid.step_mm.tolist())
    filter_.SetInterpolator(interpolator)
    filter_.SetDefaultPixelValue(outside)
    return np.asarray(sitk.GetArrayFromImage(filter_.Execute(image)).transpose(2, 1, 0), dtype=np.float32)


def _enclosed(low: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the gas that no border of the field touches: what touches it is the air around the patient, or lung."""
    parts, _ = ndimage.label(low)
    faces = [np.unique(np.take(parts, end, axis)) for axis in range(3) for end in (0, -1)]
    return np.asarray(low & ~np.isin(parts, np.concatenate(faces)))


def marked_landmarks(name: str) -> dict[int, Array]:
    """Return level → (6, 3) landmarks as marked in `ct_landmarks.toml`, head to foot.

    Raises ValueError for a scan without marks.
    """
    table = tomllib.loads(_MARKS.read_text(encoding="utf-8"))
    if name not in table:
        raise ValueError(f"no landmarks marked for {name!r}; wanted one of {', '.join(table)}")
    return {
        int(level): np.column_stack([np.full(len(Landmark), body["x"]), body["y"], body["z"]])
        for level, body in table[name].items()
    }


def is_body(vertebra: NDArray[np.bool_], grid: Grid, body: Array) -> NDArray[np.bool_]:
    """Return a vertebra (X, Y, Z) without its arch: what lies in front of the line of its posterior corners."""
    (_, y0, z0), (_, y1, z1) = body[[Landmark.INFERIOR_POSTERIOR, Landmark.SUPERIOR_POSTERIOR]]
    wall = y0 + (grid.axis_mm(2) - z0) * (y1 - y0) / (z1 - z0) + _WALL_MM
    return np.asarray(vertebra & (grid.axis_mm(1)[:, None] < wall[None, :]))
