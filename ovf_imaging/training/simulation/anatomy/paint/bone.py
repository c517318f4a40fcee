"""Vertebrae and the sacrum: bone, what fills it, and what was put into it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from ovf_imaging.training.simulation.anatomy.collapse import Field
from ovf_imaging.training.simulation.anatomy.marrow import oedema, sclerosis
from ovf_imaging.training.simulation.anatomy.paint.canvas import Box, Canvas
from ovf_imaging.training.simulation.anatomy.paint.mineral import bone_mineral
from ovf_imaging.training.simulation.anatomy.piece import Piece
from ovf_imaging.training.simulation.anatomy.template_body import is_body
from ovf_imaging.training.simulation.anatomy.templates import Template
from ovf_imaging.training.simulation.anatomy.vertebra import Blob
from ovf_imaging.training.simulation.volume import Tissue

Points = tuple[Field, Field, Field]  # x, y, z
Voxels = tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]
_OUTSIDE_MM = 10.0
_STRIDE = 4
_SHELL_MM = 0.9  # labelled as cortex: what looks dark on MRI, endplate and cartilage together
_CORTEX_MM = 0.6  # cortex proper, which carries the mineral (Ritzel 1997, Silva 1994: 0.3–0.6 mm)
_ARCH_CORTEX_MM = 0.85
_SCLEROSIS_G_CM3 = 0.14


@dataclass(frozen=True, kw_only=True, eq=False)
class _Site:
    """Some places in and about a bone, as (N,) arrays."""

    own: Points  # mm in the vertebra's frame
    source: Points  # mm in the template
    distance: Field  # mm to the surface, negative inside
    gaping: NDArray[np.bool_]  # inside an open cleft


def paint_bone(canvas: Canvas, piece: Piece, t_score: float) -> None:
    """Paint one vertebra, or the sacrum."""
    box = canvas.box(piece.bounds_mm())
    if box is None:
        return
    axes = canvas.axes(box)
    voxels = worth_a_look(axes, lambda points: _site(piece, points).distance, float(canvas.grid.step_mm.max()))
    site = _site(piece, (axes[0].ravel()[voxels[0]], axes[1].ravel()[voxels[1]], axes[2].ravel()[voxels[2]]))
    near = site.distance < canvas.step_mm / 2
    _paint(canvas, box, piece, _pick(site, near), (voxels[0][near], voxels[1][near], voxels[2][near]), t_score)


def worth_a_look(axes: Points, distance_mm: Callable[[Points], Field], step_mm: float) -> Voxels:
    """Return the voxels near a bone, judged by its distance at every fourth one along each axis.

    `axes` broadcast to the box they span; the indices count from its corner.
    """
    thin = (axes[0][::_STRIDE], axes[1][:, ::_STRIDE], axes[2][..., ::_STRIDE])
    points = np.broadcast_arrays(*thin)
    distance = distance_mm((points[0].ravel(), points[1].ravel(), points[2].ravel()))
    near = distance.reshape(points[0].shape) < _STRIDE * step_mm
    for axis in range(3):
        near = near.repeat(_STRIDE, axis=axis)
    full = np.broadcast_shapes(*(axis.shape for axis in axes))
    x, y, z = np.nonzero(near[: full[0], : full[1], : full[2]])
    return x, y, z


def _site(piece: Piece, points: Points) -> _Site:
    own = piece.to_own(*points)
    source, cleft = piece.form.inverse(*own)
    distance = sample(piece.form.template, source) * float(piece.form.scale.mean())
    whole = _with_extras(piece, own, source, distance)
    return _Site(own=own, source=source, distance=whole, gaping=cleft & (distance < 0))


def _pick(site: _Site, chosen: NDArray[np.bool_]) -> _Site:
    return _Site(
        own=(site.own[0][chosen], site.own[1][chosen], site.own[2][chosen]),
        source=(site.source[0][chosen], site.source[1][chosen], site.source[2][chosen]),
        distance=site.distance[chosen],
        gaping=site.gaping[chosen],
    )


def sample(template: Template, points: Points) -> Field:
    """Return the template's distance at points, far outside where it has no voxels."""
    grid = template.grid
    at = [(p - np.float32(o)) / np.float32(s) for p, o, s in zip(points, grid.origin_mm, grid.step_mm, strict=True)]
    return np.asarray(map_coordinates(template.distance, at, order=1, mode="constant", cval=_OUTSIDE_MM))


def _with_extras(piece: Piece, own: Points, source: Points, distance: Field) -> Field:
    """Return the distance with osteophytes added and Schmorl's nodes taken out."""
    for beak in piece.vertebra.osteophytes:
        corner = piece.form.landmarks[beak.corner]
        front = -1.0 if beak.corner in (0, 3) else 1.0
        up = 1.0 if beak.corner < 3 else -1.0
        start = np.array([corner[1] - front * 4.0, corner[2] - up * 3.0])
        tip = np.array([corner[1] + front * beak.forward_mm, corner[2] + up * beak.towards_disc_mm])
        along = tip - start
        y, z = own[1] - start[0], own[2] - start[1]
        u = np.clip((y * along[0] + z * along[1]) / float(along @ along), 0, 1)
        radius = (3.0 - 2.0 * u) * np.sqrt(np.clip(1 - (own[0] / beak.half_width_mm) ** 2, 0, 1))
        distance = np.minimum(distance, np.hypot(y - u * along[0], z - u * along[1]) - radius)
    for pit in piece.vertebra.pits:
        distance = np.maximum(distance, -_ellipsoid_mm(pit, _unbroken(piece, source)))
    return distance


def _unbroken(piece: Piece, source: Points) -> Points:
    """Return the template's points in the body's millimetres before its fracture."""
    x, y, z = (p * float(s) for p, s in zip(source, piece.form.scale, strict=True))
    return x, y, z


def _ellipsoid_mm(blob: Blob, points: Points) -> Field:
    """Return about how far points lie outside an ellipsoid, negative inside."""
    parts = [((p - c) / r) ** 2 for p, c, r in zip(points, blob.centre_mm, blob.radii_mm, strict=True)]
    return np.asarray((np.sqrt(parts[0] + parts[1] + parts[2]) - 1) * min(blob.radii_mm))


def _paint(canvas: Canvas, box: Box, piece: Piece, site: _Site, voxels: Voxels, t_score: float) -> None:
    template, vertebra = piece.form.template, piece.vertebra
    body = is_body(template, site.source[1], site.source[2], sacral=piece.sacral)
    # An arch or facet of a slipped neighbour would else lie within a body that was painted before, or stay in this one.
    taken = ~body & (canvas.level[box][voxels] > 0)
    bone = (site.distance < 0) & ~taken
    tissue = np.where(site.distance > -_SHELL_MM, np.uint8(Tissue.CORTEX), np.uint8(Tissue.MARROW))
    for blob in vertebra.blobs:
        inside = _ellipsoid_mm(blob, _unbroken(piece, site.source)) < 0
        tissue[inside & body & (tissue == Tissue.MARROW)] = blob.tissue
    if piece.form.cleft is not None:
        tissue[site.gaping] = Tissue.CLEFT_GAS if piece.form.cleft.kind == "gas" else Tissue.CLEFT_FLUID
    cortex_mm = np.where(body, np.float32(_CORTEX_MM), np.float32(_ARCH_CORTEX_MM))
    mineral = bone_mineral(site.distance, canvas.step_mm, cortex_mm, t_score)
    if vertebra.fracture is not None:
        s, t = piece.form.place_in_body(site.own[1], site.source[2])
        mineral += _SCLEROSIS_G_CM3 * sclerosis(vertebra, t) * (body & bone)
        soaked = oedema(vertebra, s, t) * (body & bone & (tissue == Tissue.MARROW))
        canvas.oedema[box][tuple(index[bone] for index in voxels)] = soaked[bone]
    mineral[site.gaping] = 0
    inside_bone = tuple(index[bone] for index in voxels)
    canvas.tissue[box][inside_bone] = tissue[bone]
    canvas.level[box][tuple(index[bone & body] for index in voxels)] = piece.level
    region = canvas.mineral[box]
    mineral = np.where(taken, region[voxels], np.maximum(region[voxels] * ~(body & bone), mineral))
    region[voxels] = mineral
