"""Simulated cases as scenes for a trainer."""

from itertools import islice

import numpy as np
import pytest

from ovf_imaging.training.scene import FRONTAL
from ovf_imaging.training.simulation.anatomy import Templates
from ovf_imaging.training.simulation.cases import ALONE, case_scenes, draw_case, parse_settings, stream
from ovf_imaging.types import Level

pytestmark = pytest.mark.real_data
FILM = {"rows": 320, "photographed": 0, "monochrome1": 1, "coned": 0}


def test_a_film_scene_holds_what_the_case_told(templates: Templates):
    """Body centres lie in their own instance; the film's bones are bright although it is stored inverted."""
    settings = parse_settings({"study": ALONE, "film": FILM})
    case = draw_case("radiograph", settings, templates, seed=5)
    (scene,) = case_scenes(case)
    film = case.studies[0].pictures[0].film
    assert film is not None
    assert np.corrcoef(scene.image[0].numpy().ravel(), film.pixels.ravel())[0, 1] < -0.9
    inner = list(scene.landmarks)[1:-2]
    assert len(inner) >= 2
    for level in inner:
        row, column = scene.landmarks[level].mean(0).round().astype(int)
        assert scene.instances[row, column] == level
    assert Level.S1 not in scene.fracturable


def test_the_sacrum_of_a_film_is_labelled_below_its_endplate(templates: Templates):
    """A tenth of its depth below the endplate, away from L5, the label is S1; far below nothing is said of it."""
    settings = parse_settings({"study": ALONE, "film": FILM | {"thoracic": 0}})
    (scene,) = case_scenes(draw_case("radiograph", settings, templates, seed=5))
    front, middle, back = scene.landmarks[Level.S1][:3]
    depth = np.linalg.norm(front - back)
    down = middle - scene.landmarks[Level.L5].mean(0)
    down = down / np.linalg.norm(down) * depth
    for share, told in ((0.1, True), (0.8, False)):
        row, column = (middle + share * down).round().astype(int)
        assert (scene.instances[row, column] == Level.S1) == told
        assert scene.ignore[1, row, column] != told


def test_a_frontal_scene_has_no_landmarks(templates: Templates):
    """Its bodies are FRONTAL, and they cover some of the film."""
    settings = parse_settings({"study": ALONE | {"frontal": 1.0}, "film": FILM})
    (scene,) = case_scenes(draw_case("radiograph", settings, templates, seed=5))
    assert not scene.landmarks
    assert set(np.unique(scene.instances)) == {0, FRONTAL}
    assert 0.01 < (scene.instances == FRONTAL).float().mean() < 0.5


def test_mri_scenes_are_slices_of_three_sequences(templates: Templates):
    """Every sequence gives as many; the depth is that of bodies at this pixel size."""
    settings = parse_settings({"study": ALONE, "mri": {"matrix": 128, "pixel_mm": 1.6, "slices": 5}})
    scenes = list(case_scenes(draw_case("mri", settings, templates, seed=5)))
    assert len(scenes) % 3 == 0
    assert {s.image.shape[1:] for s in scenes} == {(128, 128)}
    assert 25 / 1.6 < scenes[0].depth_px < 45 / 1.6


def test_a_stream_is_the_cases_in_order(templates: Templates):
    """It starts where it is told to, with the same pictures that the case itself gives."""
    settings = parse_settings({"study": ALONE, "film": FILM})
    first = next(iter(islice(stream("radiograph", settings, templates, seed=5, first=1), 1)))
    (same,) = case_scenes(draw_case("radiograph", settings, templates, seed=5, number=1))
    assert bool((first.image == same.image).all())
