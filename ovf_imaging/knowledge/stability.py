"""How much a body may move and count as stable, as knowledge/stability.toml says.

A wrong file raises KnowledgeError with the file, the key, the value and what was wanted.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from ovf_imaging.knowledge.loader import KNOWLEDGE_DIR, number, read_table, table

_MOST = {"change_anterior_height": 1.0, "change_wedge_angle": 90.0, "change_local_cobb": 90.0}


@lru_cache
def movement_limits(path: Path = KNOWLEDGE_DIR / "stability.toml") -> Mapping[str, float]:
    """Return quantity → limit of its change, in the quantity's unit."""
    data = read_table(path)
    return {name: number(path, name, table(path, data, name), "limit", 0.001, most) for name, most in _MOST.items()}
