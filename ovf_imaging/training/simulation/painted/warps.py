"""The deformations of one plane: a body that breaks, a Schmorl's node; exact forward, inverted by fixed point."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ovf_imaging.training.paint import Fracture, Warp
from ovf_imaging.training.simulation.painted.records import Collapse, Patch

Array = NDArray[np.float64]
_TOLERANCE_PX = 0.005
_ROUNDS = 60
_OPEN_FROM, _OPEN_OVER, _OPEN_BY = 0.15, 0.6, 2.0  # depths beyond a wall, over which, by so many gaps
_WHOLE = Fracture(front_loss=0.0, crush=0.0, superior_dent=0.0, inferior_dent=0.0)


class Deformation(Warp):
    """A warp that is inverted until it no longer moves."""

    def inverse(self, points: Array, rounds: int = _ROUNDS) -> Array:
        """Return where points (..., 2) of the deformed image come from."""
        source = points - self.displacement(points)
        for _ in range(rounds):
            moved = points - self.displacement(source)
            step = float(np.abs(moved - source).max(initial=0.0))
            source = moved
            if step < _TOLERANCE_PX:
                break
        return source


class Break(Deformation):
    """A collapse as one plane sees it: the hinge, and walls that give way to the front and into the canal.

    The hinge and the drop are the same in all planes, so that the spine above stays one piece; dents and walls fade
    to the lateral rims where the body does not give way through and through.
    """

    def __init__(self, body: Array, collapse: Collapse, aside: float = 0.0) -> None:
        """`body` holds the six landmarks (6, 2) before; `aside` is −1 and 1 at the lateral rims, 0 in the middle."""
        rim = 1.0 if collapse.through else float(np.cos(np.pi / 2 * min(abs(aside), 1.0)) ** 0.7)
        given = collapse.fracture
        crush = given.crush * max(0.0, 1 + collapse.lean * float(np.clip(aside, -1, 1)))
        super().__init__(
            body,
            replace(
                given, crush=crush, superior_dent=given.superior_dent * rim, inferior_dent=given.inferior_dent * rim
            ),
        )
        fade = float(np.cos(np.pi / 2 * min(abs(aside), 1.0)))
        self._lip = collapse.lip * rim * self.depth
        self._retropulsion = collapse.retropulsion * fade * self.depth

    def coordinates(self, points: Array) -> tuple[Array, Array, Array, Array]:
        """Return s, t and how far above and below, as `Warp`; the space between opens far from the body.

        There the soft tissues of the height of a neighbour, too, take part in the turn: it smears them the less.
        """
        s, t, above, below = super().coordinates(points)
        beyond = np.maximum(s - 1, -s) - _OPEN_FROM
        more = 0.5 * _OPEN_BY * _smooth(beyond / _OPEN_OVER)
        need = 1.5 * (self.angle * np.abs(s) * self.depth + self.drop)  # as in `Warp`: so that nothing folds
        gap = np.maximum(np.maximum(-(above + below), 0.35 * self.mid_height), need)
        opened = np.clip((more * gap - below) / ((1 + 2 * more) * gap), 0, 1)
        return s, np.where(beyond > 0, opened, t), above, below

    def displacement(self, points: Array) -> Array:
        """Return how far each point (..., 2) moves."""
        moved = super().displacement(points)
        if self._lip == 0 and self._retropulsion == 0:
            return moved
        s, t, _, _ = self.coordinates(points)
        # The front bulges most in its upper third, where the broken endplate's rim lies; the back as one piece.
        front = np.sin(np.pi * t**1.6) ** 2
        back = _smooth(np.minimum(t / 0.5, (1 - t) / 0.3))
        forwards = self._lip * front * _hump(s, 0.4, 1.0, 1.5) - self._retropulsion * back * _hump(s, -0.7, 0.0, 0.6)
        pushed: Array = moved + forwards[..., None] * self.u
        return pushed


class Pit(Deformation):
    """A Schmorl's node: the disc pressed into a narrow place of an endplate."""

    def __init__(self, body: Array, node: Patch) -> None:
        """`body` holds the six landmarks (6, 2) before."""
        super().__init__(body, _WHOLE)
        self._node = node

    def displacement(self, points: Array) -> Array:
        """Return how far each point (..., 2) moves."""
        s, _, above, below = self.coordinates(points)
        node = self._node
        across = np.clip(np.abs(s - node.s) / (node.length / 2), 0, 1)
        out = above if node.endplate == "superior" else below
        deep = node.height * self.mid_height
        # Outside it reaches into the disc, inside it presses the marrow together.
        along = np.clip(1 - np.where(out > 0, out / (1.6 * deep), -out / (2.6 * deep)), 0, 1)
        sign = -1.0 if node.endplate == "superior" else 1.0
        pressed: Array = sign * deep * np.cos(np.pi / 2 * across) ** 2 * along
        moved: Array = pressed[..., None] * self.v
        return moved


def _hump(x: Array, start: float, top: float, end: float) -> Array:
    """Return 0 outside (start, end), rising smoothly to 1 at `top`."""
    rising = np.where(x < top, (x - start) / (top - start), (end - x) / (end - top))
    return _smooth(rising)


def _smooth(x: Array) -> Array:
    """Return 0 below 0, 1 above 1, smooth between."""
    clipped = np.clip(x, 0, 1)
    return np.asarray(clipped**2 * (3 - 2 * clipped))
