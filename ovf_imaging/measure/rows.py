"""One Measurement from a value and its variance: the only place where intervals are made."""

from __future__ import annotations

import math
from statistics import NormalDist

from ovf_imaging.types import Caveat, Measurement

_Z95 = NormalDist().inv_cdf(0.975)
_NO_INTERVAL = Caveat(code="interval-unknown", text="The reader gave no usable covariance, so no interval is known.")


def row(
    levels: tuple[int, int],
    quantity: str,
    unit: str,
    estimate: tuple[float, float],
    *,
    reading: int,
    reason: Caveat | None,
    reference: tuple[int, ...] = (),
    caveats: tuple[Caveat, ...] = (),
) -> Measurement:
    """Return a value and variance as a Measurement with its 95 % interval, or None with the `reason`."""
    value, variance = estimate
    if reason is not None or not math.isfinite(value):
        given = (reason,) if reason is not None else ()
        return Measurement(levels=levels, quantity=quantity, value=None, unit=unit, reading=reading, caveats=given)
    interval = None
    if variance >= 0 and math.isfinite(variance):
        half = _Z95 * math.sqrt(variance)
        interval = (value - half, value + half)
    else:
        caveats = (*caveats, _NO_INTERVAL)
    return Measurement(
        levels=levels,
        quantity=quantity,
        value=value,
        unit=unit,
        interval=interval,
        reference=reference,
        reading=reading,
        caveats=caveats,
    )
