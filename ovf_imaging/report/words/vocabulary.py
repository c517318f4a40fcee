"""Names and figures as the reader sees them; what is clinical language comes from knowledge/text.toml."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from functools import cache

from ovf_imaging.errors import KnowledgeError
from ovf_imaging.knowledge.loader import KNOWLEDGE_DIR, read_table
from ovf_imaging.knowledge.mimics import Mimic, mimics
from ovf_imaging.knowledge.rules import rule_book
from ovf_imaging.knowledge.tables import kyphosis
from ovf_imaging.types import Case, Fact, Image, Measurement, Reading, Scale, Sequence, Study, View, level_name

DASH = "—"
MINUS = "−"
NBSP = "\u00a0"
_UNITS = {
    "mm": ("mm", 1.0, 1),
    "deg": ("°", 1.0, 1),
    "mm2": ("mm²", 1.0, 0),
    "1": ("%", 100.0, 0),
    "%": ("%", 1.0, 0),
}  # sign, factor, digits


@cache
def _text() -> Mapping[str, Mapping[str, str]]:
    return read_table(KNOWLEDGE_DIR / "text.toml")


def phrase(table: str, key: str, **filled: str) -> str:
    """Return the words for a key with its {names} filled in; KnowledgeError when text.toml lacks it."""
    try:
        return _text()[table][key].format(**filled)
    except (KeyError, IndexError, ValueError) as error:
        raise KnowledgeError(f'text.toml: "{table}.{key}" wanted words with {sorted(filled)} to fill in') from error


def label(table: str, key: str) -> str:
    """Return the words for a key, or the key itself in plain letters where text.toml doesn't list it."""
    return _text()[table].get(key, key.replace("_", " ")) if key != "source" else key


def place(table: str, key: str) -> int:
    """Return where a key stands in a table of text.toml; one that it doesn't list comes last."""
    keys = list(_text()[table])
    return keys.index(key) if key in keys else len(keys)


def quantity_name(quantity: str) -> str:
    """Return a quantity's name, of regional angles as kyphosis.toml has it."""
    regional = {angle.quantity: angle.name for angle in kyphosis()}
    return capital(regional.get(quantity) or label("quantities", quantity))


def mimic_name(mimic: str) -> str:
    """Return the name of what may only look like a fracture, as mimics.toml has it."""
    pattern = getattr(mimics(), mimic, None)
    return pattern.name if isinstance(pattern, Mimic) else mimic.replace("_", " ")


def angle_name(angle: Measurement) -> str:
    """Return an angle's name with its levels: "Local Cobb angle T12–L2"."""
    name, levels = quantity_name(angle.quantity), level_span(angle.levels)
    return name if levels in name else f"{name} {levels}"


def question(fact_name: str) -> str:
    """Return the question that asks for a fact; what is no fact of the knowledge files is returned as it is."""
    spec = rule_book().facts.get(fact_name)
    return (spec.question or label("facts", fact_name)) if spec else fact_name


def arm_title(arm: str) -> str:
    """Return an arm's title as rules/vocabulary.toml has it."""
    return next((known.title for known in rule_book().arms if known.id == arm), arm)


def level_names(levels: Iterable[int]) -> str:
    """Return "T12, L1 and L3"."""
    return listing([level_name(level) for level in levels])


def level_span(levels: Iterable[int]) -> str:
    """Return "T12–L2", or "L1" for one level named twice."""
    return "–".join(level_name(level) for level in dict.fromkeys(levels))


def capital(text: str) -> str:
    """Return a text that begins with a capital letter."""
    return text[:1].upper() + text[1:]


def listing(items: list[str]) -> str:
    """Return "a, b and c"."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}" if items else ""


def figure(value: float | None, digits: int = 0) -> str:
    """Return a number as printed, with a true minus sign, or a dash for none."""
    if value is None or not math.isfinite(value):
        return DASH
    text = f"{value:.{digits}f}"
    return text.replace("-", MINUS) if float(text) else text.lstrip("-")


def spread(interval: tuple[float, float] | None, digits: int = 0, factor: float = 1.0) -> str:
    """Return an interval as printed: "22.8–25.4", or "−3 to 4" where a sign would blur the dash; "" for none."""
    if interval is None or not all(math.isfinite(bound) for bound in interval):
        return ""
    low, high = (figure(bound * factor, digits) for bound in interval)
    return f"{low} to {high}" if MINUS in low + high else f"{low}–{high}"


def unit_sign(unit: str, scale: Scale = Scale.PATIENT) -> str:
    """Return a UCUM unit as printed: "°", "%", "mm"; millimetres that are the detector's say so."""
    sign = _UNITS.get(unit, (unit,))[0]
    return f"{sign} at detector" if unit == "mm" and scale is Scale.DETECTOR else sign


def value_and_interval(measurement: Measurement) -> tuple[str, str]:
    """Return figure and interval as printed, without the unit; a dash and "" where the value can't be told."""
    _, factor, digits = _UNITS.get(measurement.unit, (measurement.unit, 1.0, 1))
    if measurement.value is None or not math.isfinite(measurement.value):
        return DASH, ""
    return figure(measurement.value * factor, digits), spread(measurement.interval, digits, factor)


def fact(value: Fact | None) -> str:
    """Return a fact of the context as printed."""
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    return value if isinstance(value, str) else f"{value:.6g}".replace("-", MINUS)


def image_name(image: Image) -> str:
    """Return "Sagittal MRI, T2" or "Lateral radiograph, standing"."""
    parts = [label("views", image.view)]
    if image.view is not View.LATERAL and image.sequence is not Sequence.NONE:
        parts.append(label("sequences", image.sequence))
    if image.position != "unknown":
        parts.append(label("positions", image.position))
    return ", ".join(parts)


def reading_name(reading: Reading) -> str:
    """Return the name of a reading's image; one of the prior study says so: "Lateral radiograph, prior study"."""
    name = image_name(reading.image)
    return f"{name}, {phrase('statements', 'prior_study')}" if reading.prior else name


def images_read(case: Case) -> str:
    """Return what the images of a case are, or "" where none was read."""
    return "; ".join(reading_name(reading) for reading in case.readings)


def scale_name(image: Image) -> str:
    """Return whose millimetres an image has and where they come from: "In the patient (PixelSpacing)"."""
    return label("scales", image.scale) + (f" ({image.scale_source})" if image.scale_source else "")


def person(study: Study) -> str:
    """Return "74 years, female", as far as it is known."""
    age = "" if study.age_years is None else f"{study.age_years:.0f} years"
    return ", ".join(part for part in (age, label("sexes", study.sex) if study.sex else "") if part)


def table_notes(reading: Reading) -> list[str]:
    """Return what a reader of a reading's table of measurements must know."""
    keys = ["intervals_note", "losses_note"]
    keys += ["detector_note"] if reading.image.scale is Scale.DETECTOR else []
    keys += [] if all(v.complete for v in reading.vertebrae) else ["cut_note"]
    return [phrase("document", key) for key in keys]


def study_mark(uid: str) -> str:
    """Return the study's UID as a short hash: the same study has the same mark, and it names nobody."""
    return hashlib.sha256(uid.encode("utf-8", "surrogatepass")).hexdigest()[:12]
