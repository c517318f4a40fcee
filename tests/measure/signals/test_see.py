"""Clefts and oedema seen on a spine by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ovf_imaging.measure.signals import see_signs
from ovf_imaging.types import Reading, Sequence, Sign, SignKind
from tests.measure.signals.build import BROKEN, GREY, LEVELS, Box, body, spine, study

LENS: Box = (0.08, 0.6, 0.14, 0.32)  # a slit of 16 × 4 mm, bone between it and the endplate


def sign(of: Reading, kind: SignKind, detail: str = "", level: int = BROKEN) -> Sign:
    """Return a body's only sign of a kind and detail."""
    (found,) = [s for s in body(of, level).signs if s.kind is kind and s.detail == detail]
    return found


def likely(of: Reading, kind: SignKind, detail: str = "", level: int = BROKEN) -> float:
    """Return a sign's probability, which must be told."""
    probability = sign(of, kind, detail, level).probability
    assert probability is not None
    return probability


@pytest.mark.parametrize(("filling", "tissue"), [("fluid", "csf"), ("gas", "void")])
def test_a_slit_of_fluid_or_gas_is_a_cleft_and_whole_bodies_have_none(filling, tissue):
    seen = see_signs(study({LENS: tissue}))
    other = {"fluid": "gas", "gas": "fluid"}[filling]
    for reading in seen:
        assert likely(reading, SignKind.CLEFT, filling) > 0.5 > likely(reading, SignKind.CLEFT, other)
        mask = sign(reading, SignKind.CLEFT, filling).mask
        assert mask is not None
        middle = np.argwhere(mask).mean(0)
        np.testing.assert_allclose(middle, [2, 81 + 0.23 * 24, 70 + 0.34 * 30], atol=2)
        for level in set(LEVELS) - {BROKEN}:
            assert likely(reading, SignKind.CLEFT, "fluid", level) < 0.2
            assert likely(reading, SignKind.CLEFT, "gas", level) < 0.2


def test_oedema_of_the_whole_body_is_no_cleft():
    dim = {Sequence.T1: 65.0, Sequence.T2: 150.0, Sequence.FLUID: 170.0}
    seen = see_signs(tuple(spine(c, {(0, 1, 0, 1): grey}) for c, grey in dim.items()))
    for reading in seen:
        assert likely(reading, SignKind.OEDEMA) > 0.5 > likely(reading, SignKind.CLEFT, "fluid")
        assert likely(reading, SignKind.OEDEMA, level=LEVELS[4]) < 0.2


def test_t1_alone_tells_nothing():
    (seen,) = see_signs((spine(Sequence.T1, {LENS: "csf"}),))
    assert {s.probability for s in body(seen).signs} == {None}


def test_without_a_fluid_sensitive_series_oedema_is_not_told_and_a_cleft_is():
    (seen,) = see_signs((spine(Sequence.T2, {LENS: "csf"}),))
    assert sign(seen, SignKind.OEDEMA).probability is None
    assert likely(seen, SignKind.CLEFT, "fluid") > 0.2


def test_series_of_another_day_are_not_taken_together():
    """The current T1 with a prior's T2 and STIR: nothing can be told of today's body."""
    now = spine(Sequence.T1, {LENS: "csf"})
    before = [replace(spine(c, {LENS: "csf"}), prior=True) for c in (Sequence.T2, Sequence.FLUID)]
    seen = see_signs((now, *before))
    assert sign(seen[0], SignKind.CLEFT, "fluid").probability is None
    assert likely(seen[1], SignKind.CLEFT, "fluid") > 0.5


def test_series_that_lie_elsewhere_are_not_taken_together():
    """The fluid-sensitive image is moved 500 mm along the column: it does not show the bodies."""
    t1, fluid = spine(Sequence.T1), spine(Sequence.FLUID)
    affine = fluid.image.affine.copy()
    affine[2, 3] += 500
    moved = replace(fluid, image=replace(fluid.image, affine=affine))
    assert sign(see_signs((t1, moved))[0], SignKind.OEDEMA).probability is None
    assert likely(see_signs((t1, fluid))[0], SignKind.OEDEMA) < 0.5


def test_signs_of_others_are_kept():
    """A person's "no cleft" stands, and oedema is still looked for."""
    own = Sign(kind=SignKind.CLEFT, probability=0.0)
    marked = tuple(
        replace(r, vertebrae=tuple(replace(v, signs=(own,)) for v in r.vertebrae)) for r in study({LENS: "csf"})
    )
    for reading in see_signs(marked):
        assert body(reading).signs[0] is own
        assert [s.kind for s in body(reading).signs] == [SignKind.CLEFT, SignKind.OEDEMA]


def test_seeing_twice_changes_nothing():
    once = see_signs(study({LENS: "csf"}))
    again = see_signs(once)
    assert all(a is b for a, b in zip(once, again, strict=True))


def test_nothing_healthy_to_compare_with_is_cannot_tell():
    seen = study({LENS: "csf"})
    alone = tuple(replace(r, vertebrae=(body(r),)) for r in seen)
    assert {s.probability for r in see_signs(alone) for s in body(r).signs} == {None}


@pytest.mark.parametrize("contrast", GREY)
def test_degenerate_bodies_and_blank_images_give_no_exception(contrast):
    plain = spine(contrast)
    blank = replace(plain, image=replace(plain.image, pixels=np.zeros_like(plain.image.pixels)))
    lost = tuple(replace(v, landmarks=np.full((6, 3), np.nan)) for v in plain.vertebrae)
    outside = tuple(replace(v, landmarks=v.landmarks + 1000) for v in plain.vertebrae)
    for broken in (blank, replace(plain, vertebrae=lost), replace(plain, vertebrae=outside)):
        (seen,) = see_signs((broken,))
        assert {s.probability for v in seen.vertebrae for s in v.signs} == {None}
