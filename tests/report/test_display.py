"""Where pixels land in the picture, and the grey values they get."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovf_imaging.report import Display, fitted, grey
from ovf_imaging.types import Image, View
from tests import fakes


def plain(pixels: np.ndarray, **changes: object) -> Image:
    base = fakes.mri_image(fakes.column())
    return replace(base, pixels=np.asarray(pixels, np.float32), affine=np.eye(4), **changes)  # type: ignore[arg-type]


def test_a_click_on_the_shrunk_film_hits_the_native_pixel() -> None:
    display = Display(rows=(0, 4300), columns=(0, 4300), size=(700, 700))
    np.testing.assert_allclose(display.to_pixels(np.array([350.0, 350.0])), (2150, 2150), atol=0.5)
    assert Display(rows=(0, 3500), columns=(0, 4300), size=(700, 570)).scale[0] == pytest.approx(700 / 4300)


@given(
    st.tuples(*(st.integers(1, 5000),) * 4),
    st.booleans(),
    st.booleans(),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_there_and_back_is_the_same_pixel(
    sizes: tuple[int, ...], rows: bool, columns: bool, down: float, across: float
) -> None:
    display = Display(
        rows=(3, 3 + sizes[0]),
        columns=(7, 7 + sizes[1]),
        size=(sizes[2], sizes[3]),
        flip_rows=rows,
        flip_columns=columns,
    )
    point = np.array([0.0, 3 + down * sizes[0], 7 + across * sizes[1]])
    np.testing.assert_allclose(display.to_pixels(display.to_xy(point)), point[1:], atol=1e-6)


def test_corner_pixels_lie_inside_the_picture() -> None:
    display = Display(rows=(0, 2), columns=(0, 4), size=(40, 20))
    np.testing.assert_allclose(display.to_xy(np.array([[0, 0, 0], [0, 1, 3]])), [[5, 5], [35, 15]])


def test_unequal_steps_keep_their_proportion() -> None:
    image = plain(np.zeros((1, 100, 100)))
    affine = np.diag([4.0, 2.0, 1.0, 1.0])
    assert fitted(replace(image, affine=affine), (300, 300)).size == (150, 300)


def test_an_affine_of_zeros_counts_as_square_pixels() -> None:
    flat = replace(plain(np.zeros((1, 10, 20))), affine=np.zeros((4, 4)))
    assert fitted(flat, (40, 40)).size == (40, 20)


def marked(rows: int = 40, columns: int = 40) -> np.ndarray:
    """Return a slice whose upper left quarter is bright."""
    pixels = np.zeros((1, rows, columns))
    pixels[0, : rows // 2, : columns // 2] = 100.0
    return pixels


@pytest.mark.parametrize(
    ("view", "front_left", "head_up", "bright"),
    [
        (View.SAGITTAL, True, True, (0, 0)),
        (View.SAGITTAL, False, True, (0, 1)),
        (View.SAGITTAL, True, False, (1, 0)),
        (View.SAGITTAL, None, None, (0, 0)),
        (View.LATERAL, False, True, (0, 0)),
        (View.LATERAL, None, False, (1, 1)),
    ],
)
def test_head_is_up_and_a_film_is_never_mirrored(
    view: View, front_left: bool | None, head_up: bool | None, bright: tuple[int, int]
) -> None:
    image = plain(marked(), view=view, anterior_left=front_left, superior_up=head_up)
    display = fitted(image, (80, 80))
    picture = grey(image, 0, display)
    quarters = picture.reshape(2, 40, 2, 40).mean(axis=(1, 3))
    assert np.unravel_index(quarters.argmax(), (2, 2)) == bright
    x, y = display.to_xy(np.array([0.0, 10.0, 10.0]))
    assert picture[int(y), int(x)] > 200


def test_padding_does_not_crush_the_contrast() -> None:
    pixels = np.full((1, 30, 30), 1000.0)
    pixels[0, :, 15:] = 1100.0
    pixels[0, :, :10] = -2000.0
    valid = pixels > -2000.0
    image = plain(pixels, valid=valid)
    picture = grey(image, 0, fitted(image, (30, 30)))
    assert picture[15, 12] < 30
    assert picture[15, 25] > 225


@pytest.mark.parametrize("value", [0.0, 7.0, float("nan"), float("inf")])
def test_an_even_or_broken_image_gives_an_even_picture(value: float) -> None:
    image = plain(np.full((1, 8, 8), value))
    assert np.ptp(grey(image, 0, fitted(image, (16, 16)))) == 0


def test_shrinking_averages_and_keeps_places() -> None:
    pixels = np.zeros((1, 1000, 800))
    pixels[0, 500:, :] = 100.0
    image = plain(pixels)
    picture = grey(image, 0, fitted(image, (80, 100)))
    assert picture.shape == (100, 80)
    assert picture[45].max() < 10
    assert picture[54].min() > 245
