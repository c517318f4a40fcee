"""Which images are compared with each other, and when two images' levels are not numbered alike."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ovf_imaging.knowledge.loader import KNOWLEDGE_DIR, number, one_of, read_table, table, tables
from ovf_imaging.types import Position


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbering:
    """When one numbering of two images' bodies fits distinctly better than another."""

    bodies_at_least: int
    length_sd: float
    outlier_at: float
    odds_at_least: float


@lru_cache
def dynamic_pairs(path: Path = KNOWLEDGE_DIR / "changes.toml") -> tuple[tuple[Position, Position], ...]:
    """Return the positions that are compared within a study, each as (reading, against)."""
    return tuple(
        (
            Position(one_of(path, f"pair[{i}]", entry, "reading", Position)),
            Position(one_of(path, f"pair[{i}]", entry, "against", Position)),
        )
        for i, entry in enumerate(tables(path, read_table(path), "pair"))
    )


@lru_cache
def numbering(path: Path = KNOWLEDGE_DIR / "changes.toml") -> Numbering:
    """Return how two images' numberings are compared."""
    entry = table(path, read_table(path), "numbering")
    return Numbering(
        bodies_at_least=int(number(path, "numbering", entry, "bodies_at_least", 1, 25)),
        length_sd=number(path, "numbering", entry, "length_sd", 0.001, 1),
        outlier_at=number(path, "numbering", entry, "outlier_at", 0.1, 100),
        odds_at_least=number(path, "numbering", entry, "odds_at_least", 1, 1e12),
    )
