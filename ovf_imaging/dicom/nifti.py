"""NIfTI volumes as MR: the axis nearest to left-right holds the slices; the array is kept as stored, never flipped."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from ovf_imaging.dicom.affine import senses
from ovf_imaging.dicom.content import check_content
from ovf_imaging.dicom.contrast import sequence_of
from ovf_imaging.dicom.frames import Contrast
from ovf_imaging.dicom.identity import uid_of
from ovf_imaging.dicom.nifti_header import check_voxels, promise_of
from ovf_imaging.dicom.views import position_from_words
from ovf_imaging.errors import ImageError, StudyError
from ovf_imaging.types import Affine, Caveat, Image, Scale, Series, View

MODALITY = "NIFTI"
_COARSE = 2.5  # a sagittal plane whose pixels are this much longer than wide was acquired in another plane
_AIR_HU = -200.0  # MR magnitudes are not negative; of a CT a good part is air
_AIR_SHARE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Grid:
    """Geometry of a NIfTI file as stored. Axes are the file's own (i, j, k)."""

    size: tuple[int, ...]
    axes: tuple[int, int, int]  # file axis of slice, row, column
    affine: Affine  # (slice, row, column) → LPS mm
    oriented: bool  # False where neither qform nor sform is set


def read_series(path: Path, view: View | None = None) -> Series:
    """Return a NIfTI file as a sagittal MR series; StudyError when it isn't a volume that shows sagittal slices."""
    grid = _grid(path)
    steps = np.linalg.norm(grid.affine[:3, :3], axis=0)
    caveats: list[Caveat] = []
    coarse = max(steps[1:]) / min(steps[1:])
    if coarse > _COARSE and view is None:
        plane = "axial" if steps[1] > steps[2] else "coronal"
        text = f"wanted sagittal MR, got a volume of {plane} slices ({max(steps[1:]):.3g} mm apart)"
        raise StudyError(f"{path.name}: {text}; give the sagittal series, or --view sagittal to read it all the same")
    if coarse > _COARSE:
        text = "this volume was acquired in another plane; its sagittal pixels are coarse"
        caveats.append(Caveat(code="plane-reformatted", text=text, must_see=True))
    if not grid.oriented:
        text = "this NIfTI file does not say how it is oriented: which side is front is unknown"
        caveats.append(Caveat(code="geometry-unknown", text=text, must_see=True))
    words = path.name.removesuffix(".gz").removesuffix(".nii")
    sequence, doubts = sequence_of(Contrast(), (words,))
    return Series(
        uid=uid_of(path, "series"),
        view=View.SAGITTAL,
        sequence=sequence,
        position=position_from_words(words),
        files=(path,),
        modality=MODALITY,
        caveats=(*caveats, *doubts),
    )


def _reader(path: Path) -> Any:
    itk: Any = SimpleITK  # untyped
    itk.ProcessObject.SetGlobalWarningDisplay(False)
    reader = itk.ImageFileReader()
    reader.SetImageIO("NiftiImageIO")
    reader.SetFileName(str(path))
    return reader


def _grid(path: Path) -> Grid:
    promise_of(path)
    reader = _reader(path)
    try:
        reader.ReadImageInformation()
    except RuntimeError as error:
        what = "its axes aren't at right angles" if "orthonormal" in str(error) else "damaged or truncated"
        raise StudyError(f"{path.name}: not a NIfTI volume that can be read ({what}); convert it again") from error
    size = reader.GetSize()
    if len(size) > 3 and set(size[3:]) == {1}:
        size = size[:3]
    if len(size) != 3 or reader.GetNumberOfComponents() != 1:
        shape = " × ".join(str(n) for n in reader.GetSize())
        text = f"wanted one 3-D grey volume, got {shape} with {reader.GetNumberOfComponents()} value(s) a voxel"
        raise StudyError(f"{path.name}: {text}; split it into volumes first")
    rank = reader.GetDimension()
    direction = np.asarray(reader.GetDirection()).reshape(rank, rank)[:3, :3]
    steps = np.asarray(reader.GetSpacing()[:3])
    origin = np.asarray(reader.GetOrigin()[:3])
    if not (np.isfinite(direction).all() and np.isfinite(origin).all() and (steps > 0).all()):
        raise StudyError(f"{path.name}: its geometry holds NaN or a spacing of 0; convert it again from DICOM")
    axes = _axes(direction)
    affine = np.eye(4)
    affine[:3, :3] = (direction * steps)[:, axes]
    affine[:3, 3] = origin
    codes = [reader.GetMetaData(k) for k in ("qform_code", "sform_code") if reader.HasMetaDataKey(k)]
    return Grid(size=tuple(size), axes=axes, affine=affine, oriented=any(c.strip() not in ("", "0") for c in codes))


def _axes(direction: NDArray[np.float64]) -> tuple[int, int, int]:
    """Return the file axes nearest to left-right, up-down and front-back, each used once."""
    cosines = np.abs(direction)  # rows x, y, z of the patient; columns i, j, k of the file
    orders = itertools.permutations(range(3))
    best = max(orders, key=lambda o: float(cosines[0, o[0]] + cosines[2, o[1]] + cosines[1, o[2]]))
    return best[0], best[1], best[2]


def load(series: Series) -> Image:
    """Return the volume of a NIfTI series; ImageError when its voxels hold no MR image."""
    path = series.files[0]
    try:
        grid = _grid(path)
        check_voxels(path)
        stored = SimpleITK.GetArrayFromImage(_reader(path).Execute()).reshape(grid.size[::-1])
    except StudyError as error:
        raise ImageError(str(error)) from error
    except (RuntimeError, ValueError) as error:
        raise ImageError(f"{path.name}: unreadable, the file is damaged or truncated; copy it again") from error
    pixels = np.ascontiguousarray(stored.transpose(2, 1, 0).transpose(grid.axes), dtype=np.float32)
    check_content(pixels, None, path.name)
    if float(np.mean(pixels < _AIR_HU)) > _AIR_SHARE:
        low = float(pixels.min())
        raise ImageError(f"{path.name}: wanted MR, got what looks like CT (values down to {low:g}); give the MR series")
    sense = senses(grid.affine) if grid.oriented else (None, None)
    return Image(
        pixels=pixels,
        affine=grid.affine,
        view=series.view,
        sequence=series.sequence,
        position=series.position,
        scale=Scale.PATIENT,
        scale_source="NIfTI header",
        series_uid=series.uid,
        array_axes=grid.axes,
        anterior_left=sense[0],
        superior_up=sense[1],
        caveats=series.caveats,
    )
