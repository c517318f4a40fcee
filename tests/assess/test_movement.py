"""Stability between two positions, and change since the prior study, by hand-made rows."""

from __future__ import annotations

import pytest

from ovf_imaging.types import Level, Position
from tests.assess.build import WEDGED, WHOLE, Value, codes, concluded, film, finding, rows

L1 = Level.L1
PAIR = [film(Position.EXTENSION), film(Position.FLEXION)]


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"change_anterior_height": (0.20, 0.05)}, "unstable"),
        ({"change_anterior_height": (-0.20, 0.05)}, "unstable"),
        ({"change_anterior_height": (0.09, 0.12)}, None),
        ({"change_wedge_angle": (1.0, 2.0)}, "stable"),
        ({"change_wedge_angle": (4.0, 2.0)}, None),
        ({"change_wedge_angle": (-6.0, 2.0), "change_anterior_height": (0.02, 0.01)}, "unstable"),
        ({"change_local_cobb": (9.0, 0.5), "change_wedge_angle": (1.0, 0.5)}, "stable"),
        ({"change_local_cobb": (11.0, 3.0), "change_wedge_angle": (1.0, 0.5)}, "unstable"),
        ({"change_anterior_height": None}, None),
    ],
)
def test_limits_of_movement(changes: dict[str, Value], verdict: str | None) -> None:
    """Height 0.08, wedge 5°, local Cobb 10°; a movement must be larger than half its interval to count.

    Stable: none counts, and one whole interval lies within its limit, as 1 ± 2 within 5 and 4 ± 2 not.
    """
    assessment = concluded(PAIR, rows(L1, WEDGED), rows(L1, WEDGED, on=1), rows(L1, changes, against=1))
    assert finding(assessment).stability == verdict


def test_a_movement_that_may_be_smaller_than_the_limit_is_near_it() -> None:
    changes: dict[str, Value] = {"change_anterior_height": (0.10, 0.05)}
    found = finding(concluded(PAIR, rows(L1, WEDGED), rows(L1, changes, against=1)))
    assert found.stability == "unstable"
    assert "stability-near-threshold" in codes(found)


def test_a_cleft_that_opens_is_unstable_whatever_the_heights_say() -> None:
    seen, unseen = ({**WEDGED, "cleft_probability": p} for p in (0.9, 0.1))
    still: dict[str, Value] = {"change_wedge_angle": (0.0, 1.0)}
    found = finding(concluded(PAIR, rows(L1, seen), rows(L1, unseen, on=1), rows(L1, still, against=1)))
    assert found.stability == "unstable"


def test_a_cleft_on_a_film_and_none_on_an_mri_does_not_open() -> None:
    from ovf_imaging.types import Sequence
    from tests.assess.build import mri

    seen, unseen = ({**WEDGED, "cleft_probability": p} for p in (0.9, 0.1))
    readings = [film(Position.STANDING), mri(Sequence.T2)]
    assert finding(concluded(readings, rows(L1, seen), rows(L1, unseen, on=1))).stability is None


def test_one_image_tells_no_stability() -> None:
    found = finding(concluded([film(Position.STANDING)], rows(L1, WEDGED)))
    assert found.stability is None
    assert "no-dynamic-pair" in codes(found)


def since(
    changes: dict[str, Value], *, before: dict[str, Value] = WEDGED, position: Position = Position.STANDING
) -> tuple[str | None, set[str]]:
    readings = [film(Position.STANDING), film(position, prior=True)]
    assessment = concluded(readings, rows(L1, WEDGED), rows(L1, before, on=1), rows(L1, changes, against=1))
    return finding(assessment).change, codes(finding(assessment))


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"change_anterior_height": (-0.15, 0.06)}, "worse"),
        ({"change_anterior_height": (-0.05, 0.06)}, "no measurable change"),
        ({"change_middle_height": (-0.15, 0.06), "change_anterior_height": (0.0, 0.06)}, "worse"),
        ({"change_wedge_angle": (4.0, 3.0)}, "worse"),
        ({"change_anterior_height": (0.15, 0.06)}, "better"),
        ({"change_anterior_height": (0.15, 0.06), "change_wedge_angle": (4.0, 3.0)}, "worse"),
    ],
)
def test_change_since_the_prior_study(changes: dict[str, Value], verdict: str) -> None:
    """What is smaller than half its interval is no measurable change; one change for the worse outweighs one better."""
    assert since(changes)[0] == verdict


def test_a_fracture_of_a_body_that_was_whole_is_new_once_the_change_can_be_measured() -> None:
    assert since({"change_anterior_height": (-0.45, 0.06)}, before=WHOLE)[0] == "new"
    assert since({"change_anterior_height": (-0.05, 0.06)}, before=WHOLE)[0] == "no measurable change"


def test_different_positions_are_not_compared() -> None:
    change, found = since({"change_anterior_height": (-0.45, 0.06)}, position=Position.SUPINE)
    assert change is None
    assert "prior-position-differs" in found


def test_a_level_that_the_prior_study_does_not_show_has_no_change() -> None:
    readings = [film(Position.STANDING), film(Position.STANDING, prior=True)]
    found = finding(concluded(readings, rows(L1, WEDGED), rows(Level.L2, WHOLE, on=1)))
    assert found.change is None
    assert "not-in-prior" in codes(found)


def test_findings_are_of_the_current_study_only() -> None:
    readings = [film(Position.STANDING), film(Position.STANDING, prior=True)]
    assessment = concluded(readings, rows(L1, WHOLE), rows(L1, WEDGED, on=1), rows(Level.L2, WEDGED, on=1))
    assert [(f.level, f.grade) for f in assessment.findings] == [(L1, 0)]
    assert {m.reading for m in assessment.angles} <= {0}


def test_without_a_prior_there_is_no_change_and_no_word_of_it() -> None:
    found = finding(concluded([film(Position.STANDING)], rows(L1, WEDGED)))
    assert found.change is None
    assert "not-in-prior" not in codes(found)
