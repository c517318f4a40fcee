"""What the images say of each fact: one derivation for each name that facts.toml may use.

All are three-valued: a level that can't be told makes a "no" unknown, and never makes a "yes" unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ovf_imaging.knowledge.facts import Derivation, FactSpec
from ovf_imaging.recommend.trace import UNKNOWN, Known
from ovf_imaging.types import Assessment, Finding, Level, Measurement


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Findings and measurements, sorted out once for all derivations."""

    findings: tuple[Finding, ...]  # head to foot
    fractured: tuple[Finding, ...]
    measurements: tuple[Measurement, ...]


def facts_seen(
    specs: Mapping[str, FactSpec], assessment: Assessment, measurements: Sequence[Measurement]
) -> dict[str, Known]:
    """Return what the images say of every fact that can come from them; UNKNOWN where they can't tell."""
    findings = tuple(sorted(assessment.findings, key=lambda f: Level(f.level).order))
    fractured = tuple(f for f in findings if f.fractured)
    seen = Seen(findings=findings, fractured=fractured, measurements=(*assessment.angles, *measurements))
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
    orders = [Level(f.level).order for f in seen.fractured]
    found = []
    for m in seen.measurements:
        upper, lower = (Level(level).order for level in m.levels)
        if m.quantity == spec.quantity and m.value is not None and any(upper <= order <= lower for order in orders):
            found.append((m.value, m))
    if not found:
        return UNKNOWN
    value, largest = max(found, key=lambda pair: pair[0])
    return Known(value=value, origin=_origin(largest))


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
