"""NIfTI volumes as MR."""

from __future__ import annotations

import gzip
import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK
from numpy.typing import NDArray

from ovf_imaging.dicom import load_image, read_study
from ovf_imaging.errors import ImageError, StudyError
from ovf_imaging.types import Image, Scale, Sequence, View

BODY: NDArray[np.float32] = np.random.default_rng(5).integers(0, 500, (10, 24, 20)).astype(np.float32)
STEPS = (4.0, 1.0, 1.5)  # mm from right to left, head to foot, front to back


def write(path: Path, values: NDArray[Any], direction: NDArray[np.float64], steps: tuple[float, ...]) -> Path:
    """Write an array indexed (i, j, k)."""
    itk: Any = SimpleITK
    image = itk.GetImageFromArray(np.ascontiguousarray(values.T))
    image.SetSpacing(steps)
    image.SetOrigin((-10.0, 20.0, 30.0))
    image.SetDirection(direction.ravel().tolist())
    itk.WriteImage(image, str(path))
    return path


def stored(path: Path, order: tuple[int, ...], flips: tuple[bool, ...]) -> Path:
    """Write the body with its axes (slice, row, column) in any order and sense."""
    axes = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])  # left, foot, back
    values, columns = BODY.transpose(order), axes[list(order)].T
    for axis, flip in enumerate(flips):
        if flip:
            values, columns = np.flip(values, axis), columns * np.where(np.arange(3) == axis, -1, 1)
    return write(path, values, columns, tuple(STEPS[a] for a in order))


def image_of(path: Path) -> Image:
    return load_image(read_study([path]).series[0])


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize(
    "flips", [(False, False, False), (True, False, False), (False, True, True), (True, True, True)]
)
def test_any_storage_order_gives_sagittal_slices(
    tmp_path: Path, order: tuple[int, ...], flips: tuple[bool, ...]
) -> None:
    image = image_of(stored(tmp_path / "a.nii.gz", order, flips))
    assert image.pixels.shape == BODY.shape
    assert image.array_axes == tuple(order.index(a) for a in range(3))
    flipped = [flips[order.index(a)] for a in range(3)]
    assert (image.anterior_left, image.superior_up) == (not flipped[2], not flipped[1])
    np.testing.assert_allclose(np.linalg.norm(image.affine[:3, :3], axis=0), STEPS)
    expected = BODY
    for axis, flip in enumerate(flipped):
        expected = np.flip(expected, axis) if flip else expected
    np.testing.assert_array_equal(image.pixels, expected)
    assert image.scale is Scale.PATIENT


def test_affine_is_lps(tmp_path: Path) -> None:
    path = stored(tmp_path / "a.nii", (0, 1, 2), (False, False, False))
    image = image_of(path)
    itk: Any = SimpleITK
    reference = itk.ReadImage(str(path))
    for index in ((0, 0, 0), (3, 20, 11)):
        np.testing.assert_allclose(
            image.to_mm(np.array(index, dtype=np.float64)), reference.TransformIndexToPhysicalPoint(index)
        )


def test_oblique_volume(tmp_path: Path) -> None:
    turn = np.deg2rad(20)
    rotation = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1.0]])
    axes = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]).T
    image = image_of(write(tmp_path / "a.nii.gz", BODY, rotation @ axes, STEPS))
    assert image.array_axes == (0, 1, 2)
    np.testing.assert_array_equal(image.pixels, BODY)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("sub-01_T2w.nii.gz", Sequence.T2),
        ("lumbar_t1.nii", Sequence.T1),
        ("x_STIR.nii.gz", Sequence.FLUID),
        ("image.nii.gz", Sequence.UNKNOWN),
    ],
)
def test_weighting_from_the_name(tmp_path: Path, name: str, wanted: Sequence) -> None:
    study = read_study([stored(tmp_path / name, (0, 1, 2), (False, False, False))])
    assert (study.series[0].sequence, study.series[0].view) == (wanted, View.SAGITTAL)


def test_uid_comes_from_the_content(tmp_path: Path) -> None:
    one = read_study([stored(tmp_path / "a.nii.gz", (0, 1, 2), (False, False, False))])
    (tmp_path / "b.nii.gz").write_bytes((tmp_path / "a.nii.gz").read_bytes())
    two = read_study([tmp_path / "b.nii.gz"])
    assert one.uid == two.uid
    assert one.uid.startswith("2.25.")
    assert len(one.uid) <= 64
    assert one.uid != one.series[0].uid


@pytest.mark.parametrize(("steps", "plane"), [((0.5, 4.0, 0.5), "axial"), ((0.5, 0.5, 4.0), "coronal")])
def test_thick_slices_of_another_plane_are_refused(tmp_path: Path, steps: tuple[float, ...], plane: str) -> None:
    axes = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]).T
    path = write(tmp_path / "a.nii.gz", BODY, axes, steps)
    with pytest.raises(StudyError, match=f"wanted sagittal MR, got a volume of {plane} slices"):
        read_study([path])
    study = read_study([path], view=View.SAGITTAL)
    assert "plane-reformatted" in {c.code for c in study.series[0].caveats}


def test_lateral_is_no_view_of_a_volume(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="wanted a lateral film, got a NIfTI volume"):
        read_study([stored(tmp_path / "a.nii.gz", (0, 1, 2), (False, False, False))], view=View.LATERAL)


def test_ct_is_refused(tmp_path: Path) -> None:
    values = BODY.astype(np.int16)
    values[:, :6] = -1000
    axes = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]).T
    with pytest.raises(ImageError, match="wanted MR, got what looks like CT"):
        image_of(write(tmp_path / "a.nii.gz", values, axes, STEPS))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (np.nan, r"no image content, 1 of 4800 pixels are NaN or infinite"),
        (np.inf, "NaN or infinite"),
        (None, "all pixels have the value 3"),
    ],
)
def test_no_content(tmp_path: Path, change: float | None, words: str) -> None:
    values = BODY.copy()
    if change is None:
        values[:] = 3
    else:
        values[0, 0, 0] = change
    axes = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]).T
    with pytest.raises(ImageError, match=words):
        image_of(write(tmp_path / "a.nii.gz", values, axes, STEPS))


def test_one_voxel(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="got 1 × 1 pixels"):
        image_of(write(tmp_path / "a.nii.gz", np.ones((1, 1, 1), np.float32), np.eye(3), STEPS))


def test_four_dimensions(tmp_path: Path) -> None:
    itk: Any = SimpleITK
    path = tmp_path / "a.nii.gz"
    volume = itk.GetImageFromArray(BODY)
    itk.WriteImage(itk.JoinSeries([volume, volume]), str(path))
    with pytest.raises(StudyError, match=r"wanted one 3-D grey volume, got 20 × 24 × 10 × 2"):
        read_study([path])


def test_flat_nifti(tmp_path: Path) -> None:
    itk: Any = SimpleITK
    path = tmp_path / "a.nii.gz"
    itk.WriteImage(itk.GetImageFromArray(BODY[0]), str(path))
    with pytest.raises(StudyError, match="wanted one 3-D grey volume"):
        read_study([path])


def test_truncated_volumes(tmp_path: Path) -> None:
    path = stored(tmp_path / "a.nii", (0, 1, 2), (False, False, False))
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises((StudyError, ImageError), match=r"a\.nii: .*damaged or truncated"):
        image_of(path)
    path = stored(tmp_path / "b.nii.gz", (0, 1, 2), (False, False, False))
    path.write_bytes(path.read_bytes()[:-4000])
    with pytest.raises((StudyError, ImageError), match=r"b\.nii\.gz: .*damaged or truncated"):
        image_of(path)


def test_orientation_not_told(tmp_path: Path) -> None:
    path = stored(tmp_path / "a.nii", (0, 1, 2), (False, False, False))
    raw = bytearray(path.read_bytes())
    raw[252:256] = bytes(4)  # qform_code, sform_code
    with gzip.open(tmp_path / "b.nii.gz", "wb") as file:
        file.write(bytes(raw))
    image = image_of(tmp_path / "b.nii.gz")
    assert (image.anterior_left, image.superior_up) == (None, None)
    assert "geometry-unknown" in {c.code for c in image.caveats}


@pytest.mark.real_data
def test_real_volume(shared_data: Path) -> None:
    study = read_study([shared_data / "mri_t2_thoracolumbar" / "t2_lumbar.nii.gz"])
    image = load_image(study.series[0])
    assert study.series[0].sequence is Sequence.T2
    assert image.pixels.shape == (38, 201, 257)
    assert image.pixel_mm == pytest.approx((1.0, 1.0))


@pytest.mark.real_data
def test_real_ct_is_refused(shared_data: Path) -> None:
    with pytest.raises(ImageError, match="looks like CT"):
        image_of(shared_data / "ct_verse" / "verse012_ct.nii.gz")
