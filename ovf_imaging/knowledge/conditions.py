"""The closed vocabulary in which a rule says when it applies, parsed into frozen records and checked.

    { fact = "cleft", is = true }                     one fact has this value
    { fact = "pain_vas", at_least = 1, at_most = 10 } one number lies between bounds, both included
    { fact = "asia_grade", in = ["A", "B"] }          one fact has one of these values; a list holds one of them
    { all = [ … ] }  { any = [ … ] }  { not = { … } }  { always = true }

Nothing else is understood: no expressions in strings, no arithmetic.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ovf_imaging.errors import KnowledgeError
from ovf_imaging.knowledge.values import Kind, ValueType
from ovf_imaging.types import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One fact compared: with values (`one_of`), or with bounds that are both included."""

    fact: str
    one_of: tuple[Fact, ...] = ()  # empty = compared with the bounds
    low: float = -math.inf
    high: float = math.inf
    certain: bool = False  # every value meets it: the leaf asks only that the fact is known

    def holds(self, value: Fact) -> bool:
        """Return whether a known value meets the comparison."""
        if not self.one_of:
            return isinstance(value, int | float) and self.low <= value <= self.high
        return any(v in self.one_of for v in value) if isinstance(value, tuple) else value in self.one_of


@dataclass(frozen=True, slots=True, kw_only=True)
class All:
    """True when every part is."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyOf:
    """True when one part is."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    """True when the part is false; unknown stays unknown."""

    part: Condition


@dataclass(frozen=True, slots=True, kw_only=True)
class Always:
    """True whatever is known."""


Condition = Leaf | All | AnyOf | Not | Always
_LEAF_KEYS = {"fact", "is", "at_least", "at_most", "in"}
_KEYS = ("fact", "all", "any", "not", "always")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a condition stands, for messages."""

    file: str
    entry: str

    def error(self, problem: str) -> KnowledgeError:
        """Return the error that names file, entry and problem."""
        return KnowledgeError(f'{self.file}: entry "{self.entry}": {problem}')


def parse_condition(raw: Any, types: Mapping[str, ValueType], place: Place) -> Condition:
    """Return a condition read from TOML; KnowledgeError names file, entry and the fix."""
    if not isinstance(raw, dict) or not raw:
        raise place.error(f'a condition wanted as a table such as {{ fact = "cleft", is = true }}, got {raw!r}')
    kinds = [key for key in _KEYS if key in raw]
    if len(kinds) != 1 or (kinds != ["fact"] and len(raw) != 1):
        raise place.error(f"a condition wants exactly one of {', '.join(_KEYS)}, got {', '.join(map(str, raw))}")
    kind = kinds[0]
    if kind == "fact":
        return _leaf(raw, types, place)
    inner = raw[kind]
    if kind == "always":
        if inner is not True:
            raise place.error(f'"always" wants true, got {inner!r}')
        return Always()
    if kind == "not":
        return Not(part=parse_condition(inner, types, place))
    if not isinstance(inner, list) or not inner:
        raise place.error(f'"{kind}" wants a list of conditions, got {inner!r}')
    parts = tuple(parse_condition(part, types, place) for part in inner)
    return All(parts=parts) if kind == "all" else AnyOf(parts=parts)


def facts_in(condition: Condition) -> tuple[str, ...]:
    """Return the names of the facts that a condition tests, each once, in its own order."""
    return tuple(dict.fromkeys(_names(condition)))


def nearest(name: str, names: Iterable[str]) -> str:
    """Return `; did you mean "…"?` for the most similar name, or nothing when none is similar."""
    close = difflib.get_close_matches(name, list(names), n=1, cutoff=0.5)
    return f'; did you mean "{close[0]}"?' if close else ""


def in_words(condition: Condition) -> str:
    """Return a leaf as words, or the word that joins the parts of a tree."""
    match condition:
        case Leaf(fact=fact, one_of=(), low=low, high=high):
            bounds = [f"at least {low:g}"] * (low > -math.inf) + [f"at most {high:g}"] * (high < math.inf)
            return f"{fact} {' and '.join(bounds)}"
        case Leaf(fact=fact, one_of=one_of):
            return f"{fact} is {' or '.join(fact_in_words(v) for v in one_of)}"
        case All():
            return "all of"
        case AnyOf():
            return "any of"
        case Not():
            return "not"
        case _:
            return "always"


def clause(condition: Condition) -> str:
    """Return a whole condition in one line of words, with brackets where it could be read in two ways."""
    match condition:
        case All(parts=parts):
            return " and ".join(_bracketed(part) for part in parts)
        case AnyOf(parts=parts):
            return " or ".join(_bracketed(part) for part in parts)
        case Not(part=part):
            return f"not ({clause(part)})"
        case _:
            return in_words(condition)


def raw_condition(condition: Condition) -> dict[str, Any]:
    """Return a condition as a rule file has it; the inverse of `parse_condition`."""
    match condition:
        case Leaf(fact=fact, one_of=(), low=low, high=high):
            bounds = {"at_least": low, "at_most": high}
            return {"fact": fact, **{key: bound for key, bound in bounds.items() if math.isfinite(bound)}}
        case Leaf(fact=fact, one_of=(value,)):
            return {"fact": fact, "is": value}
        case Leaf(fact=fact, one_of=one_of):
            return {"fact": fact, "in": list(one_of)}
        case All(parts=parts):
            return {"all": [raw_condition(part) for part in parts]}
        case AnyOf(parts=parts):
            return {"any": [raw_condition(part) for part in parts]}
        case Not(part=part):
            return {"not": raw_condition(part)}
        case _:
            return {"always": True}


def fact_in_words(value: Fact | None) -> str:
    """Return a fact's value as it reads in a sentence."""
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ", ".join(value) if value else "none"
    return value if isinstance(value, str) else f"{value:.4g}"


def _bracketed(condition: Condition) -> str:
    words = clause(condition)
    return f"({words})" if " and " in words or " or " in words else words


def _names(condition: Condition) -> Iterable[str]:
    match condition:
        case Leaf(fact=fact):
            yield fact
        case All(parts=parts) | AnyOf(parts=parts):
            for part in parts:
                yield from _names(part)
        case Not(part=part):
            yield from _names(part)


def _leaf(raw: dict[str, Any], types: Mapping[str, ValueType], place: Place) -> Leaf:
    name = raw["fact"]
    if not isinstance(name, str) or name not in types:
        hint = nearest(str(name), types) or "; declare it in facts.toml or context.toml"
        raise place.error(f"unknown fact {name!r}{hint}")
    strange = set(raw) - _LEAF_KEYS
    tests = set(raw) - {"fact"}
    if strange or not tests or (len(tests) > 1 and tests != {"at_least", "at_most"}):
        raise place.error(
            f'fact "{name}" wants one of is, in, at_least, at_most; got {", ".join(sorted(tests)) or "none"}'
        )
    type_ = types[name]
    if type_.kind is Kind.TEXT:
        raise place.error(f'fact "{name}" is free text and can\'t be tested; test another fact')
    if tests & {"is", "in"}:
        one_of = _values(raw["in"] if "in" in tests else [raw["is"]], name, type_, place)
        every = {True, False} if type_.kind is Kind.BOOL else set(type_.choices)
        certain = type_.kind in (Kind.BOOL, Kind.CHOICE, Kind.LEVEL) and every <= set(one_of)
        return Leaf(fact=name, one_of=one_of, certain=certain)
    return _between(raw, name, type_, place)


def _values(raw: Any, name: str, type_: ValueType, place: Place) -> tuple[Fact, ...]:
    if not isinstance(raw, list) or not raw:
        raise place.error(f'"in" of fact "{name}" wants a list of values, got {raw!r}')
    found: list[Fact] = []
    for value in raw:
        try:
            accepted = type_.accept([value] if type_.kind is Kind.LIST else value)
        except ValueError as error:
            raise place.error(f'fact "{name}": {error}') from error
        found += accepted if isinstance(accepted, tuple) else [accepted]
    return tuple(found)


def _between(raw: dict[str, Any], name: str, type_: ValueType, place: Place) -> Leaf:
    if not type_.kind.is_number:
        raise place.error(f'fact "{name}" is {type_.kind}, not a number; use is or in')
    low, high = -math.inf, math.inf
    if "at_least" in raw:
        low = _threshold(raw["at_least"], name, type_, place)
    if "at_most" in raw:
        high = _threshold(raw["at_most"], name, type_, place)
    if low > high:
        raise place.error(f'fact "{name}": impossible range, at_least {low:g} is above at_most {high:g}; swap them')
    return Leaf(fact=name, low=low, high=high, certain=low <= type_.low and high >= type_.high)


def _threshold(raw: Any, name: str, type_: ValueType, place: Place) -> float:
    (accepted,) = _values([raw], name, type_, place)
    return float(accepted) if isinstance(accepted, int | float) else math.nan
