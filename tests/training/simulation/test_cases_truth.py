"""The truth file's angles and grades, on bodies made by hand."""

from dataclasses import replace

import numpy as np
import pytest

from ovf_imaging.training.simulation.cases.truth import angles, body_truth, change, genant_grade
from ovf_imaging.training.simulation.volume import BodyTruth, CleftTruth, FractureTruth, PatientTruth
from ovf_imaging.types import Level, Position

DEPTH, HEIGHT, DISC = 30.0, 25.0, 10.0


def body(level: int, top_mm: float, front_mm: float = HEIGHT) -> BodyTruth:
    """Return a body that faces −y; its inferior endplate is level, its front `front_mm` high."""
    high = np.array([[0, -DEPTH / 2, front_mm], [0, 0, (front_mm + HEIGHT) / 2], [0, DEPTH / 2, HEIGHT]])
    low = high * [1, 1, 0]
    points = np.concatenate([high, low]) + np.array([0, 0, top_mm - HEIGHT])
    return BodyTruth(level=level, landmarks_mm=points, rims_mm=np.full((2, 6, 3), np.nan))


def patient(*bodies: BodyTruth) -> PatientTruth:
    """Return a patient of these bodies."""
    return PatientTruth(bodies=bodies, position=Position.NEUTRAL, age_years=70, sex="F")


def three(front_mm: float) -> PatientTruth:
    """Return T12, L1 and L2 with the front of L1 as high as told."""
    levels = (Level.T12, Level.L1, Level.L2)
    return patient(
        *(body(k, -i * (HEIGHT + DISC), front_mm if k == Level.L1 else HEIGHT) for i, k in enumerate(levels))
    )


def of_quantity(truth: PatientTruth, quantity: str) -> dict[int, float]:
    """Return lower level → degrees of one quantity."""
    return {row["levels"][1]: row["degrees"] for row in angles(truth.bodies) if row["quantity"] == quantity}


def test_a_low_front_is_kyphosis():
    """Front 15 mm, back 25 mm, depth 30 mm: atan(10 / 30) = 18.43°; the sound bodies have none."""
    wedges = of_quantity(three(15.0), "wedge_angle")
    assert wedges[Level.L1] == pytest.approx(np.degrees(np.arctan(10 / 30)))
    assert wedges[Level.T12] == pytest.approx(0, abs=1e-9)


def test_local_angles_are_those_of_the_endplates_named():
    """Only L1's superior endplate is tilted, and neither angle rests on it: T12 superior, L1 and L2 inferior."""
    truth = three(15.0)
    assert of_quantity(truth, "local_cobb") == {Level.L2: pytest.approx(0, abs=1e-9)}
    assert of_quantity(truth, "gardner_angle") == {Level.L1: pytest.approx(0, abs=1e-9)}


def test_regional_angles_need_both_their_bodies():
    """With T12 to L2 in view there is no regional angle."""
    assert {row["quantity"] for row in angles(three(15.0).bodies)} == {"wedge_angle", "local_cobb", "gardner_angle"}


def test_change_is_later_less_earlier():
    """The front went from 25 to 20 mm: −5 mm in front, −2.5 in the middle, and 9.46° of wedge more."""
    rows = {row["level"]: row for row in change(three(25.0), three(20.0))}
    assert rows[Level.L1]["heights_mm"] == pytest.approx([-5, -2.5, 0])
    assert rows[Level.L1]["wedge_deg"] == pytest.approx(np.degrees(np.arctan(5 / 30)))
    assert not rows[Level.L1]["new_fracture"]


def test_a_closed_cleft_has_lost_its_area():
    """12 mm² open, 0 closed: −12 mm²."""
    cleft = CleftTruth(kind="gas", outline="line", endplate="superior", place="anterior", area_mm2=12.0, height_mm=1.0)
    opened = patient(replace(body(Level.L1, 0), cleft=cleft))
    closed = patient(replace(body(Level.L1, 0), cleft=replace(cleft, area_mm2=0.0, height_mm=0.0)))
    assert change(opened, closed)[0]["cleft_area_mm2"] == -12


@pytest.mark.parametrize(("loss", "grade"), [(0.0, 0), (0.19, 0), (0.2, 1), (0.25, 2), (0.4, 2), (0.41, 3)])
def test_grades_are_genants(loss: float, grade: int):
    """The cut-offs are those of knowledge/genant.toml."""
    assert genant_grade(loss) == grade


def test_a_body_tells_its_fracture():
    """Losses, grade and drawing stand in the body's row; what is absent is null."""
    fracture = FractureTruth(
        kind="wedge",
        endplates=("superior",),
        height_loss=(0.4, 0.2, 0.0),
        of_class=2,
        posterior_wall=0.1,
        retropulsion_mm=0.0,
        age="fresh",
    )
    pixels = np.zeros((6, 3))
    pixels[3:] = np.nan
    row = body_truth(replace(body(Level.L1, 0, 15.0), fracture=fracture), pixels)
    assert row["genant_grade"] == 2
    assert row["heights_mm"] == pytest.approx([15, 20, 25])
    assert row["landmarks"][3] == [None, None, None]
    assert row["cleft"] is None
