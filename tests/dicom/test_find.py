"""Finding the studies of a folder."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pil

from ovf_imaging.dicom import find_studies, read_study
from ovf_imaging.errors import StudyError
from tests.dicom.build import film, mr, ramp, save, save_series


def many(root: Path) -> Path:
    save_series(root / "Smith" / "mr", 3)
    save(mr(3), root / "Smith" / "more" / "4.dcm")
    save(film(StudyInstanceUID="1.5.1", uid="1.5.2"), root / "Jones" / "film")
    Pil.fromarray(ramp().astype(np.uint8)).save(root / "film.png")
    with zipfile.ZipFile(root / "a.zip", "w") as archive:
        archive.write(root / "Jones" / "film", "film")
    (root / "readme.txt").write_text("hello", encoding="utf-8")
    (root / "broken.dcm").write_text("hello", encoding="utf-8")
    (root / "Smith" / "mr" / "empty.dcm").touch()
    return root


def test_studies_are_grouped_by_uid_wherever_they_lie(tmp_path: Path) -> None:
    found = {s.where: s for s in find_studies(many(tmp_path))}
    assert sorted(found) == ["Jones", "Smith", "a.zip", "broken.dcm", "film.png"]
    assert len(found["Smith"].inputs) == 5  # four slices and the empty file of the same folder
    assert found["Jones"].uid == "1.5.1"
    assert found["broken.dcm"].problem == "named .dcm but it holds text"
    assert all(not s.problem for s in found.values() if s.where != "broken.dcm")
    study = read_study(found["Smith"].inputs)
    assert len(study.series[0].files) == 4
    assert [c.code for c in study.caveats] == ["unreadable-files"]
    assert read_study(found["a.zip"].inputs).uid == "1.5.1"


def test_names_are_short_stable_and_name_nobody(tmp_path: Path) -> None:
    one, two = find_studies(many(tmp_path / "a")), find_studies(many(tmp_path / "b"))
    assert [s.name for s in one] == [s.name for s in two]
    assert len({s.name for s in one}) == len(one)
    assert all(len(s.name) == 12 and "smith" not in s.name.lower() for s in one)


def test_two_studies_of_one_folder(tmp_path: Path) -> None:
    save(mr(0, StudyInstanceUID="1.1"), tmp_path / "1")
    save(mr(1, StudyInstanceUID="1.2"), tmp_path / "2")
    (tmp_path / "3.dcm").touch()
    found = find_studies(tmp_path)
    assert sorted(s.uid for s in found) == ["", "1.1", "1.2"]
    assert [s.problem for s in found if not s.uid] == ["empty file (0 bytes)"]


def test_files_without_a_study_uid_are_grouped_by_folder(tmp_path: Path) -> None:
    for i in range(2):
        save(mr(i, StudyInstanceUID=None), tmp_path / "a" / f"{i}")
        save(mr(i, StudyInstanceUID=None), tmp_path / "b" / f"{i}")
    assert [(s.where, s.uid, len(s.inputs)) for s in find_studies(tmp_path)] == [("a", "", 2), ("b", "", 2)]


def test_skipped_folders(tmp_path: Path) -> None:
    many(tmp_path / "data")
    assert len(find_studies(tmp_path, skip=[tmp_path / "data" / "Smith"])) == 4


def test_nothing_to_find(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"no study found among 0 file\(s\); give"):
        find_studies(tmp_path)
    (tmp_path / "notes.txt").write_text("hello", encoding="utf-8")
    with pytest.raises(StudyError, match=r"no study found among 1 file\(s\)"):
        find_studies(tmp_path)
    with pytest.raises(StudyError, match="no such folder; check the path"):
        find_studies(tmp_path / "nothing")
    with pytest.raises(StudyError, match="got a file that is no image"):
        find_studies(tmp_path / "notes.txt")


def test_one_file_as_root(tmp_path: Path) -> None:
    assert [s.where for s in find_studies(save(mr(), tmp_path / "1.dcm"))] == ["1.dcm"]
