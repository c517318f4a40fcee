"""What fills a pixel, and which substances that is."""

import dataclasses

import numpy as np
import pytest

from ovf_imaging.training.simulation.mri import MriSettings, draw_constitution, draw_protocol
from ovf_imaging.training.simulation.mri.bodies import body_frames
from ovf_imaging.training.simulation.mri.composition import compose
from ovf_imaging.training.simulation.mri.slab import fill_slab
from ovf_imaging.training.simulation.mri.tissues import substances
from ovf_imaging.training.simulation.volume import Tissue
from ovf_imaging.types import Level
from tests.training.simulation.mri_phantom import MARROW_MINERAL, Ball, CylinderPatient, centre_z

SETTINGS = MriSettings(matrix=(160, 160), pixel_mm=(1.6, 1.6), slices=(5, 5), wrap=0, tilt_deg=(2, 2))
EVERYTHING = tuple(Ball(t, (0, -5 + 0.5 * t, -100 + 8 * t), 5) for t in Tissue)


def slab_of(patient, seed=0, **changes):
    plan = draw_protocol(np.random.default_rng(seed), SETTINGS).plan
    return fill_slab(patient, dataclasses.replace(plan, **changes))


def test_parts_and_substances_fill_every_pixel_once():
    slab = slab_of(CylinderPatient(balls=EVERYTHING))
    assert set(slab.parts) == set(Tissue)
    np.testing.assert_allclose(sum(slab.parts.values()), 1, atol=1e-5)
    rng = np.random.default_rng(0)
    amounts = compose(slab, draw_constitution(rng, CylinderPatient(age_years=70).truth(), MriSettings()), rng)
    assert set(amounts) <= set(substances(1.5))
    np.testing.assert_allclose(sum(amounts.values()), 1, atol=1e-4)
    assert min(part.min() for part in amounts.values()) > -1e-5


def test_partial_volume_keeps_the_amount_of_a_tissue():
    radius = 11.0
    slab = slab_of(
        CylinderPatient(only=Tissue.FAT, balls=(Ball(Tissue.CSF, (0, 0, 0), radius),)),
        slices=11,
        thickness_mm=3.0,
        gap_mm=0.0,
        pixel_mm=0.9,
        centre_level=22,
    )
    volume = slab.parts[Tissue.CSF].sum() * np.prod(slab.step_mm)
    assert volume == pytest.approx(4 / 3 * np.pi * radius**3, rel=0.01)
    between = (slab.parts[Tissue.CSF] > 0) & (slab.parts[Tissue.CSF] < 1)
    assert between.sum() > 100


def test_gap_is_not_seen():
    disc = CylinderPatient(only=Tissue.FAT, balls=(Ball(Tissue.CSF, (0, 0, 0), 30.0),))
    close, apart = (slab_of(disc, slices=1, gap_mm=gap, thickness_mm=4.0) for gap in (0.0, 3.0))
    np.testing.assert_array_equal(close.parts[Tissue.CSF], apart.parts[Tissue.CSF])


def test_body_frames_are_as_built():
    frames = body_frames(slab_of(CylinderPatient(), tilt_about_head_deg=0.0, tilt_about_back_deg=0.0))
    frame = next(f for f in frames if f.level == Level.L2)
    assert frame.height_mm == pytest.approx(26, abs=1.7)
    assert frame.depth_mm == pytest.approx(34, abs=2)
    np.testing.assert_allclose(frame.up, [-1, 0], atol=0.02)
    back = frame.from_back_mm()[0, 0]
    assert back[0] > back[-1]  # the front is far from the posterior wall
    assert frame.up_mm()[0, 0, 0] > 10  # the first row is the top


def test_each_disc_has_the_grade_of_its_level():
    constitution = draw_constitution(np.random.default_rng(0), CylinderPatient(age_years=60).truth(), MriSettings())
    grades = dict.fromkeys(constitution.disc_grades, 3) | {int(Level.L1): 1, int(Level.L2): 5}
    slab = slab_of(CylinderPatient(), offset_mm=(0.0, 0.0, 0.0), centre_level=21)
    amounts = compose(slab, dataclasses.replace(constitution, disc_grades=grades), np.random.default_rng(0))
    for grade, below in ((1, Level.L1), (5, Level.L2)):
        at = np.argwhere(amounts[f"nucleus_{grade}"] > 0.5).mean(0)
        assert (slab.affine @ [*at, 1])[2] == pytest.approx(centre_z(below) - 17.5, abs=1.0)


def test_sclerotic_marrow_has_less_signal_to_give():
    rng = np.random.default_rng(0)
    slab = slab_of(CylinderPatient())
    dense = dataclasses.replace(slab, mineral=slab.mineral * 5)
    constitution = draw_constitution(rng, CylinderPatient(age_years=70).truth(), MriSettings())
    protons = [
        sum(compose(s, constitution, np.random.default_rng(1))[k].sum() for k in ("marrow_fat", "marrow_water"))
        for s in (slab, dense)
    ]
    assert protons[1] < 0.75 * protons[0]


def test_mineral_of_cortex_is_not_the_marrows():
    slab = slab_of(CylinderPatient())
    np.testing.assert_allclose(slab.mineral, MARROW_MINERAL * slab.part(Tissue.MARROW), atol=1e-3)


def test_a_label_needs_half_the_pixel():
    slab = slab_of(CylinderPatient())
    body = slab.part(Tissue.MARROW, Tissue.CORTEX)
    np.testing.assert_array_equal(slab.labels > 0, body > 0.5)


def test_rows_that_fold_in_lie_beyond_the_field():
    inner, outer = slab_of(CylinderPatient()), slab_of(CylinderPatient(), wrap_px=(7, 5))
    np.testing.assert_array_equal(outer.labels[:, 7:-7, 5:-5], inner.labels)
    np.testing.assert_allclose(outer.affine @ [0, 7, 5, 1], inner.affine @ [0, 0, 0, 1])


def test_red_islands_take_fat_away():
    slab, constitution = (
        slab_of(CylinderPatient()),
        draw_constitution(np.random.default_rng(0), CylinderPatient(age_years=70).truth(), MriSettings()),
    )
    fat = [
        compose(slab, dataclasses.replace(constitution, islands=depth), np.random.default_rng(1))["marrow_fat"].sum()
        for depth in (0.0, 0.3)
    ]
    assert fat[1] < 0.95 * fat[0]


def test_grade_two_has_a_dark_band_across_the_nucleus():
    slab = slab_of(CylinderPatient(), offset_mm=(0.0, 0.0, 0.0), pixel_mm=0.8, centre_level=21)
    constitution = draw_constitution(np.random.default_rng(0), CylinderPatient(age_years=60).truth(), MriSettings())
    fibrous = []
    for grade in (1, 2):
        same = dataclasses.replace(constitution, disc_grades=dict.fromkeys(constitution.disc_grades, grade))
        amounts = compose(slab, same, np.random.default_rng(0))
        middle = np.rint(np.linalg.solve(slab.affine, [0, 0, centre_z(Level.L2) - 17.5, 1])[:3]).astype(int)
        fibrous.append(float(amounts["annulus"][tuple(middle)]))
    assert fibrous[1] > fibrous[0] + 0.3
