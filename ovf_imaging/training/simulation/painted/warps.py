"""The deformations of one plane: a body that breaks, a Schmorl's node; exact forward, inverted by fixed point."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ovf_imaging.training.paint import Fracture, Warp
from ovf_imaging.training.simulation.painted.records import Collapse, Patch

Array = NDArray[np.float64]
_TOLERANCE_PX = 0.005
_ROUNDS = 80
_MOST_STRETCH = 1.8  # dent, heights of the disc that takes it up
_USUAL_DISC = 0.3  # heights of the body, where no neighbour is known
_OF_DISC = 0.9  # of the disc where it is lowest
_OPEN_FROM, _OPEN_OVER, _OPEN_BY = 0.15, 0.6, 2.0  # depths beyond a wall, over which, by so many gaps
_WHOLE = Fracture(front_loss=0.0, crush=0.0, superior_dent=0.0, inferior_dent=0.0)


class Deformation(Warp):
    """A warp that knows its body's neighbours, inverted by a damped fixed point until it no longer moves."""

    def __init__(self, body: Array, fracture: Fracture, above: Array | None = None, below: Array | None = None) -> None:
        """`body` and, where they are known, the neighbours hold six landmarks (6, 2) before the deformation."""
        super().__init__(body, fracture)
        usual = _USUAL_DISC * self.mid_height
        rooms = [usual, usual]
        if above is not None:
            rooms[0] = float(np.nanmin(self.coordinates(above[3:])[2]))
        if below is not None:
            rooms[1] = float(np.nanmin(self.coordinates(below[:3])[3]))
        self._stretch = 0.0  # of a disc by a dent: how much longer it gets
        # Of the discs, so that an endplate gives way without the neighbour's.
        self._rooms = (max(_OF_DISC * rooms[0], 1.0), max(_OF_DISC * rooms[1], 1.0))

    def inverse(self, points: Array, rounds: int = _ROUNDS) -> Array:
        """Return where points (..., 2) of the deformed image come from."""
        # Damped so far that a stretched disc converges as fast as a body pressed to two fifths.
        damping = min(1.0, 2 / (1.6 + self._stretch))
        target = points.reshape(-1, 2)
        source = target - self.displacement(target)
        moving = np.arange(len(target))
        for _ in range(rounds):
            off = target[moving] - source[moving] - self.displacement(source[moving])
            source[moving] += damping * off
            moving = moving[np.abs(off).max(1) > _TOLERANCE_PX]
            if moving.size == 0:
                break
        return source.reshape(points.shape)


class Break(Deformation):
    """A collapse as one plane sees it: the hinge, endplates dented into the body, walls that give way.

    The hinge and the drop are the same in all planes, so that the spine above stays one piece; dents and walls fade
    to the lateral rims where the body does not give way through and through. The discs take up the dents.
    """

    def __init__(
        self,
        body: Array,
        collapse: Collapse,
        aside: float = 0.0,
        above: Array | None = None,
        below: Array | None = None,
    ) -> None:
        """`aside` is −1 and 1 at the lateral rims, 0 in the middle; landmarks as in Deformation."""
        given = collapse.fracture
        crush = given.crush * max(0.0, 1 + collapse.lean * float(np.clip(aside, -1, 1)))
        super().__init__(body, replace(given, crush=crush, superior_dent=0.0, inferior_dent=0.0), above, below)
        fade = float(np.cos(np.pi / 2 * min(abs(aside), 1.0)))
        rim = 1.0 if collapse.through else fade**0.7
        dents = rim * self.mid_height * np.array([given.superior_dent, given.inferior_dent])
        self._dents = np.minimum(dents, _MOST_STRETCH * np.array(self._rooms))
        self._stretch = float((self._dents / self._rooms).max())
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
        s, t, above, below = self.coordinates(points)
        moved: Array = super().displacement(points) + self._dented(s, t, above, below)[..., None] * self.v
        if self._lip == 0 and self._retropulsion == 0:
            return moved
        # The front bulges most in its upper third, where the broken endplate's rim lies; the back as one piece.
        front = np.sin(np.pi * t**1.6) ** 2
        back = _smooth(np.minimum(t / 0.5, (1 - t) / 0.3))
        forwards = self._lip * front * _hump(s, 0.4, 1.0, 1.5) - self._retropulsion * back * _hump(s, -0.7, 0.0, 0.6)
        pushed: Array = moved + forwards[..., None] * self.u
        return pushed

    def _dented(self, s: Array, t: Array, above: Array, below: Array) -> Array:
        """Return how far the dents move points up; deepest at their place, nothing at the walls and the neighbours."""
        peak = 1 - self.fracture.dent_place
        across = np.where(s < peak, s / peak, (1 - s) / (1 - peak)) / 2
        bump = np.sin(np.pi * np.clip(across, 0, 0.5)) ** 1.3
        over, under = (np.clip(1 - out / room, 0, 1) for out, room in zip((above, below), self._rooms, strict=True))
        up: Array = bump * (self._dents[1] * (1 - t) * under - self._dents[0] * t * over)
        return up


class Pit(Deformation):
    """A Schmorl's node: the disc pressed into a narrow place of an endplate."""

    def __init__(self, body: Array, node: Patch, above: Array | None = None, below: Array | None = None) -> None:
        """Landmarks as in Deformation."""
        super().__init__(body, _WHOLE, above, below)
        self._node = node
        self._room = self._rooms[0 if node.endplate == "superior" else 1]
        self._deep = min(node.height * self.mid_height, _MOST_STRETCH * self._room)
        self._stretch = self._deep / self._room

    def displacement(self, points: Array) -> Array:
        """Return how far each point (..., 2) moves."""
        s, _, above, below = self.coordinates(points)
        superior = self._node.endplate == "superior"
        across = np.clip(np.abs(s - self._node.s) / (self._node.length / 2), 0, 1)
        out = above if superior else below
        # Outside the disc is drawn in, inside the marrow is pressed together.
        along = np.clip(1 - np.where(out > 0, out / self._room, -out / (2.6 * self._deep)), 0, 1)
        pressed = (-1.0 if superior else 1.0) * self._deep * np.cos(np.pi / 2 * across) ** 2 * along
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
