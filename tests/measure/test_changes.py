"""Dynamic pairs and prior studies: what is taken from what, by hand, and when nothing is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from ovf_imaging.measure import measure, measure_changes
from ovf_imaging.types import Level, Measurement, Position, Reading, Scale, Sign, SignKind, View
from tests.measure.build import image, pick, reading, spine, turned, value
from tests.measure.test_losses import Three, people

WEDGE = (0.6, 0.8, 1.0)


def film(
    position: Position,
    *,
    first: Level = Level.T11,
    last: Level = Level.L4,
    size: float = 1.0,
    prior: bool = False,
    view: View = View.LATERAL,
    scale: Scale = Scale.PATIENT,
    sd_mm: float = 0.3,
    **parts: Three,
) -> Reading:
    """Return bodies of expected heights, some reduced to a part, magnified by `size`, on a film in a position."""
    heights = {k: (a * size, m * size, p * size) for k, (a, m, p) in people(first, last, **parts).items()}
    base = spine(heights, on=image(position=position, view=view, scale=scale), sd_mm=sd_mm)
    return replace(base, prior=prior)


def changes(*readings: Reading) -> tuple[Measurement, ...]:
    rows = [row for n, r in enumerate(readings) for row in measure(r, n)]
    return measure_changes(readings, tuple(rows))


def reasons(rows: Sequence[Measurement]) -> set[str]:
    """Return the codes by which every row says that it can't tell."""
    assert {row.value for row in rows} == {None}
    return {row.caveats[0].code for row in rows}


def test_height_that_comes_back_in_extension_by_hand() -> None:
    """L1's front at 60 % of its neighbours' in flexion, 75 % in extension: (0.75 − 0.60)/0.60 = 25 % more."""
    rows = changes(film(Position.FLEXION, L1=WEDGE), film(Position.EXTENSION, L1=(0.75, 0.8, 1.0)))
    row = pick(rows, "change_anterior_height", Level.L1)
    assert row.value == pytest.approx(0.25)
    assert row.unit == "1"
    assert (row.reading, row.against) == (1, 0)
    assert row.reference == (Level.T12, Level.L2)
    assert value(rows, "change_middle_height", Level.L1) == pytest.approx(0, abs=1e-9)
    assert value(rows, "change_posterior_height", Level.L1) == pytest.approx(0, abs=1e-9)


def test_change_of_height_is_scaled_by_the_neighbours() -> None:
    """The second film is magnified by 1.3 and tells no millimetres: nothing but L1 has changed."""
    rows = changes(
        film(Position.STANDING, L1=WEDGE),
        film(Position.SUPINE, L1=(0.66, 0.8, 1.0), size=1.3, scale=Scale.UNKNOWN),
    )
    assert value(rows, "change_anterior_height", Level.L1) == pytest.approx(0.1)
    assert value(rows, "change_anterior_height", Level.L3) == pytest.approx(0, abs=1e-9)


def test_interval_of_a_change_of_height_by_hand() -> None:
    """kept = s/R: var = v(1/R² + s²·(1/4 + 1/4)/R⁴) with s and R in the expected heights' unit; both films alike.

    Change r − 1 with r = kept₁/kept₂ = 1: var = 2·var(kept)/kept². For the middle of L2, whole: kept = 1, R = s = 26,
    var(s) = 0.18/E²: var(kept) = 0.18·(1/E₂² + (1/E₁² + 1/E₃²)/4)/26².
    """
    rows = changes(film(Position.FLEXION), film(Position.EXTENSION))
    row = pick(rows, "change_middle_height", Level.L2)
    e = [people(k, k)[k][1] / 26 for k in (Level.L1, Level.L2, Level.L3)]
    kept = 0.18 * (1 / e[1] ** 2 + (1 / e[0] ** 2 + 1 / e[2] ** 2) / 4) / 26**2
    assert row.interval is not None
    assert (row.interval[1] - row.interval[0]) / 2 == pytest.approx(1.959964 * np.sqrt(2 * kept), rel=1e-4)


def test_change_of_angles_by_hand() -> None:
    """L1's front of 25 mm is 15 in flexion: wedge atan(10/30) = 18.435° less in extension; the Cobb angle as well.

    T12's superior and L2's inferior endplate are tilted by 4° each on the extension film: 8° less kyphosis.
    """
    even = dict.fromkeys((Level.T12, Level.L1, Level.L2), (25.0, 25.0, 25.0))
    bent = spine({**even, Level.L1: (15.0, 20.0, 25.0)}, on=image(position=Position.FLEXION, view=View.LATERAL))
    straight = spine(even, on=image(position=Position.EXTENSION, view=View.LATERAL))
    tipped = []
    for body, tilt in zip(straight.vertebrae, (4.0, 0.0, -4.0), strict=True):
        marks = body.landmarks.copy()
        marks[:, [2, 1]] = turned(marks[:, [2, 1]], tilt, (85.0, 60.0))
        tipped.append(replace(body, landmarks=marks))
    rows = changes(bent, replace(straight, vertebrae=tuple(tipped)))
    assert value(rows, "change_wedge_angle", Level.L1) == pytest.approx(-18.4349, abs=1e-3)
    assert value(rows, "change_local_cobb", Level.T12, Level.L2) == pytest.approx(-8, abs=1e-6)
    row = pick(rows, "change_wedge_angle", Level.T12)
    assert row.interval == pytest.approx((-2.2460 * np.sqrt(2), 2.2460 * np.sqrt(2)), abs=2e-3)


def test_exchanging_flexion_and_extension_turns_the_signs() -> None:
    """The order of the files doesn't matter; exchanging the positions does, and only by sign for angles."""
    one, other = film(Position.FLEXION, L1=WEDGE), film(Position.EXTENSION, L1=(0.75, 0.8, 1.0))
    there = changes(one, other)
    exchanged = changes(
        replace(one, image=image(position=Position.EXTENSION, view=View.LATERAL)),
        replace(other, image=image(position=Position.FLEXION, view=View.LATERAL)),
    )
    for row in there:
        back = pick(exchanged, row.quantity, *row.levels)
        assert (row.value is None) == (back.value is None)
        if row.value is not None and back.value is not None:
            sign = -row.value if row.unit == "deg" else 1 / (1 + row.value) - 1
            assert back.value == pytest.approx(sign, abs=1e-9)
    turned_about = changes(other, one)
    assert [(r.quantity, r.levels, r.value) for r in turned_about] == [(r.quantity, r.levels, r.value) for r in there]
    assert {(r.reading, r.against) for r in turned_about} == {(0, 1)}


def test_a_neighbour_that_broke_meanwhile_is_no_reference() -> None:
    rows = changes(film(Position.NEUTRAL, L2=WEDGE, L1=WEDGE), film(Position.NEUTRAL, prior=True, L1=WEDGE))
    row = pick(rows, "change_anterior_height", Level.L1)
    assert row.reference == (Level.T12,)
    assert row.value == pytest.approx(0, abs=1e-9)
    assert value(rows, "change_anterior_height", Level.L2) == pytest.approx(-0.4)


def test_without_a_common_reference_no_change_of_height() -> None:
    cement = (Sign(kind=SignKind.CEMENT, probability=1.0),)
    base = film(Position.NEUTRAL)
    full = replace(base, vertebrae=tuple(replace(v, signs=cement) for v in base.vertebrae))
    rows = changes(full, film(Position.NEUTRAL, prior=True))
    assert reasons([r for r in rows if r.quantity == "change_anterior_height"]) == {"no-reference"}
    assert value(rows, "change_wedge_angle", Level.L1) == pytest.approx(0, abs=1e-9)


def test_prior_is_taken_from_current() -> None:
    rows = changes(film(Position.STANDING, L1=WEDGE), film(Position.STANDING, prior=True, L1=(0.8, 0.9, 1.0)))
    row = pick(rows, "change_anterior_height", Level.L1)
    assert (row.reading, row.against) == (0, 1)
    assert row.value == pytest.approx(0.6 / 0.8 - 1)


def test_prior_in_the_same_position_is_preferred() -> None:
    current = film(Position.STANDING, L1=WEDGE)
    rows = changes(current, film(Position.SUPINE, prior=True), film(Position.STANDING, prior=True, L1=WEDGE))
    assert {row.against for row in rows} == {2}
    assert value(rows, "change_anterior_height", Level.L1) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("one", "other", "code"),
    [
        (Position.STANDING, Position.SUPINE, "positions-differ"),
        (Position.STANDING, Position.UNKNOWN, "position-unknown"),
        (Position.UNKNOWN, Position.UNKNOWN, "position-unknown"),
    ],
)
def test_prior_in_another_position_is_labelled_not_compared(one: Position, other: Position, code: str) -> None:
    rows = changes(film(one), film(other, prior=True))
    assert {r.quantity for r in rows} >= {"change_anterior_height", "change_wedge_angle", "change_local_cobb"}
    assert reasons(rows) == {code}


def test_films_of_unknown_position_are_labelled_not_compared() -> None:
    assert reasons(changes(film(Position.UNKNOWN), film(Position.EXTENSION))) == {"position-unknown"}


def test_a_film_is_not_compared_with_an_mri() -> None:
    mri = film(Position.SUPINE, view=View.SAGITTAL, prior=True)
    assert reasons(changes(film(Position.SUPINE), mri)) == {"views-differ"}
    assert changes(film(Position.STANDING), replace(mri, prior=False)) == ()


def test_the_series_of_one_mri_are_no_pair() -> None:
    assert changes(*[film(Position.SUPINE, view=View.SAGITTAL)] * 3) == ()


def test_two_films_in_one_position_are_no_pair() -> None:
    assert changes(film(Position.NEUTRAL), film(Position.NEUTRAL)) == ()


def test_only_levels_on_both_images_have_rows() -> None:
    rows = changes(film(Position.FLEXION, last=Level.L2), film(Position.EXTENSION, first=Level.L1))
    assert {r.levels[0] for r in rows if r.quantity == "change_anterior_height"} == {Level.L1, Level.L2}


def test_a_level_cut_on_one_image_says_so() -> None:
    other = film(Position.EXTENSION)
    cut = replace(other, vertebrae=(replace(other.vertebrae[0], complete=False), *other.vertebrae[1:]))
    rows = changes(film(Position.FLEXION), cut)
    for quantity in ("change_anterior_height", "change_wedge_angle"):
        assert [c.code for c in pick(rows, quantity, Level.T11).caveats] == ["body-cut"]


def test_more_noise_widens_every_interval() -> None:
    narrow, wide = (changes(film(Position.FLEXION, sd_mm=sd), film(Position.EXTENSION, sd_mm=sd)) for sd in (0.3, 0.6))
    for one, other in zip(narrow, wide, strict=True):
        if one.interval is not None:
            assert other.interval is not None
            assert other.interval[1] - other.interval[0] == pytest.approx(2 * (one.interval[1] - one.interval[0]))


def test_nothing_read_gives_no_rows() -> None:
    assert measure_changes((), ()) == ()
    assert changes(reading([]), film(Position.NEUTRAL, prior=True)) == ()


def individual(first: Level, last: Level, seed: int, **parts: Three) -> dict[Level, Three]:
    """Return the heights of a person whose bodies differ from what is expected by 6 %, as healthy ones do."""
    rng = np.random.default_rng(seed)
    vary = {k: rng.normal(1, 0.06, 3) for k in range(Level.T4, Level.L5 + 1)}
    return {
        k: (a * float(vary[k][0]), m * float(vary[k][1]), p * float(vary[k][2]))
        for k, (a, m, p) in people(first, last, **parts).items()
    }


def numbered(heights: dict[Level, Three], by: int, *, prior: bool = False) -> Reading:
    """Return a film of a person whose bodies are numbered `by` levels too low."""
    shifted = {Level(k + by): tall for k, tall in heights.items()}
    return replace(spine(shifted, on=image(position=Position.NEUTRAL, view=View.LATERAL)), prior=prior)


@pytest.mark.parametrize("move", [-1, 1])
@pytest.mark.parametrize("seed", range(4))
def test_levels_that_moved_are_caught(move: int, seed: int) -> None:
    person = individual(Level.T10, Level.L4, seed)
    rows = changes(numbered(person, 0), numbered(person, move, prior=True))
    assert reasons(rows) == {"levels-moved"}
    assert all(row.caveats[0].must_see for row in rows)


@pytest.mark.parametrize("seed", range(4))
def test_a_new_fracture_is_no_moved_level(seed: int) -> None:
    now = individual(Level.T10, Level.L4, seed, L2=WEDGE, T12=WEDGE)
    then = individual(Level.T10, Level.L4, seed, T12=(0.8, 0.9, 1.0))
    rows = changes(numbered(now, 0), numbered(then, 0, prior=True))
    assert value(rows, "change_anterior_height", Level.L2) == pytest.approx(-0.4)
    assert value(rows, "change_anterior_height", Level.T12) == pytest.approx(-0.25)


def test_too_few_bodies_tell_no_move() -> None:
    person = individual(Level.L1, Level.L3, 0)
    rows = changes(numbered(person, 0), numbered(person, 1, prior=True))
    assert "levels-moved" not in {c.code for row in rows for c in row.caveats}
