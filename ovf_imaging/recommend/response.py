"""Read what images cannot say from a FHIR QuestionnaireResponse of R4, R4B or R5: `linkId` is the fact's name."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ovf_imaging.errors import ContextError
from ovf_imaging.knowledge.exchange import NONE_OF_THEM, UCUM, exchange
from ovf_imaging.knowledge.rules import rule_book
from ovf_imaging.knowledge.values import Kind
from ovf_imaging.recommend.context import UNKNOWN_WORD, check_context
from ovf_imaging.types import Context

_PLAIN = ("valueBoolean", "valueInteger", "valueDecimal", "valueString")
_TYPES = (*_PLAIN, "valueQuantity", "valueCoding")
Element = Mapping[str, Any]


def parse_response(text: str) -> Context:
    """Return the context that a QuestionnaireResponse states; a question without an answer is unknown.

    Questions may stand flat or in groups. Raises ContextError, one line, for a text that is no such response, for one
    withdrawn, and as `parse_context` does.
    """
    try:
        response = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise ContextError(f"context: not readable as JSON: {error}; mend the file") from error
    kind = response.get("resourceType") if isinstance(response, dict) else None
    if kind != "QuestionnaireResponse":
        raise ContextError(f"context: wanted a FHIR QuestionnaireResponse, got {kind or 'no resource'}; give one")
    if response.get("status") == "entered-in-error":
        raise ContextError("context: the QuestionnaireResponse was entered in error; give the right one")
    headings = {spec.group for spec in rule_book().facts.values()}
    values: dict[str, Any] = {}
    for item in _items(response):
        name = str(item.get("linkId"))
        if name in headings and not item.get("answer"):
            continue
        if name in values:
            raise ContextError(f'context: "{name}" is asked twice; keep one')
        values[name] = _stated(name, [_value(name, answer) for answer in _elements(item, "answer")])
    return check_context(values)


def _items(parent: Element) -> Iterator[Element]:
    """Yield the items of a response, a group or an answer, and those inside them, in order."""
    for item in _elements(parent, "item"):
        yield item
        yield from _items(item)
        for answer in _elements(item, "answer"):
            yield from _items(answer)


def _elements(parent: Element, key: str) -> list[Element]:
    found = parent.get(key, [])
    if not isinstance(found, list) or not all(isinstance(element, dict) for element in found):
        raise ContextError(f'context: "{key}" of the QuestionnaireResponse wanted as a list of objects; mend the file')
    for element in (parent, *found):
        if "modifierExtension" in element:
            raise ContextError(f'context: a modifierExtension beside "{key}" may turn its meaning; answer without')
    return found


def _stated(name: str, answers: list[Any]) -> Any:
    """Return what the answers to one question say; a list of choices may have several."""
    answers = [answer for answer in answers if answer is not None]
    if not answers or answers == [UNKNOWN_WORD]:
        return UNKNOWN_WORD
    spec = rule_book().facts.get(name)
    if spec is not None and spec.type.kind is Kind.LIST:
        return [] if answers == [NONE_OF_THEM] else answers
    if len(answers) > 1:
        raise ContextError(f'context: "{name}" wants one answer, got {len(answers)}; keep one')
    return answers[0]


def _value(name: str, answer: Element) -> Any:
    """Return the value of an answer; None where it has none, only an extension that says why."""
    given = {key: value for key, value in answer.items() if key.startswith("value")}
    if not given:
        return None
    match given:
        case {"valueCoding": {"code": code, **about}} if len(given) == 1:
            return _code(name, code, about.get("system"))
        case {"valueQuantity": {"value": number, **about}} if len(given) == 1:
            return _quantity(name, number, about)
    (key, value), *more = given.items()
    if more or key not in _PLAIN:
        raise ContextError(f'context: "{name}" wanted as one of {", ".join(_TYPES)}, got {answer!r}; give one of those')
    return value


def _code(name: str, code: Any, system: Any) -> Any:
    ours = exchange().answers(name)
    if system not in (None, ours):
        raise ContextError(f'context: "{name}" wanted a code of {ours}, got one of {system!r}; translate it')
    return code


def _quantity(name: str, number: Any, about: Mapping[Any, Any]) -> Any:
    if "comparator" in about or about.get("system", UCUM) != UCUM:
        raise ContextError(f'context: "{name}" wanted an exact number with a UCUM unit, got {dict(about)!r}; give that')
    return {"value": number, "unit": about.get("code", about.get("unit", "1"))}
