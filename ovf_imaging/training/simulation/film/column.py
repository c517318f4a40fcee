"""The line of the vertebral bodies, from which the rest of the trunk is laid out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ovf_imaging.training.simulation.volume import Array, BodyTruth, PatientTruth
from ovf_imaging.types import level_order

_UNDER_ENDPLATE_MM = 13.0  # from the S1 endplate to the middle of S1
_BEYOND_MM = 29.0  # from level to level where the patient ends


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Column:
    """The centres of the bodies, head to foot."""

    orders: Array  # (N,) level_order
    centres_mm: Array  # (N, 3)

    @classmethod
    def of(cls, truth: PatientTruth) -> Column:
        """Return the column of a patient. Raises ValueError when it has fewer than two bodies."""
        bodies = sorted(truth.bodies, key=lambda body: level_order(body.level))
        if len(bodies) < 2:
            raise ValueError(f"at least two bodies wanted to lay out a film, got {len(bodies)}")
        orders = np.array([level_order(body.level) for body in bodies])
        return cls(orders=orders, centres_mm=np.array([_centre(body) for body in bodies]))

    def place(self, order: float | Array) -> Array:
        """Return the point (..., 3) of the column at a level order; beyond its ends it goes straight up and down."""
        order = np.asarray(order, dtype=np.float64)
        point = np.stack([np.interp(order, self.orders, axis) for axis in self.centres_mm.T], axis=-1)
        beyond = order - np.clip(order, self.orders[0], self.orders[-1])
        point[..., 2] -= _BEYOND_MM * beyond
        return point

    def order_at(self, z_mm: float | Array) -> Array:
        """Return the level order (...) at heights, the inverse of `place`."""
        steps = np.concatenate([[self.orders[0] - 30], self.orders, [self.orders[-1] + 30]])
        heights = self.place(steps)[:, 2]
        return np.asarray(np.interp(-np.asarray(z_mm), -heights, steps))


def _centre(body: BodyTruth) -> Array:
    if np.isnan(body.landmarks_mm[3:]).any():
        return np.asarray(body.landmarks_mm[:3].mean(axis=0) - [0, 0, _UNDER_ENDPLATE_MM])
    return np.asarray(body.landmarks_mm.mean(axis=0))
