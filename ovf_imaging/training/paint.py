"""Fractures painted into real anatomy: a smooth, invertible warp of one body, its neighbours carried along.

Everything above the superior endplate turns about its back corner; inside the body the turn grows from nothing at the
inferior endplate to the whole at the superior one; a drop along the body's axis adds crush; bumps dent either endplate
and are taken up by the disc alone; the front bulges and the posterior wall is pushed into the canal. The warp is exact
on landmarks (`forward`) and inverted by fixed point for the image (`inverse`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ovf_imaging.types import Level

Array = NDArray[np.float64]
SA, SM, SP, IA, IM, IP = range(6)
_TOLERANCE_PX = 0.005
_ROUNDS = 80
MOST_STRETCH = 1.8  # dent, heights of the disc that takes it up
_USUAL_DISC = 0.3  # heights of the body, where no neighbour is known
_OF_DISC = 0.9  # of the disc where it is lowest
_OPEN_FROM, _OPEN_OVER, _OPEN_BY = 0.15, 0.6, 2.0  # depths beyond a wall, over which, by so many gaps


@dataclass(frozen=True, slots=True, kw_only=True)
class Fracture:
    """How one body collapses in a sagittal plane, in parts of its own size."""

    front_loss: float  # extra loss of the anterior height, part of it
    crush: float  # loss at all three heights, part of the posterior height
    superior_dent: float  # depth of the bump into the superior endplate, part of the mid height
    inferior_dent: float
    dent_place: float = 0.5  # 0 = front, 1 = back
    sclerosis: float = 0.0  # brightness added under the superior endplate
    lip: float = 0.0  # front wall pushed forward, depths
    retropulsion: float = 0.0  # posterior wall pushed into the canal, depths
    slip: float = 0.0  # what lies above slid forward on the body, depths


def draw_fracture(rng: np.random.Generator) -> Fracture:
    """Return a fracture drawn at random: wedge, crush, dents and mixtures, mild to severe."""
    kind = rng.choice(["wedge", "crush", "dent", "mixed"], p=[0.35, 0.15, 0.25, 0.25])
    wedge = rng.uniform(0.08, 0.55) if kind in ("wedge", "mixed") else 0.0
    crush = rng.uniform(0.08, 0.5) if kind == "crush" else rng.uniform(0.0, 0.2) if kind == "mixed" else 0.0
    dents = rng.uniform(0.05, 0.4, 2) if kind == "dent" else rng.uniform(0.0, 0.15, 2)
    which = rng.random()
    total = wedge + crush
    scale = min(1.0, 0.62 / total) if total > 0 else 1.0
    return Fracture(
        front_loss=wedge * scale,
        crush=crush * scale,
        superior_dent=float(dents[0]) if which < 0.75 else 0.0,
        inferior_dent=float(dents[1]) if which > 0.5 else 0.0,
        dent_place=float(rng.uniform(0.35, 0.65)),
        sclerosis=float(rng.uniform(-0.05, 0.25)) if rng.random() < 0.6 else 0.0,
        lip=float(rng.uniform(0.0, 0.16)) * total * scale,
    )


def neighbours(level: int, known: Mapping[int, Array]) -> tuple[Array | None, Array | None]:
    """Return the landmarks of the bodies above and below a level; S1 lies below L5 where there is no L6."""
    below = known.get(level + 1)
    if below is None and level == Level.L5:
        below = known.get(Level.S1)
    return known.get(level - 1), below


class Warp:
    """The warp of one fracture in the plane of (row, column) points."""

    def __init__(self, body: Array, fracture: Fracture, above: Array | None = None, below: Array | None = None) -> None:
        """`body` and, where they are known, the neighbours hold six landmarks (6, 2) before the fracture."""
        self.fracture = fracture
        back = (body[SP] + body[IP]) / 2
        front = (body[SA] + body[IA]) / 2
        self.depth = float(np.linalg.norm(front - back))
        self.u = (front - back) / self.depth
        v = np.array([-self.u[1], self.u[0]])
        up = (body[SA] + body[SP] - body[IA] - body[IP]) / 2
        self.v = v if v @ up > 0 else -v
        self.origin = body[IP]
        self.pivot = body[SP]
        self._inferior = self._line(body[IP], body[IA])
        self._superior = self._line(body[SP], body[SA])
        self.back_height = float((body[SP] - body[IP]) @ self.v)
        self.front_height = float((body[SA] - body[IA]) @ self.v)
        self.mid_height = (self.back_height + self.front_height) / 2
        self.drop = fracture.crush * self.back_height
        self.angle = float(np.arctan2(fracture.front_loss * self.front_height, self.depth))
        # Of the discs, so that an endplate gives way without the neighbour's.
        self.rooms = self._room(above, slice(3, 6), 2), self._room(below, slice(0, 3), 3)
        wanted = self.mid_height * np.array([fracture.superior_dent, fracture.inferior_dent])
        self.dents = np.minimum(wanted, MOST_STRETCH * np.array(self.rooms))
        self.stretch = float((self.dents / self.rooms).max())  # of a disc by a dent: how much longer it gets

    def _line(self, back: Array, front: Array) -> tuple[float, float]:
        """Height above the origin's axis at s = 0 and its slope per depth."""
        s0, s1 = ((p - self.origin) @ self.u / self.depth for p in (back, front))
        y0, y1 = ((p - self.origin) @ self.v for p in (back, front))
        slope = (y1 - y0) / (s1 - s0)
        return float(y0 - slope * s0), float(slope)

    def _room(self, neighbour: Array | None, endplate: slice, outwards: int) -> float:
        """Return how much of the disc on one side may give way, in pixels."""
        room = _USUAL_DISC * self.mid_height
        if neighbour is not None and np.isfinite(neighbour[endplate]).any():
            room = float(np.nanmin(self.coordinates(neighbour[endplate])[outwards]))
        return max(_OF_DISC * room, 1.0)

    def coordinates(self, points: Array) -> tuple[Array, Array, Array, Array]:
        """Return s (0 back, 1 front), t (0 inferior, 1 superior endplate, clipped), and how far above and below.

        Off the body the endplate lines meet or part. The space between opens there so that the image neither folds nor
        tears, and far from the body so that the soft tissues of the height of a neighbour, too, take part in the turn.
        """
        rel = points - self.origin
        s = rel @ self.u / self.depth
        y = rel @ self.v
        low = self._inferior[0] + self._inferior[1] * s
        high = self._superior[0] + self._superior[1] * s
        need = 1.5 * (self.angle * np.abs(s) * self.depth + self.drop)
        gap = np.maximum(high - low, 0.35 * self.mid_height)
        beyond = np.maximum(s - 1, -s)
        gap = gap + np.maximum(need - gap, 0) * smooth(beyond / _OPEN_FROM)
        more = 0.5 * _OPEN_BY * smooth((beyond - _OPEN_FROM) / _OPEN_OVER)
        return s, np.clip((y - low + more * gap) / ((1 + 2 * more) * gap), 0, 1), y - high, low - y

    def displacement(self, points: Array) -> Array:
        """Return how far each point (..., 2) moves."""
        s, t, above, below = self.coordinates(points)
        rel = points - self.pivot
        x, y = rel @ self.u, rel @ self.v
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        forwards = t * (x * (cos - 1) + y * sin) + self._pushed(s, t, above)
        upwards = t * (-x * sin + y * (cos - 1) - self.drop) + self._dented(s, t, above, below)
        moved: Array = forwards[..., None] * self.u + upwards[..., None] * self.v
        return moved

    def _dented(self, s: Array, t: Array, above: Array, below: Array) -> Array:
        """Return how far the dents move points up; deepest at their place, nothing at the walls and the neighbours."""
        if not self.dents.any():
            return np.zeros_like(s)
        peak = 1 - self.fracture.dent_place
        across = np.where(s < peak, s / peak, (1 - s) / (1 - peak)) / 2
        bump = np.sin(np.pi * np.clip(across, 0, 0.5)) ** 1.3
        over, under = (np.clip(1 - out / room, 0, 1) for out, room in zip((above, below), self.rooms, strict=True))
        up: Array = bump * (self.dents[1] * (1 - t) * under - self.dents[0] * t * over)
        return up

    def _pushed(self, s: Array, t: Array, above: Array) -> Array:
        """Return how far the walls are pushed forward, and with them what slipped, through the disc."""
        given = self.fracture
        pushed: Array = np.zeros_like(s)
        if given.lip:
            # The front bulges most in its upper third, where the broken endplate's rim lies; the back as one piece.
            pushed += given.lip * self.depth * np.sin(np.pi * t**1.6) ** 2 * _hump(s, 0.4, 1.0, 1.5)
        if given.retropulsion:
            back = smooth(np.minimum(t / 0.5, (1 - t) / 0.3))
            pushed -= given.retropulsion * self.depth * back * _hump(s, -0.7, 0.0, 0.6)
        if given.slip:
            pushed += given.slip * self.depth * np.clip(above / self.rooms[0], 0, 1)
        return pushed

    def forward(self, points: Array) -> Array:
        """Return where points (..., 2) of the healthy image lie in the fractured one."""
        return points + self.displacement(points)

    def inverse(self, points: Array) -> Array:
        """Return where points (..., 2) of the fractured image come from, by a fixed point until it no longer moves."""
        # Damped so far that a stretched disc converges as fast as a body pressed to two fifths.
        damping = min(1.0, 2 / (1.6 + self.stretch))
        target = points.reshape(-1, 2)
        source = target - self.displacement(target)
        moving = np.arange(len(target))
        for _ in range(_ROUNDS):
            off = target[moving] - source[moving] - self.displacement(source[moving])
            source[moving] += damping * off
            moving = moving[np.abs(off).max(1) > _TOLERANCE_PX]
            if moving.size == 0:
                break
        return source.reshape(points.shape)

    def brightness(self, source: Array) -> Array:
        """Return the factor painted on each pixel, given its place (..., 2) in the healthy image: sclerosis."""
        if self.fracture.sclerosis == 0:
            return np.ones(source.shape[:-1])
        s, t, above, below = self.coordinates(source)
        inside = (s > 0) & (s < 1) & (below < 0) & (above < 0)
        band: Array = np.exp(-(((1 - t) / 0.2) ** 2))
        return np.where(inside, 1 + self.fracture.sclerosis * band, 1.0)


def _hump(x: Array, start: float, top: float, end: float) -> Array:
    """Return 0 outside (start, end), rising smoothly to 1 at `top`."""
    rising = np.where(x < top, (x - start) / (top - start), (end - x) / (end - top))
    return smooth(rising)


def smooth(x: Array) -> Array:
    """Return 0 below 0, 1 above 1, smooth between."""
    clipped = np.clip(x, 0, 1)
    return np.asarray(clipped**2 * (3 - 2 * clipped))
