"""A case's files are written all or none, and an earlier case is replaced whole."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ovf_imaging.errors import InputError, OutputError
from ovf_imaging.report import case_from_json, case_to_json, read_case, write_case
from ovf_imaging.types import Case
from tests import fakes
from tests.report.alike import assert_alike

MRI_FILES = {
    *("case.json", "image_1.nii.gz", "labels_1.nii.gz", "masks_1.npz"),
    *("measurements.csv", "overlay_1.png", "report.pdf"),
}


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_all_files_are_written_and_read_back(tmp_path: Path) -> None:
    case = fakes.mri_case()
    out = tmp_path / "new" / "case"
    paths = write_case(case, out)
    assert paths[0] == out / "case.json"
    assert {path.name for path in paths} == names(out) == MRI_FILES
    assert all(path.parent == out for path in paths)
    assert names(tmp_path / "new") == {"case"}
    assert_alike(read_case(out), case)
    assert_alike(case_from_json((out / "case.json").read_text(encoding="utf-8"), out), case)
    with Image.open(out / "overlay_1.png") as picture:
        assert picture.mode == "RGB"


def test_a_case_without_reading_has_its_four_files(tmp_path: Path) -> None:
    case = fakes.empty_case()
    write_case(case, tmp_path / "out")
    assert names(tmp_path / "out") == {"case.json", "measurements.csv", "report.pdf"}
    assert_alike(read_case(tmp_path / "out"), case)


def test_the_same_case_gives_the_same_files(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_case(fakes.film_case(), tmp_path / name)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_the_folder_can_be_entered_by_those_whom_the_umask_lets(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        write_case(fakes.empty_case(), tmp_path / "out")
    finally:
        os.umask(before)
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o755


def test_an_earlier_case_is_replaced_and_other_files_stay(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    write_case(fakes.long_case(), tmp_path)
    assert "labels_2.nii.gz" in names(tmp_path)
    write_case(fakes.empty_case(), tmp_path)
    assert names(tmp_path) == {"case.json", "measurements.csv", "report.pdf", "notes.txt"}
    assert_alike(read_case(tmp_path), fakes.empty_case())


def test_the_present_folder_can_be_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    paths = write_case(fakes.empty_case(), Path())
    assert all(path.is_file() for path in paths)


@pytest.mark.parametrize("name", ["Übung Wirbelsäule 1", "源文件", "te\u0302te", "-x", "a b."])
def test_folders_of_any_name(name: str, tmp_path: Path) -> None:
    write_case(fakes.empty_case(), tmp_path / name)
    assert_alike(read_case(tmp_path / name), fakes.empty_case())


def test_a_file_in_the_folders_place_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.write_text("mine")
    with pytest.raises(OutputError, match="wanted a folder for the results, got a file"):
        write_case(fakes.empty_case(), out)
    assert out.read_text() == "mine"
    assert names(tmp_path) == {"out"}


def test_a_file_on_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OutputError, match="a part of its path is a file"):
        write_case(fakes.empty_case(), tmp_path / "file" / "deep" / "out")
    assert names(tmp_path) == {"file"}


@pytest.mark.parametrize("name", ["report.pdf", "case.json", "labels_3.nii.gz"])
def test_files_of_our_names_that_are_not_ours_are_kept(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("{}")
    with pytest.raises(OutputError, match=f"holds {name}, which no case.json of ours goes with"):
        write_case(fakes.empty_case(), tmp_path)
    assert contents(tmp_path) == {name: b"{}"}


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="has no /proc, where nobody may make a folder")
@pytest.mark.parametrize("out", ["/proc/out", "/proc/self"])
def test_a_place_that_cannot_be_written_is_told(out: str) -> None:
    with pytest.raises(OutputError, match=f"{out}: the results wanted a folder to write to"):
        write_case(fakes.empty_case(), Path(out))


UNPRIVILEGED = """
import os, sys
from pathlib import Path
from ovf_imaging.errors import OutputError
from ovf_imaging.report import write_case
from tests import fakes
case = fakes.empty_case()
if os.geteuid() == 0:
    os.setuid(65534)
try:
    write_case(case, Path(sys.argv[1]))
except OutputError as error:
    print(error)
"""


def test_a_folder_without_permission_is_told(tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-c", UNPRIVILEGED, str(locked / "out")],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "writing there isn't allowed" in done.stdout
    assert not list(locked.iterdir())


LIMITED = """
import resource, sys
from pathlib import Path
from ovf_imaging.errors import OutputError
from ovf_imaging.report import write_case
from tests import fakes
case = fakes.film_case()
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
try:
    write_case(case, Path(sys.argv[1]))
except OutputError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="has no limit on a file's size")
@pytest.mark.parametrize("room", [100_000, 500_000])
@pytest.mark.parametrize("earlier", [False, True], ids=["new folder", "earlier case"])
def test_no_space_leaves_everything_as_it_was(room: int, earlier: bool, tmp_path: Path) -> None:
    out = tmp_path / "out"
    if earlier:
        write_case(fakes.mri_case(), out)
    before = contents(out) if earlier else {}
    here = Path(__file__).resolve().parents[2]
    run = subprocess.run(
        [sys.executable, "-c", LIMITED, str(out), str(room)], cwd=here, capture_output=True, text=True, check=True
    )
    assert "a file would grow too large there" in run.stdout
    assert names(tmp_path) == ({"out"} if earlier else set())
    assert (contents(out) if earlier else {}) == before


def test_a_move_that_fails_puts_the_earlier_case_back(tmp_path: Path) -> None:
    write_case(fakes.empty_case(), tmp_path)
    before = contents(tmp_path)
    (tmp_path / "labels_1.nii.gz").mkdir()
    with pytest.raises(OutputError, match="a folder stands in the place of one of its files"):
        write_case(fakes.mri_case(), tmp_path)
    (tmp_path / "labels_1.nii.gz").rmdir()
    assert contents(tmp_path) == before


def test_a_case_without_pixels_never_overwrites_pixels_with_zeros(tmp_path: Path) -> None:
    case = fakes.mri_case()
    bare = case_from_json(case_to_json(case))
    write_case(bare, tmp_path / "bare")
    assert "image_1.nii.gz" not in names(tmp_path / "bare")
    back = read_case(tmp_path / "bare")
    assert back.readings[0].image.pixels.shape == case.readings[0].image.pixels.shape
    assert_alike(back.assessment, case.assessment)


def test_reading_what_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"case\.json: wanted a file of a case written by ovf assess, got none"):
        read_case(tmp_path)
    write_case(fakes.mri_case(), tmp_path / "out")
    (tmp_path / "out" / "labels_1.nii.gz").unlink()
    with pytest.raises(InputError, match=r"labels_1\.nii\.gz: wanted a file of a case"):
        read_case(tmp_path / "out")


def test_a_whole_film_keeps_its_pixels(tmp_path: Path) -> None:
    case = wide()
    write_case(case, tmp_path / "out")
    back = read_case(tmp_path / "out").readings[0]
    np.testing.assert_array_equal(back.image.pixels, case.readings[0].image.pixels)
    assert back.labels.max() == 26


def wide() -> Case:
    case = fakes.film_case()
    reading = case.readings[0]
    pixels = (reading.image.pixels * np.float32(0.1)).astype(np.float32)  # no whole numbers
    return replace(case, readings=(replace(reading, image=replace(reading.image, pixels=pixels)),))
