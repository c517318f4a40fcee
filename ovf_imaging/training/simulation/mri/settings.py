"""Every range and probability that the MR simulation draws from, each with its limits and meaning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ovf_imaging.training.simulation.limits import Limits, Range, check


@dataclass(frozen=True, slots=True, kw_only=True)
class MriSettings:
    """Ranges are (low, high) and drawn from evenly; a float is a chance. `limits_of` says what each means.

    Raises ValueError naming key, value and limits where a value is out of them or a range runs backwards.
    """

    # scanner and slices
    three_tesla: Annotated[float, Limits(0, 1, "chance of 3 T instead of 1.5 T")] = 0.4
    pixel_mm: Annotated[Range, Limits(0.4, 1.6, "pixel in plane")] = (0.6, 1.0)
    matrix: Annotated[Range, Limits(64, 768, "rows and columns, the nearest multiple of 32")] = (384, 384)
    slices: Annotated[Range, Limits(1, 40, "number of slices")] = (13, 17)
    thickness_mm: Annotated[Range, Limits(1, 8, "slice thickness")] = (3.0, 5.0)
    gap: Annotated[Range, Limits(0, 1, "gap between slices, part of the thickness")] = (0.05, 0.25)
    tilt_deg: Annotated[Range, Limits(-20, 20, "turn of the slices about the head axis and about the back axis")] = (
        -3.0,
        3.0,
    )
    phase_along_rows: Annotated[float, Limits(0, 1, "chance that phase is encoded front to back, not head to foot")] = (
        0.35
    )
    centre_level: Annotated[Range, Limits(8, 26, "level (8 = T1 … 20 = L1 … 24 = L5) at the middle of the field")] = (
        20,
        23,
    )
    ahead: Annotated[Range, Limits(-0.4, 0.4, "middle of the field in front of the spine, part of the field")] = (
        -0.03,
        0.14,
    )
    # timing
    t1_tr_ms: Annotated[Range, Limits(100, 1500, "TR of the T1 spin echo")] = (400, 750)
    t1_te_ms: Annotated[Range, Limits(2, 40, "TE of the T1 spin echo")] = (7, 16)
    t2_tr_ms: Annotated[Range, Limits(1000, 9000, "TR of the T2 spin echo")] = (2500, 6000)
    t2_te_ms: Annotated[Range, Limits(50, 200, "TE of the T2 spin echo")] = (75, 130)
    stir_tr_ms: Annotated[Range, Limits(1000, 12000, "TR of the STIR")] = (2800, 6000)
    stir_te_ms: Annotated[Range, Limits(5, 120, "TE of the STIR")] = (25, 70)
    stir_ti_part: Annotated[Range, Limits(0.5, 1.5, "TI of the STIR as a part of the TI that nulls fat")] = (0.70, 0.95)
    fat_suppressed: Annotated[
        float, Limits(0, 1, "chance of a fat-suppressed T2 (Dixon water or spectral) in the place of the STIR")
    ] = 0.25
    suppressed_te_ms: Annotated[Range, Limits(5, 200, "TE of the fat-suppressed T2")] = (30, 100)
    fat_left: Annotated[Range, Limits(0, 1, "part of its fat that suppression leaves")] = (0.0, 0.12)
    # readout
    frequency_part: Annotated[Range, Limits(0.3, 1, "part of k-space measured along frequency")] = (0.5, 1.0)
    phase_part: Annotated[Range, Limits(0.3, 1, "part of k-space measured along phase")] = (0.4, 0.95)
    window: Annotated[Range, Limits(0, 1, "part of k-space that the scanner's filter tapers; 0 leaves all ringing")] = (
        0.0,
        0.6,
    )
    spill: Annotated[Range, Limits(0, 0.25, "part of a pixel's signal that goes to each neighbour")] = (0.1, 0.25)
    bandwidth_hz: Annotated[
        Range, Limits(50, 800, "bandwidth per pixel: sets chemical shift, distortion and noise")
    ] = (140, 300)
    noise: Annotated[Range, Limits(0, 1, "noise in an echo of density 1, at 4 mm × 0.8 mm × 0.8 mm and 1.5 T")] = (
        0.001,
        0.013,
    )
    # coil and motion
    coil_reach_mm: Annotated[Range, Limits(20, 1000, "distance over which the spine coil's signal falls to 1/e")] = (
        40,
        130,
    )
    evened_out: Annotated[Range, Limits(0, 1, "part of the coil's falloff that the scanner corrects")] = (0.0, 0.85)
    saturation_band: Annotated[float, Limits(0, 1, "chance of a saturation band over the belly")] = 0.5
    ghosts: Annotated[float, Limits(0, 1, "chance of motion ghosts")] = 0.35
    ghost_strength: Annotated[Range, Limits(0, 0.5, "ghosts relative to what moves")] = (0.01, 0.06)
    breathing_mm: Annotated[Range, Limits(0, 20, "how far breathing smears the front of the belly")] = (0.5, 5.0)
    wrap: Annotated[float, Limits(0, 1, "chance that the body beyond the field folds in along phase")] = 0.12
    wrap_part: Annotated[Range, Limits(0, 0.5, "part of the field that folds in at each end")] = (0.03, 0.12)
    # the patient's own tissues
    marrow_fat_at_20: Annotated[Range, Limits(0, 1, "fat fraction of vertebral marrow at 20 years")] = (0.20, 0.34)
    marrow_fat_per_decade: Annotated[Range, Limits(0, 0.2, "how it grows (Kugel 2001: 24 % to 54 % in a life)")] = (
        0.03,
        0.075,
    )
    islands: Annotated[Range, Limits(0, 1, "depth of red-marrow islands in fat fraction")] = (0.02, 0.22)
    grain: Annotated[Range, Limits(0, 0.5, "depth of the marrow's fine texture in fat fraction")] = (0.0, 0.06)
    patches: Annotated[Range, Limits(0, 0.5, "depth of its patches of a centimetre")] = (0.02, 0.08)
    disc_grade_at_20: Annotated[Range, Limits(1, 5, "Pfirrmann grade at 20 years")] = (1.2, 2.4)
    disc_grade_per_decade: Annotated[Range, Limits(0, 1, "how it grows")] = (0.15, 0.45)
    muscle_fat_at_80: Annotated[Range, Limits(0, 1, "fat in the muscles at 80 years")] = (0.15, 0.55)
    csf_flow: Annotated[Range, Limits(0, 1, "depth of flow voids in CSF")] = (0.0, 0.45)
    slow_blood: Annotated[Range, Limits(0, 1, "part of the blood in vessels that gives signal")] = (0.0, 0.6)
    winding: Annotated[Range, Limits(0, 1, "part of the vessels that leaves the slices here and there")] = (0.0, 0.9)

    def __post_init__(self) -> None:
        """Check every value against its limits."""
        check(self)
