"""Painting on real images: contrasts told apart, truth found again in the pixels."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ovf_imaging.training import film_data, mri_data
from ovf_imaging.training.simulation.painted import (
    BodyFindings,
    PaintSettings,
    paint_film,
    paint_volume,
    slice_sequence,
    volume_sequence,
)
from ovf_imaging.training.simulation.painted.column import scene_column, volume_column
from ovf_imaging.training.simulation.painted.draw import draw_cleft, draw_collapse, draw_oedema
from ovf_imaging.types import Sequence
from tests.training.simulation.painted_phantom import height_errors

pytestmark = pytest.mark.real_data
HEIGHT_PX = 0.7


@pytest.fixture(scope="module")
def volume(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> mri_data.Volume:
    folder = tmp_path_factory.mktemp("volume")
    for part in ("image", "labels"):
        name = f"zenodo22304_07_{part}.nii.gz"
        (folder / name).symlink_to(shared_data / "mri_vertebral_bodies" / name)
    whole = mri_data.load_volumes(folder)[0]
    return replace(whole, pixels=whole.pixels[5:13], labels=whole.labels[5:13])  # the middle ones


def found(seed: int) -> BodyFindings:
    rng = np.random.default_rng(seed)
    settings = PaintSettings(through=1.0, closed=0.0)
    collapse = draw_collapse(rng, settings)
    return BodyFindings(
        collapse=replace(collapse, lean=0.0),
        cleft=draw_cleft(rng, settings, collapse.endplates[0], left=0.6),
        patches=(draw_oedema(rng, settings, collapse.endplates[0]),),
    )


@pytest.mark.parametrize("level", [20, 21, 22])
def test_a_painted_volume_is_as_its_truth_says(volume: mri_data.Volume, level: int):
    """A height read off a mask of pixels errs by up to a pixel, by about 0.3 in the root mean square."""
    column = volume_column(volume, Sequence.T2)
    errors = []
    for seed in range(4):
        findings = {level: found(seed)}
        after = paint_volume(volume, Sequence.T2, findings, np.random.default_rng(0))
        plane = after.bodies[level].plane
        errors.append(height_errors(column, plane, findings, after.labels[plane]))
        truth = after.bodies[level].cleft
        assert truth is not None
        assert after.cleft[plane].sum() == pytest.approx(truth.area_px, rel=0.2, abs=6)
        assert (after.labels[after.cleft] == level).all()
        shown = np.flatnonzero(after.cleft.any((1, 2)))
        assert len(shown) >= 3
        assert np.array_equal(shown, np.arange(shown[0], shown[-1] + 1))
    assert np.abs(errors).max() < 1.0
    assert np.sqrt(np.mean(np.square(errors))) < 0.4


def test_heights_below_a_painted_body_do_not_change(volume: mri_data.Volume):
    after = paint_volume(volume, Sequence.T2, {21: found(3)}, np.random.default_rng(0))
    column = volume_column(volume, Sequence.T2)
    plane = after.bodies[21].plane
    for level, body in column.planes[plane].landmarks.items():
        if level > 22:
            assert after.landmarks[plane][level] == pytest.approx(body, abs=1e-6)


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # film_data leaves films to the collector
def test_a_painted_film_is_as_its_truth_says(shared_data: Path):
    folder = shared_data / "radiographs_lateral_lumbar"
    entry = json.loads((folder / "landmarks.json").read_text())["fraiwan_13.jpg"]
    scene = film_data.lateral_scene(folder / "fraiwan_13.jpg", entry)
    for level in scene.fracturable:
        findings = {level: replace(found(level), patches=())}
        after = paint_film(scene, findings, np.random.default_rng(0), name="fraiwan_13.jpg")
        errors = height_errors(scene_column(scene, "film", Sequence.NONE), 0, findings, after.labels)
        assert np.abs(errors).max() < HEIGHT_PX
        assert (after.labels[after.cleft] == level).all()


def test_contrasts_are_told_apart_by_the_canal(volume: mri_data.Volume, shared_data: Path, tmp_path: Path):
    plane = volume_column(volume, Sequence.T2).planes[len(volume.pixels) // 2]
    assert slice_sequence(plane.pixels, plane.labels, plane.landmarks) is Sequence.T2
    polygons = shared_data / "mri_lumbar_polygons"
    name = "valid_620.jpg"
    (tmp_path / name).symlink_to(polygons / name)
    outlines = json.loads((polygons / "polygons.json").read_text())
    (tmp_path / "polygons.json").write_text(json.dumps({name: outlines[name]}))
    scene = mri_data.polygon_scenes(tmp_path)[0]
    assert slice_sequence(scene.image[0].numpy(), scene.instances.numpy(), scene.landmarks) is Sequence.T1


def test_every_volume_has_a_contrast(shared_data: Path):
    names = [p.name.removesuffix("_image.nii.gz") for p in (shared_data / "mri_vertebral_bodies").glob("*_image*")]
    assert len(names) == 64
    assert {volume_sequence(n) for n in names} == {Sequence.T1, Sequence.T2, Sequence.FLUID}
    with pytest.raises(ValueError, match="no contrast is known for the volume 'elsewhere_01'"):
        volume_sequence("elsewhere_01")
