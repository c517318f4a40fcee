"""Rows of held-back images → figures of each source, with bootstrap intervals over patients, and level by level."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ovf_imaging.compare.resample import FEWEST_STUDIES
from ovf_imaging.training.evaluate import Row
from ovf_imaging.types import level_name

_SHARES = ("found", "level_right", "refused")
_ERRORS = (
    "dice",
    "dice_whatever_level",
    "corner_percent",
    "height_error_mm",
    "height_error_percent",
    "wedge_error_deg",
    "cobb_error_deg",
)
_DRAWS, _SEED = 1000, 20260101


def rows_csv(rows: Sequence[Row]) -> str:
    """Return rows as CSV; a cell with several values is a JSON list."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(dict.fromkeys(k for row in rows for k in row)), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def summarise(rows: Iterable[Row]) -> dict[str, dict[str, Any]]:
    """Return per source: patients, bodies, found, level right, and means, medians and percentiles of the errors.

    `intervals` holds the 95 % interval of each figure by bootstrap over patients, where there are five or more of them;
    `by_level` the corner error of each level.
    """
    by_source: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_source[row["source"]].append(row)
    return {
        source: {"patients": len({r["patient"] for r in group}), "rows": len(group)}
        | figures(group)
        | {"intervals": _intervals(group), "by_level": _by_level(group)}
        for source, group in sorted(by_source.items())
    }


def figures(rows: Sequence[Row]) -> dict[str, float]:
    """Return the shares in per cent and the mean and percentiles of each error that the rows hold."""
    out: dict[str, float] = {}
    for key in _SHARES:
        values = [float(r[key]) for r in rows if r.get(key) is not None]
        if values:
            out[f"{key}_percent"] = round(100 * float(np.mean(values)), 2)
    for key in _ERRORS:
        values = _values(rows, key)
        if values:
            out[f"{key}_mean"] = round(float(np.mean(values)), 4)
            for p, value in zip((50, 75, 95), np.percentile(values, (50, 75, 95)), strict=True):
                out[f"{key}_p{p}"] = round(float(value), 4)
    scores = np.array(_values(rows, "standardised"))
    if scores.size:
        out["standardised_rms"] = round(float(np.sqrt(np.mean(np.clip(scores, -6, 6) ** 2))), 4)
        out["within_1.96_percent"] = round(100 * float(np.mean(np.abs(scores) < 1.96)), 2)
    return out


def _values(rows: Sequence[Row], key: str) -> list[float]:
    """Return all values of a column, whose cells hold none, one or several."""
    cells = (row.get(key) for row in rows)
    return [v for cell in cells if cell is not None for v in (cell if isinstance(cell, list) else [cell])]


def _intervals(rows: Sequence[Row]) -> dict[str, tuple[float, float]]:
    """Return the 2.5th and 97.5th percentile of each figure over draws of whole patients: their bodies are alike."""
    by_patient: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_patient[row["patient"]].append(row)
    patients = list(by_patient.values())
    if len(patients) < FEWEST_STUDIES:
        return {}
    drawn: dict[str, list[float]] = defaultdict(list)
    for choice in np.random.default_rng(_SEED).integers(len(patients), size=(_DRAWS, len(patients))):
        for name, value in figures([row for index in choice for row in patients[index]]).items():
            drawn[name].append(value)
    ends = {name: np.percentile(values, (2.5, 97.5)) for name, values in drawn.items()}
    return {name: (round(float(low), 4), round(float(high), 4)) for name, (low, high) in ends.items()}


def _by_level(rows: Sequence[Row]) -> dict[str, dict[str, float]]:
    """Return level → bodies and the corner error's median and 95th percentile, head to foot."""
    out = {}
    for level in sorted({r["level"] for r in rows if r.get("corner_percent")}):
        here = [r for r in rows if r.get("level") == level and r.get("corner_percent")]
        p50, p95 = np.percentile(_values(here, "corner_percent"), (50, 95))
        out[level_name(level)] = {"bodies": len(here), "p50": round(float(p50), 4), "p95": round(float(p95), 4)}
    return out
