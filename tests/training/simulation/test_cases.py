"""Whole simulated cases: what `ovf simulate` writes, and that the product reads it as what it is."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from pydicom import dcmread

from ovf_imaging.cli.main import run
from ovf_imaging.dicom import load_image, read_study
from ovf_imaging.training.simulation.anatomy import Templates
from ovf_imaging.training.simulation.cases import ALONE, DrawnCase, case_files, case_scenes, draw_case, parse_settings
from ovf_imaging.training.simulation.ct_scan import read_scan
from ovf_imaging.types import Position, Scale, Sequence, View

pytestmark = pytest.mark.real_data
SMALL_FILM = {"rows": 320, "photographed": 0, "monochrome1": 1, "coned": 0}
SMALL_MRI = {"matrix": 128, "pixel_mm": 1.6, "slices": 5}


def drawn(templates: Templates, modality: str, number: int = 0, **study: float) -> DrawnCase:
    """Return a small case of seed 5."""
    settings = parse_settings({"study": ALONE | study, "film": SMALL_FILM, "mri": SMALL_MRI})
    return draw_case(modality, settings, templates, seed=5, number=number)


def written(case: DrawnCase, folder: Path) -> dict[str, Any]:
    """Write a case and return its truth."""
    for name, data in case_files(case).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    truth: dict[str, Any] = json.loads((folder / "truth.json").read_text())
    return truth


def test_the_same_seed_gives_the_same_bytes(templates: Templates):
    """Drawn twice, every file is equal; another number is another patient."""
    first, again = (case_files(drawn(templates, "radiograph")) for _ in range(2))
    assert first == again
    assert case_files(drawn(templates, "radiograph", number=1)) != first


def test_a_film_is_read_as_its_truth_says(templates: Templates, tmp_path: Path):
    """MONOCHROME1 comes back with bright bones, in patient millimetres, facing where the truth says."""
    truth = written(drawn(templates, "radiograph"), tmp_path)
    told = truth["studies"][0]["images"][0]
    study = read_study([tmp_path / "study_1"])
    image = load_image(study.series[0])
    assert (image.view, image.scale) == (View.LATERAL, Scale.PATIENT)
    assert image.pixel_mm[0] == pytest.approx(told["scale"]["patient_pixel_mm"], rel=1e-3)
    assert image.anterior_left == (told["facing"] == "left")
    stored = dcmread(tmp_path / "study_1" / told["files"])
    assert stored.PhotometricInterpretation == "MONOCHROME1"
    assert np.corrcoef(stored.pixel_array.ravel(), image.pixels[0].ravel())[0, 1] < -0.99


def test_film_labels_lie_on_the_landmarks(templates: Templates, tmp_path: Path):
    """The centre of each body's landmarks carries its level in the label file."""
    truth = written(drawn(templates, "radiograph"), tmp_path)
    told = truth["studies"][0]["images"][0]
    labels = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "study_1" / told["labels"])))
    whole = [b for b in told["bodies"] if b["shown"] and not b["cut"] and b["name"] != "S1"]
    assert len(whole) >= 3
    for body in whole:
        row, column = np.mean(body["landmarks"], axis=0)[1:]
        assert labels[0, round(row), round(column)] == body["level"]


def test_an_mri_is_three_series_on_one_grid(templates: Templates, tmp_path: Path):
    """T1, T2 and STIR are recognised, and the truth's landmarks are where the files' own geometry puts them."""
    truth = written(drawn(templates, "mri"), tmp_path)
    study = read_study([tmp_path / "study_1"])
    images = [load_image(s) for s in study.series]
    assert {i.sequence for i in images} == {Sequence.T1, Sequence.T2, Sequence.FLUID}
    told = {i["sequence"]: i for i in truth["studies"][0]["images"]}
    for image in images:
        assert image.pixels.shape[0] == 5
        body = next(b for b in told[image.sequence.value]["bodies"] if b["shown"] and b["name"] != "S1")
        affine = np.array(told[image.sequence.value]["affine"])
        points = np.array(body["landmarks"])
        assert points @ affine[:3, :3].T + affine[:3, 3] == pytest.approx(np.array(body["landmarks_mm"]), abs=1e-6)
        back = np.linalg.inv(image.affine)
        own = np.array(body["landmarks_mm"]) @ back[:3, :3].T + back[:3, 3]
        assert own[:, 1:] == pytest.approx(points[:, 1:], abs=0.02)


def test_a_dynamic_pair_is_one_patient_in_two_positions(templates: Templates, tmp_path: Path):
    """Two films of one study, recognised as flexion and extension; no body changes its depth; lordosis grows."""
    truth = written(drawn(templates, "radiograph", dynamic=1.0), tmp_path)
    study = read_study([tmp_path / "study_1"])
    assert [s.position for s in study.series] == [Position.FLEXION, Position.EXTENSION]
    flexed, extended = truth["studies"][0]["images"]
    for a, b in zip(flexed["bodies"], extended["bodies"], strict=True):
        assert a["depth_mm"] == pytest.approx(b["depth_mm"], rel=0.02)
    lumbar = [
        next(row["degrees"] for row in i["patient"]["angles"] if row["quantity"] == "angle_l1_s1")
        for i in (flexed, extended)
    ]
    assert lumbar[1] < lumbar[0]
    assert len(truth["change"]) >= 6


def test_a_follow_up_is_two_studies(templates: Templates, tmp_path: Path):
    """The second is later, the patient older, and no body grew."""
    truth = written(drawn(templates, "radiograph", follow_up=1.0), tmp_path)
    before, after = truth["studies"]
    assert after["days"] > before["days"] == 0
    assert after["images"][0]["patient"]["age_years"] > before["images"][0]["patient"]["age_years"]
    assert max(max(row["heights_mm"]) for row in truth["change"]) < 1e-6


def test_a_real_ct_may_be_the_patient_of_a_film(shared_data: Path, templates: Templates, tmp_path: Path):
    """With a chance of 1 it is; the source is named, its five bodies told. Without scans the patient is drawn."""
    scans = (read_scan(shared_data / "ct_verse", "verse014"),)
    settings = parse_settings({"study": ALONE | {"ct": 1.0}, "film": SMALL_FILM})
    case = draw_case("radiograph", settings, templates, seed=5, scans=scans)
    truth = written(case, tmp_path)
    assert (truth["kind"], truth["source"]) == ("simulated", "ct_verse/verse014")
    told = truth["studies"][0]["images"][0]
    assert [b["name"] for b in told["bodies"]] == ["L1", "L2", "L3", "L4", "L5"]
    assert told["patient"]["drawn"]["ct"] == "verse014"
    (scene,) = case_scenes(case)
    assert len(scene.landmarks) >= 2
    assert draw_case("radiograph", settings, templates, seed=5).source == ""


def test_the_command_writes_cases(shared_data: Path, tmp_path: Path):
    """One case, its folder whole, no stage left behind."""
    config = tmp_path / "sim.toml"
    config.write_text("[film]\nrows = 256\n")
    given = ["simulate", "--modality", "radiograph", "--n", "1", "--seed", "3", "--config", str(config)]
    assert run([*given, "--out", str(tmp_path / "out"), "--data", str(shared_data)]) == 0
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["radiograph_3_00000"]
    assert (tmp_path / "out" / "radiograph_3_00000" / "truth.json").exists()


def test_absent_meshes_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Exit 2 and one line that names the option."""
    given = ["simulate", "--modality", "mri", "--n", "1", "--seed", "1", "--out", str(tmp_path / "out")]
    assert run([*given, "--data", str(tmp_path)]) == 2
    assert "name the folder of images with --data" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
