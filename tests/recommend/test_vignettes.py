"""The inventory's acceptance vignettes: what must be said and not said, and how it is put."""

from typing import Any

import pytest

from ovf_imaging.recommend import Advice
from ovf_imaging.types import Level, Recommendation, RuleKind
from tests.recommend.cases import advice, assessment, fracture, ids
from tests.recommend.vignettes import AUGMENTATION, FAILED_AT_TEN_WEEKS, METHODS, T12_STABLE, VIGNETTES, Vignette


def advice_on(name: str) -> Advice:
    return advice(VIGNETTES[name].values, VIGNETTES[name].seen)


def said(name: str, rule: str) -> Recommendation:
    (one,) = [r for r in advice_on(name).recommendations if r.rule == rule]
    return one


@pytest.mark.parametrize("vignette", VIGNETTES.values(), ids=VIGNETTES)
def test_vignette_says_what_it_must_and_nothing_that_it_must_not(vignette: Vignette) -> None:
    found = advice(vignette.values, vignette.seen)
    assert vignette.present <= set(ids(found))
    assert not vignette.absent & set(ids(found))
    assert vignette.asked <= set(found.missing)
    assert vignette.undecided <= set(found.undecided)


def test_there_are_fourteen() -> None:
    assert {name.split(",")[0].rstrip("ab") for name in VIGNETTES} == {f"V{n}" for n in range(1, 15)}


def test_v1_calls_the_brace_weak_and_exercise_later() -> None:
    assert said("V1", "BRACE-07").source_strength == "weak"
    assert said("V1", "EX-01").needs == ("acute_pain_subsided",)
    assert said("V1", "EX-01").text.startswith("Once the acute pain has settled")


def test_v2_shows_augmentation_and_surgery_without_rank() -> None:
    assert {"VA-13", "VA-14", "SUR-03"} <= set(said("V2", "VA-15").against)  # C-01, C-16
    assert "VA-15" in said("V2", "SUR-03").against
    assert "not in order of preference" in said("V2", "NOTE-03").text


@pytest.mark.parametrize(
    "flag",
    [
        {"asia_grade": "D"},
        {"stability": "unstable"},
        {"coagulopathy": True},
        {"cement_allergy": True},
        {"cause": "infection"},
        {"cause": "malignancy"},
        {"index_level": "C5"},
    ],
)
def test_v2_with_any_red_flag_offers_no_augmentation_and_says_that_it_is_withheld(flag: dict[str, Any]) -> None:
    found = advice(FAILED_AT_TEN_WEEKS | flag, T12_STABLE)
    assert not AUGMENTATION & set(ids(found))
    assert "VA-15" in found.withheld
    assert any(c.code == "advice-withheld" and c.must_see and "VA-15" in c.text for c in found.caveats)


@pytest.mark.parametrize("gate", ["asia_grade", "coagulopathy", "cement_allergy", "cause", "general_condition"])
def test_v2_with_any_gate_unknown_asks_before_it_offers_augmentation(gate: str) -> None:
    found = advice({k: v for k, v in FAILED_AT_TEN_WEEKS.items() if k != gate}, T12_STABLE)
    assert not AUGMENTATION & set(ids(found))
    assert "VA-15" in found.undecided


def test_v3_shows_both_views_on_a_cleft_and_what_its_instability_rests_on() -> None:
    assert "Split literature" in said("V3", "VA-10").controversy  # C-02
    assert said("V3", "SAFE-01").needs == ("neurological_deficit",)
    assert [r.origin for r in said("V3", "VA-11").because] == [
        "finding: T11, T12, L1, L2 fractured", "finding: L1, L2 cleft", "finding: L1, L2 unstable",
    ]  # fmt: skip


def test_v4_ranks_no_operation() -> None:
    assert {said("V4", rule).kind for rule in METHODS} == {RuleKind.OPTION}


def test_v5_asks_for_neurology_before_and_prints_its_reading_after() -> None:
    assert said("V5, neurology unknown", "SAFE-01").kind is RuleKind.INFORMATION
    assert said("V5, ASIA C", "SAFE-01").kind is RuleKind.CAUTION
    assert "read as both" in said("V5, ASIA C", "SUR-05").controversy


def test_v6_calls_augmentation_of_a_burst_fracture_uncertain_and_asks_when_a_deficit_began() -> None:
    assert "Low certainty" in said("V6a", "VA-06").text
    assert "VA-08" in said("V6a", "VA-06").against  # C-03
    assert "deficit_delayed" in said("V6b, onset unknown", "SAFE-01").needs


def test_v8_leaves_the_choice_of_an_anchor_to_a_surgeon_and_converts_no_t_score() -> None:
    assert "no usual posterior construct is left" in said("V8a", "HOOK-03").controversy  # C-13
    assert "HOOK-06" in said("V8a", "HOOK-03").against
    assert "bmd_g_cm2" not in {reason.fact for item in advice_on("V8b").recommendations for reason in item.because}


def test_v9_weighs_the_screw_against_its_pedicle() -> None:
    """6.5 mm of 8.0 mm is 81 %."""
    (share,) = [r for r in said("V9a", "SCR-02").because if r.fact == "screw_share_of_pedicle"]
    assert share.value == 0.8125
    assert share.origin == "derived: from screw_diameter_mm 6.5, pedicle_diameter_mm 8"
    assert "SCR-02" in said("V9b", "SCR-01").against  # C-11: wider is never said alone
    assert "wording of the source is unclear" in said("V9b", "BSI-04").text


def test_v10_says_which_end_and_which_side_and_fixes_no_length() -> None:
    assert [r.fact for r in said("V10", "HU-01").because] == ["fracture_present", "upper_end_in_kyphosis"]
    assert [(r.fact, r.value) for r in said("V10", "FIX-03").because][1:] == [("points_above", 2.0)]
    assert "FIX-04" in said("V10", "FIX-03").against  # C-10


def test_v11_blames_nothing() -> None:
    assert "most within 2 months" in said("V11", "ASF-01").figures
    assert {"ASF-03", "ASF-04", "ASF-05"} == set(said("V11", "ASF-06").against)  # C-04


def test_v12_prints_the_contradiction_and_no_mortality_claim() -> None:
    assert "HEAL-04" in said("V12", "HEAL-02").against  # C-06
    healing = [r for r in advice_on("V12").recommendations if r.rule.startswith("HEAL")]
    assert not any("mortality" in r.text for r in healing)


def test_v13_refuses_first_whether_stated_or_seen() -> None:
    seen = advice({"pain_vas": 9, "considering_augmentation": True}, assessment(fracture(Level.C5)))
    for found in (advice_on("V13"), seen):
        assert ids(found)[0] == "GEN-07"
        assert {r.arm for r in found.recommendations} == {"safety", "general"}


def test_v14_says_that_it_is_incomplete() -> None:
    assert "advice-incomplete" in {c.code for c in advice_on("V14").caveats}
