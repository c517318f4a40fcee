"""What must hold of every case: random contexts and findings, changed in one way at a time."""

from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ovf_imaging.errors import ContextError
from ovf_imaging.knowledge.facts import FactSpec
from ovf_imaging.knowledge.rules import rule_book
from ovf_imaging.knowledge.values import Kind
from ovf_imaging.recommend import check_context
from ovf_imaging.recommend.evidence import gather
from ovf_imaging.types import Assessment, Fact, Finding, Level, RuleKind, Shape
from tests.recommend.cases import RED_FLAGS, advice, ids

BOOK = rule_book()
FIELDS = {name: spec for name, spec in BOOK.facts.items() if spec.group and spec.type.kind is not Kind.TEXT}
EXAMPLES = settings(max_examples=100, deadline=None)
Values = dict[str, Any]


def value_of(spec: FactSpec) -> st.SearchStrategy[Any]:
    kind = spec.type
    if kind.kind is Kind.BOOL:
        return st.booleans()
    if kind.kind is Kind.LIST:
        return st.lists(st.sampled_from(kind.choices), unique=True).map(tuple)
    if kind.kind.is_number:
        return st.integers(int(kind.low), min(int(kind.high), int(kind.low) + 14)).map(float)
    return st.sampled_from(kind.choices)


@st.composite
def contexts(draw: st.DrawFn) -> Values:
    """Draw statements that don't contradict each other; a fracture is usually among them."""
    names = draw(st.lists(st.sampled_from(sorted(FIELDS)), max_size=10, unique=True))
    drawn: Values = {name: draw(value_of(FIELDS[name])) for name in names}
    if draw(st.integers(0, 3)):
        drawn["fracture_present"] = True
    if is_consistent(drawn):
        return drawn
    values: Values = {}
    for name, value in drawn.items():
        if is_consistent(values | {name: value}):
            values[name] = value
    return values


@st.composite
def findings(draw: st.DrawFn) -> Assessment:
    levels = draw(
        st.lists(st.sampled_from([Level.C6, Level.T8, Level.T12, Level.L1, Level.L4]), max_size=3, unique=True)
    )
    found = [
        Finding(
            level=int(level),
            height_loss=draw(st.sampled_from([None, 0.1, 0.3, 0.5])),
            grade=draw(st.sampled_from([None, 0, 2, 3])),
            shape=draw(st.sampled_from([None, Shape.WEDGE, Shape.PLANA])),
            fractured=draw(st.sampled_from([True, True, False, None])),
            cleft=draw(st.sampled_from([None, True, False])),
            acuity=draw(st.sampled_from([None, "acute", "not acute"])),
            stability=draw(st.sampled_from([None, "stable", "unstable"])),
        )
        for level in levels
    ]
    return Assessment(findings=tuple(found))


def is_consistent(values: Values) -> bool:
    try:
        check_context(values)
    except ContextError:
        return False
    return True


def known(values: Values, seen: Assessment) -> dict[str, Fact | None]:
    facts = gather(BOOK, seen, (), check_context(values)).facts
    return {name: fact.value for name, fact in facts.items()}


@EXAMPLES
@given(contexts(), findings(), st.data())
def test_adding_knowledge_never_turns_a_decided_rule_undecided(
    values: Values, seen: Assessment, data: st.DataObject
) -> None:
    facts = known(values, seen)
    unknown = [name for name in FIELDS if facts[name] is None]
    assume(unknown)
    name = data.draw(st.sampled_from(unknown))
    wider = values | {name: data.draw(value_of(FIELDS[name]))}
    assume(is_consistent(wider))
    assert set(advice(wider, seen).undecided) <= set(advice(values, seen).undecided)


@EXAMPLES
@given(contexts(), findings(), st.data())
def test_forgetting_a_value_never_adds_an_invasive_option(
    values: Values, seen: Assessment, data: st.DataObject
) -> None:
    assume(values)
    name = data.draw(st.sampled_from(sorted(values)))
    fewer = {key: value for key, value in values.items() if key != name}
    assume(known(fewer, seen)[name] is None)  # else the images or other statements still tell it
    invasive = {rule.id for rule in BOOK.rules if rule.invasive}
    assert set(ids(advice(fewer, seen))) & invasive <= set(ids(advice(values, seen))) & invasive


@EXAMPLES
@given(contexts(), findings(), st.randoms(use_true_random=False))
def test_order_of_inputs_does_not_matter_and_same_input_gives_same_output(
    values: Values, seen: Assessment, random: Any
) -> None:
    pairs, found = list(values.items()), list(seen.findings)
    random.shuffle(pairs)
    random.shuffle(found)
    assert advice(dict(pairs), Assessment(findings=tuple(found))) == advice(values, seen) == advice(values, seen)


@EXAMPLES
@given(contexts(), findings(), st.sampled_from(sorted(RED_FLAGS)))
def test_removing_a_red_flag_never_adds_a_caution_that_rests_on_it(values: Values, seen: Assessment, flag: str) -> None:
    raised = values | RED_FLAGS[flag]
    assume(is_consistent(raised))
    lowered = {key: value for key, value in raised.items() if key not in RED_FLAGS[flag]}
    before = set(ids(advice(raised, seen)))
    after = known(lowered, seen)
    for added in (r for r in advice(lowered, seen).recommendations if r.rule not in before):
        if added.kind in (RuleKind.CAUTION, RuleKind.AVOID):
            for reason in added.because:
                assert reason.fact not in RED_FLAGS[flag] or reason.value == after[reason.fact]
                assert reason.fact not in RED_FLAGS[flag] or reason.value != RED_FLAGS[flag][reason.fact]


@EXAMPLES
@given(contexts(), findings())
def test_every_text_traces_to_a_record_and_every_reason_to_something_known(values: Values, seen: Assessment) -> None:
    found = advice(values, seen)
    facts = known(values, seen)
    for said in found.recommendations:
        rule = BOOK.rule(said.rule)
        assert said.text in (rule.text, rule.ask)
        for reason in said.because:
            assert reason.value is not None
            assert reason.value == facts[reason.fact]
            assert reason.origin.partition(":")[0] in ("context", "finding", "measurement", "derived")
        assert all(facts[name] is None for name in said.needs)
    assert all(facts[name] is None for name in found.missing)


@EXAMPLES
@given(contexts(), findings())
def test_a_cervical_fracture_gets_no_advice(values: Values, seen: Assessment) -> None:
    assume(is_consistent(values | {"cervical_level": True}))
    found = advice(values | {"cervical_level": True}, seen)
    assert {r.arm for r in found.recommendations} == {"safety", "general"}
    assert found.recommendations[0].rule == "GEN-07"


@EXAMPLES
@given(contexts(), findings())
def test_no_invasive_option_stands_beside_a_red_flag_that_excludes_it(values: Values, seen: Assessment) -> None:
    evidence = gather(BOOK, seen, (), check_context(values))
    for said in ids(advice(values, seen)):
        rule = BOOK.rule(said)
        for flag in rule.excluded_by if rule.invasive else ():
            truth = evidence.followed[flag].value if flag in evidence.followed else evidence.facts[flag].value
            assert truth is False
