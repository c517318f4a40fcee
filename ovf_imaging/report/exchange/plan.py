"""The rule set as a FHIR PlanDefinition: one action a record."""

from __future__ import annotations

import json

from ovf_imaging.knowledge.conditions import Condition, Not, clause, raw_condition
from ovf_imaging.knowledge.exchange import exchange
from ovf_imaging.knowledge.rules import Rule, rule_book
from ovf_imaging.report.exchange.elements import PLAN, Element, action, definition
from ovf_imaging.report.words import basis, phrase

_TYPE = {"system": "http://terminology.hl7.org/CodeSystem/plan-definition-type", "code": "eca-rule"}
_LANGUAGE = "application/json"  # the closed vocabulary of rules/*.toml


def plan_definition() -> Element:
    """Return the rule set; conditions are given in words, and as the engine reads them."""
    return {
        **definition(PLAN, "Rules on osteoporotic vertebral fractures"),
        "type": {"coding": [_TYPE]},
        "description": f"{exchange().review}, as rules. {phrase('document', 'decision_support')}",
        "usage": phrase("document", "research_use"),
        "action": [_record(rule) for rule in rule_book().rules],
    }


def _record(rule: Rule) -> Element:
    item = rule.statement()
    asks = (("Asks for", " ".join(rule_book().questions(rule.needs))), ("Asked while undecided", rule.ask))
    lines = [*basis(item), *(line for line in asks if line[1])]
    conditions = [_condition(rule.when, f"Applies when {clause(rule.when)}.")]
    if rule.gate is not None:
        unknown = "and while that is unknown" if rule.invasive else "not while that is unknown"
        conditions.append(_condition(Not(part=rule.gate), f"Withheld when {clause(rule.gate)}, {unknown}."))
    return {**action(item, lines), "condition": conditions}


def _condition(condition: Condition, words: str) -> Element:
    """Return a condition with its words, and those of the facts in it that follow from others."""
    meanings = [f"{name}: {clause(when)}." for name, when in rule_book().shorthands(condition).items()]
    machine = json.dumps(raw_condition(condition), ensure_ascii=False)
    return {
        "kind": "applicability",
        "expression": {"description": " ".join([words, *meanings]), "language": _LANGUAGE, "expression": machine},
    }
