"""Pairs become statistics, level by level, and tables that say what can't be told."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

from ovf_imaging.compare.agreement import agree
from ovf_imaging.compare.figure import bland_altman
from ovf_imaging.compare.page import page
from ovf_imaging.compare.pairing import pair
from ovf_imaging.compare.records import ALL, Side
from ovf_imaging.compare.resample import NOTE
from ovf_imaging.compare.tables import agreement_csv, pairs_csv
from ovf_imaging.types import Level
from tests import fakes
from tests.compare.readers import finding, measuring, moved, mri_case, renamed, seeing, study

L1, L2 = int(Level.L1), int(Level.L2)
STUDIES = 6


def readings(count=STUDIES):
    """Return two readers of the same studies; of study k, B's values are k/10 less than A's."""
    a = {f"uid{k}": study(k) for k in range(count)}
    b = {f"uid{k}": lowered(a[f"uid{k}"], k / 10) for k in range(count)}
    return a, b


def lowered(case, by):
    return measuring(case, lambda _, value: value - by)


def statistic(agreement, quantity, name, level=ALL):
    (found,) = [s for s in agreement.statistics if (s.quantity, s.name, s.level) == (quantity, name, level)]
    return found


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_bias_over_all_levels_and_of_one():
    """Differences 0, 0.1, … 0.5: mean 0.25 at every level; T11 is cut, so 6 bodies of 6 studies."""
    agreement = agree(pair(*readings()))
    everywhere, at_l1 = (statistic(agreement, "anterior_height", "bias", level) for level in (ALL, "L1"))
    assert (everywhere.n, everywhere.studies, everywhere.unit) == (36, 6, "mm")
    assert (at_l1.n, at_l1.studies) == (6, 6)
    assert everywhere.estimate.value == pytest.approx(0.25)
    assert at_l1.estimate.value == pytest.approx(0.25)
    assert everywhere.estimate.note == NOTE
    assert everywhere.estimate.interval == pytest.approx(at_l1.estimate.interval)  # six bodies tell no more than one
    assert statistic(agreement, "local_cobb", "bias", "T12–L2").n == 6


def test_what_only_one_tells_is_counted_not_compared():
    a, b = readings(3)
    b["uid0"] = measuring(b["uid0"], lambda m, value: None if m.levels[0] == L1 else value)
    agreement = agree(pair(a, b))
    assert statistic(agreement, "anterior_height", "bias", "L1").n == 2
    assert statistic(agreement, "anterior_height", "bias", "L1").estimate.note == "cannot tell (n < 3)"
    assert statistic(agreement, "anterior_height", "told_only_by_a", "L1").n == 1
    assert statistic(agreement, "anterior_height", "told_by_neither", "T11").n == 3


def test_grades_get_weighted_kappa_and_a_confusion_table():
    """B grades L1 of three studies 3 in place of 2; 7 bodies of 6 studies, T11 untold: 33 of 36 are graded alike."""
    a, b = readings()
    for key in ("uid0", "uid1", "uid2"):
        b[key] = finding(b[key], lambda f: replace(f, grade=3) if f.level == L1 else f)
    agreement = agree(pair(a, b))
    assert statistic(agreement, "genant_grade", "agreement").estimate.value == pytest.approx(33 / 36)
    assert {s.name for s in agreement.statistics if s.quantity == "genant_grade"} >= {"kappa_linear", "kappa_quadratic"}
    (table,) = [c for c in agreement.confusions if c.question == "genant_grade"]
    assert table.answers == ("0", "1", "2", "3", "cannot tell")
    assert table.counts == ((30, 0, 0, 0, 0), (0,) * 5, (0, 0, 3, 3, 0), (0,) * 5, (0, 0, 0, 0, 6))


def test_cannot_tell_is_an_answer_where_clefts_are_sought():
    """Neither sees clefts but A in L1 of 4 studies: agreed 7 · 6 − 4 = 38 of 42."""
    a, b = readings()
    for key in list(a)[:4]:
        a[key] = finding(a[key], lambda f: replace(f, cleft=True) if f.level == L1 else f)
    agreement = agree(pair(a, b))
    assert statistic(agreement, "cleft", "agreement").estimate.value == pytest.approx(38 / 42)
    (table,) = [c for c in agreement.confusions if c.question == "cleft"]
    assert table.answers == ("absent", "present", "cannot tell")
    assert table.counts == ((0, 0, 0), (0, 0, 4), (0, 0, 38))


@pytest.mark.parametrize(
    ("reference", "sensitivity", "specificity"), [(Side.B, (4 / 6, 6), (1, 30)), (Side.A, (1, 4), (30 / 32, 32))]
)
def test_sensitivity_is_against_the_reference(reference, sensitivity, specificity):
    """L1 is broken in 6 studies, B sees it in all, A in 4; the other 5 bodies of each are sound to both."""
    a, b = readings()
    for key in ("uid0", "uid1"):
        a[key] = finding(a[key], lambda f: replace(f, fractured=False) if f.level == L1 else f)
    agreement = agree(pair(a, b), reference)
    for name, (value, n) in (("sensitivity", sensitivity), ("specificity", specificity)):
        found = statistic(agreement, "fracture", name)
        assert found.estimate.value == pytest.approx(value)
        assert found.n == n


def test_without_a_reference_there_is_no_sensitivity():
    assert not [s for s in agree(pair(*readings())).statistics if s.name == "sensitivity"]


def test_levels_are_named_as_the_reference_names_them():
    a, b = readings()
    pairs = pair(a, {key: renamed(case, step=1) for key, case in b.items()})
    assert statistic(agree(pairs), "level_name", "agreement").estimate.value == pytest.approx(1 / 8)  # the sacrum
    ours, theirs = ({s.level for s in agree(pairs, side).statistics if s.quantity == "wedge_angle"} for side in Side)
    assert ours - theirs == {"T12"}
    assert theirs - ours == {"L6"}


def test_bodies_seen_by_one_alone_are_counted():
    a, b = readings(3)
    b["uid1"] = seeing(b["uid1"], lambda v: None if v.level == L2 else v)
    agreement = agree(pair(a, b))
    assert {name: statistic(agreement, "body", name).n for name in ("seen_by_both", "seen_only_by_a")} == {
        "seen_by_both": 23,
        "seen_only_by_a": 1,
    }


def test_landmarks_have_percentiles_in_depth_and_millimetres():
    case = mri_case()
    agreement = agree(pair({"x": case}, {"x": moved(case, 2, 0)}))
    step = case.readings[0].image.pixel_mm[0]
    for name in ("median_mm", "percentile_95_mm"):
        assert statistic(agreement, "landmark_any", name).estimate.value == pytest.approx(2 * step)
    assert statistic(agreement, "landmark_superior_middle", "median").unit == "%"
    assert statistic(agreement, "landmark_any", "median_mm", "L1").n == 6


def test_the_same_statistic_comes_once():
    keys = [(s.quantity, s.view, s.level, s.name) for s in agree(pair(*readings()), Side.B).statistics]
    assert len(keys) == len(set(keys))


def test_the_tables_leave_empty_what_cannot_be_told():
    a, b = readings(2)
    agreement = agree(pair(a, b))
    (row,) = [
        r
        for r in rows(agreement_csv(agreement))
        if (r["quantity"], r["statistic"], r["level"]) == ("anterior_height", "bias", "all")
    ]
    assert row["n"] == "12"
    assert float(row["value"]) == pytest.approx(0.05)
    (row,) = [
        r
        for r in rows(agreement_csv(agreement))
        if (r["quantity"], r["statistic"], r["level"]) == ("anterior_height", "bias", "L1")
    ]
    assert (row["value"], row["low"], row["high"], row["note"]) == ("", "", "", "cannot tell (n < 3)")
    assert ",nan," not in agreement_csv(agreement)


def test_each_pair_is_a_row_and_so_is_what_has_none():
    a, b = readings(2)
    b["uid9"] = study(9)
    table = rows(pairs_csv(pair(a, b)))
    (row,) = [
        r for r in table if r["quantity"] == "wedge_angle" and r["level_a"] == "L1" and float(r["difference"]) > 0.05
    ]
    assert float(row["difference"]) == pytest.approx(0.1)
    assert [r["only_in"] for r in table if r["quantity"] == "study"] == ["B"]


def test_the_page_says_what_was_compared_and_names_nobody():
    a, b = readings()
    b["uid1"] = seeing(b["uid1"], lambda v: None if v.level == L2 else v)
    b["uid2"] = replace(b["uid2"], readings=tuple(replace(r, reader="<b>Eve & Co") for r in b["uid2"].readings))
    agreement = agree(pair(a, {**b, "1.2.3.99": study(99)}), Side.B)
    text = page(agreement, bland_altman(agreement))
    assert "Read by both: 6 studies, 6 images" in text
    assert "1 by A alone" in text
    assert "Without a partner, left out of all statistics: 1 study, 1 body" in text
    assert "&lt;b&gt;Eve &amp; Co" in text
    assert "Research software" in text
    assert "not independent" in text
    assert "1.2.3." not in text
    assert "uid1" not in text


def test_the_figure_has_a_panel_for_each_quantity_with_limits_and_a_dot_for_each_pair():
    agreement = agree(pair(*readings()))
    figure = bland_altman(agreement)
    told = [n for n in agreement.pairs.numbers if n.a is not None and n.b is not None]
    with_limits = {
        s.quantity
        for s in agreement.statistics
        if s.name == "loa_upper" and s.level == ALL and s.estimate.value is not None
    }
    assert figure.count("<g ") == len(with_limits) > 5
    assert figure.count("<circle") == len([n for n in told if n.quantity in with_limits])
    assert "nan" not in figure


def test_identical_readings_draw_and_tell():
    a, _ = readings(3)
    agreement = agree(pair(a, a))
    assert statistic(agreement, "anterior_height", "bias").estimate.value == 0
    assert statistic(agreement, "anterior_height", "icc_2_1").estimate.value == pytest.approx(1)
    assert statistic(agreement, "anterior_height", "icc_2_1", "L1").estimate.note == (
        "cannot tell (all readings are the same)"
    )
    assert "nan" not in bland_altman(agreement)
    assert statistic(agreement, "fracture", "kappa", "L2").estimate.note == "cannot tell (only one answer was given)"


def test_too_little_for_any_figure_says_so():
    case = fakes.empty_case()
    one = replace(mri_case(), measurements=(), assessment=case.assessment)
    figure = bland_altman(agree(pair({"x": one}, {"x": one})))
    assert "cannot tell" in figure
