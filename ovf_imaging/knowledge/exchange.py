"""How advice is spoken of to other systems, as knowledge/exchange.toml says: names, and how loud a card is.

A wrong file raises KnowledgeError with the file, the key, the value and what was wanted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from ovf_imaging.knowledge.loader import KNOWLEDGE_DIR, Entry, one_of, read_table, table, text
from ovf_imaging.types import RuleKind

UCUM = "http://unitsofmeasure.org"
NONE_OF_THEM = "none"  # code of the answer that a list of choices has none of them


class Indicator(StrEnum):
    """How loud a CDS Hooks card is."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """Canonical names and the indicators of cards."""

    base: str
    review: str  # how it is called as a source
    others: str  # how other guidelines and scores are
    indicators: Mapping[RuleKind, Indicator]
    safety_indicators: Mapping[RuleKind, Indicator]

    def name(self, path: str) -> str:
        """Return the canonical URL of a resource, or of a system of codes, of ours."""
        return f"{self.base}/{path}"

    def answers(self, fact: str) -> str:
        """Return the system of the codes that answer the question for a fact."""
        return self.name(f"CodeSystem/{fact.replace('_', '-')}")


@lru_cache
def exchange(path: Path = KNOWLEDGE_DIR / "exchange.toml") -> Exchange:
    """Return how advice is spoken of to other systems."""
    data = read_table(path)
    return Exchange(
        base=text(path, "names", table(path, data, "names"), "base"),
        review=text(path, "review", table(path, data, "review"), "label"),
        others=text(path, "others", table(path, data, "others"), "label"),
        indicators=_indicators(path, data, "indicators"),
        safety_indicators=_indicators(path, data, "safety_indicators"),
    )


def _indicators(path: Path, data: Entry, name: str) -> Mapping[RuleKind, Indicator]:
    entry = table(path, data, name)
    return {kind: Indicator(one_of(path, name, entry, kind, Indicator)) for kind in RuleKind}
