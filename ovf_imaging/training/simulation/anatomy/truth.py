"""What is true of a patient in a position, from the maps that also draw it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from ovf_imaging.training.simulation.anatomy.collapse import Collapse
from ovf_imaging.training.simulation.anatomy.form import Form
from ovf_imaging.training.simulation.anatomy.marrow import oedema_part
from ovf_imaging.training.simulation.anatomy.person import Person
from ovf_imaging.training.simulation.anatomy.piece import Piece
from ovf_imaging.training.simulation.anatomy.vertebra import Vertebra
from ovf_imaging.training.simulation.volume import Array, BodyTruth, CleftTruth, FractureTruth, PatientTruth
from ovf_imaging.types import Position

_SAMPLES = 2001  # of a cleft, front to back


def tell_truth(pieces: Sequence[Piece], person: Person, position: Position, drawn: Mapping[str, Any]) -> PatientTruth:
    """Return the truth of every piece, head to foot, the sacrum last."""
    discs = [
        {
            "levels": [upper.level, lower.level],
            "height_mm": round(upper.disc.height_mm, 3),
            "lordosis_deg": round(upper.disc.lordosis_deg, 3),
            "slip_mm": round(upper.disc.slip_mm, 3),
            "degeneration": round(upper.disc.degeneration, 3),
            "vacuum": upper.disc.vacuum,
        }
        for upper, lower in pairwise(pieces)
        if upper.disc is not None
    ]
    about = {
        name: getattr(person, name)
        for name in ("size", "t_score", "incidence_deg", "lordosis_deg", "kyphosis_deg", "back_fat_mm", "belly_mm")
    }
    return PatientTruth(
        bodies=tuple(_body(piece) for piece in pieces),
        position=position,
        age_years=person.age_years,
        sex=person.sex,
        drawn={**about, **drawn, "discs": discs},
    )


def heights_mm(landmarks: Array) -> Array:
    """Return anterior, middle and posterior height (3,) of landmarks (6, 3)."""
    return np.asarray(np.linalg.norm(landmarks[:3] - landmarks[3:], axis=1))


def unbroken(form: Form) -> Form:
    """Return a form as it was before its fracture."""
    return replace(form, collapse=Collapse(), cleft=None)


def _body(piece: Piece) -> BodyTruth:
    vertebra = piece.vertebra
    return BodyTruth(
        level=piece.level,
        landmarks_mm=piece.landmarks_mm,
        rims_mm=piece.to_patient(piece.form.rims),
        fracture=_fracture(vertebra, piece.form),
        cleft=_cleft(piece.form),
        oedema_fraction=oedema_part(vertebra, piece.form),
        cement=vertebra.cement,
        implant=vertebra.screws,
        traps=vertebra.traps,
    )


def _fracture(vertebra: Vertebra, form: Form) -> FractureTruth | None:
    fracture = vertebra.fracture
    if fracture is None:
        return None
    anterior, middle, posterior = 1 - heights_mm(form.landmarks) / heights_mm(unbroken(form).landmarks)
    return FractureTruth(
        kind=fracture.kind,
        endplates=fracture.endplates,
        height_loss=(float(anterior), float(middle), float(posterior)),
        of_class=fracture.of_class,
        posterior_wall=fracture.posterior_wall,
        retropulsion_mm=fracture.collapse.retropulsion_mm,
        age=fracture.age,
    )


def _cleft(form: Form) -> CleftTruth | None:
    cleft = form.cleft
    if cleft is None:
        return None
    s = np.linspace(0, 1, _SAMPLES)
    gap = form.cleft_gap(s)
    return CleftTruth(
        kind=cleft.kind,
        outline=cleft.outline,
        endplate=cleft.endplate,
        place=cleft.place,
        area_mm2=float(np.trapezoid(gap, s) * form.size.depth_mm),
        height_mm=float(gap.max()),
    )
