"""Plain geometry of stacks: positions along the normal, steps, shear, affine, sense of rows and columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ovf_imaging.types import Affine

SHEAR_LIMIT = 0.02  # sideways drift of the slices per mm along the normal: 1.1°
GAP_LIMIT = 0.1  # how far a step may lie from the usual one, as a fraction of it
SAME_PLACE_MM = 0.01


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lattice:
    """Slices in file geometry. Vectors are LPS, lengths mm."""

    along: NDArray[np.float64]  # (3,), unit, direction of increasing column
    down: NDArray[np.float64]  # (3,), unit, direction of increasing row
    origins: NDArray[np.float64]  # (S, 3), centre of each slice's first pixel
    spacing_mm: tuple[float, float]  # row step, column step
    thickness_mm: float

    @property
    def normal(self) -> NDArray[np.float64]:
        """Unit normal, (3,)."""
        return np.asarray(np.cross(self.along, self.down))

    @property
    def places_mm(self) -> NDArray[np.float64]:
        """Position of each slice along the normal, (S,)."""
        return np.asarray(self.origins @ self.normal)

    @property
    def step_mm(self) -> float:
        """The usual step along the normal, with its sign; slice thickness when there is one slice only.

        The lower median, as a missing slice only ever makes steps larger.
        """
        steps = np.diff(self.places_mm)
        if steps.size == 0:
            return self.thickness_mm
        return float(steps[np.argsort(np.abs(steps), kind="stable")[(steps.size - 1) // 2]])

    def is_sheared(self) -> bool:
        """Tell whether slices drift sideways, so that rows and columns of the volume aren't at right angles."""
        moves = np.diff(self.origins, axis=0)
        if moves.size == 0:
            return False
        sideways = moves - np.outer(moves @ self.normal, self.normal)
        drift = np.linalg.norm(np.median(sideways, axis=0))
        return bool(drift > SHEAR_LIMIT * abs(self.step_mm))

    def gaps(self) -> tuple[int, ...]:
        """Return the slices after which the step is not the usual one."""
        steps = np.diff(self.places_mm)
        usual = self.step_mm
        return tuple(int(i) for i in np.flatnonzero(np.abs(steps - usual) > GAP_LIMIT * abs(usual)))

    def affine(self) -> Affine:
        """Return (slice, row, column) index → LPS mm, exact at the first slice and orthogonal."""
        out = np.eye(4)
        out[:3, 0] = self.normal * self.step_mm
        out[:3, 1] = self.down * self.spacing_mm[0]
        out[:3, 2] = self.along * self.spacing_mm[1]
        out[:3, 3] = self.origins[0]
        return out


def plane_affine(row: float, column: float, step: float = 1.0) -> Affine:
    """Return the affine of a picture without patient geometry: (0, across, −down), as `Image` documents."""
    out = np.zeros((4, 4))
    out[0, 0] = step
    out[2, 1] = -row
    out[1, 2] = column
    out[3, 3] = 1.0
    return out


def senses(affine: Affine) -> tuple[bool, bool]:
    """Return (anterior is on the left, superior is up) of a sagittal image in LPS."""
    return bool(affine[1, 2] > 0), bool(affine[2, 1] < 0)
