from pathlib import Path

from folder import Status, case_folders, failures, row_of
from ovf_imaging import words, write_case
from tests import fakes
from tests.app.conftest import BROKEN, FILM, MRI, REASON


def test_case_has_a_row(cases: Path) -> None:
    row = row_of(cases / MRI, cases)
    assert row.study == words.study_mark(fakes.mri_case().study.uid)
    assert row.worst == "L1 · Wedge fracture, Genant grade 2 (moderate)"
    assert row.fractured
    assert row.views == "Sagittal MRI, T2, supine"
    assert row.status is Status.READ
    assert row.caveats == len(fakes.mri_case().all_caveats())


def test_caveats_that_must_be_seen_are_in_the_status(cases: Path) -> None:
    assert row_of(cases / FILM, cases).status is Status.CAVEATS


def test_case_without_a_fracture_says_what_was_assessed(tmp_path: Path) -> None:
    write_case(fakes.normal_case(), tmp_path / "a")
    row = row_of(tmp_path / "a", tmp_path)
    assert row.worst == "No fracture found in the 6 bodies assessed (T12–L5)."
    assert not row.fractured


def test_broken_case_is_a_row_with_its_reason(cases: Path) -> None:
    row = row_of(cases / BROKEN, cases)
    assert row.status is Status.FAILED
    assert "case.json wanted JSON text" in row.reason


def test_case_that_is_no_text_is_a_row_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "case.json").write_bytes(b"\xff\xfe\x00")
    assert row_of(tmp_path, tmp_path).status is Status.FAILED


def test_failed_studies_come_from_the_batch_table(cases: Path) -> None:
    (row,) = failures(cases)
    assert (row.study, row.status, row.reason, row.folder) == ("hip", Status.FAILED, REASON, None)


def test_folder_without_a_table_of_failures_has_none(tmp_path: Path) -> None:
    assert failures(tmp_path) == ()


def test_folder_of_one_case_is_a_worklist_of_one(cases: Path) -> None:
    assert case_folders(cases / MRI) == (cases / MRI,)


def test_half_written_cases_of_a_batch_are_not_listed(tmp_path: Path) -> None:
    write_case(fakes.normal_case(), tmp_path / "a")
    hidden = tmp_path / ".batch" / "work"
    hidden.mkdir(parents=True)
    (hidden / "case.json").write_text("{}", encoding="utf-8")
    assert case_folders(tmp_path) == (tmp_path / "a",)


def test_key_in_the_address_holds_nothing_of_the_folder(cases: Path) -> None:
    keys = {row_of(folder, cases).key for folder in case_folders(cases)}
    assert len(keys) == 3
    assert not any(part in key for key in keys for part in ("mri", "film", "broken"))
