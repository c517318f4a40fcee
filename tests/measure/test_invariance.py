"""What must not change, and what must, when the picture is turned, moved, mirrored, scaled, resampled or noisier."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from ovf_imaging.assess import assess
from ovf_imaging.knowledge.tables import heights
from ovf_imaging.measure import measure, measure_changes
from ovf_imaging.types import Level, Measurement, Reading
from tests.measure.build import column, image, pick, reading, turned, vertebra

Array = NDArray[np.float64]


def outlines(seed: int = 1) -> dict[int, Array]:
    """Return irregular bodies T10–L5 in mm, L1 wedged, bent to a kyphosis."""
    rng = np.random.default_rng(seed)
    levels = range(Level.T10, Level.L5 + 1)
    sizes = [tuple(26 * e for e in heights().expected[k]) for k in levels]
    found = {}
    for n, (level, box) in enumerate(zip(levels, column([(a, m, p) for a, m, p in sizes]), strict=True)):
        points = box + rng.normal(0, 0.6, box.shape)
        if level == Level.L1:
            points[0, 1] += 11.0
            points[1, 1] += 5.0
        found[int(level)] = turned(points, 6.0 * (n - 4), (85.0, 150.0))
    return found


def read(points: dict[int, Array], spacing: tuple[float, float] = (1.0, 1.0), sd_mm: float = 0.4) -> Reading:
    bodies = [vertebra(k, p, spacing=spacing, sd_mm=sd_mm) for k, p in points.items()]
    return reading(bodies, on=image(spacing=spacing))


def assert_alike(a: tuple[Measurement, ...], b: tuple[Measurement, ...], *, millimetres: float | None = 1.0) -> None:
    """Assert equal rows: angles and ratios to 1e-6, millimetres times a factor (None = not compared)."""
    assert [(r.levels, r.quantity, r.reference, r.caveats) for r in a] == [
        (r.levels, r.quantity, r.reference, r.caveats) for r in b
    ]
    for one, other in zip(a, b, strict=True):
        factor = millimetres if one.unit == "mm" else 1.0
        if factor is None or one.value is None or one.interval is None:
            continue
        assert other.value == pytest.approx(one.value * factor, abs=1e-6)
        assert other.interval == pytest.approx([x * factor for x in one.interval], abs=1e-6)


def mirror(p: Array) -> Array:
    return np.asarray(p * np.array([-1.0, 1.0]) + np.array([300.0, 0.0]), dtype=np.float64)


@pytest.mark.parametrize(
    "change",
    [
        lambda p: turned(p, 37.0, (50.0, 90.0)),
        lambda p: turned(p, 180.0),
        lambda p: turned(p, -90.0),
        lambda p: p + np.array([123.4, -56.7]),
        mirror,
        lambda p: turned(mirror(p), 141.0),
    ],
    ids=["turned 37", "upside down", "lying", "moved", "facing right", "mirrored and turned"],
)
def test_rotation_translation_and_flip_change_nothing(change: Callable[[Array], Array]) -> None:
    base = outlines()
    assert_alike(measure(read(base), 0), measure(read({k: change(p) for k, p in base.items()}), 0))


@pytest.mark.parametrize(
    "change", [lambda p: turned(p, 37.0), mirror, lambda p: 3.0 * p], ids=["turned", "facing right", "larger"]
)
def test_changes_do_not_see_how_the_second_film_lay(change: Callable[[Array], Array]) -> None:
    """A body pressed down between two films of one position; the second is turned, mirrored or magnified."""
    before, after = outlines(), outlines()
    after[Level.L2][0, 1] += 4.0
    films = read(after), replace(read(before), prior=True)
    moved = films[0], replace(read({k: change(p) for k, p in before.items()}), prior=True)
    found = []
    for pair in (films, moved):
        rows = tuple(row for n, r in enumerate(pair) for row in measure(r, n))
        found.append({(r.quantity, r.levels): r for r in measure_changes(pair, rows)})
    assert found[0].keys() == found[1].keys()
    for key, row in found[0].items():
        other = found[1][key]
        assert (row.value is None) == (other.value is None)
        if row.value is not None:
            assert other.value == pytest.approx(row.value, abs=1e-6)
    assert (found[0]["change_anterior_height", (Level.L2, Level.L2)].value or 0) < -0.1


@pytest.mark.parametrize("factor", [0.2, 3.0])
def test_uniform_scale_changes_millimetres_only(factor: float) -> None:
    base = outlines()
    bigger = read({k: p * factor for k, p in base.items()}, sd_mm=0.4 * factor)
    assert_alike(measure(read(base), 0), measure(bigger, 0), millimetres=factor)


@pytest.mark.parametrize("spacing", [(0.3, 0.3), (0.6, 0.6), (0.9, 0.9), (0.5, 0.8)])
@pytest.mark.parametrize("slice_mm", [3.0, 5.0])
def test_one_phantom_at_any_resolution(spacing: tuple[float, float], slice_mm: float) -> None:
    """Field report D7: landmarks rounded to a quarter pixel and on different slices; heights within 0.5 mm."""
    base = outlines()
    exact = read(base)
    coarse = read(base, spacing)
    affine = coarse.image.affine.copy()
    affine[0, 0] = slice_mm
    rounded = []
    for n, body in enumerate(coarse.vertebrae):
        marks = np.round(body.landmarks * 4) / 4
        marks[:, 0] = n % 4
        rounded.append(replace(body, landmarks=marks))
    coarse = replace(coarse, image=image(affine=affine), vertebrae=tuple(rounded))
    true, seen = measure(exact, 0), measure(coarse, 0)
    for one, other in zip(true, seen, strict=True):
        if one.unit == "mm" and one.value is not None:
            assert other.value == pytest.approx(one.value, abs=0.5)
    grades = [
        [(f.level, f.grade, f.shape) for f in assess((r,), m).findings] for r, m in ((exact, true), (coarse, seen))
    ]
    assert grades[0] == grades[1]


@pytest.mark.parametrize("rows_up", [False, True])
@pytest.mark.parametrize("columns_flipped", [False, True])
def test_the_same_body_written_four_ways(rows_up: bool, columns_flipped: bool) -> None:
    """Field report A13: image axes and landmarks flipped together, the patient unchanged."""
    base = read(outlines())
    affine, last = base.image.affine.copy(), 400.0
    flips = [(1, rows_up), (2, columns_flipped)]
    for axis, flipped in flips:
        if flipped:
            affine[:3, 3] += affine[:3, axis] * last
            affine[:3, axis] *= -1
    bodies = []
    for body in base.vertebrae:
        marks = body.landmarks.copy()
        for axis, flipped in flips:
            marks[:, axis] = last - marks[:, axis] if flipped else marks[:, axis]
        bodies.append(replace(body, landmarks=marks))
    other = replace(base, image=image(affine=affine), vertebrae=tuple(bodies))
    assert other.image.to_mm(bodies[0].landmarks) == pytest.approx(base.image.to_mm(base.vertebrae[0].landmarks))
    assert_alike(measure(base, 0), measure(other, 0))


def test_an_oblique_stack_changes_nothing() -> None:
    base = read(outlines())
    turn, _ = np.linalg.qr(np.random.default_rng(2).normal(size=(3, 3)))
    affine = base.image.affine.copy()
    affine[:3] = turn @ affine[:3]
    assert_alike(measure(base, 0), measure(replace(base, image=image(affine=affine)), 0))


def test_more_noise_widens_every_interval() -> None:
    base = outlines()
    narrow, wide = (measure(read(base, sd_mm=sd), 0) for sd in (0.4, 0.8))
    for one, other in zip(narrow, wide, strict=True):
        if one.interval is not None:
            assert other.interval is not None
            assert other.interval[1] - other.interval[0] == pytest.approx(2 * (one.interval[1] - one.interval[0]))


def test_noise_of_one_body_reaches_those_it_is_a_reference_for() -> None:
    base = read(outlines())
    doubled = [replace(v, covariance=v.covariance * (4 if v.level == Level.L3 else 1)) for v in base.vertebrae]
    before, after = measure(base, 0), measure(replace(base, vertebrae=tuple(doubled)), 0)
    for level in (Level.L2, Level.L3, Level.L4):
        a, b = (pick(rows, "height_loss_middle", level).interval for rows in (before, after))
        assert a is not None
        assert b is not None
        assert b[1] - b[0] > a[1] - a[0]
    assert pick(before, "height_loss_middle", Level.T11) == pick(after, "height_loss_middle", Level.T11)
