"""`ovf compare` from case files to page, figure and tables, and what it refuses."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ovf_imaging.cli.main import run
from tests.compare.readers import measuring, mri_case, saved, study

FILES = {"agreement.html", "agreement.csv", "pairs.csv", "bland_altman.svg"}
Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def compare(capfd: pytest.CaptureFixture[str]) -> Command:
    """Return a function that runs `ovf compare` and gives exit code, stdout and stderr."""

    def command(*arguments: str | Path) -> tuple[int, str, str]:
        code = run(["compare", *map(str, arguments)])
        return code, *capfd.readouterr()

    return command


def two_readers(folder: Path, count: int = 3) -> tuple[Path, Path]:
    """Write two readers' cases as `ovf batch` does, B's values a half higher."""
    for k in range(count):
        saved(study(k), folder / "a" / f"case {k}")
        saved(measuring(study(k), lambda _, value: value + 0.5), folder / "b" / f"{k}")
    return folder / "a", folder / "b"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_two_roots_give_page_figure_and_tables(compare: Command, tmp_path: Path):
    code, out, err = compare(*two_readers(tmp_path), "--out", tmp_path / "out")
    assert (code, err) == (0, "")
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES
    assert "Read by both: 3 studies, 3 images" in out
    assert out.count("Written: ") == len(FILES)
    with (tmp_path / "out" / "agreement.csv").open(encoding="utf-8", newline="") as file:
        (row,) = [
            r
            for r in csv.DictReader(file)
            if (r["quantity"], r["statistic"], r["level"]) == ("wedge_angle", "bias", "L1")
        ]
    assert float(row["value"]) == pytest.approx(-0.5)


@pytest.mark.parametrize("name", ["", "case.json"])
def test_one_case_is_a_folder_or_its_file(name: str, compare: Command, tmp_path: Path):
    a, b = saved(study(1), tmp_path / "a"), saved(study(1), tmp_path / "b")
    code, out, _ = compare(a / name, b / name, "--out", tmp_path / "out", "--reference", "b")
    assert code == 0
    assert "B (reference)" in out


def test_what_has_no_partner_is_told_and_turns_the_exit_code(compare: Command, tmp_path: Path):
    a, b = two_readers(tmp_path)
    saved(study(9), b / "more" / "deeper")
    code, out, _ = compare(a, b, "--out", tmp_path / "out")
    assert code == 3
    assert "Without a partner, left out of all statistics: 1 study" in out


def test_without_a_uid_the_relative_path_pairs(compare: Command, tmp_path: Path):
    nameless = replace(mri_case(), study=replace(mri_case().study, uid=""))
    for side in ("a", "b"):
        for name in ("one", "two"):
            saved(nameless, tmp_path / side / name)
    code, out, _ = compare(tmp_path / "a", tmp_path / "b", "--out", tmp_path / "out")
    assert code == 0
    assert "2 studies" in out
    assert b"one" not in contents(tmp_path / "out")["pairs.csv"]  # a folder's name may be the patient's


def test_the_same_cases_give_the_same_bytes_and_replace_an_earlier_page(compare: Command, tmp_path: Path):
    a, b = two_readers(tmp_path, count=6)
    compare(a, b, "--out", tmp_path / "one")
    compare(a, a, "--out", tmp_path / "two")
    assert contents(tmp_path / "one") != contents(tmp_path / "two")
    code, _, _ = compare(a, b, "--out", tmp_path / "two")
    assert code == 0
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_half_written_cases_of_a_batch_are_no_cases(compare: Command, tmp_path: Path):
    a, b = two_readers(tmp_path)
    saved(study(0), a / ".batch" / "work" / "x")
    assert compare(a, b, "--out", tmp_path / "out")[0] == 0


def refused(compare: Command, tmp_path: Path, a: Path, b: Path) -> str:
    """Return the one line with which `ovf compare` refuses, having written nothing."""
    code, out, err = compare(a, b, "--out", tmp_path / "out")
    assert (code, out) == (2, "")
    assert err.startswith("ovf: ")
    assert err.count("\n") == 1
    assert not (tmp_path / "out").exists()
    return err


def test_a_folder_without_cases_is_refused(compare: Command, tmp_path: Path):
    a = saved(study(1), tmp_path / "a")
    (tmp_path / "empty").mkdir()
    assert "holds no case.json" in refused(compare, tmp_path, a, tmp_path / "empty")
    assert "holds no case.json" in refused(compare, tmp_path, tmp_path / "absent", a)


def test_other_studies_are_refused(compare: Command, tmp_path: Path):
    a, b = saved(study(1), tmp_path / "a"), saved(study(2), tmp_path / "b")
    assert "no two studies of A (1) and B (1) are the same" in refused(compare, tmp_path, a, b)


def test_another_schema_is_refused_with_its_file(compare: Command, tmp_path: Path):
    a, b = saved(study(1), tmp_path / "a"), saved(study(1), tmp_path / "b")
    case = json.loads((b / "case.json").read_text(encoding="utf-8"))
    (b / "case.json").write_text(json.dumps({**case, "schema": "ovf-case/9"}), encoding="utf-8")
    message = refused(compare, tmp_path, a, b)
    assert f"{b / 'case.json'}: case.json wanted schema" in message
    assert "'ovf-case/9'" in message


def test_what_is_no_text_is_refused(compare: Command, tmp_path: Path):
    a = saved(study(1), tmp_path / "a")
    (tmp_path / "case.bin").write_bytes(b"\xff\xfe\x00")
    assert "in UTF-8" in refused(compare, tmp_path, tmp_path / "case.bin", a)


def test_a_study_that_comes_twice_is_refused(compare: Command, tmp_path: Path):
    a, b = two_readers(tmp_path, count=1)
    saved(study(0), a / "again")
    assert "one case a study wanted" in refused(compare, tmp_path, a, b)


def test_files_that_are_not_ours_are_kept(compare: Command, tmp_path: Path):
    a, b = two_readers(tmp_path, count=1)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "pairs.csv").write_text("mine")
    code, _, err = compare(a, b, "--out", tmp_path / "out")
    assert code == 2
    assert "holds pairs.csv, which no agreement.html of ours goes with" in err
    assert contents(tmp_path / "out") == {"pairs.csv": b"mine"}
