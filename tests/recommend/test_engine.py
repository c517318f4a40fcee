"""The engine: three values, red flags, reasons, what is missing, and what it says of its own limits."""

from typing import Any

import pytest

from ovf_imaging.errors import ContextError, InputError
from ovf_imaging.knowledge.rules import rule_book
from ovf_imaging.recommend import Status, check_context, explain, recommend
from ovf_imaging.types import Context, Level, Reason, RuleKind
from tests.recommend.cases import FRACTURE, NOTHING_SEEN, OSTEOPOROTIC, advice, assessment, fracture, ids, normal

ARMS = ["safety", "general", "conservative", "augmentation", "surgery", "drugs"]


def test_with_nothing_known_only_information_and_safety_questions_are_given() -> None:
    found = advice({})
    assert {r.kind for r in found.recommendations} == {RuleKind.INFORMATION}
    asked = [r for r in found.recommendations if r.arm == "safety"]
    assert [r.rule for r in asked] == ["GEN-07", "SAFE-01", "SAFE-02", "SAFE-03", "SAFE-04"]
    assert all(r.needs and not r.because and not r.controversy for r in asked)
    assert found.missing


def test_without_a_fracture_the_advice_stays_information_and_asks_nothing() -> None:
    found = advice({}, assessment(normal(Level.T12), normal(Level.L1)))
    assert ids(found) == ["GEN-06", "GEN-04", "GEN-05", "NOTE-01", "NOTE-03"]
    assert not found.missing
    assert not found.caveats


def test_evidence_header_always_stands() -> None:
    for values in ({}, FRACTURE, {"cervical_level": True}, {"infection_suspected": True}):
        assert {"GEN-04", "GEN-05", "GEN-06"} <= set(ids(advice(values)))


def test_arms_follow_in_clinical_order_with_safety_first() -> None:
    values = (
        FRACTURE | OSTEOPOROTIC | {"asia_grade": "D", "considering_augmentation": True, "considering_surgery": True}
    )
    places = [ARMS.index(r.arm) for r in advice(values | {"cement_allergy": False}).recommendations]
    assert places == sorted(places)
    assert set(places) == set(range(len(ARMS)))


def test_a_red_flag_comes_before_the_questions_for_the_others() -> None:
    assert ids(advice(FRACTURE | {"malignancy_suspected": True}))[:2] == ["SAFE-03", "GEN-07"]


def test_an_unknown_red_flag_withholds_an_invasive_option_and_not_the_rest() -> None:
    found = advice(FRACTURE | {"stability": "unstable"})
    assert "SUR-02" in found.undecided
    assert {"OPT-01", "EX-05"} & set(ids(found)) == {"OPT-01"}  # an unstable fracture stops exercise
    assert "infection_suspected" in found.missing


def test_a_red_flag_withholds_what_it_excludes_and_says_so() -> None:
    found = advice(FRACTURE | {"infection_suspected": True, "pain_vas": 6})
    assert {r.arm for r in found.recommendations} == {"safety", "general"}
    assert "PAIN-01" in found.withheld
    (caveat,) = [c for c in found.caveats if c.code == "advice-withheld"]
    assert caveat.must_see
    assert caveat.text.startswith("Infection suspected: ")
    assert "PAIN-01" in caveat.text


def test_reasons_name_value_and_origin_from_image_context_and_inference() -> None:
    seen = assessment(fracture(Level.T12, acuity="acute", stability="stable"))
    (con,) = [r for r in advice({"asia_grade": "E"}, seen).recommendations if r.rule == "CON-02"]
    assert con.because == (
        Reason(fact="fracture_present", value=True, origin="finding: T12 fractured"),
        Reason(fact="acuity", value="acute", origin="finding: T12 acute"),
        Reason(fact="neurological_deficit", value=False, origin="derived: from asia_grade E"),
    )


def test_reasons_hold_only_what_the_truth_rests_on() -> None:
    values = FRACTURE | {"pain_vas": 6, "hypertension": True, "renal_disease": False}
    (nsaid,) = [r for r in advice(values).recommendations if r.rule == "PAIN-02"]
    assert [r.fact for r in nsaid.because] == ["fracture_present", "pain_vas", "hypertension"]


def test_needs_leave_out_what_is_known_and_what_a_safety_question_asks() -> None:
    (rest,) = [r for r in advice(FRACTURE | {"mobilisation": "bed"}).recommendations if r.rule == "CON-05"]
    assert rest.needs == ("bed_rest_days",)


def test_context_that_overrides_an_image_says_so() -> None:
    seen = assessment(fracture(Level.L1, cleft=True))
    found = advice({"cleft": False, "osteonecrosis": False}, seen)
    assert "VA-10" not in ids(found)
    (caveat,) = [c for c in found.caveats if c.code == "context-overrides-image"]
    assert caveat.text == "Cleft: the images say true, the context says false; the context was used."
    assert caveat.must_see


def test_context_that_agrees_with_the_images_or_fills_a_gap_needs_no_caveat() -> None:
    seen = assessment(fracture(Level.L1, cleft=True))
    codes = {c.code for c in advice({"cleft": True, "stability": "stable"}, seen).caveats}
    assert codes == {"advice-incomplete"}


def test_what_follows_from_a_statement_overrides_an_image_and_says_so() -> None:
    found = advice({"index_level": "C5"}, assessment(fracture(Level.L1)))
    assert "GEN-07" in ids(found)
    assert [c.text for c in found.caveats if c.code == "context-overrides-image"] == [
        "Index level: the images say L1, the context says C5; the context was used.",
        "Cervical level: the images say false, the context says true; the context was used.",
    ]


def test_index_level_elsewhere_does_not_clear_a_cervical_fracture_that_the_images_show() -> None:
    found = advice({"index_level": "L1"}, assessment(fracture(Level.C6), fracture(Level.L1)))
    assert ids(found)[0] == "GEN-07"


def test_statement_against_what_is_presumed_from_images_is_used_and_told() -> None:
    seen = assessment(fracture(Level.L1, cleft=True, stability="unstable"))
    found = advice(OSTEOPOROTIC | {"chronic_pseudarthrosis": False}, seen)
    assert "SUR-04" not in ids(found)
    (caveat,) = [c for c in found.caveats if c.code.startswith("context-overrides")]
    assert "true would follow from cleft = true, stability = unstable" in caveat.text


def test_incomplete_advice_says_how_much_it_could_not_consider() -> None:
    found = advice(FRACTURE)
    (caveat,) = [c for c in found.caveats if c.code == "advice-incomplete"]
    assert caveat.text.startswith(f"Not considered: {len(found.undecided)} of {len(rule_book().rules)} records")


def test_missing_ranks_facts_by_the_rules_that_each_alone_would_decide() -> None:
    found = advice(FRACTURE | OSTEOPOROTIC)
    tried: dict[str, list[Any]] = {
        "considering_augmentation": [True, False],
        "care_setting": ["limited resources", "full resources"],
        "calcitonin": ["no", "taking"],
        "stability": ["stable", "unstable"],
    }
    decided = {}
    for name, values in tried.items():
        left = [set(advice(FRACTURE | OSTEOPOROTIC | {name: value}).undecided) for value in values]
        decided[name] = len(found.undecided) - len(set.intersection(*left))
    ranked = [decided[name] for name in found.missing if name in tried]
    assert ranked == sorted(decided.values(), reverse=True)
    assert ranked[0] > ranked[-1]


def test_missing_holds_only_facts_that_can_be_answered() -> None:
    facts = rule_book().facts
    assert all(facts[name].question for name in advice({}).missing)


def test_unknown_field_in_a_context_made_by_hand_is_refused() -> None:
    with pytest.raises(ContextError, match='unknown field "pain"; did you mean "pain_vas"'):
        recommend(NOTHING_SEEN, (), Context(values={"pain": 6.0}))


def test_explanation_is_a_tree_with_the_value_of_each_leaf() -> None:
    seen = assessment(fracture(Level.L1, cleft=True))
    found = explain("VA-11", seen, (), check_context(OSTEOPOROTIC))
    assert found.status is Status.UNDECIDED
    assert found.unknown == ("stability",)
    assert found.lines() == (
        "VA-11 can't be decided",
        "  all of: can't tell",
        "    fracture_present is true: yes (true; finding: L1 fractured)",
        "    cleft is true: yes (true; finding: L1 cleft)",
        "    unstable is true: can't tell",
        "      stability is unstable: can't tell (unknown)",
        "  withheld by (only when true)",
        "    cervical_level is true: no (false; context: cervical_level)",
        "    infection_suspected is true: no (false; derived: from cause osteoporotic)",
        "    malignancy_suspected is true: no (false; derived: from cause osteoporotic)",
    )


def test_explanation_of_an_invasive_option_names_the_red_flags_still_unknown() -> None:
    found = explain("SUR-03", NOTHING_SEEN, (), check_context(FRACTURE | {"pain_intractable": True}))
    assert found.status is Status.UNDECIDED
    assert found.unknown == ("cervical_level", "infection_suspected", "malignancy_suspected")
    assert "  withheld by (also while unknown)" in found.lines()


def test_explaining_an_unknown_rule_names_the_nearest() -> None:
    with pytest.raises(InputError, match='no rule "VA-99"; did you mean "VA-09"'):
        explain("VA-99", NOTHING_SEEN, (), Context())
