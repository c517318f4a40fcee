"""A4 paper to write on: fonts, colours, and the few moves that the report is set with."""

from __future__ import annotations

import unicodedata
from collections.abc import Container
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.fonts import TTFFont

FONTS = Path(__file__).parent / "fonts"
BOX = "□"  # printed for a character that no font of ours holds
Colour = tuple[int, int, int]
INK: Colour = (27, 31, 36)
GREY: Colour = (95, 104, 115)
ACCENT: Colour = (18, 72, 107)
AMBER: Colour = (138, 82, 0)
RULE: Colour = (205, 211, 218)
TINT: Colour = (238, 243, 247)
_FAMILY, _FALLBACK = "SourceSansPro", "DejaVuSans"
_MM_PER_POINT = 25.4 / 72
_GAP_MM = 3.4  # above a heading
_UNDATED = datetime(2000, 1, 1, tzinfo=UTC)


class Sheet(FPDF):
    """Pages with a running head and foot; equal calls give equal bytes."""

    side = 15.0  # margins left and right, mm
    next_top = 18.5  # where a page other than the first begins, mm
    heading_mm = 12.0  # what a heading takes at most, with the space around it

    def __init__(self, *, title: str, running: str, foot: str, producer: str, made: datetime | None) -> None:
        """Open the first page."""
        super().__init__(format="A4")
        self._running, self._foot, self._top = running, foot, 0.0
        self._spans: dict[tuple[str, float, str], float] = {}
        self.add_font(_FAMILY, "", FONTS / "SourceSansPro-Regular.ttf")
        self.add_font(_FAMILY, "B", FONTS / "SourceSansPro-Semibold.ttf")
        self.add_font(_FALLBACK, "", FONTS / "DejaVuSans.ttf")
        self.set_fallback_fonts([_FALLBACK], exact_match=False)
        self._letters = frozenset(c for font in self.fonts.values() if isinstance(font, TTFFont) for c in font.cmap)
        self.set_margins(self.side, 13.0, self.side)
        self.set_auto_page_break(True, 16.5)
        self.c_margin = 0.0
        self.set_title(title)
        self.set_lang("en")
        self.set_producer(producer)
        made = made or _UNDATED
        self.set_creation_date(made if made.tzinfo else made.replace(tzinfo=UTC))
        self.add_page()

    @property
    def measure(self) -> float:
        """Width between the margins, mm."""
        return self.w - 2 * self.side

    def finished(self) -> bytes:
        """Return the document; nothing can be written on it any more."""
        data = bytes(self.output())
        for font in self.fonts.values():
            if isinstance(font, TTFFont):
                font.close()
        return data

    def header(self) -> None:
        """Write the running head, on every page but the first."""
        if self.page_no() == 1:
            return
        self.pen(8.0, colour=GREY)
        self.set_y(10.0)
        self.cell(self.measure, 4.0, printable(self._running, self._letters))
        self.rule(15.0)
        self.set_y(self.next_top)
        self._top = self.get_y()

    def footer(self) -> None:
        """Write the foot with the number of the page."""
        self.rule(self.h - 13.5)
        self.set_xy(self.side, self.h - 12.0)
        self.pen(7.5, bold=True, colour=GREY)
        self.cell(self.measure, 4.0, printable(self._foot, self._letters))
        self.pen(7.5, colour=GREY)
        number = self.get_string_width("99")  # room for the count of pages, known at the end only
        self.set_xy(self.side, self.h - 12.0)
        self.cell(self.measure - number, 4.0, f"Page {self.page_no()} of ", align="R")
        self.set_x(self.side + self.measure - number + 0.4)
        self.cell(number, 4.0, "{nb}")

    def pen(self, size: float, *, bold: bool = False, colour: Colour = INK) -> None:
        """Take up a letter size in points and a colour."""
        self.set_font(_FAMILY, "B" if bold else "", size)
        self.set_text_color(*colour)

    def rule(self, y: float, x: float | None = None, width: float | None = None, colour: Colour = RULE) -> None:
        """Draw a hairline."""
        x = self.side if x is None else x
        self.set_draw_color(*colour)
        self.set_line_width(0.2)
        self.line(x, y, x + (self.measure if width is None else width), y)

    def lead(self) -> float:
        """Return the height of a line of the present letter size, mm."""
        return float(self.font_size_pt) * _MM_PER_POINT * 1.3

    def lines(self, text: str, width: float) -> list[str]:
        """Return a text broken into lines of a width in the present letter size; none for an empty text."""
        lines: list[str] = []
        room = 0.0
        for word in printable(text, self._letters).split(" ") if text else ():
            for number, piece in enumerate(self._pieces(word, width)):
                wide = self._span(piece)
                if lines and number == 0 and self._span(" ") + wide <= room:
                    lines[-1] += " " + piece
                    room -= self._span(" ") + wide
                else:
                    lines.append(piece)
                    room = width - wide
        return lines

    def _pieces(self, word: str, width: float) -> list[str]:
        """Return a word cut where it would be wider than a line."""
        pieces = [""]
        if self._span(word) <= width:
            return [word]
        for letter in word:
            if pieces[-1] and self._span(pieces[-1] + letter) > width:
                pieces.append("")
            pieces[-1] += letter
        return pieces

    def _span(self, word: str) -> float:
        """Return how wide a word is in the present letter size, mm."""
        key = (self.font_style, self.font_size_pt, word)
        if key not in self._spans:
            self._spans[key] = float(self.get_string_width(word))
        return self._spans[key]

    def tall(self, text: str, width: float) -> float:
        """Return the height that a text will take in the present letter size, mm."""
        return len(self.lines(text, width)) * self.lead()

    def flow(self, text: str, x: float, width: float) -> None:
        """Write a text in lines of a width and go below it."""
        for line in self.lines(text, width):
            self.set_x(x)
            self.cell(width, self.lead(), line, new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def word(self, text: str, x: float, y: float, width: float, align: Literal["L", "C", "R"] = "L") -> None:
        """Write one line at a place, cut with an ellipsis where it is too long."""
        text = printable(text, self._letters)
        while self.get_string_width(text) > width and len(text) > 1:
            text = text.rstrip("…")[:-1] + "…"
        self.set_xy(x, y)
        self.cell(width, self.lead(), text, align=align)

    def room(self, height: float) -> bool:
        """Start a new page unless this much height is left; return whether it did."""
        if self.get_y() + height <= self.page_break_trigger:
            return False
        self.add_page()
        return True

    def heading(self, text: str, keep: float = 18.0, x: float | None = None) -> None:
        """Write a section's heading, on the page where what follows it begins."""
        x = self.side if x is None else x
        width = self.side + self.measure - x
        if not self.room(keep + self.heading_mm) and self.get_y() > self._top:
            self.set_y(self.get_y() + _GAP_MM)
        self.pen(11.5, bold=True, colour=ACCENT)
        self.flow(text, x, width)
        self.rule(self.get_y() + 0.6, x, width, ACCENT)
        self.set_y(self.get_y() + 2.4)


def printable(text: str, letters: Container[int]) -> str:
    """Return a text in one line whose every character is among the letters; others become a box."""
    kept = []
    for char in unicodedata.normalize("NFC", text):
        category = unicodedata.category(char)
        if category in ("Cc", "Zl", "Zp"):
            kept.append(" ")
        elif category != "Cf":
            kept.append(char if ord(char) in letters else BOX)
    return "".join(kept).strip()
