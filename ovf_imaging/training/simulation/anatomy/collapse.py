"""How a body gives way and where a cleft gapes in it, as displacements in the body's own frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.floating]
_RIM = 1.5  # power of the dent's profile: a flat floor inside a rim
_CANAL_MM = 14.0  # behind the wall, over which retropulsion dies out
_RETROPULSION_WIDTH_MM = 10.0
_RETROPULSION_HEIGHT_MM = 7.0
_LIP_HEIGHT_MM = 2.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Collapse:
    """What a fracture takes from a body; zero everywhere is a body that is whole."""

    superior_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)  # how far the endplate sinks: front, middle, back
    inferior_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)  # how far it rises
    dent_place: float = 0.5  # 0 = front, 1 = back
    sideways: float = 0.0  # −1–1: more loss at the left rim and less at the right
    lip_mm: float = 0.0  # broken front edges beyond the anterior wall
    retropulsion_mm: float = 0.0
    retropulsion_superior: bool = True  # which corner of the wall


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleft:
    """A cleft in one position: a gap cut parallel to an endplate."""

    kind: str  # "gas", "fluid"
    outline: str  # "line", "semilune", "triangle"
    endplate: str  # "superior", "inferior"
    place: str  # "anterior", "central"
    thickness_mm: float  # fully open
    extent: tuple[float, float]  # part of the depth it spans: 0 = front, 1 = back
    below: float  # how far from its endplate it lies, part of the height
    lifts: float = 1.0  # part of the opening that lifts the endplate; the rest is bone gone below
    opening: float = 1.0  # in this position, 0–1

    def gap(self, s: Field, side: Field) -> Field:
        """Return how far the cleft gapes in millimetres; s is 0 in front and 1 at the back, `side` ±1 at the rims."""
        u = self._along(s)
        if self.place == "central":
            lens = np.sqrt(np.clip(1 - (2 * u - 1) ** 2, 0, 1))
            tent, line = np.clip(1 - np.abs(2 * u - 1), 0, 1), np.clip(5 * np.minimum(u, 1 - u), 0, 1)
        else:
            lens = np.sqrt(np.clip(1 - u**2, 0, 1))
            tent, line = np.clip(1 - u, 0, 1), np.clip(5 * (1 - u), 0, 1)
        profile = {"triangle": tent, "semilune": lens, "line": line}[self.outline]
        return np.asarray(self._open(side) * profile)

    def lift(self, s: Field, side: Field) -> Field:
        """Return how far the cleft lifts its endplate, nowhere more than it gapes; an anterior one is a hinge."""
        if self.place == "central":
            return self.lifts * self.gap(s, side)
        return np.asarray(self.lifts * self._open(side) * np.clip(1 - self._along(s), 0, 1))

    def _along(self, s: Field) -> Field:
        start, end = self.extent
        return (np.clip(s, 0, 1) - start) / (end - start)

    def _open(self, side: Field) -> Field:
        return np.asarray(self.opening * self.thickness_mm * np.sqrt(np.clip(1 - side**2, 0, 1)))


def sink(loss_mm: tuple[float, float, float], place: float, s: Field, side: Field) -> Field:
    """Return how far an endplate gives way: a hinge from back to front, and a dent that spares the rims."""
    front, middle, back = loss_mm
    if not any(loss_mm):
        return np.zeros_like(s)
    s = np.clip(s, 0, 1)
    bent = np.where(s < place, 0.5 * s / place, 0.5 + 0.5 * (s - place) / (1 - place))
    at_middle = _profile(0.5 * 0.5 / place if place > 0.5 else 0.5 + 0.5 * (0.5 - place) / (1 - place))
    dent = (middle - (front + back) / 2) / at_middle
    return front + (back - front) * s + dent * _profile(bent) * np.clip(1 - side**2, 0, 1)


def _profile(u: Field | float) -> Field:
    return np.asarray(np.clip(np.sin(np.pi * u), 0, 1) ** _RIM)


def pushed(collapse: Collapse, x: Field, z: Field, edges_mm: tuple[float, float, float]) -> tuple[Field, Field]:
    """Return how far front and posterior wall are pushed out at a height z.

    `edges_mm` are the heights of the superior front edge, the inferior front edge and the posterior corner at stake.
    """
    superior, inferior, corner = edges_mm
    front = np.zeros_like(z)
    for height, losses in ((superior, collapse.superior_mm), (inferior, collapse.inferior_mm)):
        if collapse.lip_mm and max(losses) > 0:
            front = front + collapse.lip_mm * np.exp(-(((z - height) / _LIP_HEIGHT_MM) ** 2))
    if not collapse.retropulsion_mm:
        return front, np.zeros_like(z)
    back = np.exp(-(((z - corner) / _RETROPULSION_HEIGHT_MM) ** 2) - (x / _RETROPULSION_WIDTH_MM) ** 2)
    return front, collapse.retropulsion_mm * back


def push(y: Field, front: Field, back: Field, half_depth_mm: float) -> Field:
    """Return y with the front moved forward by `front` and the wall backward by `back`; the middle stays."""
    canal = np.clip(1 - (y - half_depth_mm) / _CANAL_MM, 0, 1)
    behind = np.where(y < half_depth_mm, y / half_depth_mm, canal)
    return np.asarray(y - front * np.clip(-y / half_depth_mm, 0, 1) + back * np.where(y > 0, behind, 0))


def unpush(y: Field, front: Field, back: Field, half_depth_mm: float) -> Field:
    """Return the inverse of `push`, exact because it is linear piece by piece."""
    d = half_depth_mm
    ahead = np.where(y > -d - front, y * d / (d + front), y + front)
    wall = y * d / (d + back)
    canal = d + (y - d - back) * _CANAL_MM / (_CANAL_MM - back)
    behind = np.where(y < d + back, wall, np.where(y < d + _CANAL_MM, canal, y))
    return np.where(y < 0, ahead, behind)
