"""How much bone mineral a voxel holds."""

from __future__ import annotations

import numpy as np

from ovf_imaging.training.simulation.anatomy.collapse import Field

CORTEX_G_CM3 = 0.95
_TRABECULAR_G_CM3 = 0.17  # at T-score 0 (QCT 160–180 mg/cm³)
_PER_T_SCORE = 0.026
_LEAST_G_CM3 = 0.03


def trabecular_g_cm3(t_score: float) -> float:
    """Return the mineral of trabecular bone."""
    return max(_TRABECULAR_G_CM3 + _PER_T_SCORE * t_score, _LEAST_G_CM3)


def bone_mineral(distance: Field, step_mm: float, cortex_mm: Field | float, t_score: float) -> Field:
    """Return mineral in g/cm³; voxels at the border and thin cortex count by the part they fill.

    `distance` is in mm from the bone's surface, negative inside.
    """
    bone = np.clip(0.5 - distance / step_mm, 0, 1)
    inner = np.clip(0.5 - (distance + cortex_mm) / step_mm, 0, 1)
    return np.asarray((bone - inner) * CORTEX_G_CM3 + inner * trabecular_g_cm3(t_score))
