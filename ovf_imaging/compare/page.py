"""The agreement as one page of HTML that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import groupby

from ovf_imaging.compare.agreement import ANY_LANDMARK, LANDMARK
from ovf_imaging.compare.estimates import FEWEST
from ovf_imaging.compare.lines import compared, count
from ovf_imaging.compare.page_tables import ANSWERS, LANDMARKS, MEASUREMENTS, Block, Columns, confusion_table, table
from ovf_imaging.compare.questions import CANNOT_TELL, LEVEL_NAME, QUESTIONS
from ovf_imaging.compare.records import ALL, Agreement, Pairs, Side
from ovf_imaging.compare.resample import FEWEST_STUDIES
from ovf_imaging.report import words

MARK = '<meta name="generator" content="ovf compare">'
_STYLE = """
body{font:15px/1.45 'Segoe UI',Helvetica,Arial,sans-serif;color:#222;max-width:1160px;margin:24px auto;padding:0 20px}
h1{font-size:24px;color:#1f4e6b;margin:0} h3{font-size:14px;margin:12px 0 4px}
h2{font-size:17px;color:#1f4e6b;margin:28px 0 8px;border-bottom:1px solid #1f4e6b}
table{border-collapse:collapse;font-size:13.5px} small{color:#777;display:block;white-space:nowrap}
th,td{padding:3px 14px 3px 0;border-bottom:1px solid #ddd;text-align:left;vertical-align:top}
th{color:#555;vertical-align:bottom;font-weight:600} summary{cursor:pointer;color:#1f4e6b;margin:8px 0}
.side{display:flex;flex-wrap:wrap;gap:4px 44px} .said td,.said th{text-align:center;padding:3px 9px}
.same{background:#e4eef4} .grey{color:#777} svg{width:100%;height:auto} @media print{body{margin:0;font-size:12px}}
"""
_NOTES = (
    "Bias is the mean of A − B: above zero, A reads more than B. 95 % of differences are expected between the limits "
    "of agreement, bias ± 1.96 SD. Whether that is close enough depends on the use.",
    "Within-subject SD is the error of one reading; a change between two readings is more than that error when it "
    "exceeds the smallest detectable change (1.96 √2 within-subject SDs). Bias between the readers is part of both.",
    "ICC(2,1) counts a bias between the readers as disagreement, ICC(3,1) does not. Over all levels both gain from "
    "levels being of different size: look at them level by level. Near or below 0 the readers differ as much as the "
    "bodies do.",
    "Kappa is agreement beyond chance; the weighted kinds count one step apart as less than two. Kappa is low where "
    "nearly all answers are the same, however well the readers agree.",
    "Bodies of one patient, and images of one body, are not independent. With {studies} studies or more, intervals of "
    "bias and kappa are by bootstrap over studies; all other intervals take the pairs as independent and, over all "
    "levels, are too narrow. agreement.csv says which is which.",
    "Bodies are paired by their place on the image, not by name, so a body that the readers number differently is "
    "still compared; levels are as {namer} names them. What one reader could not tell is left out and counted.",
    "Small figures are 95 % intervals. Fewer than {fewest} pairs: cannot tell. report.pdf shows the study's mark too.",
)


def page(agreement: Agreement, figure: str) -> str:
    """Return the page with the figure in it; the same agreement gives the same text."""
    named = {question.name for question in QUESTIONS}
    blocks = [list(rows) for _, rows in groupby(agreement.statistics, lambda s: (s.quantity, s.view, s.level))]
    answers = [block for block in blocks if block[0].quantity in named]
    distances = [block for block in blocks if block[0].quantity.startswith(LANDMARK)]
    numbers = [block for block in blocks if block[0].name == "bias"]
    confusions = "".join(
        confusion_table(confusion) for confusion in agreement.confusions if confusion.answers != (CANNOT_TELL,)
    )
    parts = [
        "<h1>Agreement of two readings</h1>",
        *(f"<div>{escape(line)}</div>" for line in compared(agreement)),
        f'<p class="grey">{escape(words.phrase("document", "research_use"))}</p>',
        "<h2>Judgements</h2>",
        *_over_and_by_level(ANSWERS, answers),
        f'<p>Who said what: rows are A, columns B.</p><div class="side">{confusions}</div>',
        "<h2>Measurements, A − B</h2>",
        *_over_and_by_level(MEASUREMENTS, numbers),
        "<h2>Distance between landmarks</h2>",
        table(LANDMARKS, (block for block in distances if block[0].level == ALL)),
        *_folded("Level by level", table(LANDMARKS, _of(ANY_LANDMARK, distances))),
        "<h2>Without a partner, or named differently</h2>",
        *(list(_lone(agreement.pairs)) or ["<p>Nothing.</p>"]),
        "<h2>How to read this</h2>",
        "<ul>" + "".join(f"<li>{escape(note)}</li>" for note in _notes(agreement.reference)) + "</ul>",
        "<h2>Difference against mean (Bland–Altman)</h2>",
        figure,
    ]
    head = f'<meta charset="utf-8"><title>Agreement of two readings</title><style>{_STYLE}</style>'
    return (
        f'<!doctype html>\n<html lang="en"><head>{MARK}{head}</head><body>\n' + "\n".join(parts) + "\n</body></html>\n"
    )


def _over_and_by_level(columns: Columns, blocks: Sequence[Block]) -> Iterator[str]:
    yield table(columns, (block for block in blocks if block[0].level == ALL))
    yield from _folded("Level by level", table(columns, (block for block in blocks if block[0].level != ALL)))


def _folded(what: str, text: str) -> Iterator[str]:
    if text:
        yield f"<details><summary>{what}</summary>{text}</details>"


def _of(quantity: str, blocks: Iterable[Block]) -> Iterator[Block]:
    return (block for block in blocks if block[0].quantity == quantity and block[0].level != ALL)


def _lone(pairs: Pairs) -> Iterator[str]:
    """Yield, folded, what only one reader has and what the readers name differently."""
    lines = []
    for lone in pairs.unpaired:
        place = lone.place
        where = (place.image, words.level_span(place.levels_a or place.levels_b))
        what = ", ".join(part for part in (lone.what, *where) if part)
        lines.append(f"study {place.study}: {what}, only in {lone.only_in}")
    yield from _folded(f"Without a partner: {len(lines)}", _listed(lines))
    renamed = [n for n in pairs.answers if n.question == LEVEL_NAME.name and n.a != n.b]
    if renamed:
        lines = [f"study {n.place.study}: {n.place.image}, {n.a} in A is {n.b} in B" for n in renamed]
        yield from _folded(f"{count(len(lines), 'body')} named differently", _listed(lines))


def _listed(lines: Sequence[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in lines) + "</ul>" if lines else ""


def _notes(reference: Side | None) -> Iterator[str]:
    return (note.format(namer=reference or Side.A, studies=FEWEST_STUDIES, fewest=FEWEST) for note in _NOTES)
