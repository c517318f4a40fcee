"""Pedicle screws and the rods that join them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from ovf_imaging.training.simulation.anatomy.paint.canvas import Canvas
from ovf_imaging.training.simulation.anatomy.piece import Piece
from ovf_imaging.training.simulation.volume import Array, Tissue

_SCREW_MM = 3.0  # radius
_HEAD_MM = 6.0
_ROD_MM = 2.8
_HEAD_BEHIND_WALL_MM = 27.0


def paint_implants(canvas: Canvas, pieces: Sequence[Piece]) -> None:
    """Paint a screw through each pedicle of the instrumented bodies, and a rod on either side."""
    screwed = [piece for piece in pieces if piece.vertebra.screws]
    for side in (1.0, -1.0):
        heads = []
        for piece in screwed:
            size = piece.form.size
            height = 0.18 * size.posterior_mm
            head = [side * 0.36 * size.width_mm, size.depth_mm / 2 + _HEAD_BEHIND_WALL_MM, height + 3.0]
            tip = [side * 0.2 * size.width_mm, -0.2 * size.depth_mm, height * 0.4]
            start, end = piece.to_patient(np.array([head, tip]))
            _paint_capsule(canvas, start, end, _SCREW_MM)
            _paint_capsule(canvas, start, start + (end - start) * 0.12, _HEAD_MM)
            heads.append(start)
        for upper, lower in pairwise(heads):
            _paint_capsule(canvas, upper, lower, _ROD_MM)


def _paint_capsule(canvas: Canvas, start: Array, end: Array, radius_mm: float) -> None:
    both = np.array([start, end])
    box = canvas.box(np.array([both.min(axis=0) - radius_mm, both.max(axis=0) + radius_mm]))
    if box is None:
        return
    x, y, z = (axis - offset for axis, offset in zip(canvas.axes(box), start.tolist(), strict=True))
    a, b, c = (end - start).tolist()
    u = np.clip((x * a + y * b + z * c) / (a * a + b * b + c * c), 0, 1)
    inside = (x - u * a) ** 2 + (y - u * b) ** 2 + (z - u * c) ** 2 < radius_mm**2
    canvas.tissue[box][inside] = Tissue.METAL
    canvas.mineral[box][inside] = 0
    canvas.oedema[box][inside] = 0
