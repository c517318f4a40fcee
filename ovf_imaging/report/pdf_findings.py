"""The findings on the page, level by level, beside the picture while there is room."""

from __future__ import annotations

from dataclasses import dataclass

from ovf_imaging.report.sheet import ACCENT, AMBER, GREY, INK, TINT, Colour, Sheet
from ovf_imaging.report.words import (
    caveat_text,
    closing,
    headline,
    is_told,
    level_name,
    overall,
    sentences,
    summary,
    unknowns,
)
from ovf_imaging.types import Case

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
    for line in (*overall(case), *closing(case)):
        _write_block(sheet, slot, ((9.5, False, INK, line),))


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


def _width(sheet: Sheet, x: float) -> float:
    return sheet.side + sheet.measure - x
