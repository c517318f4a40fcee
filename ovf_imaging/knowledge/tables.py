"""The clinical tables as frozen records: genant, heights, kyphosis, fusion, cleft and OF classification.

A wrong file raises KnowledgeError with the file, the key, the value and what was wanted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from ovf_imaging.errors import KnowledgeError
from ovf_imaging.knowledge.loader import (
    KNOWLEDGE_DIR,
    Entry,
    flag,
    level,
    number,
    one_of,
    read_table,
    table,
    tables,
    text,
)
from ovf_imaging.types import Position, Shape, SignKind

Three = tuple[float, float, float]  # anterior, middle, posterior


@dataclass(frozen=True, slots=True, kw_only=True)
class Cutoff:
    """Where a Genant grade starts."""

    grade: int
    name: str
    loss: float  # 0–1
    inclusive: bool  # True: from this loss on (≥); False: above it (>)

    def reached(self, loss: float) -> bool:
        """Return whether a height loss belongs to this grade or a higher one."""
        return loss >= self.loss if self.inclusive else loss > self.loss


@dataclass(frozen=True, slots=True, kw_only=True)
class Genant:
    """Grades, mildest first, and the rules of shape."""

    cutoffs: tuple[Cutoff, ...]
    crush_margin: float
    plana_loss_at_least: float
    plana_spread_at_most: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HeightTrend:
    """Expected relative heights of levels, and which bodies may be a reference."""

    expected: Mapping[int, Three]
    sd: Mapping[int, Three]  # of the apparent loss of healthy bodies
    reduced_at_sd: float
    shape_reduced_at: float
    max_levels_away: int
    excluded_signs: frozenset[SignKind]
    sign_probability: float
    outline_grown: float
    stray_at_most: float
    foreign_at_most: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionalAngle:
    """Two endplates whose angle describes a region."""

    quantity: str
    name: str
    upper: int
    upper_is_superior: bool
    lower: int
    lower_is_superior: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CleftFilling:
    """How one filling of a cleft looks against normal marrow: "dark", "bright" or "unseen"."""

    t1: str
    t2: str
    fluid_sensitive: str
    radiograph: str
    certain_without_fluid_sensitive: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OFClass:
    """One class of the AO Spine-DGOU classification."""

    number: int
    summary: str
    endplates: int | None  # endplates involved; None = not what decides
    shapes: frozenset[Shape]  # of which one alone decides
    wall_above: float | None  # share of the posterior wall
    wall_at_most: float | None
    sagittal_shows: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InvolvedEndplate:
    """From where on an endplate counts as involved in a fracture."""

    tilt_at_least_deg: float
    dent_at_least: float


@lru_cache
def genant(path: Path = KNOWLEDGE_DIR / "genant.toml") -> Genant:
    """Return Genant's grades; they must rise in grade and in loss."""
    data = read_table(path)
    cutoffs = tuple(
        Cutoff(
            grade=int(number(path, f"grade[{i}]", entry, "grade", 1, 3)),
            name=text(path, f"grade[{i}]", entry, "name"),
            loss=number(path, f"grade[{i}]", entry, "loss", 0, 1),
            inclusive=flag(path, f"grade[{i}]", entry, "inclusive"),
        )
        for i, entry in enumerate(tables(path, data, "grade"))
    )
    for low, high in pairwise(cutoffs):
        if high.grade != low.grade + 1 or high.loss <= low.loss:
            raise KnowledgeError(
                f'{path.name}: "grade" wanted grades and losses rising, '
                f"got grade {low.grade} at {low.loss} before grade {high.grade} at {high.loss}"
            )
    shape = table(path, data, "shape")
    return Genant(
        cutoffs=cutoffs,
        crush_margin=number(path, "shape", shape, "crush_margin", 0, 1),
        plana_loss_at_least=number(path, "shape", shape, "plana_loss_at_least", 0, 1),
        plana_spread_at_most=number(path, "shape", shape, "plana_spread_at_most", 0, 1),
    )


@lru_cache
def heights(path: Path = KNOWLEDGE_DIR / "heights.toml") -> HeightTrend:
    """Return the height trend; each entry besides [reference] and [mixed_masks] is a level."""
    data = read_table(path)
    rows = {name: entry for name, entry in data.items() if isinstance(entry, dict)}
    reference, masks = table(path, data, "reference"), table(path, data, "mixed_masks")
    rows = {name: entry for name, entry in rows.items() if name not in ("reference", "mixed_masks")}
    signs = reference.get("excluded_signs")
    if not isinstance(signs, list) or not set(signs) <= {str(kind) for kind in SignKind}:
        raise KnowledgeError(
            f'{path.name}: "reference.excluded_signs" wanted a list of {[str(k) for k in SignKind]}, got {signs!r}'
        )
    return HeightTrend(
        expected={level(path, name, name): _three(path, name, entry, "expected") for name, entry in rows.items()},
        sd={level(path, name, name): _three(path, name, entry, "sd") for name, entry in rows.items()},
        reduced_at_sd=number(path, "reference", reference, "reduced_at_sd", 0.1, 100),
        shape_reduced_at=number(path, "reference", reference, "shape_reduced_at", 0.01, 1),
        max_levels_away=int(number(path, "reference", reference, "max_levels_away", 1, 24)),
        excluded_signs=frozenset(SignKind(kind) for kind in signs),
        sign_probability=number(path, "reference", reference, "sign_probability", 0, 1),
        outline_grown=number(path, "mixed_masks", masks, "outline_grown", 1, 2),
        stray_at_most=number(path, "mixed_masks", masks, "stray_at_most", 0, 1),
        foreign_at_most=number(path, "mixed_masks", masks, "foreign_at_most", 0, 1),
    )


@lru_cache
def kyphosis(path: Path = KNOWLEDGE_DIR / "kyphosis.toml") -> tuple[RegionalAngle, ...]:
    """Return the regional angles in the order of the file."""
    return tuple(
        RegionalAngle(
            quantity=text(path, f"angle[{i}]", entry, "quantity"),
            name=text(path, f"angle[{i}]", entry, "name"),
            upper=level(path, f"angle[{i}].upper", entry.get("upper")),
            upper_is_superior=_endplate(path, f"angle[{i}]", entry, "upper_endplate"),
            lower=level(path, f"angle[{i}].lower", entry.get("lower")),
            lower_is_superior=_endplate(path, f"angle[{i}]", entry, "lower_endplate"),
        )
        for i, entry in enumerate(tables(path, read_table(path), "angle"))
    )


@lru_cache
def positions_first_to_last(path: Path = KNOWLEDGE_DIR / "fusion.toml") -> tuple[Position, ...]:
    """Return all positions, the one whose image speaks first in front."""
    wanted = [str(p) for p in Position]
    order = table(path, read_table(path), "positions").get("first_to_last")
    if not isinstance(order, list) or sorted(map(str, order)) != sorted(wanted):
        raise KnowledgeError(f'{path.name}: "positions.first_to_last" wanted each of {wanted} once, got {order!r}')
    return tuple(Position(name) for name in order)


@lru_cache
def cleft(path: Path = KNOWLEDGE_DIR / "cleft.toml") -> Mapping[str, CleftFilling]:
    """Return filling ("fluid", "gas") → how it looks."""
    data = read_table(path)
    return {
        name: CleftFilling(
            t1=_look(path, name, entry, "t1"),
            t2=_look(path, name, entry, "t2"),
            fluid_sensitive=_look(path, name, entry, "fluid_sensitive"),
            radiograph=_look(path, name, entry, "radiograph"),
            certain_without_fluid_sensitive=flag(path, name, entry, "certain_without_fluid_sensitive"),
        )
        for name, entry in ((name, table(path, data, name)) for name in ("fluid", "gas"))
    }


@lru_cache
def of_classification(path: Path = KNOWLEDGE_DIR / "of_classification.toml") -> tuple[OFClass, ...]:
    """Return the OF classes in the order in which they are checked, 5 to 1."""
    classes = tuple(
        OFClass(
            number=int(number(path, f"of_class[{i}]", entry, "number", 1, 5)),
            summary=text(path, f"of_class[{i}]", entry, "summary"),
            endplates=_count(path, f"of_class[{i}]", entry, "endplates"),
            shapes=_shapes(path, f"of_class[{i}]", entry),
            wall_above=_share(path, f"of_class[{i}]", entry, "wall_above"),
            wall_at_most=_share(path, f"of_class[{i}]", entry, "wall_at_most"),
            sagittal_shows=text(path, f"of_class[{i}]", entry, "sagittal_shows"),
        )
        for i, entry in enumerate(tables(path, read_table(path), "of_class"))
    )
    numbers = [c.number for c in classes]
    if numbers != sorted(range(1, len(numbers) + 1), reverse=True):
        raise KnowledgeError(f'{path.name}: "of_class" wanted numbers falling to 1, got {numbers}')
    return classes


@lru_cache
def involved_endplate(path: Path = KNOWLEDGE_DIR / "of_classification.toml") -> InvolvedEndplate:
    """Return when an endplate counts as involved."""
    entry = table(path, read_table(path), "endplate")
    return InvolvedEndplate(
        tilt_at_least_deg=number(path, "endplate", entry, "tilt_at_least_deg", 0, 90),
        dent_at_least=number(path, "endplate", entry, "dent_at_least", 0, 1),
    )


def _shapes(path: Path, name: str, entry: Entry) -> frozenset[Shape]:
    shapes, known = entry.get("shapes", []), {str(shape) for shape in Shape}
    if not isinstance(shapes, list) or not set(map(str, shapes)) <= known:
        raise KnowledgeError(f'{path.name}: "{name}.shapes" wanted a list of {sorted(known)}, got {shapes!r}')
    return frozenset(Shape(shape) for shape in shapes)


def _share(path: Path, name: str, entry: Entry, key: str) -> float | None:
    return number(path, name, entry, key, 0, 1) if key in entry else None


def _count(path: Path, name: str, entry: Entry, key: str) -> int | None:
    return int(number(path, name, entry, key, 0, 2)) if key in entry else None


def _three(path: Path, name: str, entry: Entry, key: str) -> Three:
    values = entry.get(key)
    if not isinstance(values, list) or len(values) != 3:
        raise KnowledgeError(f'{path.name}: "{name}.{key}" wanted three numbers, got {values!r}')
    a, m, p = (number(path, name, {f"{key}[{i}]": v}, f"{key}[{i}]", 0.001, 10) for i, v in enumerate(values))
    return a, m, p


class _Choice(StrEnum):
    SUPERIOR = "superior"
    INFERIOR = "inferior"


class _Look(StrEnum):
    DARK = "dark"
    BRIGHT = "bright"
    UNSEEN = "unseen"


def _endplate(path: Path, name: str, entry: Entry, key: str) -> bool:
    return one_of(path, name, entry, key, _Choice) == _Choice.SUPERIOR


def _look(path: Path, name: str, entry: Entry, key: str) -> str:
    return one_of(path, name, entry, key, _Look)
