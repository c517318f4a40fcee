"""What the detector makes of the light that reaches it: scatter, quanta, blur, grid lines, two plates stitched."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from torch.nn import functional as F  # noqa: N812

from ovf_imaging.training.simulation.film.camera import Map
from ovf_imaging.training.simulation.film.settings import FilmSettings

_BESIDE = 0.5  # light above this passed beside the body
_SKIN = 6.0  # thin parts scatter little: no more than so many times the middling light
_SCATTER_PART = 0.06  # its spread as a part of the film's height
_MISMATCH = 0.12  # of two plates' light after stitching has evened them out
_COARSE = 16  # pixels to one where scatter is spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Detector:
    """How a picture is taken."""

    scatter: float  # scattered against primary light
    quanta: float  # signal to noise where the grey is middling
    blur_px: float
    grid_px: tuple[float, float] | None  # period and depth of the anti-scatter grid's lines
    graticule_px: float | None  # distance of a wire mesh's lines
    seam: tuple[float, float] | None  # height of the seam as a part of the film's, gain of the lower plate


def draw_detector(rng: np.random.Generator, settings: FilmSettings, *, full: bool) -> Detector:
    """Return a detector drawn at random; full-spine films may be stitched and carry a wire mesh."""
    lined, meshed, stitched = rng.random(3) < (settings.grid_lines, settings.graticule * full, settings.seam * full)
    quanta = np.exp(rng.uniform(*np.log(settings.quanta)))
    return Detector(
        scatter=float(rng.uniform(*settings.scatter)),
        quanta=float(quanta),
        blur_px=float(rng.uniform(*settings.blur_px)),
        grid_px=(float(rng.uniform(2.2, 7)), float(rng.uniform(0.004, 0.03))) if lined else None,
        graticule_px=float(rng.uniform(40, 90)) if meshed else None,
        seam=(float(rng.uniform(0.38, 0.62)), float(np.exp(rng.normal(0, _MISMATCH)))) if stitched else None,
    )


def detected(light: Map, detector: Detector, rng: np.random.Generator) -> Map:
    """Return the signal (H, W) of light (H, W), above 0."""
    signal = light + detector.scatter * _scattered(light)
    if detector.grid_px is not None:
        period, depth = detector.grid_px
        rows = np.arange(light.shape[0], dtype=np.float32)[:, None]
        signal = signal * (1 + depth * np.sin(2 * np.pi * rows / period)).astype(np.float32)
    if detector.graticule_px is not None:
        signal = signal * (1 - 0.05 * _mesh(light.shape, detector.graticule_px))
    behind = signal[light < _BESIDE]  # the body's own middling grey, not the bright air's
    level = float(np.median(behind if behind.size else signal))
    noise = np.sqrt(signal * level) / np.float32(detector.quanta) * rng.standard_normal(light.shape, dtype=np.float32)
    signal = gaussian_filter(signal + noise, detector.blur_px, truncate=3)
    if detector.seam is not None:
        signal = _stitched(signal, *detector.seam)
    return np.maximum(signal, 1e-3 * level)


def _scattered(light: Map) -> Map:
    """Return light (H, W) scattered by the body; what passes beside it meets nothing to scatter on."""
    source = np.where(light < _BESIDE, light, 0)
    source = np.minimum(source, _SKIN * np.median(source[source > 0])) if source.any() else source
    small = F.interpolate(torch.from_numpy(source)[None, None], scale_factor=1 / _COARSE, mode="area")
    wide = gaussian_filter(small[0, 0].numpy(), _SCATTER_PART * light.shape[0] / _COARSE, mode="nearest")
    again = F.interpolate(torch.from_numpy(wide)[None, None], light.shape, mode="bilinear", align_corners=False)
    return np.asarray(again[0, 0].numpy())


def _mesh(shape: tuple[int, ...], period: float) -> Map:
    lines = [((np.arange(n) + 0.3 * period) % period < 1).astype(np.float32) for n in shape]
    return np.maximum.outer(lines[0], lines[1])


def _stitched(signal: Map, height: float, gain: float) -> Map:
    at = int(height * len(signal))
    joined = signal.copy()
    joined[at:] *= gain
    joined[at - 1 : at + 1] *= 1.6
    return joined
