"""Studies at the edge: nothing escapes as an exception, and what can't be told is None."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from ovf_imaging.assess import assess
from ovf_imaging.knowledge.tables import heights
from ovf_imaging.measure import measure, measure_changes
from ovf_imaging.types import Assessment, Level, Position, Reading, Sign, SignKind
from tests.assess.build import codes, finding
from tests.measure.build import image, spine

COLUMN = [level for level in Level if level not in (Level.S1, Level.T13)]
LUMBAR = range(Level.T12, Level.L5 + 1)


def column(levels: Sequence[int], part: float = 1.0) -> Reading:
    """Return bodies at their expected heights (26 mm lumbar), their fronts reduced to a part of them."""
    usual = (0.9, 0.9, 0.9)
    tall = {Level(k): [26 * h for h in heights().expected.get(k, usual)] for k in levels}
    return spine({k: (part * a, m, p) for k, (a, m, p) in tall.items()})


def concluded(*readings: Reading) -> Assessment:
    rows = tuple(row for index, reading in enumerate(readings) for row in measure(reading, index))
    return assess(readings, (*rows, *measure_changes(readings, rows)))


def test_twenty_five_bodies() -> None:
    found = concluded(column(COLUMN))
    assert [f.level for f in found.findings] == COLUMN
    assert {f.fractured for f in found.findings if Level.T4 <= f.level <= Level.L5} == {False}
    assert found.deformity_index == 0
    assert found.index_level is None


@pytest.mark.parametrize("part", [1.0, 0.5])
def test_one_body_has_no_grade_and_no_index_of_deformity(part: float) -> None:
    found = concluded(column([Level.L1], part))
    assert [(f.grade, f.of_class, f.stability) for f in found.findings] == [(None, None, None)]
    assert found.deformity_index is None
    assert found.index_level == (None if part == 1 else Level.L1)


def test_all_fractured_are_fractures_by_their_own_shape_without_a_grade() -> None:
    found = concluded(column(LUMBAR, 0.5))
    assert {(f.grade, f.fractured) for f in found.findings} == {(None, True)}
    assert all({"no-reference", "deformed-by-own-shape"} <= codes(f) for f in found.findings)
    assert found.index_level == Level.T12
    assert found.deformity_index is None


def test_all_cemented_can_not_be_graded() -> None:
    base = column(LUMBAR)
    cement = (Sign(kind=SignKind.CEMENT, probability=1.0),)
    found = concluded(replace(base, vertebrae=tuple(replace(v, signs=cement) for v in base.vertebrae)))
    assert {(f.grade, f.fractured, f.height_loss) for f in found.findings} == {(None, None, None)}


def test_nothing_read_nothing_found() -> None:
    assert assess((), ()) == Assessment()


def test_a_front_that_opens_in_extension_is_an_unstable_fracture_though_extension_shows_none() -> None:
    """L1's front is 60 % of the expected height in flexion, 90 % in extension: (0.9 − 0.6) / 0.6 = 50 % more."""
    readings = []
    for position, part in ((Position.EXTENSION, 0.9), (Position.FLEXION, 0.6)):
        tall = {Level(k): heights().expected[k] for k in LUMBAR}
        front, middle, back = tall[Level.L1]
        tall[Level.L1] = (front * part, middle * (1 + part) / 2, back)
        readings.append(
            spine({k: (26 * a, 26 * m, 26 * p) for k, (a, m, p) in tall.items()}, on=image(position=position))
        )
    for both in (readings, readings[::-1]):
        found = finding(concluded(*both))
        row = next(m for m in found.basis if m.quantity == "change_anterior_height")
        assert row.value == pytest.approx(0.5, abs=1e-6)
        assert (found.grade, found.fractured, found.stability) == (0, True, "unstable")
        assert "regains-height" in codes(found)
    assert {f.stability for f in concluded(*readings).findings if f.level != Level.L1} == {None}
