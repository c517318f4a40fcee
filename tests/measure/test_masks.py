"""Field report D4: two neighbours mixed in one mask give no height."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from ovf_imaging.measure import measure
from ovf_imaging.types import Level, Reading
from tests.measure.build import image, pick, spine

HEIGHTS = dict.fromkeys((Level.T12, Level.L1, Level.L2, Level.L3), (24.0, 24.0, 24.0))


def painted(fine: int = 1) -> Reading:
    """Return a reading whose masks fill the landmarks' outlines; `fine` pixels a millimetre."""
    base = spine(HEIGHTS, spacing=(1 / fine, 1 / fine))
    labels = np.zeros((5, 200 * fine, 120 * fine), np.uint8)
    for body in base.vertebrae:
        top, left = (round(float(x)) for x in body.landmarks[:, 1:].min(0))
        bottom, right = (round(float(x)) for x in body.landmarks[:, 1:].max(0))
        labels[2, top:bottom, left:right] = body.level
    on = image(spacing=(1 / fine, 1 / fine), shape=labels.shape)
    return replace(base, image=on, labels=labels)


def refused(reading: Reading) -> set[int]:
    return {c.levels[0] for r in measure(reading, 0) for c in r.caveats if c.code == "mask-mixed"}


def thirds(reading: Reading, level: int) -> tuple[slice, slice]:
    """Return the upper third of a body's box."""
    marks = next(v.landmarks for v in reading.vertebrae if v.level == level)
    top, left = (round(float(x)) for x in marks[:, 1:].min(0))
    bottom, right = (round(float(x)) for x in marks[:, 1:].max(0))
    return slice(top, top + (bottom - top) // 3), slice(left, right)


@pytest.mark.parametrize("fine", [1, 5])
def test_clean_masks_pass(fine: int) -> None:
    assert refused(painted(fine)) == set()


@pytest.mark.parametrize("fine", [1, 5])
def test_upper_third_under_the_neighbours_label(fine: int) -> None:
    """L1's upper third carries L2's label, the landmarks are true: neither is measured."""
    base = painted(fine)
    labels = base.labels.copy()
    labels[2][thirds(base, Level.L1)] = Level.L2
    rows = measure(replace(base, labels=labels), 0)
    assert refused(replace(base, labels=labels)) == {Level.L1, Level.L2}
    row = pick(rows, "anterior_height", Level.L1)
    assert row.value is None
    assert [(c.code, c.must_see) for c in row.caveats] == [("mask-mixed", True)]
    assert pick(rows, "height_loss_anterior", Level.T12).reference == (Level.L3,)


def test_landmarks_that_follow_the_shortened_mask() -> None:
    """The same, but L1's landmarks follow its shortened mask: a third of its height would seem lost."""
    base = painted()
    labels = base.labels.copy()
    rows, columns = thirds(base, Level.L1)
    labels[2, rows, columns] = Level.L2
    bodies = list(base.vertebrae)
    marks = bodies[1].landmarks.copy()
    marks[:3, 1] = rows.stop
    bodies[1] = replace(bodies[1], landmarks=marks)
    mixed = replace(base, labels=labels, vertebrae=tuple(bodies))
    assert refused(mixed) == {Level.L1, Level.L2}
    assert pick(measure(mixed, 0), "height_loss_anterior", Level.L1).value is None


def test_second_part_far_away_under_one_label() -> None:
    base = painted()
    labels: NDArray[np.uint8] = base.labels.copy()
    labels[2, 5:20, 5:25] = Level.L2
    assert refused(replace(base, labels=labels)) == {Level.L2}


def test_edited_landmarks_outrank_the_masks() -> None:
    base = painted()
    labels = base.labels.copy()
    labels[2][thirds(base, Level.L1)] = Level.L2
    assert refused(replace(base, labels=labels, reader="edited by Dr A")) == set()


def test_bodies_without_masks_are_measured() -> None:
    base = painted()
    assert refused(replace(base, labels=np.zeros_like(base.labels))) == set()
