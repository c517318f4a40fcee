"""One level of a study with what each of its images measured there, and an opinion formed on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from ovf_imaging.types import Caveat, Measurement, Reading, level_name

Rows = Mapping[str, Measurement]  # quantity → measurement of one level on one reading
T = TypeVar("T")
ENDPLATES = ("superior", "inferior")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion(Generic[T]):
    """A verdict with the measurements it rests on; None = cannot tell, and the caveats say why."""

    value: T | None
    basis: tuple[Measurement, ...] = ()
    caveats: tuple[Caveat, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Body:
    """One level on the images of one study."""

    level: int
    readings: Sequence[Reading]  # all of the case; `rows` and `changes` hold their indices
    rows: Mapping[int, Rows]  # reading → quantity → measurement, of the images that measured the level
    changes: tuple[Measurement, ...] = ()  # between two images, of the level itself and of the angle over it

    @property
    def name(self) -> str:
        """The level's name."""
        return level_name(self.level)

    def of(self, quantity: str) -> list[Measurement]:
        """Return a quantity on each image that has a row for it."""
        return [rows[quantity] for rows in self.rows.values() if quantity in rows]

    def caveat(self, code: str, text: str, *, must_see: bool = False) -> Caveat:
        """Return a caveat about this level."""
        return Caveat(code=code, text=f"{self.name}: {text}", levels=(self.level,), must_see=must_see)


def value_of(rows: Rows, quantity: str) -> float | None:
    """Return a quantity's value, None where there is no row or it can't be told."""
    row = rows.get(quantity)
    return None if row is None else row.value


def half_width(row: Measurement) -> float:
    """Return half of the 95 % interval, 0 where none is known."""
    return 0.0 if row.interval is None else (row.interval[1] - row.interval[0]) / 2
