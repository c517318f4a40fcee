"""The hip bones."""

from __future__ import annotations

from itertools import product

import numpy as np

from ovf_imaging.training.simulation.anatomy.paint.bone import sample, worth_a_look
from ovf_imaging.training.simulation.anatomy.paint.canvas import Canvas
from ovf_imaging.training.simulation.anatomy.paint.mineral import bone_mineral
from ovf_imaging.training.simulation.anatomy.piece import Piece
from ovf_imaging.training.simulation.anatomy.templates import Template
from ovf_imaging.training.simulation.volume import Tissue

_CORTEX_MM = 1.6


def paint_hips(canvas: Canvas, sacrum: Piece, pelvis: Template, t_score: float) -> None:
    """Paint both hip bones, which stand on the sacrum."""
    scale = sacrum.form.scale
    size = (np.array(pelvis.grid.shape) - 1) * pelvis.grid.step_mm
    corners = np.array([pelvis.grid.origin_mm + size * corner for corner in product((0, 1), repeat=3)]) * scale
    reach = sacrum.to_patient(corners)
    box = canvas.box(np.array([reach.min(axis=0), reach.max(axis=0)]))
    if box is None:
        return

    def distance_mm(points: tuple[np.ndarray, np.ndarray, np.ndarray]) -> np.ndarray:
        own = sacrum.to_own(*points)
        source = (own[0] / float(scale[0]), own[1] / float(scale[1]), own[2] / float(scale[2]))
        return sample(pelvis, source) * float(scale.mean())

    axes = canvas.axes(box)
    voxels = worth_a_look(axes, distance_mm, float(canvas.grid.step_mm.max()))
    distance = distance_mm((axes[0].ravel()[voxels[0]], axes[1].ravel()[voxels[1]], axes[2].ravel()[voxels[2]]))
    bone = distance < 0
    inside = (voxels[0][bone], voxels[1][bone], voxels[2][bone])
    shell = distance[bone] > -_CORTEX_MM
    canvas.tissue[box][inside] = np.where(shell, np.uint8(Tissue.CORTEX), np.uint8(Tissue.MARROW))
    region = canvas.mineral[box]
    region[voxels] = np.maximum(region[voxels], bone_mineral(distance, canvas.step_mm, _CORTEX_MM, t_score))
