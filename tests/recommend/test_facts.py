"""What the images say of each fact."""

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
        stability="unstable",
    )  # fmt: skip
    angles = [angle(q, Level.T11, Level.L1, 20.5) for q in ("local_cobb", "gardner_angle", "angle_t10_l2")]
    angles.append(angle("wedge_angle", Level.T12, Level.T12, 15.0))
    facts = rule_book().facts
    found = facts_seen(facts, Assessment(findings=(finding,), angles=tuple(angles)), ())
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


def test_findings_name_the_levels_they_rest_on() -> None:
    known = seen("fracture_present", fracture(Level.L1), fracture(Level.T12), normal(Level.L4))
    assert known.origin == "finding: T12, L1 fractured"
