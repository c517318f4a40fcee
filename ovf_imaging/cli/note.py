"""The advice on a case as a note to read: arm by arm, contradictions side by side, then what stays open."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from textwrap import wrap

import ovf_imaging as ovf
from ovf_imaging.cli import summary

_WIDTH = 100
_MOST_ASKED = 8  # `--missing` and case.json list all


def lines(case: ovf.Case) -> Iterator[str]:
    """Yield the recommendations with what they rest on, what others say, and what was not considered."""
    words = ovf.words
    yield words.summary(case)
    yield from folded(words.phrase("document", "decision_support"))
    yield from (line for doubt in summary.must_see(case) for line in folded(f"! {words.caveat_text(doubt)}"))
    if not case.recommendations:
        yield words.phrase("statements", "no_recommendations")
    for section in words.sections(case.recommendations):
        yield from heading(words.arm_title(section.arm))
        told = words.shared_reasons(section.members)
        if told:
            reasons = "; ".join(words.because(reason) for reason in told)
            yield from folded(words.phrase("statements", "all_because", reasons=reasons))
        for group in section.groups:
            yield from together(group, told)
        for item, arm in section.elsewhere:
            yield from folded(words.phrase("statements", "elsewhere", rule=item.rule, arm=words.arm_title(arm)), 2)
    yield from _others(case)
    yield from _open(case)


def heading(text: str) -> Iterator[str]:
    """Yield a heading with a line of air above it."""
    yield from ("", text.upper())


def folded(text: str, indent: int = 0) -> list[str]:
    """Return a text as indented lines that a terminal shows whole."""
    margin = " " * indent
    return wrap(text, _WIDTH, initial_indent=margin, subsequent_indent=margin, break_on_hyphens=False)


def together(group: ovf.words.Group, told: Collection[ovf.Reason] = ()) -> Iterator[str]:
    """Yield a statement alone, or the two sides of a balance under one heading; reasons `told` aren't repeated."""
    if len(group.sides) == 1:
        yield from _statement(group.sides[0][0], told)
        return
    for title, side in zip(("balance", "other_side"), group.sides, strict=True):
        yield ovf.words.phrase("statements", title)
        for item in side:
            yield from _statement(item, told, 2)


def _statement(item: ovf.Recommendation, told: Collection[ovf.Reason], indent: int = 0) -> Iterator[str]:
    words = ovf.words
    yield from folded(f"{words.label('kinds', item.kind)} · {item.rule}", indent)
    yield from folded(item.text, indent + 2)
    for title, what in (*words.basis(item, told=told), *words.evidence(item)):
        yield from folded(f"{title}: {what}", indent + 4)


def _others(case: ovf.Case) -> Iterator[str]:
    if not case.others:
        return
    words = ovf.words
    yield from heading(words.phrase("document", "others"))
    yield from folded(words.phrase("document", "others_note"))
    for panel in case.others:
        yield from folded(f"{panel.title} ({panel.status})")
        for said in panel.says:
            yield from folded(said, 2)
        for title, what in words.panel_basis(panel):
            yield from folded(f"{title}: {what}", 4)


def _open(case: ovf.Case) -> Iterator[str]:
    """Yield the doubts about the case, and what would decide more."""
    words = ovf.words
    doubts = [caveat for caveat in case.caveats if not caveat.must_see]
    if doubts:
        yield from heading(words.phrase("document", "not_considered"))
    for caveat in doubts:
        yield from folded(words.caveat_text(caveat))
    yield from heading(words.phrase("document", "missing"))
    if not case.missing:
        yield words.phrase("statements", "nothing_missing")
    for fact in case.missing[:_MOST_ASKED]:
        yield from folded(f"? {fact}: {words.question(fact)}")
    if (rest := len(case.missing) - _MOST_ASKED) > 0:
        yield words.phrase("statements", "more_missing", count=str(rest))
