"""Clefts and patches in a body's own coordinates."""

from dataclasses import replace

import numpy as np
import pytest

from ovf_imaging.training.simulation.painted.frame import disc_frame, frame_of
from ovf_imaging.training.simulation.painted.records import PATCHES
from ovf_imaging.training.simulation.painted.shapes import (
    Place,
    cleft_cover,
    cleft_outline,
    flattened,
    patch_cover,
)
from ovf_imaging.training.simulation.painted.truth import shoelace
from tests.training.simulation.painted_phantom import BODY, cleft, patch

FRAME = frame_of(BODY)
CONCAVE = BODY + np.array([[0, 0], [3, 0], [0, 0], [0, 0], [-2, 0], [0, 0.0]])


def place(aside: float = 0.0, step: float = 1.0) -> Place:
    """Return every `step` pixels in and around the body."""
    grid = np.stack(np.meshgrid(np.arange(-20, 50, step), np.arange(-20, 60, step), indexing="ij"), -1)
    s, t = FRAME.coordinates(grid)
    return Place(s=s, t=t, slice_offset=0.0, aside=aside)


def test_a_frame_finds_its_own_landmarks():
    s, t = frame_of(CONCAVE).coordinates(CONCAVE)
    assert s == pytest.approx([1, 0.5, 0, 1, 0.5, 0])
    assert t == pytest.approx([1, 1, 1, 0, 0, 0])


def test_a_frame_goes_there_and_back():
    s, t = np.meshgrid(np.linspace(-0.2, 1.2, 8), np.linspace(-0.5, 1.5, 8))
    again = frame_of(CONCAVE).coordinates(frame_of(CONCAVE).position(s, t))
    assert again[0] == pytest.approx(s)
    assert again[1] == pytest.approx(t)


def test_a_disc_lies_between_two_bodies():
    frame = disc_frame(BODY, BODY + np.array([38.0, 0]))
    s, t = frame.coordinates(np.array([33.0, 17.5]))
    assert (float(s), float(t)) == pytest.approx((0.5, 0.5))


@pytest.mark.parametrize("outline", ["line", "semilune", "triangle"])
def test_a_closed_cleft_paints_nothing(outline: str):
    closed = cleft(outline=outline, thickness=0.0)
    assert not cleft_cover(closed, place(), FRAME).any()
    assert shoelace(cleft_outline(closed, FRAME, 0.0)) == pytest.approx(0, abs=1e-9)


def test_a_semilune_is_half_an_ellipse():
    """Half axes of 0.25 × 35 px along and 0.25 × 28 px deep: π / 2 × 8.75 × 7 = 96.2 px²."""
    area = np.pi / 2 * 8.75 * 7
    assert shoelace(cleft_outline(cleft(), FRAME, 0.0)) == pytest.approx(area, rel=0.01)
    assert cleft_cover(cleft(), place(step=0.25), FRAME).sum() / 16 == pytest.approx(area, rel=0.05)


def test_a_central_triangle_is_half_its_box():
    """Base 17.5 px, height 7 px: 61.25 px²."""
    assert shoelace(cleft_outline(cleft(outline="triangle"), FRAME, 0.0)) == pytest.approx(61.25, rel=0.01)


def test_an_anterior_triangle_is_thickest_in_front():
    given = replace(cleft(outline="triangle"), place="anterior", middle=0.6)
    at = place()
    cover = cleft_cover(given, at, FRAME)
    front, back = (cover[(at.s > low) & (at.s < high)].sum() for low, high in ((0.65, 0.8), (0.4, 0.55)))
    assert front > 2 * back > 0


def test_a_cleft_closes_beyond_its_span():
    assert flattened(cleft(), 0.6).thickness == pytest.approx(0.25 * 0.8)  # √(1 − 0.6²) = 0.8
    assert flattened(cleft(), 1.0).thickness == 0


def test_a_cleft_keeps_its_distance_from_the_endplate():
    at = place()
    covered = cleft_cover(cleft(), at, FRAME) > 0.5
    assert covered.any()
    assert (1 - at.t[covered]).min() >= 0.2 - 1e-9


@pytest.mark.parametrize("kind", [k for k in PATCHES if k != "schmorl"])
def test_every_patch_covers_something_and_ends(kind: str):
    cover = patch_cover(patch(kind), place())
    assert 0.5 < cover.max() <= 1
    assert cover.min() == 0 or kind == "oedema_diffuse"  # it ends at the body's mask
    assert not patch_cover(patch(kind, span=0.3), place(aside=0.9)).any()
