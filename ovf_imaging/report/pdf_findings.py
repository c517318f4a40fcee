"""The findings in words, level by level."""

from __future__ import annotations

from dataclasses import dataclass

from ovf_imaging.report.sheet import ACCENT, AMBER, GREY, INK, TINT, Colour, Sheet
from ovf_imaging.report.words import NBSP, figure, label, level_names, phrase, spread
from ovf_imaging.types import Case, Caveat, Finding, Shape, level_name

Part = tuple[float, bool, Colour, str]  # letter size, bold, colour, text
_GUTTER_MM = 12.0  # the level's name stands in it


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """The place beside the picture: from `x` to the right margin, down to `bottom` on one page, mm."""

    x: float
    bottom: float
    page: int


def write_findings(sheet: Sheet, case: Case, slot: Slot) -> None:
    """Write summary and findings beside the picture, then over the whole width below it."""
    _write_summary(sheet, case, slot.x)
    for caveat in case.all_caveats():
        if caveat.must_see:
            _write_block(sheet, slot, ((9.0, True, AMBER, caveat_text(caveat)),))
    for finding in case.assessment.findings:
        if is_told(finding):
            parts = (
                (9.5, True, INK, headline(finding)),
                (9.0, False, INK, " ".join(sentences(finding))),
                (8.5, False, GREY, unknowns(finding)),
            )
            _write_block(sheet, slot, parts, name=level_name(finding.level))
    for line in _closing(case):
        _write_block(sheet, slot, ((9.5, False, INK, line),))


def fractured_levels(case: Case) -> tuple[int, ...]:
    """Return the levels found fractured, in the case's order."""
    return tuple(f.level for f in case.assessment.findings if f.fractured)


def is_told(finding: Finding) -> bool:
    """Return whether a finding gets a paragraph: any but a plain normal one or one of which nothing is known."""
    if finding.fractured:
        return True
    if finding.fractured is None:
        return finding.height_loss is not None or finding.shape is not None
    return bool(finding.grade) or finding.shape not in (None, Shape.NORMAL)


def caveat_text(caveat: Caveat) -> str:
    """Return a caveat as a line, with the levels it is about unless it names them itself."""
    if all(level_name(level) in caveat.text for level in caveat.levels):
        return caveat.text[:1].upper() + caveat.text[1:]
    return f"{level_names(caveat.levels)}: {caveat.text}"


def summary(case: Case) -> str:
    """Return the report's one sentence: where fractures are, or that none is, or that none could be told."""
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
    span = level_name(sure[0]) if len(sure) == 1 else f"{level_name(sure[0])}–{level_name(sure[-1])}"
    key = "fractures_none_one" if len(sure) == 1 else "fractures_none"
    return phrase("statements", key, count=str(len(sure)), span=span)


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
    return text[:1].upper() + text[1:]


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
    return out


def unknowns(finding: Finding) -> str:
    """Return the line of what cannot be told of a level; "" where all is known."""
    names = ("height_loss", "grade", "shape", "of_class", "cleft", "acuity", "stability")
    what = [label("unknowns", name) for name in names if getattr(finding, name) is None]
    return phrase("statements", "unknown", what=", ".join(what)) if what else ""


def _write_summary(sheet: Sheet, case: Case, x: float) -> None:
    width = _width(sheet, x)
    sheet.pen(12.5, bold=True, colour=ACCENT)
    text = summary(case)
    top, height = sheet.get_y(), sheet.tall(text, width - 7.0)
    sheet.set_fill_color(*TINT)
    sheet.rect(x, top, width, height + 4.4, style="F")
    sheet.set_fill_color(*ACCENT)
    sheet.rect(x, top, 1.1, height + 4.4, style="F")
    sheet.set_y(top + 2.2)
    sheet.flow(text, x + 4.5, width - 7.0)
    sheet.set_y(top + height + 4.4 + 3.0)


def _write_block(sheet: Sheet, slot: Slot, parts: tuple[Part, ...], name: str = "") -> None:
    """Write paragraphs that stay together, beside the picture while they fit there."""
    gutter = _GUTTER_MM if name else 0.0
    beside = sheet.page_no() == slot.page and sheet.get_y() < slot.bottom
    if beside and sheet.get_y() + _tall(sheet, parts, _width(sheet, slot.x) - gutter) > slot.bottom:
        beside = False
        sheet.set_y(slot.bottom + 3.0)
    x = slot.x if beside else sheet.side
    width = _width(sheet, x) - gutter
    sheet.room(_tall(sheet, parts, width))
    top = sheet.get_y()
    if name:
        sheet.pen(9.5, bold=True, colour=ACCENT)
        sheet.word(name, x, top, gutter)
        sheet.set_y(top)
    for size, bold, colour, text in parts:
        sheet.pen(size, bold=bold, colour=colour)
        sheet.flow(text, x + gutter, width)
    sheet.set_y(sheet.get_y() + 2.2)


def _tall(sheet: Sheet, parts: tuple[Part, ...], width: float) -> float:
    height = 0.0
    for size, bold, _, text in parts:
        sheet.pen(size, bold=bold)
        height += sheet.tall(text, width)
    return height


def _closing(case: Case) -> list[str]:
    """Return the lines on the levels that got no paragraph of their own."""
    quiet = [f for f in case.assessment.findings if not is_told(f)]
    normal = [f.level for f in quiet if f.fractured is False]
    blank = [f.level for f in quiet if f.fractured is None]
    out = [phrase("statements", "normal", levels=level_names(normal))] if normal and fractured_levels(case) else []
    return out + ([phrase("statements", "uncertain", levels=level_names(blank))] if blank else [])


def _width(sheet: Sheet, x: float) -> float:
    return sheet.side + sheet.measure - x
