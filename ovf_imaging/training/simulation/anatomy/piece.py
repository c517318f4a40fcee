"""One vertebra where it stands: its form, its pose, and the disc below it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np

from ovf_imaging.training.simulation.anatomy.alignment import Disc
from ovf_imaging.training.simulation.anatomy.collapse import Field
from ovf_imaging.training.simulation.anatomy.form import Form
from ovf_imaging.training.simulation.anatomy.templates import S1_HEIGHT_MM
from ovf_imaging.training.simulation.anatomy.vertebra import Vertebra
from ovf_imaging.training.simulation.volume import Array
from ovf_imaging.types import Level

_MARGIN_MM = 3.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Piece:
    """A vertebra in the patient."""

    vertebra: Vertebra
    form: Form
    pose: Array  # (4, 4) from its own frame to the patient
    disc: Disc | None  # below it; None for the sacrum

    @property
    def level(self) -> int:
        """TPTBox level."""
        return self.vertebra.level

    @property
    def sacral(self) -> bool:
        """Whether this is the sacrum."""
        return self.level == Level.S1

    def to_patient(self, points: Array) -> Array:
        """Return points (..., 3) of the vertebra's own frame in the patient's millimetres."""
        return np.asarray(points @ self.pose[:3, :3].T + self.pose[:3, 3])

    def to_own(self, x: Field, y: Field, z: Field) -> tuple[Field, Field, Field]:
        """Return patient coordinates, of shapes that broadcast, in the vertebra's own frame."""
        (tx, ty, tz), turn = self.pose[:3, 3].tolist(), self.pose[:3, :3].tolist()
        x, y, z = x - tx, y - ty, z - tz
        own = [turn[0][k] * x + turn[1][k] * y + turn[2][k] * z for k in range(3)]
        return own[0], own[1], own[2]

    @cached_property
    def landmarks_mm(self) -> Array:
        """Return the six landmarks (6, 3) in the patient."""
        return self.to_patient(self.form.landmarks)

    def bounds_mm(self, *, whole: bool = True) -> Array:
        """Return the corners (2, 3) of the box in the patient that holds the bone and its osteophytes.

        Not `whole` leaves out the sacrum below S2.
        """
        grid = self.form.template.grid
        size = (np.array(grid.shape) - 1) * grid.step_mm
        corners = np.array([grid.origin_mm + size * corner for corner in product((0, 1), repeat=3)])
        if not whole and self.sacral:
            corners[:, 2] = np.maximum(corners[:, 2], -2 * S1_HEIGHT_MM)
        own = self.form.forward(corners)
        reach = max([beak.forward_mm for beak in self.vertebra.osteophytes], default=0.0)
        open_mm = self.form.cleft.thickness_mm if self.form.cleft is not None else 0.0
        margin = np.array([_MARGIN_MM, _MARGIN_MM + reach, _MARGIN_MM + open_mm])
        low, high = own.min(axis=0) - margin, own.max(axis=0) + margin
        box = self.to_patient(np.array([np.where(corner, high, low) for corner in product((0, 1), repeat=3)]))
        return np.array([box.min(axis=0), box.max(axis=0)])
