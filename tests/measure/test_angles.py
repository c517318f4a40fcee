"""Wedge, local Cobb, Gardner and regional angles, by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ovf_imaging.measure import measure
from ovf_imaging.types import Level, Reading, Scale
from tests.measure.build import column, image, pick, quad, reading, turned, value, vertebra


def bent(levels: list[Level], tilts: list[float], mirror: bool = False) -> Reading:
    """Return square bodies, each tilted so that its front is lowered by so many degrees; facing right if mirrored."""
    bodies = []
    for level, tilt, box in zip(levels, tilts, column([(25, 25, 25)] * len(levels)), strict=True):
        centre = box.mean(0)
        # Facing left, lowering the front (towards −x) is a turn by a negative angle with y to the foot.
        points = turned(box, -tilt, (float(centre[0]), float(centre[1])))
        if mirror:
            points[:, 0] = 300 - points[:, 0]
        bodies.append(vertebra(level, points))
    return reading(bodies)


def test_wedge_is_the_angle_of_a_bodys_own_endplates() -> None:
    """Front 15, middle 20, back 25 over 30 mm: the superior endplate falls by atan(10/30) = 18.435°."""
    rows = measure(reading([vertebra(Level.L1, quad(front=15, back=25))]), 0)
    assert value(rows, "wedge_angle", Level.L1) == pytest.approx(18.4349, abs=1e-3)


def test_lordotic_wedge_is_negative() -> None:
    rows = measure(reading([vertebra(Level.L5, quad(front=25, back=15))]), 0)
    assert value(rows, "wedge_angle", Level.L5) == pytest.approx(-18.4349, abs=1e-3)


@pytest.mark.parametrize("mirror", [False, True])
def test_local_cobb_and_gardner(mirror: bool) -> None:
    """T12 lowered by 12°, L1 by 2°, L2 raised by 5°: Cobb 12 − (−5) = 17°, Gardner 12 − 2 = 10°."""
    rows = measure(bent([Level.T12, Level.L1, Level.L2], [12, 2, -5], mirror), 0)
    assert value(rows, "local_cobb", Level.T12, Level.L2) == pytest.approx(17)
    assert value(rows, "gardner_angle", Level.T12, Level.L1) == pytest.approx(10)


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("degrees", [0.0, 10.0, 90.0, 170.0, -10.0, -90.0, -170.0])
def test_known_angles_in_both_facings(degrees: float, mirror: bool) -> None:
    """Field report D10: upper front lowered by half, lower raised by half."""
    tilts = [degrees / 2, 0.0, -degrees / 2]
    rows = measure(bent([Level.T12, Level.L1, Level.L2], tilts, mirror), 0)
    assert value(rows, "local_cobb", Level.T12, Level.L2) == pytest.approx(degrees, abs=1e-9)


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize(
    ("levels", "normal"),
    [((Level.T7, Level.T8), 5), ((Level.T12, Level.L1), 0), ((Level.L3, Level.L4), -10)],
    ids=["thoracic", "thoracolumbar", "lumbar"],
)
def test_farcy_index(levels: tuple[Level, Level], normal: float, mirror: bool) -> None:
    """The upper body lowered by 9°, the lower raised by 4°: 13° between inferior endplates, less the contour."""
    rows = measure(bent(list(levels), [9, -4], mirror), 0)
    assert value(rows, "farcy_index", *levels) == pytest.approx(13 - normal)


def test_farcy_index_runs_between_inferior_endplates() -> None:
    """L1 wedged by 18.435° on its superior endplate only, which T12's superior endplate has no part in.

    T12 is wedged as well, its inferior endplate level; L1's inferior endplate is level: the index is 0.
    """
    shapes = column([(15, 20, 25), (15, 20, 25)])
    rows = measure(reading([vertebra(k, p) for k, p in zip((Level.T12, Level.L1), shapes, strict=True)]), 0)
    assert value(rows, "farcy_index", Level.T12, Level.L1) == pytest.approx(0, abs=1e-9)
    assert value(rows, "gardner_angle", Level.T12, Level.L1) == pytest.approx(18.4349, abs=1e-3)


def test_no_normal_contour_of_the_neck() -> None:
    row = pick(measure(bent([Level.C5, Level.C6], [0, 0]), 0), "farcy_index", Level.C5, Level.C6)
    assert row.value is None
    assert [c.code for c in row.caveats] == ["no-normal-contour"]


def test_regional_angles_where_both_ends_are_in_view() -> None:
    """Each level bent a little more to lordosis: T10–L2 from 20° to 5° is 15°, L1–L5 from 10° to −30° is 40°."""
    levels = [Level(k) for k in range(Level.T10, Level.L5 + 1)]
    rows = measure(bent([*levels, Level.S1], [20, 18, 15, 10, 5, 0, -15, -30, -40]), 0)
    assert value(rows, "angle_t10_l2", Level.T10, Level.L2) == pytest.approx(15)
    assert value(rows, "angle_l1_l5", Level.L1, Level.L5) == pytest.approx(40)
    assert value(rows, "angle_l1_s1", Level.L1, Level.S1) == pytest.approx(50)
    assert not [r for r in rows if r.quantity == "angle_t4_t12"]


def test_thoracic_angle() -> None:
    levels = [Level(k) for k in range(Level.T4, Level.T12 + 1)]
    rows = measure(bent(levels, [25, 20, 15, 10, 5, 0, -5, -10, -15]), 0)
    assert value(rows, "angle_t4_t12", Level.T4, Level.T12) == pytest.approx(40)


def test_sacral_angle_needs_only_the_superior_endplate_of_s1() -> None:
    base = bent([Level(k) for k in range(Level.L1, Level.L5 + 1)] + [Level.S1], [0, 0, 0, 0, 0, -40])
    sacrum = base.vertebrae[-1]
    marks = sacrum.landmarks.copy()
    marks[3:] = np.nan
    cut = replace(sacrum, landmarks=marks, complete=False)
    rows = measure(replace(base, vertebrae=(*base.vertebrae[:-1], cut)), 0)
    assert value(rows, "angle_l1_s1", Level.L1, Level.S1) == pytest.approx(40)
    row = pick(rows, "local_cobb", Level.L4, Level.S1)
    assert row.value is None
    assert [c.code for c in row.caveats] == ["no-such-endplate"]


def test_angle_interval_by_hand() -> None:
    """Three points 15 mm apart, 0.3 mm each: var of the slope 0.09/(2·15²) rad² an endplate, twice that for the angle.

    sd = √(0.09/225) = 0.02 rad = 1.1459°; ×1.96 = 2.2460°.
    """
    row = pick(measure(reading([vertebra(Level.L1, quad(), sd_mm=0.3)]), 0), "wedge_angle", Level.L1)
    assert row.interval == pytest.approx((-2.2460, 2.2460), abs=1e-3)


def test_angles_are_finite_without_spacing() -> None:
    base = bent([Level.T12, Level.L1, Level.L2], [12, 2, -5])
    rows = measure(replace(base, image=image(scale=Scale.UNKNOWN)), 0)
    assert value(rows, "local_cobb", Level.T12, Level.L2) == pytest.approx(17)


def test_neighbour_not_in_view_is_named() -> None:
    rows = measure(bent([Level.L1, Level.L2], [0, 0]), 0)
    row = pick(rows, "local_cobb", Level.T12, Level.L2)
    assert row.value is None
    assert [(c.code, c.levels) for c in row.caveats] == [("neighbour-not-in-view", (Level.T12,))]


def test_a_gap_is_not_bridged() -> None:
    """T11, L1, L2: T12 was not read, so L1 has no local Cobb; T11's own lower neighbour is T12."""
    rows = measure(bent([Level.T11, Level.L1, Level.L2], [0, 0, 0]), 0)
    assert pick(rows, "gardner_angle", Level.T12, Level.L1).value is None


@pytest.mark.parametrize(
    ("levels", "cobb"),
    [
        ([Level.T12, Level.T13, Level.L1], (Level.T12, Level.L1)),
        ([Level.T11, Level.T12, Level.T13], (Level.T11, Level.T13)),
        ([Level.L4, Level.L5, Level.L6], (Level.L4, Level.L6)),
    ],
)
def test_variant_levels_are_neighbours(levels: list[Level], cobb: tuple[Level, Level]) -> None:
    rows = measure(bent(levels, [10, 0, -10]), 0)
    assert value(rows, "local_cobb", *cobb) == pytest.approx(20)


def test_order_of_the_bodies_in_the_reading_does_not_matter() -> None:
    base = bent([Level.T12, Level.L1, Level.L2], [12, 2, -5])
    shuffled = replace(base, vertebrae=base.vertebrae[::-1])
    assert measure(shuffled, 0) == measure(base, 0)
