"""The inventory's 14 acceptance vignettes as data: what is known, and what must and must not be said.

What a vignette calls "fully assessed", "planned" or "osteoporotic" is stated as such; nothing else is added but what
a comment says.
"""

from dataclasses import dataclass
from typing import Any

from ovf_imaging.knowledge.rules import rule_book
from ovf_imaging.types import Assessment, Level, Shape
from tests.recommend.cases import NOTHING_SEEN, assessment, fracture, normal

Values = dict[str, Any]
OPTIONS = {rule.id for rule in rule_book().rules if rule.invasive}
AUGMENTATION = {"VA-06", "VA-07", "VA-15"}
METHODS = {f"METH-02.{n}" for n in range(1, 6)}
CARE = {"CON-01", "CON-02", "PAIN-01", "PAIN-02", "EX-01", "OPT-01", "OPT-02", *(f"BRACE-0{n}" for n in range(1, 8))}
COMPLICATIONS = {"VAC-01", "VAC-02", "VAC-03", "VAC-04", "VAC-05", *(f"LEAK-{n}" for n in range(1, 7)), "ASF-01"}
QUESTIONS = {"SAFE-01", "SAFE-02", "SAFE-03", "SAFE-04"}


@dataclass(frozen=True, kw_only=True)
class Vignette:
    """One case and what the advice on it must hold."""

    values: Values
    seen: Assessment = NOTHING_SEEN
    present: set[str]
    absent: set[str]
    asked: frozenset[str] = frozenset()  # facts that must be among the missing
    undecided: frozenset[str] = frozenset()


PAINFUL_T12: Values = {
    "age_years": 72, "sex": "F", "cause": "osteoporotic", "fracture_age_weeks": 2, "pain_vas": 6, "asia_grade": "E",
    "hypertension": True, "coronary_disease": True,
}  # fmt: skip
T12_STABLE = assessment(
    normal(Level.T11), fracture(Level.T12, 0.28, cleft=False, acuity="acute", stability="stable"), normal(Level.L1)
)
GATES_ANSWERED: Values = {"coagulopathy": False, "cement_allergy": False}
FAILED_AT_TEN_WEEKS = PAINFUL_T12 | GATES_ANSWERED | {
    "fracture_age_weeks": 10, "pain_vas": 8, "analgesics": ["paracetamol", "tramadol"], "general_condition": "good",
    "first_line_analgesia_failed": True, "conservative_response": "none", "pain_intractable": True,
}  # fmt: skip
FIGURE_1 = assessment(
    fracture(Level.T11), fracture(Level.T12),
    fracture(Level.L1, 0.6, cleft=True, cleft_kind="fluid", stability="unstable"),
    fracture(Level.L2, 0.6, cleft=True, cleft_kind="fluid", stability="unstable"),
)  # fmt: skip
FIGURE_2: Values = {
    "age_years": 75, "sex": "F", "cause": "osteoporotic", "kyphosis_progressing": True,
    "previous_augmentation": True, "pain_intractable": True, "cement_allergy": False,
}  # fmt: skip
FIGURE_3 = assessment(fracture(Level.T12, 0.8, shape=Shape.PLANA))
FIGURE_3_CONTEXT: Values = {"age_years": 74, "sex": "M", "cause": "osteoporotic", "severe_kyphosis": True}
BURST = GATES_ANSWERED | {"cause": "osteoporotic", "fracture_type": "burst", "asa": 4}
L1_STABLE = assessment(fracture(Level.L1, stability="stable"))
SCREWS: Values = {"fracture_present": True, "cause": "osteoporotic", "pedicle_screws": True}
CEMENTED = SCREWS | {"cement_augmented_screws": True, "pedicle_diameter_mm": 8.0}

VIGNETTES = {
    "V1": Vignette(values=PAINFUL_T12, seen=T12_STABLE, present=CARE, absent=OPTIONS),
    "V2": Vignette(
        values=FAILED_AT_TEN_WEEKS,
        seen=T12_STABLE,
        present={"PAIN-04", "PAIN-05", "VA-15", "VA-14", "SUR-03", *COMPLICATIONS},
        absent={"VA-06"},
    ),
    "V3": Vignette(
        values={"age_years": 84, "sex": "M", "cause": "osteoporotic", "pain_vas": 8},
        seen=FIGURE_1,
        present={"SAFE-01", "SUR-02", "SUR-04", "VA-10", "VA-11"},
        absent=AUGMENTATION,
        asked=frozenset({"neurological_deficit"}),
    ),
    "V4": Vignette(
        values=FIGURE_2,
        seen=assessment(fracture(Level.T12, 0.5)),
        present={"REF-01", "REF-02c", "SUR-03", "METH-03", "BSI-01", *METHODS},
        absent=AUGMENTATION,
        asked=frozenset({"stability", "neurological_deficit", "cement_pattern"}),
    ),
    "V5, neurology unknown": Vignette(
        values=FIGURE_3_CONTEXT,
        seen=FIGURE_3,
        present={"SAFE-01", "SUR-05-OR"},
        absent={"SUR-05", "SUR-06", "PROG-05"},
        asked=frozenset({"neurological_deficit"}),
    ),
    "V5, ASIA C": Vignette(
        values=FIGURE_3_CONTEXT | {"asia_grade": "C"},
        seen=FIGURE_3,
        present={"SAFE-01", "SUR-05", "PROG-05", "HU-01", "HU-02", "HOOK-01"},
        absent={"CON-02", *AUGMENTATION},
    ),
    "V6a": Vignette(
        values=BURST | {"asia_grade": "E"}, seen=L1_STABLE, present={"VA-06", "VA-08", "VA-09"}, absent={"SUR-06"}
    ),
    "V6b": Vignette(  # the review speaks of late deficits only
        values=BURST | {"asia_grade": "D", "deficit_delayed": True},
        seen=L1_STABLE,
        present={"SUR-06", "SAFE-01"},
        absent={"VA-06"},
    ),
    "V6b, onset unknown": Vignette(
        values=BURST | {"asia_grade": "D"},
        seen=L1_STABLE,
        present={"SAFE-01"},
        absent={"VA-06", "SUR-06"},
        undecided=frozenset({"SUR-06"}),
    ),
    "V7": Vignette(
        values={
            "cause": "osteoporotic", "fracture_age_weeks": 8, "asia_grade_previous": "E", "asia_grade": "D",
            "static_images_explain": False,
        },
        seen=assessment(fracture(Level.L1)),
        present={"SUR-06", "SUR-07", "SUR-08"},
        absent={"CON-02", *AUGMENTATION},
    ),
    "V8a": Vignette(values=SCREWS | {"bmd_g_cm2": 0.25}, present={"HOOK-03", "HOOK-06"}, absent=set()),
    "V8b": Vignette(
        values=SCREWS | {"t_score": -3.8},
        present={"FIX-04"},
        absent={"HOOK-03", "HOOK-06"},
        asked=frozenset({"bmd_g_cm2"}),
        undecided=frozenset({"HOOK-03", "HOOK-06"}),
    ),
    "V9a": Vignette(
        values=CEMENTED | {"screw_diameter_mm": 6.5, "cement_type": "hydroxyapatite"},
        present={"SCR-01", "SCR-02", "BSI-04", "BSI-06"},
        absent=set(),
    ),
    "V9b": Vignette(
        values=CEMENTED | {"screw_diameter_mm": 5.5, "cement_type": "PMMA"},
        present={"SCR-01", "BSI-04"},
        absent={"SCR-02", "BSI-06"},
    ),
    "V10": Vignette(
        values={
            "fracture_present": True, "considering_surgery": True, "apex": "T12", "kyphosis_upper": "T10",
            "kyphosis_lower": "L2", "upper_end": "T11", "points_above": 2, "points_below": 3,
        },
        present={"HU-01", "FIX-03", "FIX-04"},
        absent=set(),
    ),
    "V11": Vignette(
        values={
            "cause": "osteoporotic", "previous_augmentation_type": "kyphoplasty", "previous_augmentation_level": "L1",
            "days_since_augmentation": 30, "pain_vas": 6, "new_adjacent_fracture": True,
        },
        seen=assessment(fracture(Level.L2, acuity="acute")),
        present={"ASF-01", "ASF-03", "ASF-06", "ASF-07", "OPT-01", "OPT-02", "CON-01", "VA-16", "SUR-01"},
        absent={"ASF-08"},
    ),
    "V12": Vignette(
        values={
            "cause": "osteoporotic", "fracture_present": True, "previous_fusion": "posterior",
            "asia_grade_previous": "C", "parkinson": True, "rheumatoid_arthritis": True, "bisphosphonate": "taking",
            "teriparatide": "no",
        },
        present={"PROG-04", "PROG-05", "HEAL-10", "HEAL-02", "HEAL-04", "HEAL-05"},
        absent={"HEAL-11"},
    ),
    "V13": Vignette(
        values={"fracture_present": True, "index_level": "C5", "pain_vas": 9, "considering_augmentation": True},
        present={"GEN-07"},
        absent={rule.id for rule in rule_book().rules if rule.arm not in ("safety", "general")} | {"GEN-01", "GEN-08"},
    ),
    "V14": Vignette(
        values={},
        seen=assessment(normal(Level.T12), fracture(Level.L1, 0.45, grade=3), normal(Level.L2)),
        present={"OPT-01", *QUESTIONS},
        absent=OPTIONS | {"CON-02"},
        asked=frozenset({"neurological_deficit", "stability", "acuity", "pain_vas", "cleft", "general_condition"}),
    ),
}  # fmt: skip
