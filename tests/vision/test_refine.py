"""Crops around a body's pose, and the way back from what is seen in them."""

import numpy as np
import pytest
import torch
from torch import nn

from ovf_imaging.vision.networks import VertebraNet
from ovf_imaging.vision.refine import Refiner, crop
from ovf_imaging.vision.shapes import CROP_DEPTHS, CROP_PX, Pose

DEPTH = 40.0
UPRIGHT = Pose(centre=np.array([90.0, 70.0]), up=np.array([-1.0, 0.0]), front=np.array([0.0, -1.0]), depth=DEPTH)
PIXEL = CROP_DEPTHS * DEPTH / CROP_PX  # of the crop, in pixels of the picture


class Middle(VertebraNet):
    """Sees every landmark in the middle of the crop, as surely as two by two heatmap pixels can say it."""

    def __init__(self) -> None:
        nn.Module.__init__(self)
        self.slices = 1

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (N, 6, CROP_PX/2, CROP_PX/2) logits."""
        half = CROP_PX // 2
        logits = torch.full((len(x), 6, half, half), -50.0)
        logits[:, :, half // 2 - 1 : half // 2 + 1, half // 2 - 1 : half // 2 + 1] = 50.0
        return logits


@pytest.fixture
def refiner() -> Refiner:
    return Refiner(network=Middle(), device=torch.device("cpu"), mean=0.4, spread=0.25)


def test_landmarks_are_the_median_of_the_starts(refiner: Refiner):
    """Starts lie 0, 6, −6, 0 % of the depth up and 0, 4, 4, −7 % in front: medians 0 and 2 % of 40 px, 0.8 px."""
    (found,) = refiner.refine([(torch.rand(1, 180, 140), UPRIGHT)])
    np.testing.assert_allclose(found.landmarks, np.tile([90.0, 69.2], (6, 1)), atol=1e-4)


def test_covariance_is_width_and_scatter(refiner: Refiner):
    """One crop pixel each way as seen; about the median, up: 0, 2.4, −2.4, 0 px, mean square 2.88.

    The starts' scales are 1, 1.06, 0.95 and 1.02, so that the mean square of their pixels is 1.0166 times the first's.
    """
    (found,) = refiner.refine([(torch.rand(1, 180, 140), UPRIGHT)])
    seen = PIXEL**2 * np.mean(np.square([1, 1.06, 0.95, 1.02]))
    np.testing.assert_allclose(found.covariance[:, 0, 0], seen + 2.88, rtol=1e-4)


def test_no_body_gives_no_landmarks(refiner: Refiner):
    assert refiner.refine([]) == []


def test_a_crop_is_upright_head_up_and_front_left():
    """A body that lies on its back, head to the right: the bright pixel above its head comes to the crop's top."""
    lying = Pose(centre=np.array([60.0, 80.0]), up=np.array([0.0, 1.0]), front=np.array([-1.0, 0.0]), depth=DEPTH)
    picture = torch.zeros(2, 120, 160)
    picture[1, 60 - 20, 80 + 30] = 1  # 20 px in front, 30 px above
    seen = crop(picture, lying)[0]
    assert seen.shape == (2, CROP_PX, CROP_PX)
    assert not seen[0].any()
    row, column = divmod(int(seen[1].argmax()), CROP_PX)
    middle = CROP_PX / 2 - 0.5
    assert (row, column) == pytest.approx((middle - 30 / PIXEL, middle - 20 / PIXEL), abs=1)


def test_a_crop_beside_the_picture_is_black():
    far = Pose(centre=np.array([900.0, 900.0]), up=UPRIGHT.up, front=UPRIGHT.front, depth=DEPTH)
    assert not crop(torch.ones(3, 50, 50), far).any()
