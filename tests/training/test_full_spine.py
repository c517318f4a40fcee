"""The full-spine films as they are measured: four corners a body in x and y, and the angles between endplates."""

import json

import numpy as np
import pytest
from PIL import Image as Picture

from ovf_imaging.training.evaluate import full_spine_films, look
from ovf_imaging.types import Level
from tests import fakes
from tests.fake_reader import FakeReader, perfect

CORNERS = {"TF": 0, "TB": 2, "BF": 3, "BB": 5}


@pytest.fixture
def rows(tmp_path):
    """One film whose marks are those of a perfect reader, but for L3's, which lie 3 pixels to the right of them."""
    image = fakes.film_image(fakes.column())
    folder = tmp_path / "radiographs_lateral_landmarks"
    folder.mkdir()
    Picture.fromarray(np.clip(image.pixels[0], 0, 255).astype(np.uint8)).save(folder / "1.png")
    marks = {}
    for body in perfect(image).vertebrae:
        for corner, k in CORNERS.items():
            row, column = body.landmarks[k, 1:]
            marks[f"{Level(body.level).name}{corner}"] = [column + 3 * (body.level == Level.L3), row]
    del marks["L5TF"]
    (folder / "landmarks.json").write_text(json.dumps({"1.png": marks}))
    seen = look(FakeReader(answer=perfect), full_spine_films(tmp_path), lambda what, done, total: None)
    return [row for one in seen for row in one.rows]


def test_bodies_with_four_corners_alone_are_measured(rows):
    bodies = [r for r in rows if "level" in r]
    assert {r["level"] for r in bodies} == {b.level for b in fakes.column() if b.level not in (Level.L5, Level.S1)}
    assert all(r["found"] and r["level_right"] for r in bodies)


def test_error_is_in_percent_of_depth(rows):
    """Three pixels, of the length of the superior endplate."""
    l3 = next(b for b in perfect(fakes.film_image(fakes.column())).vertebrae if b.level == Level.L3)
    depth = np.linalg.norm(l3.landmarks[0] - l3.landmarks[2])
    errors = {r["level"]: r["corner_percent"] for r in rows if "level" in r}
    np.testing.assert_allclose(errors.pop(Level.L3), 100 * 3 / depth, atol=1e-6)
    np.testing.assert_allclose(list(errors.values()), 0, atol=1e-6)


def test_an_angle_needs_both_its_bodies(rows):
    """L5 lacks a corner; T4 is not on the film."""
    assert not [r for r in rows if "cobb_error_deg" in r]
