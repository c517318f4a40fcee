"""What other guidelines and scores say: the OF score's card, and panels of guidelines, read and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ovf_imaging.errors import KnowledgeError
from ovf_imaging.knowledge.conditions import Condition, Place, parse_condition
from ovf_imaging.knowledge.loader import KNOWLEDGE_DIR, Entry, number, read_table, table, tables, text
from ovf_imaging.knowledge.rules import rule_book
from ovf_imaging.knowledge.values import ValueType

_MOST_POINTS = 100  # far above any line of a card: a slip of the keyboard


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """Points that a line of a score gives when a condition holds."""

    when: Condition
    points: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One line of a score: the first option that holds counts."""

    name: str
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """What a score says from the band before up to `at_most` points."""

    says: str
    at_most: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreCard:
    """A score in one edition: its lines, what they add up to, and what is known of its worth."""

    title: str
    edition: str
    status: str
    validation: str
    source: str
    when: Condition
    unless: Condition  # true withholds it
    unknown: float  # what the card counts for a line that can't be told
    items: tuple[Item, ...]
    bands: tuple[Band, ...]  # by rising points


@dataclass(frozen=True, slots=True, kw_only=True)
class Guideline:
    """What another guideline says, and when it is shown."""

    id: str
    title: str
    status: str
    source: str
    when: Condition
    unless: Condition  # true withholds it
    says: tuple[str, ...]


@lru_cache
def of_score_card(path: Path = KNOWLEDGE_DIR / "of_score.toml") -> ScoreCard:
    """Return the card of the OF score; KnowledgeError names file, entry and what was wanted."""
    data, types = read_table(path), _types()
    card = table(path, data, "card")
    bands = tuple(
        Band(
            says=text(path, name, entry, "says"),
            at_most=number(path, name, entry, "at_most", -_MOST_POINTS, _MOST_POINTS),
        )
        for name, entry in _named(path, data, "band")
    )
    items = tuple(_item(path, name, entry, types) for name, entry in _named(path, data, "item"))
    if list(bands) != sorted(bands, key=lambda band: band.at_most):
        raise KnowledgeError(f'{path.name}: the [[band]]s wanted by rising "at_most"; sort them')
    most = sum(max(option.points for option in item.options) for item in items)
    if bands[-1].at_most < most:
        raise KnowledgeError(
            f'{path.name}: the last [[band]] wanted "at_most" {most:g} or more, as the items add up to'
        )
    return ScoreCard(
        **{key: text(path, "card", card, key) for key in ("title", "edition", "status", "validation", "source")},
        when=parse_condition(card.get("when"), types, Place(file=path.name, entry="card")),
        unless=_gate(path, data, types),
        unknown=number(path, "card", card, "unknown", -_MOST_POINTS, _MOST_POINTS),
        items=items,
        bands=bands,
    )


@lru_cache
def guidelines(path: Path = KNOWLEDGE_DIR / "guidelines.toml") -> tuple[Guideline, ...]:
    """Return the panels of other guidelines; KnowledgeError names file, entry and what was wanted."""
    data, types, found = read_table(path), _types(), []
    unless = _gate(path, data, types)
    for _, entry in _named(path, data, "panel"):
        name = text(path, "panel", entry, "id")
        says = entry.get("says")
        if not isinstance(says, list) or not says or not all(isinstance(line, str) and line for line in says):
            raise KnowledgeError(f'{path.name}: "{name}.says" wanted a list of sentences, got {says!r}')
        found.append(
            Guideline(
                id=name,
                when=parse_condition(entry.get("when"), types, Place(file=path.name, entry=name)),
                unless=unless,
                says=tuple(says),
                **{key: text(path, name, entry, key) for key in ("title", "status", "source")},
            )
        )
    return tuple(found)


def _item(path: Path, name: str, entry: Entry, types: Mapping[str, ValueType]) -> Item:
    place = Place(file=path.name, entry=name)
    options = tuple(
        Option(
            when=parse_condition(option.get("when"), types, place),
            points=number(path, name, option, "points", -_MOST_POINTS, _MOST_POINTS),
        )
        for option in tables(path, entry, "options")
    )
    return Item(name=text(path, name, entry, "name"), options=options)


def _gate(path: Path, data: Entry, types: Mapping[str, ValueType]) -> Condition:
    facts = data.get("excluded_by")
    if not isinstance(facts, list) or not facts:
        raise KnowledgeError(f'{path.name}: "excluded_by" wanted a list of facts, got {facts!r}')
    return parse_condition(
        {"any": [{"fact": fact, "is": True} for fact in facts]}, types, Place(file=path.name, entry="excluded_by")
    )


def _named(path: Path, data: Entry, key: str) -> list[tuple[str, Entry]]:
    return [(f"{key}[{place}]", entry) for place, entry in enumerate(tables(path, data, key))]


def _types() -> dict[str, ValueType]:
    return {name: spec.type for name, spec in rule_book().facts.items()}
