"""Hand-made rows: one level's measurements on images of any sequence and position."""

from __future__ import annotations

from dataclasses import replace

from ovf_imaging.assess import assess
from ovf_imaging.types import (
    Assessment,
    Finding,
    Level,
    Measurement,
    Position,
    Reading,
    Sequence,
    View,
)
from tests.measure.build import image, reading

Value = float | tuple[float, float] | None  # a number, a number ± half its interval, or cannot tell
SQUARE: dict[str, Value] = {
    f"{side}_endplate_{what}": 0.0 for side in ("superior", "inferior") for what in ("tilt", "dent")
}
WEDGED: dict[str, Value] = {
    "height_loss_anterior": (0.45, 0.02),
    "height_loss_middle": (0.25, 0.02),
    "height_loss_posterior": (0.05, 0.02),
    **SQUARE,
    "superior_endplate_tilt": 18.0,
    "posterior_wall_involvement": (0.05, 0.04),
}
WHOLE: dict[str, Value] = {
    **SQUARE,
    **{f"height_loss_{k}": (0.0, 0.02) for k in ("anterior", "middle", "posterior")},
    "posterior_wall_involvement": (0.0, 0.04),
}
UNITS = {"deg": ("tilt", "angle", "cobb"), "mm": ("anterior_height", "middle_height", "posterior_height", "depth")}


def mri(sequence: Sequence, position: Position = Position.SUPINE, *, prior: bool = False) -> Reading:
    """Return an empty reading of one MR series."""
    return replace(reading([], on=replace(image(position=position), sequence=sequence)), prior=prior)


def film(position: Position, *, prior: bool = False) -> Reading:
    """Return an empty reading of one film."""
    on = replace(image(position=position, view=View.LATERAL), sequence=Sequence.NONE)
    return replace(reading([], on=on), prior=prior)


def rows(level: Level, values: dict[str, Value], *, on: int = 0, against: int | None = None) -> list[Measurement]:
    """Return one level's measurements on one image, or their changes against another."""
    return [row(level, quantity, value, on=on, against=against) for quantity, value in values.items()]


def row(level: Level, quantity: str, value: Value, *, on: int = 0, against: int | None = None) -> Measurement:
    """Return one measurement; a local Cobb angle lies between the neighbours."""
    number, half = value if isinstance(value, tuple) else (value, None)
    unit = next((u for u, ends in UNITS.items() if quantity.endswith(ends) and not _is_change(quantity, u)), "1")
    ends = (int(level) - 1, int(level) + 1) if quantity.endswith("local_cobb") else (int(level), int(level))
    return Measurement(
        levels=ends,
        quantity=quantity,
        value=number,
        unit=unit,
        interval=None if half is None or number is None else (number - half, number + half),
        reading=on,
        against=against,
    )


def concluded(readings: list[Reading], *measured: list[Measurement]) -> Assessment:
    """Return the assessment of hand-made rows."""
    return assess(tuple(readings), tuple(m for group in measured for m in group))


def finding(assessment: Assessment, level: Level = Level.L1) -> Finding:
    """Return the finding of one level."""
    return next(f for f in assessment.findings if f.level == level)


def codes(found: Finding) -> set[str]:
    """Return the codes of a finding's caveats."""
    return {c.code for c in found.caveats}


def _is_change(quantity: str, unit: str) -> bool:
    """Return whether a change of height is meant, which is a part and no millimetres."""
    return unit == "mm" and quantity.startswith("change_")
