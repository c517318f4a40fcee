"""Numbering: the whole chain is scored at once, from the sacrum up when it is in view."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ovf_imaging.errors import ReadingError
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
    stated: bool  # the lowest level was given, not found
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


def number(
    log_levels: Sequence[Array], sacrum: Sequence[float], steps: Sequence[int], lowest: int | None = None
) -> Numbering:
    """Return the best assignment of levels to a chain.

    `log_levels` holds each body's mean log-probability by level class (10,), `sacrum` the share of its pixels that the
    sacrum mask claims, `steps` the levels from each body to the next. Where a person states the `lowest` level, only
    assignments that agree are considered: of the last body, or of the last above S1. Raises ReadingError when none is.
    """
    column = COLUMN if lowest is None else tuple(sorted({*COLUMN, lowest}, key=lambda k: Level(k).order))
    counted = np.concatenate([[0], np.cumsum(steps)]).astype(int)
    for places in (counted, np.arange(len(counted))):  # gaps are guesses, dropped where they leave no room
        scores = {
            levels: sum(_evidence(*each) for each in zip(log_levels, sacrum, levels, strict=True))
            for levels in _assignments(column, places)
            if lowest is None or _ends_at(levels, lowest)
        }
        if scores:
            break
    else:
        room = "a spine has" if lowest is None else f"there are down to {Level(lowest).name}, stated as the lowest"
        raise ReadingError(f"{len(counted)} vertebral bodies are seen, more than {room}")
    order = sorted(scores, key=lambda k: -scores[k])
    values = np.array([scores[k] for k in order])
    weights = np.exp((values - values.max()) / np.sqrt(len(places)))
    levels = order[0]
    between = column[column.index(levels[0]) : column.index(levels[-1])]
    return Numbering(
        levels=levels,
        anchored=bool(sacrum[-1] > 0.5) and levels[-1] == Level.S1,
        probability=float(weights[0] / weights.sum()),
        runner_up=order[1] if len(order) > 1 else None,
        stated=lowest is not None,
        holes=tuple(k for k in between if k not in levels),
    )


def _assignments(column: tuple[int, ...], places: NDArray[np.intp]) -> Iterator[tuple[int, ...]]:
    for start in range(len(column) - int(places[-1])):
        yield tuple(column[start + p] for p in places)


def _ends_at(levels: tuple[int, ...], lowest: int) -> bool:
    return levels[-1] == lowest or (levels[-1] == Level.S1 and levels[-2:-1] == (lowest,))


def _evidence(log_levels: Array, sacrum: float, level: int) -> float:
    known = LEVEL_CLASSES.index(level) if level in LEVEL_CLASSES else 0
    said = max(float(log_levels[known]), -6.0)
    if known == 0 and level < LEVEL_CLASSES[0]:
        said -= 0.15 * (
            LEVEL_CLASSES[0] - level
        )  # the class means T9 or higher: nearer T9 is likelier in a lumbar image
    is_sacrum = float(np.clip(sacrum, 0.02, 0.98))
    return said + 3.0 * float(np.log(is_sacrum if level == Level.S1 else 1 - is_sacrum))
