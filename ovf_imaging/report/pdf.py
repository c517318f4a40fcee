"""The report of a case as a PDF: one or two A4 pages to attach to a referral. Equal cases give equal bytes.

Where two pages don't hold everything, what a clinician needs least is counted instead of printed; case.json has it all.
"""

from __future__ import annotations

from datetime import UTC

import PIL.Image

from ovf_imaging.report.arrays import is_left_out
from ovf_imaging.report.overlay import overlay, shown_slice
from ovf_imaging.report.pdf_ending import write_ending, write_missing_beside
from ovf_imaging.report.pdf_findings import Slot, write_findings
from ovf_imaging.report.pdf_tables import angles_height, write_angles, write_measurements
from ovf_imaging.report.sheet import ACCENT, GREY, TINT, Sheet
from ovf_imaging.report.words import (
    DASH,
    fractured_levels,
    images_read,
    person,
    phrase,
    ranked,
    reading_name,
    scale_name,
    study_mark,
)
from ovf_imaging.types import Case

_SLOT_MM = (78.0, 102.0)  # the picture's largest width and height
_DOTS_PER_MM = 12  # 300 dpi
_GUTTER_MM = 7.0


def pdf(case: Case) -> bytes:
    """Return the report of a case; it holds no identifier of the patient, only a hash of the study's UID."""
    title, research_use = phrase("document", "title"), phrase("document", "research_use")
    sheet = Sheet(
        title=title,
        running=f"{title} · study {study_mark(case.study.uid)} · {_date(case)}",
        foot=research_use,
        producer=f"ovf-imaging {case.provenance.version}",
        made=case.provenance.made,
    )
    _write_title(sheet, title, research_use)
    _write_facts(sheet, case)
    asked = _write_first_look(sheet, case)
    write_measurements(sheet, case, main_reading(case))
    write_ending(sheet, case, asked=asked)
    return sheet.finished()


def main_reading(case: Case) -> int | None:
    """Return the index of the current reading that shows the largest finding; the first where there is none."""
    for finding in ranked(case.assessment.findings):
        shown = [
            i for i, r in enumerate(case.readings) if not r.prior and any(v.level == finding.level for v in r.vertebrae)
        ]
        measured = [m.reading for m in finding.basis if m.reading in shown]
        if shown:
            return measured[0] if measured else shown[0]
    return 0 if case.readings else None


def _write_title(sheet: Sheet, title: str, research_use: str) -> None:
    top = sheet.get_y()
    sheet.pen(20.0, bold=True, colour=ACCENT)
    sheet.word(title, sheet.side, top, 110.0)
    sheet.pen(9.0, colour=GREY)
    sheet.word(phrase("document", "subtitle"), sheet.side, top + 9.6, 115.0)
    width = 58.0
    left = sheet.side + sheet.measure - width
    sheet.set_draw_color(*GREY)
    sheet.set_line_width(0.25)
    sheet.rect(left, top + 0.6, width, 12.6)
    sheet.pen(8.5, bold=True)
    sheet.set_y(top + 6.9 - sheet.tall(research_use, width - 6.0) / 2)
    sheet.flow(research_use, left + 3.0, width - 6.0)
    sheet.set_y(top + 17.0)


def _write_facts(sheet: Sheet, case: Case) -> None:
    """Write what is known of study, patient and images, in three columns."""
    study, made = case.study, case.provenance.made
    scales = dict.fromkeys(scale_name(r.image) for r in case.readings)
    stamp = (
        f"{made.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        if made and made.tzinfo
        else f"{made:%Y-%m-%d %H:%M}"
        if made
        else DASH
    )
    facts = (
        (("Study date", _date(case)), ("Age and sex", person(study) or DASH), ("Study", study_mark(study.uid))),
        (
            ("Images read", images_read(case) or "none"),
            ("Millimetres", "; ".join(scales) or DASH),
            ("Report made", stamp),
        ),
    )
    top, inner = sheet.get_y(), sheet.side + 3.5
    width = (sheet.measure - 7.0) / 3
    heights = [max(_fact_height(sheet, value, width - 4.0) for _, value in row) for row in facts]
    sheet.set_fill_color(*TINT)
    sheet.rect(sheet.side, top, sheet.measure, sum(heights) + 2.8, style="F")
    y = top + 2.2
    for row, height in zip(facts, heights, strict=True):
        for place, (name, value) in enumerate(row):
            sheet.pen(7.5, colour=GREY)
            sheet.word(name, inner + place * width, y, width - 4.0)
            sheet.pen(9.5)
            sheet.set_y(y + 3.4)
            sheet.flow(value, inner + place * width, width - 4.0)
        y += height
    sheet.set_y(top + sum(heights) + 2.8)


def _fact_height(sheet: Sheet, value: str, width: float) -> float:
    sheet.pen(9.5)
    return 3.4 + sheet.tall(value, width) + 1.6


def _write_first_look(sheet: Sheet, case: Case) -> bool:
    """Write the picture of the largest finding with findings and angles beside it, what is missing where it fits.

    Returns whether what is missing has been written.
    """
    sheet.heading("Findings")
    top = sheet.get_y() + 0.6
    index = main_reading(case)
    if index is None:
        write_findings(sheet, case, Slot(x=sheet.side, bottom=top, page=sheet.page_no()))
        write_angles(sheet, case, sheet.side)
        return False
    column, bottom = _write_picture(sheet, case, index, top)
    slot = Slot(x=sheet.side + column + _GUTTER_MM, bottom=bottom, page=sheet.page_no())
    sheet.set_y(top)
    write_findings(sheet, case, slot)
    if not _fits(sheet, slot, angles_height(sheet, case, slot.x)):
        if sheet.page_no() == slot.page:
            sheet.set_y(max(sheet.get_y(), bottom))
        write_angles(sheet, case, sheet.side)
        return False
    write_angles(sheet, case, slot.x)
    asked = write_missing_beside(sheet, case, slot.x, bottom)
    sheet.set_y(bottom)
    return asked


def _fits(sheet: Sheet, slot: Slot, height: float) -> bool:
    return sheet.page_no() == slot.page and sheet.get_y() + height <= slot.bottom


def _write_picture(sheet: Sheet, case: Case, index: int, top: float) -> tuple[float, float]:
    """Write the picture with its caption; return the column's width and where it ends."""
    box = (round(_SLOT_MM[0] * _DOTS_PER_MM), round(_SLOT_MM[1] * _DOTS_PER_MM))
    drawn = overlay(case.readings[index], box=box, crop=True, marked=fractured_levels(case))
    picture = PIL.Image.fromarray(drawn)
    width, height = picture.width / _DOTS_PER_MM, picture.height / _DOTS_PER_MM
    sheet.image(picture, x=sheet.side, y=top, w=width, h=height, alt_text="The image with contours and levels")
    sheet.pen(7.5, colour=GREY)
    sheet.set_y(top + height + 1.2)
    column = max(width, 52.0)
    sheet.flow(_caption(case, index), sheet.side, column)
    return column, sheet.get_y()


def _caption(case: Case, index: int) -> str:
    reading = case.readings[index]
    count = reading.image.pixels.shape[0]
    of = f"Image {index + 1} of {len(case.readings)}: " if len(case.readings) > 1 else ""
    parts = [of + reading_name(reading)]
    parts += [f"slice {shown_slice(reading) + 1} of {count}"] if count > 1 else []
    absent = f" {phrase('document', 'no_pixels')}" if is_left_out(reading.image.pixels) else ""
    return f"{', '.join(parts)}.{absent} {phrase('document', 'legend')} Read by {reading.reader}."


def _date(case: Case) -> str:
    return f"{case.study.taken:%Y-%m-%d}" if case.study.taken else "date unknown"
