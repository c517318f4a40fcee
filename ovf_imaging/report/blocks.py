"""Pieces of a page that are measured before they are written, so that the report knows where it will end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ovf_imaging.report.sheet import INK, Colour, Sheet


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """What is never broken over two pages: its height, what writes it from the present place, and what must follow."""

    height: float  # mm
    write: Callable[[], object]
    keep: float = 0.0  # mm that must be left below it on the same page


@dataclass(frozen=True, slots=True, kw_only=True)
class Type:
    """How a text is set: letter size in points, weight and colour."""

    size: float
    bold: bool = False
    colour: Colour = INK

    def take(self, sheet: Sheet) -> None:
        """Take up this type."""
        sheet.pen(self.size, bold=self.bold, colour=self.colour)

    def lines(self, sheet: Sheet, text: str, width: float) -> list[str]:
        """Return a text broken into lines in this type."""
        self.take(sheet)
        return sheet.lines(text, width)

    def tall(self, sheet: Sheet, text: str, width: float) -> float:
        """Return the height that a text takes in this type, mm."""
        self.take(sheet)
        return sheet.tall(text, width)

    def flow(self, sheet: Sheet, text: str, x: float, width: float) -> None:
        """Write a text in this type."""
        self.take(sheet)
        sheet.flow(text, x, width)


def heading(sheet: Sheet, text: str, keep: float) -> Block:
    """Return a section's heading over the whole width, with as much below it as must follow."""
    return Block(height=sheet.heading_mm, write=lambda: sheet.heading(text, keep=keep), keep=keep)


def paragraph(sheet: Sheet, text: str, kind: Type) -> list[Block]:
    """Return a text over the whole width, line by line, so that it may run over pages."""
    lines = kind.lines(sheet, text, sheet.measure)

    def writer(line: str) -> Callable[[], object]:
        return lambda: kind.flow(sheet, line, sheet.side, sheet.measure)

    return [Block(height=sheet.lead(), write=writer(line)) for line in lines]


def space(sheet: Sheet, height: float) -> Block:
    """Return an empty stretch."""
    return Block(height=height, write=lambda: sheet.set_y(sheet.get_y() + height))


def last_page(sheet: Sheet, blocks: Iterable[Block]) -> int:
    """Return the number of the page on which blocks end that are written from here."""
    page, y = sheet.page_no(), sheet.get_y()
    for block in blocks:
        if y + block.height + block.keep > sheet.page_break_trigger:
            page, y = page + 1, sheet.next_top
        y += block.height
    return page


def write_blocks(sheet: Sheet, blocks: Sequence[Block]) -> None:
    """Write blocks one below the other, each on the page that holds it whole."""
    for block in blocks:
        sheet.room(block.height + block.keep)
        block.write()
