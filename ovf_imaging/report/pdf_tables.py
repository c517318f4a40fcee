"""The tables of the report: measurements level by level, and angles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from ovf_imaging.report.sheet import ACCENT, GREY, INK, TINT, Sheet
from ovf_imaging.report.words import (
    DASH,
    image_name,
    label,
    level_name,
    level_span,
    phrase,
    quantity_name,
    table_notes,
    unit_sign,
    value_and_interval,
)
from ovf_imaging.types import Case, Finding, Measurement, Vertebra

_ROW_MM = 5.3
_PLACES = ("anterior", "middle", "posterior")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: its heads, its width, and where a figure stands in it (0 = plain text)."""

    group: str
    title: str
    width: float
    figure: float = 0.0  # the figure's right edge; its interval follows
    align: Literal["L", "C", "R"] = "L"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What stands in a column: a figure with its interval, or words."""

    text: str
    small: str = ""


_COLUMNS = (
    Column(group="", title="Level", width=11.0),
    *(Column(group="Height, {unit}", title=place.capitalize(), width=17.5, figure=7.0) for place in _PLACES),
    *(Column(group="Height loss, %", title=place.capitalize(), width=17.5, figure=6.5) for place in _PLACES),
    Column(group="Wedge", title="Angle, °", width=22.5, figure=8.0),
    Column(group="Genant", title="Grade", width=10.0, align="C"),
    Column(group="Genant", title="Shape", width=17.0),
    Column(group="Reference", title="Levels", width=14.5),
)
_ANGLES = (
    Column(group="", title="Angle", width=46.0),
    Column(group="", title="Levels", width=17.0),
    Column(group="", title="Value", width=50.0, figure=12.0),
)


def write_measurements(sheet: Sheet, case: Case) -> None:
    """Write one table for every reading that has vertebrae."""
    by_level = {f.level: f for f in case.assessment.findings}
    known = {(m.reading, m.levels, m.quantity): m for m in case.measurements}
    for index, reading in enumerate(case.readings):
        if not reading.vertebrae:
            continue
        name = image_name(reading.image)
        title = f"Measurements: {name}" if len(case.readings) == 1 else f"Measurements: image {index + 1}, {name}"
        sheet.heading(title, keep=24.0)
        head = _Head(sheet, _COLUMNS, unit_sign("mm", reading.image.scale), sheet.side)
        head.write()
        measured = {m.levels[0] for m in case.measurements if m.reading == index and m.levels[0] == m.levels[1]}
        for vertebra in reading.vertebrae:
            if vertebra.level not in measured and vertebra.level not in by_level:
                continue  # the sacrum
            finding = by_level.get(vertebra.level)
            fractured = bool(finding and finding.fractured)
            _write_row(head, _level_cells(vertebra, index, known, finding), strong=fractured)
        _write_note(sheet, " ".join(table_notes(reading)), sheet.side)


def write_angles(sheet: Sheet, case: Case, x: float) -> None:
    """Write the angles of the assessment from `x` to the right margin."""
    if not case.assessment.angles:
        return
    width = sheet.side + sheet.measure - x
    sheet.heading("Angles", keep=16.0, x=x)
    last = replace(_ANGLES[-1], width=width - sum(c.width for c in _ANGLES[:-1]))
    head = _Head(sheet, (*_ANGLES[:-1], last), "", x)
    head.write()
    for angle in case.assessment.angles:
        shown, interval = value_and_interval(angle)
        remarks = [interval, *dict.fromkeys(c.text for c in angle.caveats)]
        _write_row(
            head,
            (
                Cell(text=quantity_name(angle.quantity)),
                Cell(text=level_span(angle.levels)),
                Cell(
                    text=shown if shown == DASH else f"{shown}{unit_sign(angle.unit)}",
                    small="   ".join(r for r in remarks if r),
                ),
            ),
        )
    _write_note(sheet, f"{phrase('document', 'angles_note')} {phrase('document', 'intervals_note')}", x)


def angles_height(case: Case) -> float:
    """Return the height that `write_angles` takes, mm."""
    return 26.0 + _ROW_MM * len(case.assessment.angles) if case.assessment.angles else 0.0


class _Head:
    """A table's head, written again at the top of each page that the table reaches."""

    def __init__(self, sheet: Sheet, columns: tuple[Column, ...], unit: str, x: float) -> None:
        self.sheet, self.columns, self.x = sheet, columns, x
        self.width = sum(c.width for c in columns)
        self._groups = [c.group.format(unit=unit) for c in columns]

    def write(self) -> None:
        """Write the names of the column groups, where there are any, and of the columns."""
        x, y = self.x, self.sheet.get_y()
        if any(self._groups):
            self.sheet.pen(7.5, bold=True, colour=ACCENT)
            for place, (group, column) in enumerate(zip(self._groups, self.columns, strict=True)):
                if group and (place == 0 or self._groups[place - 1] != group):
                    width = sum(c.width for g, c in zip(self._groups, self.columns, strict=True) if g == group)
                    self.sheet.word(group, x + 1.0, y, width - 1.0)
                    self.sheet.rule(y + 4.0, x + 1.0, width - 2.5)
                x += column.width
            y += 4.3
        x = self.x
        self.sheet.pen(7.5, colour=GREY)
        for column in self.columns:
            self.sheet.word(column.title, x + 1.0, y, column.width - 1.0, column.align)
            x += column.width
        self.sheet.set_y(y + 4.6)
        self.sheet.rule(self.sheet.get_y(), self.x, self.width, ACCENT)


def _level_cells(
    vertebra: Vertebra,
    index: int,
    known: Mapping[tuple[int, tuple[int, int], str], Measurement],
    finding: Finding | None,
) -> tuple[Cell, ...]:
    """Return a level's cells in the columns' order."""
    level = vertebra.level

    def get(quantity: str) -> Measurement | None:
        return known.get((index, (level, level), quantity))

    heights = [get(f"{place}_height") for place in _PLACES]
    losses = [get(f"height_loss_{place}") for place in _PLACES]
    compared = dict.fromkeys(level for loss in losses if loss is not None for level in loss.reference)
    grade = finding.grade if finding else None
    shape = finding.shape if finding else None
    return (
        Cell(text=level_name(level) + ("" if vertebra.complete else "†")),
        *(_number(m if m is not None and m.unit == "mm" else None) for m in heights),
        *(_number(m) for m in losses),
        _number(get("wedge_angle")),
        Cell(text=DASH if grade is None else str(grade)),
        Cell(text=DASH if shape is None else label("shapes", shape)),
        Cell(text=", ".join(level_name(level) for level in compared) or DASH),
    )


def _number(m: Measurement | None) -> Cell:
    if m is None:
        return Cell(text=DASH)
    value, interval = value_and_interval(m)
    return Cell(text=value, small=interval)


def _write_row(head: _Head, cells: Iterable[Cell], *, strong: bool = False) -> None:
    """Write one row with a hairline below it, tinted where the level is fractured."""
    sheet = head.sheet
    if sheet.room(_ROW_MM):
        head.write()
    x, y = head.x, sheet.get_y()
    if strong:
        sheet.set_fill_color(*TINT)
        sheet.rect(x, y, head.width, _ROW_MM, style="F")
    for column, cell in zip(head.columns, cells, strict=True):
        _write_cell(sheet, column, cell, x, y + 0.75, strong=strong)
        x += column.width
    sheet.set_y(y + _ROW_MM)
    sheet.rule(y + _ROW_MM, head.x, head.width)


def _write_cell(sheet: Sheet, column: Column, cell: Cell, x: float, y: float, *, strong: bool) -> None:
    sheet.pen(8.5, bold=strong, colour=GREY if cell.text == DASH else INK)
    if not column.figure:
        sheet.word(cell.text, x + 1.0, y, column.width - 1.0, column.align)
    else:
        sheet.word(cell.text, x, y, column.figure, "R")
        sheet.pen(6.5, colour=GREY)
        sheet.word(cell.small, x + column.figure + 0.8, y + 0.75, column.width - column.figure - 0.8)


def _write_note(sheet: Sheet, text: str, x: float) -> None:
    sheet.pen(7.5, colour=GREY)
    sheet.set_y(sheet.get_y() + 1.2)
    sheet.flow(text, x, sheet.side + sheet.measure - x)
