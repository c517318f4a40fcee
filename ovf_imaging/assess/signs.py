"""Cleft and acuity of one level, from the images that show them best; a no on one never hides a yes on another."""

from __future__ import annotations

from ovf_imaging.assess.body import Body, Opinion, value_of
from ovf_imaging.assess.fuse import image_named, ranked_signs, sign_place
from ovf_imaging.knowledge.signs import sign_rules
from ovf_imaging.types import Caveat, Measurement, Sequence

Said = tuple[Measurement, bool | None]  # a measurement and the verdict on it
_NO_FLUID = Caveat(
    code="no-fluid-sensitive-series", text="Acuity can't be told: no fluid-sensitive series shows the level."
)


def cleft(body: Body) -> Opinion[bool]:
    """Return whether a cleft is present; its first basis is the probability that the verdict rests on."""
    rule = sign_rules().cleft
    rows = ranked_signs(body.readings, body.of("cleft_probability"))
    found = _settled(body, "a cleft", [(row, rule.of(row.value)) for row in rows])
    if found.value is not None or not any(row.value is not None for row in rows):
        return found
    likely = max(row.value for row in rows if row.value is not None)
    unsure = body.caveat("cleft-uncertain", f"a cleft is neither seen nor ruled out (probability {likely:.0%})")
    return Opinion(value=None, basis=found.basis, caveats=(*found.caveats, unsure))


def cleft_kind(body: Body, found: Opinion[bool]) -> Opinion[str]:
    """Return what a cleft that is present holds: "fluid" or "gas", the likelier on the image that shows it."""
    if not found.value:
        return Opinion(value=None)
    rows = body.rows[found.basis[0].reading]
    likely = {kind: value_of(rows, f"cleft_{kind}_probability") or 0.0 for kind in ("fluid", "gas")}
    kind = max(likely, key=lambda name: likely[name])
    told = likely[kind] > min(likely.values())
    basis = tuple(row for name, row in rows.items() if name.startswith("cleft_") and row not in found.basis)
    return Opinion(value=kind if told else None, basis=basis)


def acuity(body: Body) -> Opinion[str]:
    """Return "acute" or "not acute" by the fluid-sensitive marrow signal; None without such a series."""
    if not any(body.readings[i].image.sequence is Sequence.FLUID for i in body.rows):
        return Opinion(value=None, caveats=(_NO_FLUID,))
    best_first = sorted(body.rows, key=lambda index: sign_place(body.readings, index))
    said = [_oedema(body, index) for index in best_first if _measures_oedema(body, index)]
    found = _settled(body, "raised marrow signal", said)
    if found.value is None:
        unsure = body.caveat("acuity-uncertain", "the marrow signal is neither plainly raised nor plainly normal")
        return Opinion(value=None, basis=found.basis, caveats=(*found.caveats, unsure))
    low_from = sign_rules().t1_ratio_low
    t1 = [row for row in ranked_signs(body.readings, body.of("t1_signal_ratio")) if row.value is not None][:1]
    bright = found.value and any(row.value is not None and row.value > low_from for row in t1)
    text = "the marrow is bright on the fluid-sensitive series and not dark on T1, which oedema usually is"
    notes = (body.caveat("t1-not-low", text),) if bright else ()
    return Opinion(
        value="acute" if found.value else "not acute", basis=(*found.basis, *t1), caveats=(*found.caveats, *notes)
    )


def _measures_oedema(body: Body, reading: int) -> bool:
    return any(name in body.rows[reading] for name in ("oedema_extent", "fluid_signal_ratio"))


def _oedema(body: Body, reading: int) -> Said:
    """Return the verdict of one image: by the oedema's extent where that is known, else by the body's mean signal."""
    rows, rules = body.rows[reading], sign_rules()
    extent, ratio = rows.get("oedema_extent"), rows.get("fluid_signal_ratio")
    if ratio is None or (extent is not None and extent.value is not None):
        extent = rows["oedema_extent"]
        return extent, rules.oedema_extent.of(extent.value)
    return ratio, rules.fluid_ratio.of(ratio.value)


def _settled(body: Body, what: str, said: list[Said]) -> Opinion[bool]:
    """Return the verdict of the first image that has one, in each position; a yes in one position is a yes.

    Images that say otherwise are told: in the same position as a disagreement that must be seen.
    """
    known = [(row, verdict) for row, verdict in said if verdict is not None]
    if not known:
        reasons = tuple(dict.fromkeys(caveat for row, _ in said for caveat in row.caveats))
        return Opinion(value=None, basis=tuple(row for row, _ in said[:1]), caveats=reasons)
    first: dict[object, Said] = {}
    for row, verdict in known:
        first.setdefault(body.readings[row.reading].image.position, (row, verdict))
    chosen, value = next((one for one in first.values() if one[1]), known[0])
    notes = tuple(
        _otherwise(body, what, chosen, row, yes=bool(verdict)) for row, verdict in known if verdict is not value
    )
    return Opinion(value=value, basis=(chosen,), caveats=notes)


def _otherwise(body: Body, what: str, chosen: Measurement, other: Measurement, *, yes: bool) -> Caveat:
    names = [image_named(body.readings, row) for row in (chosen, other)]
    text = f"{what} is {'not seen' if yes else 'seen'} on {names[0]} and {'seen' if yes else 'not seen'} on {names[1]}"
    positions = {body.readings[row.reading].image.position for row in (chosen, other)}
    if len(positions) > 1:
        return body.caveat("positions-differ", f"{text}; the positions differ")
    return body.caveat("readings-disagree", f"{text}; the first is used", must_see=True)
