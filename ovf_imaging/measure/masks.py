"""Bodies whose masks are mixed up with a neighbour's: their landmarks may follow the wrong mask."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ovf_imaging.knowledge.tables import heights
from ovf_imaging.types import Level, Reading, Vertebra

Array = NDArray[np.float64]

_GRID = 256  # samples across the shorter side of a slice, enough for shares of a body
_LEVELS = 256  # labels are bytes
_OUTLINE = (0, 1, 2, 5, 4, 3)  # landmarks once round the body
_REACH = 1.0  # in heights from a body's centre: a stray piece this near was taken from it


def mixed_masks(reading: Reading, vertebrae: Sequence[Vertebra]) -> frozenset[int]:
    """Return the levels whose mask strays into a neighbour or whose outline holds another level's mask.

    Landmarks that a person has edited outrank the masks: nothing is returned for them. Bodies without a mask can't
    be checked.
    """
    if reading.reader.startswith("edited"):
        return frozenset()
    trend = heights()
    step = max(1, min(reading.labels.shape[1:]) // _GRID)
    found: set[int] = set()
    bodies = [v for v in vertebrae if v.level != Level.S1 and np.isfinite(v.landmarks).all()]
    slices: dict[int, tuple[NDArray[np.uint8], NDArray[np.intp]]] = {}  # thinned labels, samples a level
    for vertebra in bodies:
        index = round(float(np.median(vertebra.landmarks[:, 0])))
        if not (0 <= index < len(reading.labels) and 0 <= vertebra.level < _LEVELS):
            continue
        if index not in slices:
            thinned = np.ascontiguousarray(reading.labels[index, ::step, ::step])
            slices[index] = thinned, np.bincount(thinned.ravel(), minlength=_LEVELS)
        grid, counts = slices[index]
        total = int(counts[vertebra.level])
        if not total:
            continue
        outline = vertebra.landmarks[_OUTLINE, 1:] / step
        inside, window = _inside(grid, outline)
        foreign = inside & (window != 0) & (window != vertebra.level)
        if foreign.sum() > trend.foreign_at_most * inside.sum():
            found.add(vertebra.level)
        # Endplates and walls bulge beyond the lines between landmarks: that is no stray mask.
        roomy = outline.mean(0) + (outline - outline.mean(0)) * trend.outline_grown
        inside, window = _inside(grid, roomy)
        own = inside & (window == vertebra.level)
        if total - own.sum() > trend.stray_at_most * total:
            found.add(vertebra.level)
            found |= _robbed(vertebra, bodies, grid, own, roomy, step)
    return frozenset(found)


def _inside(grid: NDArray[np.uint8], outline: Array) -> tuple[NDArray[np.bool_], NDArray[np.uint8]]:
    """Return which samples of the outline's window lie inside it, and the window of `grid`."""
    low = np.maximum(np.floor(outline.min(0)).astype(int), 0)
    high = np.maximum(np.ceil(outline.max(0)).astype(int) + 1, low)
    window = grid[low[0] : high[0], low[1] : high[1]]
    rows = low[0] + np.arange(window.shape[0])[:, None, None]
    columns = low[1] + np.arange(window.shape[1])[None, :, None]
    a, b = outline, np.roll(outline, -1, axis=0)
    spans = (a[:, 0] > rows) != (b[:, 0] > rows)
    rise = np.where(b[:, 0] == a[:, 0], 1.0, b[:, 0] - a[:, 0])
    left = columns < a[:, 1] + (rows - a[:, 0]) * (b[:, 1] - a[:, 1]) / rise
    return (spans & left).sum(-1) % 2 == 1, window


def _robbed(
    vertebra: Vertebra,
    bodies: Sequence[Vertebra],
    grid: NDArray[np.uint8],
    own: NDArray[np.bool_],
    outline: Array,
    step: int,
) -> set[int]:
    """Return the level of the body beside which the stray part of a mask lies, if there is one."""
    low = np.maximum(np.floor(outline.min(0)).astype(int), 0)
    stray = grid == vertebra.level
    stray[low[0] : low[0] + own.shape[0], low[1] : low[1] + own.shape[1]] &= ~own
    centre = np.argwhere(stray).mean(0) * step
    near: list[tuple[float, int]] = []
    for other in bodies:
        points = other.landmarks[:, 1:]
        height = float(np.linalg.norm(points[:3].mean(0) - points[3:].mean(0)))
        away = float(np.linalg.norm(points.mean(0) - centre))
        if other.level != vertebra.level and away <= _REACH * height:
            near.append((away, other.level))
    return {min(near)[1]} if near else set()
