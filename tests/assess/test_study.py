"""From readings to an Assessment: findings, fusion, angles and what is told of doubt."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ovf_imaging.assess import assess
from ovf_imaging.knowledge.tables import heights
from ovf_imaging.measure import measure
from ovf_imaging.types import Assessment, Finding, Level, Position, Reading, Scale, Shape
from tests.measure.build import image, spine, value

Three = tuple[float, float, float]
WHOLE = (1.0, 1.0, 1.0)


def patient(parts: dict[Level, Three], first: Level = Level.T11, last: Level = Level.L3, sd_mm: float = 0.2) -> Reading:
    """Return a reading of bodies at the expected heights (26 mm lumbar), some reduced to parts of them."""
    tall = {}
    for k in range(first, last + 1):
        a, m, p = (26 * e * f for e, f in zip(heights().expected[k], parts.get(Level(k), WHOLE), strict=True))
        tall[Level(k)] = (a, m, p)
    return spine(tall, sd_mm=sd_mm)


def at(reading: Reading, position: Position) -> Reading:
    return replace(reading, image=image(position=position))


def concluded(*readings: Reading) -> Assessment:
    rows = tuple(row for index, reading in enumerate(readings) for row in measure(reading, index))
    return assess(readings, rows)


def finding(assessment: Assessment, level: Level) -> Finding:
    return next(f for f in assessment.findings if f.level == level)


def codes(found: Finding) -> list[str]:
    return [c.code for c in found.caveats]


def test_severe_wedge_among_healthy_bodies() -> None:
    assessment = concluded(patient({Level.L1: (0.55, 0.8, 1.0)}))
    found = finding(assessment, Level.L1)
    assert found.height_loss == pytest.approx(0.45)
    assert (found.grade, found.shape, found.fractured, found.near_threshold) == (3, Shape.WEDGE, True, False)
    assert found.confidence == pytest.approx(0.9)
    assert [f.level for f in assessment.findings] == [18, 19, 20, 21, 22]
    others = [f for f in assessment.findings if f.level != Level.L1]
    assert {(f.grade, f.shape, f.fractured) for f in others} == {(0, Shape.NORMAL, False)}


def test_basis_is_what_the_grade_rests_on() -> None:
    found = finding(concluded(patient({Level.L1: (0.55, 0.8, 1.0)})), Level.L1)
    losses = {row.quantity: row for row in found.basis}
    assert losses["height_loss_anterior"].interval == found.height_loss_interval
    assert losses["height_loss_anterior"].reference == (Level.T12, Level.L2)
    assert {row.levels for row in found.basis} == {(Level.L1, Level.L1)}


def test_crush_is_found_by_the_neighbours() -> None:
    found = finding(concluded(patient({Level.L1: (0.65, 0.65, 0.65)})), Level.L1)
    assert (found.grade, found.shape, found.fractured) == (2, Shape.CRUSH, True)


def test_vertebra_plana() -> None:
    found = finding(concluded(patient({Level.L1: (0.25, 0.22, 0.3)})), Level.L1)
    assert (found.grade, found.shape) == (3, Shape.PLANA)


def test_wide_interval_is_near_the_threshold() -> None:
    found = finding(concluded(patient({Level.L1: (0.7, 0.9, 1.0)}, sd_mm=2.0)), Level.L1)
    assert found.grade == 2
    assert found.near_threshold


def test_what_is_not_measured_can_not_be_told() -> None:
    """One image, no fluid-sensitive one: no acuity and no stability, and the fractured level says why."""
    assessment = concluded(patient({Level.L1: (0.55, 0.8, 1.0)}))
    for found in assessment.findings:
        assert (found.acuity, found.stability, found.change, found.mimic) == (None,) * 4
    assert {"no-fluid-sensitive-series", "no-dynamic-pair"} <= set(codes(finding(assessment, Level.L1)))
    assert "no-dynamic-pair" not in codes(finding(assessment, Level.L2))


def test_single_healthy_body_can_not_be_graded() -> None:
    found = finding(concluded(patient({}, Level.L1, Level.L1)), Level.L1)
    assert (found.height_loss, found.grade, found.shape, found.fractured) == (None, None, None, None)
    assert codes(found) == ["no-reference"]


def test_single_wedged_body_is_a_fracture_of_unknown_grade() -> None:
    found = finding(concluded(patient({Level.L1: (0.5, 0.8, 1.0)}, Level.L1, Level.L1)), Level.L1)
    assert (found.height_loss, found.grade, found.fractured) == (None, None, True)
    assert codes(found)[:2] == ["no-reference", "deformed-by-own-shape"]
    assert found.caveats[1].must_see


def test_zero_posterior_height_leaves_a_grade_of_at_least() -> None:
    """Field report D11. The front has lost 45 %; the back can't be told."""
    base = patient({Level.L1: (0.55, 0.8, 1.0)})
    bodies = list(base.vertebrae)
    marks = bodies[2].landmarks.copy()
    marks[2] = marks[5]
    bodies[2] = replace(bodies[2], landmarks=marks)
    found = finding(concluded(replace(base, vertebrae=tuple(bodies))), Level.L1)
    assert found.grade == 3
    assert "height-degenerate" in codes(found)
    assert "the grade is at least 3" in next(c.text for c in found.caveats if c.code == "position-missing")


def test_healthy_body_with_a_missing_middle_is_not_called_normal() -> None:
    base = patient({})
    bodies = list(base.vertebrae)
    marks = bodies[2].landmarks.copy()
    marks[1] = np.nan
    bodies[2] = replace(bodies[2], landmarks=marks)
    found = finding(concluded(replace(base, vertebrae=tuple(bodies))), Level.L1)
    assert (found.grade, found.fractured) == (None, None)
    assert found.height_loss == pytest.approx(0, abs=1e-9)


def test_angles_are_the_regional_ones_and_those_of_fractured_levels() -> None:
    assessment = concluded(patient({Level.L1: (0.55, 0.8, 1.0)}, Level.T10, Level.L3))
    found = {(a.quantity, a.levels) for a in assessment.angles}
    assert found == {
        ("angle_t10_l2", (Level.T10, Level.L2)),
        ("wedge_angle", (Level.L1, Level.L1)),
        ("local_cobb", (Level.T12, Level.L2)),
        ("gardner_angle", (Level.T12, Level.L1)),
        ("farcy_index", (Level.T12, Level.L1)),
    }


def test_the_narrowest_interval_speaks() -> None:
    sharp, blurred = patient({Level.L1: (0.55, 0.8, 1.0)}, sd_mm=0.2), patient({Level.L1: (0.56, 0.8, 1.0)}, sd_mm=1.0)
    assessment = concluded(blurred, sharp)
    found = finding(assessment, Level.L1)
    assert found.height_loss == pytest.approx(0.45)
    assert {row.reading for row in found.basis if row.quantity.startswith("height_loss")} == {1}
    assert {a.reading for a in assessment.angles} == {1}
    assert "readings-disagree" not in codes(found)


def test_disagreement_is_shown_never_averaged() -> None:
    """45 % and 30 % with intervals of a few points: the sharper is used and the other is told."""
    one, two = patient({Level.L1: (0.55, 0.8, 1.0)}, sd_mm=0.2), patient({Level.L1: (0.70, 0.8, 1.0)}, sd_mm=0.3)
    found = finding(concluded(one, two), Level.L1)
    assert found.height_loss == pytest.approx(0.45)
    caveat = next(c for c in found.caveats if c.code == "readings-disagree")
    assert caveat.must_see
    assert "45% on image 1" in caveat.text
    assert "30% on image 2" in caveat.text


def test_positions_are_labelled_not_compared() -> None:
    flexed = at(patient({Level.L1: (0.45, 0.8, 1.0)}, sd_mm=0.1), Position.FLEXION)
    neutral = at(patient({Level.L1: (0.70, 0.8, 1.0)}, sd_mm=0.2), Position.NEUTRAL)
    found = finding(concluded(flexed, neutral), Level.L1)
    assert found.height_loss == pytest.approx(0.30)
    assert "positions-differ" in codes(found)
    assert "readings-disagree" not in codes(found)


def test_a_level_that_only_one_image_shows_is_kept() -> None:
    upper, lower = patient({}, Level.T8, Level.T12), patient({}, Level.T12, Level.L4)
    assert [f.level for f in concluded(upper, lower).findings] == list(range(Level.T8, Level.L4 + 1))


def test_complete_measurements_go_before_narrow_ones() -> None:
    """On the sharp image L1 is alone and has no reference; the blurred one shows its neighbours."""
    sharp, blurred = patient({}, Level.L1, Level.L1, sd_mm=0.1), patient({}, sd_mm=0.5)
    found = finding(concluded(sharp, blurred), Level.L1)
    assert found.grade == 0
    assert {row.reading for row in found.basis if row.quantity.startswith("height_loss")} == {1}


def test_without_scale_the_grade_is_the_same() -> None:
    base = patient({Level.L1: (0.55, 0.8, 1.0)})
    found = finding(concluded(replace(base, image=image(scale=Scale.UNKNOWN))), Level.L1)
    assert found.grade == 3


def test_sacrum_gets_no_finding() -> None:
    base = spine({Level.L4: (25, 25, 25), Level.L5: (27, 25, 23), Level.S1: (25, 25, 25)})
    assert [f.level for f in concluded(base).findings] == [Level.L4, Level.L5]


def test_kyphosis_of_a_fracture_is_positive() -> None:
    assessment = concluded(patient({Level.L1: (0.55, 0.8, 1.0)}))
    assert value(assessment.angles, "wedge_angle", Level.L1) > 15
