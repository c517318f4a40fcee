"""What has changed at a level since the prior study."""

from __future__ import annotations

from ovf_imaging.assess.body import Body, Opinion, half_width
from ovf_imaging.types import Caveat, Finding, Measurement, Position

_WORSE = {  # the sign of a change for the worse
    "change_anterior_height": -1,
    "change_middle_height": -1,
    "change_posterior_height": -1,
    "change_wedge_angle": 1,
}


def change(body: Body, now: Finding, before: Finding | None) -> Opinion[str]:
    """Return "new", "worse", "better" or "no measurable change" against the prior; None where they can't be compared.

    A change smaller than its interval is none that can be measured. Images in different positions aren't compared.
    """
    if before is None:
        note = Caveat(code="not-in-prior", text=f"{body.name} is not seen on the prior study", levels=(body.level,))
        return Opinion(value=None, caveats=(note,))
    rows = [m for m in body.changes if m.quantity in _WORSE and _against_prior(body, m)]
    known = [m for m in rows if m.value is not None and not _positions_differ(body, m)]
    if not known:
        return Opinion(value=None, caveats=_why_not(body, rows))
    ways = [_WORSE[m.quantity] * (m.value or 0.0) for m in known if abs(m.value or 0.0) > half_width(m)]
    if any(way > 0 for way in ways):
        value = "new" if now.fractured and before.fractured is False else "worse"
    else:
        value = "better" if ways else "no measurable change"
    notes: tuple[Caveat, ...] = ()
    if now.cleft and before.cleft is False:
        notes = (body.caveat("cleft-new", "the cleft was not seen on the prior study", must_see=True),)
    return Opinion(value=value, basis=tuple(known), caveats=notes)


def _against_prior(body: Body, row: Measurement) -> bool:
    return row.against is not None and body.readings[row.against].prior


def _positions_differ(body: Body, row: Measurement) -> bool:
    return len(_positions(body, row)) > 1


def _positions(body: Body, row: Measurement) -> set[Position]:
    return {body.readings[i].image.position for i in (row.reading, row.against) if i is not None}


def _why_not(body: Body, rows: list[Measurement]) -> tuple[Caveat, ...]:
    told = tuple(dict.fromkeys(caveat for row in rows for caveat in row.caveats))
    if told:
        return told
    if any(_positions_differ(body, row) for row in rows):
        text = "the prior study was taken in another position, so the change since can't be told"
        return (body.caveat("prior-position-differs", text),)
    return (body.caveat("no-change-measured", "nothing could be measured against the prior study"),)
