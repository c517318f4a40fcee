"""`ovf train` and `ovf evaluate`: what they refuse before minutes or hours are spent."""

from __future__ import annotations

from pathlib import Path

import pytest

from ovf_imaging.cli.main import run


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["train", "mri"], "wanted the folder radiographs_lateral_lumbar"),
        (["train", "radiograph"], "name the given data with --data"),
        (["evaluate", "mri"], "mri_vertebral_bodies/spineweb_10_image.nii.gz: no such file or folder"),
        (["evaluate", "mri", "--models", "nowhere"], "nowhere/vertebrae_mri/configs/metadata.json: no readable model"),
        (["evaluate", "mri", "--full-spine"], "these are films; give it with radiograph"),
    ],
)
def test_what_can_not_be_done_gets_a_sentence_and_no_folder(
    arguments: list[str], complaint: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    where = ["--data", str(tmp_path), "--out", str(tmp_path / "out"), "--device", "cpu"]
    assert run([*arguments, *where]) == 2
    said = capfd.readouterr()
    assert complaint in said.err
    assert said.out == ""
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_holds_something_is_not_trained_into(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for name in ("radiographs_lateral_lumbar", "radiographs_ap_landmarks", "mri_vertebral_bodies"):
        (tmp_path / "data" / name).mkdir(parents=True)
    for name in ("mri_lumbar_polygons", "meshes"):
        (tmp_path / "data" / name).mkdir()
    out = tmp_path / "data"  # holds something
    assert run(["train", "mri", "--data", str(tmp_path / "data"), "--out", str(out)]) == 2
    assert "wanted a new or empty folder, or with --resume one where a training was begun" in capfd.readouterr().err
