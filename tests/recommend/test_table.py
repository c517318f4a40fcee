"""Every record has a case in which it applies, one in which it does not, and one that can't be decided."""

from typing import Any

import pytest

from ovf_imaging.knowledge.conditions import Always
from ovf_imaging.knowledge.rules import rule_book
from ovf_imaging.recommend import Status
from tests.recommend.cases import FRACTURE, NO_FRACTURE, OSTEOPOROTIC, RED_FLAGS, status

Values = dict[str, Any]
PAIN = FRACTURE | {"pain_vas": 6}
ACUTE = FRACTURE | {"acuity": "acute"}
BURST = FRACTURE | OSTEOPOROTIC | {"fracture_type": "burst", "cement_allergy": False, "coagulopathy": False}
CEMENT = FRACTURE | {"considering_augmentation": True}
FAILED_CARE = PAIN | OSTEOPOROTIC | {"conservative_failed": True, "general_condition": "good", "stability": "stable"}
FAILED_CARE |= {"neurological_deficit": False, "coagulopathy": False, "cement_allergy": False}
SURGERY = FRACTURE | OSTEOPOROTIC | {"considering_surgery": True, "cement_allergy": False}
NO_SURGERY = FRACTURE | {"considering_surgery": False}
SCREWS = SURGERY | {"pedicle_screws": True}
CEMENTED = SURGERY | {"cement_augmented_screws": True}
NO_INDICATION = NO_SURGERY | {"asia_grade": "E", "chronic_pseudarthrosis": False, "pain_intractable": False}
NO_INDICATION |= {"stability": "stable"}
ENDS = FRACTURE | {"kyphosis_upper": "T10", "kyphosis_lower": "L2", "upper_end": "T9", "lower_end": "L3"}
FUSED = FRACTURE | {"previous_fusion": "posterior"}
BISPHOSPHONATE = FRACTURE | {"bisphosphonate": "taking"}
TERIPARATIDE = FRACTURE | {"teriparatide": "considered"}
LATE_DEFICIT = FRACTURE | OSTEOPOROTIC | {"asia_grade_previous": "E", "asia_grade": "D"}
NOT_BURST = FRACTURE | OSTEOPOROTIC | {"fracture_type": "wedge"}

# ids, applies, does not apply, can't be decided
ROWS: list[tuple[str, Values, Values, Values]] = [
    ("GEN-01 GEN-02 GEN-03 GEN-08 SUR-01 OPT-01 OPT-02 VA-16 ASF-02", FRACTURE, NO_FRACTURE, {}),
    ("EX-01 EX-02 EX-03 EX-04 EX-05 EX-06 EX-07", FRACTURE, NO_FRACTURE, {}),
    ("GEN-07", {"index_level": "C5"}, {"index_level": "L1"}, FRACTURE),
    ("SAFE-01", {"asia_grade": "C"}, {"asia_grade": "E"}, {"asia_grade_previous": "C"}),
    ("SAFE-02", {"cause": "infection"}, {"cause": "osteoporotic"}, {"cause": "uncertain"}),
    ("SAFE-03", {"cause": "malignancy"}, {"cause": "osteoporotic"}, {"cause": "uncertain"}),
    ("SAFE-04", FRACTURE | {"stability": "unstable"}, FRACTURE | {"stability": "stable"}, FRACTURE),
    ("SAFE-05", CEMENT | {"coagulopathy": True}, CEMENT | {"coagulopathy": False}, CEMENT),
    ("SAFE-06", CEMENT | {"cement_allergy": True}, CEMENT | {"cement_allergy": False}, CEMENT),
    # conservative care
    ("CON-02 CON-04", ACUTE | {"asia_grade": "E"}, ACUTE | {"asia_grade": "D"}, ACUTE),
    (
        "CON-03",
        FRACTURE | {"care_setting": "limited resources"},
        FRACTURE | {"care_setting": "full resources"},
        FRACTURE,
    ),
    (
        "CON-05",
        FRACTURE | {"mobilisation": "bed"},
        FRACTURE | {"acuity": "not acute", "mobilisation": "walks", "bed_rest_days": 0},
        FRACTURE | {"acuity": "not acute"},
    ),
    (
        "CON-01",
        FRACTURE | {"fracture_age_weeks": 12},
        FRACTURE | {"fracture_age_weeks": 12.1, "acuity": "not acute"},
        FRACTURE | {"fracture_age_weeks": 13},
    ),
    ("PAIN-01 PAIN-06 PAIN-07", PAIN, FRACTURE | {"pain_vas": 0}, FRACTURE),
    (
        "PAIN-02",
        PAIN | {"coronary_disease": True},
        FRACTURE | {"pain_vas": 0, "nsaid": "no"},
        PAIN | {"hypertension": False},
    ),
    ("PAIN-03", FRACTURE | {"analgesics": ["nsaid"]}, FRACTURE | {"nsaid": "no"}, FRACTURE),
    ("PAIN-04", PAIN | {"first_line_analgesia_failed": True}, PAIN | {"first_line_analgesia_failed": False}, PAIN),
    (
        "PAIN-05",
        FRACTURE | {"opioid": "considered"},
        PAIN | {"opioid": "no", "first_line_analgesia_failed": False},
        PAIN | {"opioid": "no"},
    ),
    ("PAIN-08", FRACTURE | {"calcitonin": "taking"}, FRACTURE | {"calcitonin": "no"}, FRACTURE),
    (
        "BRACE-01 BRACE-02 BRACE-03 BRACE-04 BRACE-05 BRACE-06 BRACE-07",
        FRACTURE | {"brace": "in use"},
        FRACTURE | {"brace": "no", "acuity": "not acute"},
        FRACTURE | {"brace": "no"},
    ),
    # augmentation
    (
        "VA-01 VA-03 VA-05 VA-09 VA-12 VA-13 VA-14 VAC-01 VAC-02 VAC-03 VAC-04 VAC-05",
        CEMENT,
        NO_FRACTURE | {"considering_augmentation": True},
        FRACTURE | {"considering_augmentation": False},
    ),
    (
        "LEAK-1 LEAK-2 LEAK-3 LEAK-4 LEAK-5 LEAK-6",
        FRACTURE | {"planned_procedure": "hybrid fixation"},
        NO_FRACTURE,
        FRACTURE,
    ),
    ("VA-02", CEMENT | {"acuity": "acute"}, CEMENT | {"acuity": "not acute"}, CEMENT),
    ("VA-04", CEMENT | {"kyphosis": True}, CEMENT | {"kyphosis": False, "sagittal_imbalance": False}, CEMENT),
    (
        "VA-06",
        BURST | {"asa": 4, "asia_grade": "E", "stability": "stable"},
        BURST | {"general_condition": "good", "asia_grade": "E", "stability": "stable"},
        BURST | {"asa": 4, "asia_grade": "E"},
    ),
    ("VA-07 METH-06", BURST, NOT_BURST, FRACTURE),
    ("VA-08", CEMENT, NO_FRACTURE, FRACTURE),
    (
        "VA-10",
        FRACTURE | {"osteonecrosis": True},
        FRACTURE | {"cleft": False, "osteonecrosis": False},
        FRACTURE | {"cleft": False},
    ),
    (
        "VA-11",
        FRACTURE | {"cleft": True, "stability": "unstable"},
        FRACTURE | {"cleft": True, "stability": "stable"},
        FRACTURE | {"cleft": True},
    ),
    (
        "VA-15",
        FAILED_CARE,
        FAILED_CARE | {"conservative_failed": False},
        {k: v for k, v in FAILED_CARE.items() if k != "stability"},
    ),
    ("REF-01 ASF-01 ASF-03 ASF-04 ASF-05 ASF-06 ASF-07", FRACTURE | {"previous_augmentation": True}, NO_FRACTURE, {}),
    ("REF-02a", CEMENT | {"cleft": True}, CEMENT | {"cleft": False}, CEMENT),
    ("REF-02b", CEMENT | {"severe_kyphosis": True}, CEMENT | {"severe_kyphosis": False}, CEMENT),
    ("REF-02c", CEMENT | {"index_level": "T12"}, CEMENT | {"index_level": "L3"}, CEMENT),
    ("REF-02d", CEMENT | {"cement_pattern": "solid lump"}, CEMENT | {"cement_pattern": "spread"}, CEMENT),
    ("REF-02e", CEMENT | {"much_height_restored": True}, CEMENT | {"much_height_restored": False}, CEMENT),
    ("ASF-08", CEMENT | {"prophylactic_augmentation": True}, CEMENT | {"prophylactic_augmentation": False}, CEMENT),
    # surgery
    (
        "SUR-02",
        FRACTURE | OSTEOPOROTIC | {"stability": "unstable"},
        FRACTURE | {"stability": "stable"},
        FRACTURE | OSTEOPOROTIC,
    ),
    (
        "SUR-03",
        FRACTURE | OSTEOPOROTIC | {"pain_intractable": True},
        FRACTURE | {"pain_intractable": False},
        FRACTURE | {"pain_intractable": True},  # the red flags are unknown
    ),
    (
        "SUR-04",
        FRACTURE | OSTEOPOROTIC | {"cleft": True, "stability": "unstable"},
        FRACTURE | {"cleft": True, "stability": "unstable", "chronic_pseudarthrosis": False},
        FRACTURE | OSTEOPOROTIC | {"cleft": True},
    ),
    (
        "SUR-05",
        FRACTURE | OSTEOPOROTIC | {"vertebra_plana": True, "asia_grade": "C", "severe_kyphosis": True},
        FRACTURE | {"vertebra_plana": True, "asia_grade": "E", "severe_kyphosis": True},
        FRACTURE | {"vertebra_plana": True, "severe_kyphosis": True},
    ),
    (
        "SUR-05-OR",
        FRACTURE | {"severe_collapse": True, "kyphosis": True},
        FRACTURE | {"severe_collapse": True, "kyphosis": False, "neurological_deficit": False},
        FRACTURE | {"severe_collapse": True, "kyphosis": False},
    ),
    ("SUR-06", LATE_DEFICIT, FRACTURE | {"asia_grade": "E"}, FRACTURE | OSTEOPOROTIC | {"asia_grade": "D"}),
    ("SUR-07 SUR-08", FRACTURE | {"asia_grade": "B"}, FRACTURE | {"asia_grade": "E"}, FRACTURE),
    (
        "METH-01 METH-02.1 METH-02.2 METH-02.3 METH-02.4 METH-02.5 METH-03 METH-04 METH-07 PROG-01 PROG-06",
        SURGERY,
        NO_FRACTURE,
        FRACTURE,
    ),
    (
        "METH-05",
        FRACTURE | {"planned_procedure": "posterior fusion"},
        FRACTURE | {"planned_procedure": "kyphoplasty"},
        FRACTURE,
    ),
    (
        "HU-00 HU-04 HOOK-05 FIX-04 " + " ".join(f"TAB-{n:02}" for n in range(1, 26)),
        SURGERY,
        NO_SURGERY,
        FRACTURE,
    ),
    ("SCR-01 SCR-03 FIX-01 FIX-02 FIX-05 BSI-02", SCREWS, SURGERY | {"pedicle_screws": False}, SURGERY),
    (
        "SCR-02",
        FRACTURE | {"pedicle_diameter_mm": 8, "screw_diameter_mm": 6.5},
        FRACTURE | {"pedicle_diameter_mm": 7, "screw_diameter_mm": 4.9},  # 70 % is not above 70 %
        FRACTURE | {"pedicle_diameter_mm": 8},
    ),
    (
        "FIX-03",
        FRACTURE | {"points_above": 2, "points_below": 3},
        FRACTURE | {"points_above": 3, "points_below": 3},
        FRACTURE | {"points_above": 3},
    ),
    ("BSI-01 HOOK-01 HOOK-02 HOOK-04", SURGERY, NO_INDICATION, NO_SURGERY),
    ("BSI-03 BSI-04", CEMENTED, SURGERY | {"cement_augmented_screws": False}, SURGERY),
    ("BSI-05", CEMENTED | {"cement_type": "hydroxyapatite"}, CEMENTED | {"cement_type": "other"}, CEMENTED),
    ("BSI-06", CEMENTED | {"cement_type": "other"}, CEMENTED | {"cement_type": "PMMA"}, CEMENTED),
    ("BSI-07 BSI-08", SURGERY | {"expandable_screws": True}, SURGERY | {"expandable_screws": False}, SURGERY),
    ("HOOK-03", SURGERY | {"bmd_g_cm2": 0.29}, SURGERY | {"bmd_g_cm2": 0.3}, SURGERY | {"t_score": -3.8}),
    (
        "HOOK-06",
        SURGERY | {"hooks": "only anchor"},
        SURGERY | {"hooks": "with screws", "bmd_g_cm2": 0.3},
        SURGERY | {"hooks": "with screws"},
    ),
    ("IBF-01", SURGERY | {"index_level": "L3"}, SURGERY | {"index_level": "T12"}, SURGERY),
    ("IBF-02 IBF-03", SURGERY | {"interbody_fusion": True}, SURGERY | {"interbody_fusion": False}, SURGERY),
    (
        "HU-01",
        ENDS | {"upper_end": "T11"},
        ENDS | {"kyphosis": False},
        {k: v for k, v in ENDS.items() if k != "lower_end"} | {"kyphosis": False},
    ),
    (
        "HU-02",
        SURGERY | {"planned_correction_deg": 20},
        SURGERY | {"planned_correction_deg": 0, "kyphosis": False, "large_correction_planned": False},
        SURGERY | {"kyphosis": False, "large_correction_planned": False},
    ),
    (
        "HU-03",
        FRACTURE | {"planned_procedure": "combined fusion"},
        FRACTURE | {"planned_procedure": "posterior fusion", "approach": "posterior"},
        FRACTURE | {"planned_procedure": "posterior fusion"},
    ),
    ("PROG-02", FUSED, NO_FRACTURE, FRACTURE),
    ("PROG-03", FUSED, NO_FRACTURE, FRACTURE),
    ("PROG-04", FUSED | {"parkinson": True}, NO_FRACTURE | {"parkinson": True}, FUSED | {"parkinson": False}),
    (
        "PROG-05",
        FUSED | {"teriparatide": "no"},
        FUSED
        | {
            "teriparatide": "taking",
            "asia_grade": "D",
            "asia_grade_previous": "E",
            "perioperative_complication": False,
        },
        FUSED | {"teriparatide": "taking"},
    ),
    # drugs
    ("HEAL-02 HEAL-03 HEAL-04 HEAL-05", BISPHOSPHONATE, FRACTURE | {"bisphosphonate": "no"}, FRACTURE),
    ("HEAL-06 HEAL-07", TERIPARATIDE, FRACTURE | {"teriparatide": "no"}, FRACTURE),
    (
        "HEAL-01 HEAL-08 HEAL-09",
        TERIPARATIDE,
        FRACTURE | {"teriparatide": "no", "bisphosphonate": "no"},
        FRACTURE | {"teriparatide": "no"},
    ),
    ("HEAL-10", FUSED, FRACTURE | {"previous_fusion": "none", "planned_procedure": "none"}, FRACTURE),
]
CASES = [pytest.param(rule, *row, id=rule) for names, *row in ROWS for rule in names.split()]


@pytest.mark.parametrize(("rule", "applies", "silent", "undecided"), CASES)
def test_record_applies_is_silent_and_stays_undecided(
    rule: str, applies: Values, silent: Values, undecided: Values
) -> None:
    assert status(rule, applies) is Status.APPLIES
    assert status(rule, silent) is Status.SILENT
    assert status(rule, undecided) is Status.UNDECIDED


@pytest.mark.parametrize(("rule", "applies", "silent", "undecided"), CASES)
def test_record_is_stopped_by_each_of_its_red_flags(
    rule: str, applies: Values, silent: Values, undecided: Values
) -> None:
    for flag in rule_book().rule(rule).excluded_by:
        raised = RED_FLAGS[flag]
        clashing = {"cause", "asia_grade"} if flag.endswith("suspected") or "deficit" in flag else set[str]()
        values = {k: v for k, v in applies.items() if k not in clashing | {"index_level", "deficit_delayed"}}
        assert status(rule, values | raised) in (Status.WITHHELD, Status.SILENT)


STOPPED = {
    "neurological_deficit": "CON-02 CON-03 CON-04 EX-01 EX-04 EX-05 VA-06 VA-15",
    "unstable": "CON-02 CON-03 CON-04 EX-01 EX-04 EX-05 VA-06 VA-15",
    "coagulopathy": "VA-06 VA-07 VA-15 METH-06",
    "cement_allergy": "VA-06 VA-07 VA-15 METH-02.5 METH-06 BSI-02",
    "chronic_pseudarthrosis": "CON-02 CON-04",
    "pain_intractable": "CON-02 CON-04",
    "collapse_with_deficit_and_kyphosis": "CON-02 CON-04",
}


@pytest.mark.parametrize("flag", sorted(RED_FLAGS))
def test_each_red_flag_stops_just_these_records(flag: str) -> None:
    stopped = {rule.id for rule in rule_book().rules if flag in rule.excluded_by}
    if flag in STOPPED:
        assert stopped == set(STOPPED[flag].split())
    else:  # a fracture outside the review: all but the safety records and the header stop
        assert stopped == {rule.id for rule in rule_book().rules if rule.topic not in ("safety", "header")}


def test_table_holds_every_record_but_those_that_always_apply() -> None:
    rules = rule_book().rules
    listed = [rule for names, *_ in ROWS for rule in names.split()]
    assert sorted(listed) == sorted(r.id for r in rules if r.when != Always())
    assert len(listed) == len(set(listed))


@pytest.mark.parametrize("rule", ["GEN-04", "GEN-05", "GEN-06", "NOTE-01", "NOTE-03"])
def test_header_applies_whatever_is_known(rule: str) -> None:
    for values in ({}, FRACTURE, NO_FRACTURE, {"cervical_level": True}):
        assert status(rule, values) is Status.APPLIES
