"""A film hung on a light box and photographed: perspective, glare, uneven light, tint, a soft lens."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F  # noqa: N812

from ovf_imaging.training.simulation.film.camera import Map
from ovf_imaging.training.simulation.volume import Array

_GRAIN = 0.008  # noise of the camera


@dataclass(frozen=True, slots=True, kw_only=True)
class Photograph:
    """How a film was photographed."""

    corners: tuple[
        tuple[float, float], ...
    ]  # where the film's corners come to lie, (row, column), parts of the picture
    glare: tuple[float, float, float, float]  # row and column, size, strength
    falloff: float  # darkening towards the corners
    gamma: float
    tint: tuple[float, float, float]  # red, green, blue

    def homography(self, shape: tuple[int, int]) -> Array:
        """Return (3, 3) from the film's (column, row, 1) to the picture's."""
        height, width = shape
        film = np.array([[0, 0], [0, width - 1], [height - 1, width - 1], [height - 1, 0]], dtype=float)
        picture = np.array(self.corners) * (height - 1, width - 1)
        rows = []
        for (r, c), (y, x) in zip(film, picture, strict=True):
            rows += [[c, r, 1, 0, 0, 0, -x * c, -x * r, -x], [0, 0, 0, c, r, 1, -y * c, -y * r, -y]]
        return np.asarray(np.linalg.svd(np.array(rows))[2][-1].reshape(3, 3))


def draw_photograph(rng: np.random.Generator) -> Photograph:
    """Return a photograph drawn at random."""
    square = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, 0.0]])
    corners = square + rng.normal(0, 0.012, (4, 2)) - rng.uniform(-0.02, 0.02) * (square - 0.5)
    warm = rng.uniform(-0.12, 0.12)
    return Photograph(
        corners=tuple((float(r), float(c)) for r, c in corners),
        glare=(
            float(rng.uniform(0, 1)),
            float(rng.uniform(0, 1)),
            float(rng.uniform(0.1, 0.4)),
            float(rng.uniform(0, 0.35)),
        ),
        falloff=float(rng.uniform(0, 0.45)),
        gamma=float(rng.uniform(0.75, 1.6)),
        tint=(1.0 + min(warm, 0.0), 1.0 - abs(warm) / 2, 1.0 - max(warm, 0.0)),
    )


def hung(film: Map, photograph: Photograph) -> Map:
    """Return a film (H, W) as its corners lie in the picture; 0 beside it."""
    height, width = film.shape
    back = np.linalg.inv(photograph.homography((height, width)))
    rows, columns = np.meshgrid(*(np.arange(n, dtype=np.float32) for n in film.shape), indexing="ij")
    w = back[2, 0] * columns + back[2, 1] * rows + back[2, 2]
    x = (back[0, 0] * columns + back[0, 1] * rows + back[0, 2]) / w
    y = (back[1, 0] * columns + back[1, 1] * rows + back[1, 2]) / w
    places = np.stack([2 * x / (width - 1) - 1, 2 * y / (height - 1) - 1], axis=-1).astype(np.float32)
    sheet = torch.from_numpy(np.ascontiguousarray(film, dtype=np.float32))[None, None]
    return np.asarray(F.grid_sample(sheet, torch.from_numpy(places)[None], align_corners=True)[0, 0].numpy())


def photographed(grey: Map, photograph: Photograph, rng: np.random.Generator) -> Map:
    """Return the picture (H, W) of a film (H, W), both 0–1."""
    r, c = np.meshgrid(*(np.arange(n, dtype=np.float32) / n for n in grey.shape), indexing="ij")
    light = 1 - photograph.falloff * 2 * ((r - 0.5) ** 2 + (c - 0.5) ** 2)
    row, column, size, strength = photograph.glare
    glow = strength * np.exp(-((r - row) ** 2 + (c - column) ** 2) / size**2)
    grain = _GRAIN * rng.standard_normal(grey.shape, dtype=np.float32)
    picture = np.clip(hung(grey, photograph) * light + glow + grain, 0, 1) ** photograph.gamma
    return np.asarray(picture, dtype=np.float32)


def tinted(grey: NDArray[np.uint8], tint: tuple[float, float, float]) -> NDArray[np.uint8]:
    """Return a colour picture (H, W, 3) of grey values (H, W)."""
    return np.asarray(np.round(grey[..., None] * np.array(tint)), dtype=np.uint8)
