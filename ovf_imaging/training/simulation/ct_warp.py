"""How a CT's spine is moved: one body broken by the hinge of training/paint.py, then all bodies turned on their discs.

Both act in sagittal planes, the same at every x, as maps of (z, y) points.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ovf_imaging.training.paint import Warp
from ovf_imaging.training.simulation.volume import Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Turn:
    """A rigid move in the sagittal plane: p → turn @ p + shift."""

    turn: Array  # (2, 2)
    shift: Array  # (2,)

    @classmethod
    def still(cls) -> Turn:
        """Return the move that leaves all as it is."""
        return cls(turn=np.eye(2), shift=np.zeros(2))

    def about(self, angle_deg: float, pivot: Array) -> Turn:
        """Return this move after a turn about a point by an angle, positive when heads go forward (kyphosis)."""
        a = np.radians(angle_deg)
        turn = np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]])
        return Turn(turn=self.turn @ turn, shift=self.turn @ (pivot - turn @ pivot) + self.shift)

    def forward(self, points: Array) -> Array:
        """Return moved points (..., 2)."""
        return np.asarray(points @ self.turn.T + self.shift)

    def inverse(self, points: Array) -> Array:
        """Return where moved points (..., 2) come from."""
        return np.asarray((points - self.shift) @ self.turn)


def bend(landmarks: Sequence[Array], angles_deg: Sequence[float]) -> list[Turn]:
    """Return the move of each body, head to foot, the lowest still; `angles_deg` turn each disc, N - 1 of them.

    `landmarks` are (6, 2) points (z, y) of the bodies before the bend.
    """
    turns = [Turn.still()]
    for upper, lower, angle in reversed(list(zip(landmarks[:-1], landmarks[1:], angles_deg, strict=True))):
        turns.append(turns[-1].about(angle, (upper[3:].mean(axis=0) + lower[:3].mean(axis=0)) / 2))
    return turns[::-1]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Movement:
    """Everything that is done to a CT; the truth and the picture follow from it."""

    breaks: tuple[Warp, ...]  # head to foot; each was laid out in the anatomy at rest
    turns: Mapping[int, Turn]  # level → its move, head to foot
    centres: Array  # (N, 2) the moved bodies' centres

    def forward(self, level: int, points: Array) -> Array:
        """Return where points (..., 2) of a vertebra go."""
        for warp in self.breaks:
            points = warp.forward(points)
        return self.turns[level].forward(points)

    def inverse(self, level: int, points: Array) -> Array:
        """Return where points (..., 2) come from if they belong to a vertebra."""
        return self._unbroken(self.turns[level].inverse(points))

    def inverse_between(self, points: Array) -> Array:
        """Return where points (..., 2) come from if they belong to no vertebra: a blend of their neighbours' moves."""
        place = np.interp(points[..., 0], self.centres[::-1, 0], np.arange(len(self.centres))[::-1])
        source = np.zeros(points.shape)
        for index, turn in enumerate(self.turns.values()):
            weight = np.clip(1 - np.abs(place - index), 0, None)
            source += weight[..., None] * turn.inverse(points)
        return self._unbroken(source)

    def _unbroken(self, points: Array) -> Array:
        for warp in reversed(self.breaks):
            points = warp.inverse(points)
        return points
