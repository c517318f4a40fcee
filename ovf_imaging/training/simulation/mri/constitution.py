"""What a patient's tissues are like apart from their shape: fat in marrow and muscle, discs, flow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ovf_imaging.training.simulation.mri.settings import MriSettings
from ovf_imaging.training.simulation.volume import PatientTruth
from ovf_imaging.types import Level

GRADES = (1, 2, 3, 4, 5)  # Pfirrmann
_PER_DEGENERATION = 3.5  # grades between a sound disc and one that is gone
_USUAL_DEGENERATION = 0.3  # of a disc with the grade that is usual at its age
_WORN_MORE = 0.6  # grades by which the two lowest discs are ahead


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Constitution:
    """Drawn once for a patient, so that the same patient can be imaged twice."""

    marrow_fat: Mapping[int, float]  # level → fat fraction; 0 for bone that belongs to no body
    islands: float  # depth of red-marrow islands, in fat fraction
    island_mm: float  # their size
    grain: float  # depth of fine texture, in fat fraction
    patches: float  # depth of patches of a centimetre
    endplate_fat: float  # what marrow next to an endplate has more
    disc_grades: Mapping[int, int]  # level above the disc → Pfirrmann grade
    muscle_fat: float
    csf_flow: float  # 0–1, depth of flow voids
    slow_blood: float  # 0–1, part of the blood that gives signal
    winding: float  # 0–1, how much of the vessels leaves the slices here and there


def draw_constitution(rng: np.random.Generator, truth: PatientTruth, settings: MriSettings) -> Constitution:
    """Return tissues as they are at the patient's age: marrow and muscle turn to fat, discs dry out.

    Where the truth tells how degenerate a disc is, as `drawn["discs"]` with `levels` and `degeneration` 0–1, its
    grade goes with that.
    """
    decades = (truth.age_years - 20) / 10
    marrow = float(rng.uniform(*settings.marrow_fat_at_20) + decades * rng.uniform(*settings.marrow_fat_per_decade))
    levels = [level.value for level in Level]
    return Constitution(
        marrow_fat={
            0: float(np.clip(marrow + 0.05, 0.05, 0.9)),
            **{k: float(np.clip(marrow + rng.normal(0, 0.025), 0.05, 0.9)) for k in levels},
        },
        islands=float(rng.uniform(*settings.islands)),
        island_mm=float(rng.uniform(4, 11)),
        grain=float(rng.uniform(*settings.grain)),
        patches=float(rng.uniform(*settings.patches)),
        endplate_fat=float(rng.uniform(0, 0.12) * np.clip(truth.age_years / 70, 0, 1.2)),
        disc_grades=_draw_grades(rng, truth, settings),
        muscle_fat=float(rng.uniform(*settings.muscle_fat_at_80) * np.clip(truth.age_years / 80, 0.05, 1.2)),
        csf_flow=float(rng.uniform(*settings.csf_flow)),
        slow_blood=float(rng.uniform(*settings.slow_blood)),
        winding=float(rng.uniform(*settings.winding)),
    )


def _draw_grades(rng: np.random.Generator, truth: PatientTruth, settings: MriSettings) -> dict[int, int]:
    decades = (truth.age_years - 20) / 10
    usual = float(rng.uniform(*settings.disc_grade_at_20) + decades * rng.uniform(*settings.disc_grade_per_decade))
    worn = {level.value: _WORN_MORE if level in (Level.L4, Level.L5) else 0.0 for level in Level}
    for disc in truth.drawn.get("discs", ()):
        worn[disc["levels"][0]] = _PER_DEGENERATION * (disc["degeneration"] - _USUAL_DEGENERATION)
    return {level: int(np.clip(round(usual + more + rng.normal(0, 0.5)), 1, 5)) for level, more in worn.items()}
