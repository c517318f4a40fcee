"""The rule book: every record of the review as data, read from rules/*.toml and checked against the list of facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ovf_imaging.errors import KnowledgeError
from ovf_imaging.knowledge.conditions import AnyOf, Condition, Leaf, Place, nearest, parse_condition
from ovf_imaging.knowledge.facts import FactSpec, read_facts, resolving_order
from ovf_imaging.knowledge.loader import KNOWLEDGE_DIR, Entry, read_table
from ovf_imaging.knowledge.values import Kind
from ovf_imaging.types import RuleKind

VOCABULARY = "vocabulary.toml"
_TEXTS = ("text", "source", "source_strength", "evidence_type", "controversy", "figures", "ask")
_LISTS = ("refs", "against", "excluded_by", "needs", "inventory")
_KEYS = {"id", "arm", "kind", "when", "ask_when", "invasive", *_TEXTS, *_LISTS}
_FILE_KEYS = {"version", "title", "arm", "excluded_by", "rule"}
_OFFERS = (RuleKind.RECOMMEND, RuleKind.OPTION)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One part of the advice, in its clinical order."""

    id: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One record: when it applies, what it says, and how far the review stands behind it."""

    id: str
    topic: str  # the file it stands in
    arm: str
    kind: RuleKind
    when: Condition
    text: str
    source: str  # section of the review, or "Project rule …"
    source_strength: str  # "ungraded" unless the review grades
    evidence_type: str
    refs: tuple[str, ...] = ()  # the review's own numbers
    figures: str = ""
    controversy: str = ""
    against: tuple[str, ...] = ()  # ids of records that pull the other way
    excluded_by: tuple[str, ...] = ()  # bool facts; one that is true withholds the rule
    gate: Condition | None = None  # any of excluded_by
    invasive: bool = False  # puts a procedure forward: then an unknown gate withholds it too
    needs: tuple[str, ...] = ()  # facts to ask for when the rule applies
    ask: str = ""  # what a safety rule says while it can't be decided
    ask_when: Condition | None = None  # when that is worth saying; None = whenever it can't be decided
    inventory: tuple[str, ...] = ()  # contradictions, traps and images of the inventory that it carries


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleBook:
    """The rules in clinical order, the facts they test, and the arms they belong to."""

    rules: tuple[Rule, ...]
    facts: Mapping[str, FactSpec]  # in the order of the files
    order: tuple[str, ...]  # facts, those that others follow from first
    arms: tuple[Arm, ...]

    def rule(self, rule_id: str) -> Rule:
        """Return a rule by its id; KeyError names the nearest id."""
        for rule in self.rules:
            if rule.id == rule_id:
                return rule
        raise KeyError(f'no rule "{rule_id}"{nearest(rule_id, [r.id for r in self.rules])}')

    def questions(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Return the plain questions that ask for facts."""
        return tuple(self.facts[name].question for name in names)


@cache
def rule_book() -> RuleBook:
    """Return the rule book that comes with the package, read once."""
    return read_rules(KNOWLEDGE_DIR)


def read_rules(folder: Path) -> RuleBook:
    """Return the rule book of a knowledge folder: facts.toml, context.toml and rules/*.toml.

    Raises KnowledgeError naming file, entry and the fix.
    """
    facts = read_facts(folder)
    words = _read_vocabulary(folder / "rules" / VOCABULARY)
    rules: list[Rule] = []
    for topic in words.topics:
        rules += _read_topic(folder / "rules" / f"{topic}.toml", facts, words)
    for path in sorted((folder / "rules").glob("*.toml")):
        if path.name != VOCABULARY and path.stem not in words.topics:
            raise KnowledgeError(f'{path.name}: not in the order of topics; add "{path.stem}" to {VOCABULARY}')
    _check_together(rules)
    place = {arm.id: number for number, arm in enumerate(words.arms)}
    rules.sort(key=lambda rule: place[rule.arm])  # stable: within an arm the order of topics, then of the file
    return RuleBook(rules=tuple(rules), facts=facts, order=resolving_order(facts), arms=words.arms)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Vocabulary:
    topics: tuple[str, ...]
    arms: tuple[Arm, ...]
    strengths: tuple[str, ...]
    evidence: tuple[str, ...]

    def choices(self, key: str) -> tuple[str, ...]:
        """Return what a rule's key may say."""
        known = {"arm": tuple(arm.id for arm in self.arms), "kind": tuple(RuleKind)}
        return (known | {"source_strength": self.strengths, "evidence_type": self.evidence})[key]


def _read_vocabulary(path: Path) -> _Vocabulary:
    table = read_table(path)
    lists = {key: _words(table, key, Place(file=path.name, entry=key)) for key in ("topics", "strengths", "evidence")}
    arms = []
    for entry in table.get("arm", []):
        place = Place(file=path.name, entry=str(entry.get("id")))
        arms.append(Arm(id=_text(entry, "id", place, needed=True), title=_text(entry, "title", place, needed=True)))
    return _Vocabulary(arms=tuple(arms), **lists)


def _read_topic(path: Path, facts: Mapping[str, FactSpec], words: _Vocabulary) -> list[Rule]:
    table = read_table(path)
    for key in sorted(set(table) - _FILE_KEYS):
        raise Place(file=path.name, entry="the file").error(f'unknown key "{key}"{nearest(key, _FILE_KEYS)}')
    shared = {"arm": table.get("arm"), "source_strength": "ungraded"}
    gates = _words(table, "excluded_by", Place(file=path.name, entry="the file"))
    entries = table.get("rule", [])
    if not isinstance(entries, list) or not entries:
        raise Place(file=path.name, entry="the file").error("no [[rule]]; add one or drop the file")
    return [_rule({**shared, **entry}, path, gates, facts, words) for entry in entries]


def _rule(entry: Entry, path: Path, gates: tuple[str, ...], facts: Mapping[str, FactSpec], words: _Vocabulary) -> Rule:
    types = {name: spec.type for name, spec in facts.items()}
    place = Place(file=path.name, entry=str(entry.get("id")))
    for key in sorted(set(entry) - _KEYS):
        raise place.error(f'unknown key "{key}"{nearest(key, _KEYS)}')
    for key in ("arm", "kind", "source_strength", "evidence_type"):
        if entry.get(key) not in words.choices(key):
            raise place.error(f'"{key}" wanted one of {", ".join(words.choices(key))}, got {entry.get(key)!r}')
    texts = {key: _text(entry, key, place, needed=key in ("text", "source")) for key in _TEXTS}
    lists = {key: _words(entry, key, place) for key in _LISTS}
    lists["excluded_by"] = tuple(dict.fromkeys((*gates, *lists["excluded_by"])))
    _check_facts(lists, facts, place)
    kind, invasive = RuleKind(entry["kind"]), entry.get("invasive", False)
    if not isinstance(invasive, bool) or (invasive and kind not in _OFFERS):
        raise place.error(f'"invasive" wanted as true for {" or ".join(_OFFERS)} only, got {invasive!r} for {kind}')
    ask_when = parse_condition(entry["ask_when"], types, place) if "ask_when" in entry else None
    if ask_when is not None and not texts["ask"]:
        raise place.error('"ask_when" without "ask"; add what is to be asked')
    closed = tuple(Leaf(fact=fact, one_of=(True,)) for fact in lists["excluded_by"])
    said: dict[str, Any] = {**texts, **lists}
    return Rule(
        id=_text(entry, "id", place, needed=True),
        topic=path.stem,
        arm=entry["arm"],
        kind=kind,
        when=parse_condition(entry.get("when"), types, place),
        gate=AnyOf(parts=closed) if closed else None,
        invasive=invasive,
        ask_when=ask_when,
        **said,
    )


def _check_facts(lists: Mapping[str, tuple[str, ...]], facts: Mapping[str, FactSpec], place: Place) -> None:
    for key in ("excluded_by", "needs"):
        for fact in lists[key]:
            if fact not in facts:
                raise place.error(f'"{key}" names unknown fact "{fact}"{nearest(fact, facts)}')
    for fact in lists["excluded_by"]:
        if facts[fact].type.kind is not Kind.BOOL:
            raise place.error(f'"excluded_by" wants facts that are true or false, "{fact}" is {facts[fact].type.kind}')
    for fact in lists["needs"]:
        if facts[fact].when is not None:
            raise place.error(f'"needs" wants facts that can be asked for, "{fact}" follows from others; name those')


def _check_together(rules: list[Rule]) -> None:
    seen: dict[str, Rule] = {}
    for rule in rules:
        place = Place(file=f"{rule.topic}.toml", entry=rule.id)
        if rule.id in seen:
            raise place.error(f"duplicate id, already in {seen[rule.id].topic}.toml; give one of them another id")
        seen[rule.id] = rule
    for rule in rules:
        place = Place(file=f"{rule.topic}.toml", entry=rule.id)
        for other in rule.against:
            if other not in seen:
                raise place.error(f'"against" names unknown rule "{other}"{nearest(other, seen)}')


def _text(entry: Entry, key: str, place: Place, *, needed: bool) -> str:
    value = entry.get(key, "")
    if not isinstance(value, str) or (needed and not value.strip()):
        raise place.error(f'"{key}" wanted as a text, got {entry.get(key)!r}')
    return value


def _words(entry: Entry, key: str, place: Place) -> tuple[str, ...]:
    value: Any = entry.get(key, [])
    if not isinstance(value, list) or not all(isinstance(word, str) and word for word in value):
        raise place.error(f'"{key}" wanted as a list of words, got {value!r}')
    return tuple(value)
