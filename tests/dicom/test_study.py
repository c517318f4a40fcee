"""What a study holds: parts set aside, overrides, the patient, one line for every bad input."""

from __future__ import annotations

import os
import re
import tempfile
from collections import abc
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import Dataset
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    EncapsulatedPDFStorage,
    GrayscaleSoftcopyPresentationStateStorage,
    SecondaryCaptureImageStorage,
    XRayRadiofluoroscopicImageStorage,
)

from ovf_imaging.dicom import load_image, read_study
from ovf_imaging.errors import StudyError
from ovf_imaging.types import Position, Scale, Sequence, Study, View
from tests.dicom.build import AXIAL, STUDY_UID, blank, changed, ct, film, mr, put_pixels, ramp, save, save_series

BASIC_TEXT_SR = "1.2.840.10008.5.1.4.1.1.88.11"


def screenshot(uid: str, pixels: Any, **changes: Any) -> Dataset:
    ds = blank(SecondaryCaptureImageStorage, uid)
    ds.Modality, ds.ConversionType = "OT", "WSD"
    return changed(put_pixels(ds, pixels), **changes)


def junk(folder: Path) -> None:
    """What else lies in a real study's folder, under names that say nothing."""
    save(screenshot("1.9.1", np.zeros((16, 12, 3), np.uint8)), folder / "IM1")
    save(screenshot("1.9.2", np.zeros((16, 12), np.uint8), BurnedInAnnotation="YES"), folder / "IM2.dcm")
    for n, sop_class in enumerate((EncapsulatedPDFStorage, BASIC_TEXT_SR, GrayscaleSoftcopyPresentationStateStorage)):
        ds = blank(sop_class, f"1.9.3.{n}")
        ds.Modality = "SR"
        save(ds, folder / f"{n}.png")
    (folder / "Thumbs.db").write_bytes(b"junk")
    (folder / "README").write_text("read me", encoding="utf-8")
    (folder / "empty").touch()


def test_b15_junk_is_set_aside_by_sop_class_with_a_reason(tmp_path: Path) -> None:
    folder = save_series(tmp_path)
    junk(folder)
    study = read_study([folder])
    assert len(study.series) == 1
    said = sorted(c.text for c in study.caveats)
    assert said == [
        "set aside: encapsulated document (PDF) (1 file)",
        "set aside: presentation state (1 file)",
        "set aside: secondary capture (screenshot) (2 files)",
        "set aside: structured report (1 file)",
    ]


def test_b15_junk_alone_is_refused(tmp_path: Path) -> None:
    junk(tmp_path)
    with pytest.raises(
        StudyError, match=r"got encapsulated document \(PDF\) \(1 file\); .*screenshot\) \(2 files\); give"
    ):
        read_study([tmp_path])


def test_colour_mr_is_set_aside(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"colour image \(RGB\)"):
        read_study([save(mr(pixels=np.zeros((16, 12, 3), np.uint8)), tmp_path / "1")])


def test_digitised_film_is_read_with_a_caveat(tmp_path: Path) -> None:
    ds = screenshot(
        "1.9.1", ramp(), ConversionType="DF", SeriesDescription="lateral", NominalScannedPixelSpacing=[0.17, 0.17]
    )
    image = load_image(read_study([save(ds, tmp_path / "1")]).series[0])
    assert (image.view, image.scale) == (View.LATERAL, Scale.DETECTOR)
    assert "film-digitised" in {c.code for c in image.caveats}


@pytest.mark.parametrize("sop_class", [ComputedRadiographyImageStorage, XRayRadiofluoroscopicImageStorage])
def test_other_classes_of_films(tmp_path: Path, sop_class: str) -> None:
    assert read_study([save(film(sop_class=sop_class), tmp_path / "1")]).series[0].view is View.LATERAL


def test_fluoroscopy_run_is_refused(tmp_path: Path) -> None:
    ds = put_pixels(film(sop_class=XRayRadiofluoroscopicImageStorage), ramp(96, 24).reshape(3, 32, 24))
    ds.NumberOfFrames = 3
    with pytest.raises(StudyError, match="film of 3 frames"):
        read_study([save(ds, tmp_path / "1")])


def test_ct_is_refused(tmp_path: Path) -> None:
    for i in range(3):
        save(ct(i), tmp_path / f"{i}")
    with pytest.raises(
        StudyError, match=r"wanted a lateral film or a sagittal MR series, got CT \(3 files\); give the"
    ):
        read_study([tmp_path])


def test_class_missing_falls_back_on_modality(tmp_path: Path) -> None:
    for n, modality in enumerate(("MR", "DX")):
        ds = mr() if modality == "MR" else film()
        ds.Modality = modality
        path = save(ds, tmp_path / f"{n}.dcm")
        raw = path.read_bytes()
        path.write_bytes(raw.replace(str(ds.SOPClassUID).encode(), b"\x00" * len(str(ds.SOPClassUID))))
        assert read_study([path]).series[0].modality == modality


def caveats(study: Study) -> set[str]:
    return {c.code for s in study.series for c in s.caveats}


def test_view_named_for_an_unknown_film(tmp_path: Path) -> None:
    study = read_study([save(film(ViewPosition=None), tmp_path / "1")], view=View.LATERAL)
    assert study.series[0].view is View.LATERAL
    assert not caveats(study)


def test_view_named_against_the_tags_wins_and_is_told(tmp_path: Path) -> None:
    study = read_study([save(film(ViewPosition="AP"), tmp_path / "1")], view=View.LATERAL)
    assert study.series[0].view is View.LATERAL
    assert "view-overridden" in caveats(study)


def test_view_named_leaves_a_known_frontal_film_aside(tmp_path: Path) -> None:
    save(film(uid="1.2.1"), tmp_path / "1")
    save(film(uid="1.2.2", ViewPosition="AP"), tmp_path / "2")
    study = read_study([tmp_path], view=View.LATERAL)
    assert [s.files[0].name for s in study.series] == ["1"]


def test_view_named_for_slices_without_orientation(tmp_path: Path) -> None:
    save_series(tmp_path, ImageOrientationPatient=None)
    assert read_study([tmp_path]).series[0].view is View.UNKNOWN
    assert read_study([tmp_path], view=View.SAGITTAL).series[0].view is View.SAGITTAL


def test_axial_slices_stay_axial_whatever_is_named(tmp_path: Path) -> None:
    save(mr(ImageOrientationPatient=AXIAL), tmp_path / "1")
    with pytest.raises(StudyError, match="axial MR"):
        read_study([tmp_path], view=View.SAGITTAL)


def test_sequence_and_position_named(tmp_path: Path) -> None:
    study = read_study([save_series(tmp_path)], sequence=Sequence.FLUID, position=Position.STANDING)
    assert (study.series[0].sequence, study.series[0].position) == (Sequence.FLUID, Position.STANDING)
    assert caveats(study) == {"sequence-overridden"}


def test_sequence_named_leaves_a_known_other_one(tmp_path: Path) -> None:
    for i in range(3):
        save(mr(i), tmp_path / f"t2{i}")
        t1: dict[str, Any] = {"EchoTime": 10, "RepetitionTime": 500, "SeriesInstanceUID": "1.7", "SeriesNumber": 2}
        save(mr(i, uid=f"1.7.{i}", **t1), tmp_path / f"t1{i}")
    study = read_study([tmp_path], sequence=Sequence.T2)
    assert [s.sequence for s in study.series] == [Sequence.T2, Sequence.T1]


@pytest.mark.parametrize(
    ("named", "words"), [({"view": View.AXIAL}, "view wanted"), ({"sequence": Sequence.NONE}, "sequence wanted")]
)
def test_what_can_not_be_named(tmp_path: Path, named: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_study([save(mr(), tmp_path / "1")], **named)


def test_no_input_is_the_callers_slip() -> None:
    with pytest.raises(ValueError, match="wanted at least one path"):
        read_study([])


PEOPLE: list[tuple[dict[str, Any], float | None, str | None]] = [
    ({"PatientAge": "071Y", "PatientSex": "F"}, 71.0, "F"),
    ({"PatientAge": "018M", "PatientSex": "M"}, 1.5, "M"),
    ({"PatientBirthDate": "19540131", "PatientSex": "O"}, 70.0, "O"),
    ({"PatientAge": "", "PatientBirthDate": "", "PatientSex": ""}, None, None),
    ({"PatientAge": "old", "PatientBirthDate": "1954", "PatientSex": "female"}, None, None),
    ({"PatientBirthDate": "20990101"}, None, None),
]


@pytest.mark.parametrize(("tags", "age", "sex"), PEOPLE)
def test_age_and_sex(tmp_path: Path, tags: dict[str, Any], age: float | None, sex: str | None) -> None:
    study = read_study([save(mr(**tags), tmp_path / "1")])
    assert study.age_years == (None if age is None else pytest.approx(age, abs=0.01))
    assert study.sex == sex


@pytest.mark.parametrize(
    ("tags", "taken"),
    [
        ({"StudyTime": "101530.25"}, datetime(2024, 1, 31, 10, 15, 30)),
        ({"StudyTime": None}, datetime(2024, 1, 31)),
        ({"StudyDate": "", "SeriesDate": "20240201"}, datetime(2024, 2, 1)),
        ({"StudyDate": "2024.01.31"}, datetime(2024, 1, 31)),
        ({"StudyDate": "yesterday"}, None),
    ],
)
def test_when_taken(tmp_path: Path, tags: dict[str, Any], taken: datetime | None) -> None:
    assert read_study([save(mr(**tags), tmp_path / "1")]).taken == taken


def test_c10_absent_type_2_tags(tmp_path: Path) -> None:
    ds = film(StudyDate=None, PatientID=None, PatientName=None, SeriesNumber=None, InstanceNumber=None)
    study = read_study([save(ds, tmp_path / "1")])
    assert (study.uid, study.taken) == (STUDY_UID, None)


def test_study_and_errors_name_no_patient(tmp_path: Path) -> None:
    changes: dict[str, Any] = {
        "PatientBirthDate": "19540131",
        "AccessionNumber": "SECRET-ACC",
        "BodyPartExamined": "LENDENWIRBELSÄU",
    }
    path = save(mr(SeriesDescription="Secret^Person t2 sag", **changes), tmp_path / "1")
    study = read_study([path])
    assert "SECRET" not in repr(study).upper().replace(str(tmp_path).upper(), "")
    save(ct(**changes), tmp_path / "1")
    with pytest.raises(StudyError) as caught:
        read_study([path])
    assert "SECRET" not in str(caught.value).upper().replace(str(tmp_path).upper(), "")


def test_c8_non_ascii_in_a_code_string_is_read(tmp_path: Path) -> None:
    path = save(mr(pixels=ramp(), BodyPartExamined="LENDENWIRBELSÄU"), tmp_path / "1")
    assert load_image(read_study([path]).series[0]).pixels.max() == 4095


def test_two_studies_in_one_folder_are_refused(tmp_path: Path) -> None:
    save(mr(), tmp_path / "1")
    save(mr(1, StudyInstanceUID="1.2.3"), tmp_path / "2")
    with pytest.raises(StudyError, match=r"wanted one study, got 2 \(different StudyInstanceUID\)"):
        read_study([tmp_path])


def test_two_visits_named_together(tmp_path: Path) -> None:
    one = save(film(uid="1.1", SeriesDescription="flexion"), tmp_path / "1")
    two = save(film(uid="1.2", SeriesDescription="extension", StudyInstanceUID="1.2.3"), tmp_path / "2")
    assert {s.position for s in read_study([one, two]).series} == {Position.FLEXION, Position.EXTENSION}
    save(film(uid="1.2", StudyInstanceUID="1.2.3", PatientID="OTHER"), tmp_path / "2")
    with pytest.raises(StudyError, match="wanted one study, got 2"):
        read_study([one, two])


def test_films_that_say_nothing_are_in_the_position_that_their_file_names(tmp_path: Path) -> None:
    films = [
        save(film(uid=f"1.{n}"), tmp_path / f"{name}.dcm") for n, name in enumerate(("flexion", "extension", "IM7"))
    ]
    found = [series.position for series in read_study(films).series]
    assert sorted(found) == [Position.EXTENSION, Position.FLEXION, Position.UNKNOWN]


def test_several_inputs_are_one_study(tmp_path: Path) -> None:
    files = [save(mr(i), tmp_path / str(i) / "x") for i in range(4)]
    study = read_study(files)
    assert len(study.series) == 1
    assert len(study.series[0].files) == 4
    assert read_study(files[::-1]).series == study.series


# --- bad inputs -----------------------------------------------------------------------------------------------------


def bad(tmp_path: Path, name: str, content: bytes = b"") -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


def test_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="the folder holds no files; give a DICOM file or folder"):
        read_study([tmp_path])


def test_folder_of_other_things(tmp_path: Path) -> None:
    bad(tmp_path, "notes.txt", b"hello")
    with pytest.raises(StudyError, match=r"none of 1 file\(s\) is an image; give"):
        read_study([tmp_path])


BAD: list[tuple[str, bytes, str]] = [
    ("a.dcm", b"this is text\n", r"a\.dcm: named \.dcm but it holds text; give"),
    ("a.dcm", b"", r"a\.dcm: empty file \(0 bytes\); give"),
    ("a.docx", b"\x00\x01\x02\x03" * 100, r"a\.docx: no DICOM, NIfTI, PNG, JPEG, TIFF or zip \(something else\)"),
    ("a.nii.gz", b"\x1f\x8b\x08\x00broken", r"a\.nii\.gz: named \.nii\.gz but it holds something else"),
    ("a.zip", b"PK\x03\x04 no zip at all", r"a\.zip: the zip is damaged"),
    ("a.zip", b"PK\x05\x06" + bytes(18), r"a\.zip: the zip holds no files that can be read"),
    ("a.dcm", b"\x00" * 128 + b"DICM", r"a\.dcm: damaged or truncated DICOM"),
    ("a.dcm", b"\x00" * 128 + b"DICM" + b"\xff" * 300, r"a\.dcm: damaged or truncated DICOM"),
]


@pytest.mark.parametrize(("name", "content", "words"), BAD)
def test_bad_files_are_refused_in_one_line(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    with pytest.raises(StudyError, match=words) as caught:
        read_study([bad(tmp_path, name, content)])
    assert "\n" not in str(caught.value)


def test_absent_path(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="no such file or folder; check the path"):
        read_study([tmp_path / "nothing"])


def test_pipe_is_no_input(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(StudyError, match="neither a file nor a folder"):
        read_study([tmp_path / "pipe"])
    with pytest.raises(StudyError, match="holds no files"):
        read_study([tmp_path])


@contextmanager
def as_nobody() -> abc.Iterator[None]:
    """Drop root's power to read everything, where the tests run as root."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.mark.parametrize("what", ["file", "folder"])
def test_no_permission(what: str) -> None:
    with tempfile.TemporaryDirectory() as base:
        Path(base).chmod(0o755)
        path = save(mr(), Path(base) / "closed" / "1.dcm")
        target = path if what == "file" else path.parent
        target.chmod(0)
        words = f"{target}: no permission to read it; change its permissions or copy it"
        with as_nobody(), pytest.raises(StudyError, match=re.escape(words)):
            read_study([target])
        target.chmod(0o755)


def test_closed_parts_of_a_folder_are_told() -> None:
    with tempfile.TemporaryDirectory() as base:
        Path(base).chmod(0o755)
        save_series(Path(base))
        closed = save(mr(9), Path(base) / "closed" / "1.dcm").parent
        (Path(base) / "3.dcm").chmod(0)
        closed.chmod(0)
        with as_nobody():
            study = read_study([Path(base)])
        closed.chmod(0o755)
    assert len(study.series[0].files) == 3
    assert next(c for c in study.caveats if c.code == "unreadable-files").text.startswith("2 file(s) or folder(s)")
