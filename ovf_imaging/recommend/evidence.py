"""Settle each fact once: what people state, what the images say, and what follows from other facts.

A statement comes first, then what follows from statements, then the images, then what follows from them. Where a
statement overrides an image, a caveat says so; where statements contradict each other, ContextError does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ovf_imaging.errors import ContextError
from ovf_imaging.knowledge.conditions import fact_in_words
from ovf_imaging.knowledge.facts import Calculation, FactSpec
from ovf_imaging.knowledge.rules import RuleBook
from ovf_imaging.recommend.facts import facts_seen
from ovf_imaging.recommend.trace import UNKNOWN, Evidence, Known, Trace, reasons, rests_on_words, trace
from ovf_imaging.types import Assessment, Caveat, Context, Fact, Level, Measurement


def gather(book: RuleBook, assessment: Assessment, measurements: Sequence[Measurement], context: Context) -> Evidence:
    """Return everything known of a case; ContextError when the context contradicts itself."""
    seen = facts_seen(book.facts, assessment, measurements)
    facts: dict[str, Known] = {}
    followed: dict[str, Trace] = {}
    caveats: list[Caveat] = []
    so_far = Evidence(facts=facts, followed=followed)
    for name in book.order:
        spec = book.facts[name]
        if spec.when is not None:
            followed[name] = trace(spec.when, so_far)
            continue
        if spec.calculate is not None:
            facts[name] = _calculated(spec, facts)
            continue
        facts[name], doubts = _settle(spec, context.values, seen.get(name, UNKNOWN), so_far)
        caveats += doubts
    return Evidence(facts=facts, followed=followed, caveats=tuple(caveats))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Inferred:
    known: Known
    presumed: bool
    because: Trace


def _settle(
    spec: FactSpec, stated: Mapping[str, Fact], seen: Known, so_far: Evidence
) -> tuple[Known, tuple[Caveat, ...]]:
    inferred = _inferred(spec, so_far) if spec.infer else None
    if spec.name in stated:
        known = Known(value=stated[spec.name], origin=f"context: {spec.name}", stated=True)
        doubts = _overrides(spec, seen, known)
        if inferred is not None and inferred.known.value != known.value:
            doubts = doubts or _disagreement(spec, known, inferred)
        return known, doubts
    if inferred is not None and inferred.known.stated and not inferred.presumed:
        return inferred.known, _overrides(spec, seen, inferred.known)
    if seen.value is not None or inferred is None:
        return seen, ()
    return inferred.known, ()


def _inferred(spec: FactSpec, so_far: Evidence) -> _Inferred | None:
    for inference in spec.infer:
        tree = trace(inference.when, so_far)
        if tree.value:
            grounds = {r.fact: r.value for r in reasons(tree)}
            known = Known(value=inference.value, origin=_derived(grounds), stated=rests_on_words(tree))
            return _Inferred(known=known, presumed=inference.presumed, because=tree)
    return None


def _calculated(spec: FactSpec, facts: Mapping[str, Known]) -> Known:
    parts = {name: facts[name] for name in spec.of}
    value: Fact
    match spec.calculate, [part.value for part in parts.values()]:
        case Calculation.RATIO, [float() as share, float() as whole]:
            value = round(share / whole, 9)  # 4.9 / 7.0 is 0.7, not a hair more
        case Calculation.WITHIN, [str() as level, str() as upper, str() as lower]:
            first, last = sorted(Level[end].order for end in (upper, lower))
            value = first <= Level[level].order <= last
        case _:
            return Known(value=None, waits_for=tuple(name for name, part in parts.items() if part.value is None))
    grounds = {name: part.value for name, part in parts.items()}
    return Known(value=value, origin=_derived(grounds), stated=all(part.stated for part in parts.values()))


def _derived(grounds: Mapping[str, Fact | None]) -> str:
    return f"derived: from {', '.join(f'{name} {fact_in_words(value)}' for name, value in grounds.items())}"


def _overrides(spec: FactSpec, seen: Known, used: Known) -> tuple[Caveat, ...]:
    if seen.value is None or seen.value == used.value:
        return ()
    text = (
        f"{spec.words.capitalize()}: the images say {seen.words}, the context says {used.words}; the context was used."
    )
    return (Caveat(code="context-overrides-image", text=text, must_see=True),)


def _disagreement(spec: FactSpec, stated: Known, inferred: _Inferred) -> tuple[Caveat, ...]:
    grounds = ", ".join(f"{r.fact} = {fact_in_words(r.value)}" for r in reasons(inferred.because))
    if inferred.known.stated and not inferred.presumed:
        raise ContextError(
            f"context: {spec.name} = {stated.words} contradicts {grounds}, from which {inferred.known.words} follows; "
            "correct one of them"
        )
    text = (
        f"{spec.words.capitalize()}: {inferred.known.words} would follow from {grounds}, "
        f"the context says {stated.words}; the context was used."
    )
    code = "context-overrides-inference" if inferred.known.stated else "context-overrides-image"
    return (Caveat(code=code, text=text, must_see=not inferred.presumed),)
