"""Pairs → agreement: every statistic over all levels and for each of them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np

from ovf_imaging.compare import categorical, continuous
from ovf_imaging.compare.estimates import FEWEST, TOO_FEW, Estimate
from ovf_imaging.compare.questions import CANNOT_TELL, LEVEL_NAME, QUESTIONS, Question
from ovf_imaging.compare.records import (
    ALL,
    Agreement,
    Answers,
    Confusion,
    Distance,
    Numbers,
    Pairs,
    Place,
    Side,
    Statistic,
)
from ovf_imaging.report import words
from ovf_imaging.types import level_order

BODY = "body"
LANDMARK = "landmark_"
ANY_LANDMARK = f"{LANDMARK}any"
_ASKED = {question.name: question for question in QUESTIONS}
_WEIGHTS = {"kappa_linear": 1, "kappa_quadratic": 2}
_PERCENTILES = {"median": 50, "percentile_75": 75, "percentile_95": 95}
_UNITLESS = frozenset({"icc_2_1", "icc_3_1"})


class _Placed(Protocol):
    """A pair of any kind."""

    @property
    def place(self) -> Place:
        """Where it was read."""


Item = TypeVar("Item")
Pair = TypeVar("Pair", bound=_Placed)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spot:
    """What a statistic is about."""

    quantity: str
    view: str
    level: str

    def row(self, name: str, estimate: Estimate, unit: str, pairs: Sequence[_Placed]) -> Statistic:
        """Return a statistic of these pairs."""
        return Statistic(
            quantity=self.quantity,
            view=self.view,
            level=self.level,
            name=name,
            estimate=estimate,
            n=len(pairs),
            studies=len({pair.place.study for pair in pairs}),
            unit=unit,
        )


def agree(pairs: Pairs, reference: Side | None = None) -> Agreement:
    """Return how well two readers agree; levels are named as the reference names them, as A does without one."""
    answers = _grouped(pairs.answers, lambda item: (list(_ASKED).index(item.question), item.place.view))
    numbers = _grouped(pairs.numbers, lambda item: (item.quantity, item.place.view))
    anywhere = _grouped(pairs.distances, lambda item: item.place.view)
    distances = _grouped(pairs.distances, lambda item: (item.landmark, item.place.view))
    asked = [(_ASKED[answers[key][0].question], answers[key]) for key in sorted(answers)]
    statistics = list(_bodies(pairs))
    for question, said in asked:
        for spot, part in _spots(question.name, said, reference):
            statistics += _of_answers(spot, question, part, reference)
    for measured in numbers.values():
        for spot, values in _spots(measured[0].quantity, measured, reference):
            statistics += _of_numbers(spot, values)
    named = [
        *((ANY_LANDMARK, d) for d in anywhere.values()),
        *((LANDMARK + d[0].landmark, d) for d in distances.values()),
    ]
    for name, apart in named:
        for spot, some in _spots(name, apart, reference):
            statistics += _of_distances(spot, some)
    return Agreement(
        pairs=pairs,
        statistics=tuple(statistics),
        confusions=tuple(_confusion(question, said) for question, said in asked if question is not LEVEL_NAME),
        reference=reference,
    )


Key = TypeVar("Key", bound=Hashable)


def _grouped(items: Iterable[Item], key: Callable[[Item], Key]) -> dict[Key, list[Item]]:
    """Return the items by their key, keys in the order in which they come."""
    found: dict[Key, list[Item]] = {}
    for item in items:
        found.setdefault(key(item), []).append(item)
    return found


def _spots(quantity: str, items: Sequence[Pair], reference: Side | None) -> Iterator[tuple[_Spot, Sequence[Pair]]]:
    """Yield all of a quantity's pairs, then those of each level head to foot."""
    view = items[0].place.view
    yield _Spot(quantity=quantity, view=view, level=ALL), items
    at = _grouped(items, lambda item: item.place.levels_b if reference is Side.B else item.place.levels_a)
    for levels in sorted(filter(None, at), key=lambda levels: [level_order(level) for level in levels]):
        yield _Spot(quantity=quantity, view=view, level=words.level_span(levels)), at[levels]


def _bodies(pairs: Pairs) -> Iterator[Statistic]:
    """Yield how many bodies both readers saw, and how many only one of them."""
    both = [item for item in pairs.answers if item.question == LEVEL_NAME.name]
    lone = [item for item in pairs.unpaired if item.what == "body"]
    for view in dict.fromkeys([item.place.view for item in both] + [item.place.view for item in lone]):
        spot = _Spot(quantity=BODY, view=view, level=ALL)
        here = [item for item in both if item.place.view == view]
        yield spot.row("seen_by_both", Estimate(value=len(here)), "1", here)
        for side in Side:
            only = [item for item in lone if item.place.view == view and item.only_in is side]
            yield spot.row(f"seen_only_by_{side.lower()}", Estimate(value=len(only)), "1", only)


def _untold(spot: _Spot, items: Sequence[Numbers | Answers]) -> Iterator[Statistic]:
    """Yield how often one reader or both could not tell."""
    untold = {
        "told_only_by_a": [item for item in items if item.a is not None and item.b is None],
        "told_only_by_b": [item for item in items if item.a is None and item.b is not None],
        "told_by_neither": [item for item in items if item.a is None and item.b is None],
    }
    for name, some in untold.items():
        yield spot.row(name, Estimate(value=len(some)), "1", some)


def _of_numbers(spot: _Spot, items: Sequence[Numbers]) -> Iterator[Statistic]:
    told = [(item, item.a, item.b) for item in items if item.a is not None and item.b is not None]
    pairs = [item for item, _, _ in told]
    found = continuous.agreement([a for _, a, _ in told], [b for _, _, b in told], [i.place.study for i in pairs])
    for name, estimate in found.items():
        yield spot.row(name, estimate, "1" if name in _UNITLESS else items[0].unit, pairs)
    yield from _untold(spot, items)


def _of_answers(
    spot: _Spot, question: Question, items: Sequence[Answers], reference: Side | None
) -> Iterator[Statistic]:
    told = [item for item in items if item.a is not None and item.b is not None]
    pairs = list(items) if question.doubt_counts else told
    answers = _answers(question, pairs)
    said = [(item.a or CANNOT_TELL, item.b or CANNOT_TELL) for item in pairs]
    studies = [item.place.study for item in pairs]
    tables = categorical.tables([a for a, _ in said], [b for _, b in said], answers, studies)
    yield spot.row("agreement", categorical.share(sum(a == b for a, b in said), len(said)), "1", pairs)
    if question is not LEVEL_NAME or spot.level == ALL:  # at one level a reader gave one name only
        yield spot.row("kappa", categorical.kappa(tables), "1", pairs)
    for name, power in _WEIGHTS.items() if question.graded else ():
        yield spot.row(name, categorical.kappa(tables, power), "1", pairs)
    if question.positive and reference is not None:
        yield from _against(spot, question.positive, told, reference)
    yield from _untold(spot, items)


def _against(spot: _Spot, positive: str, told: Sequence[Answers], reference: Side) -> Iterator[Statistic]:
    """Yield sensitivity and specificity of the other reader where both told."""
    said = [(item, *((item.a, item.b) if reference is Side.B else (item.b, item.a))) for item in told]
    sick = [(item, answer) for item, answer, truth in said if truth == positive]
    well = [(item, answer) for item, answer, truth in said if truth != positive]
    found = categorical.share(sum(answer == positive for _, answer in sick), len(sick))
    spared = categorical.share(sum(answer != positive for _, answer in well), len(well))
    yield spot.row("sensitivity", found, "1", [item for item, _ in sick])
    yield spot.row("specificity", spared, "1", [item for item, _ in well])


def _answers(question: Question, items: Sequence[Answers]) -> tuple[str, ...]:
    """Return a question's answers in order; "cannot tell" last, where it was said."""
    said = {answer or CANNOT_TELL for item in items for answer in (item.a, item.b)}
    listed = question.answers or tuple(sorted(said - {CANNOT_TELL}))
    return (*listed, CANNOT_TELL) if CANNOT_TELL in said else listed


def _of_distances(spot: _Spot, items: Sequence[Distance]) -> Iterator[Statistic]:
    """Yield percentiles of the distance, as a part of the body's depth and in the patient's millimetres."""
    true = [(item, item.mm) for item in items if item.mm is not None]
    for name, percent in _PERCENTILES.items():
        yield spot.row(name, _percentile([item.percent for item in items], percent), "%", items)
        yield spot.row(f"{name}_mm", _percentile([mm for _, mm in true], percent), "mm", [item for item, _ in true])


def _percentile(values: Sequence[float], percent: float) -> Estimate:
    return Estimate(note=TOO_FEW) if len(values) < FEWEST else Estimate(value=float(np.percentile(values, percent)))


def _confusion(question: Question, items: Sequence[Answers]) -> Confusion:
    answers = _answers(question, items)
    said = [(item.a or CANNOT_TELL, item.b or CANNOT_TELL) for item in items]
    table = categorical.tables([a for a, _ in said], [b for _, b in said], answers, [i.place.study for i in items])
    return Confusion(
        question=question.name, answers=answers, counts=tuple(tuple(map(int, row)) for row in table.sum(axis=0))
    )
