"""Three-valued logic, and which facts could decide."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovf_imaging.knowledge.conditions import All, Always, AnyOf, Condition, Leaf, Not
from ovf_imaging.recommend.trace import Evidence, Known, reasons, trace, unknown_facts

NAMES = ("a", "b", "c", "d", "e")


def leaf(name: str) -> Leaf:
    return Leaf(fact=name, one_of=(True,))


def evidence(**values: bool | None) -> Evidence:
    return Evidence(facts={name: Known(value=value) for name, value in values.items()})


def truth(condition: Condition, **values: bool | None) -> bool | None:
    return trace(condition, evidence(**values)).value


@pytest.mark.parametrize(("a", "b"), list(product([True, False, None], repeat=2)))
def test_all_any_and_not_follow_strong_kleene_logic(a: bool | None, b: bool | None) -> None:
    both, either = All(parts=(leaf("a"), leaf("b"))), AnyOf(parts=(leaf("a"), leaf("b")))
    assert truth(both, a=a, b=b) == (False if False in (a, b) else None if None in (a, b) else True)
    assert truth(either, a=a, b=b) == (True if True in (a, b) else None if None in (a, b) else False)
    assert truth(Not(part=leaf("a")), a=a) == (None if a is None else not a)


def test_always_needs_nothing() -> None:
    assert truth(Always()) is True


def test_an_absent_fact_is_unknown() -> None:
    assert truth(leaf("a")) is None


@pytest.mark.parametrize(("pain", "value"), [(0.0, False), (5.0, True), (7.0, True), (7.1, False)])
def test_both_bounds_are_included(pain: float, value: bool) -> None:
    facts = Evidence(facts={"pain": Known(value=pain)})
    assert trace(Leaf(fact="pain", low=5, high=7), facts).value is value


def test_a_list_meets_a_test_when_it_holds_one_of_the_values() -> None:
    facts = Evidence(facts={"drugs": Known(value=("paracetamol", "nsaid"))})
    assert trace(Leaf(fact="drugs", one_of=("nsaid",)), facts).value is True
    assert trace(Leaf(fact="drugs", one_of=("opioid",)), facts).value is False


def test_a_test_that_every_value_meets_can_not_turn_false() -> None:
    tree = trace(Leaf(fact="a", one_of=(True, False), certain=True), evidence(a=None))
    assert tree.drivers.makes_true == {"a"}
    assert tree.drivers.makes_false == set()


def test_reasons_are_the_parts_that_decide() -> None:
    condition = AnyOf(parts=(leaf("a"), All(parts=(leaf("b"), leaf("c"))), leaf("d")))
    assert [r.fact for r in reasons(trace(condition, evidence(a=False, b=True, c=True, d=True)))] == ["b", "c", "d"]
    assert [r.fact for r in reasons(trace(condition, evidence(a=False, b=False, c=True, d=False)))] == ["a", "b", "d"]
    assert reasons(trace(condition, evidence(a=False))) == ()


def conditions(names: tuple[str, ...]) -> st.SearchStrategy[Condition]:
    """Draw a condition in which each name stands once."""
    if len(names) == 1:
        return st.sampled_from([leaf(names[0]), Not(part=leaf(names[0]))])

    def split(cut: int) -> st.SearchStrategy[Condition]:
        parts = st.tuples(conditions(names[:cut]), conditions(names[cut:]))
        joined = st.one_of(parts.map(lambda p: All(parts=p)), parts.map(lambda p: AnyOf(parts=p)))
        return st.one_of(joined, joined.map(lambda c: Not(part=c)))

    return st.integers(1, len(names) - 1).flatmap(split)


@given(conditions(NAMES), st.lists(st.sampled_from([True, False, None]), min_size=5, max_size=5))
def test_drivers_are_the_facts_that_alone_decide(condition: Condition, drawn: list[bool | None]) -> None:
    values = dict(zip(NAMES, drawn, strict=True))
    tree = trace(condition, evidence(**values))
    if tree.value is not None:
        assert tree.drivers.unknown == set()
        return
    for name in NAMES:
        outcomes = {truth(condition, **(values | {name: guess})) for guess in (True, False)}
        if values[name] is not None:
            outcomes = {None}
        assert (name in tree.drivers.makes_true) == (True in outcomes)
        assert (name in tree.drivers.makes_false) == (False in outcomes)
    assert set(unknown_facts(tree)) == tree.drivers.unknown


@given(conditions(NAMES), st.lists(st.sampled_from([True, False, None]), min_size=5, max_size=5))
def test_more_knowledge_never_changes_what_is_decided(condition: Condition, drawn: list[bool | None]) -> None:
    values = dict(zip(NAMES, drawn, strict=True))
    decided = truth(condition, **values)
    for name, guess in product(NAMES, [True, False]):
        if decided is not None and values[name] is None:
            assert truth(condition, **(values | {name: guess})) is decided
