"""Painted cases: what `ovf simulate --painted` writes, against the masks of the files themselves."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from ovf_imaging.cli.main import run
from ovf_imaging.dicom import load_image, read_study
from ovf_imaging.errors import SettingsError
from ovf_imaging.training import film_data, mri_data
from ovf_imaging.training.simulation.cases import (
    PaintedCase,
    Sources,
    draw_painted_case,
    painted_files,
    painted_stream,
)
from ovf_imaging.training.simulation.painted import PaintSettings
from ovf_imaging.types import Level, Scale, View
from tests.training.simulation.painted_phantom import chord

BROKEN = PaintSettings(fractured=1.0, through=1.0, worst_loss=(0.25, 0.5), slipped=0.0, plana=0.0)


def case(data: Path, modality: str, split: str = "train", number: int = 0) -> PaintedCase:
    """Return a painted case of seed 5."""
    return draw_painted_case(Sources.of(data, modality, split), BROKEN, seed=5, number=number)


def written(files: dict[str, bytes], folder: Path) -> dict[str, Any]:
    """Write a case and return its truth."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    truth: dict[str, Any] = json.loads((folder / "truth.json").read_text())
    return truth


def lost(before: np.ndarray, after: np.ndarray, body: dict[str, Any]) -> tuple[float, float]:
    """Return what the middle height lost by the masks (H, W) before and after, and by the truth.

    A mask's height is its length on the line through the middles of both endplates, which the truth only points at.
    """
    lengths = []
    for mask, marks in (
        (before, np.array(body["painted"]["landmarks_before"])),
        (after, np.array(body["landmarks"])[:, 1:]),
    ):
        beyond = 0.3 * (marks[4] - marks[1])
        ends = chord(mask, marks[1] - beyond, marks[4] + beyond)
        lengths.append(np.linalg.norm(ends[1] - ends[0]))
    return float(1 - lengths[1] / lengths[0]), float(body["height_loss"][1])


@pytest.mark.real_data
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # film_data leaves films to the collector
def test_the_same_seed_gives_the_same_bytes(shared_data: Path):
    first, again, other = (painted_files(case(shared_data, "radiograph", number=n)) for n in (0, 0, 1))
    assert first == again
    assert first != other


@pytest.mark.real_data
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
def test_a_split_holds_its_own_patients_alone(shared_data: Path):
    """Held back are 14 volumes and 6 films; none of them is for training."""
    for modality, held, count in (("mri", mri_data.HELD_BACK, 64), ("radiograph", film_data.HELD_BACK, 26)):
        kept, train = (set(Sources.of(shared_data, modality, s).names) for s in ("held-back", "train"))
        assert kept == set(held)
        assert not kept & train
        assert len(kept | train) == count
    drawn = {case(shared_data, "radiograph", "held-back", n).picture.name for n in range(4)}
    assert drawn <= set(film_data.HELD_BACK)


@pytest.mark.real_data
@pytest.mark.parametrize("number", range(2))
def test_heights_of_a_volume_are_those_of_its_masks(shared_data: Path, tmp_path: Path, number: int):
    """The loss of the middle height within 5 % of the height, 1.3 mm of 25: masks are of whole millimetres."""
    painted = case(shared_data, "mri", number=number)
    truth = written(painted_files(painted), tmp_path)
    told = truth["studies"][0]["images"][0]
    real = mri_data.load_volume(shared_data / "mri_vertebral_bodies", truth["source"]).labels
    image, labels = (sitk.ReadImage(str(tmp_path / "study_1" / f"{n}.nii.gz")) for n in ("image", "labels"))
    after = sitk.GetArrayFromImage(labels)
    assert np.array_equal(after, painted.picture.labels)
    broken = [b for b in told["bodies"] if b["fracture"] and max(b["height_loss"]) > 0]
    assert broken
    for body in broken:
        plane = round(body["landmarks"][0][0])
        by_mask, by_truth = lost(real[plane] == body["level"], after[plane] == body["level"], body)
        assert by_mask == pytest.approx(by_truth, abs=0.05)
        slice_, row, column = body["landmarks"][0]
        at_mm = image.TransformContinuousIndexToPhysicalPoint((column, row, slice_))
        assert at_mm == pytest.approx(body["landmarks_mm"][0], abs=1e-3)


@pytest.mark.real_data
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
def test_a_film_is_read_back_and_what_is_unknown_stays_so(shared_data: Path, tmp_path: Path):
    """No scale, age or sex; S1 has no inferior endplate; heights lost as the masks say, within 3 %."""
    painted = case(shared_data, "radiograph", "held-back", number=2)
    truth = written(painted_files(painted), tmp_path)
    assert (truth["kind"], truth["source"], truth["split"]) == ("painted", painted.picture.name, "held-back")
    told = truth["studies"][0]["images"][0]
    image = load_image(read_study([tmp_path / "study_1"]).series[0])
    assert (image.view, image.scale) == (View.LATERAL, Scale.UNKNOWN)
    assert image.anterior_left == (told["facing"] == "left")
    assert (told["scale"], told["patient"]["age_years"], told["patient"]["sex"]) == (None, None, None)
    sacrum = [b for b in told["bodies"] if b["level"] == Level.S1]
    assert all(b["landmarks"][3] == [None, None, None] for b in sacrum)
    assert all(b["heights_mm"] == [None] * 3 for b in told["bodies"])
    assert {row["quantity"] for row in told["patient"]["angles"]} >= {"wedge_angle", "local_cobb"}
    folder = shared_data / "radiographs_lateral_lumbar"
    entry = json.loads((folder / "landmarks.json").read_text())[truth["source"]]
    real = film_data.lateral_scene(folder / truth["source"], entry).instances.numpy()
    broken = [b for b in told["bodies"] if b["fracture"]]
    assert broken
    for body in broken:
        after = np.asarray(painted.picture.labels) == body["level"]
        by_mask, by_truth = lost(real == body["level"], after, body)
        assert by_mask == pytest.approx(by_truth, abs=0.03)


@pytest.mark.real_data
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
def test_painted_cases_stream_to_a_trainer(shared_data: Path):
    """A film's scene holds the painted landmarks, and its ignored places begin above the topmost body."""
    sources = Sources.of(shared_data, "radiograph", "train")
    scene = next(painted_stream(sources, BROKEN, seed=5))
    drawn = draw_painted_case(sources, BROKEN, seed=5).picture
    assert np.array_equal(scene.image[0].numpy(), drawn.pixels)
    for level in scene.fracturable:
        row, column = scene.landmarks[level].mean(0).round().astype(int)
        assert scene.instances[row, column] == level
        assert not scene.ignore[0, row, column]


@pytest.mark.real_data
def test_the_command_writes_painted_cases(shared_data: Path, tmp_path: Path):
    given = ["simulate", "--painted", "--modality", "mri", "--n", "1", "--seed", "3", "--split", "held-back"]
    assert run([*given, "--out", str(tmp_path), "--data", str(shared_data)]) == 0
    (folder,) = tmp_path.iterdir()
    assert folder.name == "painted_mri_held-back_3_00000"
    assert json.loads((folder / "truth.json").read_text())["source"] in mri_data.HELD_BACK


def test_without_images_there_is_one_line_that_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Exit 2; nothing is written."""
    given = ["simulate", "--painted", "--modality", "mri", "--n", "1", "--seed", "1", "--out", str(tmp_path / "out")]
    assert run([*given, "--data", str(tmp_path)]) == 2
    assert "name the folder of images with --data" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_an_unknown_split_is_refused(tmp_path: Path):
    with pytest.raises(ValueError, match="'tests'"):
        Sources.of(tmp_path, "mri", "tests")
    with pytest.raises(SettingsError, match="no pictures to paint on"):
        Sources.of(tmp_path, "mri", "train")
