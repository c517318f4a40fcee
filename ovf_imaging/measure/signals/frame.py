"""A body's own coordinates: depth from its front to its back, height from its superior to its inferior endplate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ovf_imaging.types import Landmark, Level, Reading, Vertebra

Array = NDArray[np.float64]
_REACH = 0.3  # depths beyond the walls over which an endplate's curve is followed; further out it runs level
_FLATTEST = 0.02  # heights under this part of the depth are no body


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BodyFrame:
    """Coordinates (s, t) of a body in its slice: s 0 in front, 1 at the back; t 0 and 1 on the endplates.

    The endplates are the parabolas through their three landmarks.
    """

    slice_index: int
    origin: Array  # (2,) row, column of the superior anterior corner
    back: Array  # (2,) unit vector
    down: Array  # (2,) unit vector square to it
    depth: float  # pixels
    superior: Array  # (3,) coefficients of 1, s, s²: pixels below the origin
    inferior: Array  # (3,)

    def position(self, s: Array, t: Array) -> Array:
        """Return the points (..., 2) as (row, column) at s and t."""
        top, bottom = self._endplates(s)
        low = top + t * (bottom - top)
        return np.asarray(self.origin + (s * self.depth)[..., None] * self.back + low[..., None] * self.down)

    def coordinates(self, points: Array) -> tuple[Array, Array]:
        """Return s and t of points (..., 2)."""
        rest = points - self.origin
        s = rest @ self.back / self.depth
        top, bottom = self._endplates(s)
        return s, (rest @ self.down - top) / (bottom - top)

    @property
    def height(self) -> float:
        """The pixels between the middles of the endplates."""
        top, bottom = self._endplates(np.array(0.5))
        return float(bottom - top)

    @property
    def area(self) -> float:
        """The pixels between the endplates, from the front to the back."""
        s = np.linspace(0, 1, 33)
        top, bottom = self._endplates(s)
        return float((bottom - top).mean()) * self.depth

    def _endplates(self, s: Array) -> tuple[Array, Array]:
        near = np.clip(s, -_REACH, 1 + _REACH)
        top, bottom = (c[0] + near * (c[1] + near * c[2]) for c in (self.superior, self.inferior))
        return top, np.maximum(bottom, top + _FLATTEST * self.depth)


@np.errstate(over="ignore", invalid="ignore")  # landmarks beyond all measure span no body
def body_frame(vertebra: Vertebra) -> BodyFrame | None:
    """Return the frame of a body's six landmarks; None where they span no body."""
    points = vertebra.landmarks[:, 1:]
    if not np.isfinite(vertebra.landmarks).all():
        return None
    upper, lower = points[:3], points[3:]  # front, middle, back
    back = (upper[2] + lower[2] - upper[0] - lower[0]) / 2
    depth = float(np.linalg.norm(back))
    tall = lower - upper
    if depth <= 0:
        return None
    back = back / depth
    down = np.array([-back[1], back[0]])
    down = down if down @ tall.sum(0) > 0 else -down
    if (tall @ down).min() < _FLATTEST * depth:
        return None
    origin = points[Landmark.SUPERIOR_ANTERIOR]
    curves = [_parabola((p - origin) @ back / depth, (p - origin) @ down) for p in (upper, lower)]
    if not np.isfinite(curves).all():
        return None
    return BodyFrame(
        slice_index=round(float(np.median(vertebra.landmarks[:, 0]))),
        origin=origin,
        back=back,
        down=down,
        depth=depth,
        superior=curves[0],
        inferior=curves[1],
    )


def framed_bodies(reading: Reading) -> list[tuple[Vertebra, BodyFrame]]:
    """Return each whole body but the sacrum whose landmarks span a body on one of the image's slices."""
    whole = (v for v in reading.vertebrae if v.complete and v.level != Level.S1)
    framed = ((v, frame) for v in whole if (frame := body_frame(v)))
    return [(v, frame) for v, frame in framed if 0 <= frame.slice_index < len(reading.image.pixels)]


def _parabola(x: Array, y: Array) -> Array:
    """Return the coefficients of 1, x, x² through three points, NaN where two lie above each other."""
    with np.errstate(divide="ignore", invalid="ignore"):
        first = (y[1] - y[0]) / (x[1] - x[0])
        second = ((y[2] - y[1]) / (x[2] - x[1]) - first) / (x[2] - x[0])
    return np.array([y[0] - first * x[0] + second * x[0] * x[1], first - second * (x[0] + x[1]), second])
