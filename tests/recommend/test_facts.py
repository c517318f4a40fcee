"""What the images say of each fact."""

from dataclasses import replace
from typing import Any

import pytest

from ovf_imaging.knowledge.facts import Derivation
from ovf_imaging.knowledge.loader import KNOWLEDGE_DIR, read_table
from ovf_imaging.knowledge.rules import rule_book
from ovf_imaging.recommend.facts import DERIVATIONS, facts_seen
from ovf_imaging.recommend.trace import Known
from ovf_imaging.types import Assessment, Finding, Level, Measurement, Shape
from tests.recommend.cases import assessment, fracture, normal

UNSURE = Finding(level=int(Level.L3), height_loss=None)


def seen(fact: str, *findings: Finding, measurements: tuple[Measurement, ...] = ()) -> Known:
    return facts_seen(rule_book().facts, assessment(*findings), measurements)[fact]


def angle(quantity: str, upper: Level, lower: Level, value: float | None) -> Measurement:
    return Measurement(levels=(int(upper), int(lower)), quantity=quantity, value=value, unit="deg")


def body(quantity: str, level: Level, value: float | None) -> Measurement:
    return replace(angle(quantity, level, level, value), unit="1")


def since(upper: Level, lower: Level, value: float, half: float = 2.0) -> Measurement:
    """Return a change of the local Cobb angle on image 1 against image 2, which is of the prior study."""
    row = angle("change_local_cobb", upper, lower, value)
    return replace(row, interval=(value - half, value + half), reading=0, against=1)


def test_every_derivation_of_facts_toml_has_its_function() -> None:
    assert set(DERIVATIONS) == set(Derivation)


def test_every_angle_of_facts_toml_is_one_that_is_measured() -> None:
    measured = {entry["quantity"] for entry in read_table(KNOWLEDGE_DIR / "kyphosis.toml")["angle"]}
    measured |= set(read_table(KNOWLEDGE_DIR / "text.toml")["quantities"])
    wanted = {spec.quantity for spec in rule_book().facts.values() if spec.quantity}
    assert wanted
    assert wanted <= measured


def test_every_value_from_images_fits_its_fact() -> None:
    finding = fracture(
        Level.T12, 0.45, grade=3, shape=Shape.PLANA, of_class=4, cleft=True, cleft_kind="fluid", acuity="acute",
        stability="unstable", change="new", basis=(body("retropulsion", Level.T12, 4.0),
        body("canal_narrowing", Level.T12, 0.2)),
    )  # fmt: skip
    angles = [angle(q, Level.T11, Level.L1, 20.5) for q in ("local_cobb", "gardner_angle", "angle_t10_l2")]
    angles.append(angle("wedge_angle", Level.T12, Level.T12, 15.0))
    facts = rule_book().facts
    older = fracture(Level.L1, change="no measurable change")
    grown = since(Level.T11, Level.L1, 6.0)
    found = facts_seen(facts, Assessment(findings=(finding, older), angles=tuple(angles)), (grown,))
    assert found
    for name, known in found.items():
        assert facts[name].type.accept(known.value) == known.value


@pytest.mark.parametrize("fact", [n for n, s in rule_book().facts.items() if s.image is not None])
def test_nothing_seen_is_unknown_and_never_no(fact: str) -> None:
    assert seen(fact).value is None


@pytest.mark.parametrize(
    ("fact", "findings", "value"),
    [
        ("fracture_present", [normal(Level.L1), fracture(Level.L2)], True),
        ("fracture_present", [fracture(Level.L2), UNSURE], True),
        ("fracture_present", [normal(Level.L1)], False),
        ("fracture_present", [normal(Level.L1), UNSURE], None),
        ("fracture_count", [fracture(Level.L2), fracture(Level.L1), normal(Level.L4)], 2.0),
        ("fracture_count", [fracture(Level.L2), UNSURE], None),
        ("index_level", [fracture(Level.T12, 0.2), fracture(Level.L1, 0.4)], "L1"),
        ("index_level", [fracture(Level.L1, 0.4), fracture(Level.T12, 0.4)], "T12"),
        ("index_level", [normal(Level.L1)], None),
        ("cervical_level", [fracture(Level.C5), fracture(Level.L1)], True),
        ("cervical_level", [fracture(Level.L1)], False),
        ("cervical_level", [fracture(Level.L1), Finding(level=int(Level.C5), height_loss=None)], None),
        ("thoracolumbar_level", [fracture(Level.T10), fracture(Level.L3)], False),
        ("thoracolumbar_level", [fracture(Level.L2)], True),
        ("genant_grade", [fracture(Level.L1, grade=1), fracture(Level.L2, grade=3)], 3.0),
        ("of_class", [fracture(Level.L1, of_class=4), fracture(Level.L2)], 4.0),
        ("vertebra_plana", [fracture(Level.L1, shape=Shape.PLANA)], True),
        ("vertebra_plana", [fracture(Level.L1, shape=Shape.WEDGE)], False),
        ("vertebra_plana", [fracture(Level.L1, shape=Shape.WEDGE), fracture(Level.L2)], None),
        ("cleft", [fracture(Level.L1, cleft=False), fracture(Level.L2, cleft=True)], True),
        ("cleft", [fracture(Level.L1, cleft=False), fracture(Level.L2)], None),
        ("cleft", [normal(Level.L1)], None),
        ("cleft_kind", [fracture(Level.L1), fracture(Level.L2, cleft=True, cleft_kind="gas")], "gas"),
        ("acuity", [fracture(Level.L1, acuity="not acute"), fracture(Level.L2, acuity="acute")], "acute"),
        ("acuity", [fracture(Level.L1, acuity="not acute")], "not acute"),
        ("acuity", [fracture(Level.L1, acuity="not acute"), fracture(Level.L2)], None),
        ("stability", [fracture(Level.L1, stability="stable"), fracture(Level.L2, stability="unstable")], "unstable"),
        ("stability", [fracture(Level.L1, stability="stable")], "stable"),
    ],
)
def test_fact_from_findings(fact: str, findings: list[Finding], value: Any) -> None:
    assert seen(fact, *findings).value == value
    assert seen(fact, *reversed(findings)).value == value


def test_height_loss_names_the_measurement_it_comes_from() -> None:
    basis = Measurement(levels=(20, 20), quantity="height_loss_anterior", value=0.45, unit="1")
    known = seen("height_loss", fracture(Level.L1, 0.45, basis=(basis,)), fracture(Level.T12, 0.3))
    assert known == Known(value=0.45, origin="measurement: L1 height_loss_anterior")


def test_height_loss_without_its_measurement_names_the_finding() -> None:
    assert seen("height_loss", fracture(Level.L1, 0.45)).origin == "finding: L1 height loss"


def test_local_kyphosis_is_the_largest_over_a_fracture() -> None:
    angles = (
        angle("local_cobb", Level.T11, Level.L1, 18.0),
        angle("local_cobb", Level.T4, Level.T6, 30.0),  # no fracture there
        angle("local_cobb", Level.T12, Level.L1, None),
        angle("gardner_angle", Level.T11, Level.T12, 40.0),
    )
    known = seen("local_kyphosis_deg", fracture(Level.T12), measurements=angles)
    assert known == Known(value=18.0, origin="measurement: T11–L1 local_cobb")
    assert seen("local_kyphosis_deg", normal(Level.T12), measurements=angles).value is None


def test_the_index_level_is_the_assessments_where_it_names_one() -> None:
    findings = (fracture(Level.T12, 0.2), fracture(Level.L1, 0.4))
    known = facts_seen(rule_book().facts, Assessment(findings=findings, index_level=Level.T12), ())["index_level"]
    assert known == Known(value="T12", origin="finding: T12 index fracture")


def test_local_kyphosis_of_the_assessment_goes_before_that_of_other_images() -> None:
    fused, flexed = (angle("local_cobb", Level.T12, Level.L2, value) for value in (18.0, 30.0))
    known = facts_seen(rule_book().facts, Assessment(findings=(fracture(Level.L1),), angles=(fused,)), (flexed, fused))
    assert known["local_kyphosis_deg"].value == 18.0


@pytest.mark.parametrize(("values", "largest"), [((2.0, 5.0), 5.0), ((None, 3.0), 3.0), ((-2.0, -1.0), 0.0)])
def test_retropulsion_is_the_largest_of_the_fractures(values: tuple[float | None, ...], largest: float) -> None:
    """A posterior wall in front of its line stands back by nothing."""
    levels = (Level.T12, Level.L1)
    found = [
        fracture(level, basis=(body("retropulsion", level, value),))
        for level, value in zip(levels, values, strict=True)
    ]
    assert seen("retropulsion_mm", *found).value == largest
    assert seen("canal_encroachment", *found).value is None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (("new", "no measurable change"), True),
        (("worse", "no measurable change"), False),
        (("new", "new"), False),
        (("new", None), None),
    ],
)
def test_a_new_fracture_beside_an_older_one(changes: tuple[str | None, str | None], expected: bool | None) -> None:
    one, two = fracture(Level.T12, change=changes[0]), fracture(Level.L1, change=changes[1])
    assert seen("new_adjacent_fracture", one, two).value is expected


@pytest.mark.parametrize(("value", "expected"), [(6.0, True), (1.0, False), (-6.0, False)])
def test_kyphosis_grows_when_the_whole_interval_is_growth(value: float, expected: bool) -> None:
    """6 ± 2 is growth, 1 ± 2 may be none; a change between two images of the study itself is no growth at all."""
    grown = since(Level.T12, Level.L2, value)
    assert seen("kyphosis_progressing", fracture(Level.L1), measurements=(grown,)).value is expected
    other = angle("local_cobb", Level.T12, Level.L2, 10.0)
    within = (grown, replace(other, reading=1))
    assert seen("kyphosis_progressing", fracture(Level.L1), measurements=within).value is None


def test_findings_name_the_levels_they_rest_on() -> None:
    known = seen("fracture_present", fracture(Level.L1), fracture(Level.T12), normal(Level.L4))
    assert known.origin == "finding: T12, L1 fractured"
