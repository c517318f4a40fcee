"""Bias, limits of agreement, within-subject SD and ICC against the papers that they come from."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ovf_imaging.compare import continuous
from ovf_imaging.compare.resample import FEWEST_STUDIES, NOTE

# Bland and Altman 1986 (Lancet i:307), table 1: first readings of peak flow, l/min, Wright meter and mini meter.
WRIGHT = (494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427)
MINI = (512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451)
# Shrout and Fleiss 1979 (Psychol Bull 86:420), table 2: four judges on six subjects.
JUDGES = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], dtype=float)


def test_peak_flow_as_in_bland_and_altman():
    """Published: mean difference −2.1, SD 38.8, its interval −22.0 to 17.8.

    Limits: the paper takes 2 SD (−79.7 to 75.5), here 1.96: −2.12 − 1.96 · 38.77 = −78.1 and −2.12 + 75.98 = 73.9.
    Error of a limit: 38.77 · √(1/17 + 1.96²/32) = 16.40 (paper, √(3/17): 16.3); · t 2.120 = 34.76.
    """
    found = continuous.agreement(WRIGHT, MINI, ["one"] * 17)
    assert found["bias"].value == pytest.approx(-2.1, abs=0.05)
    assert found["bias"].interval == pytest.approx((-22.0, 17.8), abs=0.05)
    assert found["sd"].value == pytest.approx(38.8, abs=0.05)
    assert found["loa_lower"].value == pytest.approx(-78.1, abs=0.05)
    assert found["loa_upper"].value == pytest.approx(73.9, abs=0.05)
    assert found["loa_upper"].interval == pytest.approx((73.86 - 34.76, 73.86 + 34.76), abs=0.05)


def test_within_subject_sd_and_smallest_detectable_change():
    """Differences 1, −1, 2, −2: Σd² = 10, sw = √(10/8) = 1.118; 1.96 √2 · 1.118 = 3.099.

    χ² with 4 degrees of freedom: 0.4844 and 11.143 (tables); √(10/2/11.143) = 0.670, √(10/2/0.4844) = 3.213.
    """
    found = continuous.within_subject(np.array([1.0, -1.0, 2.0, -2.0]))
    assert found["within_subject_sd"].value == pytest.approx(1.118, abs=5e-4)
    assert found["within_subject_sd"].interval == pytest.approx((0.670, 3.213), abs=5e-4)
    assert found["smallest_detectable_change"].value == pytest.approx(3.099, abs=5e-4)


def test_icc_of_four_judges_as_in_shrout_and_fleiss():
    """Published: ICC(2,1) = .29, ICC(3,1) = .71; intervals (R package psych): .02 to .76 and .34 to .95."""
    both_ways, mixed = continuous.icc_agreement(JUDGES), continuous.icc_consistency(JUDGES)
    assert both_ways.value == pytest.approx(0.29, abs=0.005)
    assert both_ways.interval == pytest.approx((0.02, 0.76), abs=0.005)
    assert mixed.value == pytest.approx(0.71, abs=0.005)
    assert mixed.interval == pytest.approx((0.34, 0.95), abs=0.005)


def test_a_bias_lowers_agreement_but_not_consistency():
    """A reads 1, 2, 3, B one more: MS of subjects 2 · 1 = 2, of readers 3 · (0.5² + 0.5²) = 1.5, of error 0.

    ICC(2,1) = 2 / (2 + 2/3 · 1.5) = 2/3; ICC(3,1) = 2/2 = 1, without an interval since nothing varies.
    """
    values = np.array([[1.0, 2.0], [2.0, 3.0], [3.0, 4.0]])
    assert continuous.icc_agreement(values).value == pytest.approx(2 / 3)
    assert continuous.icc_agreement(values).interval is not None
    assert continuous.icc_consistency(values).value == pytest.approx(1)
    assert continuous.icc_consistency(values).interval is None


def test_the_same_readings_agree_without_interval():
    found = continuous.agreement([20.1, 22.2, 27.3], [20.1, 22.2, 27.3], ["one"] * 3)
    assert found["bias"].value == 0
    assert found["bias"].interval == (0, 0)
    assert found["icc_2_1"].value == pytest.approx(1)
    assert found["icc_2_1"].interval is None
    assert "never differ" in found["icc_2_1"].note


def test_icc_cannot_tell_where_all_readings_are_the_same():
    found = continuous.agreement([0.1] * 4, [0.1] * 4, ["one"] * 4)
    assert found["icc_2_1"].value is None
    assert found["icc_3_1"].value is None
    assert found["icc_2_1"].note == "cannot tell (all readings are the same)"


def test_icc_of_bodies_that_do_not_differ():
    """A reads 25 each time, B 25.5: no part of the spread is the subjects', so ICC(2,1) = 0; 3,1 would be 0/0."""
    found = continuous.agreement([25.0] * 3, [25.5] * 3, ["one"] * 3)
    assert found["icc_2_1"].value == 0
    assert found["icc_2_1"].interval is None
    assert found["icc_3_1"].value is None
    assert found["icc_3_1"].note == "cannot tell (no body differs from another)"


def test_icc_far_below_zero_has_no_interval():
    """Rows (1, 4), (4, 1), (2, 3): all subjects have the mean 2.5, so their MS is 0.

    Readers' means 7/3 and 8/3: MS 3 · 2 · (1/6)² = 1/6. Total 4 · 1.5² + 2 · 0.5² = 9.5, error (9.5 − 1/6)/2 = 14/3.
    ICC(2,1) = −(14/3) / (14/3 + 2/3 · (1/6 − 14/3)) = −(14/3) / (5/3) = −2.8.
    """
    found = continuous.icc_agreement(np.array([[1.0, 4.0], [4.0, 1.0], [2.0, 3.0]]))
    assert found.value == pytest.approx(-2.8)
    assert found.interval is None
    assert "differ more than the bodies" in found.note


@pytest.mark.parametrize("n", [0, 1, 2])
def test_too_few_pairs_give_no_number(n):
    found = continuous.agreement([1.0, 2.0][:n], [1.5, 2.5][:n], ["one", "two"][:n])
    assert set(found) == set(continuous.STATISTICS)
    for estimate in found.values():
        assert estimate.value is None
        assert estimate.interval is None
        assert estimate.note == "cannot tell (n < 3)"


def test_bodies_of_one_patient_do_not_narrow_the_bias():
    """Six patients, ten bodies each, a patient's bodies all off by the same amount 1, 2, … 6.

    Taken as independent: SD 1.72, interval 3.5 ± 2.00 · 1.72/√60 = 3.5 ± 0.44. Over patients the SD of the mean is
    about 1.71/√6 = 0.70 (bootstrap), and 1.96 of it is 1.37.
    """
    differences = np.repeat(np.arange(1.0, 7.0), 10)
    studies = [str(n) for n in differences]
    found = continuous.bias(differences, studies)
    assert found.value == pytest.approx(3.5)
    assert found.note == NOTE
    assert found.interval == pytest.approx((3.5 - 1.37, 3.5 + 1.37), abs=0.1)
    assert continuous.bias(differences, studies) == found


def test_four_studies_are_too_few_to_draw_from():
    assert FEWEST_STUDIES == 5
    found = continuous.bias(np.array([0.0, 1.0, 2.0, 3.0]), ["a", "b", "c", "d"])
    assert found.note != NOTE
    assert found.interval is not None
    assert all(map(math.isfinite, found.interval))
