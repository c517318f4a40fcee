"""Findings in words: the same sentences on screen and in the report."""

from __future__ import annotations

from collections.abc import Iterable

from ovf_imaging.report.words.vocabulary import (
    DASH,
    NBSP,
    capital,
    figure,
    label,
    level_names,
    level_span,
    mimic_name,
    phrase,
    place,
    quantity_name,
    spread,
    unit_sign,
    value_and_interval,
)
from ovf_imaging.types import Case, Caveat, Finding, Measurement, Shape, level_name

_PLACES = ("anterior", "middle", "posterior")
_IN_TABLE = frozenset({"wedge_angle", *(f"{p}_height" for p in _PLACES), *(f"height_loss_{p}" for p in _PLACES)})


def fractured_levels(case: Case) -> tuple[int, ...]:
    """Return the levels found fractured, in the case's order."""
    return tuple(f.level for f in case.assessment.findings if f.fractured)


def ranked(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings that know of a fracture or a height loss, the one to look at first in front."""
    known = (f for f in findings if f.fractured or f.height_loss is not None)
    return tuple(sorted(known, key=lambda f: (f.fractured is not True, -(f.height_loss or 0.0))))


def is_told(finding: Finding) -> bool:
    """Return whether a finding gets a paragraph: any but a plain normal one or one of which nothing is known."""
    signs = (finding.cleft, finding.acuity == "acute", finding.stability == "unstable", finding.of_class)
    if finding.fractured or any(signs) or finding.change in ("new", "worse", "better"):
        return True
    if finding.fractured is None:
        return finding.height_loss is not None or finding.shape is not None
    return bool(finding.grade) or finding.shape not in (None, Shape.NORMAL)


def caveat_text(caveat: Caveat) -> str:
    """Return a caveat as a line, with the levels it is about unless it names them itself."""
    if all(level_name(level) in caveat.text for level in caveat.levels):
        return capital(caveat.text)
    return f"{level_names(caveat.levels)}: {caveat.text}"


def summary(case: Case) -> str:
    """Return a case in one sentence: where fractures are, or that none is, or that none could be told."""
    levels, findings = fractured_levels(case), case.assessment.findings
    if levels:
        return phrase(
            "statements", "fractures_one" if len(levels) == 1 else "fractures_many", levels=level_names(levels)
        )
    if not findings:
        read = any(r.vertebrae for r in case.readings)
        return phrase("statements", "not_assessed" if read else "nothing_read")
    sure = [f.level for f in findings if f.fractured is False]
    if not sure:
        return phrase("statements", "not_assessed")
    key = "fractures_none_one" if len(sure) == 1 else "fractures_none"
    return phrase("statements", key, count=str(len(sure)), span=level_span((sure[0], sure[-1])))


def headline(finding: Finding) -> str:
    """Return "Wedge fracture, Genant grade 2 (moderate)" and its like."""
    state = {True: "fractured", None: "unsure", False: "deformed"}[finding.fractured]
    if finding.shape in (None, Shape.NORMAL):
        text = phrase("headlines", f"{state}_plain")
    elif finding.shape is Shape.PLANA:
        text = phrase("headlines", f"plana_{state}")
    else:
        text = phrase("headlines", state, shape=label("shapes", str(finding.shape)))
    if finding.grade is not None:
        name = label("grades", str(finding.grade))
        text += ", " + phrase("headlines", "grade", grade=str(finding.grade), name=name)
    return capital(text)


def sentences(finding: Finding) -> list[str]:
    """Return what is known of a level, one sentence each."""
    out = []
    if finding.height_loss is not None:
        loss, interval = (
            f"{figure(finding.height_loss * 100)}{NBSP}%",
            spread(finding.height_loss_interval, factor=100.0),
        )
        key = "loss" if interval else "loss_plain"
        out.append(phrase("statements", key, loss=loss, interval=f"{interval}{NBSP}%"))
    out += [phrase("statements", "near_threshold")] if finding.near_threshold else []
    out += [phrase("statements", "of_class", value=str(finding.of_class))] if finding.of_class is not None else []
    if finding.cleft is not None:
        key = "cleft_absent" if not finding.cleft else "cleft_present_kind" if finding.cleft_kind else "cleft_present"
        out.append(phrase("statements", key, kind=finding.cleft_kind or ""))
    out += [phrase("statements", "acuity", value=finding.acuity)] if finding.acuity is not None else []
    out += [phrase("statements", "stability", value=finding.stability)] if finding.stability is not None else []
    out += [phrase("statements", "change", value=finding.change)] if finding.change is not None else []
    return out + ([phrase("statements", "mimic", name=mimic_name(finding.mimic))] if finding.mimic is not None else [])


def further(finding: Finding) -> str:
    """Return what was measured of a level beyond the report's table: signs, posterior wall, canal and movement."""
    told = [m for m in finding.basis if m.quantity not in _IN_TABLE and value_and_interval(m)[0] != DASH]
    told.sort(key=lambda m: place("quantities", m.quantity))
    if not told:
        return ""
    what = "; ".join(_measured(m) for m in told)
    return phrase("statements", "further", level=level_name(finding.level), what=what)


def _measured(measurement: Measurement) -> str:
    """Return "Change of wedge angle 6.0° (3.0–9.0), image 1 against 2"."""
    value, interval = value_and_interval(measurement)
    sign = unit_sign(measurement.unit)
    space = NBSP if sign[:1].isalpha() or sign == "%" else ""
    text = f"{quantity_name(measurement.quantity)} {value}{space}{sign}" + (f" ({interval})" if interval else "")
    if measurement.against is None:
        return text
    one, other = str(measurement.reading + 1), str(measurement.against + 1)
    return f"{text}, {phrase('statements', 'between', one=one, other=other)}"


def overall(case: Case) -> list[str]:
    """Return the lines that hold for the whole column: index fracture and spinal deformity index, where known."""
    index, total = case.assessment.index_level, case.assessment.deformity_index
    out = [phrase("statements", "index_level", level=level_name(index))] if index is not None else []
    return out + ([phrase("statements", "deformity_index", value=str(total))] if total is not None else [])


def unknowns(finding: Finding) -> str:
    """Return the line of what cannot be told of a level; "" where all is known."""
    names = ("height_loss", "grade", "shape", "of_class", "cleft", "acuity", "stability")
    what = [label("unknowns", name) for name in names if getattr(finding, name) is None]
    return phrase("statements", "unknown", what=", ".join(what)) if what else ""


def confidence(finding: Finding) -> str:
    """Return how sure the reader was of a level's body."""
    return phrase("statements", "confidence", value=f"{figure(finding.confidence * 100)}{NBSP}%")


def closing(case: Case) -> list[str]:
    """Return the lines on the levels that got no paragraph of their own."""
    quiet = [f for f in case.assessment.findings if not is_told(f)]
    normal = [f.level for f in quiet if f.fractured is False]
    blank = [f.level for f in quiet if f.fractured is None]
    out = [phrase("statements", "normal", levels=level_names(normal))] if normal and fractured_levels(case) else []
    return out + ([phrase("statements", "uncertain", levels=level_names(blank))] if blank else [])
