"""The grey values, noise and blur of a picture around one body, so that what is painted is of the same picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ovf_imaging.training.simulation.painted.frame import Frame
from ovf_imaging.types import Sequence

Array = NDArray[np.float64]
_CANAL = (-0.48, -0.12)  # depths behind the posterior wall
_BEHIND = (-1.6, -0.7)
_IN_FRONT = (1.12, 1.4)
_STEP_OF_SIGMA = float(np.sqrt(2 * np.pi))  # a blurred step's height over its steepest slope is √(2π) sigma


@dataclass(frozen=True, slots=True, kw_only=True)
class Tones:
    """Grey values as the picture has them, 0–1."""

    body: float  # marrow on MRI, bone on a film
    fluid: float  # cerebrospinal fluid; of no use on a film
    fat: float
    void: float  # MRI: no signal; film: the soft tissue beside the body
    dense: float  # film: as much brighter than the body as the soft tissue is darker
    opaque: float  # film: nearly the brightest of it
    noise: float  # standard deviation
    grain_px: float  # width of the noise's grain, Gaussian sigma
    blur_px: float  # of the picture's edges, Gaussian sigma


def mri_tones(pixels: NDArray[np.float32], inside: NDArray[np.bool_], frame: Frame, sequence: Sequence) -> Tones:
    """Return the tones around one body of a slice (H, W); `inside` is its mask."""
    core = ndimage.binary_erosion(inside, iterations=2)
    body = float(np.median(pixels[core if core.any() else inside]))
    canal = _sample(pixels, frame, _CANAL, (-0.6, 1.6))
    behind = _sample(pixels, frame, _BEHIND, (-0.6, 1.6))
    around = _sample(pixels, frame, (-0.6, 1.3), (-0.6, 1.6))
    if sequence is Sequence.T1:
        fluid = min(float(np.percentile(canal, 30)), 0.8 * body)
        fat = float(np.percentile(behind, 92))
    else:
        # A narrow or empty canal holds little fluid: then it is at least clearly brighter than marrow.
        fluid = max(float(np.percentile(canal, 85)), min(1.5 * body, 1.0))
        fat = float(np.percentile(behind, 92)) if sequence is Sequence.T2 else 0.8 * body
    void = min(0.7 * float(np.percentile(around, 1.5)), 0.3 * body)
    noise, grain = _noise(pixels, inside)
    return Tones(
        body=body,
        fluid=fluid,
        fat=max(fat, body) if sequence is not Sequence.FLUID else fat,
        void=void,
        dense=body,
        opaque=body,
        noise=noise,
        grain_px=grain,
        blur_px=edge_blur_px(pixels, frame),
    )


def film_tones(pixels: NDArray[np.float32], inside: NDArray[np.bool_], frame: Frame) -> Tones:
    """Return the tones around one body of a film (H, W)."""
    body = float(np.median(pixels[inside]))
    beside = float(np.median(_sample(pixels, frame, _IN_FRONT, (0.1, 0.9))))
    contrast = float(np.clip(body - beside, 0.1, 0.3))  # where gas or the ilium hides it, that of a usual film
    noise, grain = _noise(pixels, inside)
    return Tones(
        body=body,
        fluid=body,
        fat=body,
        void=body - contrast,
        dense=body + contrast,
        opaque=min(max(body + 2 * contrast, float(np.percentile(pixels, 97))), 1.0),
        noise=noise,
        grain_px=grain,
        blur_px=edge_blur_px(pixels, frame),
    )


def canal_to_body(pixels: NDArray[np.float32], inside: NDArray[np.bool_], frame: Frame) -> float:
    """Return how bright the spinal canal behind a body is against the body's marrow.

    Its 40th percentile: beside the middle the canal's fat is bright on T1, too, but not the whole of it.
    """
    canal = float(np.percentile(_sample(pixels, frame, _CANAL, (-0.3, 1.3)), 40))
    return canal / max(float(np.median(pixels[inside])), 1e-6)


def edge_blur_px(pixels: NDArray[np.float32], frame: Frame) -> float:
    """Return the Gaussian sigma of the endplates' edges, the sharper half of them, between 0.4 and 2.5 px."""
    s = np.linspace(0.2, 0.8, 13)
    step = 0.25
    offsets = np.arange(-5, 5 + step, step)
    sigmas = []
    for t in (0.0, 1.0):
        points = frame.position(s, np.full_like(s, t))[:, None] + offsets[:, None] * frame.up
        profile = ndimage.map_coordinates(pixels, np.moveaxis(points, -1, 0), order=1, mode="nearest")
        slope = np.abs(np.diff(profile, axis=1)).max(1) / step
        sigmas += list(np.ptp(profile, axis=1) / np.maximum(slope, 1e-6) / _STEP_OF_SIGMA)
    return float(np.clip(np.percentile(sigmas, 25), 0.4, 2.5))


def _sample(pixels: NDArray[np.float32], frame: Frame, s: tuple[float, float], t: tuple[float, float]) -> Array:
    """Return the values of the picture in a rectangle of the body's coordinates (N,)."""
    grid = np.meshgrid(np.linspace(*s, 24), np.linspace(*t, 36), indexing="ij")
    points = frame.position(*grid)
    within = ((points >= 0) & (points <= np.array(pixels.shape) - 1)).all(-1)
    values = ndimage.map_coordinates(pixels, points[within].T, order=1)
    return np.asarray(values if values.size else np.zeros(1), dtype=np.float64)


def _noise(pixels: NDArray[np.float32], inside: NDArray[np.bool_]) -> tuple[float, float]:
    """Return standard deviation and grain (Gaussian sigma, pixels) of the fine texture inside a body."""
    rows, columns = (slice(int(v.min()), int(v.max()) + 1) for v in np.nonzero(inside))
    patch = pixels[rows, columns].astype(np.float64)
    mask = ndimage.binary_erosion(inside[rows, columns], iterations=2)
    if mask.sum() < 30:
        mask = inside[rows, columns]
    fine = patch - ndimage.gaussian_filter(patch, 2.0)
    sd = 1.4826 * float(np.median(np.abs(fine[mask] - np.median(fine[mask]))))
    pairs = mask[:, 1:] & mask[:, :-1]
    covariance = float((fine[:, 1:] * fine[:, :-1])[pairs].mean()) if pairs.any() else 0.0
    likeness = float(np.clip(covariance / max(float(fine[mask].var()), 1e-9), 1e-3, 0.9))
    # White noise blurred by a sigma has a correlation of exp(−1 / (4 sigma²)) between neighbouring pixels.
    return sd, float(np.clip(0.5 / np.sqrt(-np.log(likeness)), 0.0, 1.5))
