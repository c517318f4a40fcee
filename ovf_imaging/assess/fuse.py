"""Which of a study's images speaks for a level or an angle, and where the images disagree.

Shapes: complete measurements first, then the position that knowledge/fusion.toml puts first, then the narrowest
interval. Signs and signals: the series that knowledge/signs.toml puts first. Values are never averaged.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from ovf_imaging import types
from ovf_imaging.assess.body import Body, Rows, half_width
from ovf_imaging.assess.grade import POSITIONS, genant_grade, loss_rows
from ovf_imaging.knowledge.signs import sign_rules
from ovf_imaging.knowledge.tables import positions_first_to_last
from ovf_imaging.types import Caveat, Measurement, Reading, level_name


def ranked_bodies(readings: Sequence[Reading], candidates: Mapping[int, Rows]) -> list[int]:
    """Return the readings (indices) that measured a level, the one that speaks first in front."""

    def key(index: int) -> tuple[float, ...]:
        losses = loss_rows(candidates[index])
        return len(POSITIONS) - len(losses), _position(readings, index), _width(r for _, r in losses.values()), index

    return sorted(candidates, key=key)


def ranked_rows(readings: Sequence[Reading], rows: Iterable[Measurement]) -> list[Measurement]:
    """Return measurements of one quantity and place on several readings, the one that speaks first in front."""

    def key(row: Measurement) -> tuple[float, ...]:
        return row.value is None, _position(readings, row.reading), _width([row]), row.reading

    return sorted(rows, key=key)


def ranked_signs(readings: Sequence[Reading], rows: Iterable[Measurement]) -> list[Measurement]:
    """Return measurements of one sign on several readings, the series that shows signs best in front."""
    return sorted(rows, key=lambda row: (row.value is None, sign_place(readings, row.reading), row.reading))


def sign_place(readings: Sequence[Reading], index: int) -> int:
    """Return how early a reading's series speaks for signs, 0 first."""
    return sign_rules().first_to_last.index(readings[index].image.sequence)


def fused_rows(body: Body) -> tuple[dict[str, Measurement], tuple[Caveat, ...]]:
    """Return quantity → the measurement that speaks for a level, and where the images disagree.

    All shapes come from one image; signs and signals from the one that shows them best.
    """
    speaker, *others = ranked_bodies(body.readings, body.rows)
    fused, notes = dict(body.rows[speaker]), list[Caveat]()
    for quantity in dict.fromkeys(name for rows in body.rows.values() for name in rows):
        if is_sign(quantity):
            fused[quantity], *rest = ranked_signs(body.readings, body.of(quantity))
        else:
            rest = [body.rows[i][quantity] for i in others if quantity in body.rows[i] and quantity in fused]
        if quantity.startswith("height_loss") or quantity.endswith("signal_ratio"):
            notes += disagreements(body.readings, fused[quantity], rest, (body.level,))
    return fused, tuple(notes)


def is_sign(quantity: str) -> bool:
    """Return whether a quantity tells of what is inside a body, not of its shape."""
    return quantity.startswith(("cleft_", "oedema_")) or quantity.endswith("signal_ratio")


def disagreements(
    readings: Sequence[Reading], chosen: Measurement, others: Iterable[Measurement], levels: tuple[int, ...]
) -> tuple[Caveat, ...]:
    """Return a caveat for each other reading whose value differs by more than the combined interval.

    In the same position that is a disagreement that must be seen; in another it is only told, as such.
    """
    found = []
    for other in others:
        if other.value is None or chosen.value is None or not _differ(chosen, other):
            continue
        where = " to ".join(level_name(k) for k in levels)
        values = f"{_say(chosen)} on {image_named(readings, chosen)}, {_say(other)} on {image_named(readings, other)}"
        what = chosen.quantity.replace("_", " ")
        if _at(readings, chosen) is _at(readings, other):
            text = f"{where}: the images disagree on {what}: {values}; the first is used"
            found.append(Caveat(code="readings-disagree", text=text, levels=levels, must_see=True))
        else:
            text = f"{where}: {what} differs between positions: {values}; the first is used"
            found.append(Caveat(code="positions-differ", text=text, levels=levels))
    return tuple(found)


def _differ(a: Measurement, b: Measurement) -> bool:
    if a.value is None or b.value is None:
        return False
    if a.interval is None or b.interval is None:
        grades = genant_grade(a.value) != genant_grade(b.value)
        return grades if a.quantity.startswith("height_loss") else a.value != b.value
    return abs(a.value - b.value) > math.hypot(half_width(a), half_width(b))


def _say(row: Measurement) -> str:
    value = row.value if row.value is not None else math.nan
    if row.unit == "1":
        return f"{value:.0%}"
    return f"{value:.1f}°" if row.unit == "deg" else f"{value:.1f} {row.unit}"


def image_named(readings: Sequence[Reading], row: Measurement) -> str:
    """Return how a reader tells an image from another: "image 2 (sagittal t2, supine)"."""
    image = readings[row.reading].image
    kind = str(image.view) if image.sequence is types.Sequence.NONE else f"{image.view} {image.sequence}"
    return f"image {row.reading + 1} ({kind}, position {image.position})"


def _at(readings: Sequence[Reading], row: Measurement) -> object:
    return readings[row.reading].image.position


def _position(readings: Sequence[Reading], index: int) -> int:
    return positions_first_to_last().index(readings[index].image.position)


def _width(rows: Iterable[Measurement]) -> float:
    widths = [row.interval[1] - row.interval[0] if row.interval else math.inf for row in rows]
    return sum(widths) / len(widths) if widths else math.inf
