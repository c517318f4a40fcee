"""Settings, drawn protocols and constitutions."""

import dataclasses

import numpy as np
import pytest

from ovf_imaging.training.simulation.limits import limits_of
from ovf_imaging.training.simulation.mri import MriSettings, draw_constitution, draw_protocol
from ovf_imaging.types import Level, Sequence
from tests.training.simulation.mri_phantom import CylinderPatient


@pytest.mark.parametrize(
    ("name", "value"),
    [("wrap", 1.5), ("noise", (0.02, 0.01)), ("pixel_mm", (0.1, 0.8)), ("slices", (5, 99)), ("tilt_deg", (1, 2, 3))],
)
def test_value_out_of_limits_is_named(name, value):
    limits = limits_of(MriSettings)[name]
    with pytest.raises(ValueError, match=rf"{name} wanted within {limits.low}–{limits.high}.*got"):
        MriSettings(**{name: value})


def test_every_setting_has_limits_and_a_meaning():
    assert set(limits_of(MriSettings)) == {field.name for field in dataclasses.fields(MriSettings)}
    assert all(limits.meaning for limits in limits_of(MriSettings).values())


def test_drawn_protocols_stay_within_the_settings():
    settings = MriSettings()
    for seed in range(200):
        protocol = draw_protocol(np.random.default_rng(seed), settings)
        plan, stir = protocol.plan, protocol.timings[Sequence.FLUID]
        assert protocol.field_t in (1.5, 3.0)
        assert settings.slices[0] <= plan.slices <= settings.slices[1]
        assert 0.5 <= plan.pixel_mm <= 1.0
        assert 3 <= plan.thickness_mm <= 5
        assert plan.gap_mm > 0
        assert protocol.timings[Sequence.T1].te_ms < stir.te_ms
        if stir.ti_ms is None:
            assert stir.fat_left <= settings.fat_left[1]
        else:
            assert stir.te_ms < protocol.timings[Sequence.T2].te_ms
            assert 120 < stir.ti_ms < 260
        assert len({r.phase_axis for r in protocol.readouts.values()}) == 1


def test_both_field_strengths_and_directions_are_drawn():
    drawn = [draw_protocol(np.random.default_rng(seed), MriSettings()) for seed in range(60)]
    assert {p.field_t for p in drawn} == {1.5, 3.0}
    assert {p.readouts[Sequence.T1].phase_axis for p in drawn} == {0, 1}
    assert {p.plan.from_left for p in drawn} == {True, False}
    assert {p.coil.band_mm is None for p in drawn} == {True, False}
    assert {p.timings[Sequence.FLUID].ti_ms is None for p in drawn} == {True, False}


def test_marrow_turns_to_fat_and_discs_dry_with_age():
    def mean_of(age):
        truth = CylinderPatient(age_years=age).truth()
        drawn = [draw_constitution(np.random.default_rng(seed), truth, MriSettings()) for seed in range(40)]
        fat = np.mean([np.mean(list(c.marrow_fat.values())) for c in drawn])
        return (
            fat,
            np.mean([np.mean(list(c.disc_grades.values())) for c in drawn]),
            np.mean([c.muscle_fat for c in drawn]),
        )

    young, old = mean_of(30), mean_of(85)
    assert all(o > y for y, o in zip(young, old, strict=True))
    assert 0.25 < young[0] < 0.45
    assert 0.5 < old[0] < 0.75


def test_three_tesla_halves_the_noise_and_doubles_the_fat_shift():
    low, high = (
        draw_protocol(np.random.default_rng(4), MriSettings(three_tesla=k)).readouts[Sequence.T2] for k in (0.0, 1.0)
    )
    assert high.noise == pytest.approx(low.noise / 2)
    assert high.fat_shift_px == pytest.approx(2 * low.fat_shift_px)


def test_a_known_disc_is_graded_with_its_degeneration():
    discs = [
        {"levels": [Level.L1.value, Level.L2.value], "degeneration": 0.0},
        {"levels": [Level.L2.value, Level.L3.value], "degeneration": 1.0},
    ]
    truth = dataclasses.replace(CylinderPatient().truth(), drawn={"discs": discs})
    drawn = [draw_constitution(np.random.default_rng(seed), truth, MriSettings()).disc_grades for seed in range(30)]
    sound, unknown, gone = (np.mean([grades[k] for grades in drawn]) for k in (Level.L1, Level.L3, Level.L2))
    assert sound < unknown - 0.5 < gone - 1.5
