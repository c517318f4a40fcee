"""Spinal deformity index and index fracture by hand."""

from __future__ import annotations

import pytest

from ovf_imaging.assess.column import deformity_index, index_level
from ovf_imaging.types import Finding, Level

ALL = range(Level.T4, Level.L4 + 1)


def graded(level: int, grade: int | None, **more: object) -> Finding:
    return Finding(level=level, height_loss=0.1, grade=grade, fractured=bool(grade), **more)  # type: ignore[arg-type]


def test_the_sum_of_the_grades() -> None:
    """T8 grade 1, T12 grade 3, L1 grade 2, the other ten 0: 6. L5 does not count."""
    grades = {Level.T8: 1, Level.T12: 3, Level.L1: 2, Level.L5: 3}
    findings = [graded(k, grades.get(Level(k), 0)) for k in range(Level.T4, Level.L5 + 1)]
    assert deformity_index(findings).value == 6


def test_a_level_without_a_grade_leaves_only_at_least() -> None:
    findings = [graded(k, None if k == Level.T7 else 3 if k == Level.L1 else 0) for k in ALL if k > Level.T5]
    found = deformity_index(findings)
    assert found.value is None
    assert found.caveats[0].text.endswith("it is at least 3: no grade at T4–T5, T7")


def test_a_body_that_may_only_look_fractured_has_no_grade_in_the_index() -> None:
    findings = [graded(k, 1 if k == Level.T8 else 0, mimic="schmorl" if k == Level.T8 else None) for k in ALL]
    assert deformity_index(findings).value is None


def test_nothing_graded_no_word() -> None:
    assert (deformity_index([]).value, deformity_index([]).caveats) == (None, ())


@pytest.mark.parametrize(
    ("first", "second", "index", "why"),
    [
        ({"acuity": "acute"}, {"acuity": "not acute", "cleft": True}, "L1", "acute"),
        ({}, {"acuity": "not acute", "cleft": True}, "L1", "not known to be old"),
        ({"change": "no measurable change"}, {"change": "new"}, "L3", "new"),
        ({"cleft": False}, {"cleft": True}, "L3", "has a cleft"),
        ({"stability": "unstable"}, {"stability": "stable"}, "L1", "unstable"),
        ({}, {}, "L3", "it has lost most height among those alike"),
    ],
)
def test_index_fracture(first: dict[str, object], second: dict[str, object], index: str, why: str) -> None:
    """L1 has lost 30 %, L3 40 %: L1 is the index where it comes first by acuity, change, cleft or stability."""
    one = Finding(level=Level.L1, height_loss=0.3, fractured=True, **first)  # type: ignore[arg-type]
    two = Finding(level=Level.L3, height_loss=0.4, fractured=True, **second)  # type: ignore[arg-type]
    for findings in ([one, two], [two, one]):
        found = index_level(findings)
        assert found.value == Level[index]
        assert found.caveats[0].text == f"{index} is taken as the index fracture: {why}"


def test_one_fracture_needs_no_reason_and_none_has_no_index() -> None:
    one = Finding(level=Level.L1, height_loss=0.3, fractured=True)
    assert (index_level([one]).value, index_level([one]).caveats) == (Level.L1, ())
    assert index_level([Finding(level=Level.L1, height_loss=0.0, fractured=False)]).value is None
