"""The questions for what images cannot say as a FHIR Questionnaire; `recommend/response.py` reads the answers."""

from __future__ import annotations

from ovf_imaging.knowledge.exchange import NONE_OF_THEM, UCUM, exchange
from ovf_imaging.knowledge.facts import FactSpec
from ovf_imaging.knowledge.rules import rule_book
from ovf_imaging.knowledge.values import Kind
from ovf_imaging.report.exchange.elements import QUESTIONNAIRE, Element, definition
from ovf_imaging.report.words import capital, phrase

_EXTENSION = "http://hl7.org/fhir/StructureDefinition/"
_TYPES = {
    Kind.BOOL: "boolean",
    Kind.NUMBER: "decimal",
    Kind.WHOLE: "integer",
    Kind.CHOICE: "choice",
    Kind.LEVEL: "choice",
    Kind.LIST: "choice",
    Kind.TEXT: "text",
}


def questionnaire() -> Element:
    """Return every question that a person can answer, group by group; none must be answered."""
    asked = [spec for spec in rule_book().facts.values() if spec.group]
    groups = dict.fromkeys(spec.group for spec in asked)
    return {
        **definition(QUESTIONNAIRE, "What images of a vertebral fracture cannot say"),
        "subjectType": ["Patient"],
        "description": f"An unanswered question counts as unknown, never as no. {phrase('document', 'research_use')}",
        "item": [
            {
                "linkId": group,
                "text": capital(group.replace("_", " ")),
                "type": "group",
                "item": [_question(spec) for spec in asked if spec.group == group],
            }
            for group in groups
        ],
    }


def _question(spec: FactSpec) -> Element:
    limits = _limits(spec)
    options = [*spec.type.choices, *([NONE_OF_THEM] if spec.type.kind is Kind.LIST else [])]
    system = exchange().answers(spec.name)
    return {
        **({"extension": limits} if limits else {}),
        "linkId": spec.name,
        "text": spec.question,
        "type": _TYPES[spec.type.kind],
        **({"repeats": True} if spec.type.kind is Kind.LIST else {}),
        **(
            {"answerOption": [{"valueCoding": {"system": system, "code": code}} for code in options]} if options else {}
        ),
    }


def _limits(spec: FactSpec) -> list[Element]:
    """Return unit and range of a number as extensions."""
    if not spec.type.kind.is_number:
        return []
    value, number = ("valueInteger", int) if spec.type.kind is Kind.WHOLE else ("valueDecimal", float)
    unit = {"system": UCUM, "code": spec.type.unit, "display": spec.type.unit}
    return [
        *([] if spec.type.unit == "1" else [{"url": f"{_EXTENSION}questionnaire-unit", "valueCoding": unit}]),
        {"url": f"{_EXTENSION}minValue", value: number(spec.type.low)},
        {"url": f"{_EXTENSION}maxValue", value: number(spec.type.high)},
    ]
