"""Echoes, k-space, coil and metal, each alone."""

import dataclasses

import numpy as np
import pytest

from ovf_imaging.training.simulation.mri.echo import Timing, null_ti_ms, signal
from ovf_imaging.training.simulation.mri.metal import displace, field_shift_hz
from ovf_imaging.training.simulation.mri.protocol import Readout
from ovf_imaging.training.simulation.mri.readout import fold, read_slice
from ovf_imaging.training.simulation.mri.texture import smooth_field

SIZE = 128


PLAIN = Readout(
    phase_axis=0,
    measured=(1.0, 1.0),
    window=0.0,
    spill=0.0,
    fat_shift_px=0.0,
    bandwidth_hz=200.0,
    noise=0.0,
    ghost=0.0,
    ghost_cycles=30.0,
    ghost_phase=0.5,
)


def block():
    plane = np.zeros((SIZE, SIZE), np.float32)
    plane[40:80, 50:70] = 1
    return plane


NOTHING = np.zeros((SIZE, SIZE), np.float32)


def read(water=NOTHING, fat=NOTHING, moving=None, seed=0, **changes):
    return read_slice(water, fat, moving, dataclasses.replace(PLAIN, **changes), np.random.default_rng(seed))


def test_spin_echo_follows_its_equation():
    assert signal(Timing(tr_ms=500, te_ms=10), 500, 50) == pytest.approx((1 - np.exp(-1)) * np.exp(-0.2))
    assert signal(Timing(tr_ms=1e9, te_ms=0, ti_ms=0), 500, 50) == pytest.approx(-1)


def test_null_ti_nulls():
    ti = null_ti_ms(288, 4000)
    assert signal(Timing(tr_ms=4000, te_ms=50, ti_ms=ti), 288, 165) == pytest.approx(0, abs=1e-9)
    assert ti == pytest.approx(288 * np.log(2), rel=0.01)


def test_all_of_k_space_gives_the_object_back():
    np.testing.assert_allclose(read(water=block()), block(), atol=1e-5)


def test_spill_goes_to_the_neighbours_and_keeps_the_sum():
    point = NOTHING.copy()
    point[60, 40] = 1
    image = read(water=point, spill=0.2)
    assert image[60, 38:43] == pytest.approx([0, 0.12, 0.36, 0.12, 0], abs=1e-5)
    assert image.sum() == pytest.approx(1, abs=1e-3)


def test_truncation_rings_nine_percent_and_the_window_calms_it():
    ringing = read(water=block(), measured=(0.5, 1.0))
    calm = read(water=block(), measured=(0.5, 1.0), window=0.9)
    profile = ringing[:, 60]
    assert 1.06 < profile.max() < 1.12  # Gibbs: 8.9 % of the step
    assert calm[:, 60].max() < 1.04
    np.testing.assert_allclose(ringing[60, 50:70].mean(), 1, atol=0.06)


@pytest.mark.parametrize(("phase_axis", "moved_axis"), [(0, 1), (1, 0)])
@pytest.mark.parametrize("shift_px", [3.0, -2.0])
def test_fat_moves_along_frequency(phase_axis, moved_axis, shift_px):
    image = read(fat=block(), fat_shift_px=shift_px, phase_axis=phase_axis)
    np.testing.assert_allclose(image, np.roll(block(), int(shift_px), moved_axis), atol=1e-4)


def test_water_and_fat_of_an_edge_part_and_overlap():
    water, fat = NOTHING.copy(), NOTHING.copy()
    water[:, :64], fat[:, 64:] = 1, 1
    image = read(water, fat, fat_shift_px=2.0)
    assert image[64, 64:66] == pytest.approx([0, 0], abs=1e-4)  # a dark line where they part
    image = read(water, fat, fat_shift_px=-2.0)
    assert image[64, 62:64] == pytest.approx([2, 2], abs=1e-4)


def test_air_has_the_rician_floor():
    image = read(noise=0.05)
    assert image.mean() == pytest.approx(0.05 * np.sqrt(np.pi / 2), rel=0.03)  # Rayleigh
    assert image.std() == pytest.approx(0.05 * np.sqrt(2 - np.pi / 2), rel=0.05)


def test_noise_is_as_strong_in_a_truncated_image():
    bright = np.ones((SIZE, SIZE), np.float32)
    for measured in ((1.0, 1.0), (0.6, 0.8)):
        assert read(water=bright, noise=0.05, measured=measured).std() == pytest.approx(0.05, rel=0.05)


@pytest.mark.parametrize("phase_axis", [0, 1])
def test_ghosts_lie_along_phase(phase_axis):
    ghosts = read(water=block(), moving=block(), ghost=0.1, phase_axis=phase_axis) - block()
    both = np.abs(np.roll(block(), 30, phase_axis)) + np.abs(np.roll(block(), -30, phase_axis))
    clear = (both > 0) & (block() == 0)
    assert ghosts[clear].mean() == pytest.approx(0.05, abs=0.01)  # half of the strength on either side
    assert np.abs(ghosts[(both == 0) & (block() == 0)]).max() < 1e-4


def test_what_lies_beyond_the_field_folds_in_at_the_other_end_and_fades():
    plane = np.zeros((20, 30), np.float32)
    plane[2, 10] = plane[0, 10] = 1  # next to the field of rows 3–16, and furthest from it
    plane[10, 26] = 1  # next to the field of columns 4–25, on its far side
    folded = fold(plane, (3, 4))
    assert folded.shape == (14, 22)
    assert folded[13, 6] == 1
    assert folded[11, 6] == 0
    assert folded[7, 0] == 1
    assert folded.sum() == 2
    assert fold(plane, (0, 0)) is plane


def test_displaced_signal_is_conserved_and_lands_where_it_is_sent():
    shift = np.full((SIZE, SIZE), 50.0, np.float32)
    moved = displace(block(), shift, 20.0, 1)
    kept = np.exp(-((50 / 1500) ** 2))
    assert moved.sum() == pytest.approx(kept * block().sum(), rel=1e-5)
    np.testing.assert_allclose(moved, kept * (np.roll(block(), 2, 1) + np.roll(block(), 3, 1)) / 2, atol=1e-6)


def test_field_about_a_ball_of_metal_is_a_dipole():
    shape, radius = (48, 48, 48), 4.0
    at = np.indices(shape) - 23.5
    metal = ((at**2).sum(0) < radius**2).astype(np.float32)
    shift = field_shift_hz(metal, (1.0, 1.0, 1.0), 1.5)
    along, across = shift[23, 23 + 10, 23], shift[23, 23, 23 + 10]  # rows run along the main field
    volume, ppm_hz = metal.sum(), 180 * 42.577 * 1.5
    assert along == pytest.approx(2 * volume / (4 * np.pi * 9.6**3) * ppm_hz, rel=0.25)
    assert across == pytest.approx(-along / 2, rel=0.25)
    assert abs(shift[23, 23, 23]) < 0.05 * along  # a ball's own field inside it is even, and the kernel takes it away
    assert field_shift_hz(metal, (1.0, 1.0, 1.0), 3.0)[23, 33, 23] == pytest.approx(2 * along, rel=1e-4)


def test_smooth_field_has_mean_0_variance_1_and_its_scale():
    field = smooth_field(np.random.default_rng(1), (20, 200, 200), (4.0, 1.0, 1.0), (4.0, 8.0, 3.0))
    assert field.mean() == pytest.approx(0, abs=0.05)
    assert field.std() == pytest.approx(1, abs=0.05)
    along_rows, along_columns = (field[:, 4:] * field[:, :-4]).mean(), (field[..., 4:] * field[..., :-4]).mean()
    assert along_rows > 0.6 > 0.4 > along_columns
