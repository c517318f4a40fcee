"""Names for other systems, the rule set's version and hash, and conditions as words and as plain values."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path

import pytest

from ovf_imaging.errors import KnowledgeError
from ovf_imaging.knowledge.conditions import (
    All,
    Always,
    AnyOf,
    Condition,
    Leaf,
    Not,
    Place,
    clause,
    parse_condition,
    raw_condition,
)
from ovf_imaging.knowledge.exchange import Indicator, exchange
from ovf_imaging.knowledge.loader import KNOWLEDGE_DIR
from ovf_imaging.knowledge.rules import rule_book, rule_set
from ovf_imaging.types import RuleKind
from tests.knowledge.test_tables import broken

CLEFT = Leaf(fact="cleft", one_of=(True,))
PAIN = Leaf(fact="pain_vas", low=5.0)
ASIA = Leaf(fact="asia_grade", one_of=("A", "B"))


def test_what_the_file_holds() -> None:
    known = exchange()
    assert known.name("PlanDefinition/x") == "https://ovf-imaging.invalid/fhir/PlanDefinition/x"
    assert known.answers("asia_grade") == "https://ovf-imaging.invalid/fhir/CodeSystem/asia-grade"
    assert set(known.indicators) == set(known.safety_indicators) == set(RuleKind)
    assert known.safety_indicators[RuleKind.AVOID] is Indicator.CRITICAL


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[names]", "[name]", r'exchange.toml: "names" wanted a table \[names\], got None'),
        ('avoid = "critical"', 'avoid = "loud"', r'"safety_indicators.avoid" wanted one of .*critical.* got \'loud\''),
        ('avoid = "warning"\n', "", r'"indicators.avoid" wanted one of .* got None'),
        ('source = "project choice: red flags stand on top"', "", 'entry "safety_indicators" has no "source"'),
    ],
)
def test_a_broken_file_is_named(old: str, new: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(KnowledgeError, match=message):
        exchange(broken(tmp_path, "exchange.toml", old, new))


def test_rule_set_is_the_files_that_the_rule_book_is_read_from() -> None:
    """One line a file, sorted by path: its path, a blank, its sha256; then the sha256 of these lines."""
    paths = [
        KNOWLEDGE_DIR / "context.toml",
        KNOWLEDGE_DIR / "facts.toml",
        *sorted((KNOWLEDGE_DIR / "rules").glob("*.toml")),
    ]
    lines = [f"{p.relative_to(KNOWLEDGE_DIR).as_posix()} {hashlib.sha256(p.read_bytes()).hexdigest()}\n" for p in paths]
    assert rule_set().sha256 == hashlib.sha256("".join(lines).encode()).hexdigest()
    vocabulary = tomllib.loads((KNOWLEDGE_DIR / "rules" / "vocabulary.toml").read_text(encoding="utf-8"))
    assert rule_set().version == rule_book().version == vocabulary["version"]


@pytest.mark.parametrize(
    ("condition", "words", "raw"),
    [
        (CLEFT, "cleft is true", {"fact": "cleft", "is": True}),
        (ASIA, "asia_grade is A or B", {"fact": "asia_grade", "in": ["A", "B"]}),
        (PAIN, "pain_vas at least 5", {"fact": "pain_vas", "at_least": 5.0}),
        (
            Leaf(fact="pain_vas", low=2.0, high=5.0),
            "pain_vas at least 2 and at most 5",
            {"fact": "pain_vas", "at_least": 2.0, "at_most": 5.0},
        ),
        (Always(), "always", {"always": True}),
        (
            All(parts=(AnyOf(parts=(CLEFT, PAIN)), ASIA)),
            "(cleft is true or pain_vas at least 5) and (asia_grade is A or B)",
            {
                "all": [
                    {"any": [{"fact": "cleft", "is": True}, {"fact": "pain_vas", "at_least": 5.0}]},
                    {"fact": "asia_grade", "in": ["A", "B"]},
                ]
            },
        ),
        (Not(part=CLEFT), "not (cleft is true)", {"not": {"fact": "cleft", "is": True}}),
        (
            Not(part=AnyOf(parts=(CLEFT, PAIN))),
            "not (cleft is true or pain_vas at least 5)",
            {"not": {"any": [{"fact": "cleft", "is": True}, {"fact": "pain_vas", "at_least": 5.0}]}},
        ),
    ],
)
def test_condition_in_words_and_in_plain_values(condition: Condition, words: str, raw: dict[str, object]) -> None:
    assert clause(condition) == words
    assert raw_condition(condition) == raw


def test_plain_values_of_every_condition_are_read_back() -> None:
    types = {name: spec.type for name, spec in rule_book().facts.items()}
    for rule in rule_book().rules:
        for condition in (rule.when, rule.gate, rule.ask_when):
            if condition is not None:
                assert parse_condition(raw_condition(condition), types, Place(file="x", entry=rule.id)) == condition
