"""What looks like a fracture and may be none, as knowledge/mimics.toml says.

A wrong file raises KnowledgeError with the file, the key, the value and what was wanted.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ovf_imaging.knowledge.loader import KNOWLEDGE_DIR, level, number, read_table, table, text
from ovf_imaging.types import level_order


@dataclass(frozen=True, slots=True, kw_only=True)
class Mimic:
    """What all patterns have."""

    name: str
    grade_at_most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Two levels and all between."""

    upper: int
    lower: int

    def holds(self, level: int) -> bool:
        """Return whether a level lies in the span."""
        return level_order(self.upper) <= level_order(level) <= level_order(self.lower)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheuermann(Mimic):
    """Wedged bodies in a row, one with an irregular endplate."""

    bodies_at_least: int
    wedge_at_least_deg: float
    span: Span
    irregular_at_least: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Schmorl(Mimic):
    """One endplate dented, the rims whole."""

    rim_loss_at_most: float
    dent_at_least: float
    other_at_most: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortVertebra(Mimic):
    """Evenly short, in proportion with a neighbour, endplates straight."""

    spread_at_most: float
    dent_at_most: float
    proportion_within: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NormalWedge(Mimic):
    """The wedging of healthy bodies at the thoracolumbar junction."""

    span: Span
    wedge_at_most_deg: float
    dent_at_most: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Mimics:
    """All patterns."""

    scheuermann: Scheuermann
    schmorl: Schmorl
    short_vertebra: ShortVertebra
    normal_wedge: NormalWedge


@lru_cache
def mimics(path: Path = KNOWLEDGE_DIR / "mimics.toml") -> Mimics:
    """Return the patterns."""
    data = read_table(path)

    def figure(name: str, key: str, low: float = 0, high: float = 1) -> float:
        return number(path, name, table(path, data, name), key, low, high)

    def name_of(name: str) -> str:
        return text(path, name, table(path, data, name), "name")

    def grade_of(name: str) -> int:
        return int(figure(name, "grade_at_most", 1, 3))

    def span(name: str) -> Span:
        upper, lower = (level(path, f"{name}.{end}", table(path, data, name).get(end)) for end in ("upper", "lower"))
        return Span(upper=upper, lower=lower)

    return Mimics(
        scheuermann=Scheuermann(
            name=name_of("scheuermann"),
            grade_at_most=grade_of("scheuermann"),
            bodies_at_least=int(figure("scheuermann", "bodies_at_least", 2, 12)),
            wedge_at_least_deg=figure("scheuermann", "wedge_at_least_deg", 0.1, 90),
            span=span("scheuermann"),
            irregular_at_least=figure("scheuermann", "irregular_at_least"),
        ),
        schmorl=Schmorl(
            name=name_of("schmorl"),
            grade_at_most=grade_of("schmorl"),
            rim_loss_at_most=figure("schmorl", "rim_loss_at_most"),
            dent_at_least=figure("schmorl", "dent_at_least"),
            other_at_most=figure("schmorl", "other_at_most"),
        ),
        short_vertebra=ShortVertebra(
            name=name_of("short_vertebra"),
            grade_at_most=grade_of("short_vertebra"),
            spread_at_most=figure("short_vertebra", "spread_at_most"),
            dent_at_most=figure("short_vertebra", "dent_at_most"),
            proportion_within=figure("short_vertebra", "proportion_within"),
        ),
        normal_wedge=NormalWedge(
            name=name_of("normal_wedge"),
            grade_at_most=grade_of("normal_wedge"),
            span=span("normal_wedge"),
            wedge_at_most_deg=figure("normal_wedge", "wedge_at_most_deg", 0.1, 90),
            dent_at_most=figure("normal_wedge", "dent_at_most"),
        ),
    )
