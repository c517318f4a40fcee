"""What lies between two vertebrae: disc, canal, ligaments."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ovf_imaging.training.simulation.anatomy.collapse import Field
from ovf_imaging.training.simulation.anatomy.paint.canvas import Canvas
from ovf_imaging.training.simulation.anatomy.piece import Piece
from ovf_imaging.training.simulation.anatomy.template_body import back_of_body
from ovf_imaging.training.simulation.volume import Array, Tissue
from ovf_imaging.types import level_order

_CANAL_MM = 15.0  # front to back, at a lumbar depth of 34 mm
_CANAL_WIDTH_MM = 22.0
_NUCLEUS = 0.62  # part of the disc's half axes
_INTO_BONE_MM = 4.0  # a disc is painted into hollow endplates; bone is painted over it
_CONUS = 20.4  # order of the level where the cord ends: L1–L2
_ROOTS = ((-6.0, 0.62), (-3.6, 0.74), (-1.2, 0.8), (1.2, 0.8), (3.6, 0.74), (6.0, 0.62), (-2.4, 0.62), (2.4, 0.62))
_ROOT_MM = 0.9
_SACRAL_MM = 60.0  # length of the canal painted inside the sacrum


@dataclass(frozen=True, kw_only=True, eq=False)
class _Between:
    """Voxels (N,) between the middles of two bodies, in coordinates that pass from the one to the other."""

    x: Field  # mm to the left of the middle
    v: Field  # mm behind the posterior walls
    front: Field  # mm in front of the anterior walls
    order: Field  # level_order, between the two


def paint_segment(canvas: Canvas, upper: Piece, lower: Piece) -> None:
    """Paint the disc and the canal between two neighbours."""
    box = canvas.box(_bounds_mm(upper, lower))
    if box is None:
        return
    axes = canvas.axes(box)
    above, below = upper.to_own(*axes), lower.to_own(*axes)
    size = upper.form.size
    near = (above[2] <= 0) & (below[2] >= 0) & (np.abs(above[0]) < size.width_mm / 2 + 4)
    near &= (above[1] > -size.depth_mm / 2 - 8) & (above[1] < size.depth_mm / 2 + _CANAL_MM + 34)
    above = (above[0][near], above[1][near], above[2][near])
    below = (below[0][near], below[1][near], below[2][near])
    tissue = canvas.tissue[box][near]
    _paint_canal(tissue, _between(upper, lower, above, below), size.depth_mm)
    _paint_disc(tissue, upper, lower, above, below)
    canvas.tissue[box][near] = tissue


def _bounds_mm(upper: Piece, lower: Piece) -> Array:
    """Return a box that holds disc, canal and ligaments between two bodies."""
    points = []
    for piece, sign in ((upper, -1.0), (lower, 1.0)):
        size = piece.form.size
        w, d, h = size.width_mm / 2 + 3, size.depth_mm / 2, size.posterior_mm / 2
        own = [[x, y, z] for x in (-w, w) for y in (-d - 6, d + _CANAL_MM + 30) for z in (0, sign * h)]
        points.append(piece.to_patient(np.array(own)))
    both = np.concatenate(points)
    return np.array([both.min(axis=0), both.max(axis=0)])


def _between(upper: Piece, lower: Piece, above: tuple[Field, ...], below: tuple[Field, ...]) -> _Between:
    sunk, risen = -above[2], below[2]
    share = sunk / np.where(sunk + risen > 0.1, sunk + risen, 0.1)
    half = (upper.form.half_depth_mm, lower.form.half_depth_mm)
    y = above[1] + share * (below[1] - above[1])
    edge = half[0] + share * (half[1] - half[0])
    start, end = level_order(upper.level), level_order(lower.level)
    return _Between(
        x=above[0] + share * (below[0] - above[0]),
        v=y - edge,
        front=-y - edge,
        order=start + share * (end - start),
    )


def _paint_canal(tissue: NDArray[np.uint8], at: _Between, depth_mm: float) -> None:
    canal = _CANAL_MM * (0.55 + 0.45 * depth_mm / 34)
    v = at.v / canal
    near = (np.abs(at.x) < _CANAL_WIDTH_MM / 2 + 3) & (v > -0.1) & (v < 3.2)
    x, v, order = at.x[near], v[near], at.order[near]
    labels = tissue[near]
    spinous = (np.abs(x) < 3.5) & (v > 1.1)
    labels[spinous] = np.where(v[spinous] < 2.2, np.uint8(Tissue.FAT), np.uint8(Tissue.LIGAMENT))
    wide = x / (_CANAL_WIDTH_MM / 2)
    labels[wide**2 + ((v - 0.55) / 0.62) ** 2 < 1.15] = Tissue.LIGAMENT
    labels[wide**2 + ((v - 0.52) / 0.53) ** 2 < 1] = Tissue.EPIDURAL_FAT
    labels[(x / 8.0) ** 2 + ((v - 0.47) / 0.40) ** 2 < 1] = Tissue.CSF
    thin = np.clip((_CONUS - order) / 0.7, 0, 1)
    cord = (x / 5.0) ** 2 + ((v - 0.5) / 0.24) ** 2 < thin
    labels[cord] = Tissue.CORD
    for root_x, root_v in _ROOTS:
        root = (x - root_x * 0.9) ** 2 + ((v - root_v * 0.95) * canal) ** 2 < _ROOT_MM**2
        labels[root & (order > _CONUS - 0.5) & (labels == Tissue.CSF)] = Tissue.CORD
    tissue[near] = labels
    wall = np.abs(at.x) < 12
    tissue[wall & (at.v > -1.5) & (at.v < 0.8)] = Tissue.LIGAMENT
    tissue[wall & (at.front > -2.0) & (at.front < 1.2)] = Tissue.LIGAMENT


def _paint_disc(
    tissue: NDArray[np.uint8],
    upper: Piece,
    lower: Piece,
    above: tuple[Field, ...],
    below: tuple[Field, ...],
) -> None:
    near = np.abs(above[1]) < upper.form.size.depth_mm / 2 + 8
    a, b = [c[near] for c in above], [c[near] for c in below]
    sizes = upper.form.size, lower.form.size
    x = a[0] / sizes[0].width_mm + b[0] / sizes[1].width_mm
    y = a[1] / sizes[0].depth_mm + b[1] / sizes[1].depth_mm
    radius = (np.abs(x) ** 2.5 + np.abs(y) ** 2.5) ** 0.4
    under = upper.form.endplates(a[0], a[1])[0] - a[2]
    over = b[2] - lower.form.endplates(b[0], b[1])[1]
    deep = np.where(radius < 0.85, _INTO_BONE_MM, 0.4)
    degeneration = upper.disc.degeneration if upper.disc is not None else 0.0
    disc = (radius < 1.0 + 0.06 * degeneration) & (under > -deep) & (over > -deep)
    nucleus = disc & (np.hypot(x, y - 0.1) < _NUCLEUS)
    labels = tissue[near]
    labels[disc] = Tissue.ANNULUS
    labels[nucleus] = Tissue.NUCLEUS
    if upper.disc is not None and upper.disc.vacuum:
        gap = np.abs(under - over) < 1.6
        labels[disc & gap & (np.hypot(x, y + 0.2) < 0.55)] = Tissue.GAS
    tissue[near] = labels


def paint_sacral_canal(canvas: Canvas, sacrum: Piece) -> None:
    """Paint the thecal sac inside the sacrum, down to S2."""
    scale = sacrum.form.scale
    ends = np.array([[x, y, z] for x in (-13.0, 13.0) for y in (5.0, 60.0) for z in (0.0, -_SACRAL_MM)]) * scale
    reach = sacrum.to_patient(ends)
    box = canvas.box(np.array([reach.min(axis=0), reach.max(axis=0)]))
    if box is None:
        return
    (x, y, z), _ = sacrum.form.inverse(*sacrum.to_own(*canvas.axes(box)))
    down = -z
    v = y - back_of_body(sacrum.form.template, z)
    depth = np.clip(13.0 - 0.12 * down, 5, 15)
    wide = np.clip(10.0 - 0.06 * down, 4, 12)
    canal = (down > 0) & (down < _SACRAL_MM) & ((x / wide) ** 2 + ((v - depth / 2) / (depth / 2)) ** 2 < 1)
    tissue = canvas.tissue[box]
    tissue[canal] = np.where(down[canal] < 38, np.uint8(Tissue.CSF), np.uint8(Tissue.EPIDURAL_FAT))
