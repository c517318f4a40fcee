"""OF class of one level, checked from 5 down to 1 as far as sagittal images show it."""

from __future__ import annotations

from ovf_imaging.assess.body import ENDPLATES, Opinion, Rows, value_of
from ovf_imaging.knowledge.tables import OFClass, involved_endplate, of_classification
from ovf_imaging.types import Caveat, Measurement, Shape, level_name

_NOT_SEEN = Caveat(
    code="of-class-5-not-seen",
    text="OF class 5 is not ruled out: rotation, and a wall that breaks off the midline, want axial images.",
)


def of_class(level: int, rows: Rows, grade: int | None, shape: Shape | None, acuity: str | None) -> Opinion[int]:
    """Return the OF class of a deformed body, or of one with oedema alone; None where the class can't be told.

    Class 5 is never given: a caveat says what these images can't show.
    """
    deformed = grade is None or grade > 0
    if not deformed and acuity != "acute":
        return Opinion(value=None)
    count = _involved(rows, deformed=deformed)
    wall = rows.get("posterior_wall_involvement")
    possible, fits = list[int](), None
    for entry in of_classification():
        if deformed and entry.endplates == 0:
            continue
        fits = _fits(entry, count, shape, None if wall is None else wall.value)
        if fits is not False:
            possible.append(entry.number)
        if fits:
            break
    basis = _basis(rows)
    if len(possible) == 1 and fits:
        near = [*_near_endplates(rows), *_near_wall(possible[0], wall)] if shape not in _collapse() else []
        return Opinion(value=possible[0], basis=basis, caveats=(*_near(level, near), _NOT_SEEN))
    return Opinion(value=None, basis=basis, caveats=(_unsure(level, possible),))


def _involved(rows: Rows, *, deformed: bool) -> int | None:
    """Return how many endplates are involved: at least one of a deformed body."""
    rule, sides = involved_endplate(), []
    for side in ENDPLATES:
        tilt, dent = (value_of(rows, f"{side}_endplate_{what}") for what in ("tilt", "dent"))
        if tilt is None or dent is None:
            return None
        sides.append(tilt >= rule.tilt_at_least_deg or dent >= rule.dent_at_least)
    return max(sum(sides), int(deformed))


def _fits(entry: OFClass, count: int | None, shape: Shape | None, wall: float | None) -> bool | None:
    """Return whether a class fits; None where what it asks for is not known, False for a class that can't be seen."""
    if entry.endplates is None:
        return False
    if shape in entry.shapes:
        return True
    parts = [None if count is None else count == entry.endplates]
    if entry.wall_above is not None:
        parts.append(None if wall is None else wall > entry.wall_above)
    if entry.wall_at_most is not None:
        parts.append(None if wall is None else wall <= entry.wall_at_most)
    return False if False in parts else None if None in parts else True


def _basis(rows: Rows) -> tuple[Measurement, ...]:
    names = ["posterior_wall_involvement", *(f"{s}_endplate_{what}" for s in ENDPLATES for what in ("tilt", "dent"))]
    return tuple(rows[name] for name in names if name in rows)


def _near_endplates(rows: Rows) -> list[str]:
    """Return the endplates that the doubt of their tilt or dent might take over the limit, or back below it."""
    rule, near = involved_endplate(), []
    for side in ENDPLATES:
        limits = {f"{side}_endplate_tilt": rule.tilt_at_least_deg, f"{side}_endplate_dent": rule.dent_at_least}
        spans = [(rows[name].interval, limit) for name, limit in limits.items() if name in rows]
        sure = any(span is not None and span[0] >= limit for span, limit in spans)
        if not sure and any(span is not None and span[0] < limit <= span[1] for span, limit in spans):
            near.append(f"the {side} endplate's")
    return near


def _near_wall(number: int, wall: Measurement | None) -> list[str]:
    cuts = {cut for e in of_classification() if e.number == number for cut in (e.wall_above, e.wall_at_most)}
    if wall is None or wall.interval is None:
        return []
    low, high = wall.interval
    return ["the posterior wall's"] if any(cut is not None and low <= cut <= high for cut in cuts) else []


def _near(level: int, near: list[str]) -> tuple[Caveat, ...]:
    if not near:
        return ()
    text = f"{level_name(level)}: {' and '.join(near)} involvement is near a threshold: the OF class may be another"
    return (Caveat(code="of-class-near-threshold", text=text, levels=(level,)),)


def _collapse() -> frozenset[Shape]:
    """Return the shapes that alone make a class."""
    return frozenset[Shape]().union(*(entry.shapes for entry in of_classification()))


def _unsure(level: int, possible: list[int]) -> Caveat:
    name, which = level_name(level), " or ".join(str(n) for n in sorted(possible))
    text = f"{name}: the OF class can't be told" + (f"; it may be {which}" if which else "")
    return Caveat(code="of-class-uncertain", text=text, levels=(level,))
