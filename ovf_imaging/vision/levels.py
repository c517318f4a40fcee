"""Numbering: the whole chain is scored at once, from the sacrum up when it is in view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ovf_imaging.types import Level
from ovf_imaging.vision.channels import LEVEL_CLASSES

Array = NDArray[np.float64]
# The common column, head to foot; variants (T13, L6) are said as doubt, not forced.
COLUMN = (*range(Level.C2, Level.L5 + 1), int(Level.S1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbering:
    """Levels of a chain of bodies, head to foot, and how sure they are."""

    levels: tuple[int, ...]
    anchored: bool  # the sacrum is in view and agrees
    probability: float  # of this assignment against all others
    runner_up: tuple[int, ...] | None
    holes: tuple[int, ...]  # levels between the first and last that no body was found for


def steps_between(centres: Array, depths: Array) -> list[int]:
    """Return how many levels lie from each body to the next (1 = neighbours), from their distances."""
    gaps = np.linalg.norm(np.diff(centres, axis=0), axis=1)
    if len(gaps) == 0:
        return []
    expected = _local_spacing(gaps, depths)
    return [max(1, round(float(g / e))) if g / e > 1.62 else 1 for g, e in zip(gaps, expected, strict=True)]


def _local_spacing(gaps: Array, depths: Array) -> Array:
    """Return the spacing expected at each gap: the lower middle of its neighbourhood, bounded by the body depth."""
    typical = float(np.median(gaps))
    spacing = []
    for i in range(len(gaps)):
        near = np.sort(gaps[max(0, i - 2) : i + 3])
        local = float(near[(len(near) - 1) // 2])
        depth = float((depths[i] + depths[i + 1]) / 2)
        spacing.append(np.clip(min(local, 1.25 * typical), 0.7 * depth, 1.35 * depth))
    return np.array(spacing)


def number(log_levels: Sequence[Array], sacrum: Sequence[float], steps: Sequence[int]) -> Numbering:
    """Return the best assignment of levels to a chain.

    `log_levels` holds each body's mean log-probability by level class (10,), `sacrum` the share of its pixels that the
    sacrum mask claims, `steps` the levels from each body to the next.
    """
    places = np.concatenate([[0], np.cumsum(steps)]).astype(int)
    span = int(places[-1])
    anchored = bool(sacrum[-1] > 0.5)
    scores: dict[int, float] = {}
    for start in range(len(COLUMN) - span):
        tried = [COLUMN[start + p] for p in places]
        scores[start] = sum(
            _evidence(log, share, level) for log, share, level in zip(log_levels, sacrum, tried, strict=True)
        )
    order = sorted(scores, key=lambda k: -scores[k])
    values = np.array([scores[k] for k in order])
    weights = np.exp((values - values.max()) / np.sqrt(len(places)))
    best = order[0]
    levels = tuple(COLUMN[best + p] for p in places)
    runner = tuple(COLUMN[order[1] + p] for p in places) if len(order) > 1 else None
    holes = tuple(k for k in COLUMN[best : best + span] if k not in levels)
    return Numbering(
        levels=levels,
        anchored=anchored and levels[-1] == Level.S1,
        probability=float(weights[0] / weights.sum()),
        runner_up=runner,
        holes=holes,
    )


def _evidence(log_levels: Array, sacrum: float, level: int) -> float:
    known = LEVEL_CLASSES.index(level) if level in LEVEL_CLASSES else 0
    said = max(float(log_levels[known]), -6.0)
    if known == 0 and level < LEVEL_CLASSES[0]:
        said -= 0.15 * (
            LEVEL_CLASSES[0] - level
        )  # the class means T9 or higher: nearer T9 is likelier in a lumbar image
    is_sacrum = float(np.clip(sacrum, 0.02, 0.98))
    return said + 3.0 * float(np.log(is_sacrum if level == Level.S1 else 1 - is_sacrum))
