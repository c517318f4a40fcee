"""Agreement of two readers' answers: confusion table, Cohen's and weighted kappa, sensitivity and specificity."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ovf_imaging.compare import resample
from ovf_imaging.compare.estimates import FEWEST, TOO_FEW, Estimate, Interval

Array = NDArray[np.float64]

_Z = float(stats.norm.ppf(0.975))
_NOTHING = 1e-12  # of a share: rounding
_PAIRS = "interval takes the answers as independent"
_CONSTANT = Estimate(note="cannot tell (only one answer was given)")


def tables(a: Sequence[str], b: Sequence[str], answers: Sequence[str], studies: Sequence[str]) -> Array:
    """Return each study's confusion table, (studies, answers, answers): rows are a's answers, columns b's."""
    place = {answer: index for index, answer in enumerate(answers)}
    single = np.zeros((len(a), len(answers), len(answers)))
    for n, (first, second) in enumerate(zip(a, b, strict=True)):
        single[n, place[first], place[second]] = 1
    return resample.by_study(single, np.asarray(studies)) if len(a) else single


def weights(answers: int, power: int) -> Array:
    """Return how much a pair of answers counts as agreement: 1 on the diagonal, 0 between the ends.

    `power` 0 = all or nothing (Cohen), 1 = linear, 2 = quadratic.
    """
    step = np.abs(np.subtract.outer(np.arange(answers), np.arange(answers))) / max(answers - 1, 1)
    return np.asarray(1 - (step**power if power else step > 0), dtype=np.float64)


def kappa(counts: Array, power: int = 0) -> Estimate:
    """Return kappa of each study's confusion table (studies, answers, answers), weighted by `weights`.

    The interval is by bootstrap over five studies or more, else from the large-sample standard error.
    Source: Cohen 1960 and 1968; standard error in Fleiss, Cohen and Everitt 1969 (Psychol Bull 72:323).
    """
    table = counts.sum(axis=0)
    n, weight = float(table.sum()), weights(table.shape[-1], power)
    if n < FEWEST:
        return Estimate(note=TOO_FEW)
    value = float(_kappas(table[None], weight)[0])
    if not np.isfinite(value):
        return _CONSTANT
    drawn = resample.study_interval(counts, lambda sums: _kappas(sums, weight))
    if drawn and drawn[0] < drawn[1]:
        return Estimate(value=value, interval=drawn, note=resample.NOTE)
    half = _Z * _standard_error(table / n, weight, n, value)
    if half == 0:
        return Estimate(value=value, note="no interval: the answers leave no spread")
    return Estimate(value=value, interval=(value - half, min(1.0, value + half)), note=_PAIRS)


def share(hits: float, n: float) -> Estimate:
    """Return hits of n as a share with Wilson's interval."""
    if n < FEWEST:
        return Estimate(note=TOO_FEW)
    found = stats.binomtest(round(hits), round(n)).proportion_ci(method="wilson")
    interval: Interval = (float(found.low), float(found.high))
    return Estimate(value=hits / n, interval=interval, note=_PAIRS)


def _kappas(tables: Array, weight: Array) -> Array:
    """Return kappa of each table (..., answers, answers); NaN where chance alone would agree wholly."""
    shares = tables / tables.sum((-2, -1), keepdims=True)
    seen = (shares * weight).sum((-2, -1))
    chance = (shares.sum(-1, keepdims=True) * shares.sum(-2, keepdims=True) * weight).sum((-2, -1))
    room = np.where(1 - chance > _NOTHING, 1 - chance, np.nan)
    return np.asarray((seen - chance) / room)


def _standard_error(shares: Array, weight: Array, n: float, value: float) -> float:
    rows, columns = shares.sum(axis=1), shares.sum(axis=0)
    chance = float(rows @ weight @ columns)
    marginal = (weight @ columns)[:, None] + (rows @ weight)[None, :]
    spread = float((shares * (weight - marginal * (1 - value)) ** 2).sum()) - (value - chance * (1 - value)) ** 2
    return float(np.sqrt(spread / n) / (1 - chance)) if spread > _NOTHING else 0.0
