"""Labels and pixels lie on the input's own grid: index → place is the image's."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813 - its own abbreviation

from ovf_imaging import types as t
from ovf_imaging.errors import InputError
from ovf_imaging.report.arrays import labels_file, smallest_exact
from ovf_imaging.report.nifti import nifti_array, nifti_bytes
from tests import fakes

# Slice, row and column steps in LPS mm, with the axes of the input's array that they lie along.
TILT = np.radians(9.0)
GEOMETRIES = {
    "DICOM, oblique": ((2, 1, 0), [[3.9, 0.0, 0.1], [0.0, -0.1, 0.9], [-0.1, -0.9, -0.1]]),
    "NIfTI (P, I, R)": ((2, 1, 0), [[-4.0, 0.0, 0.0], [0.0, 0.0, 0.6], [0.0, -0.6, 0.0]]),
    "NIfTI (R, A, S)": ((0, 2, 1), [[4.0, 0.0, 0.0], [0.0, 0.0, -0.7], [0.0, 0.8, 0.0]]),
    "NIfTI (A, R, S)": ((1, 2, 0), [[4.0, 0.0, 0.0], [0.0, 0.0, -0.7], [0.0, 0.8, 0.0]]),
}


def image(axes: tuple[int, int, int], steps: list[list[float]]) -> t.Image:
    """Return a 3 × 5 × 7 image; its steps are made orthogonal, as SimpleITK will read no other."""
    columns = np.array(steps)
    q, r = np.linalg.qr(columns)
    affine = np.eye(4)
    affine[:3, :3] = q * np.sign(np.diag(r)) * np.linalg.norm(columns, axis=0)
    affine[:3, 3] = (-20.5, 13.25, 7.75)
    return replace(
        fakes.mri_image(fakes.column()), pixels=np.zeros((3, 5, 7), np.float32), affine=affine, array_axes=axes
    )


def read(data: bytes, folder: Path) -> Any:
    path = folder / "labels_1.nii.gz"
    path.write_bytes(data)
    return sitk.ReadImage(path)


@pytest.mark.parametrize("name", GEOMETRIES)
def test_another_reader_finds_every_index_in_its_place(name: str, tmp_path: Path) -> None:
    axes, steps = GEOMETRIES[name]
    base = image(axes, steps)
    labels = np.arange(105, dtype=np.uint8).reshape(3, 5, 7)
    found = read(labels_file(t.Reading(image=base, labels=labels, vertebrae=(), reader="")), tmp_path)
    rng = np.random.default_rng(0)
    for _ in range(40):
        index = rng.integers(0, (3, 5, 7))
        own = [0, 0, 0]
        for part, axis in zip(index, axes, strict=True):
            own[axis] = int(part)
        assert found.GetPixel(own) == labels[tuple(index)]
        place = found.TransformContinuousIndexToPhysicalPoint([float(i) for i in own])
        np.testing.assert_allclose(place, base.to_mm(index.astype(float)), atol=1e-4)


def test_a_film_without_millimetres_has_unit_steps(tmp_path: Path) -> None:
    base = fakes.film_image(fakes.column(), scale=t.Scale.UNKNOWN)
    reading = fakes.reading(base, fakes.column())
    found = read(labels_file(reading), tmp_path)
    assert found.GetSpacing() == (1.0, 1.0, 1.0)
    assert found.GetSize() == base.pixels.shape[::-1]
    np.testing.assert_array_equal(sitk.GetArrayFromImage(found), reading.labels)


def test_an_affine_without_slice_step_is_given_one(tmp_path: Path) -> None:
    base = fakes.film_image(fakes.column())
    flat = base.affine.copy()
    flat[:3, 0] = 0.0
    reading = replace(fakes.film_reading(), image=replace(base, affine=flat))
    found = read(labels_file(reading), tmp_path)
    place = np.array(found.TransformIndexToPhysicalPoint((9, 5, 0)))
    np.testing.assert_allclose(place, base.to_mm(np.array([0.0, 5.0, 9.0])), atol=1e-4)


@pytest.mark.parametrize(("number", "dtype"), [(28, np.uint8), (120, np.uint8), (228, np.uint8), (300, np.uint16)])
def test_no_label_wraps(number: int, dtype: type, tmp_path: Path) -> None:
    labels: Any = np.zeros((1, 4, 4), dtype=np.int64)
    labels[0, 1, 2] = number
    data = labels_file(replace(fakes.mri_reading(), labels=labels))
    back = nifti_array(data, (2, 1, 0))
    assert back.dtype == dtype
    np.testing.assert_array_equal(back, labels)
    assert read(data, tmp_path).GetPixel((2, 1, 0)) == number


@pytest.mark.parametrize("number", [-1, 70_000])
def test_labels_that_fit_no_type_are_refused(number: int) -> None:
    with pytest.raises(ValueError, match="labels wanted from 0 to 65535"):
        labels_file(replace(fakes.mri_reading(), labels=np.full((1, 1, 1), number)))


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([0.0, 65535.0], np.uint16),
        ([-1024.0, 3071.0], np.int16),
        ([0.5, 1.0], np.float32),
        ([-0.0, 1.0], np.float32),
        ([float("nan"), 1.0], np.float32),
        ([0.0, 70000.0], np.float32),
    ],
)
def test_pixels_take_the_smallest_type_that_is_exact(values: list[float], dtype: type) -> None:
    pixels = np.array(values, dtype=np.float32).reshape(1, 1, 2)
    stored = nifti_array(nifti_bytes(smallest_exact(pixels), np.eye(4), (2, 1, 0), in_mm=True), (2, 1, 0))
    assert stored.dtype == dtype
    assert stored.astype(np.float32).tobytes() == pixels.tobytes()


def test_equal_arrays_give_equal_bytes() -> None:
    pixels = fakes.mri_reading().image.pixels
    one, other = (nifti_bytes(pixels.copy(), np.eye(4), (2, 1, 0), in_mm=True) for _ in range(2))
    assert one == other


def test_too_long_an_axis_is_told() -> None:
    with pytest.raises(ValueError, match="at most 32767 pixels along an axis"):
        nifti_bytes(np.zeros((1, 1, 40_000), np.uint8), np.eye(4), (2, 1, 0), in_mm=True)


def test_other_bytes_are_refused() -> None:
    with pytest.raises(InputError, match="wanted a whole NIfTI-1 file"):
        nifti_array(b"nonsense", (2, 1, 0))


def test_d13_a_volume_is_written_without_copies_of_it() -> None:
    volume = np.zeros((64, 96, 80), np.float32)
    tracemalloc.start()
    whole = smallest_exact(volume)
    _, exact = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    before, _ = tracemalloc.get_traced_memory()
    nifti_bytes(whole, np.eye(4), (2, 1, 0), in_mm=True)
    _, written = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert exact < 0.6 * volume.nbytes  # 16 bits for 32, and a slice or two
    assert written - before < 0.5 * whole.nbytes  # what zlib keeps is most of it
