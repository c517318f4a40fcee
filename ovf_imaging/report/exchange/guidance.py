"""The advice on a case as FHIR: what applies as a RequestGroup, and the GuidanceResponse that it answers."""

from __future__ import annotations

from ovf_imaging.report.exchange.elements import (
    PLAN,
    Element,
    action,
    arm_code,
    canonical,
    case_id,
    coding,
    device,
    doubts,
    marked,
    notes,
    questions,
    timed,
)
from ovf_imaging.report.words import arm_title, basis, caveat_text, panel_basis, phrase
from ovf_imaging.types import Case, Panel


def request_group(case: Case) -> Element:
    """Return the statements that apply, arm by arm, as proposals; it names no patient."""
    texts = {item.rule: item.text for item in case.recommendations}
    arms = []
    for arm in dict.fromkeys(item.arm for item in case.recommendations):
        items = [item for item in case.recommendations if item.arm == arm]
        arms.append(
            {
                "title": arm_title(arm),
                "code": [{"coding": [arm_code(arm)]}],
                "groupingBehavior": "visual-group",
                "action": [action(item, basis(item, texts=texts)) for item in items],
            }
        )
    return {
        "resourceType": "RequestGroup",
        "id": case_id(case),
        "meta": marked(),
        "instantiatesCanonical": [canonical(PLAN)],
        "status": "draft",
        "intent": "proposal",
        **timed(case, "authoredOn"),
        "author": device(case),
        "note": notes(),
        **({"action": arms} if arms else {}),
    }


def guidance_response(case: Case) -> Element:
    """Return what became of the question for advice: its result, its caveats, and which answers would decide more."""
    messages = _messages(case)
    return {
        "resourceType": "GuidanceResponse",
        "id": case_id(case),
        "meta": marked(),
        **({"contained": [messages]} if messages["issue"] else {}),
        "moduleCanonical": canonical(PLAN),
        "status": "data-requested" if case.missing else "success",
        **timed(case, "occurrenceDateTime"),
        "performer": device(case),
        "note": [*notes(), *(_other(panel) for panel in case.others)],
        **({"evaluationMessage": [{"reference": f"#{messages['id']}"}]} if messages["issue"] else {}),
        "result": {"reference": f"RequestGroup/{case_id(case)}"},
        **({"dataRequirement": [questions(case.missing)]} if case.missing else {}),
    }


def _other(panel: Panel) -> Element:
    lines = [*panel.says, *(f"{name}: {what}" for name, what in panel_basis(panel))]
    return {"text": "\n".join([f"{phrase('document', 'others')}: {panel.title} ({panel.status})", *lines])}


def _messages(case: Case) -> Element:
    issues = [
        {
            "severity": "warning" if caveat.must_see else "information",
            "code": "informational",
            "details": {"coding": [coding("caveat", caveat.code, caveat.code)], "text": caveat_text(caveat)},
        }
        for caveat in doubts(case)
    ]
    return {"resourceType": "OperationOutcome", "id": "messages", "issue": issues}
