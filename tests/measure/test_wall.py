"""Retropulsion and posterior wall involvement, by hand, and what they are compared with."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ovf_imaging.knowledge.canal import canal
from ovf_imaging.knowledge.tables import heights
from ovf_imaging.measure import measure
from ovf_imaging.types import Level, Reading, Scale, Sign, SignKind
from tests.measure.build import image, pick, spine, value
from tests.measure.test_losses import normal, people

SUPERIOR, INFERIOR = 2, 5  # the posterior corners; in `spine` the front is to the left, so the back is a higher column


def moved(base: Reading, level: Level, *, superior: float = 0.0, inferior: float = 0.0) -> Reading:
    """Return the reading with a body's posterior corners moved backward, in millimetres."""
    bodies = []
    for body in base.vertebrae:
        marks = body.landmarks.copy()
        if body.level == level:
            marks[SUPERIOR, 2] += superior
            marks[INFERIOR, 2] += inferior
        bodies.append(replace(body, landmarks=marks))
    return replace(base, vertebrae=tuple(bodies))


def codes(reading: Reading, quantity: str, level: Level) -> list[str]:
    return [c.code for c in pick(measure(reading, 0), quantity, level).caveats]


def test_a_straight_wall_is_in_line() -> None:
    rows = measure(spine(people(Level.T11, Level.L3)), 0)
    assert value(rows, "retropulsion", Level.L1) == pytest.approx(0, abs=1e-9)
    assert value(rows, "posterior_wall_involvement", Level.L1) == pytest.approx(0, abs=1e-9)


def test_retropulsion_by_hand() -> None:
    """The walls of T12 and L2 stand at x = 100, L1's superior corner at 105: 5 mm behind their line."""
    row = pick(measure(moved(spine(people(Level.T11, Level.L3)), Level.L1, superior=5), 0), "retropulsion", Level.L1)
    assert row.value == pytest.approx(5)
    assert row.unit == "mm"
    assert row.reference == (Level.T12, Level.L2)
    assert row.caveats == ()


def test_retropulsion_from_a_slanting_line_by_hand() -> None:
    """T12 is pushed 6 mm forward: the line runs from (94, y1) at its foot to (100, y3) at the head of L2.

    Bodies 20 mm tall, discs of 8: T12 ends at 40, L1 spans 48–68, L2 starts at 76. The line leans 6 over 36 mm. At
    L1's foot it stands at 94 + 6·28/36 = 98.667, so the corner at 100 is 1.333 mm behind it along x and
    1.333·36/√(36² + 6²) = 1.3152 mm square to it; at its head 94 + 6·8/36 = 95.333: 4.667 → 4.6031 mm, the furthest.
    """
    base = moved(spine(dict.fromkeys((Level.T12, Level.L1, Level.L2), (20.0, 20.0, 20.0))), Level.T12, inferior=-6)
    assert value(measure(base, 0), "retropulsion", Level.L1) == pytest.approx(4.667 * 36 / np.hypot(36, 6), abs=1e-3)


def test_wall_in_front_of_the_line_is_negative() -> None:
    base = moved(spine(people(Level.T12, Level.L2)), Level.L1, superior=-3, inferior=-2)
    assert value(measure(base, 0), "retropulsion", Level.L1) == pytest.approx(-2)


def test_retropulsion_interval_by_hand() -> None:
    """0.3 mm each; L1's superior corner lies 8 of L = 16 + H mm down the line: weights 1, 1 − t and t, t = 8 / L.

    var = 0.09·(1 + (1 − t)² + t²); the corners' moves along the line don't matter.
    """
    base = moved(spine(people(Level.T12, Level.L2), sd_mm=0.3), Level.L1, superior=5)
    row = pick(measure(base, 0), "retropulsion", Level.L1)
    t = 8 / (16 + normal(Level.L1)[2])
    assert row.interval is not None
    half = 1.959964 * 0.3 * np.sqrt(1 + (1 - t) ** 2 + t**2)
    assert (row.interval[1] - row.interval[0]) / 2 == pytest.approx(half, rel=1e-4)


def test_involvement_of_a_shortened_wall_is_its_height_loss() -> None:
    """L1's back at 60 % of what T12 and L2 let expect: 40 % of the wall is involved, none of the rest displaced."""
    rows = measure(spine(people(Level.T11, Level.L3, L1=(0.6, 0.6, 0.6))), 0)
    assert value(rows, "posterior_wall_involvement", Level.L1) == pytest.approx(0.4)


def test_involvement_of_a_displaced_wall_by_hand() -> None:
    """L1's superior corner 6 mm back: margin 0.07·33 = 2.31 mm, 1 − 2.31/6 = 61.5 % of the wall displaced.

    The depth is 30 mm in `spine`; the middle of the back is moved by 3, so 33. The wall itself is √(H² + 36) long for
    an expected H: involved 1 − (√(H² + 36)/H)·(2.31/6).
    """
    assert canal().displaced_from == 0.07
    rows = measure(moved(spine(people(Level.T12, Level.L2)), Level.L1, superior=6), 0)
    tall = normal(Level.L1)[2]
    expected = 1 - np.hypot(tall, 6) / tall * 0.07 * 33 / 6
    assert value(rows, "posterior_wall_involvement", Level.L1) == pytest.approx(expected, abs=1e-3)


def test_a_displacement_within_the_margin_is_none() -> None:
    """2 mm is less than 0.07·31 = 2.17 mm; only the wall's length changes, by √(H² + 4)/H."""
    rows = measure(moved(spine(people(Level.T12, Level.L2)), Level.L1, superior=2), 0)
    tall = normal(Level.L1)[2]
    assert value(rows, "posterior_wall_involvement", Level.L1) == pytest.approx(1 - np.hypot(tall, 2) / tall)


def test_a_corner_in_front_of_the_line_displaces_nothing() -> None:
    """1.5 mm behind and 3 mm in front: from the line, not from the other corner, 1.5 is less than 0.07·29.25 mm."""
    rows = measure(moved(spine(people(Level.T12, Level.L2)), Level.L1, superior=1.5, inferior=-3), 0)
    tall = normal(Level.L1)[2]
    assert value(rows, "posterior_wall_involvement", Level.L1) == pytest.approx(1 - np.hypot(tall, 4.5) / tall)


def test_a_slip_is_no_broken_wall_and_is_told() -> None:
    base = moved(spine(people(Level.T12, Level.L2)), Level.L1, superior=5, inferior=5)
    rows = measure(base, 0)
    assert value(rows, "retropulsion", Level.L1) == pytest.approx(5)
    assert value(rows, "posterior_wall_involvement", Level.L1) == pytest.approx(0, abs=1e-9)
    assert codes(base, "retropulsion", Level.L1) == ["wall-behind-as-a-whole"]


def test_expected_height_is_carried_by_the_level_trend() -> None:
    """Walls 25, 20, 28 mm: T12 and L2 let expect (25·1.003/0.953 + 28·1.003/1.026)/2 = 26.842; 1 − 20/26.842."""
    base = spine({Level.T12: (25, 25, 25), Level.L1: (20, 20, 20), Level.L2: (28, 28, 28)})
    assert value(measure(base, 0), "posterior_wall_involvement", Level.L1) == pytest.approx(0.254898, abs=1e-5)


def test_a_fractured_neighbour_makes_no_line() -> None:
    """L2 is crushed: L1's line runs from T12 to L3, which is said."""
    base = spine(people(Level.T11, Level.L4, L2=(0.5, 0.5, 0.5)))
    assert pick(measure(base, 0), "retropulsion", Level.L1).reference == (Level.T12, Level.L3)
    assert codes(base, "retropulsion", Level.L1) == ["wall-line-not-adjacent"]


@pytest.mark.parametrize("kind", [SignKind.CEMENT, SignKind.IMPLANT])
def test_cement_and_implants_make_no_reference(kind: SignKind) -> None:
    base = spine(people(Level.T11, Level.L4))
    bodies = [
        replace(v, signs=(Sign(kind=kind, probability=0.9),)) if v.level == Level.L2 else v for v in base.vertebrae
    ]
    rows = measure(replace(base, vertebrae=tuple(bodies)), 0)
    assert pick(rows, "retropulsion", Level.L1).reference == (Level.T12, Level.L3)
    assert pick(rows, "height_loss_middle", Level.L1).reference == (Level.T12,)


@pytest.mark.parametrize("level", [Level.T11, Level.L3])
def test_without_bodies_on_both_sides_there_is_no_line(level: Level) -> None:
    base = spine(people(Level.T11, Level.L3))
    for quantity in ("retropulsion", "posterior_wall_involvement"):
        assert pick(measure(base, 0), quantity, level).value is None
        assert codes(base, quantity, level) == ["no-wall-line"]


def test_a_body_too_far_away_makes_no_line() -> None:
    base = spine({k: normal(k) for k in (Level.T4, Level.L1, Level.L2)})
    assert heights().max_levels_away < 10
    assert codes(base, "retropulsion", Level.L1) == ["no-wall-line"]


def test_level_without_a_trend_has_retropulsion_but_no_involvement() -> None:
    base = spine({Level.T12: normal(Level.T12), Level.T13: (25, 25, 25), Level.L1: normal(Level.L1)})
    assert value(measure(base, 0), "retropulsion", Level.T13) == pytest.approx(0, abs=1e-9)
    assert codes(base, "posterior_wall_involvement", Level.T13) == ["no-trend"]


def test_scale_is_respected() -> None:
    for scale, wanted in ((Scale.DETECTOR, ["detector-scale"]), (Scale.UNKNOWN, ["no-scale"])):
        base = moved(spine(people(Level.T12, Level.L2), on=image(scale=scale)), Level.L1, superior=5)
        assert codes(base, "retropulsion", Level.L1) == wanted
        assert value(measure(base, 0), "posterior_wall_involvement", Level.L1) > 0.4


@pytest.mark.parametrize("corner", [SUPERIOR, INFERIOR])
def test_a_missing_corner_is_named(corner: int) -> None:
    base = spine(people(Level.T12, Level.L2))
    marks = base.vertebrae[1].landmarks.copy()
    marks[corner] = np.nan
    broken = (base.vertebrae[0], replace(base.vertebrae[1], landmarks=marks), base.vertebrae[2])
    assert codes(replace(base, vertebrae=broken), "retropulsion", Level.L1) == ["landmark-missing"]


def test_pushing_a_corner_back_never_lowers_either() -> None:
    base, before = spine(people(Level.T12, Level.L2)), [-1.0, -1.0]
    for push in (0.0, 1.0, 2.0, 3.0, 5.0, 8.0):
        rows = measure(moved(base, Level.L1, inferior=push), 0)
        now = [value(rows, q, Level.L1) for q in ("retropulsion", "posterior_wall_involvement")]
        assert now[0] == pytest.approx(push, abs=1e-9)
        assert push < 3 or now[1] > before[1]
        before = now
