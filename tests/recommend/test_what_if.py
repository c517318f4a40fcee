"""What another fact would change, and what to ask first."""

from __future__ import annotations

from typing import Any

import pytest

from ovf_imaging.errors import ContextError
from ovf_imaging.recommend import Status, WhatIf, parse_assumptions, rank_missing, what_if
from ovf_imaging.types import Assessment, Level
from tests.recommend.cases import NOTHING_SEEN, advice, assessment, context, fracture, status

PAINFUL = {"fracture_present": True, "pain_vas": 7}


def supposed(known: dict[str, Any], *texts: str, seen: Assessment = NOTHING_SEEN) -> WhatIf:
    return what_if(seen, (), context(**known), parse_assumptions(texts))


def test_changes_are_the_rules_whose_status_differs_in_the_books_order() -> None:
    """SAFE-01 is undecided while neurology is unknown, applies with a deficit, and is silent without one."""
    found = supposed(PAINFUL, "neurological_deficit=yes")
    turned = {c.rule: (c.before, c.after) for c in found.changes}
    assert turned["SAFE-01"] == (Status.UNDECIDED, Status.APPLIES)
    for rule, (before, after) in turned.items():
        assert status(rule, PAINFUL) is before
        assert status(rule, {**PAINFUL, "neurological_deficit": True}) is after
    assert next(iter(turned)) == "SAFE-01"


def test_nothing_changes_when_what_is_assumed_is_known() -> None:
    found = supposed(PAINFUL, "pain_vas=7")
    assert found.changes == ()
    assert found.caveats == ()
    assert found.before == found.after


def test_an_image_that_is_overridden_is_named_with_its_value() -> None:
    seen = assessment(fracture(Level.L1, cleft=False))
    found = supposed({}, "cleft=present", seen=seen)
    (assumed,) = found.assumed
    assert (assumed.fact, assumed.value, assumed.instead_of.value) == ("cleft", True, False)
    assert assumed.instead_of.origin == "finding: L1 no cleft"
    assert "context-overrides-image" in {c.code for c in found.caveats}


def test_a_statement_can_be_taken_back() -> None:
    found = supposed(PAINFUL, "pain_vas=unknown")
    assert found.after == advice({"fracture_present": True})
    assert found.assumed[0].value is None


def test_values_are_read_by_the_kind_of_their_fact() -> None:
    texts = ("cleft=Present", "pain_vas = 8", "index_level=L1", "analgesics=paracetamol, opioid", "falls=no")
    assert parse_assumptions(texts) == {
        "cleft": True,
        "pain_vas": 8.0,
        "index_level": "L1",
        "analgesics": ("paracetamol", "opioid"),
        "falls": False,
    }


def test_a_short_name_serves() -> None:
    assert parse_assumptions(["pain=8"]) == {"pain_vas": 8.0}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("pain_va=8", 'unknown field "pain_va"; did you mean "pain_vas"'),
        ("asa=2.5", '"asa" wanted a whole number from 1 to 5, got 2.5'),
        ("asa=two", '"asa" wanted a whole number from 1 to 5, got "two"'),
        ("index_level=L9", '"index_level" wanted a level such as "T12", got "L9"'),
        ("analgesics=aspirin", '"analgesics" wanted a list of '),
        ("unstable=yes", '"unstable" follows from stability; state that instead'),
        ("=8", 'wanted FACT=VALUE such as pain_vas=8, got "=8"'),
    ],
)
def test_what_is_not_understood_is_answered_with_what_was_wanted(text: str, complaint: str) -> None:
    with pytest.raises(ContextError, match=complaint):
        parse_assumptions([text])


def test_what_contradicts_the_context_is_refused() -> None:
    with pytest.raises(ContextError, match=r"contradicts asia_grade = C"):
        supposed({"neurological_deficit": False}, "asia_grade=C")


def test_missing_facts_come_with_the_rules_that_each_alone_decides() -> None:
    """Each rule named is undecided now, and some value of the fact decides it."""
    known = context(**PAINFUL)
    ranked = rank_missing(NOTHING_SEEN, (), known)
    counts = [len(rules) for rules in ranked.values()]
    assert counts == sorted(counts, reverse=True)
    assert "SAFE-01" in ranked["neurological_deficit"]
    for rule in ranked["neurological_deficit"]:
        after = {status(rule, {**PAINFUL, "neurological_deficit": value}) for value in (True, False)}
        assert status(rule, PAINFUL) is Status.UNDECIDED
        assert after != {Status.UNDECIDED}
