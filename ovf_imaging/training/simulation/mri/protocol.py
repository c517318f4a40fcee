"""What the technician chose: field strength, slices, timing, readout, and what went wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from ovf_imaging.training.simulation.limits import Range
from ovf_imaging.training.simulation.mri.echo import Timing, null_ti_ms
from ovf_imaging.training.simulation.mri.settings import MriSettings
from ovf_imaging.training.simulation.mri.tissues import substances
from ovf_imaging.types import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class SlicePlan:
    """Where the slices lie; the three sequences share it."""

    slices: int
    rows: int
    columns: int
    pixel_mm: float
    thickness_mm: float
    gap_mm: float
    tilt_about_head_deg: float
    tilt_about_back_deg: float
    from_left: bool  # the first slice is the leftmost one
    centre_level: int  # TPTBox level at the middle of the field
    offset_mm: tuple[float, float, float]  # of the field's middle from that body's, x y z
    wrap_px: tuple[int, int] = (0, 0)  # rows and columns beyond both ends of the field that fold in


@dataclass(frozen=True, slots=True, kw_only=True)
class Readout:
    """How one sequence's k-space is measured."""

    phase_axis: int  # 0: phase along the column of an image, head to foot; 1: along the row, front to back
    measured: tuple[float, float]  # part of k-space measured along rows' axis 0 and columns' axis 1
    window: float  # part of the measured k-space that is tapered
    spill: float  # part of a pixel's signal that goes to each of its neighbours, along rows and along columns
    fat_shift_px: float  # along frequency, towards higher indices
    bandwidth_hz: float  # per pixel
    noise: float  # standard deviation of each channel, in echoes of density 1
    ghost: float  # strength
    ghost_cycles: float  # of the motion during the scan: distance of ghosts in pixels
    ghost_phase: float  # radians


@dataclass(frozen=True, slots=True, kw_only=True)
class Coil:
    """How the receiving coil and the scanner's correction colour the image."""

    reach_mm: float
    evened_out: float  # 0–1, part of the falloff that is corrected
    ripple: float  # of the coil's elements along the spine
    band_mm: float | None  # distance of the saturation band in front of the spine; None = no band
    band_tilt_deg: float
    band_left_over: float  # signal that survives under the band


@dataclass(frozen=True, slots=True, kw_only=True)
class Breathing:
    """How far breathing smears the front of the belly while one sequence is measured."""

    along_mm: float  # head to foot
    across_mm: float  # front to back


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Protocol:
    """One examination: T1, T2 and STIR, or a fat-suppressed T2 in its place, on the same slices."""

    field_t: float
    plan: SlicePlan
    timings: Mapping[Sequence, Timing]
    readouts: Mapping[Sequence, Readout]
    coil: Coil
    breathing: Breathing


FAT_WATER_PPM = 3.5  # distance of fat's main peak from water
PROTON_MHZ_PER_T = 42.577
# The weaker the sequence, the more averages a department gives it.
_NOISE: Mapping[Sequence, float] = MappingProxyType({Sequence.T1: 1.3, Sequence.T2: 1.0, Sequence.FLUID: 0.6})
SEQUENCES = (Sequence.T1, Sequence.T2, Sequence.FLUID)


def draw_protocol(rng: np.random.Generator, settings: MriSettings) -> Protocol:
    """Return an examination as a department might plan it."""
    field_t = 3.0 if rng.random() < settings.three_tesla else 1.5
    phase_axis = 1 if rng.random() < settings.phase_along_rows else 0
    plan = _draw_plan(rng, settings, phase_axis)
    timings = _draw_timings(rng, settings, field_t)
    quiet = float(rng.uniform(*settings.noise))
    readouts = {s: _draw_readout(rng, settings, plan, (s, field_t, phase_axis, quiet)) for s in SEQUENCES}
    banded = rng.random() < settings.saturation_band
    coil = Coil(
        reach_mm=float(rng.uniform(*settings.coil_reach_mm)),
        evened_out=float(rng.uniform(*settings.evened_out)),
        ripple=float(rng.uniform(0, 0.12)),
        band_mm=float(rng.uniform(16, 40)) if banded else None,
        band_tilt_deg=float(rng.uniform(-6, 6)),
        band_left_over=float(rng.uniform(0.03, 0.2)),
    )
    breathing = Breathing(
        along_mm=float(rng.uniform(*settings.breathing_mm)), across_mm=float(rng.uniform(*settings.breathing_mm))
    )
    return Protocol(field_t=field_t, plan=plan, timings=timings, readouts=readouts, coil=coil, breathing=breathing)


def _draw_plan(rng: np.random.Generator, settings: MriSettings, phase_axis: int) -> SlicePlan:
    thickness = float(rng.uniform(*settings.thickness_mm))
    side = 32 * round(float(rng.uniform(*settings.matrix)) / 32)
    pixel_mm = float(rng.uniform(*settings.pixel_mm))
    ahead_mm = float(rng.uniform(*settings.ahead)) * side * pixel_mm
    wrap = round(float(rng.uniform(*settings.wrap_part)) * side) if rng.random() < settings.wrap else 0
    return SlicePlan(
        slices=_whole(rng, settings.slices),
        rows=side,
        columns=side,
        pixel_mm=pixel_mm,
        thickness_mm=thickness,
        gap_mm=float(rng.uniform(*settings.gap)) * thickness,
        tilt_about_head_deg=float(rng.uniform(*settings.tilt_deg)),
        tilt_about_back_deg=float(rng.uniform(*settings.tilt_deg)),
        from_left=bool(rng.random() < 0.3),
        centre_level=_whole(rng, settings.centre_level),
        offset_mm=(float(rng.uniform(-3, 3)), -ahead_mm, float(rng.uniform(-15, 15))),
        wrap_px=(wrap, 0) if phase_axis == 0 else (0, wrap),
    )


def _draw_timings(rng: np.random.Generator, settings: MriSettings, field_t: float) -> dict[Sequence, Timing]:
    def echo(tr: Range, te: Range) -> Timing:
        return Timing(tr_ms=float(rng.uniform(*tr)), te_ms=float(rng.uniform(*te)))

    if rng.random() < settings.fat_suppressed:
        plain = echo(settings.t2_tr_ms, settings.suppressed_te_ms)
        fluid = replace(plain, fat_left=float(rng.uniform(*settings.fat_left)))
    else:
        fluid = _draw_stir(rng, settings, field_t)
    return {
        Sequence.T1: echo(settings.t1_tr_ms, settings.t1_te_ms),
        Sequence.T2: echo(settings.t2_tr_ms, settings.t2_te_ms),
        Sequence.FLUID: fluid,
    }


def _draw_stir(rng: np.random.Generator, settings: MriSettings, field_t: float) -> Timing:
    tr_ms, te_ms = float(rng.uniform(*settings.stir_tr_ms)), float(rng.uniform(*settings.stir_te_ms))
    null = null_ti_ms(substances(field_t)["lipid"].t1_ms, tr_ms)
    return Timing(tr_ms=tr_ms, te_ms=te_ms, ti_ms=null * float(rng.uniform(*settings.stir_ti_part)))


def _draw_readout(
    rng: np.random.Generator, settings: MriSettings, plan: SlicePlan, shared: tuple[Sequence, float, int, float]
) -> Readout:
    """`shared` holds the sequence, and what all have in common: field strength, phase axis, noise."""
    sequence, field_t, phase_axis, quiet = shared
    bandwidth = float(rng.uniform(*settings.bandwidth_hz))
    # Noise would grow with 1 / voxel, but smaller voxels are averaged more often.
    voxel = plan.thickness_mm * plan.pixel_mm**2 / (4 * 0.8 * 0.8)
    along_frequency, along_phase = (
        float(rng.uniform(*settings.frequency_part)),
        float(rng.uniform(*settings.phase_part)),
    )
    measured = (along_phase, along_frequency) if phase_axis == 0 else (along_frequency, along_phase)
    direction = 1 if rng.random() < 0.5 else -1
    size = (plan.rows, plan.columns)[phase_axis]
    return Readout(
        phase_axis=phase_axis,
        measured=measured,
        window=float(rng.uniform(*settings.window)),
        spill=float(rng.uniform(*settings.spill)),
        fat_shift_px=direction * FAT_WATER_PPM * PROTON_MHZ_PER_T * field_t / bandwidth,
        bandwidth_hz=bandwidth,
        noise=quiet * _NOISE[sequence] * float(np.sqrt(bandwidth / 200 / voxel)) * (1.5 / field_t),
        ghost=float(rng.uniform(*settings.ghost_strength)) if rng.random() < settings.ghosts else 0.0,
        ghost_cycles=float(rng.uniform(8, size / 3)),
        ghost_phase=float(rng.uniform(0, 2 * np.pi)),
    )


def _whole(rng: np.random.Generator, ends: Range) -> int:
    return int(rng.integers(round(ends[0]), round(ends[1]) + 1))
