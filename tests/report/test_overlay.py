"""The overlay: where contours and names stand, on which slice, at which size."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ovf_imaging.report import fitted, overlay, shown_slice
from ovf_imaging.report.overlay import COLOURS, MARKED, column_part
from ovf_imaging.types import Reading
from tests import fakes


def near(picture: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    """Return where a picture has a colour."""
    return np.asarray(np.abs(picture.astype(int) - colour).sum(axis=2) < 40)


@pytest.mark.parametrize("reading", [fakes.mri_reading(), fakes.film_reading()], ids=["mri", "film"])
def test_contours_surround_their_bodies(reading: Reading) -> None:
    picture = overlay(reading)
    assert picture.dtype == np.uint8
    display = fitted(reading.image, (1000, 1400))
    assert picture.shape[:2] == display.size[::-1]
    for number, body in enumerate(reading.vertebrae):
        xy = display.to_xy(body.landmarks)
        low, high = np.floor(xy.min(axis=0) - 6).astype(int), np.ceil(xy.max(axis=0) + 6).astype(int)
        drawn = np.argwhere(near(picture, COLOURS[number % 2])[low[1] : high[1], low[0] : high[0]])
        assert len(drawn) > 100
        np.testing.assert_allclose(np.ptp(drawn, axis=0)[::-1], np.ptp(xy, axis=0), atol=14)


def test_marked_levels_have_a_colour_of_their_own() -> None:
    reading = fakes.mri_reading()
    assert near(overlay(reading), MARKED).sum() == 0
    assert near(overlay(reading, marked=(20,)), MARKED).sum() > 100


def test_without_labels_the_landmarks_make_the_contour() -> None:
    reading = fakes.mri_reading()
    bare = replace(reading, labels=np.zeros_like(reading.labels))
    one, other = (near(overlay(r), COLOURS[0]) for r in (reading, bare))
    assert other.sum() > 0.5 * one.sum()


def test_the_slice_with_most_landmarks_is_shown() -> None:
    reading = fakes.mri_reading()
    moved = tuple(
        replace(v, landmarks=v.landmarks + ([2.0, 0, 0] if n > 2 else [0.0, 0, 0]))
        for n, v in enumerate(reading.vertebrae)
    )
    assert shown_slice(reading) == 2
    assert shown_slice(replace(reading, vertebrae=moved)) == 4
    assert shown_slice(replace(reading, vertebrae=())) == 2
    far = replace(reading.vertebrae[0], landmarks=reading.vertebrae[0].landmarks + np.array([90.0, 0, 0]))
    assert shown_slice(replace(reading, vertebrae=(far,))) == 4


def test_a_crop_holds_every_body() -> None:
    reading = fakes.film_reading()
    rows, columns = column_part(reading)
    points = np.concatenate([v.landmarks for v in reading.vertebrae])
    assert rows[0] <= points[:, 1].min()
    assert rows[1] >= points[:, 1].max()
    assert columns[0] < points[:, 2].min() - 30
    assert columns[1] > points[:, 2].max() + 30
    assert overlay(reading, crop=True, box=(300, 400)).shape[0] <= 400


def test_bodies_that_lie_nowhere_are_left_out() -> None:
    reading = fakes.mri_reading()
    lost = replace(reading.vertebrae[0], landmarks=np.full((6, 3), np.nan))
    outside = replace(reading.vertebrae[1], landmarks=reading.vertebrae[1].landmarks + np.array([0, 5000.0, -5000.0]))
    odd = replace(reading, vertebrae=(lost, outside, *reading.vertebrae[2:]))
    assert overlay(odd).shape == overlay(reading).shape
    assert overlay(odd, crop=True).size > 0
    assert overlay(replace(reading, vertebrae=(lost,)), crop=True).shape == overlay(reading).shape


def test_a_sacrum_with_its_upper_endplate_alone_is_drawn() -> None:
    reading = fakes.film_reading(labels=np.zeros_like(fakes.film_reading().labels))
    sacrum = reading.vertebrae[-1]
    half = sacrum.landmarks.copy()
    half[3:] = np.nan
    without, shown = (
        overlay(replace(reading, vertebrae=(*reading.vertebrae[:-1], *last)))
        for last in ((), (replace(sacrum, landmarks=half),))
    )
    x, y = fitted(reading.image, (1000, 1400)).to_xy(half[1])
    assert (without != shown).any(axis=2)[int(y) - 8 : int(y) + 8, int(x) - 8 : int(x) + 8].sum() > 20


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 2, 900), (3, 900, 2)])
def test_images_of_any_size_have_a_picture(shape: tuple[int, int, int]) -> None:
    reading = fakes.mri_reading()
    image = replace(reading.image, pixels=np.ones(shape, np.float32))
    odd = replace(reading, image=image, labels=np.zeros(shape, np.uint8))
    assert max(overlay(odd, box=(200, 200)).shape) <= 200
    assert max(overlay(odd, box=(200, 200), crop=True).shape) <= 200


def test_a_huge_film_is_made_small_first() -> None:
    ramp = np.linspace(0, 4000, 9500, dtype=np.float32)
    pixels = np.broadcast_to(ramp, (1, 10_000, 9500))
    small = fakes.film_reading()
    scale = np.array([1.0, 10_000 / small.image.pixels.shape[1], 9500 / small.image.pixels.shape[2]])
    huge = Reading(
        image=replace(small.image, pixels=pixels, valid=None),
        labels=np.zeros(pixels.shape, np.uint8),
        vertebrae=tuple(replace(v, landmarks=v.landmarks * scale) for v in small.vertebrae),
        reader="",
    )
    picture = overlay(huge)
    assert picture.shape == (1053, 1000, 3)
    assert picture[5, 5].max() < 20
    assert picture[5, -5].min() > 235
