"""Soft tissue around the spine, drawn in horizontal planes about the line of the posterior walls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ovf_imaging.training.simulation.anatomy.collapse import Field
from ovf_imaging.training.simulation.anatomy.paint.canvas import Canvas
from ovf_imaging.training.simulation.anatomy.person import Person
from ovf_imaging.training.simulation.anatomy.piece import Piece
from ovf_imaging.training.simulation.volume import Tissue
from ovf_imaging.types import level_order

Span = tuple[Field | float, Field | float]
Oval = tuple[Field, Field]  # (X, 1, Z) and (1, Y, Z); inside where their sum is below 1
_NEVER = 9.0
_SACRUM = ((30.0, 22.0), (80.0, 50.0), (130.0, 60.0))  # mm below and behind the S1 wall: the line goes on
_CAVA_ENDS = 15.0  # in the heart
_DIAPHRAGM = 18.3  # order of the level behind the dome
_FORK = 23.2  # where aorta and vena cava divide: L4


@dataclass(frozen=True, kw_only=True, eq=False)
class _Planes:
    """The grid's planes seen from the spine."""

    x: Field  # (X, 1, Z) mm left of the middle of the posterior walls
    y: Field  # (1, Y, Z) mm behind them
    depth: Field  # (1, 1, Z) of the bodies
    order: Field  # (1, 1, Z) level_order


def paint_background(canvas: Canvas, pieces: Sequence[Piece], person: Person) -> None:
    """Paint everything but the spine itself."""
    at = _planes(canvas, pieces)
    tissue = canvas.tissue
    lumbar = np.clip((at.order - 17) / 4, 0, 1)
    behind = 42.0 + person.back_fat_mm * (0.5 + 0.5 * lumbar)
    front = at.depth + person.belly_mm
    centre, half = (behind - front) / 2, (behind + front) / 2
    fat = person.back_fat_mm
    _fill(tissue, _oval(at, (0, 165 + 0.25 * person.belly_mm), (centre, half), 2.6), Tissue.FAT)
    _fill(tissue, _oval(at, (0, 140.0), (centre - fat * 0.35, half - 6 - fat * 0.65), 2.6), Tissue.MUSCLE)
    middle = -(at.depth * 0.6) - person.belly_mm / 2 + 4
    cavity = _oval(at, (0, 122.0), (middle, person.belly_mm / 2 + 4), 2.4)
    _fill(tissue, cavity, Tissue.FAT)
    _paint_organs(tissue, at, cavity, person.seed)
    _paint_chest(tissue, at, cavity)
    _paint_muscles(tissue, at)
    _paint_vessels(tissue, at)


def _planes(canvas: Canvas, pieces: Sequence[Piece]) -> _Planes:
    x, y, z = canvas.axes((slice(None), slice(None), slice(None)))
    walls = [p.to_patient(np.array([0.0, p.form.half_depth_mm, 0.0])) for p in pieces]
    walls += [walls[-1] + (0.0, behind, -below) for below, behind in _SACRUM]
    depths = [p.form.size.depth_mm for p in pieces]
    orders = [level_order(p.level) for p in pieces]
    depths += [depths[-1]] * len(_SACRUM)
    orders += [orders[-1] + 1 + k for k in range(len(_SACRUM))]
    line = np.column_stack([np.array(walls), depths, orders])
    line = line[np.argsort(line[:, 2])]
    sx, sy, depth, order = (
        np.interp(z.ravel(), line[:, 2], line[:, column]).astype(np.float32)[None, None, :] for column in (0, 1, 3, 4)
    )
    return _Planes(x=x - sx, y=y - sy, depth=depth, order=order)


def _oval(at: _Planes, across: Span, along: Span, power: float = 2.0) -> Oval:
    """Return a superellipse given by (centre, half axis) across and front to back."""
    return np.abs((at.x - across[0]) / across[1]) ** power, np.abs((at.y - along[0]) / along[1]) ** power


def _fill(tissue: NDArray[np.uint8], oval: Oval, label: Tissue, *, over: Tissue | None = None) -> None:
    """Fill the places where an oval's two parts sum to less than 1, looking only where they can."""
    a, b = oval
    a, b = np.broadcast_to(a, (*a.shape[:2], tissue.shape[2])), np.broadcast_to(b, (1, b.shape[1], tissue.shape[2]))
    spans = [np.flatnonzero((a < 1).any(axis=(1, 2))), np.flatnonzero((b < 1).any(axis=(0, 2)))]
    spans.append(np.flatnonzero((a < 1).any(axis=(0, 1)) & (b < 1).any(axis=(0, 1))))
    if not all(len(span) for span in spans):
        return
    i, j, k = (slice(span[0], span[-1] + 1) for span in spans)
    inside = a[i, :, k] + b[:, j, k] < 1
    region = tissue[i, j, k]
    if over is not None:
        inside &= region == over
    region[inside] = label


def _paint_organs(tissue: NDArray[np.uint8], at: _Planes, cavity: Oval, seed: int) -> None:
    """Fill the belly with lumps of a few centimetres and leave fat between them."""
    waves = np.random.default_rng(seed).uniform(0, 2 * np.pi, 6)
    z = at.order * 9.0
    a = np.sin(at.x / 11 + waves[0] + 1.5 * np.sin(z / 5 + waves[1])) + 0.6 * np.sin(at.x / 5 + z / 3 + waves[2])
    b = np.sin(at.y / 12 + waves[3] + 1.5 * np.sin(z / 6 + waves[4])) + 0.6 * np.sin(at.y / 6 - z / 4 + waves[5])
    a = np.where(cavity[0] < 1, a, -_NEVER)
    b = np.where(cavity[1] < 1, b, -_NEVER)
    _fill(tissue, (0.5 - a, 0.4 - b), Tissue.ORGAN, over=Tissue.FAT)


def _paint_chest(tissue: NDArray[np.uint8], at: _Planes, cavity: Oval) -> None:
    below = np.where(at.order < _DIAPHRAGM, 0.0, _NEVER).astype(np.float32)
    _fill(tissue, (cavity[0] + below, cavity[1]), Tissue.ORGAN)
    for side in (-1, 1):
        lung = _oval(at, (side * 72, 52.0), (-42.0, 72.0), 2.2)
        _fill(tissue, (lung[0] + below, lung[1]), Tissue.LUNG)


def _paint_muscles(tissue: NDArray[np.uint8], at: _Planes) -> None:
    lumbar = np.clip((at.order - 19) / 3, 0, 1)
    _fill(tissue, _oval(at, (0, 27.0), (-at.depth / 2 - 4, at.depth / 2 + 6), 4.0), Tissue.FAT)
    for side in (-1, 1):
        _fill(tissue, _oval(at, (side * 29, 30.0), (30.0 + 4 * lumbar, 15.0 + 7 * lumbar), 2.6), Tissue.MUSCLE)
        psoas = _oval(at, (side * 38, 19.0), (-at.depth * 0.45, np.where(lumbar > 0, 5.0 + 14 * lumbar, 0.01)))
        _fill(tissue, psoas, Tissue.MUSCLE)


def _paint_vessels(tissue: NDArray[np.uint8], at: _Planes) -> None:
    """Paint aorta and vena cava in front of the bodies, divided and running sideways below L4."""
    apart = np.clip(at.order - _FORK, 0, 3) * 16.0
    chest = np.clip((_DIAPHRAGM - at.order) / 5, 0, 1)
    for side, offset, radius, rise, chest_out, chest_back in ((1, 9, 9.5, 12, 10, 12), (-1, 13, 10.5, 13, 0, -40)):
        size = np.where(at.order > _FORK, radius * 0.6, radius)
        if side < 0:
            size = np.where(at.order > _CAVA_ENDS, size, 0.01)
        across = side * (offset + apart) + chest_out * chest
        _fill(tissue, _oval(at, (across, size), (-at.depth - rise + chest_back * chest, size)), Tissue.VESSEL)
