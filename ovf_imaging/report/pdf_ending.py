"""The end of the report, kept to the second page.

What else was measured of fractures, caveats, recommendations, what is missing, and what made the case.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import accumulate

from ovf_imaging.knowledge.loader import joint_hash
from ovf_imaging.report.blocks import Block, Type, heading, last_page, paragraph, space, write_blocks
from ovf_imaging.report.pdf_advice import Basis, Plan, advice, statements
from ovf_imaging.report.sheet import GREY, Sheet
from ovf_imaging.report.words import caveat_text, further, is_told, phrase, question
from ovf_imaging.types import Case

MOST_PAGES = 2
_INDENT_MM = 5.0
_FEWEST_ASKED = 3
_HASH_DIGITS = 16  # enough to tell files apart; case.json holds them whole
_TEXT, _SMALL = Type(size=9.0), Type(size=7.6)


def write_ending(sheet: Sheet, case: Case, *, asked: bool) -> None:
    """Write as much of the report's end as the last page holds; `asked` = what is missing has been written before."""
    plans = list(_plans(case))
    page = max(MOST_PAGES, sheet.page_no())
    for plan in plans:
        blocks = _ending(sheet, case, plan, asked=asked)
        if last_page(sheet, blocks) <= page:
            break
    write_blocks(sheet, blocks)


def _plans(case: Case) -> Iterator[Plan]:
    """Yield plans from the one that prints everything to the one that prints least."""
    yield Plan()
    short = Plan(basis=Basis.SHORT)
    yield short
    tight = replace(short, background=False)
    yield tight
    tight = replace(tight, panels=1)
    yield tight
    tight = replace(tight, questions=5, caveat_lines=8)
    yield tight
    tight = replace(tight, further_lines=2)
    yield tight
    least = replace(tight, basis=Basis.NUMBERS)
    yield least
    least = replace(least, questions=3, caveat_lines=4)
    yield least
    for count in range(len(statements(case)) - 1, 2, -1):
        yield replace(least, statements=count)
    yield replace(least, statements=3, caveat_lines=3, further_lines=1)


def _ending(sheet: Sheet, case: Case, plan: Plan, *, asked: bool) -> list[Block]:
    blocks = [*_further(sheet, case, plan), *_caveats(sheet, case, plan), *advice(sheet, case, plan)]
    blocks += [] if asked else _missing(sheet, case, plan.questions)
    return [*blocks, *_provenance(sheet, case)]


def _further(sheet: Sheet, case: Case, plan: Plan) -> list[Block]:
    """Return what was measured of the levels told beyond the table; what has no room is in measurements.csv."""
    blocks = [space(sheet, 1.6)]
    for finding in case.assessment.findings:
        lines = paragraph(sheet, further(finding) if is_told(finding) else "", _SMALL)
        if plan.further_lines is not None and len(lines) > plan.further_lines:
            lines = [*lines[: plan.further_lines], *paragraph(sheet, phrase("statements", "more_further"), _SMALL)]
        blocks += lines
    return blocks if len(blocks) > 1 else []


def _caveats(sheet: Sheet, case: Case, plan: Plan) -> list[Block]:
    """Return the caveats of the case; those that must be seen stand beside the picture."""
    texts = [caveat_text(c).rstrip(".") + "." for c in case.all_caveats() if not c.must_see]
    if not texts:
        return []
    count = len(texts)
    lines = paragraph(sheet, " ".join(texts), _SMALL)
    while plan.caveat_lines is not None and len(lines) > plan.caveat_lines and count > 0:
        count -= 1
        more = phrase("statements", "more_caveats", count=str(len(texts) - count))
        lines = paragraph(sheet, " ".join([*texts[:count], more]), _SMALL)
    keep = sum(block.height for block in lines[:4])
    return [heading(sheet, "What could not be told, and caveats", keep=keep), *lines]


def _missing(sheet: Sheet, case: Case, most: int) -> list[Block]:
    """Return what would decide more, most useful first, two questions side by side."""
    kind, width = _TEXT, (sheet.measure - _INDENT_MM) / 2
    lines = [question(name) for name in case.missing[:most]]
    blocks = [heading(sheet, "What would decide more", keep=10.0)]
    if not case.missing:
        return blocks + paragraph(sheet, phrase("statements", "nothing_missing"), kind)
    for first in range(0, len(lines), 2):
        blocks.append(_pair(sheet, lines[first : first + 2], first + 1, width))
    return [*blocks, Block(height=4.0, write=lambda: _write_rest(sheet, case, most, sheet.side))]


def _pair(sheet: Sheet, lines: list[str], number: int, width: float) -> Block:
    """Return one or two questions side by side."""
    height = max(_TEXT.tall(sheet, line, width - _INDENT_MM) for line in lines)

    def write() -> None:
        top = sheet.get_y()
        for place, line in enumerate(lines):
            sheet.set_y(top)
            _write_question(sheet, line, number + place, sheet.side + place * (width + _INDENT_MM), width)
        sheet.set_y(top + height)

    return Block(height=height, write=write)


def _write_question(sheet: Sheet, line: str, number: int, x: float, width: float) -> None:
    top = sheet.get_y()
    _TEXT.take(sheet)
    sheet.word(f"{number}.", x, top, _INDENT_MM - 1.0)
    sheet.set_y(top)
    sheet.flow(line, x + _INDENT_MM, width - _INDENT_MM)


def _write_rest(sheet: Sheet, case: Case, most: int, x: float) -> None:
    if (rest := len(case.missing) - most) > 0:
        text = phrase("statements", "more_missing", count=str(rest))
        Type(size=8.0, colour=GREY).flow(sheet, text, x + _INDENT_MM, sheet.side + sheet.measure - x - _INDENT_MM)


def write_missing_beside(sheet: Sheet, case: Case, x: float, bottom: float) -> bool:
    """Write what would decide more from `x` to the right margin where enough of it fits above `bottom`.

    Returns whether it did.
    """
    width = sheet.side + sheet.measure - x
    room = bottom - sheet.get_y() - 15.0
    lines = [question(name) for name in case.missing[: Plan().questions]] or [phrase("statements", "nothing_missing")]
    _TEXT.take(sheet)
    heights = accumulate(sheet.tall(line, width - _INDENT_MM) for line in lines)
    count = sum(height <= room for height in heights)
    if count < min(_FEWEST_ASKED, len(lines)):
        return False
    sheet.heading("What would decide more", keep=10.0, x=x)
    if not case.missing:
        _TEXT.flow(sheet, lines[0], x, width)
    for number, line in enumerate(lines[:count] if case.missing else (), start=1):
        _write_question(sheet, line, number, x, width)
    _write_rest(sheet, case, count, x)
    return True


def _provenance(sheet: Sheet, case: Case) -> list[Block]:
    """Return versions and the beginnings of hashes, small."""
    made = case.provenance
    lines = [f"ovf-imaging {made.version}, computed on {made.device}"]
    lines += [f"Weights {name}: sha256 {_start(value)}" for name, value in sorted(made.models.items())]
    lines += [f"Rule set {made.rules.version}: sha256 {_start(made.rules.sha256)}"] if made.rules else []
    if made.knowledge:
        lines += [f"All {len(made.knowledge)} knowledge files: sha256 {_start(joint_hash(made.knowledge))}"]
    text = paragraph(sheet, " · ".join(lines), Type(size=7.5, colour=GREY))
    rule = Block(height=0.0, write=lambda: sheet.rule(sheet.get_y()), keep=1.2 + sum(block.height for block in text))
    return [space(sheet, 1.6), rule, space(sheet, 1.2), *text]


def _start(digest: str) -> str:
    return digest[:_HASH_DIGITS] + "…" if len(digest) > _HASH_DIGITS else digest
