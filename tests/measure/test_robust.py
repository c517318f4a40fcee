"""Broken, missing and doubtful input: an honest None with its reason, never an exception."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ovf_imaging.assess import assess
from ovf_imaging.errors import GeometryError
from ovf_imaging.measure import measure, measure_changes
from ovf_imaging.types import Level, Measurement, Position, Reading, Sign, SignKind, Vertebra
from tests.measure.build import image, pick, quad, reading, spine, value, vertebra

THREE = {Level.T12: (24.0, 24.0, 25.0), Level.L1: (25.0, 25.0, 26.0), Level.L2: (26.0, 26.0, 27.0)}


def with_landmarks(base: Reading, index: int, change: dict[int, tuple[float, float]]) -> Reading:
    """Return the reading with some landmarks of one body set to (row, column)."""
    marks = base.vertebrae[index].landmarks.copy()
    for row, place in change.items():
        marks[row, 1:] = place
    bodies = list(base.vertebrae)
    bodies[index] = replace(bodies[index], landmarks=marks)
    return replace(base, vertebrae=tuple(bodies))


def assert_honest(rows: tuple[Measurement, ...]) -> None:
    """Assert that every number is finite and every None has its reason."""
    json.dumps([(r.value, r.interval) for r in rows], allow_nan=False)
    for row in rows:
        if row.value is None:
            assert row.interval is None
            assert row.caveats, f"{row.quantity} of {row.levels} is None without a reason"
        elif row.interval is not None:
            assert row.interval[0] <= row.value <= row.interval[1]


def test_zero_posterior_height() -> None:
    """Field report D11: the posterior landmarks coincide; null with the reason, and the rest still measured."""
    base = spine(THREE)
    bottom = base.vertebrae[1].landmarks[5, 1:]
    rows = measure(with_landmarks(base, 1, {2: (float(bottom[0]), float(bottom[1]))}), 0)
    assert_honest(rows)
    for quantity in ("posterior_height", "anterior_posterior_ratio", "middle_posterior_ratio", "height_loss_posterior"):
        row = pick(rows, quantity, Level.L1)
        assert row.value is None
        assert [c.code for c in row.caveats] == ["height-degenerate"]
    assert value(rows, "anterior_height", Level.L1) == pytest.approx(25)
    assert pick(rows, "height_loss_anterior", Level.T12).reference == (Level.L2,)


def test_crossed_endplates_are_no_height() -> None:
    """The front's superior landmark lies 5 mm below its inferior one."""
    base = spine(THREE)
    bottom = base.vertebrae[1].landmarks[3, 1:]
    rows = measure(with_landmarks(base, 1, {0: (float(bottom[0] + 5), float(bottom[1]))}), 0)
    assert_honest(rows)
    assert [c.code for c in pick(rows, "anterior_height", Level.L1).caveats] == ["height-degenerate"]


def test_body_with_front_and_back_exchanged_is_not_measured() -> None:
    base = spine(THREE)
    marks = base.vertebrae[1].landmarks[[2, 1, 0, 5, 4, 3]]
    bodies = (base.vertebrae[0], replace(base.vertebrae[1], landmarks=marks), base.vertebrae[2])
    rows = measure(replace(base, vertebrae=bodies), 0)
    row = pick(rows, "wedge_angle", Level.L1)
    assert row.value is None
    assert [(c.code, c.must_see) for c in row.caveats] == [("landmarks-mirrored", True)]
    assert pick(rows, "height_loss_anterior", Level.T12).reference == (Level.L2,)


@pytest.mark.parametrize("place", range(6))
def test_missing_landmark_spoils_only_what_needs_it(place: int) -> None:
    rows = measure(with_landmarks(spine(THREE), 1, {place: (np.nan, np.nan)}), 0)
    assert_honest(rows)
    position = ("anterior", "middle", "posterior")[place % 3]
    for name in ("anterior", "middle", "posterior"):
        row = pick(rows, f"{name}_height", Level.L1)
        assert (row.value is None) == (name == position)
    assert [c.code for c in pick(rows, f"{position}_height", Level.L1).caveats] == ["landmark-missing"]
    assert pick(rows, "wedge_angle", Level.L1).value is None
    assert pick(rows, "wedge_angle", Level.L2).value is not None


def test_endplate_on_one_spot_has_no_direction() -> None:
    rows = measure(with_landmarks(spine(THREE), 1, dict.fromkeys((0, 1, 2), (60.0, 85.0))), 0)
    assert_honest(rows)
    assert [c.code for c in pick(rows, "wedge_angle", Level.L1).caveats] == ["endplate-degenerate"]


def test_all_landmarks_on_one_spot() -> None:
    rows = measure(with_landmarks(spine(THREE), 1, dict.fromkeys(range(6), (60.0, 85.0))), 0)
    assert_honest(rows)
    assert {r.value for r in rows if r.levels == (Level.L1, Level.L1)} == {None}


def test_nothing_but_nan() -> None:
    body = replace(vertebra(Level.L1, quad()), landmarks=np.full((6, 3), np.nan))
    rows = measure(reading([body]), 0)
    assert_honest(rows)
    assert {r.value for r in rows} == {None}


@pytest.mark.parametrize("broken", [np.nan, -1.0])
def test_unusable_covariance_gives_values_without_intervals(broken: float) -> None:
    base = spine(THREE)
    bodies = tuple(replace(v, covariance=np.full((6, 2, 2), broken)) for v in base.vertebrae)
    rows = measure(replace(base, vertebrae=bodies), 0)
    row = pick(rows, "anterior_height", Level.L1)
    assert row.value == pytest.approx(25)
    assert row.interval is None
    assert [c.code for c in row.caveats] == ["interval-unknown"]


def test_one_bodys_unknown_covariance_leaves_the_others_intervals() -> None:
    base = spine({**THREE, Level.L3: (26.0, 26.0, 27.0)})
    bodies = list(base.vertebrae)
    bodies[0] = replace(bodies[0], covariance=np.full((6, 2, 2), np.nan))
    rows = measure(replace(base, vertebrae=tuple(bodies)), 0)
    assert pick(rows, "height_loss_anterior", Level.L1).interval is None
    assert pick(rows, "height_loss_anterior", Level.L2).interval is not None


def test_zero_covariance_is_a_point() -> None:
    rows = measure(spine(THREE, sd_mm=0.0), 0)
    row = pick(rows, "anterior_height", Level.L1)
    assert row.interval == pytest.approx((25, 25))


def test_level_read_twice_is_not_measured() -> None:
    """Field report D1, as far as it reaches this room."""
    base = spine(THREE)
    twice = (base.vertebrae[0], replace(base.vertebrae[1], level=int(Level.T12)), base.vertebrae[2])
    rows = measure(replace(base, vertebrae=twice), 0)
    assert_honest(rows)
    row = pick(rows, "anterior_height", Level.T12)
    assert row.value is None
    assert [(c.code, c.must_see) for c in row.caveats] == [("level-repeated", True)]


def test_no_body_gives_no_rows() -> None:
    assert measure(reading([]), 0) == ()
    assert assess((reading([]),), ()).findings == ()


def test_twenty_five_bodies_and_an_unknown_level() -> None:
    levels = [*range(1, 27), 28, 77]
    bodies = [vertebra(k, quad(top=40.0 * n)) for n, k in enumerate(levels)]
    rows = measure(reading(bodies), 0)
    assert_honest(rows)
    assert value(rows, "anterior_height", 77) == pytest.approx(25)
    assert_honest(compared(reading(bodies), reading(bodies)))
    assert len(assess((reading(bodies),), rows).findings) == 27


def test_affine_without_a_plane_is_named() -> None:
    with pytest.raises(GeometryError, match="span no plane"):
        measure(reading([vertebra(Level.L1, quad())], on=image(affine=np.zeros((4, 4)))), 0)


def compared(one: Reading, other: Reading) -> tuple[Measurement, ...]:
    """Return the changes from `other`, taken as a prior, to `one`, both standing."""
    on = image(position=Position.STANDING)
    readings = (replace(one, image=on), replace(other, image=on, prior=True))
    return measure_changes(readings, tuple(row for n, r in enumerate(readings) for row in measure(r, n)))


@pytest.mark.parametrize("sick", ["broken", "cemented"])
def test_a_whole_column_without_a_healthy_body(sick: str) -> None:
    """Nothing is compared with neighbours; what a body tells by itself stands."""
    even = dict.fromkeys((Level(k) for k in range(Level.T10, Level.L5 + 1)), (25.0, 25.0, 25.0))
    cement = (Sign(kind=SignKind.CEMENT, probability=0.9),)
    base = spine(dict.fromkeys(even, (12.0, 18.0, 25.0)) if sick == "broken" else even)
    if sick == "cemented":
        base = replace(base, vertebrae=tuple(replace(v, signs=cement) for v in base.vertebrae))
    rows, changes = measure(base, 0), compared(base, base)
    assert_honest((*rows, *changes))
    told = {r.quantity for r in (*rows, *changes) if r.value is not None}
    assert told >= {"anterior_height", "wedge_angle", "local_cobb", "farcy_index", "change_wedge_angle"}
    assert not any(q.startswith(("height_loss", "retropulsion", "posterior_wall", "canal")) for q in told)
    assert "change_anterior_height" not in told


def test_one_body_has_only_what_is_its_own() -> None:
    base = reading([vertebra(Level.L1, quad())])
    rows = (*measure(base, 0), *compared(base, base))
    assert_honest(rows)
    relative = (
        "height_loss",
        "local_cobb",
        "gardner",
        "farcy",
        "retropulsion",
        "posterior_",
        "canal",
        "change_",
        "t2_",
    )
    for row in rows:
        own = row.quantity in ("posterior_height", "change_wedge_angle") or not row.quantity.startswith(relative)
        assert (row.value is not None) == own, row.quantity


@settings(max_examples=60, deadline=None)
@given(
    arrays(
        np.float64,
        (3, 6, 3),
        elements=st.one_of(
            st.floats(-1e4, 1e4), st.just(np.nan), st.just(np.inf), st.just(0.0), st.floats(-1e200, 1e200)
        ),
    )
)
def test_no_landmarks_raise(marks: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> None:
    levels = (Level.T12, Level.L1, Level.L2)
    bodies = tuple(
        Vertebra(level=int(k), landmarks=m, covariance=np.tile(np.eye(2), (6, 1, 1)), confidence=0.5)
        for k, m in zip(levels, marks, strict=True)
    )
    rows = measure(reading(bodies), 0)
    assert_honest(rows)
    assert_honest(compared(reading(bodies), spine(THREE)))
    assess((reading(bodies),), rows)
