import math

import pytest

from ovf_imaging import Fact, Finding, Level, Measurement, Shape
from tests import fakes
from words import (
    fact_text,
    grade_and_shape,
    level_name,
    levels_name,
    number,
    plain,
    reading_name,
    sentence,
    span,
    value_text,
    views_of,
    worst_of,
    yes_no,
)


def test_levels_have_names() -> None:
    assert level_name(Level.L1) == "L1"
    assert levels_name((Level.T12, Level.L2)) == "T12–L2"
    assert levels_name((Level.L1, Level.L1)) == "L1"


def test_number_of_no_level_is_shown_as_it_is() -> None:
    assert level_name(99) == "level 99"


def test_fractions_are_percent_and_lengths_have_one_decimal() -> None:
    assert number(0.343, "1") == "34"
    assert number(21.27, "mm") == "21.3"


def test_minus_is_a_minus_and_zero_has_none() -> None:
    assert number(-0.12, "1") == "−12"
    assert number(-0.001, "1") == "0"


def test_interval_with_a_sign_is_not_written_with_a_dash() -> None:
    assert span((0.28, 0.4), "1") == "28–40"
    assert span((-0.03, 0.04), "1") == "−3 to 4"
    assert span(None, "1") == ""


def test_value_without_a_number_cannot_be_told() -> None:
    level = (Level.L1, Level.L1)
    assert value_text(Measurement(levels=level, quantity="depth", value=None, unit="mm")) == "cannot tell"
    assert (
        value_text(Measurement(levels=level, quantity="wedge", value=8.0, unit="deg", interval=(6, 10)))
        == "8.0° (6.0–10.0)"
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "unknown"), (True, "yes"), (7.0, "7"), (-2.5, "-2.5"), ("E", "E"), (("a", "b"), "a, b")],
)
def test_facts_in_words(value: Fact | None, text: str) -> None:
    assert fact_text(value) == text


def test_absence_is_not_the_same_as_not_knowing() -> None:
    assert yes_no(None) == "cannot tell"
    assert yes_no(False) == "absent"
    assert yes_no(True, "fluid") == "present (fluid)"


def test_finding_in_a_sentence() -> None:
    finding = Finding(
        level=Level.L1,
        height_loss=0.34,
        height_loss_interval=(0.28, 0.4),
        grade=2,
        shape=Shape.WEDGE,
        near_threshold=True,
    )
    assert sentence(finding) == (
        "Moderate wedge deformity (Genant grade 2), worst height loss 34 % (28–40), close to a grade boundary."
    )


def test_grade_that_is_not_known_cannot_be_told() -> None:
    assert grade_and_shape(Finding(level=Level.L1, height_loss=None)) == "height loss cannot tell"


def test_worst_is_the_highest_grade_then_the_greatest_loss() -> None:
    findings = tuple(
        Finding(level=level, height_loss=loss, grade=grade)
        for level, loss, grade in (
            (Level.T12, 0.3, 2),
            (Level.L1, 0.38, 2),
            (Level.L2, 0.22, 1),
            (Level.L3, None, None),
        )
    )
    assert worst_of(findings) == findings[1]
    assert worst_of(()) is None


def test_names_of_the_program_in_words() -> None:
    assert plain("local_cobb") == "Local cobb"


def test_images_of_a_study_are_told_shortly() -> None:
    assert views_of(fakes.long_case()) == "Sagittal MRI: T2, fluid-sensitive"
    assert views_of(fakes.film_case()) == "Lateral film: standing"
    assert views_of(fakes.empty_case()) == ""
    assert reading_name(fakes.mri_reading()) == "Sagittal MRI T2, supine"


def test_number_that_is_none_is_never_printed() -> None:
    level = (Level.L1, Level.L1)
    assert number(math.nan, "mm") == "–"
    assert value_text(Measurement(levels=level, quantity="depth", value=math.nan, unit="mm")) == "cannot tell"
