"""Numbering of a whole column at once."""

import numpy as np
import pytest

from ovf_imaging.errors import ReadingError
from ovf_imaging.types import Level
from ovf_imaging.vision.channels import LEVEL_CLASSES
from ovf_imaging.vision.levels import number, steps_between


def flat() -> np.ndarray:
    """Return a body's level evidence that says nothing."""
    return np.log(np.full(len(LEVEL_CLASSES), 1 / len(LEVEL_CLASSES)))


def says(level: int, probability: float = 0.6) -> np.ndarray:
    """Return evidence that favours one level."""
    p = np.full(len(LEVEL_CLASSES), (1 - probability) / (len(LEVEL_CLASSES) - 1))
    p[LEVEL_CLASSES.index(level)] = probability
    return np.log(p)


def test_counts_from_the_sacrum_up():
    """Six bodies above a sacrum are T12 to L5 even when nothing else is known."""
    found = number([flat()] * 7, [0.0] * 6 + [0.95], [1] * 6)
    assert found.levels == (19, 20, 21, 22, 23, 24, 26)
    assert found.anchored


def test_sacrum_outvotes_a_wrong_guess():
    """One body that looks like another level does not shift the column."""
    evidence = [flat(), flat(), says(Level.L3), flat(), flat()]
    assert number(evidence, [0, 0, 0, 0.02, 0.97], [1] * 4).levels == (21, 22, 23, 24, 26)


def test_two_equal_best_classes_give_no_level_twice():
    """Field report D1: twelve bodies, neighbours with the same best class: strictly ordered, no repeats."""
    evidence = [says(LEVEL_CLASSES[max(0, i - 3)]) for i in range(12)]
    evidence[6] = evidence[7]
    levels = number(evidence, [0.0] * 12, [1] * 11).levels
    assert len(set(levels)) == 12
    assert list(levels) == sorted(levels)


def test_a_hole_stays_a_hole():
    """Field report D1: a body that was not found leaves its level out and is named."""
    centres = np.array([[0.0, 0], [35, 0], [105, 0], [140, 0]])
    steps = steps_between(centres, np.full(4, 34.0))
    assert steps == [1, 2, 1]
    found = number([flat()] * 4, [0, 0, 0, 0.9], steps)
    assert found.levels == (21, 22, 24, 26)
    assert found.holes == (23,)


def test_without_sacrum_nothing_is_anchored():
    """Field report D3: a crop of three bodies is numbered by looks alone and says so."""
    found = number([says(Level.L1), says(Level.L2), says(Level.L3)], [0.0] * 3, [1, 1])
    assert found.levels == (20, 21, 22)
    assert not found.anchored
    assert found.runner_up is not None


def test_collapsed_neighbours_are_not_a_hole():
    """Spacing that shrinks at a fracture does not make the next gap look double."""
    centres = np.cumsum([0, 36, 24, 26, 38, 38])[:, None] * np.array([1.0, 0.0])
    assert steps_between(centres, np.full(6, 36.0)) == [1] * 5


def test_a_stated_level_outvotes_what_the_bodies_look_like():
    """Four bodies that look like L2 to L5, said to end at L4."""
    evidence = [says(level) for level in (Level.L2, Level.L3, Level.L4, Level.L5)]
    found = number(evidence, [0.0] * 4, [1] * 3, Level.L4)
    assert found.levels == (Level.L1, Level.L2, Level.L3, Level.L4)
    assert found.stated


def test_a_stated_level_is_that_above_the_sacrum():
    """The lowest vertebra is stated; the sacrum that was seen below it stays what it is."""
    found = number([flat()] * 4, [0.0, 0.0, 0.0, 0.97], [1] * 3, Level.L5)
    assert found.levels == (Level.L3, Level.L4, Level.L5, Level.S1)


def test_a_sixth_lumbar_vertebra_can_be_stated():
    """L6 is no level that the network counts, and stands between L5 and S1 where a person says so."""
    found = number([flat()] * 4, [0.0, 0.0, 0.0, 0.97], [1] * 3, Level.L6)
    assert found.levels == (Level.L4, Level.L5, Level.L6, Level.S1)
    assert not found.holes


def test_too_many_bodies_above_a_stated_level_are_refused():
    """C2 is the highest body: twelve can't lie from C2 to T1."""
    with pytest.raises(ReadingError, match="12 vertebral bodies are seen, more than there are down to T1, stated as"):
        number([flat()] * 12, [0.0] * 12, [1] * 11, Level.T1)


def test_a_gap_that_leaves_no_room_is_none():
    """C2 to S1 are 24: so many bodies have no gap between them, however far apart two lie."""
    found = number([flat()] * 24, [0.0] * 23 + [0.97], [1] * 22 + [2])
    assert found.levels[0] == Level.C2
    assert found.levels[-2:] == (Level.L5, Level.S1)
    assert not found.holes


def test_more_bodies_than_a_spine_has_are_refused():
    with pytest.raises(ReadingError, match="25 vertebral bodies are seen, more than a spine has"):
        number([flat()] * 25, [0.0] * 25, [1] * 24)
