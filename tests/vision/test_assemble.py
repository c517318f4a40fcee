"""What counts as a body that the picture cuts."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from ovf_imaging.types import Image, Level, Position, Scale, Sequence, View
from ovf_imaging.vision.assemble import Body, vertebra

SIZE = 100


def image(blank_rows: int, dark: tuple[slice, slice] | None = None) -> Image:
    """Return a slice of noise whose first rows are blank, and one more black region."""
    pixels = np.random.default_rng(0).uniform(0.1, 1, (1, SIZE, SIZE)).astype(np.float32)
    pixels[0, :blank_rows] = 0
    if dark is not None:
        pixels[0][dark] = 0
    return Image(
        pixels=pixels,
        affine=np.eye(4),
        view=View.SAGITTAL,
        sequence=Sequence.T2,
        position=Position.UNKNOWN,
        scale=Scale.PATIENT,
        scale_source="",
    )


def complete(top: float, shown: Image) -> bool:
    """Return whether a body of 30 × 20 pixels with its superior endplate at row `top` counts as whole."""
    front, middle, back = 40.0, 55.0, 70.0
    points = np.array([[r, c] for r in (top, top + 20) for c in (front, middle, back)])
    body = Body(slice=0, landmarks=points, covariance=np.tile(np.eye(2), (6, 1, 1)), confidence=1.0)
    return vertebra(body, Level.L1, shown).complete


@pytest.mark.parametrize(("top", "whole"), [(31.0, False), (33.0, False), (36.0, True), (60.0, True)])
def test_a_body_at_a_blank_margin_is_cut(top: float, whole: bool):
    """The margin ends at row 30; its strip is 0.15 of the depth of 30 px, 4.5 px wide."""
    assert complete(top, image(30)) is whole


def test_a_black_vessel_in_front_does_not_cut():
    """Black down the whole front, but the endplate's middle is far from it."""
    assert complete(40.0, image(0, (slice(0, SIZE), slice(0, 39))))


def test_a_small_black_spot_is_no_margin():
    """A few black pixels at the border are not what a turned picture leaves."""
    assert complete(5.0, image(0, (slice(0, 2), slice(50, 60))))


def test_the_pictures_edge_cuts():
    """A corner on the first row is a cut body whatever the margin."""
    assert not complete(0.0, image(0))


def test_d13_a_large_film_is_not_searched_whole_for_each_body():
    """Distances over the whole picture took 80 % of the time of a film of 4300 × 3500, and 20 bytes a pixel."""
    shown = image(0)
    large = np.tile(shown.pixels, (1, 8, 8))
    large[0, 0, 0] = 0
    body = Body(
        slice=0,
        landmarks=np.array([[r, c] for r in (340, 360) for c in (340, 355, 370)], dtype=float),
        covariance=np.tile(np.eye(2), (6, 1, 1)),
        confidence=1.0,
    )
    tracemalloc.start()
    found = vertebra(body, Level.L1, replace(shown, pixels=large))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.complete
    assert peak < 2 * large.size
