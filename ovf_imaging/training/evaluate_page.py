"""The evaluation as one page of HTML that needs nothing else: figures by source, corner errors by level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import plotly.graph_objects as go  # type: ignore[import-untyped]

from ovf_imaging.compare.resample import FEWEST_STUDIES
from ovf_imaging.report import words
from ovf_imaging.training.evaluate import Row
from ovf_imaging.types import level_name, level_order

MARK = '<meta name="generator" content="ovf evaluate">'
_COLUMNS = {
    "found_percent": "Bodies found, %",
    "level_right_percent": "Level right, %",
    "corner_percent_p50": "Corner error, % of depth, median",
    "corner_percent_p95": "95th percentile",
    "height_error_mm_mean": "Height error, mm, mean",
    "height_error_percent_mean": "Height error, % of depth, mean",
    "wedge_error_deg_mean": "Wedge error, °, mean",
    "cobb_error_deg_mean": "Cobb error, °, mean",
    "dice_mean": "Dice a body, mean",
    "within_1.96_percent": "95 % intervals that hold, %",
    "refused_percent": "Refused, %",
}
_STYLE = """
body{font:15px/1.45 'Segoe UI',Helvetica,Arial,sans-serif;color:#222;max-width:1160px;margin:24px auto;padding:0 20px}
h1{font-size:24px;color:#1f4e6b;margin:0} h2{font-size:17px;color:#1f4e6b;border-bottom:1px solid #1f4e6b}
table{border-collapse:collapse;font-size:13.5px} small{color:#777;display:block;white-space:nowrap}
th,td{padding:3px 14px 3px 0;border-bottom:1px solid #ddd;text-align:left;vertical-align:top} th{color:#555}
"""
_NOTES = (
    "Small figures are 95 % intervals by bootstrap over patients, whose bodies are alike; with fewer than "
    f"{FEWEST_STUDIES} patients there is none. 100–100 means that no miss was seen, not that none will come.",
    "A film's body is found where its centre lies within 0.3 depths of the truth, a volume's where Dice exceeds 0.5, "
    "whatever it is called. Errors are of bodies found.",
    "Painted films are real ones with a fracture warped into them: figures of those are no figures of real fractures.",
)


def page(summary: Mapping[str, Mapping[str, Any]], rows: Sequence[Row], models: Mapping[str, str]) -> str:
    """Return the page; the same arguments give the same text."""
    parts = [
        "<h1>Networks on images held back from their training</h1>",
        *(f"<div>{escape(name)}, sha256 {escape(sha256)}</div>" for name, sha256 in sorted(models.items())),
        f"<p>{escape(words.phrase('document', 'research_use'))}</p>",
        "<h2>By source</h2>",
        _table(summary),
        "<ul>" + "".join(f"<li>{escape(note)}</li>" for note in _NOTES) + "</ul>",
        "<h2>Corner error by level</h2>",
        _plot(rows),
    ]
    head = f'{MARK}<meta charset="utf-8"><title>Evaluation</title><style>{_STYLE}</style>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body>\n' + "\n".join(parts) + "\n</body></html>\n"


def _table(summary: Mapping[str, Mapping[str, Any]]) -> str:
    shown = [name for name in _COLUMNS if any(name in told for told in summary.values())]
    heads = "".join(f"<th>{escape(head)}</th>" for head in ("", "Patients", *(_COLUMNS[name] for name in shown)))
    lines = ""
    for source, told in summary.items():
        cells = "".join(_cell(told.get(name), told["intervals"].get(name)) for name in shown)
        lines += (
            f"<tr><td>{escape(source)}<small>{told['rows']} rows</small></td><td>{told['patients']}</td>{cells}</tr>"
        )
    return f"<table><tr>{heads}</tr>{lines}</table>"


def _cell(value: float | None, interval: Sequence[float] | None) -> str:
    ends = "" if interval is None else f"<small>{interval[0]:.3g}–{interval[1]:.3g}</small>"
    return "<td></td>" if value is None else f"<td>{value:.3g}{ends}</td>"


def _plot(rows: Sequence[Row]) -> str:
    """Return a box a level and source, each corner a point that names its image."""
    levels = sorted({r["level"] for r in rows if r.get("corner_percent")}, key=level_order)
    figure = go.Figure()
    for source in sorted({r["source"] for r in rows if r.get("corner_percent")}):
        points = [(r, v) for r in rows if r["source"] == source for v in r.get("corner_percent", ())]
        figure.add_box(
            name=source,
            x=[level_name(r["level"]) for r, _ in points],
            y=[v for _, v in points],
            text=[r["image"] for r, _ in points],
            boxpoints="all",
        )
    figure.update_xaxes(categoryorder="array", categoryarray=[level_name(level) for level in levels])
    figure.update_yaxes(title="corner error, % of depth", rangemode="tozero")
    figure.update_layout(boxmode="group", template="plotly_white", height=520, margin={"t": 20})
    text: str = figure.to_html(full_html=False, include_plotlyjs=True, div_id="corner_error")
    return text
