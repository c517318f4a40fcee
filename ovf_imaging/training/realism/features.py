"""What a crop's grey values, spectrum, noise, edges and tissues are like, as numbers."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.draw import polygon2mask

from ovf_imaging.training.realism.crops import Crop, Grey
from ovf_imaging.vision.shapes import body_pose, outline

Array = NDArray[np.float64]
GREY_EDGES = np.linspace(0, 1, 17)  # of the histogram's bins
BANDS = np.array([0.03, 0.06, 0.1, 0.15, 0.2, 0.26, 0.32, 0.4, 0.5])  # edges, cycles per crop pixel
_SECOND = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]]) / 6  # unit gain on white noise
_MAD_TO_SIGMA = 1.4826
_CORE = 0.6  # of the body's outline, from its middle: marrow without its edges
_STEP = 0.25  # pixels between samples of a profile
_REACH = 0.14  # of a body's depth to either side of an endplate
_RISE = 2.563  # 10–90 % width of a Gaussian-blurred edge in sigmas


def grey_histogram(pixels: Grey) -> Array:
    """Return the part of the pixels (16,) in each bin of GREY_EDGES."""
    counts, _ = np.histogram(np.clip(pixels, 0, 1), GREY_EDGES)
    return np.asarray(counts / pixels.size)


def spectrum_db(pixels: Grey) -> Array:
    """Return the radially averaged power (8,) in each of BANDS in dB, of the picture at zero mean and unit spread.

    White noise has 0 dB in every band: a Hann window tapers the edges, its power is divided out.
    """
    window = np.outer(*(np.hanning(n) for n in pixels.shape))
    centred = pixels - np.average(pixels, weights=window)
    centred = centred / max(float(np.std(pixels)), 1e-6)
    power = np.abs(np.fft.fft2(centred * window)) ** 2 / (window**2).sum()
    radius = np.hypot(*np.meshgrid(*(np.fft.fftfreq(n) for n in pixels.shape), indexing="ij"))
    means = [power[(radius >= low) & (radius < high)].mean() for low, high in itertools.pairwise(BANDS)]
    return np.asarray(10 * np.log10(np.maximum(means, 1e-12)))


def marrow(crop: Crop) -> NDArray[np.bool_]:
    """Return the (side, side) mask of the body's inner part, away from its endplates and walls."""
    middle = crop.landmarks[[0, 2, 3, 5]].mean(0)
    return np.asarray(polygon2mask(crop.pixels.shape, middle + _CORE * (outline(crop.landmarks) - middle)))


def noise_sigma(pixels: Grey, where: NDArray[np.bool_]) -> float:
    """Return the standard deviation of white noise with the same fine detail, in grey values; robust to structure.

    Source: the second difference of Immerkær 1996, with the median in place of the mean.
    """
    detail = ndimage.convolve(pixels.astype(float), _SECOND, mode="nearest")[where]
    return float(_MAD_TO_SIGMA * np.median(np.abs(detail)))


def edge_width_px(crop: Crop) -> float:
    """Return the median 10–90 % width of both endplates' steepest edge in crop pixels.

    Read from profiles across the middle half of each endplate: the height of the monotone rise about the steepest
    place, over its slope, as it is for an edge blurred by a Gaussian.
    """
    depth = body_pose(crop.landmarks).depth
    offsets = np.arange(-_REACH * depth, _REACH * depth, _STEP)
    contour = outline(crop.landmarks)
    spline = ndimage.spline_filter(crop.pixels.astype(float), order=3, mode="nearest")
    widths = []
    for endplate in (contour[: len(contour) // 2], contour[len(contour) // 2 :]):
        order = np.argsort(endplate[:, 1])
        front, back = endplate[order[[0, -1]], 1]
        for column in np.linspace(front + 0.25 * (back - front), back - 0.25 * (back - front), 9):
            row = np.interp(column, endplate[order, 1], endplate[order, 0])
            places = np.stack([row + offsets, np.full_like(offsets, column)])
            profile = ndimage.map_coordinates(spline, places, order=3, mode="nearest", prefilter=False)
            widths.append(_rise_px(profile))
    return float(np.median(widths))


def _rise_px(profile: Array) -> float:
    slope = np.gradient(profile, _STEP)
    peak = int(np.argmax(np.abs(slope)))
    against = np.flatnonzero(slope * np.sign(slope[peak]) <= 0)
    first = max((k + 1 for k in against if k < peak), default=0)
    last = min((k for k in against if k > peak), default=len(slope))
    height = abs(slope[first:last].sum()) * _STEP
    return float(_RISE * height / (np.sqrt(2 * np.pi) * max(abs(slope[peak]), 1e-9)))


def tissues(crop: Crop) -> Array:
    """Return (7,) greys: marrow, its spread, above and below the body, in front, behind, and the rim's darkest part.

    Places are given in body depths and heights from the landmarks; the spread is that of smoothed marrow (texture).
    """
    smooth = ndimage.gaussian_filter(crop.pixels, 1.0)
    inside = marrow(crop)
    body = crop.landmarks
    height = body[[3, 4, 5], 0].mean() - body[[0, 1, 2], 0].mean()
    depth = body_pose(body).depth

    def at(place: Array, up: float, front: float) -> float:
        row, column = np.round(place - (up * height, front * depth)).astype(int)
        rows, columns = (slice(max(k - 1, 0), k + 2) for k in (row, column))
        patch = smooth[rows, columns]
        return float(patch.mean()) if patch.size else float(smooth.mean())

    rim = min(at(body[1], -0.02, 0), at(body[1], 0.05, 0)) + min(at(body[4], 0.02, 0), at(body[4], -0.05, 0))
    walls = (body[[0, 3]].mean(0), body[[2, 5]].mean(0))
    return np.array(
        [
            smooth[inside].mean(),
            smooth[inside].std(),
            at(body[1], 0.18, 0),
            at(body[4], -0.18, 0),
            at(walls[0], 0, 0.2),
            at(walls[1], 0, -0.25),
            rim / 2,
        ]
    )


TISSUES = ("marrow", "marrow texture", "disc above", "disc below", "in front", "behind", "rim")


def features(crops: Sequence[Crop]) -> Mapping[str, Array]:
    """Return group → (N, K) numbers of every crop."""
    return {
        "greys": np.stack([grey_histogram(c.pixels) for c in crops]),
        "spectrum": np.stack([spectrum_db(c.pixels) for c in crops]),
        "noise": np.array([[np.log(noise_sigma(c.pixels, marrow(c)) + 1e-3)] for c in crops]),
        "edges": np.array([[np.log(edge_width_px(c) + 1e-3)] for c in crops]),
        "tissues": np.stack([tissues(c) for c in crops]),
    }
