"""The agreement as two tidy tables: statistics, and the pairs that they were made of."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from ovf_imaging.compare.agreement import LANDMARK
from ovf_imaging.compare.records import ALL, Agreement, Pairs, Place
from ovf_imaging.report import words

STATISTIC_COLUMNS = (
    *("quantity", "images", "level", "statistic", "value", "low", "high", "n", "studies", "unit", "note"),
)
PAIR_COLUMNS = (*("study", "image", "level_a", "level_b", "quantity", "a", "b", "difference", "unit", "only_in"),)
_DIGITS = 6


def agreement_csv(agreement: Agreement) -> str:
    """Return one row a statistic, then one row a cell of each confusion table; an empty value is "cannot tell"."""
    rows = [
        (
            *(s.quantity, s.view, s.level, s.name, _number(s.estimate.value)),
            *(_number(end) for end in s.estimate.interval or (None, None)),
            *(str(s.n), str(s.studies), s.unit, s.estimate.note),
        )
        for s in agreement.statistics
    ]
    return _text(STATISTIC_COLUMNS, [*rows, *_cells(agreement)])


def _cells(agreement: Agreement) -> Iterator[Sequence[str]]:
    for confusion in agreement.confusions:
        for said_a, counts in zip(confusion.answers, confusion.counts, strict=True):
            for said_b, count in zip(confusion.answers, counts, strict=True):
                name = f"A {said_a}, B {said_b}"
                yield confusion.question, "", ALL, name, str(count), "", "", str(count), "", "1", "confusion table"


def pairs_csv(pairs: Pairs) -> str:
    """Return one row for each pair of numbers, answers or landmarks, then one for what only one reader has.

    A landmark has its distance in place of the difference a − b. `study` is the mark that report.pdf prints.
    """
    rows: list[Sequence[str]] = []
    for n in pairs.numbers:
        difference = n.a - n.b if n.a is not None and n.b is not None else None
        rows.append((*_where(n.place), n.quantity, _number(n.a), _number(n.b), _number(difference), n.unit, ""))
    for answer in pairs.answers:
        rows.append((*_where(answer.place), answer.question, answer.a or "", answer.b or "", "", "", ""))
    for d in pairs.distances:
        for distance, unit in ((d.percent, "%"), *(((d.mm, "mm"),) if d.mm is not None else ())):
            rows.append((*_where(d.place), LANDMARK + d.landmark, "", "", _number(distance), unit, ""))
    rows += [(*_where(lone.place), lone.what, "", "", "", "", lone.only_in) for lone in pairs.unpaired]
    return _text(PAIR_COLUMNS, rows)


def _where(place: Place) -> tuple[str, ...]:
    return place.study, place.image, words.level_span(place.levels_a), words.level_span(place.levels_b)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.{_DIGITS}g}"


def _text(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(columns)
    table.writerows(rows)
    return out.getvalue()
