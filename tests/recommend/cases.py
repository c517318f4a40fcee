"""Small findings and contexts that the tests of the recommend room share."""

from collections.abc import Mapping
from typing import Any

from ovf_imaging.recommend import Advice, Status, check_context, explain, recommend
from ovf_imaging.types import Assessment, Context, Finding, Level

NOTHING_SEEN = Assessment()
FRACTURE: dict[str, Any] = {"fracture_present": True}
NO_FRACTURE: dict[str, Any] = {"fracture_present": False}
OSTEOPOROTIC: dict[str, Any] = {"cause": "osteoporotic", "cervical_level": False}
RED_FLAGS: dict[str, dict[str, Any]] = {  # what to state so that a fact of `excluded_by` is true
    "cervical_level": {"cervical_level": True},
    "infection_suspected": {"infection_suspected": True},
    "malignancy_suspected": {"malignancy_suspected": True},
    "neurological_deficit": {"neurological_deficit": True},
    "unstable": {"stability": "unstable"},
    "chronic_pseudarthrosis": {"chronic_pseudarthrosis": True},
    "pain_intractable": {"pain_intractable": True},
    "coagulopathy": {"coagulopathy": True},
    "cement_allergy": {"cement_allergy": True},
    "collapse_with_deficit_and_kyphosis": {"severe_collapse": True, "neurological_deficit": True, "kyphosis": True},
}


def context(**values: Any) -> Context:
    return check_context(values)


def advice(values: Mapping[str, Any], assessment: Assessment = NOTHING_SEEN) -> Advice:
    return recommend(assessment, (), check_context(values))


def ids(advice: Advice) -> list[str]:
    return [r.rule for r in advice.recommendations]


def status(rule: str, values: Mapping[str, Any], assessment: Assessment = NOTHING_SEEN) -> Status:
    return explain(rule, assessment, (), check_context(values)).status


def fracture(level: Level, loss: float = 0.3, **more: Any) -> Finding:
    return Finding(level=int(level), height_loss=loss, fractured=True, **more)


def normal(level: Level) -> Finding:
    return Finding(level=int(level), height_loss=0.02, grade=0, fractured=False, cleft=False)


def assessment(*findings: Finding) -> Assessment:
    return Assessment(findings=findings)
