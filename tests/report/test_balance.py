"""Statements against each other stand together, both sides, wherever they come from."""

from __future__ import annotations

import io
from dataclasses import replace

from pypdf import PdfReader

from ovf_imaging.knowledge.rules import rule_book
from ovf_imaging.report import pdf
from ovf_imaging.report.pdf_advice import weightiest
from ovf_imaging.report.words.balance import grouped, sections
from ovf_imaging.types import Recommendation, RuleKind
from tests import fakes


def item(rule: str, *against: str, arm: str = "augmentation", kind: RuleKind = RuleKind.OPTION) -> Recommendation:
    return Recommendation(
        rule=rule,
        arm=arm,
        kind=kind,
        text=f"Text of {rule}.",
        source="A source",
        source_strength="ungraded",
        evidence_type="cohort",
        against=against,
    )


def ids(items: tuple[tuple[Recommendation, ...], ...]) -> list[list[str]]:
    return [[r.rule for r in side] for side in items]


def test_a_chain_of_contradictions_has_two_sides() -> None:
    """A is against B, B against C: A and C stand on one side. D stands alone, in its place."""
    found = list(grouped([item("A", "B"), item("D"), item("B", "A", "C"), item("C", "B")]))
    assert [ids(group.sides) for group in found] == [[["A", "C"], ["B"]], [["D"]]]


def test_what_does_not_stand_there_is_still_named() -> None:
    (group, alone) = grouped([item("A", "B", "X"), item("B", "A"), item("C", "Y")])
    assert [r.against for r in group.members] == [("X",), ()]
    assert alone.members[0].against == ("Y",)


def test_one_sided_mention_is_enough() -> None:
    (group,) = grouped([item("A"), item("B", "A")])
    assert ids(group.sides) == [["A"], ["B"]]


def test_a_balance_across_arms_stands_in_the_first_and_is_named_in_the_other() -> None:
    items = [item("VA", "SUR"), item("SUR", "VA", arm="surgery"), item("S2", arm="surgery")]
    first, second = sections(items)
    assert [r.rule for r in first.members] == ["VA", "SUR"]
    assert [r.rule for r in second.members] == ["S2"]
    assert [(r.rule, arm) for r, arm in second.elsewhere] == [("SUR", "augmentation")]


def test_every_statement_stands_exactly_once() -> None:
    items = [rule.statement() for rule in rule_book().rules]
    placed = [r.rule for section in sections(items) for r in section.members]
    assert sorted(placed) == sorted(r.rule for r in items)


def test_contradictions_of_the_book_have_two_sides() -> None:
    """On neither side does a record stand beside one that it is against."""
    for group in grouped([rule.statement() for rule in rule_book().rules]):
        for side in group.sides:
            beside = {r.rule for r in side}
            assert not [r.rule for r in side if beside & set(rule_book().rule(r.rule).against)]


def test_a_page_that_is_short_keeps_both_sides_or_neither() -> None:
    """C is an avoid, and comes first; the pair has no room beside it in two, and has in three."""
    items = [item("A", "B"), item("B", "A"), item("C", kind=RuleKind.AVOID)]
    assert [r.rule for r in weightiest(items, 2)] == ["C"]
    assert weightiest(items, 3) == items
    assert weightiest([replace(r, arm="safety") for r in items], 2) == [replace(items[2], arm="safety")]


def test_report_prints_both_sides_under_one_heading() -> None:
    """At full length each statement has its kind and rule before its text."""
    items = (item("VA-X", "VA-Y", kind=RuleKind.AVOID), item("VA-Y", "VA-X"))
    pages = PdfReader(io.BytesIO(pdf(fakes.mri_case(recommendations=items)))).pages
    found = " ".join(" ".join(page.extract_text() for page in pages).split())
    parts = ("Weighed against each other", "Text of VA-X.", "On the other side:", "Text of VA-Y.")
    places = [found.index(part) for part in parts]
    assert places == sorted(places)
    assert "Pulls the other way" not in found
