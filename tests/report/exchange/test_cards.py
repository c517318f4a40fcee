"""CDS Hooks 2.0 cards: no library checks them, so their form is checked here by hand."""

from __future__ import annotations

import re
import uuid
from dataclasses import replace
from typing import Any

import pytest

from ovf_imaging.knowledge.rules import rule_set
from ovf_imaging.report.exchange.cards import cards
from ovf_imaging.report.words import label
from ovf_imaging.types import Case, Caveat, Level, Panel, Recommendation, RuleKind
from tests.recommend.cases import fracture
from tests.report.exchange.build import case

L1 = fracture(Level.L1, 0.3)
CASES: dict[str, Case] = {
    "nothing known": case({}),
    "a fracture": case({}, L1),
    "a deficit": case({"neurological_deficit": True, "cause": "osteoporotic"}, L1),
    "in the neck": case({"cervical_level": True, "fracture_present": True}),
    "infection": case({"infection_suspected": True, "pain_vas": 8, "considering_augmentation": True}, L1),
}
CARD_KEYS = {"uuid", "summary", "indicator", "detail", "source", "extension"}  # `links` is the only other one of ours


def of_rule(made: Case, rule: str) -> dict[str, Any]:
    (card,) = [c for c in cards(made)["cards"] if rule in c["extension"].get("ovf-imaging.rules", [])]
    return card


def statement(**changes: Any) -> Recommendation:
    plain = Recommendation(
        rule="X-1",
        arm="conservative",
        kind=RuleKind.RECOMMEND,
        text="Rest.",
        source="Section",
        source_strength="ungraded",
        evidence_type="narrative",
    )
    return replace(plain, **changes)


@pytest.mark.parametrize("made", CASES.values(), ids=CASES)
def test_cards_have_the_form_of_the_standard(made: Case) -> None:
    found = cards(made)
    assert set(found) == {"cards", "extension"}
    for card in found["cards"]:
        assert set(card) - {"links"} == CARD_KEYS
        assert 0 < len(card["summary"]) < 140
        assert "\n" not in card["summary"]
        assert card["indicator"] in ("info", "warning", "critical")
        assert card["detail"].strip()
        assert str(uuid.UUID(card["uuid"])) == card["uuid"]
        assert set(card["source"]) <= {"label", "url", "icon", "topic"}
        assert card["source"]["label"].strip()
        if "topic" in card["source"]:
            assert set(card["source"]["topic"]) == {"system", "code", "display"}
        for link in card.get("links", []):
            assert set(link) == {"label", "url", "type"}
            assert link["label"].strip()
            assert re.fullmatch(r"https://\S+", link["url"])
            assert link["type"] == "absolute"
    assert len({card["uuid"] for card in found["cards"]}) == len(found["cards"])


@pytest.mark.parametrize("made", CASES.values(), ids=CASES)
def test_every_statement_stands_once_and_its_text_is_whole(made: Case) -> None:
    details = "\n".join(card["detail"] for card in cards(made)["cards"])
    assert made.recommendations
    for item in made.recommendations:
        plain = re.sub(r"([\\`*_<\[\]])", r"\\\1", item.text)
        assert (
            details.count(f"**{label('kinds', item.kind)} · {item.rule}:** {plain}\n") + details.count(f"- {plain} (")
            == 1
        )


@pytest.mark.parametrize("made", CASES.values(), ids=CASES)
def test_rule_set_is_named_on_the_response_and_on_each_card(made: Case) -> None:
    mark = {"version": rule_set().version, "sha256": rule_set().sha256}
    found = cards(made)
    assert all(each["extension"]["ovf-imaging.rule-set"] == mark for each in (found, *found["cards"]))
    ours = [card for card in found["cards"] if not card["summary"].startswith("What others say")]
    assert all(card["source"]["label"].endswith(f"rule set {mark['version']}") for card in ours)


def test_a_red_flag_is_critical_and_comes_first() -> None:
    found = cards(CASES["a deficit"])["cards"]
    assert found[0]["extension"]["ovf-imaging.rules"] == ["SAFE-01"]
    assert found[0]["indicator"] == "critical"
    assert found[0]["summary"] == "Caution: A neurological deficit is recorded. …"
    assert "- **Because:** neurological deficit (context)" in found[0]["detail"]


def test_a_question_about_a_red_flag_warns() -> None:
    card = of_rule(CASES["a fracture"], "SAFE-02")
    assert card["indicator"] == "warning"
    assert card["summary"].startswith("Safety: Has infection been ruled out?")
    assert card["source"]["topic"]["code"] == "safety"


@pytest.mark.parametrize(
    ("arm", "kind", "indicator"),
    [
        ("safety", RuleKind.AVOID, "critical"),
        ("safety", RuleKind.INFORMATION, "warning"),
        ("augmentation", RuleKind.AVOID, "warning"),
        ("augmentation", RuleKind.CAUTION, "warning"),
        ("surgery", RuleKind.OPTION, "info"),
        ("drugs", RuleKind.RECOMMEND, "info"),
        ("drugs", RuleKind.INSUFFICIENT, "info"),
    ],
)
def test_loudness_follows_kind_and_safety(arm: str, kind: RuleKind, indicator: str) -> None:
    made = case({}, recommendations=(statement(arm=arm, kind=kind),))
    assert of_rule(made, "X-1")["indicator"] == indicator


def test_what_pulls_the_other_way_and_what_is_asked_stand_in_the_detail() -> None:
    items = (
        statement(against=("X-2", "X-3"), needs=("acute_pain_subsided",), refs=("27",)),
        statement(rule="X-2", kind=RuleKind.INSUFFICIENT, text="It may not help."),
    )
    assert of_rule(case({}, recommendations=items), "X-1")["detail"] == (
        "**Recommended · X-1:** Rest.\n\n"
        "- **Pulls the other way:** X-2: It may not help.; X-3\n"
        "- **Not known:** acute pain subsided\n"
        "- **Source:** Section \\[27\\], narrative\n\n"
        "**Evidence unclear · X-2:** It may not help.\n\n"
        "- **Source:** Section, narrative"
    )


@pytest.mark.parametrize(
    ("text", "summary"),
    [
        ("x" * 126, "Recommended: " + "x" * 126),  # 139 characters in all
        ("One sentence. " + "y" * 130, "Recommended: One sentence. …"),
        ("word " * 40, "Recommended: " + "word " * 24 + "word…"),
        ("a, " * 60, "Recommended: " + "a, " * 40 + "a…"),
    ],
)
def test_a_long_text_ends_with_a_sentence_or_a_word(text: str, summary: str) -> None:
    """The kind and its colon take 13 characters, so 126 are left; a word that ends with the last of them is dropped."""
    assert of_rule(case({}, recommendations=(statement(text=text),)), "X-1")["summary"] == summary


def test_what_must_be_seen_has_a_card() -> None:
    loud = Caveat(code="advice-withheld", text="Infection: 3 records withheld.", must_see=True)
    quiet = Caveat(code="advice-incomplete", text="Some records can't be decided.")
    found = cards(case({}, recommendations=(), missing=(), caveats=(loud, quiet), others=()))["cards"]
    assert [(card["summary"], card["indicator"]) for card in found] == [(loud.text, "warning")]


def test_statements_share_a_card_where_part_loudness_and_source_are_the_same() -> None:
    items = (
        statement(rule="S-1", arm="safety", kind=RuleKind.AVOID),
        statement(rule="S-2", arm="safety", kind=RuleKind.AVOID),
        statement(rule="A-1"),
        statement(rule="A-2", kind=RuleKind.CAUTION),
        statement(rule="A-3", kind=RuleKind.OPTION),
        statement(rule="A-4", evidence_type="project rule"),
        statement(rule="B-1", arm="surgery"),
    )
    found = cards(case({}, recommendations=items, missing=(), caveats=(), others=()))["cards"]
    rules = [card["extension"]["ovf-imaging.rules"] for card in found]
    assert rules == [["S-1"], ["S-2"], ["A-1", "A-3"], ["A-2"], ["A-4"], ["B-1"]]
    assert found[2]["summary"] == "Conservative care, 2 statements: Rest."


def test_what_others_say_is_a_card_apart_with_its_own_source() -> None:
    panels = (
        Panel(
            id="of", title="OF score", status="not validated", source="a card", says=("7 points.",), needs=("frailty",)
        ),
        Panel(id="n", title="NASS", status="vote", source="(doi 10.1016/j.x.2025: 7)", says=("Rest.",)),
    )
    (card,) = cards(case({}, recommendations=(), missing=(), caveats=(), others=panels))["cards"]
    assert (card["summary"], card["indicator"]) == ("What others say", "info")
    assert card["source"] == {"label": "Other guidelines and scores"}
    assert card["links"] == [{"label": "NASS", "url": "https://doi.org/10.1016/j.x.2025", "type": "absolute"}]
    note, score, vote = card["detail"].split("\n\n**")
    assert note.startswith("Other guidelines and scores, apart from the review.")
    assert score == "OF score** (not validated)\n\n- 7 points.\n- **Not known:** frailty\n- **Source:** a card"
    assert vote.startswith("NASS** (vote)\n\n- Rest.\n- **Source:** (doi 10.1016/j.x.2025: 7)")


def test_markdown_makes_nothing_of_what_is_said() -> None:
    made = case({}, recommendations=(statement(text="*A* <b> [x](y) `c` d_e_f"),))
    assert of_rule(made, "X-1")["detail"].startswith(r"**Recommended · X-1:** \*A\* \<b> \[x\](y) \`c\` d\_e\_f")


def test_a_case_of_which_nothing_can_be_said_has_no_cards() -> None:
    assert cards(case({}, recommendations=(), missing=(), caveats=(), others=()))["cards"] == []


def test_the_same_card_of_another_study_has_another_uuid() -> None:
    made = CASES["a fracture"]
    other = replace(made, study=replace(made.study, uid="1.2.3"))
    assert [c["uuid"] for c in cards(made)["cards"]] == [c["uuid"] for c in cards(made)["cards"]]
    assert not {c["uuid"] for c in cards(made)["cards"]} & {c["uuid"] for c in cards(other)["cards"]}
