"""What a reader asks of the advice on a case: why a record applies, what another fact would change, what to ask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import ovf_imaging as ovf
from ovf_imaging.cli.note import folded, heading, together

Decides = Mapping[str, tuple[str, ...]]  # unknown fact → ids of the records that it alone could decide


def explained(explanation: ovf.Explanation) -> Iterator[str]:
    """Yield a record's condition as a tree with the value of each leaf, below what it says."""
    head, *tree = explanation.lines()
    yield head
    yield from folded(explanation.rule.text, 2)
    yield from tree


def explained_tree(explanation: ovf.Explanation) -> dict[str, Any]:
    """Return an explanation as plain values."""
    gate = explanation.gate
    return {
        "rule": explanation.rule.id,
        "status": str(explanation.status),
        "text": explanation.rule.text,
        "unknown": list(explanation.unknown),
        "when": explanation.when.as_tree(),
        "withheld_by": None if gate is None else gate.as_tree(),
    }


def asked(decides: Decides) -> Iterator[str]:
    """Yield each unknown fact with its question and the number of records that it alone could decide."""
    words = ovf.words
    if not decides:
        yield words.phrase("statements", "nothing_missing")
    for place, (fact, rules) in enumerate(decides.items(), start=1):
        yield from folded(f"{place}. {words.question(fact)}")
        yield from folded(f"{fact}: {words.phrase('statements', 'decides', count=str(len(rules)))}", 4)


def asked_tree(decides: Decides) -> list[dict[str, Any]]:
    """Return what is missing as plain values, most useful first."""
    return [
        {"fact": fact, "question": ovf.words.question(fact), "decides": list(rules)} for fact, rules in decides.items()
    ]


def compared(outcome: ovf.WhatIf) -> Iterator[str]:
    """Yield what was assumed, the records that appear, disappear or change status, and the caveats this brings."""
    words = ovf.words
    for item in outcome.assumed:
        now = f"{item.instead_of.words}{f' ({item.instead_of.origin})' if item.instead_of.origin else ''}"
        yield from folded(f"If {words.label('facts', item.fact)} were {words.fact(item.value)} instead of {now}:")
    for caveat in outcome.caveats:
        yield from folded(f"{'! ' if caveat.must_see else ''}{words.caveat_text(caveat)}", 2)
    if not outcome.changes:
        yield words.phrase("statements", "nothing_changes")
    yield from _appearing(outcome)
    yield from _disappearing(outcome)
    yield from _others(outcome)


def compared_tree(outcome: ovf.WhatIf) -> dict[str, Any]:
    """Return a comparison as plain values."""
    return {
        "assumed": [
            {"fact": a.fact, "value": a.value, "instead_of": a.instead_of.value, "origin": a.instead_of.origin}
            for a in outcome.assumed
        ],
        "changes": [{"rule": c.rule, "before": str(c.before), "after": str(c.after)} for c in outcome.changes],
        "scores": [
            {"id": after.id, "before": before.score if before else None, "after": after.score}
            for before, after in _scores_changed(outcome)
        ],
        "caveats": [{"code": c.code, "text": c.text, "must_see": c.must_see} for c in outcome.caveats],
    }


def _appearing(outcome: ovf.WhatIf) -> Iterator[str]:
    """Yield what applies only then, each record with those it is weighed against."""
    new = {c.rule for c in outcome.changes if c.appears}
    if new:
        yield from heading(ovf.words.phrase("document", "appears"))
    for section in ovf.words.sections(outcome.after.recommendations):
        for group in section.groups:
            if any(item.rule in new for item in group.members):
                yield from together(group)


def _disappearing(outcome: ovf.WhatIf) -> Iterator[str]:
    """Yield what applies only now, and what changes its status without applying either way."""
    said = {r.rule: r for r in outcome.before.recommendations}
    gone = [c for c in outcome.changes if c.disappears]
    if gone:
        yield from heading(ovf.words.phrase("document", "disappears"))
    for change in gone:
        yield from folded(f"{ovf.words.label('kinds', said[change.rule].kind)} · {change.rule}: {change.after}")
        yield from folded(said[change.rule].text, 2)
    turned: dict[str, list[str]] = {}
    for change in outcome.changes:
        if not (change.appears or change.disappears):
            turned.setdefault(f"{change.before} → {change.after}", []).append(change.rule)
    if turned:
        yield from heading(ovf.words.phrase("document", "turns"))
    for turn, rules in turned.items():
        yield from folded(f"{turn}: {', '.join(rules)}")


def _others(outcome: ovf.WhatIf) -> Iterator[str]:
    changed = list(_scores_changed(outcome))
    if changed:
        yield from heading(ovf.words.phrase("document", "others"))
    for before, after in changed:
        yield from folded(f"{after.title} (now {before.says[0] if before else ovf.words.DASH}): {after.says[0]}")


def _scores_changed(outcome: ovf.WhatIf) -> Iterator[tuple[ovf.Panel | None, ovf.Panel]]:
    """Yield the scores that differ, as they are now and as they would be."""
    now = {panel.id: panel for panel in outcome.before.others}
    for panel in outcome.after.others:
        before = now.get(panel.id)
        if panel.score is not None and (before is None or panel.score != before.score):
            yield before, panel
