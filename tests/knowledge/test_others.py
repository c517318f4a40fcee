"""The files on what others say: broken ones are answered with file, entry and what was wanted."""

from __future__ import annotations

from pathlib import Path

import pytest

from ovf_imaging.errors import KnowledgeError
from ovf_imaging.knowledge.loader import KNOWLEDGE_DIR
from ovf_imaging.knowledge.others import guidelines, of_score_card
from ovf_imaging.knowledge.rules import rule_book


def broken(tmp_path: Path, name: str, old: str, new: str) -> Path:
    text = (KNOWLEDGE_DIR / name).read_text(encoding="utf-8")
    assert text.count(old) >= 1
    (tmp_path / name).write_text(text.replace(old, new, 1), encoding="utf-8")
    return tmp_path / name


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('fact = "of_class"', 'fact = "of_klass"', r'of_score\.toml: entry "item\[0\]": unknown fact \'of_klass\''),
        ("points = 10", 'points = "ten"', r'of_score\.toml: "item\[0\]\.points" wanted a number'),
        ("at_most = 6", "at_most = 60", r'of_score\.toml: the \[\[band\]\]s wanted by rising "at_most"; sort them'),
        ("at_most = 16", "at_most = 15", r'the last \[\[band\]\] wanted "at_most" 16 or more'),
        ('"cervical_level", ', '"neck", ', r'of_score\.toml: entry "excluded_by": unknown fact \'neck\''),
        ("excluded_by = [", "excluded = [", r'of_score\.toml: "excluded_by" wanted a list of facts, got None'),
        ('edition = "', 'edition = 7 # "', r'of_score\.toml: "card\.edition" wanted a text, got 7'),
        ("unknown = 0 ", 'unknown = "zero" ', r'of_score\.toml: "card\.unknown" wanted a number'),
    ],
)
def test_broken_card_is_refused(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    with pytest.raises(KnowledgeError, match=complaint):
        of_score_card(broken(tmp_path, "of_score.toml", old, new))


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('fact = "fracture_present"', 'fact = "fracture"', r'guidelines\.toml: entry "AAOS-2010": unknown fact'),
        ('status = "guideline', 'state = "guideline', r'guidelines\.toml: "AAOS-2010\.status" wanted a text, got None'),
        ('id = "ASBMR"', "id = 3", r'guidelines\.toml: "panel\.id" wanted a text, got 3'),
        ("says = [", "says = [1,", r'guidelines\.toml: "AAOS-2010\.says" wanted a list of sentences'),
        ('source = "NICE TA279, 1.1"', "", r'guidelines\.toml: entry "NICE-TA279" has no "source"'),
    ],
)
def test_broken_guideline_is_refused(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    with pytest.raises(KnowledgeError, match=complaint):
        guidelines(broken(tmp_path, "guidelines.toml", old, new))


def test_no_panel_bears_the_id_of_a_record() -> None:
    ids = [guideline.id for guideline in guidelines()]
    assert len(set(ids)) == len(ids)
    assert not set(ids) & {rule.id for rule in rule_book().rules}
