"""What the FHIR resources of this room share: names, codes, the mark of the rule set, how they are written.

They are FHIR R4B, and R4 as well: they use nothing in which the two differ. Servers and CDS Hooks clients speak R4; R5
has no RequestGroup.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from ovf_imaging.knowledge.exchange import exchange
from ovf_imaging.knowledge.rules import rule_set
from ovf_imaging.report.words import arm_title, evidence, label, phrase, question, source, study_mark
from ovf_imaging.types import Case, Caveat, Recommendation, RuleKind

Element = dict[str, Any]
PROGRAM = "ovf-imaging"
QUESTIONNAIRE, PLAN = "Questionnaire/ovf-imaging-context", "PlanDefinition/ovf-imaging-rules"


def written(resource: Mapping[str, Any]) -> bytes:
    """Return a resource as the bytes of its file; equal resources give equal bytes."""
    return (json.dumps(resource, indent=1, allow_nan=False, ensure_ascii=False) + "\n").encode()


def coding(system: str, code: str, display: str) -> Element:
    """Return a code of one of our own systems."""
    return {"system": exchange().name(f"CodeSystem/{system}"), "code": code, "display": display}


def marked() -> Element:
    """Return the meta element that says which rule set a resource rests on."""
    rules = rule_set()
    tag = coding("rule-set", rules.sha256, f"{PROGRAM} rule set {rules.version}, sha256")
    return {"tag": [{**tag, "version": rules.version}]}


def definition(path: str, title: str) -> Element:
    """Return the head of a PlanDefinition or Questionnaire."""
    kind, _, ident = path.partition("/")
    return {
        "resourceType": kind,
        "id": ident,
        "meta": marked(),
        "url": exchange().name(path),
        "version": rule_set().version,
        "name": "".join(part.capitalize() for part in ident.split("-")),
        "title": title,
        "status": "draft",
        "experimental": True,
    }


def canonical(path: str) -> str:
    """Return the canonical reference to a definition in its present version."""
    return f"{exchange().name(path)}|{rule_set().version}"


def case_id(case: Case) -> str:
    """Return the id of a case's resources; it names nobody."""
    return f"{PROGRAM}-{study_mark(case.study.uid)}"


def device(case: Case) -> Element:
    """Return the reference to the program that made a case."""
    return {"display": f"{PROGRAM} {case.provenance.version}"}


def timed(case: Case, key: str) -> Element:
    """Return {key: when the case was made}; nothing where no time or no zone is known."""
    made = case.provenance.made
    return {key: made.isoformat()} if made is not None and made.tzinfo is not None else {}


def doubts(case: Case) -> tuple[Caveat, ...]:
    """Return the caveats of the advice, without the prior study's own: a file's name in those may be a patient's."""
    of_files = {caveat.code for caveat in case.prior.caveats} if case.prior is not None else set()
    return tuple(caveat for caveat in case.caveats if caveat.code not in of_files)


def notes() -> list[Element]:
    """Return what every reader of advice must know."""
    return [{"text": phrase("document", key)} for key in ("research_use", "decision_support")]


def action(item: Recommendation, lines: Iterable[tuple[str, str]]) -> Element:
    """Return a statement as an action of a plan or a group of requests, with the lines that explain it."""
    return {
        "id": item.rule,
        "title": f"{label('kinds', item.kind)} · {arm_title(item.arm)} · {item.rule}",
        "description": item.text,
        "textEquivalent": "\n".join([item.text, *(f"{name}: {what}" for name, what in (*lines, *evidence(item)))]),
        "code": [{"coding": [kind_code(item.kind)]}, {"coding": [arm_code(item.arm)]}],
        "documentation": [{"type": "citation", "display": authority(item), "citation": source(item)}],
    }


def kind_code(kind: RuleKind) -> Element:
    """Return the code of a statement's kind."""
    return coding("kind", kind, label("kinds", kind))


def arm_code(arm: str) -> Element:
    """Return the code of the part of the advice that a statement belongs to."""
    return coding("arm", arm, arm_title(arm))


def authority(item: Recommendation) -> str:
    """Return who says it: the review, or this project where a rule is its own."""
    return PROGRAM if item.evidence_type == "project rule" else exchange().review


def questions(names: Iterable[str]) -> Element:
    """Return the requirement of answers to the questions for some facts."""
    system = exchange().name(QUESTIONNAIRE)
    codes = [{"system": system, "code": name, "display": question(name)} for name in names]
    return {"type": "QuestionnaireResponse", "codeFilter": [{"path": "item.linkId", "code": codes}]}
