"""What is normal marrow and cerebrospinal fluid in an image, as knowledge/marrow.toml says.

A wrong file raises KnowledgeError with the file, the key, the value and what was wanted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ovf_imaging.knowledge.loader import KNOWLEDGE_DIR, number, read_table, table
from ovf_imaging.types import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthyBodies:
    """How many healthy bodies a comparison wants."""

    least: int
    nearest: int
    spread_from: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Csf:
    """Where CSF is found on one contrast; ratios are against normal marrow."""

    percentile: float  # of the signals behind a body
    limit: float  # at least, but at most on T1
    usual: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Marrow:
    """Normal marrow, CSF, and from where on marrow counts as oedematous."""

    healthy: HealthyBodies
    csf: Mapping[Sequence, Csf]
    raised_at: float


@lru_cache
def marrow(path: Path = KNOWLEDGE_DIR / "marrow.toml") -> Marrow:
    """Return the figures of normal marrow and CSF."""
    data = read_table(path)
    bodies = table(path, data, "healthy")
    least, nearest, spread_from = (
        int(number(path, "healthy", bodies, key, 1, 30)) for key in ("least", "nearest", "spread_from")
    )
    return Marrow(
        healthy=HealthyBodies(least=least, nearest=nearest, spread_from=spread_from),
        csf={
            s: _csf(path, f"csf_{s}", table(path, data, f"csf_{s}")) for s in (Sequence.T1, Sequence.T2, Sequence.FLUID)
        },
        raised_at=number(path, "oedema", table(path, data, "oedema"), "raised_at", 1, 100),
    )


def _csf(path: Path, name: str, entry: Mapping[str, object]) -> Csf:
    return Csf(
        percentile=number(path, name, entry, "percentile", 0, 100),
        limit=number(path, name, entry, "limit", 0, 100),
        usual=number(path, name, entry, "usual", 0.01, 100),
    )
