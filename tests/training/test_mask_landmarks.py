"""Landmarks from masks, and the loop that trains on them."""

import numpy as np
import pytest
import torch
from skimage.draw import polygon2mask

from ovf_imaging.training.losses import heatmap_loss
from ovf_imaging.vision.mask_landmarks import mask_landmarks

UP, FRONT = np.array([-1.0, 0.0]), np.array([0.0, -1.0])


def turned(body: np.ndarray, angle_deg: float) -> np.ndarray:
    """Return the body turned about (60, 60)."""
    a = np.radians(angle_deg)
    return (body - 60) @ np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]]) + 60


@pytest.mark.parametrize("angle_deg", [0, 15, -25])
def test_corners_of_a_drawn_wedge_are_found(angle_deg: float):
    """A wedge of 18 px in front and 27 px behind, drawn as a mask, gives its corners within 1.2 px."""
    body = np.array([[56.0, 42], [51.5, 60], [47, 78], [74, 42], [74, 60], [74, 78]])
    body = turned(body, angle_deg)
    mask = polygon2mask((120, 120), body[[0, 1, 2, 5, 4, 3]])
    found = mask_landmarks(mask, UP, FRONT)
    assert found is not None
    assert np.abs(found - body).max() < 1.2


def test_a_speck_has_no_landmarks():
    """Fewer than 40 pixels have no corners worth naming."""
    mask = np.zeros((50, 50), bool)
    mask[10:15, 10:16] = True
    assert mask_landmarks(mask, UP, FRONT) is None


def test_heatmap_loss_is_least_at_the_truth():
    """A heatmap peaked at the truth costs less than one peaked two pixels away."""
    grid = torch.stack(torch.meshgrid(torch.arange(32.0), torch.arange(32.0), indexing="ij"), -1)
    truth = torch.full((1, 6, 2), 12.0)
    costs = []
    for shift in (0.0, 2.0):
        logits = -((grid - 12.0 - shift) ** 2).sum(-1) / (2 * 1.3**2)
        coordinate, entropy = heatmap_loss(logits.expand(1, 6, 32, 32), truth, torch.ones(1, 6, dtype=torch.bool))
        costs.append(float(coordinate + entropy))
    assert costs[0] < costs[1]
