"""Rows of marrow signals, clefts and oedema on grey values that are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ovf_imaging.measure.signals import sign_rows
from ovf_imaging.types import Level, Reading, Scale, Sequence, Sign, SignKind
from tests.measure.build import pick, value
from tests.measure.signals.build import BROKEN, LEVELS, SHAPE, body, spine


def marked(of: Reading, sign: Sign) -> Reading:
    """Return a reading whose broken body carries a sign."""
    vertebrae = tuple(replace(v, signs=(sign,)) if v.level == BROKEN else v for v in of.vertebrae)
    return replace(of, vertebrae=vertebrae)


def cleft_mask(rows: slice = slice(84, 88)) -> np.ndarray:
    """Return a mask of 4 × 15 pixels at the front of the broken body, whose rows begin at 81."""
    mask = np.zeros(SHAPE, bool)
    mask[2, rows, 70:85] = True
    return mask


def test_signal_ratio_against_the_nearest_healthy_bodies():
    """A body of 150 beside bodies of 100: ratio 1.5, compared with T12 and L2, then T11 and L3; the others 1.0."""
    rows = sign_rows(spine(Sequence.T2, {(0, 1, 0, 1): 150.0}), 3)
    found = pick(rows, "t2_signal_ratio", BROKEN)
    assert found.value == pytest.approx(1.5, abs=0.03)
    assert set(found.reference) == {Level.T11, Level.T12, Level.L2, Level.L3}
    assert found.reading == 3
    assert found.interval is not None
    assert value(rows, "t2_signal_ratio", Level.L3) == pytest.approx(1.0, abs=0.03)


def test_coil_shading_along_the_column_cancels():
    """Signal that doubles from head to foot: an unfractured body still has a ratio of 1 within 4 %."""
    plain = spine(Sequence.T1)
    shaded = plain.image.pixels * np.linspace(1, 2, SHAPE[1], dtype=np.float32)[:, None]
    rows = sign_rows(replace(plain, image=replace(plain.image, pixels=shaded)), 0)
    for level in LEVELS[2:4]:
        assert value(rows, "t1_signal_ratio", level) == pytest.approx(1.0, abs=0.04)


def test_reduced_bodies_are_no_reference():
    """L1 is half as high as its neighbours: no other body is compared with it."""
    rows = sign_rows(spine(Sequence.T1, height=12.0), 0)
    assert all(BROKEN not in pick(rows, "t1_signal_ratio", k).reference for k in LEVELS)


def test_cleft_area_place_and_contrast():
    """4 × 15 pixels of 1 mm: 60 mm²; body 30 × 24 = 720, share 1/12. Rows 84–87 of 81–105: t = 4.5/24.

    Columns 70–84 of 70–100: s = 7/30. CSF is painted into it: 350 / 100 = 3.5 of marrow, 1.0 of CSF.
    """
    seen = spine(Sequence.T2, {(0, 0.5, 0.08, 0.29): "csf"})
    rows = sign_rows(marked(seen, Sign(kind=SignKind.CLEFT, probability=0.9, detail="fluid", mask=cleft_mask())), 0)
    assert value(rows, "cleft_area", BROKEN) == pytest.approx(60)
    assert value(rows, "cleft_share", BROKEN) == pytest.approx(60 / 720)
    assert value(rows, "cleft_depth_place", BROKEN) == pytest.approx(7 / 30, abs=0.01)
    assert value(rows, "cleft_height_place", BROKEN) == pytest.approx(4.5 / 24, abs=0.01)
    assert value(rows, "cleft_marrow_ratio", BROKEN) == pytest.approx(3.5, abs=0.2)
    assert value(rows, "cleft_csf_ratio", BROKEN) == pytest.approx(1.0, abs=0.08)
    assert value(rows, "cleft_probability", BROKEN) == value(rows, "cleft_fluid_probability", BROKEN) == 0.9


def test_the_likelier_filling_is_the_clefts_probability():
    signs = (
        Sign(kind=SignKind.CLEFT, probability=0.2, detail="fluid"),
        Sign(kind=SignKind.CLEFT, probability=0.7, detail="gas"),
    )
    seen = spine(Sequence.T2)
    vertebrae = tuple(replace(v, signs=signs) if v.level == BROKEN else v for v in seen.vertebrae)
    rows = sign_rows(replace(seen, vertebrae=vertebrae), 0)
    assert [value(rows, f"cleft_{k}probability", BROKEN) for k in ("", "fluid_", "gas_")] == [0.7, 0.2, 0.7]


def test_area_without_a_scale_is_not_told():
    seen = marked(spine(Sequence.T2), Sign(kind=SignKind.CLEFT, probability=0.9, mask=cleft_mask()))
    unscaled = replace(seen, image=replace(seen.image, scale=Scale.UNKNOWN))
    found = pick(sign_rows(unscaled, 0), "cleft_area", BROKEN)
    assert found.value is None
    assert [c.code for c in found.caveats] == ["no-scale"]
    assert value(sign_rows(unscaled, 0), "cleft_share", BROKEN) > 0


def test_without_csf_the_ratio_to_it_is_not_told():
    """The canal is as dark as the rest: no CSF is found behind the bodies."""
    seen = spine(Sequence.T2)
    pixels = seen.image.pixels.copy()
    pixels[:, :, 102:] = 80
    seen = replace(seen, image=replace(seen.image, pixels=pixels))
    rows = sign_rows(marked(seen, Sign(kind=SignKind.CLEFT, probability=0.9, mask=cleft_mask())), 0)
    found = pick(rows, "cleft_csf_ratio", BROKEN)
    assert found.value is None
    assert [c.code for c in found.caveats] == ["csf-not-found"]
    assert value(rows, "cleft_marrow_ratio", BROKEN) == pytest.approx(1.0, abs=0.05)


def test_oedema_extent_and_ratio():
    """The upper half of the body at three times its marrow: extent ½, ratio 3."""
    seen = spine(Sequence.FLUID, {(0, 1, 0, 0.5): 180.0})
    mask = np.zeros(SHAPE, bool)
    frame_rows = np.flatnonzero(seen.image.pixels[2, 80:110, 85] > 120) + 80
    mask[2, frame_rows, 70:100] = True
    rows = sign_rows(marked(seen, Sign(kind=SignKind.OEDEMA, probability=0.9, mask=mask)), 0)
    assert value(rows, "oedema_extent", BROKEN) == pytest.approx(0.5, abs=0.05)
    assert value(rows, "oedema_ratio", BROKEN) == pytest.approx(3.0, abs=0.1)


def test_cannot_tell_is_none_with_the_reason():
    rows = sign_rows(marked(spine(Sequence.T1), Sign(kind=SignKind.OEDEMA, probability=None)), 0)
    found = pick(rows, "oedema_extent", BROKEN)
    assert found.value is None
    assert [c.code for c in found.caveats] == ["oedema-not-told"]


def test_one_body_alone_has_no_ratio_and_no_sign_no_row():
    seen = spine(Sequence.T2)
    rows = sign_rows(replace(seen, vertebrae=(body(seen),)), 0)
    assert [(r.quantity, r.value) for r in rows] == [("t2_signal_ratio", None)]
    assert [c.code for c in rows[0].caveats] == ["no-healthy-body"]


def test_cut_bodies_and_the_sacrum_are_left_out():
    seen = spine(Sequence.T2)
    cut = tuple(replace(v, complete=v.level != BROKEN) for v in seen.vertebrae)
    assert BROKEN not in {r.levels[0] for r in sign_rows(replace(seen, vertebrae=cut), 0)}
    sacrum = replace(body(seen), level=int(Level.S1))
    assert sign_rows(replace(seen, vertebrae=(sacrum,)), 0) == ()
