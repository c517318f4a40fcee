"""Three-valued evaluation of a condition: true, false, or None for "can't be decided"; missing never counts as false.

Evaluation returns the whole tree, so that what a rule rests on, and what would decide it, are read off the same
values that decided it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ovf_imaging.knowledge.conditions import All, AnyOf, Condition, Leaf, Not, fact_in_words, in_words
from ovf_imaging.types import Caveat, Fact, Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of one fact, and where it comes from."""

    value: Fact | None  # None = unknown
    origin: str = ""
    stated: bool = False  # it rests on what a person said
    waits_for: tuple[str, ...] = ()  # the unknown facts that it would be calculated from

    @property
    def words(self) -> str:
        """The value in words."""
        return fact_in_words(self.value)


UNKNOWN = Known(value=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drivers:
    """The unknown facts of an undecided condition: all of them, and those that alone could decide it either way.

    Exact while no fact stands twice in the condition; one that does may be named though its values work against
    each other.
    """

    unknown: frozenset[str] = frozenset()
    makes_true: frozenset[str] = frozenset()
    makes_false: frozenset[str] = frozenset()


_NONE = Drivers()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """A condition with the truth of each of its parts."""

    condition: Condition
    value: bool | None
    known: Known | None = None  # of a leaf that tests a fact somebody can answer
    parts: tuple[Trace, ...] = ()  # of a leaf that follows from other facts: their trace
    drivers: Drivers = _NONE

    def as_tree(self) -> dict[str, Any]:
        """Return the tree as plain values: what is tested, whether it holds, and what is known of a leaf's fact."""
        leaf = {} if self.known is None else {"known": self.known.value, "origin": self.known.origin}
        parts = {"parts": [part.as_tree() for part in self.parts]} if self.parts else {}
        return {"test": in_words(self.condition), "holds": self.value, **leaf, **parts}


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything known in one case: facts, the traces of those that follow from others, and the doubts met."""

    facts: Mapping[str, Known] = field(default_factory=dict)
    followed: Mapping[str, Trace] = field(default_factory=dict)
    caveats: tuple[Caveat, ...] = ()


def trace(condition: Condition, evidence: Evidence) -> Trace:
    """Return the condition's tree with the truth of every part under strong Kleene logic."""
    match condition:
        case Leaf(fact=fact):
            if fact in evidence.followed:
                inner = evidence.followed[fact]
                value = None if inner.value is None else condition.holds(inner.value)
                return _turned(condition, inner, value, straight=condition.holds(True))
            known = evidence.facts.get(fact, UNKNOWN)
            if known.value is not None:
                return Trace(condition=condition, value=condition.holds(known.value), known=known)
            unknown = frozenset(known.waits_for or (fact,))
            alone = unknown if len(unknown) == 1 else frozenset[str]()
            drivers = Drivers(
                unknown=unknown, makes_true=alone, makes_false=frozenset() if condition.certain else alone
            )
            return Trace(condition=condition, value=None, known=known, drivers=drivers)
        case All(parts=parts):
            return _joined(condition, tuple(trace(part, evidence) for part in parts), decisive=False)
        case AnyOf(parts=parts):
            return _joined(condition, tuple(trace(part, evidence) for part in parts), decisive=True)
        case Not(part=part):
            inner = trace(part, evidence)
            return _turned(condition, inner, None if inner.value is None else not inner.value, straight=False)
        case _:
            return Trace(condition=condition, value=True)


def reasons(tree: Trace) -> tuple[Reason, ...]:
    """Return the facts that a decided tree rests on, each once, in the order of the tree."""
    found: dict[str, Reason] = {}
    for leaf in _grounds(tree):
        if isinstance(leaf.condition, Leaf) and leaf.known is not None:
            fact, known = leaf.condition.fact, leaf.known
            found.setdefault(fact, Reason(fact=fact, value=known.value, origin=known.origin))
    return tuple(found.values())


def rests_on_words(tree: Trace) -> bool:
    """Return whether a decided tree rests on what people said, and on nothing seen."""
    return all(leaf.known is None or leaf.known.stated for leaf in _grounds(tree))


def unknown_facts(tree: Trace) -> tuple[str, ...]:
    """Return the unknown facts because of which a tree can't be decided, in its own order."""
    if tree.value is not None:
        return ()
    if tree.known is not None and isinstance(tree.condition, Leaf):
        return tree.known.waits_for or (tree.condition.fact,)
    return tuple(dict.fromkeys(name for part in tree.parts for name in unknown_facts(part)))


def lines(tree: Trace, depth: int = 0) -> Iterator[str]:
    """Yield the tree as indented lines, one a part: what is tested, whether it holds, and what is known."""
    verdict = {True: "yes", False: "no", None: "can't tell"}[tree.value]
    known = f" ({tree.known.words}{'; ' + tree.known.origin if tree.known.origin else ''})" if tree.known else ""
    yield f"{'  ' * depth}{in_words(tree.condition)}: {verdict}{known}"
    for part in tree.parts:
        yield from lines(part, depth + 1)


def _joined(condition: Condition, parts: tuple[Trace, ...], *, decisive: bool) -> Trace:
    """Return the trace of all (decisive: false) or any (decisive: true): one part of that value decides."""
    values = [part.value for part in parts]
    if decisive in values or None not in values:
        return Trace(condition=condition, value=decisive if decisive in values else not decisive, parts=parts)
    undecided = [part.drivers for part in parts if part.value is None]
    makes_true, makes_false = [d.makes_true for d in undecided], [d.makes_false for d in undecided]
    by_one, by_all = (makes_true, makes_false) if decisive else (makes_false, makes_true)
    one, every = frozenset[str]().union(*by_one), by_all[0].intersection(*by_all[1:])
    drivers = Drivers(
        unknown=frozenset[str]().union(*(d.unknown for d in undecided)),
        makes_true=one if decisive else every,
        makes_false=every if decisive else one,
    )
    return Trace(condition=condition, value=None, parts=parts, drivers=drivers)


def _turned(condition: Condition, inner: Trace, value: bool | None, *, straight: bool) -> Trace:
    """Return the trace of a condition that follows its one part's truth (straight), or the opposite."""
    drivers = inner.drivers
    if not straight:
        drivers = Drivers(unknown=drivers.unknown, makes_true=drivers.makes_false, makes_false=drivers.makes_true)
    return Trace(condition=condition, value=value, parts=(inner,), drivers=drivers if value is None else _NONE)


def _grounds(tree: Trace) -> Iterator[Trace]:
    """Yield the leaves that make the tree what it is."""
    if tree.value is None:
        return
    if tree.known is not None:
        yield tree
        return
    decisive = {All: False, AnyOf: True}.get(type(tree.condition))
    for part in tree.parts:
        if tree.value is not decisive or part.value is decisive:
            yield from _grounds(part)
