"""What counts as a displaced posterior wall, and where the canal behind it ends."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ovf_imaging.knowledge.loader import KNOWLEDGE_DIR, number, read_table, table


@dataclass(frozen=True, slots=True, kw_only=True)
class BackWall:
    """Where the canal's back is looked for on a T2 image, and when it is seen."""

    nearest_mm: float
    furthest_mm: float
    clarity_at_least: float  # part of the fluid's signal that is lost there
    depth_sd_mm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Canal:
    """How the posterior wall and the canal behind it are measured."""

    displaced_from: float  # of the body's depth
    back_wall: BackWall


@lru_cache
def canal(path: Path = KNOWLEDGE_DIR / "canal.toml") -> Canal:
    """Return how the posterior wall and the canal are measured."""
    data = read_table(path)
    wall, back = table(path, data, "posterior_wall"), table(path, data, "back_wall")
    nearest = number(path, "back_wall", back, "nearest_mm", 1, 50)
    return Canal(
        displaced_from=number(path, "posterior_wall", wall, "displaced_from", 0.001, 1),
        back_wall=BackWall(
            nearest_mm=nearest,
            furthest_mm=number(path, "back_wall", back, "furthest_mm", nearest + 1, 60),
            clarity_at_least=number(path, "back_wall", back, "clarity_at_least", 0, 1),
            depth_sd_mm=number(path, "back_wall", back, "depth_sd_mm", 0, 10),
        ),
    )
