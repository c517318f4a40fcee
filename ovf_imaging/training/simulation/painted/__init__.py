"""Fractures, clefts and their look-alikes painted into real MRI and real films, with the truth that follows."""

from ovf_imaging.training.simulation.painted.crops import (
    PaintedCrop,
    film_columns,
    painted_crops,
    slice_columns,
    volume_columns,
)
from ovf_imaging.training.simulation.painted.draw import draw_findings
from ovf_imaging.training.simulation.painted.records import BodyFindings, Cleft, Collapse, Patch
from ovf_imaging.training.simulation.painted.sequences import slice_sequence, volume_sequence
from ovf_imaging.training.simulation.painted.settings import PaintSettings
from ovf_imaging.training.simulation.painted.truth import PaintedBody, PaintedCleft
from ovf_imaging.training.simulation.painted.whole import PaintedFilm, PaintedVolume, paint_film, paint_volume

__all__ = [
    "BodyFindings",
    "Cleft",
    "Collapse",
    "PaintSettings",
    "PaintedBody",
    "PaintedCleft",
    "PaintedCrop",
    "PaintedFilm",
    "PaintedVolume",
    "Patch",
    "draw_findings",
    "film_columns",
    "paint_film",
    "paint_volume",
    "painted_crops",
    "slice_columns",
    "slice_sequence",
    "volume_columns",
    "volume_sequence",
]
