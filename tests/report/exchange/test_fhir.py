"""The FHIR resources: what they say, that they agree with each other, and that they are valid R4B."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class

from ovf_imaging.knowledge.conditions import Place, clause, facts_in, parse_condition
from ovf_imaging.knowledge.rules import rule_book, rule_set
from ovf_imaging.report.exchange.elements import written
from ovf_imaging.report.exchange.guidance import guidance_response, request_group
from ovf_imaging.report.exchange.plan import plan_definition
from ovf_imaging.report.exchange.questionnaire import questionnaire
from ovf_imaging.types import Level, Panel
from tests.recommend.cases import fracture
from tests.report.exchange.build import UID, case, leaves

FRACTURE = case({"pain_vas": 6, "asia_grade": "E"}, fracture(Level.L1, 0.3))
INFECTED = case({"infection_suspected": True, "pain_vas": 8}, fracture(Level.L1, 0.3))
SILENT = case({}, recommendations=(), missing=(), caveats=(), others=())
RESOURCES: dict[str, dict[str, Any]] = {
    "plan": plan_definition(),
    "questionnaire": questionnaire(),
    "requests": request_group(FRACTURE),
    "requests, infection": request_group(INFECTED),
    "requests, none": request_group(SILENT),
    "guidance": guidance_response(FRACTURE),
    "guidance, infection": guidance_response(INFECTED),
    "guidance, none": guidance_response(SILENT),
}


@pytest.mark.parametrize("resource", RESOURCES.values(), ids=RESOURCES)
def test_resource_is_valid(resource: dict[str, Any]) -> None:
    model = get_fhir_model_class(resource["resourceType"]).model_validate_json(written(resource))
    assert type(model).__name__ == resource["resourceType"]


@pytest.mark.parametrize("resource", RESOURCES.values(), ids=RESOURCES)
def test_resource_names_itself_and_the_rule_set(resource: dict[str, Any]) -> None:
    assert re.fullmatch(r"[A-Za-z0-9.-]{1,64}", resource["id"])  # FHIR's type `id`
    (tag,) = resource["meta"]["tag"]
    assert (tag["version"], tag["code"]) == (rule_set().version, rule_set().sha256)


@pytest.mark.parametrize("resource", RESOURCES.values(), ids=RESOURCES)
def test_nothing_is_empty(resource: dict[str, Any]) -> None:
    """FHIR allows no empty text, list or object."""

    def check(value: Any) -> None:
        assert value not in ("", [], {}, None)
        for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            check(inner)

    check(resource)


def test_plan_has_one_action_a_record_and_its_condition_can_be_read_back() -> None:
    book = rule_book()
    types = {name: spec.type for name, spec in book.facts.items()}
    actions = plan_definition()["action"]
    assert [action["id"] for action in actions] == [rule.id for rule in book.rules]
    for action, rule in zip(actions, book.rules, strict=True):
        when, *gates = [json.loads(c["expression"]["expression"]) for c in action["condition"]]
        place = Place(file="plan", entry=rule.id)
        assert parse_condition(when, types, place) == rule.when
        assert [parse_condition(gate["not"], types, place) for gate in gates] == ([rule.gate] if rule.gate else [])
        assert action["description"] == rule.text
        assert [code["coding"][0]["code"] for code in action["code"]] == [rule.kind, rule.arm]
        assert action["documentation"][0]["citation"].startswith(rule.source)


def test_plan_tells_a_record_in_words() -> None:
    """VA-16 is against augmentation as a routine, with other records against it."""
    (action,) = [a for a in plan_definition()["action"] if a["id"] == "VA-16"]
    rule = rule_book().rule("VA-16")
    assert action["title"] == "Avoid · Vertebral augmentation · VA-16"
    lines = action["textEquivalent"].splitlines()
    assert lines[0] == action["description"]
    assert f"Pulls the other way: {'; '.join(rule.against)}" in lines
    assert action["condition"][0]["expression"]["description"].startswith(f"Applies when {clause(rule.when)}.")


def test_a_gate_says_what_the_unknown_does() -> None:
    by_id = {rule.id: rule for rule in rule_book().rules if rule.gate is not None}
    for action in plan_definition()["action"]:
        if action["id"] in by_id:
            words = action["condition"][1]["expression"]["description"]
            invasive = by_id[action["id"]].invasive
            assert (", and while that is unknown." if invasive else ", not while that is unknown.") in words


def test_facts_that_follow_from_others_are_explained() -> None:
    facts = rule_book().facts
    explained = 0
    for action in plan_definition()["action"]:
        words = action["condition"][0]["expression"]["description"]
        for name in facts_in(rule_book().rule(action["id"]).when):
            when = facts[name].when
            if when is not None:
                assert f". {name}: {clause(when)}." in words
                explained += 1
    assert explained > 0


def test_requests_hold_each_statement_in_its_order_below_its_arm() -> None:
    group = request_group(FRACTURE)
    assert [action["id"] for action in leaves(group["action"])] == [r.rule for r in FRACTURE.recommendations]
    arms = [action["code"][0]["coding"][0]["code"] for action in group["action"]]
    assert arms == list(dict.fromkeys(r.arm for r in FRACTURE.recommendations))
    assert (group["status"], group["intent"]) == ("draft", "proposal")


def test_a_statement_carries_its_reasons() -> None:
    (first,) = [a for a in leaves(request_group(INFECTED)["action"]) if a["id"] == "SAFE-02"]
    assert "Because: infection suspected (context)" in first["textEquivalent"].splitlines()


def test_guidance_points_to_plan_requests_and_questions() -> None:
    response, requests, plan = guidance_response(FRACTURE), request_group(FRACTURE), plan_definition()
    assert response["moduleCanonical"] == requests["instantiatesCanonical"][0] == f"{plan['url']}|{plan['version']}"
    assert response["result"] == {"reference": f"RequestGroup/{requests['id']}"}
    assert response["status"] == "data-requested"
    (filter_,) = response["dataRequirement"][0]["codeFilter"]
    assert [code["code"] for code in filter_["code"]] == list(FRACTURE.missing)
    linked = {item["linkId"] for group in questionnaire()["item"] for item in group["item"]}
    assert set(FRACTURE.missing) <= linked


def test_guidance_tells_what_was_withheld() -> None:
    (messages,) = guidance_response(INFECTED)["contained"]
    told = {issue["details"]["coding"][0]["code"]: issue["severity"] for issue in messages["issue"]}
    assert told["advice-withheld"] == "warning"
    assert told["advice-incomplete"] == "information"


def test_guidance_notes_what_others_say() -> None:
    panel = Panel(id="of", title="OF score", status="not validated", source="AO Spine", says=("7 points.",))
    *own, other = guidance_response(replace(SILENT, others=(panel,)))["note"]
    assert own == guidance_response(SILENT)["note"]
    assert other["text"] == "What others say: OF score (not validated)\n7 points.\nSource: AO Spine"


def test_guidance_with_nothing_missing_is_a_success() -> None:
    response = guidance_response(SILENT)
    assert response["status"] == "success"
    assert not {"dataRequirement", "contained", "evaluationMessage"} & set(response)


def test_times_are_the_cases_own() -> None:
    assert guidance_response(FRACTURE)["occurrenceDateTime"] == "2025-01-15T09:30:00+00:00"
    assert request_group(FRACTURE)["authoredOn"] == "2025-01-15T09:30:00+00:00"
    nowhere = replace(FRACTURE, provenance=replace(FRACTURE.provenance, made=datetime(2025, 1, 15, 9, 30)))
    assert "authoredOn" not in request_group(nowhere)


def test_id_is_a_hash_of_the_study_and_not_its_uid() -> None:
    assert request_group(FRACTURE)["id"] == f"ovf-imaging-{hashlib.sha256(UID.encode()).hexdigest()[:12]}"
