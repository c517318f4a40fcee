"""The closed list of facts: what rules may test, where each comes from, and how a person is asked for it.

facts.toml holds what the images give, and what follows from other facts; context.toml holds what only people know.
"""

from __future__ import annotations

import graphlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from ovf_imaging.errors import KnowledgeError
from ovf_imaging.knowledge.conditions import Condition, Place, facts_in, nearest, parse_condition
from ovf_imaging.knowledge.loader import Entry, number, read_table
from ovf_imaging.knowledge.values import LEVEL_NAMES, Kind, ValueType
from ovf_imaging.types import Fact, Level, Shape

FILES = ("facts.toml", "context.toml")
Word = TypeVar("Word", bound=StrEnum)
_KEYS = {"type", "unit", "range", "choices", "question", "source", "group", "image", "levels", "quantity", "shape"}
_KEYS |= {"short", "when", "infer", "calculate", "of"}


class Derivation(StrEnum):
    """How a fact is taken from an Assessment and its Measurements; `recommend/facts.py` holds one function for each."""

    ANY_FRACTURED = "any_fractured"
    COUNT_FRACTURED = "count_fractured"
    FRACTURED_AT = "fractured_at"  # one of `levels`
    INDEX_LEVEL = "index_level"
    WORST_HEIGHT_LOSS = "worst_height_loss"
    WORST_GRADE = "worst_grade"
    WORST_OF_CLASS = "worst_of_class"
    ANY_SHAPE = "any_shape"  # of `shape`
    ANY_CLEFT = "any_cleft"
    CLEFT_KIND = "cleft_kind"
    ACUITY = "acuity"
    STABILITY = "stability"
    LARGEST_ANGLE = "largest_angle"  # of `quantity`
    LARGEST_OF_FRACTURED = "largest_of_fractured"  # of `quantity`, on the image that speaks for each fracture
    NEW_BESIDE_OLD = "new_beside_old"  # since the prior study
    KYPHOSIS_GROWS = "kyphosis_grows"  # since the prior study


class Calculation(StrEnum):
    """How a fact is worked out from the values of others, where a condition can't say it."""

    RATIO = "ratio"  # the first number over the second
    WITHIN = "within"  # the first level lies between the two others, both included


_OPERANDS = {Calculation.RATIO: (Kind.NUMBER,) * 2, Calculation.WITHIN: (Kind.LEVEL,) * 3}
_RESULT = {Calculation.RATIO: Kind.NUMBER, Calculation.WITHIN: Kind.BOOL}


@dataclass(frozen=True, slots=True, kw_only=True)
class Inference:
    """A value that follows from other facts when nobody states it."""

    when: Condition
    value: Fact
    presumed: bool = False  # a statement may say otherwise; without this it would contradict itself


@dataclass(frozen=True, slots=True, kw_only=True)
class FactSpec:
    """One fact: its type, the question that asks for it, and where it can come from."""

    name: str
    type: ValueType
    source: str
    question: str = ""
    short: str = ""  # another name, for the command line
    group: str = ""  # heading in a context file; empty = people can't state it
    image: Derivation | None = None
    levels: tuple[int, ...] = ()  # for Derivation.FRACTURED_AT
    quantity: str = ""  # for Derivation.LARGEST_ANGLE and LARGEST_OF_FRACTURED
    shape: Shape | None = None  # for Derivation.ANY_SHAPE
    infer: tuple[Inference, ...] = ()
    when: Condition | None = None  # a shorthand: true when this condition is
    calculate: Calculation | None = None
    of: tuple[str, ...] = ()  # the facts to calculate it from

    @property
    def words(self) -> str:
        """The fact's name as words."""
        return self.name.replace("_", " ")

    @property
    def follows_from(self) -> tuple[str, ...]:
        """The facts that its value can follow from."""
        conditions = [i.when for i in self.infer] + ([self.when] if self.when is not None else [])
        return (*self.of, *(name for condition in conditions for name in facts_in(condition)))


def read_facts(folder: Path) -> dict[str, FactSpec]:
    """Return every fact of facts.toml and context.toml by name, in the order of the files.

    Raises KnowledgeError naming file, fact and the fix.
    """
    raw: dict[str, tuple[Path, Entry]] = {}
    for path in (folder / name for name in FILES):
        for name, entry in read_table(path).items():
            if name == "version":
                continue
            if name in raw:
                raise Place(file=path.name, entry=name).error(
                    f"duplicate fact, already in {raw[name][0].name}; drop one"
                )
            raw[name] = (path, _entry(entry, Place(file=path.name, entry=name)))
    types = {name: _type(path, name, entry) for name, (path, entry) in raw.items()}
    specs = {name: _spec(Place(file=path.name, entry=name), entry, types) for name, (path, entry) in raw.items()}
    for name, spec in specs.items():
        if spec.group in specs:
            raise Place(file=raw[name][0].name, entry=name).error(f'group "{spec.group}" is also a fact; rename it')
    return specs


def resolving_order(specs: Mapping[str, FactSpec]) -> tuple[str, ...]:
    """Return the facts so that those another follows from come before it; KnowledgeError when they form a circle."""
    needed = {name: spec.follows_from for name, spec in specs.items()}
    try:
        return tuple(graphlib.TopologicalSorter(needed).static_order())
    except graphlib.CycleError as error:
        circle = " ← ".join(dict.fromkeys(error.args[1]))
        raise KnowledgeError(f"facts.toml: facts follow from themselves ({circle}); break the circle") from error


def _entry(entry: Any, place: Place) -> Entry:
    if not isinstance(entry, dict):
        raise place.error(f"a table wanted, got {entry!r}")
    for key in sorted(set(entry) - _KEYS):
        raise place.error(f'unknown key "{key}"{nearest(key, _KEYS)}')
    return entry


def _type(path: Path, name: str, entry: Entry) -> ValueType:
    place = Place(file=path.name, entry=name)
    try:
        kind = Kind(str(entry.get("type")))
    except ValueError:
        raise place.error(f'"type" wanted one of {", ".join(Kind)}, got {entry.get("type")!r}') from None
    if kind.is_number:
        span = entry.get("range")
        if not isinstance(span, list) or len(span) != 2:
            raise place.error(f'"range" wanted as [lowest, highest], got {span!r}')
        ends = {"lowest": span[0], "highest": span[1]}
        low, high = (number(path, name, ends, key, -1e9, 1e9) for key in ("lowest", "highest"))
        if low >= high:
            raise place.error(f"impossible range, {low:g} to {high:g}; the lowest value comes first")
        if not isinstance(entry.get("unit"), str):
            raise place.error('"unit" wanted in UCUM ("mm", "deg", "1" for a pure number); add it')
        return ValueType(kind=kind, unit=entry["unit"], low=low, high=high)
    if kind is Kind.LEVEL:
        return ValueType(kind=kind, choices=LEVEL_NAMES)
    choices = entry.get("choices", [])
    good = isinstance(choices, list) and all(isinstance(c, str) and c for c in choices)
    if not good or len(set(choices)) != len(choices) or (kind in (Kind.CHOICE, Kind.LIST)) != bool(choices):
        raise place.error(f'"choices" wanted as different words for choice and list only, got {choices!r}')
    return ValueType(kind=kind, choices=tuple(choices))


def _spec(place: Place, entry: Entry, types: Mapping[str, ValueType]) -> FactSpec:
    name = place.entry
    when = parse_condition(entry["when"], types, place) if "when" in entry else None
    image = _one_of(Derivation, entry, "image", place)
    calculate = _one_of(Calculation, entry, "calculate", place)
    spec = FactSpec(
        name=name,
        type=types[name],
        source=entry["source"],
        question=_text(entry, "question", place),
        short=_text(entry, "short", place),
        group=_text(entry, "group", place),
        image=image,
        levels=_levels(entry.get("levels", []), place),
        quantity=_text(entry, "quantity", place),
        shape=_one_of(Shape, entry, "shape", place),
        infer=_inferences(entry.get("infer", []), types, place),
        when=when,
        calculate=calculate,
        of=_operands(calculate, entry, types, place),
    )
    if calculate is not None and (spec.group or spec.infer or image or when is not None):
        raise place.error('a fact with "calculate" has no group, image, infer or when; drop those')
    if when is not None and (spec.type.kind is not Kind.BOOL or spec.group or spec.infer or image):
        raise place.error('a fact with "when" is a bool with no group, image or infer; drop those')
    if when is None and calculate is None and not (spec.question and (spec.group or image)):
        raise place.error('a "question", and an "image" or "group" to answer it, wanted; add them')
    wants: dict[Derivation, object] = {Derivation.FRACTURED_AT: spec.levels, Derivation.LARGEST_ANGLE: spec.quantity}
    wants |= {Derivation.ANY_SHAPE: spec.shape or "", Derivation.LARGEST_OF_FRACTURED: spec.quantity}
    if image in wants and not wants[image]:
        raise place.error(f'image = "{image}" wants its "levels", "quantity" or "shape"; add it')
    return spec


def _text(entry: Entry, key: str, place: Place) -> str:
    value = entry.get(key, "")
    if not isinstance(value, str):
        raise place.error(f'"{key}" wanted as a text, got {value!r}')
    return value


def _one_of(words: type[Word], entry: Entry, key: str, place: Place) -> Word | None:
    if key not in entry:
        return None
    try:
        return words(entry[key])
    except ValueError:
        raise place.error(f'"{key}" wanted one of {", ".join(words)}, got {entry[key]!r}') from None


def _levels(raw: Any, place: Place) -> tuple[int, ...]:
    if not isinstance(raw, list) or not all(name in LEVEL_NAMES for name in raw):
        raise place.error(f'"levels" wanted as a list of levels such as "T12", got {raw!r}')
    return tuple(int(Level[name]) for name in raw)


def _operands(
    calculate: Calculation | None, entry: Entry, types: Mapping[str, ValueType], place: Place
) -> tuple[str, ...]:
    names = entry.get("of", [])
    if calculate is None:
        if names:
            raise place.error('"of" without "calculate"; say how')
        return ()
    wanted = _OPERANDS[calculate]
    for name in names if isinstance(names, list) else ():
        if name not in types:
            raise place.error(f'"of" names unknown fact {name!r}{nearest(str(name), types)}')
    if not isinstance(names, list) or tuple(types[name].kind for name in names) != wanted:
        raise place.error(f'"of" wanted as {len(wanted)} facts of type {wanted[0]}, got {names!r}')
    if types[place.entry].kind is not _RESULT[calculate]:
        raise place.error(f'"type" of a {calculate} wanted as {_RESULT[calculate]}, got {types[place.entry].kind}')
    if calculate is Calculation.RATIO and types[names[-1]].low <= 0:
        raise place.error(f'"{names[-1]}" may be 0, so nothing can be divided by it; raise its range')
    return tuple(names)


def _inferences(raw: Any, types: Mapping[str, ValueType], place: Place) -> tuple[Inference, ...]:
    keys = {"when", "value"}
    if not isinstance(raw, list) or not all(isinstance(r, dict) and keys <= set(r) <= keys | {"presumed"} for r in raw):
        raise place.error(f'"infer" wanted as a list of {{ when = …, value = … }}, got {raw!r}')
    found = []
    for item in raw:
        try:
            value = types[place.entry].accept(item["value"])
        except ValueError as error:
            raise place.error(f'"value" of infer: {error}') from error
        condition = parse_condition(item["when"], types, place)
        found.append(Inference(when=condition, value=value, presumed=item.get("presumed", False) is True))
    return tuple(found)
