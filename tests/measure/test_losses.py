"""Height loss against neighbours: the number, the reference and what is said of it."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt

import pytest

from ovf_imaging.knowledge.tables import heights
from ovf_imaging.measure import measure
from ovf_imaging.types import Level, Measurement, Sign, SignKind
from tests.measure.build import pick, reading, spine, value

SIZE = 26.0  # mm: the mean lumbar height of a made-up person
Three = tuple[float, float, float]


def normal(level: int, part: Three = (1.0, 1.0, 1.0)) -> Three:
    """Return the heights expected of a level, each times a part."""
    a, m, p = (SIZE * e * k for e, k in zip(heights().expected[level], part, strict=True))
    return a, m, p


def people(first: Level, last: Level, **fractured: Three) -> dict[Level, Three]:
    """Return expected heights of a range of levels, some of them reduced to a part."""
    return {Level(k): normal(k, fractured.get(Level(k).name, (1.0, 1.0, 1.0))) for k in range(first, last + 1)}


def losses(rows: tuple[Measurement, ...], level: Level) -> list[float]:
    return [value(rows, f"height_loss_{p}", level) for p in ("anterior", "middle", "posterior")]


def codes(row: Measurement) -> list[str]:
    return [c.code for c in row.caveats]


def test_loss_against_both_neighbours_with_the_level_trend() -> None:
    """L1 at expected heights but for a front of 60 %: losses 0.4, 0, 0 whatever the trend between T12 and L2."""
    rows = measure(spine(people(Level.T12, Level.L2, L1=(0.6, 1, 1))), 0)
    assert losses(rows, Level.L1) == pytest.approx([0.4, 0, 0], abs=1e-9)
    row = pick(rows, "height_loss_anterior", Level.L1)
    assert row.reference == (Level.T12, Level.L2)
    assert row.caveats == ()


def test_loss_by_hand() -> None:
    """Back heights T12 25, L1 20, L2 28 mm; expected T12 0.953, L1 1.003, L2 1.026.

    Carried to L1: 25·1.003/0.953 = 26.3117, 28·1.003/1.026 = 27.3723; mean 26.8420; loss 1 − 20/26.8420 = 0.254898.
    """
    rows = measure(spine({Level.T12: (25, 25, 25), Level.L1: (20, 20, 20), Level.L2: (28, 28, 28)}), 0)
    assert value(rows, "height_loss_posterior", Level.L1) == pytest.approx(0.254898, abs=1e-5)
    assert value(rows, "posterior_reference_ratio", Level.L1) == pytest.approx(1 - 0.254898, abs=1e-5)


def test_loss_interval_by_hand() -> None:
    """Sizes s = H/E of T12, L1, L2 all 26; sd of H √2·0.3, of s that over E.

    R = 26, var = var(s_L1)/26² + (26²/26⁴)·(var(s_T12) + var(s_L2))/4.
    """
    row = pick(measure(spine(people(Level.T12, Level.L2)), 0), "height_loss_posterior", Level.L1)
    e = [heights().expected[k][2] for k in (Level.T12, Level.L1, Level.L2)]
    variance = 0.18 * (1 / e[1] ** 2 + (1 / e[0] ** 2 + 1 / e[2] ** 2) / 4) / SIZE**2
    assert row.interval is not None
    assert (row.interval[1] - row.interval[0]) / 2 == pytest.approx(1.959964 * sqrt(variance), rel=1e-4)


def test_even_crush_is_seen() -> None:
    """All three heights at 65 %: comparing the body with itself would say nothing."""
    rows = measure(spine(people(Level.T11, Level.L3, L1=(0.65, 0.65, 0.65))), 0)
    assert losses(rows, Level.L1) == pytest.approx([0.35] * 3)
    assert value(rows, "anterior_posterior_ratio", Level.L1) == pytest.approx(0.959 / 1.003)


def test_fractured_neighbour_is_no_reference() -> None:
    """L2 crushed to half; L1 and L3 are compared with the other side alone and keep a loss of 0."""
    rows = measure(spine(people(Level.T12, Level.L4, L2=(0.5, 0.5, 0.5))), 0)
    row = pick(rows, "height_loss_middle", Level.L1)
    assert row.reference == (Level.T12,)
    assert row.value == pytest.approx(0, abs=1e-9)
    assert codes(row) == ["reference-one-sided"]
    assert "L2 is itself reduced" in row.caveats[0].text
    assert losses(rows, Level.L2) == pytest.approx([0.5] * 3)


def test_neighbouring_fractures_are_compared_with_the_bodies_beyond() -> None:
    """T12, L1 and L2 fractured in a row: L1 has none beside it, so T11 and L3 serve, and that is said."""
    part = (0.6, 0.7, 0.9)
    rows = measure(spine(people(Level.T10, Level.L4, T12=part, L1=part, L2=part)), 0)
    row = pick(rows, "height_loss_anterior", Level.L1)
    assert row.value == pytest.approx(0.4)
    assert row.reference == (Level.T11, Level.L3)
    assert codes(row) == ["reference-not-adjacent"]
    assert value(rows, "height_loss_anterior", Level.T12) == pytest.approx(0.4)
    assert pick(rows, "height_loss_anterior", Level.T12).reference == (Level.T11,)


def test_missing_neighbour_changes_the_reference_and_says_so() -> None:
    full = people(Level.T12, Level.L2, L1=(0.7, 1, 1))
    without = {k: full[k] for k in (Level.T12, Level.L1)}
    both, one = (pick(measure(spine(h), 0), "height_loss_anterior", Level.L1) for h in (full, without))
    assert both.reference == (Level.T12, Level.L2)
    assert one.reference == (Level.T12,)
    assert codes(one) == ["reference-one-sided"]
    assert "L2 is not in view" in one.caveats[0].text
    assert one.interval is not None
    assert both.interval is not None
    assert one.interval[1] - one.interval[0] > both.interval[1] - both.interval[0]


@pytest.mark.parametrize("kind", [SignKind.CEMENT, SignKind.IMPLANT, SignKind.CLEFT])
def test_treated_body_is_no_reference_but_is_measured(kind: SignKind) -> None:
    base = spine(people(Level.T12, Level.L2))
    marked = replace(base.vertebrae[2], signs=(Sign(kind=kind, probability=0.9),))
    rows = measure(replace(base, vertebrae=(*base.vertebrae[:2], marked)), 0)
    assert pick(rows, "height_loss_anterior", Level.L1).reference == (Level.T12,)
    assert value(rows, "height_loss_anterior", Level.L2) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("probability", [None, 0.1])
def test_unlikely_or_unknown_sign_does_not_bar(probability: float | None) -> None:
    base = spine(people(Level.T12, Level.L2))
    marked = replace(base.vertebrae[2], signs=(Sign(kind=SignKind.CEMENT, probability=probability),))
    rows = measure(replace(base, vertebrae=(*base.vertebrae[:2], marked)), 0)
    assert pick(rows, "height_loss_anterior", Level.L1).reference == (Level.T12, Level.L2)


def test_cut_body_is_neither_measured_nor_a_reference() -> None:
    base = spine(people(Level.T12, Level.L2))
    cut = replace(base.vertebrae[0], complete=False)
    rows = measure(replace(base, vertebrae=(cut, *base.vertebrae[1:])), 0)
    assert pick(rows, "anterior_height", Level.T12).value is None
    assert codes(pick(rows, "anterior_height", Level.T12)) == ["body-cut"]
    assert codes(pick(rows, "height_loss_anterior", Level.T12)) == ["body-cut"]
    row = pick(rows, "height_loss_anterior", Level.L1)
    assert row.reference == (Level.L2,)
    assert "T12 is cut by the image" in row.caveats[0].text


def test_no_neighbour_is_none_never_zero() -> None:
    rows = measure(spine({Level.L1: normal(Level.L1)}), 0)
    for position in ("anterior", "middle", "posterior"):
        row = pick(rows, f"height_loss_{position}", Level.L1)
        assert (row.value, row.interval, row.reference) == (None, None, ())
        assert codes(row) == ["no-reference"]
    assert pick(rows, "posterior_reference_ratio", Level.L1).value is None


def test_all_fractured_has_no_reference() -> None:
    """Every body wedged to half in front: each is barred by its own shape."""
    rows = measure(spine({k: normal(k, (0.5, 0.8, 1.0)) for k in (Level.T12, Level.L1, Level.L2)}), 0)
    assert {r.value for r in rows if r.quantity.startswith("height_loss")} == {None}


def test_all_cemented_has_no_reference() -> None:
    base = spine(people(Level.T12, Level.L2))
    cement = (Sign(kind=SignKind.CEMENT, probability=1.0),)
    rows = measure(replace(base, vertebrae=tuple(replace(v, signs=cement) for v in base.vertebrae)), 0)
    assert {r.value for r in rows if r.quantity.startswith("height_loss")} == {None}
    assert value(rows, "anterior_height", Level.L1) > 0


def test_distant_body_is_no_reference() -> None:
    """L5 alone with T12, seven levels up, is not compared with it."""
    rows = measure(spine({Level.T12: normal(Level.T12), Level.L5: normal(Level.L5)}), 0)
    assert codes(pick(rows, "height_loss_anterior", Level.L5)) == ["no-reference"]


@pytest.mark.parametrize("level", [Level.C5, Level.T13, Level.L6])
def test_level_without_a_trend_is_measured_but_has_no_loss(level: Level) -> None:
    above = {Level.C5: Level.C4, Level.T13: Level.T12, Level.L6: Level.L5}[level]
    rows = measure(spine({above: (20, 20, 20), level: (20, 20, 20)}), 0)
    assert value(rows, "anterior_height", level) == pytest.approx(20)
    assert codes(pick(rows, "height_loss_anterior", level)) == ["no-trend"]


def test_healthy_spine_has_no_loss_at_all() -> None:
    rows = measure(spine(people(Level.T4, Level.L5)), 0)
    known = [r for r in rows if r.quantity.startswith("height_loss")]
    assert len(known) == 3 * 14
    assert [r.value for r in known] == pytest.approx([0.0] * len(known), abs=1e-9)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_deepening_an_endplate_never_lowers_the_loss(place: int) -> None:
    """One superior landmark is pressed down in steps; no position's loss may fall."""
    base = spine(people(Level.T12, Level.L2, L1=(0.9, 0.95, 1.0)))
    before: list[float] = [-1.0] * 3
    for depth in (0.0, 1.0, 2.0, 5.0, 10.0, 15.0):
        marks = base.vertebrae[1].landmarks.copy()
        marks[place, 1] += depth
        pressed = replace(base.vertebrae[1], landmarks=marks)
        now = losses(measure(reading([base.vertebrae[0], pressed, base.vertebrae[2]]), 0), Level.L1)
        assert all(a >= b - 1e-9 for a, b in zip(now, before, strict=True))
        before = now
