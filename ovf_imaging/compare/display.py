"""Quantities, units and estimates as the page and the figure print them."""

from __future__ import annotations

from ovf_imaging.compare.agreement import ANY_LANDMARK, BODY, LANDMARK
from ovf_imaging.compare.estimates import Estimate
from ovf_imaging.compare.questions import QUESTIONS
from ovf_imaging.compare.records import AT_DETECTOR
from ovf_imaging.report import words

_TITLES = {question.name: question.title for question in QUESTIONS} | {
    ANY_LANDMARK: "Any landmark",
    BODY: "Bodies",
}
_PERCENT = 100.0
_DIGITS = {"mm": 2, "deg": 1, "1": 1, "%": 1}
_ELSE = 2


def title(quantity: str) -> str:
    """Return what a quantity, question or landmark is called."""
    if quantity in _TITLES:
        return _TITLES[quantity]
    name = words.quantity_name(quantity.removeprefix(LANDMARK).removesuffix(AT_DETECTOR))
    return f"{name}, at the detector" if quantity.endswith(AT_DETECTOR) else name


def sign(unit: str) -> str:
    """Return a unit as printed; a ratio is in per cent."""
    return words.unit_sign(unit).strip("{}")


def factor(unit: str) -> float:
    """Return what a value is multiplied with to be printed in `sign`."""
    return _PERCENT if unit == "1" else 1.0


def number(value: float, unit: str) -> str:
    """Return a value as printed, without its unit."""
    return words.figure(value * factor(unit), _DIGITS.get(unit, _ELSE))


def estimate(found: Estimate, name: str, unit: str) -> tuple[str, str]:
    """Return a statistic and its interval as printed, without the unit; ICC and kappa are no percentages."""
    plain = name.startswith(("icc", "kappa"))
    times, digits = (1.0, 2) if plain else (factor(unit), _DIGITS.get(unit, _ELSE))
    value = None if found.value is None else found.value * times
    return words.figure(value, digits), words.spread(found.interval, digits, times)
