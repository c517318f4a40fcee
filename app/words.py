"""Records in words: levels, numbers with their intervals, findings. None is always "cannot tell"."""

from __future__ import annotations

import math
from collections.abc import Iterable

from ovf_imaging import Case, Fact, Finding, Level, Measurement, Position, Reading, Sequence, Shape, View

CANNOT_TELL = "cannot tell"
DASH, MINUS = "–", "−"
GRADES = {0: "no deformity", 1: "mild", 2: "moderate", 3: "severe"}
SHAPES = {
    Shape.NORMAL: "deformity",
    Shape.WEDGE: "wedge deformity",
    Shape.BICONCAVE: "biconcave deformity",
    Shape.CRUSH: "crush deformity",
    Shape.PLANA: "vertebra plana",
}
UNITS = {"deg": "°", "1": "%", "mm": "mm", "mm2": "mm²"}
VIEWS = {View.LATERAL: "Lateral film", View.SAGITTAL: "Sagittal MRI"}
SEQUENCES = {Sequence.T1: "T1", Sequence.T2: "T2", Sequence.FLUID: "fluid-sensitive"}


def level_name(level: int) -> str:
    """Return a level's name, "L1"; a number that names no level is shown as it is."""
    return Level(level).name if level in set(Level) else f"level {level}"


def levels_name(levels: Iterable[int]) -> str:
    """Return "L1" for a single body and "T12–L2" for a span."""
    names = [level_name(level) for level in levels]
    return names[0] if len(set(names)) == 1 else DASH.join(names)


def plain(identifier: str) -> str:
    """Return a snake_case or kebab-case name as words: "local_cobb" → "Local cobb"."""
    words = identifier.replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:]


def number(value: float, unit: str) -> str:
    """Return a value in the precision that its unit deserves, without the unit; fractions as percent."""
    if not math.isfinite(value):
        return DASH
    text = f"{value * 100:.0f}" if unit == "1" else f"{value:.1f}"
    return text.replace("-", MINUS) if float(text) else text.lstrip("-")


def unit_sign(unit: str) -> str:
    """Return the sign a unit is printed with."""
    return UNITS.get(unit, unit)


def span(interval: tuple[float, float] | None, unit: str) -> str:
    """Return a 95 % interval as "28–40", "−3 to 4" where a sign would blur the dash, or nothing."""
    if interval is None:
        return ""
    low, high = (number(bound, unit) for bound in interval)
    return f"{low} to {high}" if MINUS in low + high else f"{low}{DASH}{high}"


def value_text(measurement: Measurement) -> str:
    """Return "34 % (28–40)", or "cannot tell"."""
    if measurement.value is None or not math.isfinite(measurement.value):
        return CANNOT_TELL
    sign = unit_sign(measurement.unit)
    text = number(measurement.value, measurement.unit) + (sign if sign == "°" else f" {sign}")
    interval = span(measurement.interval, measurement.unit)
    return f"{text} ({interval})" if interval else text


def fact_text(value: Fact | None) -> str:
    """Return a fact's value as a reader would say it."""
    match value:
        case None:
            return "unknown"
        case bool():
            return "yes" if value else "no"
        case float() | int():
            return f"{value:.3g}"
        case str():
            return value
        case _:
            return ", ".join(value)


def yes_no(value: bool | None, kind: str | None = None) -> str:
    """Return "present (fluid)", "absent" or "cannot tell"."""
    if value is None:
        return CANNOT_TELL
    present = f"present ({kind})" if kind else "present"
    return present if value else "absent"


def grade_and_shape(finding: Finding) -> str:
    """Return a finding's grade and shape in few words: "moderate wedge deformity"."""
    if finding.grade is None:
        return "height loss " + CANNOT_TELL
    if finding.grade == 0:
        return GRADES[0]
    if finding.shape is Shape.PLANA:
        return SHAPES[Shape.PLANA]
    shape = SHAPES[finding.shape] if finding.shape is not None else "deformity"
    return f"{GRADES.get(finding.grade, f'grade {finding.grade}')} {shape}"


def is_noteworthy(finding: Finding) -> bool:
    """Return whether a finding is more than an inconspicuous body."""
    seen = (finding.fractured, finding.cleft, finding.acuity == "acute", finding.stability == "unstable")
    return bool(finding.grade) or any(seen) or finding.of_class is not None


def worst_of(findings: tuple[Finding, ...]) -> Finding | None:
    """Return the finding to look at first: by fracture, then grade, then height loss; None when there is none."""
    ranked = [f for f in findings if f.grade is not None or f.height_loss is not None]
    return max(ranked, key=lambda f: (f.grade or 0, f.height_loss or 0.0), default=None)


def sentence(finding: Finding) -> str:
    """Return a finding as one sentence."""
    text = grade_and_shape(finding)
    text = text[:1].upper() + text[1:]
    if finding.grade is not None:
        text += f" (Genant grade {finding.grade})"
    if finding.height_loss is not None:
        loss = f"{number(finding.height_loss, '1')} %"
        interval = span(finding.height_loss_interval, "1")
        text += f", worst height loss {loss}" + (f" ({interval})" if interval else "")
    return text + (", close to a grade boundary." if finding.near_threshold else ".")


def reading_name(reading: Reading) -> str:
    """Return what an image is: "Sagittal MRI T2, standing"."""
    image = reading.image
    name = " ".join([VIEWS.get(image.view, plain(image.view.value)), SEQUENCES.get(image.sequence, "")]).strip()
    return name if image.position is Position.UNKNOWN else f"{name}, {image.position.value}"


def views_of(case: Case) -> str:
    """Return the images a case rests on, shortly: "Sagittal MRI: T2, fluid-sensitive"."""
    kinds: dict[str, list[str]] = {}
    for image in (reading.image for reading in case.readings):
        view = VIEWS.get(image.view, plain(image.view.value))
        detail = SEQUENCES.get(image.sequence) or ("" if image.position is Position.UNKNOWN else image.position.value)
        kinds.setdefault(view, []).append(detail)
    told = {view: ", ".join(dict.fromkeys(d for d in details if d)) for view, details in kinds.items()}
    return "; ".join(f"{view}: {details}" if details else view for view, details in told.items())
