"""The rule book: every record of the review as data, read from rules/*.toml and checked against the list of facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ovf_imaging.errors import KnowledgeError
from ovf_imaging.knowledge.conditions import AnyOf, Condition, Leaf, Place, facts_in, nearest, parse_condition
from ovf_imaging.knowledge.facts import FILES, FactSpec, read_facts, resolving_order
from ovf_imaging.knowledge.loader import KNOWLEDGE_DIR, Entry, file_hashes, joint_hash, read_table
from ovf_imaging.knowledge.values import Kind, ValueType
from ovf_imaging.types import Reason, Recommendation, RuleKind, RuleSet

VOCABULARY = "vocabulary.toml"
_TEXTS = ("text", "source", "source_strength", "evidence_type", "controversy", "figures", "ask")
_LISTS = ("refs", "against", "excluded_by", "needs", "inventory")
_KEYS = {"id", "arm", "kind", "when", "ask_when", "invasive", *_TEXTS, *_LISTS}
FILE_KEYS = {"version", "title", "arm", "excluded_by", "rule"}
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

    def statement(self, because: tuple[Reason, ...] = (), needs: tuple[str, ...] = ()) -> Recommendation:
        """Return what the rule says where it applies, with its grounds in the case and what to ask there."""
        return Recommendation(
            rule=self.id,
            arm=self.arm,
            kind=self.kind,
            text=self.text,
            source=self.source,
            source_strength=self.source_strength,
            evidence_type=self.evidence_type,
            refs=self.refs,
            figures=self.figures,
            controversy=self.controversy,
            because=because,
            against=self.against,
            needs=needs,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleBook:
    """The rules in clinical order, the facts they test, and the arms they belong to."""

    version: str
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

    def shorthands(self, condition: Condition) -> dict[str, Condition]:
        """Return what the facts of a condition that follow from others stand for, and those in turn that they use."""
        found: dict[str, Condition] = {}
        waiting = list(facts_in(condition))
        for name in waiting:
            when = self.facts[name].when
            if when is not None:
                found[name] = when
                waiting += [other for other in facts_in(when) if other not in waiting]
        return found


@cache
def rule_book() -> RuleBook:
    """Return the rule book that comes with the package, read once."""
    return read_rules(KNOWLEDGE_DIR)


@cache
def rule_set() -> RuleSet:
    """Return which rule book comes with the package: its version, and one hash of the files it is read from."""
    files = {name: digest for name, digest in file_hashes().items() if name in FILES or name.startswith("rules/")}
    return RuleSet(version=rule_book().version, sha256=joint_hash(files))


def read_rules(folder: Path) -> RuleBook:
    """Return the rule book of a knowledge folder: facts.toml, context.toml and rules/*.toml.

    Raises KnowledgeError naming file, entry and the fix.
    """
    facts = read_facts(folder)
    words = read_vocabulary(folder / "rules" / VOCABULARY, facts)
    rules: list[Rule] = []
    for topic in words.topics:
        rules += _read_topic(folder / "rules" / f"{topic}.toml", words)
    for path in sorted((folder / "rules").glob("*.toml")):
        if path.name != VOCABULARY and path.stem not in words.topics:
            raise KnowledgeError(f'{path.name}: not in the order of topics; add "{path.stem}" to {VOCABULARY}')
    _check_together(rules)
    place = {arm.id: number for number, arm in enumerate(words.arms)}
    rules.sort(key=lambda rule: place[rule.arm])  # stable: within an arm the order of topics, then of the file
    return RuleBook(
        version=words.version, rules=tuple(rules), facts=facts, order=resolving_order(facts), arms=words.arms
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The words that rule files may use."""

    version: str
    topics: tuple[str, ...]
    arms: tuple[Arm, ...]
    choices: Mapping[str, tuple[str, ...]]  # what each of a rule's words may be
    facts: Mapping[str, FactSpec]
    types: Mapping[str, ValueType]  # of the facts


def read_vocabulary(path: Path, facts: Mapping[str, FactSpec]) -> Vocabulary:
    """Return the words of a vocabulary file, with the facts that rules may test; KnowledgeError as `read_rules`."""
    table = read_table(path)
    lists = {key: _words(table, key, Place(file=path.name, entry=key)) for key in ("topics", "strengths", "evidence")}
    arms = []
    for entry in table.get("arm", []):
        place = Place(file=path.name, entry=str(entry.get("id")))
        arms.append(Arm(id=_text(entry, "id", place, needed=True), title=_text(entry, "title", place, needed=True)))
    choices = {"arm": tuple(arm.id for arm in arms), "kind": tuple(RuleKind)}
    return Vocabulary(
        version=table["version"],
        topics=lists["topics"],
        arms=tuple(arms),
        choices=choices | {"source_strength": lists["strengths"], "evidence_type": lists["evidence"]},
        facts=facts,
        types={name: spec.type for name, spec in facts.items()},
    )


def _read_topic(path: Path, words: Vocabulary) -> list[Rule]:
    table = read_table(path)
    for key in sorted(set(table) - FILE_KEYS):
        raise Place(file=path.name, entry="the file").error(f'unknown key "{key}"{nearest(key, FILE_KEYS)}')
    shared = {"arm": table.get("arm"), "source_strength": "ungraded"}
    gates = _words(table, "excluded_by", Place(file=path.name, entry="the file"))
    entries = table.get("rule", [])
    if not isinstance(entries, list) or not entries:
        raise Place(file=path.name, entry="the file").error("no [[rule]]; add one or drop the file")
    return [parse_rule({**shared, **entry}, path, gates, words) for entry in entries]


def parse_rule(entry: Entry, path: Path, gates: tuple[str, ...], words: Vocabulary) -> Rule:
    """Return one entry of a rule file as a rule, with the file's own gates; KnowledgeError tells the first problem."""
    place = Place(file=path.name, entry=str(entry.get("id")))
    for key in sorted(set(entry) - _KEYS):
        raise place.error(f'unknown key "{key}"{nearest(key, _KEYS)}')
    for key, choices in words.choices.items():
        if entry.get(key) not in choices:
            raise place.error(f'"{key}" wanted one of {", ".join(choices)}, got {entry.get(key)!r}')
    texts = {key: _text(entry, key, place, needed=key in ("text", "source")) for key in _TEXTS}
    lists = {key: _words(entry, key, place) for key in _LISTS}
    lists["excluded_by"] = tuple(dict.fromkeys((*gates, *lists["excluded_by"])))
    _check_facts(lists, words.facts, place)
    kind, invasive = RuleKind(entry["kind"]), entry.get("invasive", False)
    if not isinstance(invasive, bool) or (invasive and kind not in _OFFERS):
        raise place.error(f'"invasive" wanted as true for {" or ".join(_OFFERS)} only, got {invasive!r} for {kind}')
    ask_when = parse_condition(entry["ask_when"], words.types, place) if "ask_when" in entry else None
    if ask_when is not None and not texts["ask"]:
        raise place.error('"ask_when" without "ask"; add what is to be asked')
    closed = tuple(Leaf(fact=fact, one_of=(True,)) for fact in lists["excluded_by"])
    said: dict[str, Any] = {**texts, **lists}
    return Rule(
        id=_text(entry, "id", place, needed=True),
        topic=path.stem,
        arm=entry["arm"],
        kind=kind,
        when=parse_condition(entry.get("when"), words.types, place),
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
        if not facts[fact].question:
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
