"""Apply the rule book to a case: what the review says of it, why, what pulls the other way, and what is missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum

from ovf_imaging.errors import InputError
from ovf_imaging.knowledge.conditions import Leaf
from ovf_imaging.knowledge.rules import Rule, RuleBook, rule_book
from ovf_imaging.recommend.context import check_context
from ovf_imaging.recommend.evidence import gather
from ovf_imaging.recommend.others import others
from ovf_imaging.recommend.trace import Evidence, Trace, lines, reasons, trace, unknown_facts
from ovf_imaging.types import Assessment, Caveat, Context, Measurement, Panel, Recommendation, RuleKind


class Status(StrEnum):
    """What became of a rule in a case."""

    APPLIES = "applies"
    SILENT = "does not apply"
    UNDECIDED = "can't be decided"
    WITHHELD = "withheld"  # it would apply, and a red flag stops it


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One rule in one case: what became of it, its condition, and what could withhold it."""

    rule: Rule
    status: Status
    when: Trace
    gate: Trace | None = None

    @property
    def unknown(self) -> tuple[str, ...]:
        """The unknown facts that stand between the rule and a decision."""
        gate = unknown_facts(self.gate) if self.gate is not None and self.rule.invasive else ()
        return tuple(dict.fromkeys((*unknown_facts(self.when), *gate)))

    def lines(self) -> tuple[str, ...]:
        """Return the explanation as indented lines of text."""
        found = [f"{self.rule.id} {self.status}", *lines(self.when, 1)]
        if self.gate is not None:
            blocks = "also while unknown" if self.rule.invasive else "only when true"
            found += [f"  withheld by ({blocks})", *(line for part in self.gate.parts for line in lines(part, 2))]
        return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What the review says of a case, in clinical order: safety first, then the arms."""

    recommendations: tuple[Recommendation, ...]
    decides: Mapping[str, tuple[str, ...]]  # unknown fact → ids of rules that it alone could decide, most first
    caveats: tuple[Caveat, ...]
    undecided: tuple[str, ...]  # ids of rules that can't be decided
    withheld: tuple[str, ...]  # ids of rules that a red flag stops
    others: tuple[Panel, ...] = ()  # what other guidelines and scores say

    @property
    def missing(self) -> tuple[str, ...]:
        """The unknown facts, those that would decide most rules first."""
        return tuple(self.decides)

    def status(self, rule_id: str) -> Status:
        """Return what became of a rule of the book."""
        if rule_id in self.withheld:
            return Status.WITHHELD
        if rule_id in self.undecided:
            return Status.UNDECIDED
        return Status.APPLIES if any(r.rule == rule_id for r in self.recommendations) else Status.SILENT


def recommend(assessment: Assessment, measurements: Sequence[Measurement], context: Context) -> Advice:
    """Return the advice on a case; a missing fact never counts as false.

    Raises ContextError when the context holds an unknown field or contradicts itself.
    """
    return advise(rule_book(), assessment, measurements, check_context(context.values))


def rank_missing(
    assessment: Assessment, measurements: Sequence[Measurement], context: Context
) -> Mapping[str, tuple[str, ...]]:
    """Return the unknown facts with the ids of the rules that each alone could decide, those that decide most first.

    Raises ContextError as `recommend` does.
    """
    return recommend(assessment, measurements, context).decides


def explain(rule_id: str, assessment: Assessment, measurements: Sequence[Measurement], context: Context) -> Explanation:
    """Return why a rule applies or not: its condition as a tree with the value of each leaf.

    Raises InputError when there is no such rule, ContextError as `recommend` does.
    """
    book = rule_book()
    try:
        rule = book.rule(rule_id)
    except KeyError as error:
        raise InputError(f"{error.args[0]}; give the id of a rule") from error
    evidence = gather(book, assessment, measurements, check_context(context.values))
    return _explained(rule, evidence, _gate(rule, evidence))


def advise(book: RuleBook, assessment: Assessment, measurements: Sequence[Measurement], context: Context) -> Advice:
    """Return the advice that a given rule book holds on a case whose context has been checked."""
    evidence = gather(book, assessment, measurements, context)
    gates = {rule.excluded_by: rule for rule in book.rules}  # rules share few of them
    traced = {flags: _gate(rule, evidence) for flags, rule in gates.items()}
    explained = [_explained(rule, evidence, traced[rule.excluded_by]) for rule in book.rules]
    undecided = [e for e in explained if e.status is Status.UNDECIDED]
    withheld = [e for e in explained if e.status is Status.WITHHELD]
    open_ = [e for e in undecided if not e.rule.ask or _asks(e, evidence)]
    caveats = (*evidence.caveats, *_withheld_caveats(withheld), *_open_caveats(open_, book))
    return Advice(
        recommendations=tuple(_spoken(explained, book, evidence)),
        decides=_decides(open_, book),
        caveats=caveats,
        undecided=tuple(e.rule.id for e in undecided),
        withheld=tuple(e.rule.id for e in withheld),
        others=others(evidence),
    )


def _gate(rule: Rule, evidence: Evidence) -> Trace | None:
    return None if rule.gate is None else trace(rule.gate, evidence)


def _explained(rule: Rule, evidence: Evidence, gate: Trace | None) -> Explanation:
    when = trace(rule.when, evidence)
    return Explanation(rule=rule, status=_status(rule, when, gate), when=when, gate=gate)


def _status(rule: Rule, when: Trace, gate: Trace | None) -> Status:
    if when.value is False:
        return Status.SILENT
    if gate is not None and gate.value:
        return Status.WITHHELD if when.value else Status.SILENT
    if when.value is None or (rule.invasive and gate is not None and gate.value is None):
        return Status.UNDECIDED
    return Status.APPLIES


def _spoken(explained: Sequence[Explanation], book: RuleBook, evidence: Evidence) -> Iterator[Recommendation]:
    """Yield the rules that apply and the safety questions, in clinical order, questions after what is known."""
    place = {arm.id: number for number, arm in enumerate(book.arms)}
    said = [e for e in explained if e.status is Status.APPLIES]
    asking = [e for e in explained if _asks(e, evidence)]
    asked = {name for e in asking for name in e.unknown}
    for e in sorted((*said, *asking), key=lambda e: place[e.rule.arm]):
        yield _statement(e, _needs(e, evidence, asked)) if e.status is Status.APPLIES else _question(e)


def _asks(explained: Explanation, evidence: Evidence) -> bool:
    """Return whether an undecided rule has a question, and this case is one to ask it in."""
    rule = explained.rule
    if explained.status is not Status.UNDECIDED or not rule.ask:
        return False
    return rule.ask_when is None or trace(rule.ask_when, evidence).value is not False


def _statement(explained: Explanation, needs: tuple[str, ...]) -> Recommendation:
    return explained.rule.statement(because=reasons(explained.when), needs=needs)


def _question(explained: Explanation) -> Recommendation:
    rule = explained.rule
    return Recommendation(
        rule=rule.id,
        arm=rule.arm,
        kind=RuleKind.INFORMATION,
        text=rule.ask,
        source=rule.source,
        source_strength=rule.source_strength,
        evidence_type=rule.evidence_type,
        needs=explained.unknown,
    )


def _needs(explained: Explanation, evidence: Evidence, asked: AbstractSet[str]) -> tuple[str, ...]:
    """Return the facts to ask for although the rule applies: its own list, and red flags that no question asks for."""
    flags = unknown_facts(explained.gate) if explained.gate is not None else ()
    own = [name for name in explained.rule.needs if evidence.facts[name].value is None]
    return tuple(dict.fromkeys((*own, *(name for name in flags if name not in asked))))


def _decides(open_: Sequence[Explanation], book: RuleBook) -> dict[str, tuple[str, ...]]:
    """Return the unknown facts with the open rules that each alone could decide, those that decide most first."""
    decides: dict[str, tuple[str, ...]] = {}
    for explained in open_:
        trees = [t for t in (explained.when, explained.gate) if t is not None and t.value is None]
        for name in frozenset[str]().union(*(t.drivers.unknown for t in trees)):
            alone = any(name in t.drivers.makes_true | t.drivers.makes_false for t in trees)
            decides[name] = (*decides.get(name, ()), *((explained.rule.id,) if alone else ()))
    return {
        name: decides[name] for name in sorted(book.facts, key=lambda n: -len(decides.get(n, ()))) if name in decides
    }


def _withheld_caveats(withheld: Sequence[Explanation]) -> Iterator[Caveat]:
    stopped: dict[str, list[Rule]] = {}
    for explained in withheld:
        for part in explained.gate.parts if explained.gate is not None else ():
            if part.value and isinstance(part.condition, Leaf):
                stopped.setdefault(part.condition.fact, []).append(explained.rule)
    for fact, rules in stopped.items():
        advice = ", ".join(r.id for r in rules if r.kind in (RuleKind.RECOMMEND, RuleKind.OPTION))
        count = f"{len(rules)} record{'s' if len(rules) > 1 else ''} withheld"
        text = f"{fact.replace('_', ' ').capitalize()}: {count}{f', among them {advice}' if advice else ''}."
        yield Caveat(code="advice-withheld", text=text, must_see=True)


def _open_caveats(open_: Sequence[Explanation], book: RuleBook) -> Iterator[Caveat]:
    if open_:
        counts = {arm.title: sum(e.rule.arm == arm.id for e in open_) for arm in book.arms}
        parts = ", ".join(f"{title} {count}" for title, count in counts.items() if count)
        text = (
            f"Not considered: {len(open_)} of {len(book.rules)} records can't be decided with what is known ({parts}); "
            "what is asked for first would decide most of them."
        )
        yield Caveat(code="advice-incomplete", text=text)
