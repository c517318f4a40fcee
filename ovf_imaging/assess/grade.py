"""Genant grade and shape of one body from its height losses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ovf_imaging.assess.body import Rows
from ovf_imaging.knowledge.tables import Genant, genant, heights
from ovf_imaging.types import Measurement, Shape

POSITIONS = ("anterior", "middle", "posterior")
_SHAPES = {"anterior": Shape.WEDGE, "middle": Shape.BICONCAVE, "posterior": Shape.CRUSH}


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """What the height losses of one body amount to."""

    worst: Measurement
    loss: float
    grade: int | None  # None when a position is missing that might be worse
    shape: Shape | None
    near_threshold: bool
    missing: tuple[str, ...]  # positions without a loss


def loss_rows(rows: Rows) -> dict[str, tuple[float, Measurement]]:
    """Return position → (loss, measurement) of the positions whose loss is known."""
    found = {}
    for position in POSITIONS:
        row = rows.get(f"height_loss_{position}")
        if row is not None and row.value is not None:
            found[position] = (row.value, row)
    return found


def genant_grade(loss: float) -> int:
    """Return the Genant grade 0–3 of a height loss (0–1)."""
    return max((cut.grade for cut in genant().cutoffs if cut.reached(loss)), default=0)


def grade(rows: Rows) -> Grade | None:
    """Return the grade of one body by the worst of its positions, None when no loss is known.

    With a position missing, a grade of 1 or more still stands (it is at least that); 0 can't be told.
    """
    losses = loss_rows(rows)
    if not losses:
        return None
    worst = max(losses, key=lambda position: losses[position][0])
    loss, row = losses[worst]
    missing = tuple(position for position in POSITIONS if position not in losses)
    found: int | None = genant_grade(loss)
    if missing and not found:
        found = None
    return Grade(
        worst=row,
        loss=loss,
        grade=found,
        shape=None if found is None else _shape(found, {k: v for k, (v, _) in losses.items()}, genant()),
        near_threshold=_near([r for _, r in losses.values()]),
        missing=missing,
    )


def own_shape_loss(rows: Rows, level: int) -> float | None:
    """Return how much a body has lost against its own tallest position, None where its ratios or level don't tell."""
    expected = heights().expected.get(level)
    ratios = [rows.get(f"{position}_posterior_ratio") for position in POSITIONS[:2]]
    if expected is None or any(r is None or r.value is None for r in ratios):
        return None
    sizes = [1.0] + [r.value * expected[2] / expected[k] for k, r in enumerate(ratios) if r and r.value is not None]
    return 1 - min(sizes) / max(sizes)


def _shape(found: int, losses: Mapping[str, float], table: Genant) -> Shape:
    """Return the shape by the most reduced position; an even collapse is a crush, a severe one a vertebra plana."""
    if not found:
        return Shape.NORMAL
    low, high = min(losses.values()), max(losses.values())
    even = len(losses) == len(POSITIONS) and high - low <= table.plana_spread_at_most
    if even and low >= table.plana_loss_at_least:
        return Shape.PLANA
    if "posterior" in losses and high - losses["posterior"] <= table.crush_margin:
        return Shape.CRUSH
    return _SHAPES[max(losses, key=lambda position: losses[position])]


def _near(rows: list[Measurement]) -> bool:
    """Return whether the 95 % interval of the worst loss holds a cut-off between grades."""
    intervals = [row.interval for row in rows if row.interval is not None]
    if not intervals:
        return False
    low, high = max(i[0] for i in intervals), max(i[1] for i in intervals)
    return any(low <= cut.loss <= high for cut in genant().cutoffs)
