"""The working frame of the networks and its way back."""

import numpy as np
import pytest
import torch

from ovf_imaging.types import Image, Position, Scale, Sequence, View
from ovf_imaging.vision.frame import plain_frame, sagittal_frame


def slice_image(affine: np.ndarray, shape: tuple[int, int, int] = (1, 60, 40)) -> Image:
    """Return an image whose pixels count up."""
    return Image(
        pixels=np.arange(np.prod(shape), dtype=np.float32).reshape(shape),
        affine=affine,
        view=View.SAGITTAL,
        sequence=Sequence.T2,
        position=Position.SUPINE,
        scale=Scale.PATIENT,
        scale_source="test",
    )


def sagittal_affine(row: tuple[float, float, float], column: tuple[float, float, float]) -> np.ndarray:
    """Return index → LPS for slices along x with the given row and column steps."""
    affine = np.eye(4)
    affine[:3, 0] = (4, 0, 0)
    affine[:3, 1] = row
    affine[:3, 2] = column
    return affine


ORIENTATIONS = {
    "head up, front left": ((0, 0, -1), (0, 1, 0)),
    "head down, front left": ((0, 0, 1), (0, 1, 0)),
    "head up, front right": ((0, 0, -1), (0, -1, 0)),
    "lying, head left": ((0, 1, 0), (0, 0, -1)),
    "lying, head right": ((0, -1, 0), (0, 0, 1)),
}


@pytest.mark.parametrize("name", ORIENTATIONS)
def test_turn_brings_head_up_and_front_left(name: str):
    """The turned grid's rows step down (−z) and its columns backwards (+y), whatever was stored."""
    image = slice_image(sagittal_affine(*ORIENTATIONS[name]))
    frame = sagittal_frame(image, 1.0)
    native = frame.points_to_native(np.array([[10.0, 10.0], [11.0, 10.0], [10.0, 11.0]]))
    mm = image.to_mm(np.concatenate([np.zeros((3, 1)), native], 1))
    assert mm[1] - mm[0] == pytest.approx([0, 0, -1])
    assert mm[2] - mm[0] == pytest.approx([0, 1, 0])


@pytest.mark.parametrize("name", ORIENTATIONS)
def test_points_come_back(name: str):
    """points_to_working undoes points_to_native, also with another pixel size."""
    frame = sagittal_frame(slice_image(sagittal_affine(*ORIENTATIONS[name])), 0.7)
    points = np.random.default_rng(0).uniform(0, 40, (20, 2))
    assert frame.points_to_working(frame.points_to_native(points)) == pytest.approx(points)


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_pixels_and_points_agree(turns: int):
    """A bright pixel is found in the working image where points_to_working says."""
    image = slice_image(np.eye(4))
    frame = plain_frame(image, 1.0, turns)
    pixels = torch.zeros(1, 60, 40)
    pixels[0, 12, 30] = 1
    working = frame.to_working(pixels)[0].numpy()
    place = np.unravel_index(working.argmax(), working.shape)
    assert frame.points_to_working(np.array([12.0, 30.0])) == pytest.approx(np.array(place, dtype=float))
    back = frame.to_native_maps(torch.from_numpy(working)[None])[0]
    assert torch.equal(back, pixels[0])


@pytest.mark.parametrize("pixel_mm", [0.857, 1.0, 0.5])
def test_resampling_moves_nothing(pixel_mm: float):
    """Field report A14: a 20.0 mm square at 0.5 mm keeps its place, its area and the image's shape."""
    affine = sagittal_affine((0, 0, -0.5), (0, 0.5, 0))
    image = slice_image(affine, (1, 120, 100))
    square = torch.zeros(1, 120, 100)
    square[0, 40:80, 30:70] = 1
    frame = sagittal_frame(image, pixel_mm)
    back = frame.to_native_maps(frame.to_working(square))[0].numpy()
    mask = back > 0.5
    assert mask.shape == (120, 100)
    assert np.argwhere(mask).mean(0) == pytest.approx([59.5, 49.5], abs=0.1)
    assert mask.sum() == pytest.approx(1600, rel=0.01)


def test_covariance_follows_the_turn():
    """A variance along working rows becomes one along native columns when the image lies."""
    frame = sagittal_frame(slice_image(sagittal_affine((0, 1, 0), (0, 0, -1))), 0.5)
    native = frame.covariance_to_native(np.diag([4.0, 1.0]))
    assert native == pytest.approx(np.diag([0.25, 1.0]))
