"""One Measurement from a value and its variance: the only place where intervals are made and scales are judged."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from statistics import NormalDist

from ovf_imaging.types import Caveat, Measurement, Scale

_Z95 = NormalDist().inv_cdf(0.975)
_NO_INTERVAL = Caveat(code="interval-unknown", text="The reader gave no usable covariance, so no interval is known.")
_NO_SCALE = Caveat(
    code="no-scale",
    text="The image tells no millimetres, so heights are not given; ratios, losses and angles are.",
)
_DETECTOR = Caveat(
    code="detector-scale",
    text="Millimetres are at the detector and magnified, not the patient's; ratios, losses and angles hold.",
    must_see=True,
)


def row(
    levels: tuple[int, int],
    quantity: str,
    unit: str,
    estimate: tuple[float, float | None],
    *,
    reading: int,
    against: int | None = None,
    reason: Caveat | None,
    reference: tuple[int, ...] = (),
    caveats: tuple[Caveat, ...] = (),
    scale: Scale = Scale.PATIENT,
) -> Measurement:
    """Return a value and variance as a Measurement with its 95 % interval, or None with the `reason`.

    A variance of None: the quantity has no interval, and none is missed. `scale` is the image's, for millimetres:
    without one there is no value, and the detector's is never silent.
    """
    value, variance = estimate
    if scale is Scale.UNKNOWN:
        reason = reason or _NO_SCALE
    elif scale is Scale.DETECTOR:
        caveats = (*caveats, _DETECTOR)
    if reason is not None or not math.isfinite(value):
        given = (reason,) if reason is not None else ()
        return Measurement(
            levels=levels, quantity=quantity, value=None, unit=unit, reading=reading, against=against, caveats=given
        )
    interval = None
    if variance is not None and variance >= 0 and math.isfinite(variance):
        half = _Z95 * math.sqrt(variance)
        interval = (value - half, value + half)
    elif variance is not None:
        caveats = (*caveats, _NO_INTERVAL)
    return Measurement(
        levels=levels,
        quantity=quantity,
        value=value,
        unit=unit,
        interval=interval,
        reference=reference,
        reading=reading,
        against=against,
        caveats=caveats,
    )


def calibrated(measurement: Measurement, factors: Mapping[str, float]) -> Measurement:
    """Return a measurement with its interval widened by its quantity's factor, where there is one."""
    factor = factors.get(measurement.quantity)
    if factor is None or measurement.value is None or measurement.interval is None:
        return measurement
    low, high = measurement.interval
    half = factor * (high - low) / 2
    return replace(measurement, interval=(measurement.value - half, measurement.value + half))


def variance(measurement: Measurement) -> float:
    """Return the variance that a measurement's interval stands for, NaN without one."""
    if measurement.interval is None:
        return math.nan
    low, high = measurement.interval
    return float(((high - low) / 2 / _Z95) ** 2)
