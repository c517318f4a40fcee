"""A rule file is checked as a whole: every error at once, each with file, entry and the fix."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ovf_imaging.knowledge.loader import KNOWLEDGE_DIR
from ovf_imaging.knowledge.rule_check import check_rules
from ovf_imaging.knowledge.rules import VOCABULARY, rule_book

SOUND = """
version = "1"
arm = "surgery"
[[rule]]
id = "NEW-1"
kind = "option"
when = { any = [{ fact = "cleft", is = true }, { fact = "pain_vas", at_least = 5 }] }
text = "A text."
source = "A source"
evidence_type = "cohort"
against = ["SUR-02"]
"""


def errors(tmp_path: Path, text: str) -> list[str]:
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    return [str(error) for error in check_rules(tmp_path / "mine.toml")]


def test_every_file_of_the_book_is_sound() -> None:
    files = [path for path in (KNOWLEDGE_DIR / "rules").glob("*.toml") if path.name != VOCABULARY]
    assert {path.stem for path in files} == {rule.topic for rule in rule_book().rules}
    assert [error for path in files for error in check_rules(path)] == []


def test_a_sound_file_has_no_errors(tmp_path: Path) -> None:
    assert errors(tmp_path, SOUND) == []


def test_all_errors_of_an_entry_are_told_at_once(tmp_path: Path) -> None:
    """Six slips in one rule: its kind, two facts, evidence, references, and whom it is against."""
    text = SOUND.replace('"option"', '"opton"').replace('"cleft"', '"cleftt"').replace("at_least = 5", "at_least = 50")
    text = text.replace('"cohort"', '"cohorts"').replace('["SUR-02"]', '["SUR-2"]\nrefs = [3]')
    found = errors(tmp_path, text)
    assert len(found) == 6
    assert all(error.startswith('mine.toml: entry "NEW-1": ') for error in found)
    for part in ('"kind" wanted one of', "unknown fact 'cleftt'; did you mean \"cleft\"?", "from 0 to 10, got 50"):
        assert sum(part in error for error in found) == 1
    for part in ('"evidence_type" wanted one of', '"refs" wanted as a list of words', 'unknown rule "SUR-2"; did you'):
        assert sum(part in error for error in found) == 1


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('version = "1"', "", 'entry "the file": "version" wanted as a text, got None'),
        ('arm = "surgery"', 'arms = "surgery"', 'entry "the file": unknown key "arms"; did you mean "arm"?'),
        ('source = "A source"', "", 'entry "NEW-1": "source" wanted as a text, got None'),
        ('text = "A text."', "", 'entry "NEW-1": "text" wanted as a text, got None'),
        ('id = "NEW-1"', 'id = "SUR-02"', 'entry "SUR-02": duplicate id, already in surgery.toml'),
        ('kind = "option"', 'kind = "caution"\ninvasive = true', '"invasive" wanted as true for recommend or option'),
        ('kind = "option"', 'kind = "option"\ncolour = 3', 'entry "NEW-1": unknown key "colour"'),
        ("at_least = 5", "at_least = 5, at_most = 2", "impossible range, at_least 5 is above at_most 2; swap them"),
    ],
)
def test_each_slip_is_told_with_its_fix(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    assert any(complaint in error for error in errors(tmp_path, SOUND.replace(old, new)))


def test_a_file_without_rules_and_one_that_is_no_toml_say_so(tmp_path: Path) -> None:
    assert errors(tmp_path, 'version = "1"') == ['mine.toml: entry "the file": no [[rule]]; add one']
    (only,) = errors(tmp_path, "a = = 1")
    assert re.match(r"mine\.toml: not readable as TOML .*; mend the file", only)
