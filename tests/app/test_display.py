import base64
import io

import numpy as np
import pytest
from PIL import Image as Picture

from display import Shown, Window, opening_window, shrink, to_data_uri, to_grey


def test_click_on_a_shrunk_film_is_native_pixels() -> None:
    shown = Shown(height=3500, width=4300, shown_width=700)
    assert shown.to_native(350, 350) == pytest.approx((2150, 2150))


@pytest.mark.parametrize("place", [(0.0, 0.0), (17.3, 4299.9), (3499.5, 1.25)])
def test_there_and_back_is_the_same_place(place: tuple[float, float]) -> None:
    shown = Shown(height=3500, width=4300, shown_width=700)
    assert shown.to_native(*shown.to_shown(*place)) == pytest.approx(place, abs=1e-6)


def test_small_plane_is_shown_as_it_is() -> None:
    plane = np.arange(12, dtype=np.float32).reshape(3, 4)
    picture, shown = shrink(plane)
    assert picture is plane
    assert shown.scale == 1


def test_pixels_of_a_shrunk_plane_are_means_in_their_places() -> None:
    plane = np.zeros((400, 800), dtype=np.float32)
    plane[100:200, 300:400] = 8
    picture, shown = shrink(plane, longest=80)
    assert picture.shape == (40, 80)
    assert shown.scale == 10
    assert np.argwhere(picture == 8).min(axis=0).tolist() == [10, 30]
    assert np.argwhere(picture == 8).max(axis=0).tolist() == [19, 39]
    assert picture.mean() == pytest.approx(plane.mean())


def test_film_of_95_megapixels_becomes_a_small_png() -> None:
    picture, shown = shrink(np.ones((10_000, 9_500), dtype=np.float32))
    assert max(picture.shape) == 1400
    assert shown.scale == pytest.approx(10_000 / 1400, rel=1e-3)
    uri = to_data_uri(to_grey(picture, Window(level=0.5, width=1)))
    with Picture.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))) as png:
        assert png.size == picture.shape[::-1]


def test_pixels_that_are_no_number_are_drawn_black() -> None:
    plane = np.array([[np.nan, np.inf], [2, 4]], dtype=np.float32)
    picture, _ = shrink(plane)
    assert picture.tolist() == [[2, 2], [2, 4]]
    nothing, _ = shrink(np.full((2, 2), np.nan, dtype=np.float32))
    assert nothing.tolist() == [[0, 0], [0, 0]]


def test_window_opens_on_the_valid_pixels() -> None:
    pixels = np.full((1, 10, 10), -2000, dtype=np.float32)
    pixels[0, :, 5:] = np.linspace(900, 1100, 50, dtype=np.float32).reshape(10, 5)
    window = opening_window(pixels, pixels > 0)
    assert window.level == pytest.approx(1000)
    assert window.width == pytest.approx(196, abs=1)


@pytest.mark.parametrize("value", [7.0, np.nan])
def test_window_of_an_image_without_contrast_has_a_width(value: float) -> None:
    window = opening_window(np.full((1, 4, 4), value, dtype=np.float32), None)
    assert window.width > 0


def test_grey_runs_over_the_window_and_turns_round_when_inverted() -> None:
    plane = np.array([[-100, 0, 50, 100, 900]], dtype=np.float32)
    assert to_grey(plane, Window(level=50, width=100)).tolist() == [[0, 0, 128, 255, 255]]
    assert to_grey(plane, Window(level=50, width=100, inverted=True)).tolist() == [[255, 255, 128, 0, 0]]
