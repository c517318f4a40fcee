"""Folders, zips, links, DICOMDIR and odd names (field reports C6, C9)."""

from __future__ import annotations

import shutil
import stat
import unicodedata
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, MediaStorageDirectoryStorage

from ovf_imaging.dicom import find_studies, forget_archives, load_image, read_study
from ovf_imaging.dicom.archive import unpacked
from ovf_imaging.errors import StudyError
from tests.dicom.build import mr, save, save_series


def dicomdir(path: Path, *names: list[str]) -> None:
    """A DICOMDIR that names files, as discs carry it."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = MediaStorageDirectoryStorage
    ds.file_meta.MediaStorageSOPInstanceUID = UID("1.2.3")
    ds.FileSetID = "DISC"
    records = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ".." is no file ID
        for name in names:
            record = Dataset()
            record.DirectoryRecordType, record.ReferencedFileID = "IMAGE", name
            records.append(record)
        ds.DirectoryRecordSequence = records
        pydicom.dcmwrite(path, ds, enforce_file_format=True)


def test_c6_dicomdir_is_a_hint_only(tmp_path: Path) -> None:
    for i in range(4):
        save(mr(i), tmp_path / "disc" / "images" / f"im{i}.dcm")
    save(mr(4, uid="1.2.4"), tmp_path / "x" / "outside")
    names = [["IMAGES", f"IM{i}"] for i in range(3)]
    dicomdir(tmp_path / "disc" / "DICOMDIR", *names, ["IMAGES", "IM7"], ["..", "x", "outside"])
    for start in (tmp_path / "disc", tmp_path / "disc" / "DICOMDIR"):
        study = read_study([start])
        assert len(study.series[0].files) == 4
        said = {c.code: c.text for c in study.caveats}
        assert said == {
            "dicomdir-missing": "the DICOMDIR names 1 file(s) that are missing",
            "dicomdir-outside": "the DICOMDIR names 1 file(s) outside its folder; they were not read",
        }


def test_c6_broken_dicomdir(tmp_path: Path) -> None:
    folder = save_series(tmp_path)
    dicomdir(folder / "DICOMDIR", ["1"])
    raw = (folder / "DICOMDIR").read_bytes()
    (folder / "DICOMDIR").write_bytes(raw[: len(raw) - 20])
    assert len(read_study([folder]).series[0].files) == 4


def test_links_out_of_the_root_are_not_followed(tmp_path: Path) -> None:
    outside = save(mr(9), tmp_path / "elsewhere" / "9.dcm")
    folder = save_series(tmp_path / "root")
    (folder / "link.dcm").symlink_to(outside)
    (folder / "linked").symlink_to(outside.parent)
    (folder / "round").symlink_to(folder)
    (folder / "dead.dcm").symlink_to(folder / "nothing")
    study = read_study([folder])
    assert len(study.series[0].files) == 4
    assert {c.code for c in study.caveats} == {"links-not-followed", "unreadable-files"}


def test_a_link_may_be_the_input_itself(tmp_path: Path) -> None:
    folder = save_series(tmp_path / "real")
    (tmp_path / "link").symlink_to(folder)
    assert len(read_study([tmp_path / "link"]).series[0].files) == 4


NAMES = [
    "Übung Wirbelsäule 1",
    "Dicom源文件",
    unicodedata.normalize("NFD", "tête"),
    "with dot.",
    "-leading",
    "sp ace  s",
    "x" * 200 + "/" + "y" * 200,
    "quote'\"and$dollar",
]


@pytest.mark.parametrize("name", NAMES)
def test_c9_odd_folder_names(tmp_path: Path, name: str) -> None:
    plain = load_image(read_study([save_series(tmp_path / "plain")]).series[0])
    folder = save_series(tmp_path / "odd" / name)
    image = load_image(read_study([folder]).series[0])
    np.testing.assert_array_equal(image.pixels, plain.pixels)
    np.testing.assert_array_equal(image.affine, plain.affine)
    found = find_studies(tmp_path / "odd")
    assert [len(s.inputs) for s in found] == [4]
    assert found[0].where == name


def test_names_that_are_no_utf8(tmp_path: Path) -> None:
    folder = save_series(tmp_path / b"caf\xe9".decode("utf-8", "surrogateescape"))
    assert len(read_study([folder]).series[0].files) == 4
    assert len(find_studies(tmp_path)) == 1


def packed(folder: Path, path: Path) -> Path:
    files = sorted(folder.rglob("*"))  # listed first: the zip may lie in the same folder
    with zipfile.ZipFile(path, "w") as archive:
        for file in files:
            archive.write(file, file.relative_to(folder))
    return path


def test_zip_equals_its_folder(tmp_path: Path) -> None:
    folder = save_series(tmp_path / "in" / "Wirbelsäule")
    path = packed(tmp_path / "in", tmp_path / "a.zip")
    direct, zipped = read_study([folder]), read_study([path])
    np.testing.assert_array_equal(load_image(direct.series[0]).pixels, load_image(zipped.series[0]).pixels)
    assert read_study([path]).series == zipped.series  # unpacked once
    assert direct.uid == zipped.uid
    (tmp_path / "only").mkdir()
    shutil.copy(path, tmp_path / "only")
    assert len(read_study([tmp_path / "only"]).series) == 1
    forget_archives()
    assert not zipped.series[0].files[0].exists()


def test_zip_never_writes_outside(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    data = save(mr(), tmp_path / "1.dcm").read_bytes()
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("../../evil.dcm", "/tmp/evil.dcm", "C:\\evil.dcm", "a/" * 200 + "x" * 200, "con\x07trol"):
            archive.writestr(name, data)
        link = zipfile.ZipInfo("link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    folder = unpacked(path)
    files = [f for f in folder.rglob("*") if not f.is_dir()]
    assert len(files) == 5
    assert all(f.resolve().is_relative_to(folder.resolve()) and not f.is_symlink() for f in files)
    study = read_study([path])
    assert len(study.series[0].files) == 1
    assert [c.code for c in study.caveats] == ["duplicates-left-out"]


def test_zip_bomb_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("zeros", "w") as member:
        for _ in range(100):
            member.write(bytes(1 << 20))
    with pytest.raises(StudyError, match=r"bomb\.zip: the zip grows beyond what is safe to unpack"):
        read_study([path])


def test_damaged_zip_is_refused(tmp_path: Path) -> None:
    path = packed(save_series(tmp_path / "in"), tmp_path / "a.zip")
    raw = path.read_bytes()
    path.write_bytes(raw[: len(raw) // 2])
    with pytest.raises(StudyError, match="the zip is damaged"):
        read_study([path])
    path.write_bytes(raw[:300] + b"\xff" * 50 + raw[350:])
    with pytest.raises(StudyError, match="the zip is damaged"):
        read_study([path])


def test_encrypted_zip_is_refused(tmp_path: Path) -> None:
    path = packed(save_series(tmp_path / "in", 1), tmp_path / "a.zip")
    raw = bytearray(path.read_bytes())
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.index(mark) + flags] |= 1
    path.write_bytes(bytes(raw))
    with pytest.raises(StudyError, match=r"the zip is encrypted; give it unpacked"):
        read_study([path])


def test_zip_without_images_or_with_zips(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("notes.txt", "hello")
    with pytest.raises(StudyError, match=r"none of 2 file.* is an image"):
        read_study([path])
    packed(save_series(tmp_path / "in", 1), tmp_path / "inner.zip")
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(tmp_path / "inner.zip", "inner.zip")
    with pytest.raises(StudyError, match=r"1 zip\(s\) inside the zip were not opened; unpack it"):
        read_study([path])


def test_zip_beside_other_files_is_set_aside(tmp_path: Path) -> None:
    folder = save_series(tmp_path / "in")
    packed(folder, folder / "copy.zip")
    assert [c.code for c in read_study([folder]).caveats] == ["zip-set-aside"]


def test_broken_zip_beside_a_good_input_is_told(tmp_path: Path) -> None:
    folder = save_series(tmp_path / "in")
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04 nothing")
    assert [c.code for c in read_study([folder, tmp_path / "a.zip"]).caveats] == ["unreadable-files"]


def test_folders_are_searched_to_their_depths(tmp_path: Path) -> None:
    for i in range(4):
        save(mr(i), tmp_path / "a" / str(i) / "b" / "c")
    (tmp_path / "__MACOSX").mkdir()
    (tmp_path / "__MACOSX" / "._1.dcm").write_bytes(b"\x00\x05\x16\x07")
    (tmp_path / "._1.dcm").write_bytes(b"\x00\x05\x16\x07")
    study = read_study([tmp_path])
    assert len(study.series[0].files) == 4
    assert not study.caveats
