"""The spread of every number against ten thousand draws of the landmarks, worked out anew by other formulas."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from ovf_imaging.knowledge.canal import canal
from ovf_imaging.knowledge.contour import normal_contour
from ovf_imaging.knowledge.tables import heights, kyphosis
from ovf_imaging.measure import measure, measure_changes
from ovf_imaging.types import Level, Measurement, Position, Reading
from tests.measure.build import column, image, reading, turned, vertebra

Array = NDArray[np.float64]
Draws = dict[int, Array]  # level → (draws, 6, 2) landmarks as (back, foot) in mm
Key = tuple[str, int, int]  # quantity, upper, lower level

SD_MM, COUNT = 0.25, 10_000
LEVELS = [*range(Level.T4, Level.L5 + 1), Level.S1]
HIT = Level.L1  # wedged, its superior posterior corner pushed back
PLACES = ("anterior", "middle", "posterior")


def person(wedged_mm: float) -> dict[int, Array]:
    """Return irregular bodies T4–S1 in mm, front to the left, L1 wedged and its wall broken, bent to a curve."""
    rng = np.random.default_rng(7)
    trend = {**heights().expected, int(Level.S1): (1.0, 1.0, 1.0)}
    sizes = [(26 * a, 26 * m, 26 * p) for a, m, p in (trend[k] for k in LEVELS)]
    found = {}
    for n, (level, box) in enumerate(zip(LEVELS, column(sizes), strict=True)):
        points = box + rng.normal(0, 0.6, box.shape)
        if level == HIT:
            points[:3] += np.array([[0, wedged_mm], [0, wedged_mm / 2], [7, 0]])
        found[int(level)] = turned(points, 3.0 * (n - 9), (85.0, 300.0))
    return found


def read(points: dict[int, Array], position: Position = Position.NEUTRAL) -> Reading:
    return reading([vertebra(k, p, sd_mm=SD_MM) for k, p in points.items()], on=image(position=position))


def drawn(points: dict[int, Array], seed: int) -> Draws:
    rng = np.random.default_rng(seed)
    return {level: p + rng.normal(0, SD_MM, (COUNT, 6, 2)) for level, p in points.items()}


def length(a: Array, b: Array) -> Array:
    return np.asarray(np.hypot(*np.moveaxis(a - b, -1, 0)))


def fall_deg(draws: Draws, level: int, side: int) -> Array:
    """Return how far an endplate falls to the front; its middle landmark hardly turns it, halfway as it lies."""
    front, back = draws[level][:, 3 * side], draws[level][:, 3 * side + 2]
    return np.asarray(np.degrees(np.arctan2(front[:, 1] - back[:, 1], back[:, 0] - front[:, 0])))


def size(draws: Draws, level: int, k: int) -> Array:
    """Return a height as part of that expected of the level."""
    return length(draws[level][:, k], draws[level][:, k + 3]) / heights().expected[level][k]


def kept(draws: Draws, row: Measurement, k: int) -> Array:
    """Return a height against those of the row's reference."""
    return np.asarray(size(draws, row.levels[0], k) / np.mean([size(draws, r, k) for r in row.reference], axis=0))


def wall(draws: Draws, row: Measurement) -> tuple[Array, Array]:
    """Return retropulsion and involvement of the row's body."""
    (above, below), own = row.reference, draws[row.levels[0]]
    top, bottom = draws[above][:, 5], draws[below][:, 2]
    (lx, ly), long = np.moveaxis(bottom - top, -1, 0), length(top, bottom)
    corners = [((own[:, k, 0] - top[:, 0]) * ly - (own[:, k, 1] - top[:, 1]) * lx) / long for k in (2, 5)]
    furthest, other = np.maximum(*corners), np.maximum(np.minimum(*corners), 0)
    margin = canal().displaced_from * length((own[:, 0] + own[:, 3]) / 2, (own[:, 2] + own[:, 5]) / 2)
    in_line = np.minimum(1, margin / np.maximum(furthest - other, 1e-9))
    return furthest, 1 - kept(draws, row, 2) * in_line


def of_a_body(draws: Draws, row: Measurement) -> dict[str, Array]:
    """Return the draws of every quantity of one body."""
    level = row.levels[1]
    own = draws[level]
    tall = [length(own[:, k], own[:, k + 3]) for k in range(3)]
    falls = [fall_deg(draws, level, side) for side in (0, 1)]
    upright = np.degrees(np.arctan2(own[:, 5, 0] - own[:, 2, 0], own[:, 5, 1] - own[:, 2, 1]))
    found = {
        "depth": length((own[:, 0] + own[:, 3]) / 2, (own[:, 2] + own[:, 5]) / 2),
        "anterior_posterior_ratio": tall[0] / tall[2],
        "middle_posterior_ratio": tall[1] / tall[2],
        "wedge_angle": falls[0] - falls[1],
        "superior_endplate_tilt": falls[0] - upright,
        "inferior_endplate_tilt": upright - falls[1],
    }
    for side, first, inward in (("superior", 0, 1), ("inferior", 3, -1)):
        front, middle, back = (own[:, first + k] for k in range(3))
        area = (back[:, 0] - front[:, 0]) * (middle[:, 1] - front[:, 1])
        area -= (back[:, 1] - front[:, 1]) * (middle[:, 0] - front[:, 0])
        found[f"{side}_endplate_dent"] = inward * area / length(front, back) / tall[2]
    for k, place in enumerate(PLACES):
        found[f"{place}_height"] = tall[k]
        if row.reference:
            found[f"height_loss_{place}"] = 1 - kept(draws, row, k)
    if row.reference:
        found["posterior_reference_ratio"] = kept(draws, row, 2)
    return found


def draws_of(draws: Draws, row: Measurement) -> Array | None:
    """Return the draws of a row's number, None when this test knows no formula for it."""
    upper, lower = row.levels
    if row.quantity in ("retropulsion", "posterior_wall_involvement"):
        return wall(draws, row)[row.unit == "1"]
    spans = {
        "local_cobb": (0, 1, 0.0),
        "gardner_angle": (0, 1, 0.0),
        "farcy_index": (1, 1, normal_contour().get(lower, 0)),
    }
    spans |= {a.quantity: (0, 0 if a.lower_is_superior else 1, 0.0) for a in kyphosis()}
    if row.quantity in spans:
        top, bottom, less = spans[row.quantity]
        return np.asarray(fall_deg(draws, upper, top) - fall_deg(draws, lower, bottom) - less)
    return of_a_body(draws, row).get(row.quantity) if upper == lower != Level.S1 else None


def assert_spread(row: Measurement, draws: Array) -> None:
    """Assert that a row's value is the draws' mean within half a standard deviation, and its sd theirs within 5 %."""
    assert row.value is not None
    assert row.interval is not None
    assert row.value == pytest.approx(float(draws.mean()), abs=0.5 * float(draws.std()))
    assert (row.interval[1] - row.interval[0]) / 2 / 1.959964 == pytest.approx(float(draws.std()), rel=0.05)


def test_every_quantity_of_a_reading() -> None:
    points = person(11.0)
    draws, checked = drawn(points, 1), set()
    known = [r for r in measure(read(points), 0) if r.value is not None and r.interval is not None]
    for row in known:
        values = draws_of(draws, row)
        # Only L1's wall is broken so far that no draw comes near the kinks of what counts as displaced.
        if values is None or (row.quantity in ("retropulsion", "posterior_wall_involvement") and row.levels[0] != HIT):
            continue
        assert_spread(row, values)
        checked.add(row.quantity)
    assert checked == {r.quantity for r in known}


def test_every_change() -> None:
    points = person(11.0), person(8.0)
    readings = tuple(read(p, k) for p, k in zip(points, (Position.FLEXION, Position.EXTENSION), strict=True))
    draws = [drawn(p, seed) for p, seed in zip(points, (2, 3), strict=True)]
    rows = tuple(row for n, r in enumerate(readings) for row in measure(r, n))
    found = [r for r in measure_changes(readings, rows) if r.value is not None]
    for row in found:
        place = row.quantity.split("_")[1]
        if row.unit == "1":
            values = kept(draws[1], row, PLACES.index(place)) / kept(draws[0], row, PLACES.index(place)) - 1
        else:
            plain = replace(row, quantity=row.quantity.removeprefix("change_"))
            now, then = (draws_of(d, plain) for d in (draws[1], draws[0]))
            assert now is not None
            assert then is not None
            values = now - then
        assert_spread(row, values)
    wanted = {f"change_{p}_height" for p in PLACES} | {"change_wedge_angle", "change_local_cobb"}
    assert {r.quantity for r in found} == wanted
