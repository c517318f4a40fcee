"""Ribs, as points that share their volume."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ovf_imaging.training.simulation.anatomy.paint.canvas import Canvas
from ovf_imaging.training.simulation.anatomy.paint.mineral import CORTEX_G_CM3, trabecular_g_cm3
from ovf_imaging.training.simulation.anatomy.piece import Piece
from ovf_imaging.training.simulation.anatomy.templates import Rib
from ovf_imaging.training.simulation.volume import Array, Tissue

_CORTEX_MM = 1.1
_OVERLAP = 1.6  # points to a voxel's edge, or holes would show


def paint_ribs(canvas: Canvas, pieces: Sequence[Piece], ribs: dict[int, Rib], t_score: float) -> None:
    """Paint the ribs of both sides; their mineral is right on any grid."""
    grid = canvas.grid
    places, masses, shells = [], [], []
    for piece in pieces:
        rib = ribs.get(piece.level)
        if rib is None:
            continue
        scale = float(piece.form.scale.mean())
        shell = rib.depth * scale < _CORTEX_MM
        mass = np.where(shell, CORTEX_G_CM3, trabecular_g_cm3(t_score)) * rib.volume_mm3 * scale**3
        edge_mm = rib.volume_mm3 ** (1 / 3)
        for side in (1.0, -1.0):
            points = piece.to_patient(rib.points * scale * (side, 1.0, 1.0))
            at = (points - grid.origin_mm) / grid.step_mm
            near = np.all((at > -1.5) & (at < np.array(grid.shape) + 0.5), axis=1)
            fine = at[near, None] + _shares(edge_mm * scale, canvas.step_mm) * edge_mm * scale / grid.step_mm
            count = fine.shape[1]
            voxel = np.round(fine.reshape(-1, 3)).astype(int)
            here = np.all((voxel >= 0) & (voxel < grid.shape), axis=1)
            places.append(np.ravel_multi_index(tuple(voxel[here].T), grid.shape))
            masses.append(np.repeat(mass[near] / count, count)[here])
            shells.append(np.repeat(shell[near], count)[here])
    if not places or not sum(map(len, places)):
        return
    voxels, which = np.unique(np.concatenate(places), return_inverse=True)
    mineral = np.bincount(which, np.concatenate(masses)) / float(np.prod(grid.step_mm))
    shelled = np.bincount(which, np.concatenate(shells)) / np.bincount(which) >= 0.5
    free = canvas.level.ravel()[voxels] == 0
    voxels, mineral, shelled = voxels[free], mineral[free], shelled[free]
    canvas.tissue.ravel()[voxels] = np.where(shelled, np.uint8(Tissue.CORTEX), np.uint8(Tissue.MARROW))
    flat = canvas.mineral.ravel()
    flat[voxels] = np.maximum(flat[voxels], np.minimum(mineral, CORTEX_G_CM3).astype(np.float16))


def _shares(edge_mm: float, step_mm: float) -> Array:
    """Return where (N, 3), in parts of its edge, to put the shares of a point that stands for a small cube."""
    parts = int(np.ceil(_OVERLAP * edge_mm / step_mm))
    return (np.array(list(np.ndindex(parts, parts, parts))) + 0.5) / parts - 0.5
