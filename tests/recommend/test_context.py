"""A context file: what is understood, and how each slip is answered."""

import pytest

from ovf_imaging.errors import ContextError
from ovf_imaging.knowledge.rules import rule_book
from ovf_imaging.recommend import check_context, parse_context, questions

PAIN = "[pain]\npain_vas = 6\n"


def test_fields_may_stand_flat_or_under_their_group() -> None:
    assert parse_context("pain_vas = 6").values == parse_context(PAIN).values == {"pain_vas": 6.0}


def test_empty_text_is_a_context_in_which_everything_is_unknown() -> None:
    assert parse_context("").values == {}


def test_unknown_is_the_same_as_absent() -> None:
    assert parse_context('pain_vas = "unknown"\nasia_grade = "unknown"\nhypertension = "unknown"').values == {}


def test_a_number_may_carry_its_unit() -> None:
    assert parse_context('fracture_age_weeks = { value = 8, unit = "wk" }').values == {"fracture_age_weeks": 8.0}


def test_lists_lose_what_is_said_twice() -> None:
    values = parse_context('analgesics = ["paracetamol", "tramadol", "paracetamol"]').values
    assert values == {"analgesics": ("paracetamol", "tramadol")}


def test_accepted_values_are_accepted_again() -> None:
    context = parse_context('analgesics = ["paracetamol"]\nasa = 3\nindex_level = "T12"\nconsent_preferences = "none"')
    assert check_context(context.values) == context


def test_every_field_of_the_input_schema_can_be_stated() -> None:
    samples = {"bool": True, "choice": "", "level": "T12", "list": (), "text": "free words"}
    for name, spec in rule_book().facts.items():
        if spec.group:
            sample = samples.get(spec.type.kind, spec.type.low)
            value = spec.type.choices[0] if sample == "" else sample
            assert check_context({name: value}).values[name] == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pain_vass = 6", 'unknown field "pain_vass"; did you mean "pain_vas"\\?'),
        ("neuro_deficit = true", 'did you mean "neurological_deficit"'),
        ("qqq = 1", 'unknown field "qqq"; knowledge/context.toml lists the fields'),
        ("[neurolgy]\npain_vas = 6", r'unknown heading \[neurolgy\]; did you mean "neurology"'),
        ("[qqq]\npain_vas = 6", r"unknown heading \[qqq\]; headings are bone, "),
        ("[drugs]\npain_vas = 6", r'"pain_vas" belongs under \[pain\], not \[drugs\]'),
        ("pain_vas = 5\n[pain]\npain_vas = 6", '"pain_vas" is given twice'),
        ("pain_vas = 80", '"pain_vas" wanted a number from 0 to 10, got 80; asked is: How strong is the back pain'),
        ("pain_vas = nan", "wanted a number from 0 to 10, got nan"),
        ('pain_vas = "8/10"', 'wanted a number from 0 to 10, got "8/10"'),
        ("pain_vas = true", "wanted a number from 0 to 10, got true"),
        ("asa = 2.5", "wanted a whole number from 1 to 5, got 2.5"),
        ('hypertension = "yes"', '"hypertension" wanted true or false, got "yes"'),
        ("hypertension = 1", "wanted true or false, got 1"),
        ('asia_grade = "F"', 'wanted one of "A", "B", "C", "D", "E", got "F"'),
        ('index_level = "L9"', 'wanted a level such as "T12", got "L9"'),
        ('analgesics = ["aspirin"]', 'wanted a list of "paracetamol"'),
        ("bmd_g_cm2 = -2.5", "wanted a number from 0 to 3 g/cm2, got -2.5"),
        (
            'fracture_age_weeks = { value = 2, unit = "mo" }',
            "\"fracture_age_weeks\" wanted in wk, got 'mo'; convert it",
        ),
        ("unstable = true", '"unstable" follows from stability; state that instead'),
        ("pain_vas = ", "not readable as TOML"),
    ],
)
def test_slip_is_answered_in_one_clear_line(text: str, message: str) -> None:
    with pytest.raises(ContextError, match=message) as caught:
        parse_context(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('neurological_deficit = false\nasia_grade = "C"', "neurological_deficit = false contradicts asia_grade = C"),
        ('infection_suspected = true\ncause = "osteoporotic"', "infection_suspected = true contradicts cause"),
        ("fracture_present = false\nfracture_count = 2", "fracture_present = false contradicts fracture_count = 2"),
        ('cervical_level = false\nindex_level = "C5"', "contradicts index_level = C5, from which true follows"),
        ('deficit_delayed = true\nasia_grade = "E"', "correct one of them"),
    ],
)
def test_statements_that_contradict_each_other_are_refused(text: str, message: str) -> None:
    with pytest.raises(ContextError, match=message):
        parse_context(text)


def test_what_is_only_presumed_may_be_stated_otherwise() -> None:
    assert parse_context('asa = 4\ngeneral_condition = "good"').values["general_condition"] == "good"


def test_missing_facts_can_be_asked_for_in_plain_words() -> None:
    assert questions(["neurological_deficit"]) == ("Is there a neurological deficit?",)
