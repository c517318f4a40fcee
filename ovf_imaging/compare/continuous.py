"""Agreement of two readers' numbers: bias, limits of agreement, within-subject SD and intraclass correlation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ovf_imaging.compare import resample
from ovf_imaging.compare.estimates import FEWEST, TOO_FEW, Estimate, Estimates

Array = NDArray[np.float64]

STATISTICS = (
    *("bias", "sd", "loa_lower", "loa_upper", "within_subject_sd", "smallest_detectable_change"),
    *("icc_2_1", "icc_3_1"),
)
_Z = float(stats.norm.ppf(0.975))
_TAIL = 0.975
_NOTHING = 1e-12  # of the values' sum of squares: rounding, not spread
_PAIRS = "interval takes the pairs as independent"
_FAR_APART = "no interval: the readers differ more than the bodies do"
_SAME = Estimate(note="cannot tell (all readings are the same)")


def agreement(a: Sequence[float], b: Sequence[float], studies: Sequence[str]) -> Estimates:
    """Return every one of STATISTICS of two readers' values of the same things, the differences being a − b."""
    if len(a) < FEWEST:
        return dict.fromkeys(STATISTICS, Estimate(note=TOO_FEW))
    values = np.stack([np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)], axis=1)
    difference = values[:, 0] - values[:, 1]
    return {
        "bias": bias(difference, studies),
        "sd": Estimate(value=float(difference.std(ddof=1))),
        **limits(difference),
        **within_subject(difference),
        "icc_2_1": icc_agreement(values),
        "icc_3_1": icc_consistency(values),
    }


def bias(difference: Array, studies: Sequence[str]) -> Estimate:
    """Return the mean difference; its interval by bootstrap over five studies or more, else Student's."""
    n, mean = len(difference), float(difference.mean())
    totals = resample.by_study(np.stack([difference, np.ones(n)], axis=1), np.asarray(studies))
    if drawn := resample.study_interval(totals, lambda sums: np.asarray(sums[:, 0] / sums[:, 1])):
        return Estimate(value=mean, interval=drawn, note=resample.NOTE)
    half = float(stats.t.ppf(_TAIL, n - 1) * difference.std(ddof=1) / np.sqrt(n))
    return Estimate(value=mean, interval=(mean - half, mean + half), note=_PAIRS)


def limits(difference: Array) -> Estimates:
    """Return the 95 % limits of agreement, bias ± 1.96 SD, each with its interval.

    Source: Bland and Altman 1999 (Stat Methods Med Res 8:135), var = s² (1/n + 1.96²/(2(n − 1))).
    """
    n, mean, spread = len(difference), float(difference.mean()), float(difference.std(ddof=1))
    error = spread * np.sqrt(1 / n + _Z**2 / (2 * (n - 1)))
    half = float(stats.t.ppf(_TAIL, n - 1) * error)
    ends = {"loa_lower": mean - _Z * spread, "loa_upper": mean + _Z * spread}
    return {name: Estimate(value=end, interval=(end - half, end + half), note=_PAIRS) for name, end in ends.items()}


def within_subject(difference: Array) -> Estimates:
    """Return the within-subject SD, √(Σd²/2n), and 1.96 √2 of it: the smallest change that is more than doubt.

    A bias between the readers is part of both. Source: Bland and Altman 1996 (BMJ 313:744); interval by χ² with n.
    """
    n, squares = len(difference), float((difference**2).sum())
    low, value, high = (
        float(np.sqrt(squares / 2 / d)) for d in (stats.chi2.ppf(_TAIL, n), n, stats.chi2.isf(_TAIL, n))
    )
    change = _Z * float(np.sqrt(2))
    return {
        "within_subject_sd": Estimate(value=value, interval=(low, high), note=_PAIRS),
        "smallest_detectable_change": Estimate(
            value=change * value, interval=(change * low, change * high), note=_PAIRS
        ),
    }


def icc_agreement(values: Array) -> Estimate:
    """Return ICC(2,1), two-way random, absolute agreement, one reader, of (subjects, readers) values.

    Source: Shrout and Fleiss 1979; interval of ICC(A,1) in McGraw and Wong 1996, table 7.
    """
    n, k = values.shape
    squares = _mean_squares(values)
    if squares is None:
        return _SAME
    subjects, readers, error = squares
    value = (subjects - error) / (subjects + (k - 1) * error + k / n * (readers - error))
    if readers == 0 and error == 0:
        return Estimate(value=value, note="no interval: the readers never differ")
    a = k * value / (n * (1 - value))
    b = 1 + k * value * (n - 1) / (n * (1 - value))
    within = a * readers + b * error
    if within <= 0:  # far below 0, where the approximation breaks down
        return Estimate(value=value, note=_FAR_APART)
    freedom = within**2 / ((a * readers) ** 2 / (k - 1) + (b * error) ** 2 / ((n - 1) * (k - 1)))
    below, above = stats.f.ppf(_TAIL, n - 1, freedom), stats.f.ppf(_TAIL, freedom, n - 1)
    if not np.isfinite(below):
        return Estimate(value=value, note=_FAR_APART)
    rest = k * readers + (k * n - k - n) * error
    low = n * (subjects - below * error) / (below * rest + n * subjects)
    high = n * (above * subjects - error) / (rest + n * above * subjects)
    return Estimate(value=value, interval=(float(low), float(high)), note=_PAIRS)


def icc_consistency(values: Array) -> Estimate:
    """Return ICC(3,1), two-way mixed, consistency, one reader, of (subjects, readers) values.

    Source: Shrout and Fleiss 1979; interval of ICC(C,1) in McGraw and Wong 1996, table 7.
    """
    n, k = values.shape
    squares = _mean_squares(values)
    if squares is None:
        return _SAME
    subjects, _, error = squares
    if subjects == 0 and error == 0:
        return Estimate(note="cannot tell (no body differs from another)")
    value = (subjects - error) / (subjects + (k - 1) * error)
    if error == 0:
        return Estimate(value=value, note="no interval: the readers' differences never vary")
    ratio, residual = subjects / error, (n - 1) * (k - 1)
    low = ratio / stats.f.ppf(_TAIL, n - 1, residual)
    high = ratio * stats.f.ppf(_TAIL, residual, n - 1)
    ends = (float((end - 1) / (end + k - 1)) for end in (low, high))
    return Estimate(value=value, interval=(next(ends), next(ends)), note=_PAIRS)


def _mean_squares(values: Array) -> tuple[float, float, float] | None:
    """Return the mean squares of subjects, readers and error; None when no value differs from another."""
    n, k = values.shape
    mean = values.mean()
    floor = _NOTHING * float((values**2).sum())
    subjects = k * float(((values.mean(axis=1) - mean) ** 2).sum())
    readers = n * float(((values.mean(axis=0) - mean) ** 2).sum())
    total = float(((values - mean) ** 2).sum())
    if total <= floor:
        return None
    error = total - subjects - readers
    subjects, readers, error = (0.0 if part <= floor else part for part in (subjects, readers, error))
    return subjects / (n - 1), readers / (k - 1), error / ((n - 1) * (k - 1))
