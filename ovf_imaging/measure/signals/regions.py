"""Regions of a body that stand out, and what is measured of each: the evidence for or against a cleft."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ovf_imaging.measure.signals.views import INSIDE, Grid

Mask = NDArray[np.bool_]
Features = Mapping[str, float]

_PEAKS = 3  # places looked at in each body
_CUTS = (0.5, 0.7)  # a region ends where it has fallen to this part of its peak over the body's median
_EDGE_ROWS, _EDGE_COLUMNS = 2, 2  # of the grid, left out along the endplates and walls: partial volume
_BEYOND = 3  # rows or columns just outside the body
_ROUND = tuple(slice(part.start - _BEYOND, part.stop + _BEYOND) for part in INSIDE[1:])
_ACROSS = np.ones((3, 3, 3), dtype=bool)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Region:
    """A connected region of a body."""

    mask: Mask  # (K, T, S) of INSIDE
    features: Features


def standing_out(score: Grid, details: Mapping[str, Grid], step_mm: tuple[float, float]) -> Iterator[Region]:
    """Yield the regions of highest `score` (K, T, S of a whole grid); `details` are averaged over each region."""
    smooth = ndimage.gaussian_filter(score, (0, 1, 1))
    body = smooth[INSIDE]
    background = float(np.median(body))
    free = np.zeros(body.shape, dtype=bool)
    free[:, _EDGE_ROWS:-_EDGE_ROWS, _EDGE_COLUMNS:-_EDGE_COLUMNS] = True
    left = free.copy()
    for _ in range(_PEAKS):
        peak = np.unravel_index(int(np.argmax(np.where(left, body, -np.inf))), body.shape)
        if not left[peak] or body[peak] <= background:
            return
        for cut in _CUTS:
            labels, _count = ndimage.label(free & (body > background + cut * (body[peak] - background)), _ACROSS)
            mask = labels == labels[peak]
            yield Region(mask=mask, features=_features(mask, smooth, background, details, step_mm))
            if cut == _CUTS[0]:
                left &= ~ndimage.binary_dilation(mask, np.ones((1, 3, 3), dtype=bool), iterations=2)
        left[peak] = False


def _features(
    mask: Mask, smooth: Grid, background: float, details: Mapping[str, Grid], step_mm: tuple[float, float]
) -> dict[str, float]:
    """Return what is told of a region by the slice that shows most of it."""
    areas = mask.sum((1, 2))
    k = int(areas.argmax())
    plane, body = mask[k], smooth[INSIDE][k]
    rows, columns = np.nonzero(plane)
    near = ndimage.binary_dilation(plane, iterations=4) & ~ndimage.binary_dilation(plane, iterations=1)
    mean = float(body[plane].mean())
    ring = float(body[near].mean()) if near.any() else mean
    height, width = len(np.unique(rows)), len(np.unique(columns))
    off_centre = abs(float(rows.mean()) / (plane.shape[0] - 1) - 0.5)
    depth = float(columns.mean()) / (plane.shape[1] - 1)
    thickness = len(rows) / width * step_mm[0]
    endplate, back, front = _bridges(plane, smooth[k][_ROUND])
    return {
        "peak": float(body[plane].max()),
        "mean": mean,
        "edge": mean - ring,
        "ring": ring,
        "background": background,
        "share": float(np.log(areas[k] / plane.size)),
        "flat": float(np.log(width * step_mm[1] / thickness)),
        "tall": height / plane.shape[0],
        "off_centre": off_centre,
        "off_centre_squared": off_centre**2,
        "depth": depth,
        "depth_squared": depth**2,
        "endplate_bridge": endplate,
        "back_bridge": back,
        "front_bridge": front,
        "slices": float((areas > 0.3 * areas[k]).mean()),
    } | {name: float(grid[INSIDE][k][plane].mean()) for name, grid in details.items()}


def _bridges(plane: Mask, signal: NDArray[np.float32]) -> tuple[float, float, float]:
    """Return how much of a region's signal goes on through the nearer endplate, the back and the front of the body.

    Of each line from the region to just beyond the body the least signal, averaged over the lines: low where normal
    bone parts the region from what lies outside.
    """
    plane = np.pad(plane, _BEYOND)
    low = np.nonzero(plane)[0].mean() > (plane.shape[0] - 1) / 2
    up, upright = (plane[::-1], signal[::-1]) if low else (plane, signal)
    return _bridge(up, upright), _bridge(plane.T[::-1], signal.T[::-1]), _bridge(plane.T, signal.T)


def _bridge(plane: Mask, signal: NDArray[np.float32]) -> float:
    """Return the mean over a region's columns of the least signal between its first row and the grid's."""
    columns = np.flatnonzero(plane.any(0))
    least = np.minimum.accumulate(signal[:, columns], axis=0)
    return float(least[plane[:, columns].argmax(0), np.arange(len(columns))].mean())
