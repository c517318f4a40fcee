"""docs/recommendations.md is what the rule book says today."""

from __future__ import annotations

from pathlib import Path

import pytest

from ovf_imaging.knowledge.rules import rule_book
from ovf_imaging.report.rules_page import WRITTEN_BY, rule_lines, rules_page

PAGE = Path(__file__).parents[2] / "docs" / "recommendations.md"


def test_page_is_fresh() -> None:
    assert PAGE.read_text(encoding="utf-8") == rules_page(), f"write it again: {WRITTEN_BY}"


def test_page_tells_each_record_once_under_its_arm() -> None:
    text = rules_page()
    place = -1
    for rule in rule_book().rules:
        assert text.count(f"\n### {rule.id}: ") == 1
        assert text.index(f"\n### {rule.id}: ") > place
        place = text.index(f"\n### {rule.id}: ")
        assert rule.text in text[place:]


def test_a_record_names_those_against_it_both_ways_and_what_its_shorthands_mean() -> None:
    """VA-15 names SUR-03 as against it, and SUR-03 names VA-15."""
    for one, other in (("VA-15", "SUR-03"), ("SUR-03", "VA-15")):
        (line,) = [line for line in rule_lines(one) if line.startswith("- Weighed against: ")]
        assert other in line
    shown = "\n".join(rule_lines("VA-15"))
    assert "- Withheld when cervical_level or " in shown
    assert "and while one of them is unknown." in shown
    assert "- Strength: ungraded." in shown


def test_an_unknown_record_is_answered_with_the_nearest() -> None:
    with pytest.raises(KeyError, match='no rule "VA-155"; did you mean "VA-15"'):
        rule_lines("VA-155")
