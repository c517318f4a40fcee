"""MR series: order, gaps, copies, planes, shear, odd slices (field reports A1 to A13)."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ovf_imaging.dicom import load_image, read_study
from ovf_imaging.errors import ImageError, StudyError
from ovf_imaging.types import Image, Sequence, Study, View
from tests.dicom.build import AXIAL, CORONAL, SAGITTAL, changed, ct, enhanced, mr, save, save_series


def codes(of: Study | Image) -> set[str]:
    return {c.code for c in of.caveats}


def text(of: Study | Image, code: str) -> str:
    return next(c.text for c in of.caveats if c.code == code)


def only_image(folder: Path) -> Image:
    study = read_study([folder])
    assert len(study.series) == 1
    return load_image(study.series[0])


def test_base_series(tmp_path: Path) -> None:
    study = read_study([save_series(tmp_path)])
    image = load_image(study.series[0])
    assert (study.series[0].view, study.series[0].sequence) == (View.SAGITTAL, Sequence.T2)
    assert image.pixels.shape == (4, 16, 12)
    assert image.pixels.dtype == np.float32
    assert image.pixels[:, 0, 0].tolist() == [4, 3, 2, 1]  # along the slices' normal, which points to the right
    np.testing.assert_allclose(image.to_mm(np.array([[1.0, 4.0, 6.0]])), [[8.0, -47.0, 48.0]])
    assert (image.anterior_left, image.superior_up, image.array_axes) == (True, True, (2, 1, 0))
    assert image.sop_uids == tuple(f"1.2.826.0.1.3680043.8.498.1.2.{i}" for i in (4, 3, 2, 1))
    assert not study.caveats
    assert not image.caveats


def test_a1_missing_slice_is_flagged_and_in_plane_sizes_hold(tmp_path: Path) -> None:
    (save_series(tmp_path, 6) / "4.dcm").unlink()
    image = only_image(tmp_path)
    assert "after slice 2 of 5" in text(image, "slice-gap")
    assert next(c for c in image.caveats if c.code == "slice-gap").must_see
    assert image.pixel_mm == pytest.approx((0.5, 0.5))
    np.testing.assert_allclose(image.affine[:3, 0], [-4, 0, 0])


def test_a1_two_of_four_left(tmp_path: Path) -> None:
    (save_series(tmp_path, 4) / "3.dcm").unlink()
    assert abs(only_image(tmp_path).affine[0, 0]) == pytest.approx(4.0)


@pytest.mark.parametrize("kind", [["ORIGINAL", "PRIMARY", "LOCALIZER"], ["ORIGINAL", "PRIMARY", "M"]])
def test_a2_foreign_plane_is_left_out_and_counted(tmp_path: Path, kind: list[str]) -> None:
    alone = only_image(save_series(tmp_path / "alone", 5))
    folder = save_series(tmp_path / "mixed", 5)
    save(mr(9, ImageOrientationPatient=AXIAL, ImagePositionPatient=[-50, -50, 0], ImageType=kind), folder / "0.dcm")
    study = read_study([folder])
    image = load_image(study.series[0])
    np.testing.assert_array_equal(image.pixels, alone.pixels)
    np.testing.assert_array_equal(image.affine, alone.affine)
    assert any("1 slice)" in c.text for c in study.caveats)


def test_a4_copy_is_left_out_and_counted(tmp_path: Path) -> None:
    alone = only_image(save_series(tmp_path / "alone"))
    folder = save_series(tmp_path / "twice")
    shutil.copy(folder / "2.dcm", folder / "copy of 2.dcm")
    study = read_study([folder])
    assert "1 file(s) are copies" in text(study, "duplicates-left-out")
    np.testing.assert_array_equal(load_image(study.series[0]).pixels, alone.pixels)


def test_a4_copy_under_another_uid(tmp_path: Path) -> None:
    folder = save_series(tmp_path)
    save(mr(1, uid="1.2.3.4"), folder / "again.dcm")
    study = read_study([folder])
    image = load_image(study.series[0])
    assert "1 slice(s) with the pixels of another" in text(image, "duplicates-left-out")
    assert image.pixels[:, 0, 0].tolist() == [4, 3, 2, 1]


def test_slices_at_one_place_with_different_pixels_are_refused(tmp_path: Path) -> None:
    folder = save_series(tmp_path)
    save(mr(1, uid="1.2.3.4", pixels=np.full((16, 12), 77, np.uint16)), folder / "again.dcm")
    with pytest.raises(StudyError, match="several slices at one place that nothing tells apart"):
        read_study([folder])


def test_one_uid_on_all_files_is_no_copy(tmp_path: Path) -> None:
    for i in range(4):
        save(mr(i, uid="1.2.3.4"), tmp_path / f"{i}.dcm")
    study = read_study([tmp_path])
    assert "uid-not-unique" in codes(study)
    assert load_image(study.series[0]).pixels[:, 0, 0].tolist() == [4, 3, 2, 1]


@pytest.mark.parametrize("number", [1, None])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a5_order_comes_from_positions(tmp_path: Path, number: int | None, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(12)
    for name, i in enumerate(order, start=1):
        save(mr(int(i), InstanceNumber=number), tmp_path / f"{name}.dcm")
    image = only_image(tmp_path)
    assert image.pixels[:, 0, 0].tolist() == list(range(12, 0, -1))
    np.testing.assert_allclose(image.affine[:3, 3], [44, -50, 50])


@pytest.mark.parametrize("gap", [None, -4, 0.5, 4, ""])
def test_a7_spacing_between_slices_does_not_count(tmp_path: Path, gap: float | None) -> None:
    image = only_image(save_series(tmp_path, SpacingBetweenSlices=gap))
    wanted = np.array([[-4, 0, 0, 12], [0, 0, 0.5, -50], [0, -0.5, 0, 50], [0, 0, 0, 1]])
    np.testing.assert_allclose(image.affine, wanted)


def test_a8_tilted_ct_is_refused_as_sheared(tmp_path: Path) -> None:
    for i in range(6):
        save(ct(i, ImagePositionPatient=[0, 1.5 * i, 4.0 * i], GantryDetectorTilt=20), tmp_path / f"{i}.dcm")
    with pytest.raises(StudyError, match=r"wanted .* sagittal MR series, got CT, a sheared stack, \(6 files\)"):
        read_study([tmp_path])


def test_a8_sheared_sagittal_stack_is_refused(tmp_path: Path) -> None:
    for i in range(6):
        save(mr(i, ImagePositionPatient=[4.0 * i, -50 + 1.5 * i, 50]), tmp_path / f"{i}.dcm")
    with pytest.raises(StudyError, match="sheared stack"):
        read_study([tmp_path])


@pytest.mark.parametrize("words", [{}, {"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}])
def test_a10_three_planes_in_one_file_are_a_localiser(tmp_path: Path, words: dict[str, Any]) -> None:
    frames: list[tuple[list[float], list[float]]] = [
        (list(map(float, o)), [0.0, -50.0, 50.0]) for o in (AXIAL, SAGITTAL, CORONAL)
    ]
    pixels = np.arange(3 * 16 * 12, dtype=np.uint16).reshape(3, 16, 12)
    save(enhanced(frames, pixels, **words), tmp_path / "a.dcm")
    with pytest.raises(StudyError, match=r"got localiser \(3 slices\)"):
        read_study([tmp_path])


def test_three_planes_in_single_files_are_a_localiser(tmp_path: Path) -> None:
    for n, orientation in enumerate((AXIAL, SAGITTAL, CORONAL)):
        save(mr(n, ImageOrientationPatient=orientation), tmp_path / f"{n}.dcm")
    with pytest.raises(StudyError, match="localiser"):
        read_study([tmp_path])


def test_enhanced_frames_are_sorted_by_place(tmp_path: Path) -> None:
    places = [8.0, 0.0, 12.0, 4.0]
    pixels = np.stack([np.full((16, 12), p + 1, np.uint16) for p in places])
    save(enhanced([(list(map(float, SAGITTAL)), [p, -50.0, 50.0]) for p in places], pixels), tmp_path / "a.dcm")
    study = read_study([tmp_path])
    series = study.series[0]
    image = load_image(series)
    assert series.frames == (2, 0, 3, 1)
    assert len(series.files) == 1
    assert series.sequence is Sequence.T2
    assert image.pixels[:, 0, 0].tolist() == [13, 9, 5, 1]
    np.testing.assert_allclose(image.affine[:3, 0], [-4, 0, 0])
    assert len(image.sop_uids) == 4


@pytest.mark.parametrize("change", [{"pixels": np.full((20, 12), 9, np.uint16)}, {"PixelSpacing": [0.6, 0.6]}])
def test_a12_odd_slice_is_dropped_and_counted(tmp_path: Path, change: dict[str, Any]) -> None:
    folder = save_series(tmp_path)
    save(mr(4, **change), folder / "5.dcm")
    image = only_image(folder)
    assert image.pixels.shape == (4, 16, 12)
    assert text(image, "odd-slice-left-out").startswith("1 slice(s) of another matrix")


def test_two_contrasts_at_the_same_places_become_two_series(tmp_path: Path) -> None:
    for i in range(5):
        save(mr(i), tmp_path / f"t2_{i}.dcm")
        save(mr(i, uid=f"1.2.9.{i}", EchoTime=10, RepetitionTime=500), tmp_path / f"t1_{i}.dcm")
    study = read_study([tmp_path])
    assert {s.sequence for s in study.series} == {Sequence.T1, Sequence.T2}
    for series in study.series:
        np.testing.assert_allclose(load_image(series).affine[:3, 0], [-4, 0, 0])


def test_stations_of_a_long_spine_become_two_series(tmp_path: Path) -> None:
    for i in range(4):
        save(mr(i), tmp_path / f"low_{i}.dcm")
        save(mr(i, uid=f"1.2.9.{i}", ImagePositionPatient=[4.0 * i, -50, 350]), tmp_path / f"high_{i}.dcm")
    study = read_study([tmp_path])
    assert len(study.series) == 2
    assert {load_image(s).affine[2, 3] for s in study.series} == {50.0, 350.0}


def test_later_time_points_are_set_aside(tmp_path: Path) -> None:
    for i in range(4):
        for n in (1, 2, 3):
            pixels = np.full((16, 12), 100 * n + i, np.uint16)
            save(mr(i, uid=f"1.2.{n}.{i + 1}", pixels=pixels, AcquisitionNumber=n), tmp_path / f"{n}_{i}.dcm")
    study = read_study([tmp_path])
    assert load_image(study.series[0]).pixels[:, 0, 0].tolist() == [103, 102, 101, 100]
    assert "later time points of an MR series (8 slices)" in text(study, "repeated-set-aside")


@pytest.mark.parametrize("other", [(AXIAL, "axial MR"), (CORONAL, "coronal MR")])
def test_other_planes_alone_are_refused(tmp_path: Path, other: tuple[list[int], str]) -> None:
    orientation, words = other
    axis = 2 if orientation == AXIAL else 1
    for i in range(4):
        place = [0.0, 0.0, 0.0]
        place[axis] = 4.0 * i
        save(mr(i, ImageOrientationPatient=orientation, ImagePositionPatient=place), tmp_path / f"{i}.dcm")
    with pytest.raises(StudyError, match=rf"wanted a lateral film or a sagittal MR series, got {words} \(4 slices\)"):
        read_study([tmp_path])


def test_orientation_noise_is_no_other_plane(tmp_path: Path) -> None:
    for i in range(4):
        noisy = [2e-5 * (-1) ** i, 1, 1e-5, -2e-5, 1e-5, -1]
        save(mr(i, ImageOrientationPatient=noisy), tmp_path / f"{i}.dcm")
    image = only_image(tmp_path)
    assert len(image.pixels) == 4
    turn = image.affine[:3, :3] / np.linalg.norm(image.affine[:3, :3], axis=0)
    np.testing.assert_allclose(turn.T @ turn, np.eye(3), atol=1e-9)


@pytest.mark.parametrize("missing", ["ImageOrientationPatient", "ImagePositionPatient"])
def test_slices_without_a_place_keep_their_order_and_say_so(tmp_path: Path, missing: str) -> None:
    for i in range(4):
        save(changed(mr(i, SeriesDescription="t2_tse_sag"), **{missing: None}), tmp_path / f"{9 - i}.dcm")
    image = only_image(tmp_path)
    assert image.pixels[:, 0, 0].tolist() == [1, 2, 3, 4]
    assert image.view is View.SAGITTAL
    assert (image.anterior_left, image.superior_up) == (None, None)
    assert "geometry-unknown" in codes(image)


def test_slices_without_place_or_number_are_refused(tmp_path: Path) -> None:
    for i in range(4):
        save(mr(i, ImagePositionPatient=None, InstanceNumber=None), tmp_path / f"{i}.dcm")
    with pytest.raises(StudyError, match="without slice positions or numbers"):
        read_study([tmp_path])


PHANTOM: NDArray[np.uint16] = np.random.default_rng(3).integers(1, 4000, (5, 16, 12)).astype(np.uint16)


def written_another_way(folder: Path, *, up: bool, back: bool, turned: bool = False) -> Path:
    """The same body, stored with rows from foot to head, columns from back to front, or both exchanged."""
    along, down = np.array([0.0, 1, 0]), np.array([0.0, 0, -1])
    for i in range(5):
        pixels, corner = PHANTOM[i], np.array([4.0 * i, -50, 50])
        if up:
            pixels, corner = pixels[::-1], corner + 0.5 * 15 * down
        if back:
            pixels, corner = pixels[:, ::-1], corner + 0.5 * 11 * along
        cosines = [(-1 if back else 1) * along, (-1 if up else 1) * down]
        if turned:
            pixels, cosines = pixels.T, cosines[::-1]
        place = {"ImageOrientationPatient": np.concatenate(cosines).tolist(), "ImagePositionPatient": corner.tolist()}
        save(mr(i, pixels=np.ascontiguousarray(pixels), **place), folder / f"{i}.dcm")
    return folder


def value_at(image: Image, place_mm: NDArray[np.float64]) -> float:
    index = np.linalg.solve(image.affine, [*place_mm, 1.0])[:3].round().astype(int)
    return float(image.pixels[tuple(index)])


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("up", [False, True])
@pytest.mark.parametrize("back", [False, True])
def test_a13_any_storage_orientation_gives_the_same_body(tmp_path: Path, up: bool, back: bool, turned: bool) -> None:
    image = only_image(written_another_way(tmp_path, up=up, back=back, turned=turned))
    assert (image.anterior_left, image.superior_up) == (not back, not up)
    assert image.array_axes == ((2, 0, 1) if turned else (2, 1, 0))
    assert image.pixels.shape == (5, 16, 12)
    for s, r, c in [(0, 0, 0), (4, 15, 11), (2, 3, 8), (1, 12, 1)]:
        place = np.array([4.0 * s, -50 + 0.5 * c, 50 - 0.5 * r])
        assert value_at(image, place) == PHANTOM[s, r, c]


def test_stack_changed_since_it_was_read_is_refused(tmp_path: Path) -> None:
    study = read_study([save_series(tmp_path)])
    save(mr(1, ImageOrientationPatient=AXIAL), tmp_path / "2.dcm")
    with pytest.raises(ImageError, match="differ in orientation"):
        load_image(study.series[0])
    (tmp_path / "2.dcm").unlink()
    with pytest.raises(ImageError, match=r"2\.dcm: can't be read"):
        load_image(study.series[0])
