"""Crops of painted bodies."""

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from scipy import ndimage

from ovf_imaging.training.simulation.painted import PaintedCrop, painted_crops
from ovf_imaging.training.simulation.painted.column import volume_column
from ovf_imaging.training.simulation.painted.crops import despeckled
from ovf_imaging.types import Sequence as Contrast
from ovf_imaging.vision.shapes import CROP_PX
from tests.training.simulation.painted_phantom import phantom


def draw(seed: int, count: int) -> list[PaintedCrop]:
    columns = [volume_column(phantom(), Contrast.T2)]
    return list(itertools.islice(painted_crops(columns, np.random.default_rng(seed)), count))


@pytest.fixture(scope="module")
def crops() -> Sequence[PaintedCrop]:
    return draw(0, 60)


def test_same_seed_same_bytes():
    for first, again in zip(draw(4, 5), draw(4, 5), strict=True):
        assert first.pixels.tobytes() == again.pixels.tobytes()
        assert first.findings == again.findings


def test_a_crop_shows_its_body_upright(crops: Sequence[PaintedCrop]):
    for crop in crops:
        assert crop.pixels.shape == crop.body.shape == (CROP_PX, CROP_PX)
        superior, inferior = crop.landmarks[:3].mean(0), crop.landmarks[3:].mean(0)
        assert superior[0] < inferior[0]
        assert crop.landmarks[0, 1] < crop.landmarks[2, 1]
        assert crop.body[tuple(np.round(crop.landmarks.mean(0)).astype(int))]


def test_landmarks_lie_on_the_body_edge(crops: Sequence[PaintedCrop]):
    """Within 3 px of the crop, 1.7 px of the image: a mask's corner landmarks lie a little within its corners."""
    for crop in crops:
        edge = np.maximum(ndimage.distance_transform_edt(crop.body), ndimage.distance_transform_edt(~crop.body))
        rows, columns = np.round(crop.landmarks).astype(int).T
        assert edge[rows, columns].max() < 4.5


def test_signs_lie_in_the_body_and_are_flagged(crops: Sequence[PaintedCrop]):
    seen = {name: sum(crop.flags[name] for crop in crops) for name in crops[0].flags}
    assert all(count > 0 for name, count in seen.items() if name != "cement")
    assert seen["gas"] + seen["fluid"] == seen["cleft"] < seen["fracture"] < len(crops)
    for crop in crops:
        assert not (crop.cleft & ~crop.body).any()
        assert not (crop.oedema & ~crop.body).any()
        assert not (crop.cleft & crop.oedema).any()


def test_speckles_go_and_edges_stay():
    edge = np.repeat(np.where(np.arange(12) < 6, 0.2, 0.8)[None], 12, 0).astype(np.float32)
    speckled = edge.copy()
    speckled[[2, 6, 9], [3, 8, 1]] = [1, 0, 1]
    assert np.array_equal(despeckled(speckled), edge)
