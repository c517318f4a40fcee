"""A FHIR QuestionnaireResponse: what is understood, and how each slip is answered."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovf_imaging.errors import ContextError
from ovf_imaging.recommend import parse_context, parse_response

UCUM = "http://unitsofmeasure.org"
ASIA = "https://ovf-imaging.invalid/fhir/CodeSystem/asia-grade"


KEYS = ("linkId", "item", "answer", "code", "system", "value", "unit", "extension", "modifierExtension", "status")
VALUES = ("valueBoolean", "valueInteger", "valueString", "valueCoding", "valueQuantity")
scalars = st.none() | st.booleans() | st.integers(-9, 9) | st.floats() | st.sampled_from(("pain", "pain_vas", "none"))
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from((*KEYS, *VALUES)), inner, max_size=3),
    max_leaves=12,
)
answers = st.lists(st.dictionaries(st.sampled_from(VALUES), values, max_size=2), max_size=2)
items = st.lists(
    st.fixed_dictionaries(
        {"linkId": st.sampled_from(("pain", "pain_vas", "analgesics", "sex"))},
        optional={"answer": answers, "item": values},
    ),
    max_size=2,
)


def response(*items: dict[str, Any], **root: Any) -> str:
    head = {"resourceType": "QuestionnaireResponse", "status": "completed"}
    return json.dumps({**head, **root, "item": list(items)})


def item(name: str, *answers: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"linkId": name, "answer": list(answers), **more}


def test_each_type_of_answer_says_the_same_as_its_toml() -> None:
    text = response(
        item("neurological_deficit", {"valueBoolean": False}),
        item("asa", {"valueInteger": 3}),
        item("t_score", {"valueDecimal": -2.5}),
        item("consent_preferences", {"valueString": "no operation"}),
        item("asia_grade", {"valueCoding": {"system": ASIA, "code": "E"}}),
        item("index_level", {"valueString": "T12"}),
        item("fracture_age_weeks", {"valueQuantity": {"value": 8, "unit": "weeks", "system": UCUM, "code": "wk"}}),
        item("analgesics", {"valueCoding": {"code": "paracetamol"}}, {"valueCoding": {"code": "tramadol"}}),
    )
    said = parse_context(
        'neurological_deficit = false\nasa = 3\nt_score = -2.5\nconsent_preferences = "no operation"\n'
        'asia_grade = "E"\nindex_level = "T12"\nfracture_age_weeks = 8\nanalgesics = ["paracetamol", "tramadol"]'
    )
    assert parse_response(text) == said


def test_questions_may_stand_in_groups_and_below_answers() -> None:
    below = item("pain_vas", {"valueInteger": 6, "item": [item("acute_pain_subsided", {"valueBoolean": False})]})
    text = response({"linkId": "pain", "item": [below]}, item("asa", {"valueInteger": 2}))
    assert parse_response(text).values == {"pain_vas": 6.0, "acute_pain_subsided": False, "asa": 2.0}


@pytest.mark.parametrize(
    "answers",
    [
        (),
        ({"valueCoding": {"code": "unknown"}},),
        ({"valueString": "unknown"},),
        ({"_valueCoding": {"extension": [{"url": "x", "valueCode": "asked-declined"}]}},),
    ],
    ids=["none", "unknown code", "unknown word", "only an extension"],
)
@pytest.mark.parametrize("name", ["asia_grade", "analgesics"])
def test_unanswered_is_unknown(name: str, answers: tuple[dict[str, Any], ...]) -> None:
    assert parse_response(response(item(name, *answers))).values == {}


def test_none_of_a_list_is_an_answer() -> None:
    assert parse_response(response(item("analgesics", {"valueCoding": {"code": "none"}}))).values == {"analgesics": ()}


def test_a_quantity_without_a_unit_is_a_pure_number() -> None:
    assert parse_response(response(item("pain_vas", {"valueQuantity": {"value": 6}}))).values == {"pain_vas": 6.0}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not readable as JSON: .*; mend the file"),
        ("[]", "wanted a FHIR QuestionnaireResponse, got no resource"),
        ('{"resourceType": "Questionnaire"}', "wanted a FHIR QuestionnaireResponse, got Questionnaire"),
        (response(status="entered-in-error"), "entered in error; give the right one"),
        (response(item("pain_vass", {"valueInteger": 6})), 'unknown field "pain_vass"; did you mean "pain_vas"\\?'),
        (response(item("neuro_deficit")), 'unknown field "neuro_deficit"; did you mean "neurological_deficit"'),
        (response({"answer": []}), 'unknown field "None"'),
        (response(item("unstable", {"valueBoolean": True})), '"unstable" follows from stability; state that instead'),
        (response(item("pain_vas"), item("pain_vas")), '"pain_vas" is asked twice; keep one'),
        (response(item("asa", {"valueInteger": 2}, {"valueInteger": 3})), '"asa" wants one answer, got 2; keep one'),
        (response(item("asa", {"valueInteger": 9})), '"asa" wanted a whole number from 1 to 5, got 9'),
        (response(item("asa", {"valueString": "3"})), '"asa" wanted a whole number from 1 to 5, got "3"'),
        (response(item("falls", {"valueInteger": 1})), '"falls" wanted true or false, got 1'),
        (
            response(item("asia_grade", {"valueCoding": {"code": "F"}})),
            'wanted one of "A", "B", "C", "D", "E", got "F"',
        ),
        (
            response(item("asia_grade", {"valueCoding": {"system": "http://snomed.info/sct", "code": "E"}})),
            f"\"asia_grade\" wanted a code of {ASIA}, got one of 'http://snomed.info/sct'",
        ),
        (
            response(item("fracture_age_weeks", {"valueQuantity": {"value": 2, "system": UCUM, "code": "mo"}})),
            "\"fracture_age_weeks\" wanted in wk, got 'mo'; convert it",
        ),
        (
            response(item("age_years", {"valueQuantity": {"value": 89, "comparator": ">", "code": "a"}})),
            '"age_years" wanted an exact number with a UCUM unit, got .*comparator',
        ),
        (response(item("sva_mm", {"valueQuantity": {"value": 2, "system": "urn:x", "code": "mm"}})), "UCUM unit, got"),
        (response(item("asa", {"valueDate": "2024-01-01"})), '"asa" wanted as one of valueBoolean, .*got .*valueDate'),
        (response(item("asa", {"valueInteger": 2, "valueString": "2"})), '"asa" wanted as one of valueBoolean'),
        (response(item("asa", {"valueQuantity": {"code": "1"}})), '"asa" wanted as one of valueBoolean'),
        (response(item("analgesics", {"valueCoding": {"code": "aspirin"}})), 'wanted a list of "paracetamol"'),
        (response({"linkId": "pain", "item": {"linkId": "pain_vas"}}), '"item" .* wanted as a list of objects'),
        (response(item("asa", modifierExtension=[{}])), 'a modifierExtension beside "item" may turn its meaning'),
        (
            response(item("asia_grade", {"valueString": "A"}), item("neurological_deficit", {"valueBoolean": False})),
            "neurological_deficit = false contradicts asia_grade = A",
        ),
    ],
)
def test_slip_is_answered_in_one_clear_line(text: str, message: str) -> None:
    with pytest.raises(ContextError, match=message) as caught:
        parse_response(text)
    assert "\n" not in str(caught.value)


@given(item=items | values)
def test_whatever_comes_is_read_or_refused(item: Any) -> None:
    """Nothing but a context or a ContextError comes of any JSON in a response's place of items."""
    text = json.dumps({"resourceType": "QuestionnaireResponse", "status": "completed", "item": item})
    found, said = set[str](), ""
    try:
        found = set(parse_response(text).values)
    except ContextError as error:
        said = str(error)
    assert "\n" not in said
    assert found <= {"pain_vas", "analgesics", "sex"}
