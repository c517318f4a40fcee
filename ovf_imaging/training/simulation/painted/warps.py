"""The deformations of one plane: a body that breaks, a Schmorl's node."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ovf_imaging.training.paint import MOST_STRETCH, Fracture, Warp
from ovf_imaging.training.simulation.painted.records import Collapse, Patch

Array = NDArray[np.float64]
_WHOLE = Fracture(front_loss=0.0, crush=0.0, superior_dent=0.0, inferior_dent=0.0)


def seen_aside(collapse: Collapse, aside: float) -> Fracture:
    """Return a collapse as a plane sees it; `aside` is −1 and 1 at the lateral rims, 0 in the middle.

    The hinge, the drop and the slip are the same in all planes, so that the spine above stays one piece; dents and
    walls fade to the lateral rims where the body does not give way through and through.
    """
    given = collapse.fracture
    fade = float(np.cos(np.pi / 2 * min(abs(aside), 1.0)))
    rim = 1.0 if collapse.through else fade**0.7
    return replace(
        given,
        crush=given.crush * max(0.0, 1 + collapse.lean * float(np.clip(aside, -1, 1))),
        superior_dent=rim * given.superior_dent,
        inferior_dent=rim * given.inferior_dent,
        lip=rim * given.lip,
        retropulsion=fade * given.retropulsion,
    )


class Pit(Warp):
    """A Schmorl's node: the disc pressed into a narrow place of an endplate."""

    def __init__(self, body: Array, node: Patch, above: Array | None = None, below: Array | None = None) -> None:
        """Landmarks as in Warp."""
        super().__init__(body, _WHOLE, above, below)
        self._node = node
        self.room = self.rooms[0 if node.endplate == "superior" else 1]
        self.deep = min(node.height * self.mid_height, MOST_STRETCH * self.room)
        self.stretch = self.deep / self.room

    def displacement(self, points: Array) -> Array:
        """Return how far each point (..., 2) moves."""
        s, _, above, below = self.coordinates(points)
        superior = self._node.endplate == "superior"
        across = np.clip(np.abs(s - self._node.s) / (self._node.length / 2), 0, 1)
        out = above if superior else below
        # Outside the disc is drawn in, inside the marrow is pressed together.
        along = np.clip(1 - np.where(out > 0, out / self.room, -out / (2.6 * self.deep)), 0, 1)
        pressed = (-1.0 if superior else 1.0) * self.deep * np.cos(np.pi / 2 * across) ** 2 * along
        moved: Array = pressed[..., None] * self.v
        return moved
