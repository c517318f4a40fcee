"""The inventory's acceptance vignettes, on the records encoded so far.

Left for the records on screws, fixation, interface, hooks, interbody fusion and construct rules (step 5): V4 BSI-01,
V5 HU-01, HU-02, HOOK-01, and the whole of V8, V9 and V10. What a vignette calls "fully assessed" or "osteoporotic" is
stated as such; nothing else is added but what a comment says.
"""

from typing import Any

import pytest

from ovf_imaging.knowledge.rules import rule_book
from ovf_imaging.recommend import Advice
from ovf_imaging.types import Assessment, Level, Recommendation, RuleKind, Shape
from tests.recommend.cases import NOTHING_SEEN, advice, assessment, fracture, ids, normal

Values = dict[str, Any]
OPTIONS = {rule.id for rule in rule_book().rules if rule.invasive}
AUGMENTATION = {"VA-06", "VA-07", "VA-15"}
COMPLICATIONS = {"VAC-01", "VAC-02", "VAC-03", "VAC-04", "VAC-05", *(f"LEAK-{n}" for n in range(1, 7)), "ASF-01"}
METHODS = {f"METH-02.{n}" for n in range(1, 6)}
PAINFUL_T12: Values = {
    "age_years": 72, "sex": "F", "cause": "osteoporotic", "fracture_age_weeks": 2, "pain_vas": 6, "asia_grade": "E",
    "hypertension": True, "coronary_disease": True,
}  # fmt: skip
T12_STABLE = assessment(
    normal(Level.T11), fracture(Level.T12, 0.28, cleft=False, acuity="acute", stability="stable"), normal(Level.L1)
)
FULLY_ASSESSED: Values = {"general_condition": "good", "coagulopathy": False, "cement_allergy": False}


def said(found: Advice, rule: str) -> Recommendation:
    (one,) = [r for r in found.recommendations if r.rule == rule]
    return one


def check(found: Advice, present: set[str], absent: set[str]) -> None:
    assert present <= set(ids(found))
    assert not absent & set(ids(found))


def test_v1_fresh_stable_fracture_gets_conservative_care_and_no_procedure() -> None:
    found = advice(PAINFUL_T12, T12_STABLE)
    braces = {f"BRACE-0{n}" for n in range(1, 8)}
    check(found, {"CON-01", "CON-02", "PAIN-01", "PAIN-02", "EX-01", "OPT-01", "OPT-02", *braces}, OPTIONS)
    assert said(found, "BRACE-07").source_strength == "weak"
    assert said(found, "EX-01").needs == ("acute_pain_subsided",)
    assert said(found, "EX-01").text.startswith("Once the acute pain has settled")


FAILED_AT_TEN_WEEKS = PAINFUL_T12 | FULLY_ASSESSED | {
    "fracture_age_weeks": 10, "pain_vas": 8, "analgesics": ["paracetamol", "tramadol"],
    "first_line_analgesia_failed": True, "conservative_response": "none", "pain_intractable": True,
}  # fmt: skip


def test_v2_failed_conservative_care_shows_augmentation_and_surgery_without_rank() -> None:
    found = advice(FAILED_AT_TEN_WEEKS, T12_STABLE)
    check(found, {"PAIN-04", "PAIN-05", "VA-15", "VA-14", "SUR-03", *COMPLICATIONS}, {"VA-06"})
    assert {"VA-13", "VA-14", "SUR-03"} <= set(said(found, "VA-15").against)  # C-01, C-16
    assert "VA-15" in said(found, "SUR-03").against
    assert "not in order of preference" in said(found, "NOTE-03").text


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
def test_v2_with_any_red_flag_offers_no_augmentation_and_says_that_it_is_withheld(flag: Values) -> None:
    found = advice(FAILED_AT_TEN_WEEKS | flag, T12_STABLE)
    assert not AUGMENTATION & set(ids(found))
    assert "VA-15" in found.withheld
    assert any(c.code == "advice-withheld" and c.must_see and "VA-15" in c.text for c in found.caveats)


@pytest.mark.parametrize("gate", ["asia_grade", "coagulopathy", "cement_allergy", "cause", "general_condition"])
def test_v2_with_any_gate_unknown_asks_before_it_offers_augmentation(gate: str) -> None:
    found = advice({k: v for k, v in FAILED_AT_TEN_WEEKS.items() if k != gate}, T12_STABLE)
    assert not AUGMENTATION & set(ids(found))
    assert "VA-15" in found.undecided


def test_v3_figure_1_cleft_that_moves_is_surgical_and_never_plain_augmentation() -> None:
    seen = assessment(
        fracture(Level.T11), fracture(Level.T12),
        fracture(Level.L1, 0.6, cleft=True, cleft_kind="fluid", stability="unstable"),
        fracture(Level.L2, 0.6, cleft=True, cleft_kind="fluid", stability="unstable"),
    )  # fmt: skip
    found = advice({"age_years": 84, "sex": "M", "cause": "osteoporotic", "pain_vas": 8}, seen)
    check(found, {"SUR-02", "SUR-04", "VA-10", "VA-11"}, AUGMENTATION)
    assert "Split literature" in said(found, "VA-10").controversy  # C-02
    assert said(found, "SAFE-01").needs == ("neurological_deficit",)
    assert "neurological_deficit" in found.missing
    assert [r.origin for r in said(found, "VA-11").because] == [
        "finding: T11, T12, L1, L2 fractured", "finding: L1, L2 cleft", "finding: L1, L2 unstable",
    ]  # fmt: skip


def test_v4_figure_2_pain_after_augmentation_asks_and_ranks_no_operation_without_bsi_01() -> None:
    values = {
        "age_years": 75, "sex": "F", "cause": "osteoporotic", "kyphosis_progressing": True,
        "previous_augmentation": True, "pain_intractable": True, "cement_allergy": False,
    }  # fmt: skip
    found = advice(values, assessment(fracture(Level.T12, 0.5)))
    check(found, {"REF-01", "REF-02c", "SUR-03", "METH-03", *METHODS}, AUGMENTATION)
    assert {"stability", "neurological_deficit", "cement_pattern"} <= set(found.missing)
    assert {said(found, rule).kind for rule in METHODS} == {RuleKind.OPTION}


FIGURE_3 = assessment(fracture(Level.T12, 0.8, shape=Shape.PLANA))
FIGURE_3_CONTEXT: Values = {"age_years": 74, "sex": "M", "cause": "osteoporotic", "severe_kyphosis": True}


def test_v5_figure_3_with_neurology_unknown_asks_and_infers_no_deficit() -> None:
    found = advice(FIGURE_3_CONTEXT, FIGURE_3)
    check(found, {"SAFE-01", "SUR-05-OR"}, {"SUR-05", "SUR-06", "PROG-05"})
    assert said(found, "SAFE-01").kind is RuleKind.INFORMATION
    assert "neurological_deficit" in found.missing


def test_v5_figure_3_with_asia_c_is_surgical_without_hu_and_hook_records() -> None:
    found = advice(FIGURE_3_CONTEXT | {"asia_grade": "C"}, FIGURE_3)
    check(found, {"SAFE-01", "SUR-05", "PROG-05"}, AUGMENTATION | {"CON-02"})
    assert "read as both" in said(found, "SUR-05").controversy
    assert said(found, "SAFE-01").kind is RuleKind.CAUTION


BURST: Values = {"cause": "osteoporotic", "fracture_type": "burst", "asa": 4}
BURST |= {"coagulopathy": False, "cement_allergy": False}  # the gates of a procedure answered


def test_v6a_burst_fracture_in_a_poor_patient_has_augmentation_as_an_uncertain_option() -> None:
    found = advice(BURST | {"asia_grade": "E"}, assessment(fracture(Level.L1, stability="stable")))
    check(found, {"VA-06", "VA-08", "VA-09"}, {"SUR-06"})
    assert "Low certainty" in said(found, "VA-06").text
    assert "VA-08" in said(found, "VA-06").against  # C-03


def test_v6b_the_same_with_a_deficit_that_came_late_is_surgical() -> None:
    values = BURST | {"asia_grade": "D", "deficit_delayed": True}  # the review speaks of late deficits only
    found = advice(values, assessment(fracture(Level.L1, stability="stable")))
    check(found, {"SUR-06", "SAFE-01"}, {"VA-06"})


def test_v6b_without_its_onset_the_deficit_is_a_red_flag_and_its_onset_is_asked_for() -> None:
    found = advice(BURST | {"asia_grade": "D"}, assessment(fracture(Level.L1, stability="stable")))
    check(found, {"SAFE-01"}, {"VA-06", "SUR-06"})
    assert "SUR-06" in found.undecided
    assert "deficit_delayed" in said(found, "SAFE-01").needs


def test_v7_late_deficit_with_clear_static_ct_gets_surgery_and_dynamic_mri() -> None:
    values = {"cause": "osteoporotic", "fracture_age_weeks": 8, "asia_grade_previous": "E", "asia_grade": "D"}
    found = advice(values, assessment(fracture(Level.L1)))
    check(found, {"SUR-06", "SUR-07", "SUR-08"}, {"CON-02", *AUGMENTATION})


def test_v11_new_fracture_after_kyphoplasty_blames_nothing_and_reopens_all_arms() -> None:
    values = {
        "cause": "osteoporotic", "previous_augmentation_type": "kyphoplasty", "previous_augmentation_level": "L1",
        "days_since_augmentation": 30, "pain_vas": 6, "new_adjacent_fracture": True,
    }  # fmt: skip
    found = advice(values, assessment(fracture(Level.L2, acuity="acute")))
    check(found, {"ASF-01", "ASF-03", "ASF-06", "ASF-07", "OPT-01", "OPT-02", "CON-01", "VA-16", "SUR-01"}, {"ASF-08"})
    assert "most within 2 months" in said(found, "ASF-01").figures
    assert {"ASF-03", "ASF-04", "ASF-05"} == set(said(found, "ASF-06").against)  # C-04


def test_v12_after_fusion_with_a_bisphosphonate_prints_the_contradiction_and_no_mortality_claim() -> None:
    values = {
        "cause": "osteoporotic", "fracture_present": True, "previous_fusion": "posterior", "asia_grade_previous": "C",
        "parkinson": True, "rheumatoid_arthritis": True, "bisphosphonate": "taking", "teriparatide": "no",
    }  # fmt: skip
    found = advice(values)
    check(found, {"PROG-04", "PROG-05", "HEAL-10", "HEAL-02", "HEAL-04", "HEAL-05"}, {"HEAL-11"})
    assert "HEAL-04" in said(found, "HEAL-02").against  # C-06
    assert not any("mortality" in r.text for r in found.recommendations if r.rule.startswith("HEAL"))


@pytest.mark.parametrize(
    ("values", "seen"),
    [({"fracture_present": True, "index_level": "C5"}, NOTHING_SEEN), ({}, assessment(fracture(Level.C5)))],
)
def test_v13_cervical_fracture_is_refused(values: Values, seen: Assessment) -> None:
    found = advice(values | {"pain_vas": 9, "considering_augmentation": True}, seen)
    assert ids(found)[0] == "GEN-07"
    assert {r.arm for r in found.recommendations} == {"safety", "general"}
    assert not {"GEN-01", "GEN-08"} & set(ids(found))


def test_v14_height_loss_alone_gives_no_verdict_on_a_procedure_and_a_list_of_what_is_missing() -> None:
    found = advice({}, assessment(normal(Level.T12), fracture(Level.L1, 0.45, grade=3), normal(Level.L2)))
    check(found, {"SAFE-01", "SAFE-02", "SAFE-03", "SAFE-04", "OPT-01"}, OPTIONS | {"CON-02"})
    wanted = {"neurological_deficit", "stability", "acuity", "pain_vas", "cleft", "general_condition"}
    assert wanted <= set(found.missing)
    assert "advice-incomplete" in {c.code for c in found.caveats}
