"""A body's own coordinates: depth from its back to its front, height from its inferior to its superior endplate."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ovf_imaging.types import Landmark

Array = NDArray[np.float64]
_REACH = 0.3  # depths beyond the walls over which an endplate's curve is followed; further out it runs level


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """Coordinates (s, t) of a body in its plane: s 0 at the back, 1 at the front; t 0 and 1 on the endplates.

    The endplates are the parabolas through their three landmarks.
    """

    origin: Array  # (2,) row, column of the inferior posterior corner
    front: Array  # (2,) unit vector
    up: Array  # (2,) unit vector square to it
    depth: float  # pixels
    inferior: Array  # (3,) polynomial in s: pixels above the origin
    superior: Array  # (3,)

    def coordinates(self, points: Array) -> tuple[Array, Array]:
        """Return s and t of points (..., 2)."""
        rel = points - self.origin
        s = rel @ self.front / self.depth
        low, high = self._endplates(s)
        return s, (rel @ self.up - low) / (high - low)

    def position(self, s: Array, t: Array) -> Array:
        """Return the points (..., 2) at s and t."""
        low, high = self._endplates(s)
        y = low + t * (high - low)
        return self.origin + (s * self.depth)[..., None] * self.front + y[..., None] * self.up

    def height(self, s: Array) -> Array:
        """Return the pixels between the endplates at s."""
        low, high = self._endplates(s)
        return high - low

    def shifted(self, offset: Array) -> Frame:
        """Return the same frame elsewhere."""
        return replace(self, origin=self.origin + offset)

    def _endplates(self, s: Array) -> tuple[Array, Array]:
        near = np.clip(s, -_REACH, 1 + _REACH)
        low: Array = np.asarray(np.polyval(self.inferior, near), dtype=np.float64)
        high: Array = np.asarray(np.polyval(self.superior, near), dtype=np.float64)
        return low, np.maximum(high, low + 0.1 * self.depth)


def frame_of(body: Array) -> Frame:
    """Return the frame of six landmarks (6, 2), rows named by types.Landmark."""
    upper, lower = body[:3], body[3:]  # front, middle, back
    front = (upper[0] + lower[0] - upper[2] - lower[2]) / 2
    depth = float(np.linalg.norm(front))
    front = front / depth
    up = np.array([-front[1], front[0]])
    up = up if up @ (upper - lower).mean(0) > 0 else -up
    origin = body[Landmark.INFERIOR_POSTERIOR]

    def curve(points: Array) -> Array:
        rel = points - origin
        return np.asarray(np.polyfit(rel @ front / depth, rel @ up, 2))

    return Frame(origin=origin, front=front, up=up, depth=depth, inferior=curve(lower), superior=curve(upper))


def disc_frame(above: Array, below: Array) -> Frame:
    """Return the frame of the disc between two bodies (6, 2)."""
    return frame_of(np.concatenate([above[3:], below[:3]]))
