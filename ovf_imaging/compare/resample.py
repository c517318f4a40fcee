"""Bootstrap over studies: bodies of one patient are alike, so whole patients are drawn, not bodies."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ovf_imaging.compare.estimates import Interval

FEWEST_STUDIES = 5  # fewer can't stand for all patients
NOTE = "interval by bootstrap over studies"
_DRAWS = 2000
_SEED = 20260101
_DEFINED = 0.95  # of the draws, for an interval: else what can't be computed would be left out of it
Array = NDArray[np.float64]


def study_interval(totals: Array, statistic: Callable[[Array], Array]) -> Interval | None:
    """Return the 95 % percentile interval of a statistic of sums over pairs; None when the draws don't tell.

    `totals` (studies, ...) are each study's own sums; `statistic` takes (draws, ...) sums to (draws,) values. None
    with fewer than five studies or when a draw in twenty has no value. Source: Efron and Tibshirani 1993, chapter 8.
    """
    studies = len(totals)
    if studies < FEWEST_STUDIES:
        return None
    drawn = np.tensordot(_counts(studies), totals, axes=1)
    values = statistic(drawn)
    known = values[np.isfinite(values)]
    if len(known) < _DEFINED * _DRAWS:
        return None
    low, high = np.percentile(known, [2.5, 97.5])
    return float(low), float(high)


def by_study(values: Array, studies: Array) -> Array:
    """Return the sums of `values` (pairs, ...) over the pairs of each study, (studies, ...)."""
    _, place = np.unique(studies, return_inverse=True)
    totals = np.zeros((int(place.max()) + 1, *values.shape[1:]))
    np.add.at(totals, place, values)
    return totals


@lru_cache(maxsize=4)
def _counts(studies: int) -> Array:
    """Return how often each study is drawn, (draws, studies): the same ones every time."""
    draws = np.random.default_rng(_SEED).multinomial(studies, np.full(studies, 1 / studies), size=_DRAWS)
    return draws.astype(np.float64)
