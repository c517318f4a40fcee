"""Whether a fractured body moves between two positions of the patient."""

from __future__ import annotations

from ovf_imaging.assess.body import Body, Opinion, half_width
from ovf_imaging.knowledge.signs import sign_rules
from ovf_imaging.knowledge.stability import movement_limits
from ovf_imaging.types import Caveat, Measurement

_NO_PAIR = Caveat(
    code="no-dynamic-pair",
    text="Stability can't be told: no two images in flexion and extension, or standing and supine, show the level.",
)


def stability(body: Body) -> Opinion[str]:
    """Return "unstable" where a change reaches its limit or a cleft opens, "stable" where none does, else None."""
    rows = [m for m in body.changes if m.quantity in movement_limits() and m.value is not None and _dynamic(body, m)]
    moved = [row for row in rows if _beyond(row)]
    opening = _opening(body)
    if moved or opening:
        near = [row for row in moved if not opening and _holds_limit(row)]
        return Opinion(value="unstable", basis=(*rows, *opening), caveats=_near(body, near, len(moved)))
    if any(_within(row) for row in rows):
        return Opinion(value="stable", basis=tuple(rows))
    if not rows:
        reasons = tuple(c for m in body.changes if _dynamic(body, m) for c in m.caveats)
        return Opinion(value=None, caveats=reasons or (_NO_PAIR,))
    text = "the images in two positions measure its movement no finer than what would count as unstable"
    return Opinion(value=None, basis=tuple(rows), caveats=(body.caveat("movement-uncertain", text),))


def _dynamic(body: Body, row: Measurement) -> bool:
    return row.against is not None and not body.readings[row.against].prior


def _beyond(row: Measurement) -> bool:
    size = abs(row.value or 0.0)
    return size >= movement_limits()[row.quantity] and size > half_width(row)


def _within(row: Measurement) -> bool:
    return row.interval is not None and max(map(abs, row.interval)) < movement_limits()[row.quantity]


def _holds_limit(row: Measurement) -> bool:
    return abs(row.value or 0.0) - half_width(row) < movement_limits()[row.quantity]


def _near(body: Body, near: list[Measurement], moved: int) -> tuple[Caveat, ...]:
    """Return a caveat when every movement that counts might be smaller than its limit."""
    if not near or len(near) < moved:
        return ()
    what = " and ".join(row.quantity.removeprefix("change_").replace("_", " ") for row in near)
    return (body.caveat("stability-near-threshold", f"the change of {what} may be smaller than what counts"),)


def _opening(body: Body) -> tuple[Measurement, ...]:
    """Return the probabilities of a cleft that is seen in one position and not in another."""
    rule = sign_rules().cleft
    said = [(row, rule.of(row.value)) for row in body.of("cleft_probability")]
    at = {verdict: [row for row, told in said if told is verdict] for verdict in (True, False)}
    for seen in at[True]:
        for unseen in at[False]:
            one, other = (body.readings[row.reading].image for row in (seen, unseen))
            known = "unknown" not in (one.position, other.position)
            if known and one.position is not other.position and one.view is other.view:
                return seen, unseen
    return ()
