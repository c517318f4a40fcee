"""An estimate with its interval, or the reason why there is none; what all statistics of this room return."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

FEWEST = 3  # pairs that a statistic wants; below it a spread or a correlation says nothing
TOO_FEW = f"cannot tell (n < {FEWEST})"
Interval = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A statistic and its 95 % interval. `value` None = cannot tell, and `note` says why."""

    value: float | None = None
    interval: Interval | None = None
    note: str = ""  # why there is no value or interval, or what the interval rests on


Estimates = Mapping[str, Estimate]  # by the statistic's name
