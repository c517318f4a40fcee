"""What holds for a whole column: the fracture that the study is about, and the spinal deformity index."""

from __future__ import annotations

from collections.abc import Sequence

from ovf_imaging.assess.body import Opinion
from ovf_imaging.types import Caveat, Finding, Level, level_name

_FIRST, _LAST = Level.T4, Level.L4  # of the spinal deformity index


def index_level(findings: Sequence[Finding]) -> Opinion[int]:
    """Return the fracture that the study is about, and why: acute before old, then new, cleft, unstable, most loss.

    None without a fracture. What isn't known stands between yes and no.
    """
    fractured = [f for f in findings if f.fractured]
    if not fractured:
        return Opinion(value=None)
    first = max(fractured, key=_weight)  # the one nearest the head among equals
    if len(fractured) == 1:
        return Opinion(value=first.level)
    text = f"{level_name(first.level)} is taken as the index fracture: {_reason(first, fractured)}"
    return Opinion(value=first.level, caveats=(Caveat(code="index-level", text=text, levels=(first.level,)),))


def deformity_index(findings: Sequence[Finding]) -> Opinion[int]:
    """Return the spinal deformity index, the sum of the grades T4–L4; None where one isn't known.

    A body that may only look fractured has no grade here. Source: Genant 1993; Minne 1988 for the sum.
    """
    grades = {f.level: f.grade for f in findings if f.grade is not None and f.mimic is None}
    levels = range(_FIRST, _LAST + 1)
    total = sum(grades.get(k, 0) for k in levels)
    absent = [k for k in levels if k not in grades]
    if not absent:
        return Opinion(value=total)
    if not grades:
        return Opinion(value=None)
    where = f"no grade at {_runs(absent)}"
    text = f"The spinal deformity index (T4–L4) can't be told, only that it is at least {total}: {where}"
    return Opinion(value=None, caveats=(Caveat(code="deformity-index-incomplete", text=text),))


def _weight(finding: Finding) -> tuple[float, ...]:
    return (
        {"acute": 1.0, None: 0.5, "not acute": 0.0}[finding.acuity],
        finding.change in ("new", "worse"),
        _half(finding.cleft),
        {"unstable": 1.0, None: 0.5, "stable": 0.0}[finding.stability],
        finding.height_loss or 0.0,
    )


def _half(known: bool | None) -> float:
    return 0.5 if known is None else float(known)


def _reason(first: Finding, fractured: Sequence[Finding]) -> str:
    """Return the first of the reasons that sets it apart from the others."""
    others = [_weight(f) for f in fractured if f is not first]
    words = (
        "acute" if first.acuity == "acute" else "not known to be old",
        str(first.change),
        "has a cleft" if first.cleft else "not known to be without a cleft",
        "unstable" if first.stability == "unstable" else "not known to be stable",
    )
    for place, word in enumerate(words):
        if all(_weight(first)[place] > other[place] for other in others):
            return word
        others = [other for other in others if other[place] == _weight(first)[place]]
    return "it has lost most height among those alike"


def _runs(levels: Sequence[int]) -> str:
    """Return "T4–T10, L2"."""
    runs: list[list[int]] = []
    for level in levels:
        if runs and level == runs[-1][-1] + 1:
            runs[-1].append(level)
        else:
            runs.append([level])
    return ", ".join("–".join(level_name(k) for k in dict.fromkeys((run[0], run[-1]))) for run in runs)
