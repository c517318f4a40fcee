"""The vocabulary that screen and report share."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

import ovf_imaging
from ovf_imaging.report import words
from ovf_imaging.types import Caveat, Fact, Finding, Level, Measurement, Reason, Scale, Shape
from tests import fakes

L1 = int(Level.L1)


def test_the_front_door_gives_the_report_its_own_words() -> None:
    assert ovf_imaging.words is words
    assert all(hasattr(words, name) for name in words.__all__)


def test_levels_have_names() -> None:
    assert words.level_name(L1) == "L1"
    assert words.level_name(99) == "level 99"
    assert words.level_span((Level.T12, Level.L2)) == "T12–L2"
    assert words.level_span((L1, L1)) == "L1"


@pytest.mark.parametrize(
    ("quantity", "name"),
    [
        ("angle_t10_l2", "Thoracolumbar angle T10–L2"),
        ("local_cobb", "Local Cobb angle"),
        ("height_loss_anterior", "Height loss, anterior"),
        ("of_a_later_version", "Of a later version"),
    ],
)
def test_quantities_have_names(quantity: str, name: str) -> None:
    assert words.quantity_name(quantity) == name


def test_a_caveat_names_its_levels_once() -> None:
    assert words.caveat_text(Caveat(code="a", text="L1 is cut.", levels=(20,))) == "L1 is cut."
    assert words.caveat_text(Caveat(code="a", text="It is cut.", levels=(19, 20))) == "T12 and L1: It is cut."
    assert words.caveat_text(Caveat(code="a", text="Cut.")) == "Cut."


def finding(**known: Any) -> Finding:
    return Finding(**{"level": L1, "height_loss": None, **known})


@pytest.mark.parametrize(
    ("known", "text"),
    [
        ({"fractured": True, "shape": Shape.WEDGE, "grade": 2}, "Wedge fracture, Genant grade 2 (moderate)"),
        ({"fractured": True, "shape": Shape.PLANA, "grade": 3}, "Vertebra plana, Genant grade 3 (severe)"),
        ({"fractured": True}, "Fracture"),
        ({"fractured": None, "shape": Shape.WEDGE}, "Wedge deformity; fracture: cannot tell"),
        ({"fractured": None, "height_loss": 0.1}, "Fracture: cannot tell"),
        ({"fractured": False, "shape": Shape.BICONCAVE}, "Biconcave deformity, not counted as a fracture"),
        ({"fractured": False, "shape": Shape.NORMAL, "grade": 0}, "No fracture, Genant grade 0 (normal)"),
    ],
)
def test_headlines(known: dict[str, Any], text: str) -> None:
    assert words.headline(finding(**known)) == text


def test_sentences_say_what_is_known_and_the_rest_is_unknown() -> None:
    full = finding(
        height_loss=0.306,
        of_class=3,
        cleft=True,
        cleft_kind="fluid",
        acuity="acute",
        stability="unstable",
        grade=2,
        shape=Shape.WEDGE,
    )
    assert [s.replace("\u00a0", " ") for s in words.sentences(full)] == [
        "Height loss 31 %, worst of three positions; no interval.",
        "OF class 3.",
        "Intravertebral cleft present (fluid).",
        "Acuity: acute.",
        "Stability: unstable.",
    ]
    assert words.unknowns(full) == ""
    assert words.sentences(finding(cleft=False)) == ["No intravertebral cleft."]
    assert (
        words.unknowns(finding(cleft=False)) == "Cannot tell: height loss, grade, shape, OF class, acuity, stability."
    )


def test_summary_without_any_sure_level() -> None:
    case = fakes.normal_case()
    unsure = replace(case.assessment, findings=(finding(fractured=None),))
    assert (
        words.summary(replace(case, assessment=unsure))
        == "Vertebrae were read, but none could be assessed for fracture."
    )
    one = replace(case.assessment, findings=(finding(fractured=False),))
    assert words.summary(replace(case, assessment=one)) == "No fracture found in the one body assessed (L1)."


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(None, 0, "—"), (float("nan"), 1, "—"), (-0.04, 1, "0.0"), (-12.34, 1, "−12.3"), (41.5, 0, "42")],
)
def test_figures(value: float | None, digits: int, text: str) -> None:
    assert words.figure(value, digits) == text


def test_intervals() -> None:
    assert words.spread((0.244, 0.376), factor=100.0) == "24–38"
    assert words.spread((-3.1, 2.2), 1) == "−3.1 to 2.2"
    assert words.spread(None) == ""
    assert words.spread((float("nan"), 1.0)) == ""


@pytest.mark.parametrize(
    ("value", "unit", "interval", "printed"),
    [
        (0.343, "1", (0.28, 0.4), ("34", "28–40")),
        (-0.001, "1", (-0.03, 0.04), ("0", "−3 to 4")),
        (21.27, "mm", None, ("21.3", "")),
        (8.0, "deg", (6.0, 10.0), ("8.0", "6.0–10.0")),
        (None, "mm", None, ("—", "")),
        (math.nan, "mm", (math.nan, 1.0), ("—", "")),
    ],
)
def test_values_as_printed(
    value: float | None, unit: str, interval: tuple[float, float] | None, printed: tuple[str, str]
) -> None:
    measured = Measurement(levels=(L1, L1), quantity="depth", value=value, unit=unit, interval=interval)
    assert words.value_and_interval(measured) == printed


def test_millimetres_of_the_detector_say_so() -> None:
    assert words.unit_sign("mm", Scale.DETECTOR) == "mm at detector"
    assert words.unit_sign("mm", Scale.PATIENT) == "mm"
    assert (words.unit_sign("1", Scale.DETECTOR), words.unit_sign("deg"), words.unit_sign("mm2")) == ("%", "°", "mm²")
    assert words.scale_name(fakes.mri_reading().image) == "In the patient (PixelSpacing)"
    assert words.scale_name(replace(fakes.mri_reading().image, scale_source="")) == "In the patient"


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "unknown"), (True, "yes"), (7.0, "7"), (-2.5, "−2.5"), ("E", "E"), (("a", "b"), "a, b"), ((), "none")],
)
def test_facts(value: Fact | None, text: str) -> None:
    assert words.fact(value) == text


def test_a_reason_names_fact_value_and_origin() -> None:
    assert words.because(Reason(fact="asia_grade", value="E", origin="context: asia_grade")) == (
        "ASIA grade: E (context)"
    )
    assert words.because(Reason(fact="acuity", value="acute", origin="finding: L1")) == "acuity: acute (finding: L1)"
    assert words.because(Reason(fact="nsaid", value=True, origin="derived: painful_fracture")) == (
        "NSAID (derived: painful fracture)"
    )


def test_what_a_statement_rests_on() -> None:
    against = replace(fakes.ADVICE[2], needs=("stability", "t_score"))
    assert words.basis(against, asked=("stability",)) == (("Pulls the other way", "VA-02"), ("Not known", "T-score"))
    assert words.basis(against, texts={"VA-02": "Offer it."})[0][1] == "VA-02: Offer it."
    assert words.evidence(fakes.ADVICE[3]) == (("Source", "Bracing [5, 21], indirect evidence"), ("Strength", "weak"))


def test_what_a_statement_rests_on_in_short() -> None:
    item = replace(fakes.ADVICE[0], refs=("3",), figures="4 of 5")
    known = item.because[:1]
    assert words.in_short(item, asked=("stability",), told=known) == (
        ("Because", "ASIA grade: E (context)"),
        ("Disputed", "see case.json"),
        ("Evidence", "[3], author position"),
    )


def test_reasons_that_all_share_are_those_of_each_that_has_any() -> None:
    acute, deficit = fakes.ADVICE[0].because
    one, other = replace(fakes.ADVICE[0], because=(acute, deficit)), replace(fakes.ADVICE[0], because=(acute,))
    assert words.shared_reasons((one, fakes.ADVICE[2], other)) == (acute,)
    assert words.shared_reasons((one, fakes.ADVICE[1])) == ()
    assert words.shared_reasons((one,)) == ()  # nothing is saved by telling it apart


def test_an_angle_names_its_levels_once() -> None:
    regional = Measurement(levels=(Level.T10, Level.L2), quantity="angle_t10_l2", value=3.0, unit="deg")
    assert words.angle_name(regional) == "Thoracolumbar angle T10–L2"
    assert words.angle_name(replace(regional, quantity="local_cobb")) == "Local Cobb angle T10–L2"


def test_images_and_patient() -> None:
    assert words.images_read(fakes.mri_case()) == "Sagittal MRI, T2, supine"
    assert words.images_read(fakes.film_case()) == "Lateral radiograph, standing"
    assert words.images_read(fakes.empty_case()) == ""
    study = fakes.mri_case().study
    assert words.person(study) == "74 years, female"
    assert words.person(replace(study, age_years=None)) == "female"
    assert words.person(replace(study, age_years=None, sex=None)) == ""


def test_fractures_come_first_then_the_greatest_loss() -> None:
    found = tuple(
        finding(level=level, height_loss=loss, fractured=fractured)
        for level, loss, fractured in (
            (Level.T12, 0.3, None),
            (Level.L1, 0.22, True),
            (Level.L2, 0.38, True),
            (Level.L3, None, None),
            (Level.L4, None, True),
        )
    )
    assert [f.level for f in words.ranked(found)] == [Level.L2, Level.L1, Level.L4, Level.T12]
    assert words.ranked(()) == ()


@pytest.mark.parametrize(
    ("known", "told"),
    [
        ({"fractured": True}, True),
        ({"fractured": None}, False),
        ({"fractured": None, "height_loss": 0.1}, True),
        ({"fractured": False, "shape": Shape.NORMAL, "grade": 0}, False),
        ({"fractured": False, "shape": Shape.NORMAL, "grade": 0, "acuity": "not acute", "cleft": False}, False),
        ({"fractured": False, "shape": Shape.NORMAL, "grade": 0, "acuity": "acute"}, True),
        ({"fractured": None, "cleft": True}, True),
        ({"fractured": False, "shape": Shape.WEDGE}, True),
    ],
)
def test_levels_that_get_a_paragraph(known: dict[str, Any], told: bool) -> None:
    assert words.is_told(finding(**known)) is told


def test_levels_without_a_paragraph_get_a_line() -> None:
    assert words.closing(fakes.mri_case()) == [
        "No fracture found at T12, L2, L3, L4 and L5.",
        "Cannot tell whether fractured: T11.",
    ]
    assert words.closing(fakes.empty_case()) == []


def test_notes_of_a_table_fit_its_image() -> None:
    (*_, cut) = words.table_notes(fakes.mri_reading())
    assert cut.startswith("†")
    notes = words.table_notes(replace(fakes.film_reading(), vertebrae=()))
    assert notes[-1].startswith("Millimetres") is (fakes.film_reading().image.scale is Scale.DETECTOR)
