"""The shape of one body in a plane: its pose, its outline, the upright crop around it. Points are (row, column)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
CROP_PX = 128
CROP_DEPTHS = 2.1  # side of a body's crop in body depths


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pose:
    """Where a body lies: its centre, unit directions to its head and front side, its depth in pixels."""

    centre: Array  # (2,)
    up: Array  # (2,)
    front: Array  # (2,), square to up
    depth: float

    def moved(self, *, up: float = 0.0, front: float = 0.0, turn_rad: float = 0.0, scale: float = 1.0) -> Pose:
        """Return the pose shifted by parts of its depth, turned and scaled."""
        centre = self.centre + (self.up * up + self.front * front) * self.depth
        cos, sin = np.cos(turn_rad), np.sin(turn_rad)
        return Pose(
            centre=centre,
            up=self.up * cos + self.front * sin,
            front=self.front * cos - self.up * sin,
            depth=self.depth * scale,
        )

    def crop_matrix(self) -> Array:
        """Return (2, 2): image = matrix @ (crop pixel − middle) + centre, for the upright crop of CROP_PX."""
        return np.asarray(np.stack([-self.up, -self.front], -1) * (CROP_DEPTHS * self.depth / CROP_PX))


def body_pose(body: Array) -> Pose:
    """Return the pose of a body's six landmarks (6, 2)."""
    front = (body[0] + body[3] - body[2] - body[5]) / 2
    depth = max(float(np.linalg.norm(front)), 1e-6)
    front = front / depth
    up = body[0] + body[2] - body[3] - body[5]
    up = up - front * (up @ front)
    length = float(np.linalg.norm(up))
    up = up / length if length > 1e-6 else np.array([-front[1], front[0]])
    return Pose(centre=body[[0, 2, 3, 5]].mean(0), up=up, front=front, depth=depth)


def up_of(body: Array) -> Array:
    """Return the unit direction from a body's inferior to its superior endplate, six landmarks (6, 2)."""
    up = body[:3].mean(0) - body[3:].mean(0)
    return np.asarray(up / np.linalg.norm(up))


def outline(body: Array) -> Array:
    """Return the polygon through six landmarks (K, 2), each endplate a smooth arc through its middle."""
    t = np.linspace(0, 1, 7)[:, None]

    def arc(a: Array, m: Array, b: Array) -> Array:
        control = 2 * m - (a + b) / 2
        return np.asarray((1 - t) ** 2 * a + 2 * t * (1 - t) * control + t**2 * b)

    return np.concatenate([arc(body[0], body[1], body[2]), arc(body[5], body[4], body[3])])
