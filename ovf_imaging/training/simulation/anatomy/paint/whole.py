"""The order in which a patient is painted."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from ovf_imaging.training.simulation.anatomy.paint.background import paint_background
from ovf_imaging.training.simulation.anatomy.paint.bone import paint_bone
from ovf_imaging.training.simulation.anatomy.paint.canvas import Canvas
from ovf_imaging.training.simulation.anatomy.paint.hips import paint_hips
from ovf_imaging.training.simulation.anatomy.paint.implants import paint_implants
from ovf_imaging.training.simulation.anatomy.paint.ribs import paint_ribs
from ovf_imaging.training.simulation.anatomy.paint.segment import paint_sacral_canal, paint_segment
from ovf_imaging.training.simulation.anatomy.person import Person
from ovf_imaging.training.simulation.anatomy.piece import Piece
from ovf_imaging.training.simulation.anatomy.templates import Templates


def paint_patient(canvas: Canvas, pieces: Sequence[Piece], person: Person, templates: Templates) -> None:
    """Paint soft tissue, then discs and canal, then bone over both."""
    paint_background(canvas, pieces, person)
    for upper, lower in pairwise(pieces):
        paint_segment(canvas, upper, lower)
    paint_sacral_canal(canvas, pieces[-1])
    for piece in pieces:
        paint_bone(canvas, piece, person.t_score)
    paint_hips(canvas, pieces[-1], templates.pelvis, person.t_score)
    paint_ribs(canvas, pieces, templates.ribs, person.t_score)
    paint_implants(canvas, pieces)
