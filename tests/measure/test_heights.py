"""Heights, depth and ratios, by hand."""

from __future__ import annotations

from math import hypot, sqrt

import numpy as np
import pytest

from ovf_imaging.measure import measure
from ovf_imaging.types import Level, Scale
from tests.measure.build import image, pick, quad, reading, spine, value, vertebra


def test_heights_depth_and_ratios_of_one_body() -> None:
    """Front 12, middle 16, back 24, 30 deep.

    Ha/Hp = 12/24 = 0.5, Hm/Hp = 16/24 = 0.6667. The middle of the front lies 6 mm above the inferior endplate, that
    of the back 12 mm: depth √(30² + 6²) = 30.594.
    """
    rows = measure(reading([vertebra(Level.L1, quad(front=12, middle=16, back=24))]), 0)
    assert value(rows, "anterior_height", Level.L1) == pytest.approx(12)
    assert value(rows, "middle_height", Level.L1) == pytest.approx(16)
    assert value(rows, "posterior_height", Level.L1) == pytest.approx(24)
    assert value(rows, "depth", Level.L1) == pytest.approx(hypot(30, 6))
    assert value(rows, "anterior_posterior_ratio", Level.L1) == pytest.approx(0.5)
    assert value(rows, "middle_posterior_ratio", Level.L1) == pytest.approx(16 / 24)


def test_height_interval_is_196_standard_deviations() -> None:
    """Two landmarks of 0.3 mm each: √2·0.3 = 0.4243; ±1.96 of it = ±0.8316 mm."""
    row = pick(measure(reading([vertebra(Level.L1, quad(), sd_mm=0.3)]), 0), "anterior_height", Level.L1)
    assert row.interval == pytest.approx((25 - 0.83154, 25 + 0.83154), abs=1e-4)


def test_ratio_interval() -> None:
    """r = 12/24: var = (s² + r²·s²)/24² with s² = 0.18: sd = √0.225/24 = 0.019764, ×1.96 = 0.038737."""
    rows = measure(reading([vertebra(Level.L1, quad(front=12, back=24), sd_mm=0.3)]), 0)
    row = pick(rows, "anterior_posterior_ratio", Level.L1)
    half = 1.959964 * sqrt(0.18 * 1.25) / 24
    assert row.interval == pytest.approx((0.5 - half, 0.5 + half), abs=1e-5)


def test_landmarks_on_different_slices_meet_in_the_sagittal_plane() -> None:
    body = vertebra(Level.L1, quad(front=20, back=24), slices=(0, 1, 2, 3, 4, 4))
    rows = measure(reading([body]), 0)
    assert value(rows, "anterior_height", Level.L1) == pytest.approx(20)
    assert value(rows, "posterior_height", Level.L1) == pytest.approx(24)


def test_detector_millimetres_are_never_silent() -> None:
    on = image(scale=Scale.DETECTOR)
    rows = measure(spine({Level.L1: (25, 25, 25), Level.L2: (25, 25, 25)}, on=on), 0)
    for quantity in ("anterior_height", "middle_height", "posterior_height", "depth"):
        row = pick(rows, quantity, Level.L1)
        assert row.unit == "mm"
        assert row.value is not None
        assert [(c.code, c.must_see) for c in row.caveats] == [("detector-scale", True)]
    assert "detector-scale" not in [c.code for r in rows if r.unit != "mm" for c in r.caveats]


def test_without_scale_no_millimetres_but_ratios_losses_and_angles() -> None:
    on = image(scale=Scale.UNKNOWN)
    rows = measure(spine({Level.L1: (25, 25, 25), Level.L2: (12, 18.5, 25), Level.L3: (25, 25, 25)}, on=on), 0)
    for row in (r for r in rows if r.unit == "mm"):
        assert row.value is None
        assert row.interval is None
        edge = row.quantity == "retropulsion" and row.levels[0] != Level.L2
        assert [c.code for c in row.caveats] == ["no-wall-line" if edge else "no-scale"]
    assert value(rows, "anterior_posterior_ratio", Level.L2) == pytest.approx(12 / 25)
    assert value(rows, "height_loss_anterior", Level.L2) > 0.4
    assert value(rows, "wedge_angle", Level.L2) == pytest.approx(np.degrees(np.arctan(13 / 30)))


def test_sacrum_has_no_heights_of_its_own() -> None:
    rows = measure(spine({Level.L5: (25, 25, 25), Level.S1: (25, 25, 25)}), 0)
    assert not [r for r in rows if r.levels == (Level.S1, Level.S1)]


def test_index_of_the_reading_is_kept() -> None:
    rows = measure(spine({Level.L4: (25, 25, 25), Level.L5: (25, 25, 25)}), 3)
    assert {r.reading for r in rows} == {3}


def test_units_are_ucum() -> None:
    rows = measure(spine({Level.L4: (25, 25, 25), Level.L5: (25, 25, 25)}), 0)
    assert {r.unit for r in rows} == {"mm", "1", "deg"}
