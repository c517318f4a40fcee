"""What must hold of every case: 2,000 random ones on CI (about a minute of one core), changed in one way at a time."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest

from ovf_imaging.errors import ContextError
from ovf_imaging.knowledge.facts import FactSpec
from ovf_imaging.knowledge.rules import rule_book
from ovf_imaging.knowledge.values import Kind
from ovf_imaging.recommend import Advice, check_context
from ovf_imaging.recommend.advise import advise
from ovf_imaging.recommend.evidence import gather
from ovf_imaging.types import Assessment, Fact, Finding, Level, RuleKind, Shape
from tests.recommend.cases import OSTEOPOROTIC, RED_FLAGS, ids

BOOK = rule_book()
FIELDS = {name: spec for name, spec in BOOK.facts.items() if spec.group and spec.type.kind is not Kind.TEXT}
INVASIVE = {rule.id for rule in BOOK.rules if rule.invasive}
CASES = 2000 if os.environ.get("CI") == "true" else 300
MOST_STATED = 25
Values = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Drawn:
    """A random case with its advice."""

    number: int
    values: Values
    seen: Assessment
    found: Advice

    def random(self) -> Random:
        """Return numbers to change the case with, the same for each test."""
        return Random(f"change {self.number}")


def value_of(spec: FactSpec, random: Random) -> Any:
    kind = spec.type
    if kind.kind is Kind.BOOL:
        return random.random() < 0.5
    if kind.kind is Kind.LIST:
        return random.sample(kind.choices, random.randrange(len(kind.choices) + 1))
    if kind.kind.is_number:
        value = random.uniform(kind.low, min(kind.high, kind.low + 14))
        return round(value) if kind.kind is Kind.WHOLE else round(value, random.randrange(3))
    return random.choice(kind.choices)


def context(random: Random) -> Values:
    """Draw statements that don't contradict each other; an osteoporotic fracture is usually among them."""
    values: Values = {"fracture_present": True} if random.random() < 0.8 else {}
    values |= OSTEOPOROTIC if random.random() < 0.5 else {}
    names = random.sample(sorted(FIELDS.keys() - values), random.randrange(MOST_STATED))
    stated = {name: value_of(FIELDS[name], random) for name in names}
    if is_consistent(values | stated):
        return values | stated
    for name, value in stated.items():
        values = values | {name: value} if is_consistent(values | {name: value}) else values
    return values


def findings(random: Random) -> Assessment:
    levels = random.sample([Level.C6, Level.T8, Level.T12, Level.L1, Level.L4], random.choice([0, 0, 1, 2, 3]))
    return Assessment(
        findings=tuple(
            Finding(
                level=int(level),
                height_loss=random.choice([None, 0.1, 0.3, 0.5]),
                grade=random.choice([None, 0, 2, 3]),
                shape=random.choice([None, Shape.WEDGE, Shape.PLANA]),
                fractured=random.choice([True, True, False, None]),
                cleft=random.choice([None, True, False]),
                acuity=random.choice([None, "acute", "not acute"]),
                stability=random.choice([None, "stable", "unstable"]),
            )
            for level in levels
        )
    )


@cache
def cases() -> tuple[Drawn, ...]:
    return tuple(drawn(number) for number in range(CASES))


def drawn(number: int) -> Drawn:
    random = Random(number)
    values, seen = context(random), findings(random)
    return Drawn(number=number, values=values, seen=seen, found=advice(values, seen))


def advice(values: Values, seen: Assessment) -> Advice:
    return advise(BOOK, seen, (), check_context(values))


def is_consistent(values: Values) -> bool:
    try:
        check_context(values)
    except ContextError:
        return False
    return True


def known(values: Values, seen: Assessment) -> dict[str, Fact | None]:
    facts = gather(BOOK, seen, (), check_context(values)).facts
    return {name: fact.value for name, fact in facts.items()}


def red_flags() -> Iterator[tuple[Drawn, str, Values]]:
    """Yield the cases that a red flag doesn't contradict, the flag, and what is stated with it."""
    for case in cases():
        flag = case.random().choice(sorted(RED_FLAGS))
        raised = case.values | RED_FLAGS[flag]
        if is_consistent(raised):
            yield case, flag, raised


def test_the_cases_reach_nearly_every_record() -> None:
    reached = {rule for case in cases() for rule in ids(case.found)}
    assert len(reached) > 0.95 * len(BOOK.rules), [r.id for r in BOOK.rules if r.id not in reached]


def test_adding_knowledge_never_turns_a_decided_rule_undecided() -> None:
    added = 0
    for case in cases():
        facts, random = known(case.values, case.seen), case.random()
        name = random.choice([name for name in FIELDS if facts[name] is None])
        wider = case.values | {name: value_of(FIELDS[name], random)}
        if is_consistent(wider):
            added += 1
            assert set(advice(wider, case.seen).undecided) <= set(case.found.undecided), wider
    assert added > CASES / 2


def test_forgetting_a_value_never_adds_an_invasive_option() -> None:
    forgotten = 0
    for case in (case for case in cases() if case.values):
        name = case.random().choice(sorted(case.values))
        fewer = {key: value for key, value in case.values.items() if key != name}
        if known(fewer, case.seen)[name] is None:  # else the images or other statements still tell it
            forgotten += 1
            assert set(ids(advice(fewer, case.seen))) & INVASIVE <= set(ids(case.found)), (name, case.values)
    assert forgotten > CASES / 2


def test_order_of_inputs_does_not_matter() -> None:
    for case in cases():
        pairs, found = list(case.values.items()), list(case.seen.findings)
        case.random().shuffle(pairs)
        case.random().shuffle(found)
        assert advice(dict(pairs), Assessment(findings=tuple(found))) == case.found, case.values


def test_removing_a_red_flag_never_adds_a_caution_that_rests_on_it() -> None:
    for case, flag, raised in red_flags():
        before = set(ids(advice(raised, case.seen)))
        lowered = {key: value for key, value in raised.items() if key not in RED_FLAGS[flag]}
        for added in (r for r in advice(lowered, case.seen).recommendations if r.rule not in before):
            if added.kind in (RuleKind.CAUTION, RuleKind.AVOID):
                for reason in (r for r in added.because if r.fact in RED_FLAGS[flag]):
                    assert reason.value != RED_FLAGS[flag][reason.fact], (added.rule, raised)


def test_every_text_traces_to_a_record_and_every_reason_to_something_known() -> None:
    for case in cases():
        facts = known(case.values, case.seen)
        for said in case.found.recommendations:
            rule = BOOK.rule(said.rule)
            assert said.text in (rule.text, rule.ask)
            for reason in said.because:
                assert reason.value is not None
                assert reason.value == facts[reason.fact]
                assert reason.origin.partition(":")[0] in ("context", "finding", "measurement", "derived")
            assert all(facts[name] is None for name in said.needs)
        assert all(facts[name] is None for name in case.found.missing)


def test_a_cervical_fracture_gets_no_advice() -> None:
    for case in cases():
        values = case.values | {"cervical_level": True}
        if is_consistent(values):
            found = advice(values, case.seen)
            assert {r.arm for r in found.recommendations} == {"safety", "general"}
            assert found.recommendations[0].rule == "GEN-07"


def test_no_invasive_option_stands_beside_a_red_flag_that_excludes_it() -> None:
    for case in cases():
        evidence = gather(BOOK, case.seen, (), check_context(case.values))
        for rule in (BOOK.rule(said) for said in ids(case.found) if said in INVASIVE):
            for flag in rule.excluded_by:
                truth = evidence.followed[flag].value if flag in evidence.followed else evidence.facts[flag].value
                assert truth is False, (rule.id, flag, case.values)


def test_with_nothing_known_there_is_only_information_and_questions() -> None:
    found = advice({}, Assessment())
    assert {r.kind for r in found.recommendations} == {RuleKind.INFORMATION}
    asked = [r for r in found.recommendations if r.needs]
    assert {r.arm for r in asked} == {"safety"}


@pytest.mark.parametrize("seed", ["1", "2"])
def test_same_input_gives_the_same_bytes_in_another_process(seed: str) -> None:
    """Python orders sets by a seed of the process."""
    show = "from tests.recommend.test_properties import drawn; print([drawn(number).found for number in range(20)])"
    top = Path(__file__).parents[2]
    shown = subprocess.run(
        [sys.executable, "-c", show],
        cwd=top,
        env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(top)},
        capture_output=True,
        check=True,
    )
    assert shown.stdout.decode("utf-8") == f"{[drawn(number).found for number in range(20)]}\n"
