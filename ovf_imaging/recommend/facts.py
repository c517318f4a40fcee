"""What the images say of each fact: one derivation for each name that facts.toml may use.

All are three-valued: a level that can't be told makes a "no" unknown, and never makes a "yes" unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ovf_imaging.knowledge.facts import Derivation, FactSpec
from ovf_imaging.recommend.trace import UNKNOWN, Known
from ovf_imaging.types import Assessment, Finding, Level, Measurement


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Findings and measurements, sorted out once for all derivations."""

    findings: tuple[Finding, ...]  # head to foot
    fractured: tuple[Finding, ...]
    angles: tuple[Measurement, ...]  # of the assessment
    measurements: tuple[Measurement, ...]  # of the current study
    index_level: int | None


def facts_seen(
    specs: Mapping[str, FactSpec], assessment: Assessment, measurements: Sequence[Measurement]
) -> dict[str, Known]:
    """Return what the images say of every fact that can come from them; UNKNOWN where they can't tell.

    `measurements` are those of the current study alone; a change against another reading is one since a prior study.
    """
    findings = tuple(sorted(assessment.findings, key=lambda f: Level(f.level).order))
    fractured = tuple(f for f in findings if f.fractured)
    seen = Seen(
        findings=findings,
        fractured=fractured,
        angles=assessment.angles,
        measurements=tuple(measurements),
        index_level=assessment.index_level,
    )
    return {name: DERIVATIONS[spec.image](seen, spec) for name, spec in specs.items() if spec.image is not None}


def _any_fractured(seen: Seen, spec: FactSpec) -> Known:
    if seen.fractured:
        return Known(value=True, origin=f"finding: {_names(seen.fractured)} fractured")
    if not _all_told(seen.findings):
        return UNKNOWN
    return Known(value=False, origin=f"finding: none fractured of {_names(seen.findings)}")


def _count_fractured(seen: Seen, spec: FactSpec) -> Known:
    if not _all_told(seen.findings):
        return UNKNOWN
    return Known(value=float(len(seen.fractured)), origin=f"finding: {_names(seen.fractured) or 'none'} fractured")


def _fractured_at(seen: Seen, spec: FactSpec) -> Known:
    here = [f for f in seen.findings if f.level in spec.levels]
    if any(f.fractured for f in here):
        return Known(value=True, origin=f"finding: {_names(f for f in here if f.fractured)} fractured")
    if any(f.fractured is None for f in here) or not (seen.fractured or _all_told(seen.findings)):
        return UNKNOWN
    return Known(value=False, origin=f"finding: {_names(seen.fractured) or 'none'} fractured")


def _index_level(seen: Seen, spec: FactSpec) -> Known:
    if seen.index_level is not None:
        return Known(value=_name(seen.index_level), origin=f"finding: {_name(seen.index_level)} index fracture")
    measured = [f for f in seen.fractured if f.height_loss is not None]
    if not measured:
        return UNKNOWN
    worst = max(measured, key=lambda f: f.height_loss or 0.0)  # the one nearest the head among equals
    return Known(value=_name(worst.level), origin=f"finding: {_name(worst.level)} has the largest height loss")


def _worst_height_loss(seen: Seen, spec: FactSpec) -> Known:
    measured = [(f.height_loss, f) for f in seen.fractured if f.height_loss is not None]
    if not measured:
        return UNKNOWN
    loss, worst = max(measured, key=lambda pair: pair[0])
    for basis in worst.basis:
        if basis.quantity.startswith("height_loss") and basis.value == loss:
            return Known(value=loss, origin=_origin(basis))
    return Known(value=loss, origin=f"finding: {_name(worst.level)} height loss")


def _worst_grade(seen: Seen, spec: FactSpec) -> Known:
    return _highest(seen.fractured, "grade", lambda f: f.grade)


def _worst_of_class(seen: Seen, spec: FactSpec) -> Known:
    return _highest(seen.fractured, "OF class", lambda f: f.of_class)


def _any_shape(seen: Seen, spec: FactSpec) -> Known:
    return _any(seen.fractured, str(spec.shape), lambda f: None if f.shape is None else f.shape is spec.shape)


def _any_cleft(seen: Seen, spec: FactSpec) -> Known:
    return _any(seen.fractured, "cleft", lambda f: f.cleft)


def _cleft_kind(seen: Seen, spec: FactSpec) -> Known:
    for finding in seen.fractured:
        if finding.cleft and finding.cleft_kind is not None:
            return Known(value=finding.cleft_kind, origin=f"finding: {_name(finding.level)} cleft")
    return UNKNOWN


def _acuity(seen: Seen, spec: FactSpec) -> Known:
    return _either(seen.fractured, "acute", "not acute", lambda f: f.acuity)


def _stability(seen: Seen, spec: FactSpec) -> Known:
    return _either(seen.fractured, "unstable", "stable", lambda f: f.stability)


def _largest_angle(seen: Seen, spec: FactSpec) -> Known:
    for rows in (seen.angles, seen.measurements):  # the angles of the assessment are of one image each
        known = [m for m in rows if m.quantity == spec.quantity and m.value is not None]
        found = [m for m in known if any(_spans(m, f) for f in seen.fractured)]
        if found:
            return _largest(found)
    return UNKNOWN


def _largest_of_fractured(seen: Seen, spec: FactSpec) -> Known:
    rows = [m for f in seen.fractured for m in f.basis if m.quantity == spec.quantity and m.value is not None]
    if not rows:
        return UNKNOWN
    low, high = spec.type.low, spec.type.high  # a wall in front of its line is one that stands back by nothing
    return _largest([replace(m, value=min(max(m.value or 0.0, low), high)) for m in rows])


def _new_beside_old(seen: Seen, spec: FactSpec) -> Known:
    new = [f for f in seen.fractured if f.change == "new"]
    old = [Level(f.level).order for f in seen.fractured if f.change not in ("new", None)]
    beside = [f for f in new if any(abs(Level(f.level).order - order) <= 1 for order in old)]
    if beside:
        return Known(value=True, origin=f"finding: {_names(beside)} new since the prior study")
    if not seen.fractured or not _all_told(seen.findings) or any(f.change is None for f in seen.fractured):
        return UNKNOWN
    return Known(value=False, origin=f"finding: {_names(seen.fractured)} compared with the prior study")


def _kyphosis_grows(seen: Seen, spec: FactSpec) -> Known:
    current = {m.reading for m in seen.measurements}
    rows = [m for m in seen.measurements if m.quantity == "change_local_cobb" and m.against not in (*current, None)]
    told = [m for m in rows if m.interval is not None and any(_spans(m, f) for f in seen.fractured)]
    grown = [m for m in told if m.interval is not None and m.interval[0] > 0]
    if not told:
        return UNKNOWN
    return Known(value=bool(grown), origin=_origin((grown or told)[0]))


def _spans(row: Measurement, finding: Finding) -> bool:
    upper, lower = (Level(level).order for level in row.levels)
    return upper <= Level(finding.level).order <= lower


def _largest(rows: Sequence[Measurement]) -> Known:
    """Return the largest of values that are known, with the measurement it comes from."""
    largest = max(rows, key=lambda m: m.value or 0.0)
    return Known(value=largest.value, origin=_origin(largest))


DERIVATIONS: Mapping[Derivation, Callable[[Seen, FactSpec], Known]] = {
    Derivation.ANY_FRACTURED: _any_fractured,
    Derivation.COUNT_FRACTURED: _count_fractured,
    Derivation.FRACTURED_AT: _fractured_at,
    Derivation.INDEX_LEVEL: _index_level,
    Derivation.WORST_HEIGHT_LOSS: _worst_height_loss,
    Derivation.WORST_GRADE: _worst_grade,
    Derivation.WORST_OF_CLASS: _worst_of_class,
    Derivation.ANY_SHAPE: _any_shape,
    Derivation.ANY_CLEFT: _any_cleft,
    Derivation.CLEFT_KIND: _cleft_kind,
    Derivation.ACUITY: _acuity,
    Derivation.STABILITY: _stability,
    Derivation.LARGEST_ANGLE: _largest_angle,
    Derivation.LARGEST_OF_FRACTURED: _largest_of_fractured,
    Derivation.NEW_BESIDE_OLD: _new_beside_old,
    Derivation.KYPHOSIS_GROWS: _kyphosis_grows,
}


def _any(findings: Sequence[Finding], what: str, of: Callable[[Finding], bool | None]) -> Known:
    """Return whether one fractured level has it; unknown without a fracture, or when a level can't tell."""
    having = [f for f in findings if of(f)]
    if having:
        return Known(value=True, origin=f"finding: {_names(having)} {what}")
    if not findings or any(of(f) is None for f in findings):
        return UNKNOWN
    return Known(value=False, origin=f"finding: {_names(findings)} no {what}")


def _either(findings: Sequence[Finding], alarm: str, calm: str, of: Callable[[Finding], str | None]) -> Known:
    """Return the alarming word when one fractured level has it, the calm one when all have that."""
    known = _any(findings, alarm, lambda f: None if of(f) is None else of(f) == alarm)
    if known.value is False:
        return Known(value=calm, origin=f"finding: {_names(findings)} {calm}")
    return Known(value=alarm, origin=known.origin) if known.value else UNKNOWN


def _highest(findings: Sequence[Finding], what: str, of: Callable[[Finding], int | None]) -> Known:
    told = [(value, f) for f in findings if (value := of(f)) is not None]
    if not told:
        return UNKNOWN
    value, worst = max(told, key=lambda pair: pair[0])
    return Known(value=float(value), origin=f"finding: {_name(worst.level)} {what}")


def _all_told(findings: Sequence[Finding]) -> bool:
    return bool(findings) and all(f.fractured is not None for f in findings)


def _name(level: int) -> str:
    return Level(level).name


def _names(findings: Iterable[Finding]) -> str:
    return ", ".join(_name(f.level) for f in findings)


def _origin(measurement: Measurement) -> str:
    levels = "–".join(dict.fromkeys(_name(level) for level in measurement.levels))
    return f"measurement: {levels} {measurement.quantity}"
