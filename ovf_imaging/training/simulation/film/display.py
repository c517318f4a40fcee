"""From detected light to grey values: logarithm, broad contrast and edges, window, S-shaped look-up table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from torch.nn import functional as F  # noqa: N812

from ovf_imaging.training.simulation.film.camera import Map
from ovf_imaging.training.simulation.film.settings import FilmSettings

_BROAD = 0.1  # of the film's height: what equalising takes out
_FINE = 0.008  # of the film's height: what edge enhancement adds


@dataclass(frozen=True, slots=True, kw_only=True)
class Display:
    """How a film is shown."""

    detail: float
    equalised: float
    steepness: float
    toe: float  # 0–1, grey at which the look-up table is steepest
    window: tuple[float, float]  # percentiles of the body shown black and white


def draw_display(rng: np.random.Generator, settings: FilmSettings, *, full: bool) -> Display:
    """Return a display drawn at random; a full-spine film needs its broad contrast taken out."""
    equalised = settings.equalised_full if full else settings.equalised
    return Display(
        detail=float(rng.uniform(*settings.detail)),
        equalised=float(rng.uniform(*equalised)),
        steepness=float(rng.uniform(*settings.steepness)),
        toe=float(rng.uniform(*settings.middle)),
        window=(float(rng.uniform(*settings.window_low)), float(rng.uniform(*settings.window_high))),
    )


def displayed(signal: Map, body: NDArray[np.bool_], display: Display) -> Map:
    """Return grey values (H, W) in 0–1, bone white; the window is taken from the pixels of the body."""
    dense = -np.log(signal)
    broad = _broad(dense)
    level = float(broad[body].mean()) if body.any() else float(broad.mean())
    fine = gaussian_filter(dense, _FINE * len(dense), truncate=2.5)
    dense = dense - display.equalised * (broad - level) + display.detail * (dense - fine)
    low, high = np.percentile(dense[body] if body.any() else dense, display.window)
    grey = np.clip((dense - low) / max(float(high - low), 1e-6), 0, 1)
    return _sigmoid(grey, display.steepness, display.toe)


def _broad(dense: Map) -> Map:
    small = F.interpolate(torch.from_numpy(dense)[None, None], scale_factor=1 / 8, mode="area")
    wide = gaussian_filter(small[0, 0].numpy(), _BROAD * len(dense) / 8, mode="nearest")
    again = F.interpolate(torch.from_numpy(wide)[None, None], dense.shape, mode="bilinear", align_corners=False)
    return np.asarray(again[0, 0].numpy())


def _sigmoid(grey: Map, steepness: float, middle: float) -> Map:
    if steepness < 0.1:
        return grey
    ends = 1 / (1 + np.exp(-steepness * (np.array([0.0, 1.0]) - middle)))
    curve = 1 / (1 + np.exp(-np.float32(steepness) * (grey - np.float32(middle))))
    return np.asarray((curve - ends[0]) / (ends[1] - ends[0]), dtype=np.float32)
