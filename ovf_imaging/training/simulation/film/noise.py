"""Random textures: smooth fields on a film and trabeculae in a volume."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from torch.nn import functional as F  # noqa: N812

from ovf_imaging.training.simulation.film.camera import Map

_TILE = (16, 64, 96)


def smooth_field(rng: np.random.Generator, shape: tuple[int, int], cells: float) -> Map:
    """Return a smooth field (H, W), mean 0, spread 1, with about `cells` bumps along the longer side."""
    pitch = max(shape) / max(cells, 1.0)
    size = [max(2, round(n / pitch) + 3) for n in shape]
    seed = torch.from_numpy(rng.standard_normal(size).astype(np.float32))[None, None]
    field = F.interpolate(seed, shape, mode="bicubic", align_corners=True)[0, 0].numpy()
    return np.asarray((field - field.mean()) / (field.std() + 1e-6))


def clouds(rng: np.random.Generator, shape: tuple[int, int], cells: float, octaves: int) -> Map:
    """Return smooth fields laid over each other, each half as large and 0.5 as strong as the one before."""
    total = np.zeros(shape, np.float32)
    for octave in range(octaves):
        total += 0.5**octave * smooth_field(rng, shape, cells * 2**octave)
    return np.asarray(total / total.std())


def strands(rng: np.random.Generator, shape: tuple[int, int], cells: float, octaves: int) -> Map:
    """Return branching lines (H, W) of 0–1, thick and thin: lines where a smooth field passes through 0."""
    total = np.zeros(shape, np.float32)
    for octave in range(octaves):
        total += 0.7**octave * np.exp(-((smooth_field(rng, shape, cells * 2**octave) / 0.22) ** 2))
    return np.asarray(total / total.max())


def crumpled(rng: np.random.Generator, picture: Map, reach_px: float, cells: float) -> Map:
    """Return a picture (H, W) whose outlines stray by about `reach_px`."""
    if not picture.any():
        return picture
    height, width = picture.shape
    rows, columns = (torch.linspace(-1, 1, n) for n in (height, width))
    places = torch.stack(torch.meshgrid(rows, columns, indexing="ij")[::-1], -1)
    strays = [smooth_field(rng, (height, width), cells) * np.float32(2 * reach_px / n) for n in (width, height)]
    places = places + torch.from_numpy(np.stack(strays, -1))
    film = torch.from_numpy(np.ascontiguousarray(picture, dtype=np.float32))
    return np.asarray(F.grid_sample(film[None, None], places[None], align_corners=True)[0, 0].numpy())


def trabeculae(
    rng: np.random.Generator, shape: tuple[int, int, int], step_mm: tuple[float, float, float]
) -> NDArray[np.float32]:
    """Return factors (X, Y, Z) about 0, spread 1: struts that stand upright, and coarser patches; it repeats."""
    sigma = [0.9 / step_mm[0], 0.45 / step_mm[1], 1.5 / step_mm[2]]
    struts = gaussian_filter(rng.standard_normal(_TILE, dtype=np.float32), sigma, mode="wrap")
    patches = gaussian_filter(rng.standard_normal(_TILE, dtype=np.float32), [3 / s for s in step_mm], mode="wrap")
    tile = struts / struts.std() + 0.6 * patches / patches.std()
    repeats = [-(-n // t) for n, t in zip(shape, _TILE, strict=True)]
    return np.tile(tile / tile.std(), repeats)[: shape[0], : shape[1], : shape[2]]
