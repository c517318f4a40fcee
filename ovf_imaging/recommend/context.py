"""Read what images cannot say: a TOML text, or values from a form, checked against the list of facts."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

from ovf_imaging.errors import ContextError
from ovf_imaging.knowledge.conditions import nearest
from ovf_imaging.knowledge.facts import FactSpec
from ovf_imaging.knowledge.rules import RuleBook, rule_book
from ovf_imaging.recommend.evidence import gather
from ovf_imaging.types import Assessment, Context, Fact

UNKNOWN_WORD = "unknown"  # said of any field, it is the same as leaving the field out


def parse_context(text: str) -> Context:
    """Return the context that a TOML text states; fields may stand flat or under their group.

    A number may carry its unit, `{ value = 8, unit = "wk" }`; "unknown" is the same as absent. Raises ContextError,
    one line, for an unknown field, a wrong type, unit or range, and for statements that contradict each other.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ContextError(f"context: not readable as TOML: {error}; mend the file") from error
    return check_context(_flat(table, rule_book()))


def check_context(values: Mapping[str, Any]) -> Context:
    """Return a context of the given values, each checked; ContextError as for parse_context."""
    book = rule_book()
    checked = {}
    for name, raw in values.items():
        spec = field_named(name, book)
        if not (isinstance(raw, str) and raw == UNKNOWN_WORD):
            checked[name] = _accept(spec, raw)
    context = Context(values=checked)
    gather(book, Assessment(), (), context)  # raises when statements contradict each other
    return context


def questions(names: Iterable[str]) -> tuple[str, ...]:
    """Return the plain question for each fact, for instance those that an Advice misses."""
    return rule_book().questions(tuple(names))


def _flat(table: Mapping[str, Any], book: RuleBook) -> dict[str, Any]:
    groups = {spec.group for spec in book.facts.values() if spec.group}
    flat: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, dict) and key not in groups and key not in book.facts:
            hint = nearest(key, groups) or f"; headings are {', '.join(sorted(groups))}"
            raise ContextError(f"context: unknown heading [{key}]{hint}")
        inner = value if key in groups and isinstance(value, dict) else {key: value}
        for name, raw in inner.items():
            if name in flat:
                raise ContextError(f'context: "{name}" is given twice; keep one')
            if key in groups and field_named(name, book).group != key:
                raise ContextError(f'context: "{name}" belongs under [{book.facts[name].group}], not [{key}]; move it')
            flat[name] = raw
    return flat


def field_named(name: str, book: RuleBook) -> FactSpec:
    """Return the fact that a person states under a name; ContextError when nobody can state it."""
    spec = book.facts.get(name)
    if spec is None:
        fields = [n for n, s in book.facts.items() if s.group]
        hint = nearest(name, fields) or "; knowledge/context.toml lists the fields"
        raise ContextError(f'context: unknown field "{name}"{hint}')
    if not spec.group:
        others = ", ".join(spec.follows_from) or "the images"
        raise ContextError(f'context: "{name}" follows from {others}; state that instead')
    return spec


def value_said(spec: FactSpec, text: str) -> Fact:
    """Return the value that a few words of text give a fact, such as "8", "present" or "paracetamol, opioid"."""
    return _accept(spec, spec.type.read(text))


def _accept(spec: FactSpec, raw: Any) -> Fact:
    if isinstance(raw, dict) and set(raw) == {"value", "unit"} and spec.type.kind.is_number:
        if raw["unit"] != spec.type.unit:
            raise ContextError(f'context: "{spec.name}" wanted in {spec.type.unit}, got {raw["unit"]!r}; convert it')
        raw = raw["value"]
    try:
        return spec.type.accept(raw)
    except ValueError as error:
        raise ContextError(f'context: "{spec.name}" {error}; asked is: {spec.question}') from error
