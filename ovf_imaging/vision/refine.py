"""Landmarks of one body at a time, from upright crops around a first pose."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from ovf_imaging.vision.networks import VertebraNet
from ovf_imaging.vision.shapes import CROP_PX, Pose
from ovf_imaging.vision.weights import Bundle

Array = NDArray[np.float64]
_BATCH = 16
_GRID = np.stack(np.meshgrid(*[np.arange(CROP_PX) - CROP_PX / 2 + 0.5] * 2, indexing="ij"), -1)
# Starts around the first pose: their median is better than any, their spread is doubt.
_STARTS = (
    {"up": 0.0, "front": 0.0, "turn_rad": 0.0, "scale": 1.0},
    {"up": 0.06, "front": 0.04, "turn_rad": 0.07, "scale": 1.06},
    {"up": -0.06, "front": 0.04, "turn_rad": -0.07, "scale": 0.95},
    {"up": 0.0, "front": -0.07, "turn_rad": 0.04, "scale": 1.02},
)
_DOUBT = 0.1  # depths that the starts may differ by, root mean square, where agreement falls to 1/e


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Refined:
    """One body's landmarks in pixels of the picture that the crops were taken from."""

    landmarks: Array  # (6, 2) row, column
    covariance: Array  # (6, 2, 2), not yet calibrated
    agreement: float = 1.0  # of the starts, 0–1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Refiner:
    """The crop network at work."""

    network: VertebraNet
    device: torch.device
    mean: float  # of grey values as the network was trained on them
    spread: float

    @classmethod
    def load(cls, bundle: Bundle, device: torch.device) -> Refiner:
        """Return the refiner of a verified bundle."""
        settings = bundle.settings
        return cls(
            network=bundle.network("refiner", device),
            device=device,
            mean=settings["grey_mean"],
            spread=settings["grey_spread"],
        )

    def refine(self, bodies: Iterable[tuple[Tensor, Pose]]) -> list[Refined]:
        """Return the landmarks of each body, given a picture (C, H, W) with grey values 0–1 and its pose there.

        C is 1, or as many neighbouring slices as the network sees.
        """
        poses, crops = [], []
        for picture, pose in bodies:
            starts = [pose.moved(**start) for start in _STARTS]
            poses.append(starts)
            crops += [crop(picture, start) for start in starts]
        if not crops:
            return []
        points, covariance = self._heatmaps(torch.cat(crops))
        shape = (len(poses), len(_STARTS))
        points, covariance = points.reshape(*shape, 6, 2), covariance.reshape(*shape, 6, 2, 2)
        return [_joined(s, p, c) for s, p, c in zip(poses, points, covariance, strict=True)]

    def _heatmaps(self, crops: Tensor) -> tuple[Array, Array]:
        """Return soft-argmax points (N, 6, 2) in crop pixels and their covariances (N, 6, 2, 2)."""
        x = ((crops - self.mean) / self.spread).expand(-1, self.network.slices, -1, -1)
        outputs = []
        with torch.inference_mode():
            for first in range(0, len(x), _BATCH):
                batch = x[first : first + _BATCH].contiguous(memory_format=torch.channels_last).to(self.device)
                outputs.append(self.network(batch).float().cpu())
        logits = torch.cat(outputs).double()
        n, k, h, w = logits.shape
        p = logits.flatten(2).softmax(-1).view(n, k, h, w).numpy()
        grid = np.stack(np.meshgrid(np.arange(h), np.arange(w), indexing="ij"), -1) * 2 + 0.5
        mean = np.einsum("nkhw,hwi->nki", p, grid)
        square = np.einsum("nkhw,hwi,hwj->nkij", p, grid, grid)
        return mean, square - mean[..., :, None] * mean[..., None, :]


def _joined(starts: list[Pose], points: Array, covariance: Array) -> Refined:
    """Return the starts' median in picture pixels, their mean variance and scatter as covariance."""
    matrices = np.array([pose.crop_matrix() for pose in starts])
    centres = np.array([pose.centre for pose in starts])
    found = (points - (CROP_PX / 2 - 0.5)) @ matrices.transpose(0, 2, 1) + centres[:, None]
    spread = matrices[:, None] @ covariance @ matrices.transpose(0, 2, 1)[:, None]
    middle = np.median(found, 0)
    offset = found - middle
    between = np.einsum("kpi,kpj->pij", offset, offset) / len(starts)
    scatter = np.sqrt(np.trace(between, axis1=1, axis2=2).mean())
    return Refined(
        landmarks=middle,
        covariance=spread.mean(0) + between,
        agreement=float(np.exp(-scatter / (_DOUBT * starts[0].depth))),
    )


def crop(picture: Tensor, pose: Pose) -> Tensor:
    """Return the upright crop (1, C, CROP_PX, CROP_PX) of (C, H, W) around a pose, averaged when it shrinks."""
    matrix = pose.crop_matrix()
    scale = float(np.linalg.norm(matrix[:, 0]))
    size = np.array(picture.shape[1:])
    corners = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]]) * (CROP_PX / 2 + 2) @ matrix.T + pose.centre
    low = np.maximum(np.floor(corners.min(0)).astype(int) - 2, 0)
    high = np.minimum(np.ceil(corners.max(0)).astype(int) + 3, size)
    if (high - low < 2).any():
        return torch.zeros((1, len(picture), CROP_PX, CROP_PX))
    window = picture[None, :, low[0] : high[0], low[1] : high[1]].float()
    shrink = np.ones(2)
    if scale > 1.2:
        smaller = tuple(max(2, round(n / scale)) for n in window.shape[2:])
        shrink = np.array(smaller) / np.array(window.shape[2:])
        window = F.interpolate(window, smaller, mode="bilinear", align_corners=False, antialias=True)
    place = (_GRID @ matrix.T + pose.centre - low + 0.5) * shrink - 0.5
    extent = np.maximum(np.array(window.shape[2:]) - 1, 1)
    grid = torch.from_numpy((place * 2 / extent - 1)[..., ::-1].copy()).float()[None]
    return F.grid_sample(window, grid, mode="bilinear", padding_mode="zeros", align_corners=True)
