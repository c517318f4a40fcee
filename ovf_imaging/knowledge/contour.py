"""The normal sagittal contour of a segment, which Farcy's index is measured from."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from ovf_imaging.knowledge.loader import KNOWLEDGE_DIR, level, number, read_table, tables
from ovf_imaging.types import Level, level_order


@lru_cache
def normal_contour(path: Path = KNOWLEDGE_DIR / "kyphosis.toml") -> Mapping[int, float]:
    """Return level → normal kyphosis (degrees, lordosis negative) of the segment that ends with it."""
    found: dict[int, float] = {}
    for i, entry in enumerate(tables(path, read_table(path), "normal_contour")):
        name = f"normal_contour[{i}]"
        first, last = (level_order(level(path, f"{name}.{key}", entry.get(key))) for key in ("first", "last"))
        degrees = number(path, name, entry, "kyphosis_deg", -90, 90)
        found |= {int(k): degrees for k in Level if first <= k.order <= last}
    return found
