"""All deformations of one plane together: the same map carries landmarks forward and finds where a pixel came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ovf_imaging.training.paint import Warp, neighbours
from ovf_imaging.training.simulation.painted.column import Body, Column
from ovf_imaging.training.simulation.painted.records import BodyFindings
from ovf_imaging.training.simulation.painted.warps import Pit, seen_aside

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Deformed:
    """The deformations of one plane, the first one first, each with the level that it acts on."""

    steps: tuple[tuple[int, Warp], ...]

    def forward(self, points: Array) -> Array:
        """Return where points (..., 2) of the real image lie in the painted one."""
        for _, warp in self.steps:
            points = warp.forward(points)
        return points

    def inverse(self, points: Array) -> Array:
        """Return where points (..., 2) of the painted image come from."""
        for _, warp in reversed(self.steps):
            points = warp.inverse(points)
        return points


def deform(column: Column, plane: int, findings: Mapping[int, BodyFindings]) -> Deformed:
    """Return the deformations that the findings mean for one plane of a column."""
    deformed = Deformed(())
    for level, found in sorted(findings.items()):
        body = column.bodies[level]
        aside = body.aside(plane)
        if found.collapse is not None:
            marks = _with_neighbours(column, body, plane, deformed)
            warp = Warp(marks[0], seen_aside(found.collapse, aside), *marks[1:])
            deformed = Deformed((*deformed.steps, (level, warp)))
        for patch in found.patches:
            if patch.kind == "schmorl" and abs(aside) < patch.span:
                marks = _with_neighbours(column, body, plane, deformed)
                deformed = Deformed((*deformed.steps, (level, Pit(marks[0], patch, *marks[1:]))))
    return deformed


def _with_neighbours(
    column: Column, body: Body, plane: int, deformed: Deformed
) -> tuple[Array, Array | None, Array | None]:
    """Return the landmarks of a body, of the one above and of the one below, as deformed so far."""
    moved = (plane - body.plane) * body.drift
    known = column.planes[body.plane].landmarks
    above, below = (
        None if marks is None else deformed.forward(marks + moved) for marks in neighbours(body.level, known)
    )
    return deformed.forward(body.at(plane)), above, below
