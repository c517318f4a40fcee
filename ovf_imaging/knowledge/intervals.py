"""How much wider than propagated a reader's 95 % intervals must be to hold, as knowledge/intervals.toml says.

A wrong file raises KnowledgeError with the file, the key, the value and what was wanted.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from ovf_imaging.knowledge.loader import KNOWLEDGE_DIR, number, read_table, table

_RANGE = 0.1, 10.0


def interval_factors(reader: str, path: Path = KNOWLEDGE_DIR / "intervals.toml") -> Mapping[str, float]:
    """Return quantity → factor on the width of its interval, for "vertebrae_mri 0.1.0" or any other `Reading.reader`.

    Empty for a reader that was not calibrated, such as a person.
    """
    return _factors(path).get(reader.partition(" ")[0], {})


@lru_cache
def _factors(path: Path) -> Mapping[str, Mapping[str, float]]:
    data = read_table(path)
    entries = {name: table(path, entry, "factors") for name, entry in data.items() if isinstance(entry, dict)}
    return {
        name: {quantity: number(path, f"{name}.factors", factors, quantity, *_RANGE) for quantity in factors}
        for name, factors in entries.items()
    }
