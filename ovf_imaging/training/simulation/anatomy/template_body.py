"""Which part of a template is the vertebral body."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ovf_imaging.training.simulation.anatomy.collapse import Field
from ovf_imaging.training.simulation.anatomy.templates import S1_HEIGHT_MM, Template
from ovf_imaging.types import Landmark

_WALL_MM = 1.0  # the wall lies a little behind the line of its corners at the sides
_S1_SLANT = 0.35  # the sacrum's posterior wall falls back by this per mm


def back_of_body(template: Template, z: Field) -> Field:
    """Return y of the posterior wall's line in the template at heights z."""
    if np.isnan(template.landmarks[Landmark.INFERIOR_POSTERIOR]).any():
        top = template.landmarks[Landmark.SUPERIOR_POSTERIOR]
        return float(top[1]) - (z - float(top[2])) * _S1_SLANT
    (_, y0, z0), (_, y1, z1) = template.landmarks[[Landmark.INFERIOR_POSTERIOR, Landmark.SUPERIOR_POSTERIOR]]
    return float(y0) + (z - float(z0)) * float((y1 - y0) / (z1 - z0))


def is_body(template: Template, y: Field, z: Field, *, sacral: bool) -> NDArray[np.bool_]:
    """Return whether the template's bone at y and z belongs to the body and not to the arch."""
    front: NDArray[np.bool_] = y < back_of_body(template, z) + _WALL_MM
    return front & (z > -S1_HEIGHT_MM / 2) if sacral else front
