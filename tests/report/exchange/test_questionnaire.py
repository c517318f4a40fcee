"""The Questionnaire asks for every field that can be stated, and its answers are read back as the context."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from ovf_imaging.knowledge.facts import FactSpec
from ovf_imaging.knowledge.rules import rule_book
from ovf_imaging.knowledge.values import Kind
from ovf_imaging.recommend import check_context, parse_response
from ovf_imaging.report.exchange.questionnaire import questionnaire

FIELDS = {name: spec for name, spec in rule_book().facts.items() if spec.group}
CODE = re.compile(r"[^\s]+( [^\s]+)*")  # FHIR's type `code`


def asked() -> dict[str, dict[str, Any]]:
    return {item["linkId"]: item for group in questionnaire()["item"] for item in group["item"]}


def extensions(item: dict[str, Any]) -> dict[str, Any]:
    """Return the value of each extension of an item by the end of its URL."""
    found = {}
    for extension in item.get("extension", []):
        (value,) = (value for key, value in extension.items() if key != "url")
        found[extension["url"].rpartition("/")[2]] = value
    return found


def test_every_field_is_asked_for_once_under_its_heading() -> None:
    placed = [(group["linkId"], item["linkId"]) for group in questionnaire()["item"] for item in group["item"]]
    assert sorted(placed) == sorted((spec.group, name) for name, spec in FIELDS.items())
    assert all(item["text"] == FIELDS[name].question for name, item in asked().items())


def test_one_question_of_each_type() -> None:
    """T-score and weeks as in context.toml: −10 to 10 without a unit, 0 to 5000 wk; ASA is a whole number, 1 to 5."""
    items = asked()
    assert items["falls"] == {"linkId": "falls", "text": "Does the patient fall?", "type": "boolean"}
    assert items["t_score"]["type"] == "decimal"
    assert extensions(items["t_score"]) == {"minValue": -10.0, "maxValue": 10.0}
    assert extensions(items["fracture_age_weeks"]) == {
        "questionnaire-unit": {"system": "http://unitsofmeasure.org", "code": "wk", "display": "wk"},
        "minValue": 0.0,
        "maxValue": 5000.0,
    }
    assert items["asa"]["type"] == "integer"
    assert extensions(items["asa"]) == {"minValue": 1, "maxValue": 5}
    assert items["consent_preferences"]["type"] == "text"
    grades = items["asia_grade"]
    assert (grades["type"], "repeats" in grades) == ("choice", False)
    assert [option["valueCoding"]["code"] for option in grades["answerOption"]] == ["A", "B", "C", "D", "E"]
    drugs = items["analgesics"]
    assert drugs["repeats"] is True
    assert [option["valueCoding"]["code"] for option in drugs["answerOption"]][-2:] == ["antidepressant", "none"]


def test_codes_are_codes() -> None:
    options = [option["valueCoding"]["code"] for item in asked().values() for option in item.get("answerOption", [])]
    assert options
    assert all(CODE.fullmatch(code) for code in options)


@pytest.mark.parametrize("name", FIELDS)
def test_an_answer_to_each_question_is_read_back(name: str) -> None:
    item, (answers, value) = asked()[name], answered(FIELDS[name])
    text = {
        "resourceType": "QuestionnaireResponse",
        "status": "completed",
        "questionnaire": f"{questionnaire()['url']}|{questionnaire()['version']}",
        "item": [{"linkId": FIELDS[name].group, "item": [{"linkId": item["linkId"], "answer": answers}]}],
    }
    assert parse_response(json.dumps(text)) == check_context({name: value})


def answered(spec: FactSpec) -> tuple[list[dict[str, Any]], Any]:
    """Return a possible answer as FHIR has it and as the context has it: the first choice, or the lowest number."""
    kind, choices = spec.type.kind, spec.type.choices
    if kind is Kind.BOOL:
        return [{"valueBoolean": True}], True
    if kind is Kind.TEXT:
        return [{"valueString": "free words"}], "free words"
    if kind.is_number:
        quantity = {"value": spec.type.low, "code": spec.type.unit, "system": "http://unitsofmeasure.org"}
        return [{"valueQuantity": quantity}], spec.type.low
    codings = [option["valueCoding"] for option in asked()[spec.name]["answerOption"]]
    if kind is Kind.LIST:
        return [{"valueCoding": coding} for coding in codings[:-1]], list(choices)
    return [{"valueCoding": codings[0]}], choices[0]
