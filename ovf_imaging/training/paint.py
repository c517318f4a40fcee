"""Fractures painted into real anatomy: a smooth, invertible warp of one body, its neighbours carried along.

Everything above the superior endplate turns about its back corner; inside the body the turn grows from nothing at the
inferior endplate to the whole at the superior one; a drop along the body's axis adds crush; bumps dent either endplate.
The warp is exact on landmarks (`forward`) and inverted by fixed point for the image (`inverse`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
SA, SM, SP, IA, IM, IP = range(6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fracture:
    """How one body collapses, in parts of its own size."""

    front_loss: float  # extra loss of the anterior height, part of it
    crush: float  # loss at all three heights, part of the posterior height
    superior_dent: float  # depth of the bump into the superior endplate, part of the mid height
    inferior_dent: float
    dent_place: float = 0.5  # 0 = front, 1 = back
    sclerosis: float = 0.0  # brightness added under the superior endplate


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
    )


class Warp:
    """The warp of one fracture in the plane of (row, column) points."""

    def __init__(self, body: Array, fracture: Fracture) -> None:
        """`body` holds the six landmarks (6, 2) before the fracture."""
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
        self.drop = fracture.crush * self.back_height
        self.angle = float(np.arctan2(fracture.front_loss * self.front_height, self.depth))
        mid = (self.back_height + self.front_height) / 2
        self.dents = (fracture.superior_dent * mid, fracture.inferior_dent * mid)
        self.mid_height = mid

    def _line(self, back: Array, front: Array) -> tuple[float, float]:
        """Height above the origin's axis at s = 0 and its slope per depth."""
        s0, s1 = ((p - self.origin) @ self.u / self.depth for p in (back, front))
        y0, y1 = ((p - self.origin) @ self.v for p in (back, front))
        slope = (y1 - y0) / (s1 - s0)
        return float(y0 - slope * s0), float(slope)

    def coordinates(self, points: Array) -> tuple[Array, Array, Array, Array]:
        """Return s (0 back, 1 front), t (0 inferior, 1 superior endplate, clipped), and how far above and below."""
        rel = points - self.origin
        s = rel @ self.u / self.depth
        y = rel @ self.v
        low = self._inferior[0] + self._inferior[1] * s
        high = self._superior[0] + self._superior[1] * s
        gap = np.maximum(high - low, 0.35 * self.mid_height)
        # Off the body the endplate lines meet or part: open the gap there so that the image neither folds nor tears.
        need = 1.5 * (self.angle * np.abs(s) * self.depth + self.drop)
        gap = np.where((s < 0) | (s > 1), np.maximum(gap, need), gap)
        return s, np.clip((y - low) / gap, 0, 1), y - high, low - y

    def displacement(self, points: Array) -> Array:
        """Return how far each point (..., 2) moves."""
        s, t, above, below = self.coordinates(points)
        rel = points - self.pivot
        x, y = rel @ self.u, rel @ self.v
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        du = x * (cos - 1) + y * sin
        dv = -x * sin + y * (cos - 1) - self.drop
        peak = 1 - self.fracture.dent_place
        warped = np.where(s < peak, 0.5 * s / peak, 0.5 + 0.5 * (s - peak) / (1 - peak))
        bump = np.where((s > 0) & (s < 1), np.sin(np.pi * np.clip(warped, 0, 1)) ** 1.5, 0.0)
        fade = 0.6 * self.mid_height  # the disc takes up what the endplate gives way
        over = np.clip(1 - np.maximum(above, 0) / fade, 0, 1)
        under = np.clip(1 - np.maximum(below, 0) / fade, 0, 1)
        dent = -self.dents[0] * bump * t * over + self.dents[1] * bump * (1 - t) * under
        moved: Array = (t * du)[..., None] * self.u + (t * dv + dent)[..., None] * self.v
        return moved

    def forward(self, points: Array) -> Array:
        """Return where points (..., 2) of the healthy image lie in the fractured one."""
        return points + self.displacement(points)

    def inverse(self, points: Array, rounds: int = 14) -> Array:
        """Return where points (..., 2) of the fractured image come from, by fixed point."""
        source = points - self.displacement(points)
        for _ in range(rounds):
            source = points - self.displacement(source)
        return source

    def brightness(self, source: Array) -> Array:
        """Return the factor painted on each pixel, given its place (..., 2) in the healthy image: sclerosis."""
        if self.fracture.sclerosis == 0:
            return np.ones(source.shape[:-1])
        s, t, above, below = self.coordinates(source)
        inside = (s > 0) & (s < 1) & (below < 0) & (above < 0)
        band: Array = np.exp(-(((1 - t) / 0.2) ** 2))
        return np.where(inside, 1 + self.fracture.sclerosis * band, 1.0)
