"""Tables of the page: a row a quantity, from its statistics; and confusion tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from ovf_imaging.compare import display
from ovf_imaging.compare.estimates import TOO_FEW
from ovf_imaging.compare.lines import count
from ovf_imaging.compare.records import ALL, Confusion, Statistic

Block = Sequence[Statistic]  # of one quantity at one level
Columns = Mapping[str, str]  # statistic → its head

MEASUREMENTS: Columns = {
    "bias": "Bias",
    "sd": "SD",
    "loa_lower": "Lower limit",
    "loa_upper": "Upper limit",
    "within_subject_sd": "Within-subject SD",
    "smallest_detectable_change": "Smallest detectable change",
    "icc_2_1": "ICC(2,1)",
    "icc_3_1": "ICC(3,1)",
}
ANSWERS: Columns = {
    "agreement": "Same answer, %",
    "kappa": "Kappa",
    "kappa_linear": "Linear kappa",
    "kappa_quadratic": "Quadratic kappa",
    "sensitivity": "Sensitivity, %",
    "specificity": "Specificity, %",
}
LANDMARKS: Columns = {
    "median": "Median, % of depth",
    "percentile_75": "75th percentile",
    "percentile_95": "95th percentile",
    "median_mm": "Median, mm",
    "percentile_75_mm": "75th percentile",
    "percentile_95_mm": "95th percentile",
}
_UNTOLD = ("told_only_by_a", "told_only_by_b", "told_by_neither")


def table(columns: Columns, blocks: Iterable[Block]) -> str:
    """Return a row a block and a column a statistic, those that no block has left out; "" without blocks."""
    rows = list(blocks)
    if not rows:
        return ""
    there = {statistic.name for row in rows for statistic in row}
    shown = [name for name in columns if name in there]
    heads = [
        "",
        "n",
        *(columns[name] for name in shown),
        *(["Told by A alone / B alone / neither"] if there & set(_UNTOLD) else []),
    ]
    body = "".join(f"<tr>{_title(row)}{_values(row, shown)}</tr>" for row in rows)
    return f"<table><tr>{''.join(f'<th>{head}</th>' for head in heads)}</tr>{body}</table>"


def _title(row: Block) -> str:
    """Return what a row is about: quantity and unit, level, images."""
    first = row[0]
    unit = f", {display.sign(first.unit)}" if first.name == "bias" else ""
    level = "" if first.level == ALL else f" {first.level}"
    return f"<td>{escape(display.title(first.quantity) + unit)}<b>{level}</b><small>{escape(first.view)}</small></td>"


def _values(row: Block, shown: Sequence[str]) -> str:
    first, by_name = row[0], {statistic.name: statistic for statistic in row}
    cells = [_cell(by_name.get(name)) for name in shown]
    if by_name[shown[0]].estimate.note == TOO_FEW:
        cells = [f'<td class="grey" colspan="{len(shown)}">{escape(TOO_FEW)}</td>']
    untold = " / ".join(str(by_name[name].n) for name in _UNTOLD if name in by_name)
    pairs = f"<td>{first.n}<small>{count(first.studies, 'study')}</small></td>"
    return "".join([pairs, *cells, *([f"<td>{untold}</td>"] if untold else [])])


def _cell(statistic: Statistic | None) -> str:
    if statistic is None:
        return "<td></td>"
    estimate = statistic.estimate
    if estimate.value is None:
        return f'<td class="grey">{escape(estimate.note)}</td>'
    value, interval = display.estimate(estimate, statistic.name, statistic.unit)
    return f"<td>{value}<small>{interval}</small></td>"


def confusion_table(confusion: Confusion) -> str:
    """Return how often which answers met; A's answers are rows, B's columns."""
    head = "".join(f"<th>{escape(answer)}</th>" for answer in confusion.answers)
    rows = ""
    for i, (answer, counts) in enumerate(zip(confusion.answers, confusion.counts, strict=True)):
        cells = "".join(_count(n, same=i == j) for j, n in enumerate(counts))
        rows += f"<tr><th>{escape(answer)}</th>{cells}</tr>"
    name = escape(display.title(confusion.question))
    return f'<div><h3>{name}</h3><table class="said"><tr><th></th>{head}</tr>{rows}</table></div>'


def _count(n: int, *, same: bool) -> str:
    return f'<td class="same">{n}</td>' if same else f"<td>{n}</td>"
