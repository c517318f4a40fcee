"""The tables of the report: measurements level by level, and angles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from ovf_imaging.report.blocks import Type
from ovf_imaging.report.sheet import ACCENT, GREY, INK, TINT, Sheet
from ovf_imaging.report.words import (
    DASH,
    angle_name,
    label,
    level_name,
    level_span,
    phrase,
    quantity_name,
    reading_name,
    table_notes,
    unit_sign,
    value_and_interval,
)
from ovf_imaging.types import Case, Finding, Measurement, Vertebra

_ROW_MM = 4.6
_MOST_ROWS = 16  # in all tables; beyond, only the image of the largest finding has one
_INTERVAL_PT = (7.5, 7.0, 6.5, 6.0, 5.5, 5.0)  # smaller only where an interval would be cut
_NOTE = Type(size=7.5, colour=GREY)
_ANGLE_HEAD_MM = 17.5  # heading and table head
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
    Column(group="", title="Level", width=9.0),
    *(Column(group="Height, {unit}", title=place.capitalize(), width=18.6, figure=6.6) for place in _PLACES),
    *(Column(group="Height loss, %", title=place.capitalize(), width=17.6, figure=5.8) for place in _PLACES),
    Column(group="Wedge", title="Angle, °", width=25.4, figure=7.4),
    Column(group="Genant", title="Grade", width=8.5, align="C"),
    Column(group="Genant", title="Shape", width=15.5),
    Column(group="Reference", title="Levels", width=13.0),
)
_ANGLES = (
    Column(group="", title="Angle", width=40.0),
    Column(group="", title="Levels", width=14.0),
    Column(group="", title="Value", width=33.0, figure=11.0),
)
_HALVES_MM = 6.0  # between two halves of the angles side by side


def write_measurements(sheet: Sheet, case: Case, main: int | None) -> None:
    """Write one table for every reading that has vertebrae, or that of the main one where they would be too many."""
    by_level = {f.level: f for f in case.assessment.findings}
    known = {(m.reading, m.levels, m.quantity): m for m in case.measurements if m.against is None}
    listed = {index: _listed(case, index, by_level) for index in range(len(case.readings))}
    crowded = sum(len(rows) for rows in listed.values()) > _MOST_ROWS
    shown = [index for index, rows in listed.items() if case.readings[index].vertebrae]
    for index in [main] if crowded and main is not None else shown:
        reading = case.readings[index]
        sheet.heading(f"Measurements: {_image_title(case, index)}", keep=20.0)
        head = _Head(sheet, _COLUMNS, unit_sign("mm", reading.image.scale), sheet.side)
        head.write()
        for vertebra in listed[index]:
            finding = None if reading.prior else by_level.get(vertebra.level)
            fractured = bool(finding and finding.fractured)
            _write_row(head, _level_cells(vertebra, index, known, finding), strong=fractured)
        notes = table_notes(reading)
        if crowded and index == main:
            others = "; ".join(_image_title(case, other) for other in shown if other != main)
            notes += [phrase("statements", "other_images", images=others)] if others else []
        _write_note(sheet, " ".join(notes), sheet.side)


def _image_title(case: Case, index: int) -> str:
    name = reading_name(case.readings[index])
    return name if len(case.readings) == 1 else f"image {index + 1}, {name}"


def _listed(case: Case, index: int, by_level: Mapping[int, Finding]) -> list[Vertebra]:
    """Return the vertebrae of a reading that something is known of: all but the sacrum."""
    measured = {m.levels[0] for m in case.measurements if m.reading == index and m.levels[0] == m.levels[1]}
    return [v for v in case.readings[index].vertebrae if v.level in measured or v.level in by_level]


def write_angles(sheet: Sheet, case: Case, x: float) -> None:
    """Write the angles between levels from `x` to the right margin, in two halves where that is the whole width."""
    told, note = _angles(case)
    if not told and not note:
        return
    sheet.heading("Angles", keep=16.0, x=x)
    halves = [told]
    if x == sheet.side and len(told) > 1:
        half = (len(told) + 1) // 2
        halves = [told[:half], told[half:]]
        sheet.room(_ROW_MM * (half + 1))
    top, below = sheet.get_y(), sheet.get_y()
    width = sum(column.width for column in _ANGLES)
    for place, angles in enumerate(half for half in halves if half):
        sheet.set_y(top)
        head = _Head(sheet, _ANGLES, "", x + place * (width + _HALVES_MM))
        head.write()
        for angle in angles:
            _write_row(head, _angle_cells(angle))
        below = max(below, sheet.get_y())
    sheet.set_y(below)
    _write_note(sheet, note, x)


def _angles(case: Case) -> tuple[list[Measurement], str]:
    """Return the angles that could be told, those of one body left to its row, and the note below them."""
    between = [a for a in case.assessment.angles if a.levels[0] != a.levels[1]]
    told = [a for a in between if value_and_interval(a)[0] != DASH]
    notes = [phrase("document", "angles_note"), phrase("document", "intervals_note")] if told else []
    untold = [_untold(a) for a in between if a not in told]
    notes += [phrase("statements", "untold_angles", angles="; ".join(untold))] if untold else []
    remarks = dict.fromkeys(c.text.rstrip(".") + "." for a in told for c in a.caveats)
    return told, " ".join([*notes, *remarks])


def _untold(angle: Measurement) -> str:
    why = ", ".join(dict.fromkeys(c.text.rstrip(".") for c in angle.caveats))
    return angle_name(angle) + (f" ({why})" if why else "")


def _angle_cells(angle: Measurement) -> tuple[Cell, ...]:
    shown, interval = value_and_interval(angle)
    return (
        Cell(text=quantity_name(angle.quantity)),
        Cell(text=level_span(angle.levels)),
        Cell(text=f"{shown}{unit_sign(angle.unit)}", small=interval),
    )


def angles_height(sheet: Sheet, case: Case, x: float) -> float:
    """Return the height that `write_angles` takes from `x` to the right margin, mm."""
    told, note = _angles(case)
    if not told and not note:
        return 0.0
    return _ANGLE_HEAD_MM + _ROW_MM * len(told) + 1.0 + _NOTE.tall(sheet, note, sheet.side + sheet.measure - x)


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
        _write_cell(sheet, column, cell, x, y + 0.4, strong=strong)
        x += column.width
    sheet.set_y(y + _ROW_MM)
    sheet.rule(y + _ROW_MM, head.x, head.width)


def _write_cell(sheet: Sheet, column: Column, cell: Cell, x: float, y: float, *, strong: bool) -> None:
    sheet.pen(8.5, bold=strong, colour=GREY if cell.text == DASH else INK)
    if not column.figure:
        sheet.word(cell.text, x + 1.0, y, column.width - 1.0, column.align)
    else:
        sheet.word(cell.text, x, y, column.figure, "R")
        room = column.width - column.figure - 0.7
        size = next((size for size in _INTERVAL_PT if _wide(sheet, cell.small, size) <= room), _INTERVAL_PT[-1])
        sheet.pen(size, colour=GREY)
        sheet.word(cell.small, x + column.figure + 0.7, y + 0.45, room)


def _wide(sheet: Sheet, text: str, size: float) -> float:
    sheet.pen(size)
    return float(sheet.get_string_width(text))


def _write_note(sheet: Sheet, text: str, x: float) -> None:
    sheet.set_y(sheet.get_y() + 1.0)
    _NOTE.flow(sheet, text, x, sheet.side + sheet.measure - x)
