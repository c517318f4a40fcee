"""What is normal in an image: its healthy bodies' marrow near each body, and its cerebrospinal fluid."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ovf_imaging.knowledge.marrow import marrow
from ovf_imaging.knowledge.tables import heights
from ovf_imaging.measure.reference import by_level, held_sign
from ovf_imaging.types import Sequence as Contrast
from ovf_imaging.types import SignKind, Vertebra

Array = NDArray[np.float64]
CONTRASTS = (Contrast.T1, Contrast.T2, Contrast.FLUID)  # that marrow and CSF are compared on
_FOREIGN = (SignKind.CEMENT, SignKind.IMPLANT)


def healthy(vertebrae: Sequence[Vertebra]) -> NDArray[np.bool_]:
    """Return (N,) which bodies hold no cement or metal and are not reduced, by themselves or against the others."""
    trend = heights()
    points = np.array([v.landmarks[:, 1:] for v in vertebrae]).reshape(-1, 6, 2)
    expected = by_level(trend.expected, [v.level for v in vertebrae])
    with np.errstate(invalid="ignore", divide="ignore"):
        size = np.linalg.norm(points[:, :3] - points[:, 3:], axis=-1) / expected
        usual = np.nanmedian(size) if np.isfinite(size).any() else np.nan
        own = 1 - size.min(1) / size.max(1)
        others = 1 - size.min(1) / usual
    whole = (own < trend.shape_reduced_at) & (others < trend.shape_reduced_at)
    clean = np.array([held_sign(v, _FOREIGN) is None for v in vertebrae], dtype=bool)
    return np.asarray(whole & clean)


def neighbours(levels: Sequence[int], whole: NDArray[np.bool_]) -> list[NDArray[np.intp]]:
    """Return for each of N bodies the places of the nearest other healthy bodies; empty where there are too few.

    The coil's shading changes little from one body to the next, so near bodies need no correction for it.
    """
    rules = marrow().healthy
    found = []
    for place in range(len(levels)):
        others = np.flatnonzero(whole & (np.arange(len(levels)) != place))
        nearest = others[np.argsort(np.abs(others - place), kind="stable")][: rules.nearest]
        found.append(nearest if len(nearest) >= rules.least else nearest[:0])
    return found


def references(signals: Array, near: Sequence[NDArray[np.intp]]) -> Array:
    """Return (N,) the median signal of each body's neighbours, NaN without any or where there is no signal."""
    found = np.array([np.median(signals[k]) if len(k) else np.nan for k in near], dtype=np.float64)
    return np.where(found > 0, found, np.nan)


def fluid_ratio(contrast: Contrast, canals: Array, reference: Array) -> float | None:
    """Return CSF against normal marrow in an image, None where it is not found.

    `canals` (N,) is the bright (on T1: the dark) end of what lies behind each body. CSF is where it must differ from
    marrow by as much as knowledge/marrow.toml wants.
    """
    ratios = canals / reference
    ratios = ratios[np.isfinite(ratios)]
    if not len(ratios):
        return None
    limit, ratio = marrow().csf[contrast].limit, float(np.median(ratios))
    found = 0 < ratio <= limit if contrast is Contrast.T1 else ratio >= limit
    return ratio if found else None


def canal_end(contrast: Contrast, canals: NDArray[np.floating]) -> Array:
    """Return (N,) the end of each canal's signals (N, M) at which CSF is found: bright, but dark on T1."""
    return np.asarray(np.percentile(canals, marrow().csf[contrast].percentile, axis=-1), dtype=np.float64)
