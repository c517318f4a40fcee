"""Canal narrowing on pictures drawn by hand, a simulated MRI with known truth, and real backs without a fracture."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ovf_imaging import types
from ovf_imaging.measure import measure
from ovf_imaging.training.mri_data import load_volume, slice_landmarks
from ovf_imaging.training.simulation.mri import MriSettings, acquire, draw_constitution, draw_protocol
from ovf_imaging.training.simulation.volume import Tissue
from ovf_imaging.types import Image, Level, Position, Reading, Scale, Vertebra, View
from tests.measure.build import image, pick, reading, spine, value
from tests.training.simulation.mri_phantom import (
    CANAL_RADIUS,
    CANAL_Y,
    HEIGHT,
    RADIUS_Y,
    Ball,
    CylinderPatient,
    centre_z,
)

MM = 0.5  # a pixel
WALL, CANAL_MM = 100.0, 16.0  # where the walls of `spine` stand, and how deep the canal is drawn
LEVELS = (Level.T12, Level.L1, Level.L2)
EVEN = dict.fromkeys(LEVELS, (25.0, 25.0, 25.0))


def drawn(*, cord: bool = False, fragment_mm: float = 0.0, dark: bool = False) -> Reading:
    """Return three bodies before a bright canal of 16 mm, a dark arch behind it and bright fat behind that.

    A fragment of L1's superior corner stands in the canal; L1's corner and its grey values follow it.
    """
    base = spine(EVEN, spacing=(MM, MM))
    grey = np.full((260, 300), 300.0, np.float32)
    across = MM * (np.arange(300) + 0.5) - WALL
    grey[:, (across > 0) & (across < CANAL_MM)] = 300.0 if dark else 1000.0
    grey[:, (across > CANAL_MM) & (across < CANAL_MM + 4)] = 60.0
    grey[:, across > CANAL_MM + 4] = 900.0
    if cord:
        grey[:, (across > 5) & (across < 11)] = 350.0
    marks = base.vertebrae[1].landmarks.copy()
    top = round(float(marks[2, 1]))
    grey[top : top + 16, (across > 0) & (across < fragment_mm)] = 300.0
    marks[2, 2] += fragment_mm / MM
    bodies = (base.vertebrae[0], replace(base.vertebrae[1], landmarks=marks), base.vertebrae[2])
    on = image(spacing=(MM, MM), shape=(5, *grey.shape))
    return replace(base, image=replace(on, pixels=np.broadcast_to(grey, on.pixels.shape).copy()), vertebrae=bodies)


def narrowing(reading: Reading, level: Level = Level.L1) -> float:
    return value(measure(reading, 0), "canal_narrowing", level)


def codes(reading: Reading) -> list[str]:
    row = pick(measure(reading, 0), "canal_narrowing", Level.L1)
    assert row.value is None
    return [c.code for c in row.caveats]


@pytest.mark.parametrize("cord", [False, True])
def test_an_even_canal_is_not_narrow(cord: bool) -> None:
    assert narrowing(drawn(cord=cord)) == pytest.approx(0, abs=0.03)


@pytest.mark.parametrize("cord", [False, True])
def test_narrowing_by_hand(cord: bool) -> None:
    """A fragment of 6 mm leaves 10 of 16 mm: 1 − 10/16 = 0.375, whether or not a cord lies in the canal."""
    row = pick(measure(drawn(fragment_mm=6, cord=cord), 0), "canal_narrowing", Level.L1)
    assert row.value == pytest.approx(0.375, abs=0.04)
    assert row.reference == (Level.T12, Level.L2)
    assert row.interval is not None
    assert row.interval[0] < 0.375 < row.interval[1]


def test_interval_by_hand() -> None:
    """sd of a depth: √(1.5² + 0.3²) = 1.530 mm; of 1 − d/D with d = D = 16: 1.530/16·√(1 + 1/2) = 0.1171."""
    row = pick(measure(drawn(), 0), "canal_narrowing", Level.L1)
    assert row.interval is not None
    assert (row.interval[1] - row.interval[0]) / 2 == pytest.approx(1.959964 * 0.1171, rel=0.03)


def test_facing_right_changes_nothing() -> None:
    """Within one step along a ray, 0.5 of 16 mm: the canal's end lies on a step, and where a tie goes is chance."""
    base = drawn(fragment_mm=6)
    last = base.image.pixels.shape[2] - 1
    bodies = []
    for body in base.vertebrae:
        marks = body.landmarks.copy()
        marks[:, 2] = last - marks[:, 2]
        bodies.append(replace(body, landmarks=marks))
    mirrored = replace(base.image, pixels=base.image.pixels[:, :, ::-1].copy())
    assert narrowing(replace(base, image=mirrored, vertebrae=tuple(bodies))) == pytest.approx(narrowing(base), abs=0.04)


def test_brightness_changes_nothing() -> None:
    base = drawn(fragment_mm=6)
    brighter = replace(base, image=replace(base.image, pixels=2 * base.image.pixels))
    assert narrowing(brighter) == pytest.approx(narrowing(base), abs=1e-6)


def test_other_images_do_not_tell() -> None:
    base = drawn()
    film = replace(base.image, view=View.LATERAL, sequence=types.Sequence.NONE)
    assert codes(replace(base, image=film)) == ["canal-not-seen"]
    for other in (types.Sequence.T1, types.Sequence.FLUID, types.Sequence.UNKNOWN):
        assert codes(replace(base, image=replace(base.image, sequence=other))) == ["canal-not-seen"]
    assert codes(replace(base, image=replace(base.image, scale=Scale.UNKNOWN))) == ["canal-not-seen"]


def test_a_canal_without_an_end_is_not_guessed() -> None:
    blank = drawn()
    flat = np.full_like(blank.image.pixels, 300.0)
    assert codes(replace(blank, image=replace(blank.image, pixels=flat))) == ["canal-not-seen"]
    outside = replace(blank, image=replace(blank.image, pixels=blank.image.pixels[:, :, :190]))
    assert codes(outside) == ["canal-not-seen"]


def test_without_neighbours_there_is_no_normal_depth() -> None:
    base = drawn()
    assert codes(replace(base, vertebrae=base.vertebrae[1:])) == ["no-wall-line"]


def on_scan(patient: CylinderPatient, back_mm: float) -> Reading:
    """Return the phantom on its simulated T2 image, L1's superior posterior corner `back_mm` behind its wall."""
    rng = np.random.default_rng(3)
    settings = MriSettings(matrix=(256, 256), pixel_mm=(0.9, 0.9), slices=(5, 5))
    constitution = draw_constitution(rng, patient.truth(), settings)
    seen = acquire(patient, draw_protocol(rng, settings), rng, constitution).images[types.Sequence.T2]
    to_pixel = np.linalg.inv(seen.affine)
    bodies = []
    for body in patient.truth().bodies:
        marks = body.landmarks_mm.copy()
        marks[2, 1] += back_mm if body.level == Level.L1 else 0.0
        pixels = marks @ to_pixel[:3, :3].T + to_pixel[:3, 3]
        pixels[:, 0] = 2.0
        bodies.append(
            Vertebra(level=body.level, landmarks=pixels, covariance=np.tile(0.1 * np.eye(2), (6, 1, 1)), confidence=1.0)
        )
    on = image(affine=seen.affine, shape=seen.pixels.shape, position=Position.SUPINE)
    return reading(bodies, on=replace(on, pixels=seen.pixels.astype(np.float32)))


def test_simulated_mri_against_its_truth() -> None:
    """The canal's cylinder ends 35.5 mm behind, the walls at 17: 18.5 mm. A ball of bone leaves 18.5 − 7 = 11.5 mm."""
    deep, push = CANAL_Y + CANAL_RADIUS - RADIUS_Y, 7.0
    whole = on_scan(CylinderPatient(), 0.0)
    assert [narrowing(whole, k) for k in (Level.L1, Level.L2, Level.L3)] == pytest.approx([0, 0, 0], abs=0.06)
    corner = (0.0, RADIUS_Y, centre_z(Level.L1) + HEIGHT / 2 - push)
    broken = on_scan(CylinderPatient(balls=(Ball(Tissue.CORTEX, corner, push),)), push)
    assert narrowing(broken) == pytest.approx(push / deep, abs=0.1)
    assert value(measure(broken, 0), "retropulsion", Level.L1) == pytest.approx(push, abs=0.1)


def healthy(folder: Path, name: str) -> Reading:
    """Return the readers' masks of a real T2 volume as a reading, on the slice in the middle of the bodies."""
    volume = load_volume(folder, name)
    labels: NDArray[np.uint8] = volume.labels
    middle = round(float(np.median([np.argwhere(labels == k)[:, 0].mean() for k in np.unique(labels) if k])))
    bodies = [
        Vertebra(
            level=k,
            landmarks=np.column_stack([np.full(6, middle), marks]),
            covariance=np.tile(0.3 * np.eye(2), (6, 1, 1)),
            confidence=1.0,
        )
        for k, marks in slice_landmarks(labels[middle], {}).items()
    ]
    on: Image = image(affine=volume.affine, shape=labels.shape, position=Position.SUPINE)
    return reading(bodies, on=replace(on, pixels=volume.pixels))


@pytest.mark.parametrize("name", ["zenodo22304_05", "zenodo22304_12", "zenodo22304_23"])
def test_real_backs_without_a_fracture(shared_data: Path, name: str) -> None:
    rows = measure(healthy(shared_data / "mri_vertebral_bodies", name), 0)
    found = [r for r in rows if r.quantity == "canal_narrowing" and r.value is not None]
    assert len(found) >= 4
    for row in found:
        assert row.interval is not None
        assert row.interval[0] < 0 < row.interval[1]
        assert row.value == pytest.approx(0, abs=0.12)
