"""What is written of DICOM files with odd tags, from the file to our own copies (field reports B14, C8, C9, C10)."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ExplicitVRLittleEndian

from ovf_imaging import Case, Pipeline, case_to_json, read_case, write_case
from tests import fakes
from tests.dicom.build import mr, save
from tests.fake_reader import FakeReader, perfect

PIXELS = fakes.mri_image(fakes.column()).pixels.astype(np.uint16)
ABSENT = ("StudyID", "AccessionNumber", "PatientBirthDate", "StudyTime", "StudyDate", "PatientName", "PatientID")


def series(folder: Path, syntax: UID = ExplicitVRLittleEndian, **changes: Any) -> Path:
    """Write the fakes' MRI as a DICOM series."""
    for i, plane in enumerate(PIXELS):
        save(mr(i, pixels=plane, PixelSpacing=[1.1, 1.1], **changes), folder / f"{i}.dcm", syntax)
    return folder


def written(folder: Path, out: Path) -> Case:
    """Return the case of a folder as it reads back from what was written."""
    case = Pipeline(eyes=FakeReader(answer=perfect)).run(folder)
    write_case(case, out)
    back = read_case(out)
    assert case_to_json(back) == case_to_json(case)
    return back


@pytest.mark.parametrize("syntax", [ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian])
def test_b14_our_copies_hold_the_values_in_their_own_byte_order(tmp_path: Path, syntax: UID) -> None:
    plain = written(series(tmp_path / "plain"), tmp_path / "expected")
    case = written(series(tmp_path / "in", syntax), tmp_path / "out")
    np.testing.assert_array_equal(case.readings[0].image.pixels, plain.readings[0].image.pixels)
    for name, values in (("image", PIXELS), ("labels", case.readings[0].labels)):
        stored = nib.nifti1.Nifti1Image.from_filename(tmp_path / "out" / f"{name}_1.nii.gz")
        assert np.asarray(stored.dataobj).max() == values.max()
        assert np.asarray(stored.dataobj).sum() == values.sum()


@pytest.mark.parametrize("word", ["LENDENWIRBELSÄU", "поясница", "腰椎", "\x00\x1b"])
def test_c8_a_code_string_beyond_ascii_breaks_none_of_our_files(tmp_path: Path, word: str) -> None:
    folder = series(
        tmp_path / "in",
        BodyPartExamined=word.encode().decode("latin-1"),
        SeriesDescription=f"T2 sag {word}",
        Manufacturer=word,
    )
    plain = written(series(tmp_path / "plain"), tmp_path / "expected")
    case = written(folder, tmp_path / "out")
    assert case.assessment == plain.assessment
    assert {p.name for p in (tmp_path / "out").iterdir()} == {p.name for p in (tmp_path / "expected").iterdir()}


@pytest.mark.parametrize("value", [None, ""])
def test_c10_absent_and_empty_tags_of_type_2_leave_the_case_whole(tmp_path: Path, value: str | None) -> None:
    case = written(series(tmp_path / "in", **dict.fromkeys(ABSENT, value)), tmp_path / "out")
    assert case.study.taken is None
    assert case.assessment.findings
    assert (tmp_path / "out" / "report.pdf").stat().st_size > 10_000


NAMES = [
    "Übung Wirbelsäule 1",
    "Dicom源文件",
    unicodedata.normalize("NFD", "tête"),
    "dot.",
    "-x",
    "y" * 120 + "/" + "z" * 160,
]


@pytest.mark.parametrize("name", NAMES)
def test_c9_results_go_to_folders_of_any_name(tmp_path: Path, name: str) -> None:
    plain = written(series(tmp_path / "plain"), tmp_path / "expected")
    case = written(series(tmp_path / "in" / name), tmp_path / "out" / name)
    assert case.measurements == plain.measurements
    assert (tmp_path / "out" / name / "measurements.csv").read_bytes() == (
        tmp_path / "expected" / "measurements.csv"
    ).read_bytes()
