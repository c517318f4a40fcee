"""Kappa, its weights and its interval against textbooks and arithmetic."""

from __future__ import annotations

import numpy as np
import pytest

from ovf_imaging.compare import categorical
from ovf_imaging.compare.resample import NOTE

# Fleiss, Statistical Methods for Rates and Proportions, table 18.1: two raters' diagnoses of 100 patients.
FLEISS = np.array([[[75, 1, 4], [5, 4, 1], [0, 0, 10]]], dtype=float)


def test_kappa_of_the_textbook_with_its_standard_error():
    """Published: po = .89, pe = .66, kappa = .676; SE .087 to .088, so ± 1.96 · 0.0877 = 0.172."""
    found = categorical.kappa(FLEISS)
    assert found.value == pytest.approx(0.676, abs=5e-4)
    assert found.interval == pytest.approx((0.676 - 0.172, 0.676 + 0.172), abs=1e-3)


def test_weighted_kappas_by_hand():
    """The same table, shares of 100. One step off: 1 + 5 + 1 + 0 = 7, two steps: 4 + 0 = 4.

    Margins: A .80 .10 .10, B .80 .05 .15. By chance one step off: .80·.05 + .10·.80 + .10·.15 + .10·.05 = .14,
    two steps: .80·.15 + .10·.80 = .20. Disagreement, linear: (7/2 + 4)/100 = .075 seen, .14/2 + .20 = .27 by chance,
    1 − .075/.27 = .7222; quadratic: (7/4 + 4)/100 = .0575 and .14/4 + .20 = .235, 1 − .0575/.235 = .7553.
    """
    assert categorical.kappa(FLEISS, 1).value == pytest.approx(1 - 0.075 / 0.27)
    assert categorical.kappa(FLEISS, 2).value == pytest.approx(1 - 0.0575 / 0.235)


@pytest.mark.parametrize("power", [0, 1, 2])
def test_the_standard_error_is_that_of_many_repeated_samples(power):
    """2000 tables of 400 answers drawn with the textbook's shares: their kappas' spread is the formula's."""
    shares = FLEISS[0] / FLEISS[0].sum()
    draws = np.random.default_rng(7).multinomial(400, shares.ravel(), size=2000).reshape(-1, 1, 3, 3).astype(float)
    spread = np.std([categorical.kappa(draw, power).value or 0.0 for draw in draws])
    interval = categorical.kappa(shares[None] * 400, power).interval
    assert interval is not None
    assert (interval[1] - interval[0]) / (2 * 1.96) == pytest.approx(spread, rel=0.06)


def test_tables_are_kept_by_study_rows_a_columns_b():
    """Study x: A no, B yes. Study y: both yes, twice."""
    found = categorical.tables(["no", "yes", "yes"], ["yes", "yes", "yes"], ("no", "yes"), ["x", "y", "y"])
    assert found.tolist() == [[[0, 1], [0, 0]], [[0, 0], [0, 2]]]


def test_unused_grades_do_not_change_weighted_kappa():
    wider = np.zeros((1, 5, 5))
    wider[:, :3, :3] = FLEISS
    for power in (0, 1, 2):
        assert categorical.kappa(wider, power).value == pytest.approx(categorical.kappa(FLEISS, power).value)


def test_a_constant_table_cannot_tell():
    found = categorical.kappa(np.array([[[9.0, 0.0], [0.0, 0.0]]]))
    assert found.value is None
    assert found.note == "cannot tell (only one answer was given)"


def test_perfect_agreement_has_no_interval():
    """Standard error and bootstrap would both say 1 to 1, however few the answers."""
    for studies in (1, 8):
        found = categorical.kappa(np.tile(np.diag([2.0, 3.0]), (studies, 1, 1)))
        assert found.value == pytest.approx(1)
        assert found.interval is None
        assert "no spread" in found.note


def test_one_reader_who_always_says_the_same_has_kappa_zero():
    """A says no 10 times, B 6 times no: po = .6, pe = 1 · .6, so (.6 − .6)/.4 = 0."""
    assert categorical.kappa(np.array([[[6.0, 4.0], [0.0, 0.0]]])).value == pytest.approx(0)


@pytest.mark.parametrize("table", [np.zeros((0, 2, 2)), np.array([[[1.0, 0.0], [0.0, 1.0]]])])
def test_too_few_answers_give_no_number(table):
    assert categorical.kappa(table).value is None
    assert categorical.kappa(table).note == "cannot tell (n < 3)"


def test_answers_of_one_patient_do_not_narrow_kappa():
    """Ten patients of whom each one's ten bodies are all judged alike: wider than for 100 independent bodies."""
    cells = np.array([[[1, 0], [0, 0]], [[0, 0], [0, 1]], [[0, 1], [0, 0]]], dtype=float)
    patients = 10 * cells[[0, 0, 0, 0, 1, 1, 1, 1, 2, 2]]
    together, clustered = categorical.kappa(patients.sum(0, keepdims=True)), categorical.kappa(patients)
    assert clustered.note == NOTE
    assert clustered.value == pytest.approx(together.value)
    assert together.interval is not None
    assert clustered.interval is not None
    assert np.ptp(clustered.interval) > 2 * np.ptp(together.interval)


def test_share_has_wilsons_interval():
    """8 of 10: (0.8 + 3.8415/20 ± 1.96 √(0.8 · 0.2/10 + 3.8415/400)) / 1.38415 = 0.490 to 0.943."""
    found = categorical.share(8, 10)
    assert found.value == pytest.approx(0.8)
    assert found.interval == pytest.approx((0.490, 0.943), abs=5e-4)
    assert categorical.share(2, 2).value is None
