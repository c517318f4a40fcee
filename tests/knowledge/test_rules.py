"""The rule book: what is in it, that it says it in its own words, and how a broken file is answered."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ovf_imaging.errors import KnowledgeError
from ovf_imaging.knowledge.conditions import Leaf, in_words, nearest
from ovf_imaging.knowledge.facts import FILES
from ovf_imaging.knowledge.loader import KNOWLEDGE_DIR
from ovf_imaging.knowledge.rules import Rule, read_rules, rule_book
from ovf_imaging.types import RuleKind

BOOK = rule_book()
PROJECT = re.compile(r"SAFE-\d\d|NOTE-\d\d|SUR-05-OR")
KIND_OF_STANCE = {
    "REC": RuleKind.RECOMMEND,
    "MAY": RuleKind.OPTION,
    "CAUTION": RuleKind.CAUTION,
    "AVOID": RuleKind.AVOID,
    "INSUFF": RuleKind.INSUFFICIENT,
    "INFO": RuleKind.INFORMATION,
}
MOST_SHARED_WORDS = 8


def said(rule: Rule) -> tuple[str, ...]:
    return (rule.text, rule.ask, rule.figures, rule.controversy)


# --- what is in it


def test_rules_of_the_review_are_at_least_forty_and_heal_11_is_not_among_them() -> None:
    encoded = {r.id for r in BOOK.rules if not PROJECT.fullmatch(r.id)}
    assert len(encoded) >= 40
    assert "HEAL-11" not in encoded


def test_strength_is_ungraded_but_where_the_review_grades() -> None:
    graded = {r.id: r.source_strength for r in BOOK.rules if r.source_strength != "ungraded"}
    assert graded == {"BRACE-07": "weak", "VAC-02": "moderate-quality evidence"}


def test_rules_that_are_not_the_reviews_say_so() -> None:
    for rule in BOOK.rules:
        assert rule.source.startswith("Project") == (rule.evidence_type == "project rule")
        if rule.evidence_type == "project rule":
            assert PROJECT.fullmatch(rule.id)
            assert not rule.refs


def test_against_is_mutual() -> None:
    for rule in BOOK.rules:
        for other in rule.against:
            assert rule.id in BOOK.rule(other).against, f"{other} does not name {rule.id}"


def test_every_option_or_advice_of_a_procedure_is_marked_invasive_and_gated() -> None:
    harmless = {"VA-09", "VA-14", "SUR-08", "METH-05"} | {f"LEAK-{n}" for n in range(1, 7)}
    harmless |= {"FIX-02", "FIX-03", "FIX-05", "HU-02", "HU-03", "IBF-03"}  # how, once a procedure is planned
    offers = {
        r.id
        for r in BOOK.rules
        if r.arm in ("augmentation", "surgery") and r.kind in (RuleKind.RECOMMEND, RuleKind.OPTION)
    }
    assert {r.id for r in BOOK.rules if r.invasive} == offers - harmless
    for rule in (r for r in BOOK.rules if r.arm not in ("safety", "general") or r.invasive):
        assert {"cervical_level", "infection_suspected", "malignancy_suspected"} <= set(rule.excluded_by)


def test_contradictions_and_traps_are_shown_as_controversy() -> None:
    silent = {"BRACE-04", "VA-01", "SAFE-02", "SAFE-03", "SAFE-05", "SAFE-06", "NOTE-01", "NOTE-03"}
    for rule in BOOK.rules:
        if rule.inventory and rule.id not in silent:
            assert rule.controversy or rule.against, rule.id


def test_every_field_that_people_can_state_has_a_question() -> None:
    for spec in BOOK.facts.values():
        assert spec.question.endswith("?") == bool(spec.group or spec.image)


def test_every_image_finding_of_the_inventory_is_a_fact() -> None:
    sources = " ".join(spec.source for spec in BOOK.facts.values())
    assert [n for n in range(1, 19) if f"IMG-{n:02}" not in sources] == []


def test_questions_and_words_read_as_sentences() -> None:
    assert BOOK.questions(("asia_grade",)) == ("What is the ASIA grade, A to E (E is normal)?",)
    assert in_words(Leaf(fact="pain_vas", low=1, high=10)) == "pain_vas at least 1 and at most 10"
    assert nearest("vertebroplasty", ["kyphosis"]) == ""


# --- against the review and its inventory


def shared(shared_data: Path, pattern: str) -> str:
    files = sorted((shared_data.parent / "knowledge").glob(pattern))
    if not files:
        pytest.skip(f"{pattern} is not in the shared knowledge")
    return files[0].read_text(encoding="utf-8")


def words_of(text: str) -> list[str]:
    return re.findall(r"[a-z0-9%]+", text.lower())


def runs(words: list[str], length: int) -> set[tuple[str, ...]]:
    return {tuple(words[start : start + length]) for start in range(len(words) - length + 1)}


@pytest.mark.real_data
def test_no_sentence_shares_more_than_eight_words_in_a_row_with_the_review(shared_data: Path) -> None:
    review = shared(shared_data, "review_*.txt")
    joined = [words_of(re.sub(r"-\s*\n\s*", hyphen, review)) for hyphen in ("", "-")]  # words broken at a line's end
    theirs = runs(joined[0], MOST_SHARED_WORDS + 1) | runs(joined[1], MOST_SHARED_WORDS + 1)
    assert len(theirs) > 4000
    for rule in BOOK.rules:
        for text in said(rule):
            assert not runs(words_of(text), MOST_SHARED_WORDS + 1) & theirs, rule.id


@pytest.mark.real_data
def test_every_number_printed_stands_in_the_review(shared_data: Path) -> None:
    number = r"\d+(?:[.,]\d+)*"
    review = set(re.findall(number, shared(shared_data, "review_*.txt")))
    spelled = {"GEN-04": {"9"}}  # "nine recommendations"
    for rule in BOOK.rules:
        for text in said(rule):
            assert set(re.findall(number, text)) <= review | spelled.get(rule.id, set()), rule.id


@pytest.mark.real_data
def test_ids_and_kinds_follow_the_inventory_save_where_the_review_says_otherwise(shared_data: Path) -> None:
    inventory = {r["id"]: r for r in json.loads(shared(shared_data, "inventory.json"))}
    encoded = {r.id: r for r in BOOK.rules if not PROJECT.fullmatch(r.id)}
    assert set(encoded) == set(inventory) - {"HEAL-11"}
    # GEN-08: the review asks for work in four fields to better the guidelines; it advises nothing for a patient.
    # FIX-02: screws placed so can hold better, the review says; it does not advise it.
    differing = {i for i, r in encoded.items() if r.kind is not KIND_OF_STANCE[inventory[i]["stance"]]}
    assert differing == {"GEN-08", "FIX-02"}


@pytest.mark.real_data
def test_reference_numbers_are_those_of_the_inventory(shared_data: Path) -> None:
    inventory = {r["id"]: r["ref"] for r in json.loads(shared(shared_data, "inventory.json"))}
    uncited = {"VAC-02", "METH-07"}  # "none given (between …)"; METH-07 repeats METH-01
    for rule in BOOK.rules:
        if rule.id in inventory and rule.id not in uncited:
            theirs = set(re.findall(r"\d+(?:-\d+)?", "".join(re.findall(r"\[[^\]]*\]", inventory[rule.id]))))
            assert set(rule.refs) == theirs, rule.id


# --- broken files

Break = Callable[[str, str, str], Path]


@pytest.fixture
def break_file(tmp_path: Path) -> Break:
    """Return a function that copies the knowledge folder and replaces a text in one of its files, once."""

    def broken(name: str, old: str, new: str) -> Path:
        for file in FILES:
            shutil.copy(KNOWLEDGE_DIR / file, tmp_path / file)
        shutil.copytree(KNOWLEDGE_DIR / "rules", tmp_path / "rules")
        path = tmp_path / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return tmp_path

    return broken


PAIN_01 = 'when = { fact = "painful_fracture", is = true }'
PAIN = "rules/pain.toml"


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        # conditions
        (
            PAIN,
            PAIN_01,
            'when = { fact = "pain_vaz", is = 1 }',
            r'pain.toml: entry "PAIN-01": unknown fact \'pain_vaz\'; did you mean "pain_vas"',
        ),
        (
            PAIN,
            PAIN_01,
            'when = { fact = "pain_vas", is = "high" }',
            '"PAIN-01": fact "pain_vas": wanted a number from 0 to 10, got "high"',
        ),
        (
            PAIN,
            PAIN_01,
            'when = { fact = "pain_vas", at_least = 11 }',
            'fact "pain_vas": wanted a number from 0 to 10, got 11',
        ),
        (
            PAIN,
            PAIN_01,
            'when = { fact = "pain_vas", at_least = 7, at_most = 3 }',
            "impossible range, at_least 7 is above at_most 3; swap them",
        ),
        (
            PAIN,
            PAIN_01,
            'when = { fact = "hypertension", at_least = 1 }',
            'fact "hypertension" is bool, not a number; use is or in',
        ),
        (
            PAIN,
            PAIN_01,
            'when = { fact = "asia_grade", in = ["F"] }',
            'fact "asia_grade": wanted one of "A", "B", "C", "D", "E", got "F"',
        ),
        (PAIN, PAIN_01, 'when = { fact = "asia_grade", in = "A" }', '"in" of fact "asia_grade" wants a list of values'),
        (
            PAIN,
            PAIN_01,
            'when = { fact = "asia_grade" }',
            'fact "asia_grade" wants one of is, in, at_least, at_most; got none',
        ),
        (
            PAIN,
            PAIN_01,
            'when = { fact = "pain_vas", is = 1, at_least = 1 }',
            "wants one of is, in, at_least, at_most; got at_least, is",
        ),
        (PAIN, PAIN_01, 'when = { fact = "consent_preferences", is = "no" }', "is free text and can't be tested"),
        (PAIN, PAIN_01, "when = { or = [] }", "a condition wants exactly one of fact, all, any, not, always, got or"),
        (PAIN, PAIN_01, "when = { all = [] }", '"all" wants a list of conditions'),
        (PAIN, PAIN_01, "when = { always = false }", '"always" wants true, got False'),
        (PAIN, PAIN_01, 'when = "pain_vas > 5"', "a condition wanted as a table"),
        (PAIN, PAIN_01, "", '"PAIN-01": a condition wanted as a table'),
        # rules
        (PAIN, 'id = "PAIN-02"', 'id = "PAIN-01"', 'pain.toml: entry "PAIN-01": duplicate id, already in pain.toml'),
        (
            PAIN,
            'id = "PAIN-02"',
            'id = "CON-02"',
            'pain.toml: entry "CON-02": duplicate id, already in conservative.toml',
        ),
        (PAIN, 'id = "PAIN-01"', 'id = ""', '"id" wanted as a text'),
        (
            PAIN,
            'source = "Conservative Treatment, 1. Pain management"',
            "",
            r'pain.toml: entry "PAIN-01" has no "source"',
        ),
        (PAIN, 'kind = "recommend"', 'kind = "order"', '"PAIN-01": "kind" wanted one of recommend, option'),
        (PAIN, 'arm = "conservative"', 'arm = "magic"', '"arm" wanted one of safety, general, conservative'),
        (
            PAIN,
            'evidence_type = "meta-analysis"',
            'evidence_type = "hearsay"',
            '"PAIN-03": "evidence_type" wanted one of',
        ),
        (
            PAIN,
            'against = ["PAIN-05"]',
            'against = ["PAIN-55"]',
            '"against" names unknown rule "PAIN-55"; did you mean "PAIN-05"',
        ),
        (
            PAIN,
            'needs = ["hypertension"',
            'needs = ["hypertensoin"',
            '"needs" names unknown fact "hypertensoin"; did you mean "hypertension"',
        ),
        (PAIN, 'needs = ["hypertension"', 'needs = ["unstable"', '"unstable" follows from others; name those'),
        (
            PAIN,
            'excluded_by = ["cervical_level"',
            'excluded_by = ["cervical"',
            '"excluded_by" names unknown fact "cervical"; did you mean "cervical_level"',
        ),
        (
            PAIN,
            'excluded_by = ["cervical_level"',
            'excluded_by = ["stability"',
            'wants facts that are true or false, "stability" is choice',
        ),
        (PAIN, 'refs = ["14"]', "refs = [14]", '"PAIN-01": "refs" wanted as a list of words'),
        (PAIN, 'refs = ["14"]', 'reffs = ["14"]', 'unknown key "reffs"; did you mean "refs"'),
        (PAIN, 'refs = ["15"]', "invasive = true", '"invasive" wanted as true for recommend or option only'),
        (PAIN, 'refs = ["14"]', "ask_when = { always = true }", '"ask_when" without "ask"'),
        (PAIN, 'title = "Pain"', 'titel = "Pain"', 'the file": unknown key "titel"; did you mean "title"'),
        (PAIN, 'version = "0.1.0"', "", 'pain.toml: key "version" wanted as a string'),
        (PAIN, 'version = "0.1.0"', "version = ", "pain.toml: not readable as TOML"),
        (
            "rules/vocabulary.toml",
            '    "pain",\n',
            "",
            r'pain.toml: not in the order of topics; add "pain" to vocabulary.toml',
        ),
        ("rules/vocabulary.toml", '    "pain",\n', '    "pains",\n', r"pains.toml: not readable as TOML"),
        # facts
        (
            "context.toml",
            "range = [0, 120]",
            "range = [120, 0]",
            r'context.toml: entry "age_years": impossible range, 120 to 0',
        ),
        ("context.toml", "range = [0, 120]", "", '"age_years": "range" wanted as'),
        ("context.toml", 'unit = "a"', "", '"age_years": "unit" wanted in UCUM'),
        ("context.toml", 'type = "number"', 'type = "float"', '"age_years": "type" wanted one of bool, number'),
        ("context.toml", 'choices = ["F", "M", "O"]', "", '"sex": "choices" wanted'),
        (
            "context.toml",
            'choices = ["F", "M", "O"]',
            'choices = ["F", "F"]',
            '"sex": "choices" wanted as different words',
        ),
        ("context.toml", 'question = "How old is the patient?"', "", '"age_years": a "question"'),
        (
            "context.toml",
            'question = "How old is the patient?"',
            "questoin = 1",
            'unknown key "questoin"; did you mean "question"',
        ),
        ("context.toml", 'source = "inventory 6, patient"', "", r'context.toml: entry "age_years" has no "source"'),
        (
            "context.toml",
            "[age_years]",
            "[stability]",
            r'context.toml: entry "stability": duplicate fact, already in facts.toml',
        ),
        ("context.toml", 'group = "patient"', 'group = "cleft"', 'group "cleft" is also a fact; rename it'),
        (
            "facts.toml",
            'image = "any_fractured"',
            'image = "any_fracture"',
            '"fracture_present": "image" wanted one of any_fractured',
        ),
        ("facts.toml", 'shape = "plana"\n', "", '"vertebra_plana": image = "any_shape" wants its'),
        ("facts.toml", '"C1", "C2"', '"C0", "C2"', '"cervical_level": "levels" wanted as a list of levels'),
        (
            "facts.toml",
            "value = true },\n",
            "value = 1 },\n",
            '"fracture_present": "value" of infer: wanted true or false, got 1',
        ),
        (
            "facts.toml",
            'when = { fact = "stability", is = "unstable" }',
            'when = { fact = "acute_fracture", is = true }\ngroup = "fracture"',
            'a fact with "when" is a bool with no group',
        ),
        (
            "facts.toml",
            '{ fact = "pain_intractable", is = true }',
            '{ fact = "surgical_patient", is = true }',
            "facts follow from themselves .*surgical_patient.*; break the circle",
        ),
        (
            "facts.toml",
            '"pedicle_diameter_mm"]',
            '"pedicle_mm"]',
            """"screw_share_of_pedicle": "of" names unknown fact 'pedicle_mm'; did you mean "pedicle_diameter_mm\"""",
        ),
        (
            "facts.toml",
            'of = ["screw_diameter_mm", "pedicle_diameter_mm"]',
            'of = ["screw_diameter_mm"]',
            '"screw_share_of_pedicle": "of" wanted as 2 facts of type number',
        ),
        (
            "facts.toml",
            'of = ["screw_diameter_mm", "pedicle_diameter_mm"]',
            'of = ["screw_diameter_mm", "cement_volume_ml"]',
            '"cement_volume_ml" may be 0, so nothing can be divided by it; raise its range',
        ),
        (
            "facts.toml",
            'type = "number"\nunit = "1"\nrange = [0, 12]',
            'type = "bool"',
            '"screw_share_of_pedicle": "type" of a ratio wanted as number, got bool',
        ),
        (
            "facts.toml",
            'calculate = "ratio"',
            'calculate = "sum"',
            "\"calculate\" wanted one of ratio, within, got 'sum'",
        ),
        ("facts.toml", 'calculate = "ratio"\n', "", '"of" without "calculate"; say how'),
        (
            "facts.toml",
            'calculate = "ratio"',
            'calculate = "ratio"\ngroup = "plan"',
            'a fact with "calculate" has no group, image, infer or when; drop those',
        ),
        (
            "rules/screws.toml",
            'needs = ["screw_diameter_mm"',
            'needs = ["screw_share_of_pedicle"',
            '"screw_share_of_pedicle" follows from others; name those',
        ),
    ],
)
def test_broken_file_is_answered_with_file_entry_and_fix(
    break_file: Break, file: str, old: str, new: str, message: str
) -> None:
    folder = break_file(file, old, new)
    with pytest.raises(KnowledgeError, match=message):
        read_rules(folder)


def test_absent_folder_is_answered_with_the_file_that_is_wanted(tmp_path: Path) -> None:
    with pytest.raises(KnowledgeError, match=r"facts.toml: not readable"):
        read_rules(tmp_path)
