"""Painted volumes and slices against what can be measured in their pixels."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from skimage.measure import label

from ovf_imaging.training.mri_data import Volume
from ovf_imaging.training.scene import Scene
from ovf_imaging.training.simulation.painted import BodyFindings, PaintSettings, paint_film, paint_volume
from ovf_imaging.training.simulation.painted.column import volume_column
from ovf_imaging.training.simulation.painted.draw import draw_collapse
from ovf_imaging.types import Sequence
from tests.training.simulation.painted_phantom import (
    FLUID,
    LEVELS,
    MARROW,
    cleft,
    collapse,
    fracture,
    height_errors,
    patch,
    phantom,
)

BROKEN = BodyFindings(
    collapse=collapse(fracture(front_loss=0.35, crush=0.08, superior_dent=0.1), lip=0.05, retropulsion=0.08),
    cleft=cleft(),
    patches=(patch("oedema_diffuse"),),
)
MIDDLE = 2  # slice


@pytest.fixture(scope="module")
def real() -> Volume:
    return phantom()


def painted(volume: Volume, findings: BodyFindings, sequence: Sequence = Sequence.T2, seed: int = 0):
    return paint_volume(volume, sequence, {22: findings}, np.random.default_rng(seed))


def film(volume: Volume, findings: BodyFindings):
    marks = volume_column(volume, Sequence.T2).planes[MIDDLE].landmarks
    scene = Scene(
        image=torch.from_numpy(volume.pixels[MIDDLE : MIDDLE + 1]),
        instances=torch.from_numpy(volume.labels[MIDDLE]),
        ignore=torch.zeros((2, *volume.labels.shape[1:]), dtype=torch.bool),
        landmarks=marks,
        fracturable=LEVELS[1:],
    )
    return paint_film(scene, {22: findings}, np.random.default_rng(0))


def test_same_seed_same_bytes(real: Volume):
    first, again, other = (painted(real, BROKEN, seed=seed) for seed in (1, 1, 2))
    assert first.pixels.tobytes() == again.pixels.tobytes()
    assert first.labels.tobytes() == again.labels.tobytes()
    assert first.pixels.tobytes() != other.pixels.tobytes()


def test_nothing_to_paint_leaves_the_image_as_it_is(real: Volume):
    after = paint_volume(real, Sequence.T2, {}, np.random.default_rng(0))
    assert after.pixels == pytest.approx(np.clip(real.pixels, 0, 1), abs=1e-5)
    assert np.array_equal(after.labels, real.labels)
    assert not after.bodies


def test_a_change_of_marrow_stays_in_its_body(real: Volume):
    """Without a collapse nothing moves: pixels 5 px from the body and all masks are those of the real image."""
    after = painted(real, BodyFindings(cleft=cleft(), patches=(patch("oedema_diffuse"),)))
    rows, columns = np.nonzero(real.labels[MIDDLE] == 22)
    away = np.ones(real.labels.shape[1:], bool)
    away[rows.min() - 5 : rows.max() + 6, columns.min() - 5 : columns.max() + 6] = False
    assert after.pixels[:, away] == pytest.approx(np.clip(real.pixels[:, away], 0, 1), abs=1e-5)
    assert np.array_equal(after.labels, real.labels)
    inside = real.labels[MIDDLE] == 22
    assert after.pixels[MIDDLE][inside].mean() > real.pixels[MIDDLE][inside].mean() + 0.03


def test_a_collapse_spares_what_lies_below(real: Volume):
    after = painted(real, BROKEN)
    assert np.array_equal(after.labels == 23, real.labels == 23)
    for level in (20, 21):
        before = (real.labels == level).sum()
        assert (after.labels == level).sum() == pytest.approx(before, rel=0.03)
        assert label(after.labels[MIDDLE] == level).max() == 1


def test_neighbours_keep_their_heights(real: Volume):
    """To 1e-6: the hinge carries what lies above, and what lies below stays."""
    after = painted(real, BROKEN)
    before = volume_column(real, Sequence.T2).planes[MIDDLE].landmarks
    for level in (20, 21, 23):
        heights = [np.linalg.norm(m[level][:3] - m[level][3:], axis=1) for m in (before, after.landmarks[MIDDLE])]
        assert heights[1] == pytest.approx(heights[0], abs=1e-6)


@pytest.mark.parametrize("seed", range(6))
def test_true_heights_are_those_of_the_warped_mask(real: Volume, seed: int):
    column = volume_column(real, Sequence.T2)
    findings = {22: BodyFindings(collapse=draw_collapse(np.random.default_rng(seed), PaintSettings(through=1.0)))}
    after = paint_volume(real, Sequence.T2, findings, np.random.default_rng(0))
    assert np.abs(height_errors(column, MIDDLE, findings, after.labels[MIDDLE])).max() < 0.7


def test_height_loss_is_that_of_the_landmarks(real: Volume):
    truth = painted(real, BROKEN).bodies[22]
    before, after = (np.linalg.norm(b[:3] - b[3:], axis=1) for b in (truth.healthy, truth.landmarks))
    assert truth.fracture is not None
    assert truth.fracture.height_loss == pytest.approx(1 - after / before)
    assert 0.35 < truth.fracture.height_loss[0] < 0.5


@pytest.mark.parametrize("outline", ["semilune", "triangle"])
def test_a_cleft_lies_in_its_body_and_has_its_area(real: Volume, outline: str):
    after = painted(real, replace(BROKEN, cleft=cleft(outline=outline, thickness=0.35)))
    truth = after.bodies[22].cleft
    assert truth is not None
    assert (after.labels[after.cleft] == 22).all()
    assert after.cleft[after.bodies[22].plane].sum() == pytest.approx(truth.area_px, rel=0.12)
    assert truth.truth.area_mm2 == truth.area_px  # 1 mm pixels
    depth = np.linalg.norm(after.bodies[22].landmarks[3] - after.bodies[22].landmarks[5])
    assert truth.area_depth2 == pytest.approx(truth.area_px / depth**2, rel=0.05)


def test_a_closed_cleft_is_in_the_truth_and_not_in_the_image(real: Volume):
    after = painted(real, replace(BROKEN, cleft=cleft(thickness=0.0)))
    bare = painted(real, replace(BROKEN, cleft=None))
    truth = after.bodies[22].cleft
    assert truth is not None
    assert truth.area_px == pytest.approx(0, abs=1e-9)
    assert not after.cleft.any()
    assert after.pixels == pytest.approx(bare.pixels)


@pytest.mark.parametrize(
    ("sequence", "kind", "expected"),
    [(Sequence.T2, "fluid", FLUID), (Sequence.FLUID, "fluid", FLUID), (Sequence.T2, "gas", 0.07)],
)
def test_a_cleft_has_the_tone_of_its_filling(real: Volume, sequence: Sequence, kind: str, expected: float):
    """Fluid is as bright as the canal; gas is a void: seven tenths of the darkest cortex, 0.7 × 0.1."""
    after = painted(real, BodyFindings(cleft=cleft(kind, thickness=0.45)), sequence)
    assert np.median(after.pixels[after.cleft]) == pytest.approx(expected, abs=0.06)


def test_fluid_is_dark_on_t1(real: Volume):
    dark = replace(real, pixels=np.where(real.pixels > 0.7, 0.2, real.pixels).astype(np.float32))
    after = painted(dark, BodyFindings(cleft=cleft(thickness=0.45), patches=(patch("oedema_diffuse"),)), Sequence.T1)
    assert np.median(after.pixels[after.cleft]) == pytest.approx(0.2, abs=0.03)
    assert 0.2 < np.median(after.pixels[after.oedema]) < 0.9 * MARROW


@pytest.mark.parametrize(("kind", "brighter"), [("gas", False), ("cement", True)])
def test_gas_is_lucent_and_cement_dense_on_a_film(real: Volume, kind: str, brighter: bool):
    found = BodyFindings(cleft=cleft()) if kind == "gas" else BodyFindings(patches=(patch("cement"),))
    if found.cleft is not None:
        found = replace(found, cleft=replace(found.cleft, kind="gas"))
    after = film(real, found)
    mask = after.cement if brighter else after.cleft
    assert mask.any()
    change = np.median(after.pixels[mask]) - np.median(real.pixels[MIDDLE][mask])
    assert change > 0.05 if brighter else change < -0.05
    truth = after.bodies[22]
    assert truth.cement == brighter
    assert truth.cleft is None or np.isnan(truth.cleft.truth.area_mm2)  # a film without a scale


def test_oedema_fills_its_body(real: Volume):
    truth = painted(real, BodyFindings(patches=(patch("oedema_diffuse"),))).bodies[22]
    assert truth.oedema_fraction > 0.9
    assert truth.fracture is not None
    assert truth.fracture.of_class == 1


def test_a_level_that_is_not_there_is_refused(real: Volume):
    with pytest.raises(ValueError, match=r"levels \[12\] cannot be painted in phantom; it offers \[20, 21, 22, 23\]"):
        paint_volume(real, Sequence.T2, {12: BROKEN}, np.random.default_rng(0))
