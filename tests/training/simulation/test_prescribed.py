"""Fractures as they were asked for: what is wanted comes true, and nothing else breaks."""

from typing import Any

import pytest

from ovf_imaging.training.simulation.anatomy import Templates
from ovf_imaging.training.simulation.cases import DrawnCase, draw_case, parse_settings
from ovf_imaging.training.simulation.volume import BodyTruth
from ovf_imaging.types import Level, Position

WEDGE = {"level": "L1", "anterior_loss": 0.35, "middle_loss": 0.25}
OPEN = {**WEDGE, "anterior_loss": 0.5, "middle_loss": 0.3, "age": "fresh", "cleft": "gas", "cleft_mm": 6}


def case_of(templates: Templates, *fractures: dict[str, Any], **study: Any) -> DrawnCase:
    """Return a coarse film of a patient with the given fractures and no other trouble."""
    plain = {"schmorl": 0, "short": 0, "scheuermann": 0, "cement": 0, "screws": 0, "fracture": list(fractures)}
    alone = {"dynamic": 0, "posture": 0, "follow_up": 0, **study}
    settings = parse_settings({"study": alone, "anatomy": plain, "film": {"rows": 64, "photographed": 0}})
    return draw_case("radiograph", settings, templates, seed=3)


def broken(case: DrawnCase, picture: int = 0) -> dict[int, BodyTruth]:
    """Return the fractured bodies of one picture of the first study by their level."""
    return {b.level: b for b in case.studies[0].pictures[picture].truth.bodies if b.fracture}


@pytest.mark.real_data
def test_the_asked_for_fractures_come_true_and_no_other(templates: Templates):
    """L1 35 % in front and 25 % in the middle, T12 30 % in the middle, both sides: within 2 % of the height.

    The middle height is measured between the lowest points of two curved endplates, so it is not hit exactly.
    """
    biconcave = {"level": "T12", "kind": "biconcave", "endplates": "both", "middle_loss": 0.3, "age": "fresh"}
    found = broken(case_of(templates, WEDGE, biconcave))
    assert set(found) == {Level.L1, Level.T12}
    wedge, other = found[Level.L1].fracture, found[Level.T12].fracture
    assert wedge is not None
    assert other is not None
    assert wedge.height_loss == pytest.approx((0.35, 0.25, 0.0), abs=0.02)
    assert (wedge.kind, wedge.endplates, wedge.age, wedge.of_class) == ("wedge", ("superior",), "old", 2)
    assert other.height_loss == pytest.approx((0.0, 0.3, 0.0), abs=0.02)
    assert (other.endplates, other.age, other.of_class) == (("superior", "inferior"), "fresh", 4)
    assert found[Level.L1].oedema_fraction == 0
    assert found[Level.T12].oedema_fraction > 0


@pytest.mark.real_data
def test_a_gas_cleft_is_shut_in_flexion_and_open_in_extension(templates: Templates):
    """6 mm were asked for, and half of L1's front (about 13 mm) leaves room for them."""
    case = case_of(templates, OPEN, dynamic=1)
    flexed, extended = (broken(case, picture)[Level.L1].cleft for picture in (0, 1))
    assert flexed is not None
    assert extended is not None
    assert (flexed.kind, flexed.height_mm) == ("gas", 0)
    assert extended.height_mm == pytest.approx(6, abs=0.01)


@pytest.mark.real_data
def test_a_body_that_lost_no_height_is_an_occult_fracture(templates: Templates):
    """No loss was asked for: OF 1, and oedema alone."""
    body = broken(case_of(templates, {"level": "L3", "age": "fresh"}))[Level.L3]
    assert body.fracture is not None
    assert body.fracture.of_class == 1
    assert body.fracture.height_loss == pytest.approx((0, 0, 0), abs=1e-9)
    assert body.oedema_fraction > 0


@pytest.mark.real_data
def test_a_single_picture_is_taken_in_the_asked_for_position(templates: Templates):
    """Supine, which no single film is on its own."""
    case = case_of(templates, WEDGE, position="supine")
    assert case.studies[0].pictures[0].truth.position is Position.SUPINE


@pytest.mark.parametrize(
    ("fractures", "told"),
    [
        (3, r"\[anatomy\] fracture wanted as tables \[\[anatomy.fracture\]\], got 3"),
        ([3], r"fracture 1: wanted a table, got 3"),
        ([WEDGE, {}], r"fracture 2: level wanted one of T1, .* L5, got ''"),
        ([WEDGE, WEDGE], r"fracture wanted once a level, got L1, L1"),
        ([{**WEDGE, "loss": 1}], r"fracture 1: loss is no key of a fracture; wanted one of level, .*cleft_mm"),
        ([{**WEDGE, "anterior_loss": 1.2}], r"fracture 1: anterior_loss wanted within 0–0.9.* got 1.2"),
        ([{**WEDGE, "kind": "split"}], r"kind wanted one of wedge, biconcave, .* got 'split'"),
        ([{**WEDGE, "kind": "biconcave"}], r"kind biconcave does not go with losses of 0.35, 0.25, 0 "),
        ([{**WEDGE, "kind": "crush"}], r"kind crush does not go with losses of 0.35, 0.25, 0 "),
        ([{**WEDGE, "middle_loss": 0.1}], r"middle_loss wanted at least 0.175, midway of the others, got 0.1"),
        ([{"level": "L1", "cleft": "gas"}], r"a cleft wanted where at least 0.2 of the height is lost, got 0"),
        ([{**WEDGE, "retropulsion_mm": 20}], r"retropulsion_mm wanted within 0–9"),
    ],
)
def test_what_can_not_be_is_named(fractures: object, told: str):
    """Which fracture, which key, what was wanted and what came."""
    with pytest.raises(ValueError, match=told):
        parse_settings({"anatomy": {"fracture": fractures}})


def test_a_position_that_is_none_is_named():
    """The words that can be stand in the message."""
    with pytest.raises(ValueError, match=r"\[study\] position wanted one of usual, neutral, .* got 'sitting'"):
        parse_settings({"study": {"position": "sitting"}})
