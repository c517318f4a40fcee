"""The drawn patient: bones on a chain, imaged and told the truth of in any position."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.spatial.transform import Rotation

from ovf_imaging.training.simulation.anatomy.alignment import Disc, place, pose
from ovf_imaging.training.simulation.anatomy.form import Form, Size
from ovf_imaging.training.simulation.anatomy.levels import S1_DEPTH_MM, S1_WIDTH_MM, model_of
from ovf_imaging.training.simulation.anatomy.paint.canvas import Canvas
from ovf_imaging.training.simulation.anatomy.paint.whole import paint_patient
from ovf_imaging.training.simulation.anatomy.person import Person
from ovf_imaging.training.simulation.anatomy.piece import Piece
from ovf_imaging.training.simulation.anatomy.posture import Motion, posed_cleft, posed_discs
from ovf_imaging.training.simulation.anatomy.progress import progressed
from ovf_imaging.training.simulation.anatomy.settings import AnatomySettings
from ovf_imaging.training.simulation.anatomy.templates import S1_HEIGHT_MM, Templates
from ovf_imaging.training.simulation.anatomy.truth import tell_truth
from ovf_imaging.training.simulation.anatomy.vertebra import Vertebra
from ovf_imaging.training.simulation.volume import Array, Grid, PatientTruth, Volume
from ovf_imaging.types import Level, Position, level_order


@dataclass(frozen=True, kw_only=True, eq=False)
class DrawnPatient:
    """A patient from T1 to the sacrum in one position; implements `volume.Patient`."""

    templates: Templates
    settings: AnatomySettings
    person: Person
    vertebrae: tuple[Vertebra, ...]  # head to foot, without the sacrum
    discs: Mapping[int, Disc]  # in neutral position, by the level above
    motion: Motion
    base: Array  # (4, 4) pose of the sacrum
    first_level: int  # the highest that bounds_mm holds
    transitional: str  # "L6", "T13", "sacralised L5" or ""
    position: Position = Position.NEUTRAL

    def moved(self, position: Position) -> DrawnPatient:
        """Return the same patient in another position."""
        return replace(self, position=position)

    def later(self, rng: np.random.Generator) -> DrawnPatient:
        """Return the same patient months later, in the same position."""
        levels = [v.level for v in self.vertebrae if level_order(v.level) >= level_order(self.first_level)]
        vertebrae = progressed(rng, self.settings, self.vertebrae, levels)
        years = float(rng.uniform(*self.settings.months_later)) / 12
        person = replace(self.person, age_years=round(self.person.age_years + years, 1))
        return replace(self, vertebrae=vertebrae, person=person)

    def balanced(self) -> DrawnPatient:
        """Return the patient with the pelvis turned so that T1 stands over S1 as far as it was drawn to."""
        rise = self.pieces[0].pose[:3, 3] - self.pieces[-1].pose[:3, 3]
        reach = float(np.hypot(rise[1], rise[2]))
        wanted = np.arcsin(np.clip(-self.person.balance_mm / reach, -1, 1))
        slope = np.radians(self.person.sacral_slope_deg)
        flattest, steepest = np.radians(self.settings.sacral_slope_deg)
        turn = float(np.clip(np.arctan2(rise[1], rise[2]) - wanted, flattest - slope, steepest - slope))
        return replace(self, base=pose(Rotation.from_euler("x", turn)) @ self.base)

    def bounds_mm(self) -> Array:
        """Return (2, 3): the corners of the box that holds the spine from the highest level of its region to S2."""
        shown = [piece for piece in self.pieces if level_order(piece.level) >= level_order(self.first_level)]
        boxes = np.array([piece.bounds_mm(whole=False) for piece in shown])
        return np.array([boxes[:, 0].min(axis=0), boxes[:, 1].max(axis=0)])

    def render(self, grid: Grid) -> Volume:
        """Return the patient on a grid."""
        canvas = Canvas.blank(grid)
        paint_patient(canvas, self.pieces, self.person, self.templates)
        return canvas.volume()

    def truth(self) -> PatientTruth:
        """Return all that is true of the patient in this position."""
        drawn = {"transitional": self.transitional, "first_level": self.first_level}
        return tell_truth(self.pieces, self.person, self.position, drawn)

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """Return every vertebra where it is in this position, head to foot, the sacrum last."""
        vertebrae = (*self.vertebrae, self._sacrum())
        forms = {vertebra.level: self._form(vertebra) for vertebra in vertebrae}
        landmarks = {level: form.landmarks for level, form in forms.items()}
        discs = posed_discs(self.discs, self.motion, self.position)
        poses = place(landmarks, list(forms), discs, self.base)
        return tuple(
            Piece(
                vertebra=vertebra,
                form=forms[vertebra.level],
                pose=poses[vertebra.level],
                disc=discs.get(vertebra.level),
            )
            for vertebra in vertebrae
        )

    def _form(self, vertebra: Vertebra) -> Form:
        model = model_of(vertebra.level)
        template = self.templates.vertebrae[model]
        if self.person.mean_shape:
            template = self.templates.mean.get(model, template)
        bare = Form(template, vertebra.size)
        if vertebra.fracture is None:
            return bare
        cleft = vertebra.fracture.cleft
        if cleft is not None:
            cleft = posed_cleft(cleft, self.settings, self.position)
        return replace(bare, collapse=vertebra.fracture.collapse, cleft=cleft)

    def _sacrum(self) -> Vertebra:
        scale = self.person.size
        size = Size(
            depth_mm=S1_DEPTH_MM * scale,
            width_mm=S1_WIDTH_MM * scale,
            posterior_mm=S1_HEIGHT_MM * scale,
            anterior_mm=S1_HEIGHT_MM * scale,
            concavity_mm=(0.0, 0.0),
        )
        return Vertebra(level=int(Level.S1), size=size)
