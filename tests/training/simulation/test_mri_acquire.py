"""The whole examination on a patient of cylinders."""

import dataclasses
import json

import numpy as np
import pytest

from ovf_imaging.training.simulation.mri import MriSettings, acquire, draw_constitution, draw_protocol
from ovf_imaging.training.simulation.mri.acquire import WHITE
from ovf_imaging.training.simulation.mri.protocol import Breathing
from ovf_imaging.training.simulation.volume import Tissue
from ovf_imaging.types import Level, Sequence
from tests.training.simulation.mri_phantom import CANAL_Y, LEVELS, Ball, CylinderPatient, centre_z

STILL = MriSettings(
    three_tesla=0,
    matrix=(224, 224),
    pixel_mm=(1.2, 1.2),
    slices=(3, 3),
    thickness_mm=(4, 4),
    gap=(0.1, 0.1),
    noise=(0, 0),
    saturation_band=0,
    ghosts=0,
    wrap=0,
    coil_reach_mm=(1000, 1000),
    csf_flow=(0, 0),
    slow_blood=(0, 0),
    islands=(0, 0),
    muscle_fat_at_80=(0, 0),
    window=(0.3, 0.3),
    stir_ti_part=(1, 1),
    ahead=(-0.05, 0.05),
    centre_level=(20, 22),
    fat_suppressed=0,
    winding=(0, 0),
    breathing_mm=(0, 0),
)
SIGNS = (
    Ball(Tissue.CLEFT_FLUID, (0, 0, centre_z(Level.L3)), 7),
    Ball(Tissue.CLEFT_GAS, (0, 0, centre_z(Level.L4)), 7),
    Ball(Tissue.MARROW, (0, 0, centre_z(Level.L1)), 9, oedema=True),
    Ball(Tissue.REPLACED, (0, 0, centre_z(Level.T12)), 9),
)


def examine(patient, settings=STILL, seed=3, **changes):
    rng = np.random.default_rng(seed)
    protocol, constitution = draw_protocol(rng, settings), draw_constitution(rng, patient.truth(), settings)
    return acquire(patient, dataclasses.replace(protocol, **changes), rng, constitution)


def mean_at(scan, sequence, place_mm, reach_px=1):
    """Mean pixel about a place on the nearest slice."""
    image = scan.images[sequence]
    s, r, c = np.rint(np.linalg.solve(image.affine, [*place_mm, 1])[:3]).astype(int)
    return float(image.pixels[s, r - reach_px : r + reach_px + 1, c - reach_px : c + reach_px + 1].mean())


PLACES = {
    "fluid": (0, 0, centre_z(Level.L3)),
    "gas": (0, 0, centre_z(Level.L4)),
    "oedema": (0, 0, centre_z(Level.L1)),
    "tumour": (0, 0, centre_z(Level.T12)),
    "marrow": (0, -4, centre_z(Level.L2)),
    "csf": (0, CANAL_Y - 4.5, centre_z(Level.L3)),  # the roots lie behind
    "fat": (0, 94, 0),
    "vessel": (5, -32, 0),
    "muscle": (0, 60, 0),
}


@pytest.fixture(scope="module", params=[0.0, 1.0], ids=["1.5 T", "3 T"])
def signs(request):
    scan = examine(CylinderPatient(balls=SIGNS), dataclasses.replace(STILL, three_tesla=request.param))
    return {s: {name: mean_at(scan, s, place) for name, place in PLACES.items()} for s in scan.images}


def test_t1_shows_fat_brightest_and_water_dark(signs):
    t1 = signs[Sequence.T1]
    assert t1["fat"] > t1["marrow"] > t1["muscle"] > t1["csf"]
    assert t1["oedema"] < 0.75 * t1["marrow"]
    assert t1["tumour"] < 0.75 * t1["marrow"]


def test_t2_shows_csf_brightest_and_oedema_mildly_bright(signs):
    t2 = signs[Sequence.T2]
    assert max(t2, key=lambda name: t2[name]) in ("csf", "fluid")
    assert t2["csf"] > 0.85 * t2["fluid"]
    assert t2["fat"] > 2 * t2["muscle"]
    assert t2["marrow"] < t2["oedema"] < 0.8 * t2["csf"]


def test_stir_nulls_fat_and_shows_oedema_and_tumour(signs):
    stir = signs[Sequence.FLUID]
    assert stir["fat"] < 0.12 * stir["csf"]
    assert stir["oedema"] > 2 * stir["marrow"]
    assert stir["tumour"] > 2 * stir["marrow"]


def test_a_fat_suppressed_t2_stands_in_for_the_stir():
    settings = dataclasses.replace(STILL, fat_suppressed=1, fat_left=(0, 0))
    scan = examine(CylinderPatient(balls=SIGNS), settings)
    assert scan.images[Sequence.FLUID].timing.ti_ms is None
    seen = {name: mean_at(scan, Sequence.FLUID, place) for name, place in PLACES.items()}
    assert seen["fat"] < 0.12 * seen["csf"]
    assert seen["oedema"] > 2 * seen["marrow"]


def test_breathing_smears_the_belly_and_leaves_the_spine():
    protocol = draw_protocol(np.random.default_rng(1), STILL)
    gas = (0.0, -60.0, 0.0)
    patient = CylinderPatient(balls=(Ball(Tissue.GAS, gas, 4),))
    deep = dataclasses.replace(protocol, breathing=Breathing(along_mm=8.0, across_mm=8.0))
    still, breathed = (acquire(patient, p, np.random.default_rng(1)) for p in (protocol, deep))
    assert mean_at(breathed, Sequence.T1, gas) > 2 * mean_at(still, Sequence.T1, gas)
    marrow = [mean_at(scan, Sequence.T1, PLACES["marrow"]) for scan in (still, breathed)]
    assert marrow[1] == pytest.approx(marrow[0], rel=0.05)


@pytest.mark.parametrize("sequence", [Sequence.T1, Sequence.T2, Sequence.FLUID])
def test_cleft_fluid_is_like_csf_and_gas_like_nothing(signs, sequence):
    seen = signs[sequence]
    assert abs(seen["fluid"] - seen["csf"]) < 0.25 * seen["csf"]
    assert seen["gas"] < 0.05 * max(seen.values())
    assert seen["vessel"] < 0.05 * max(seen.values())


def test_fluid_cleft_is_told_from_marrow_on_every_sequence(signs):
    assert signs[Sequence.T1]["fluid"] < 0.5 * signs[Sequence.T1]["marrow"]
    assert signs[Sequence.T2]["fluid"] > 1.5 * signs[Sequence.T2]["marrow"]
    assert signs[Sequence.FLUID]["fluid"] > 1.2 * signs[Sequence.FLUID]["oedema"]


@pytest.mark.parametrize("from_left", [True, False])
def test_a_small_object_lies_where_the_affine_says(from_left):
    place = np.array([1.5, 3.0, 11.0])
    hole = CylinderPatient(only=Tissue.MUSCLE, balls=(Ball(Tissue.CLEFT_GAS, tuple(place), 5),))
    plain = CylinderPatient(only=Tissue.MUSCLE)
    settings = dataclasses.replace(
        STILL, tilt_deg=(4, 4), slices=(5, 5), thickness_mm=(3, 3), pixel_mm=(0.8, 0.8), bandwidth_hz=(800, 800)
    )
    protocol = draw_protocol(np.random.default_rng(1), settings)
    plan = dataclasses.replace(protocol.plan, from_left=from_left, offset_mm=(0.3, 2.2, -4.1))
    protocol = dataclasses.replace(protocol, plan=plan)
    lean = draw_constitution(np.random.default_rng(0), CylinderPatient(age_years=30).truth(), STILL)
    with_hole, without = (acquire(p, protocol, np.random.default_rng(1), lean) for p in (hole, plain))
    for sequence, image in with_hole.images.items():
        missing = 1 - image.pixels / np.maximum(without.images[sequence].pixels, 1.0)
        missing[missing < 0.3] = 0
        found = (np.argwhere(missing > 0) * missing[missing > 0][:, None]).sum(0) / missing.sum()
        wanted = np.linalg.solve(image.affine, [*place, 1])[:3]
        np.testing.assert_allclose(found, wanted, atol=0.5)


def test_labels_lie_on_their_bodies():
    scan = examine(CylinderPatient())
    for level in LEVELS[1:-1]:
        at = np.argwhere(scan.labels == level).mean(0)
        place = scan.images[Sequence.T1].affine @ [*at, 1]
        assert place[1] == pytest.approx(0, abs=0.3)
        assert place[2] == pytest.approx(centre_z(level), abs=0.6)  # half a pixel: its ends fall between rows


def test_landmarks_lie_on_the_edge_of_the_labels():
    patient = CylinderPatient()
    scan = examine(patient, dataclasses.replace(STILL, tilt_deg=(0, 0)))
    affine = scan.images[Sequence.T1].affine
    middle = scan.labels.shape[0] // 2
    for body in patient.truth().bodies[2:5]:
        points = np.linalg.solve(affine, np.c_[body.landmarks_mm, np.ones(6)].T).T
        rows = np.flatnonzero(scan.labels[middle, :, round(points[1, 2])] == body.level)
        assert rows.min() - 0.5 == pytest.approx(points[1, 1], abs=0.5)  # the pixel's edge, not its middle
        assert rows.max() + 0.5 == pytest.approx(points[4, 1], abs=0.5)
        columns = np.flatnonzero(scan.labels[middle, round(points[:, 1].mean()), :] == body.level)
        assert columns.min() - 0.5 == pytest.approx(points[[0, 3], 2].mean(), abs=0.5)
        assert columns.max() + 0.5 == pytest.approx(points[[2, 5], 2].mean(), abs=0.5)


def test_masks_hold_what_was_put_in():
    scan = examine(CylinderPatient(balls=SIGNS), dataclasses.replace(STILL, slices=(11, 11), gap=(0, 0)))
    voxel = abs(np.linalg.det(scan.images[Sequence.T1].affine[:3, :3]))
    for mask, radius in ((scan.cleft_fluid, 7), (scan.cleft_gas, 7), (scan.oedema, 9)):
        assert mask.sum() * voxel == pytest.approx(4 / 3 * np.pi * radius**3, rel=0.07)
    assert np.all(scan.labels[scan.oedema] == Level.L1)
    assert scan.oedema.sum() > scan.cleft_fluid.sum()


def test_same_seed_same_bytes_other_seed_other_bytes():
    patient = CylinderPatient()
    small = MriSettings(matrix=(96, 96), pixel_mm=(1.5, 1.5), slices=(2, 2))
    first, again, other = (examine(patient, small, seed=seed) for seed in (5, 5, 6))
    for sequence in first.images:
        assert first.images[sequence].pixels.tobytes() == again.images[sequence].pixels.tobytes()
        assert first.images[sequence].pixels.tobytes() != other.images[sequence].pixels.tobytes()
    assert json.dumps(first.drawn) == json.dumps(again.drawn)


def test_stored_values_fill_the_range_that_scanners_use():
    for image in examine(CylinderPatient()).images.values():
        assert image.pixels.dtype == np.uint16
        assert np.percentile(image.pixels, 99.5) == pytest.approx(WHITE, rel=0.05)


def test_drawn_values_are_json():
    small = MriSettings(matrix=(64, 64), pixel_mm=(1.6, 1.6), slices=(1, 1), fat_suppressed=0)
    scan = examine(CylinderPatient(), small)
    assert json.loads(json.dumps(scan.drawn)) == scan.drawn
    assert scan.drawn["timings"]["fluid"]["ti_ms"] > 0


def test_field_strength_changes_the_contrast():
    patient = CylinderPatient(balls=SIGNS)
    low, high = (examine(patient, dataclasses.replace(STILL, three_tesla=k)) for k in (0.0, 1.0))
    shifts = [s.drawn["readouts"]["t1"]["fat_shift_px"] for s in (low, high)]
    assert abs(shifts[1]) == pytest.approx(2 * abs(shifts[0]))
    ratios = [
        mean_at(s, Sequence.FLUID, PLACES["muscle"]) / mean_at(s, Sequence.FLUID, PLACES["csf"]) for s in (low, high)
    ]
    assert ratios[1] < 0.95 * ratios[0]  # T1 of muscle grows, and with it the part that inversion takes


def test_what_wraps_comes_in_at_the_other_end():
    settings = dataclasses.replace(STILL, matrix=(128, 128), pixel_mm=(1.2, 1.2), phase_along_rows=1)
    protocol = draw_protocol(np.random.default_rng(0), settings)
    plan = dataclasses.replace(protocol.plan, offset_mm=(0.0, 40.0, 0.0))  # the belly lies in front of the field
    wrapped = dataclasses.replace(protocol, plan=dataclasses.replace(plan, wrap_px=(0, 30)))
    unwrapped = dataclasses.replace(protocol, plan=plan)
    behind = (0.0, 110.0, 0.0)  # air behind the back
    with_wrap, without = (acquire(CylinderPatient(), p, np.random.default_rng(0)) for p in (wrapped, unwrapped))
    np.testing.assert_array_equal(with_wrap.images[Sequence.T1].affine, without.images[Sequence.T1].affine)
    assert with_wrap.labels.shape == without.labels.shape
    assert mean_at(with_wrap, Sequence.T1, behind) > 10 * mean_at(without, Sequence.T1, behind)


def test_saturation_band_darkens_the_belly_only():
    protocol = draw_protocol(np.random.default_rng(2), STILL)
    coil = dataclasses.replace(protocol.coil, band_mm=25.0, band_left_over=0.05, band_tilt_deg=0.0)
    banded = acquire(CylinderPatient(), dataclasses.replace(protocol, coil=coil), np.random.default_rng(2))
    plain = acquire(CylinderPatient(), protocol, np.random.default_rng(2))
    belly = (0.0, -90.0, 0.0)
    kept = mean_at(banded, Sequence.T1, PLACES["marrow"]) / mean_at(plain, Sequence.T1, PLACES["marrow"])
    assert mean_at(banded, Sequence.T1, belly) < 0.15 * mean_at(plain, Sequence.T1, belly)
    assert kept == pytest.approx(1, abs=0.1)


def test_ghosts_reach_the_air():
    protocol = draw_protocol(np.random.default_rng(0), dataclasses.replace(STILL, phase_along_rows=1))
    moved = dataclasses.replace(
        protocol,
        readouts={s: dataclasses.replace(r, ghost=0.2, ghost_cycles=60.0) for s, r in protocol.readouts.items()},
    )
    still, ghosted = (acquire(CylinderPatient(), p, np.random.default_rng(0)) for p in (protocol, moved))
    behind = (0.0, 115.0, 0.0)
    assert mean_at(ghosted, Sequence.T1, behind, 6) > 3 * mean_at(still, Sequence.T1, behind, 6)


def test_metal_is_void_and_bends_what_lies_beside_it():
    screw = (0.0, 0.0, centre_z(Level.L2))
    metal = examine(CylinderPatient(balls=(Ball(Tissue.METAL, screw, 5),)))
    gas = examine(CylinderPatient(balls=(Ball(Tissue.CLEFT_GAS, screw, 5),)))
    for sequence in metal.images:
        brightest = max(mean_at(metal, sequence, PLACES[name]) for name in ("fat", "csf"))
        assert mean_at(metal, sequence, screw) < 0.2 * brightest
    apart = np.abs(metal.images[Sequence.T2].pixels.astype(float) - gas.images[Sequence.T2].pixels)
    beside, far = apart[:, 92:132], apart[:, :20]
    assert beside.max() > 200 > 10 * far.mean()


def test_the_coil_favours_the_back_until_it_is_evened_out():
    near = dataclasses.replace(STILL, coil_reach_mm=(60, 60))
    back_to_front = {}
    for name, part in (("raw", 0.0), ("evened", 1.0)):
        scan = examine(CylinderPatient(), dataclasses.replace(near, evened_out=(part, part)))
        back_to_front[name] = mean_at(scan, Sequence.T1, PLACES["fat"]) / mean_at(scan, Sequence.T1, (0, -88, 0))
    assert back_to_front["raw"] > 4
    assert back_to_front["evened"] == pytest.approx(1, abs=0.15)


def test_one_constitution_gives_the_same_patient_twice():
    patient, rng = CylinderPatient(), np.random.default_rng(0)
    constitution = draw_constitution(rng, CylinderPatient(age_years=80).truth(), MriSettings())
    protocol = draw_protocol(rng, STILL)
    first, second = (acquire(patient, protocol, np.random.default_rng(s), constitution) for s in (1, 2))
    assert first.drawn["constitution"] == second.drawn["constitution"]


def test_air_alone_gives_noise_alone():
    scan = examine(CylinderPatient(only=Tissue.AIR), dataclasses.replace(STILL, noise=(0.01, 0.01)))
    for image in scan.images.values():
        grey = image.pixels.astype(float)
        assert grey.mean() / grey.std() == pytest.approx(1.91, abs=0.1)  # Rayleigh: √(π / (4 − π))


def test_a_patient_without_bodies_is_refused():
    class Nobody(CylinderPatient):
        def truth(self):
            return dataclasses.replace(super().truth(), bodies=())

    with pytest.raises(ValueError, match="no vertebral body"):
        examine(Nobody())
