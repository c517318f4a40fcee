"""How each endplate lies on the posterior wall: tilt and dent, which tell which endplates a fracture involves.

A healthy endplate is about square to the posterior wall; the body's wedge angle is the sum of both tilts.
"""

from __future__ import annotations

import numpy as np

from ovf_imaging import geometry
from ovf_imaging.measure.bodies import POSTERIOR, Array, Bodies
from ovf_imaging.measure.rows import row
from ovf_imaging.types import Measurement

_SIDES = ("superior", "inferior")


def endplate_rows(bodies: Bodies, reading: int) -> list[tuple[Measurement, ...]]:
    """Return for each body the tilt (deg) and the dent (part of the posterior height) of both endplates.

    Tilt: from square to the posterior wall, positive when the front is sunken. Dent: how far the middle lies inside
    the line through the rims.
    """
    values, spread = geometry.propagate(lambda p: _lie(p, bodies.turn), bodies.points, bodies.covariance)
    variance = np.einsum("nqq->nq", spread)
    return [
        tuple(
            row(
                (level, level),
                f"{side}_endplate_{quantity}",
                unit,
                (float(values[n, 2 * k + q]), float(variance[n, 2 * k + q])),
                reading=reading,
                reason=bodies.endplate_problem(n, k) or bodies.height_problem(n, POSTERIOR),
            )
            for k, side in enumerate(_SIDES)
            for q, (quantity, unit) in enumerate((("tilt", "deg"), ("dent", "1")))
        )
        for n, level in enumerate(bodies.levels)
    ]


def _lie(points: Array, turn: float) -> Array:
    """Return (..., 4): tilt and dent of the superior and of the inferior endplate of (..., 6, 2) landmarks."""
    wall = points[..., 5, :] - points[..., 2, :]
    height = np.linalg.norm(wall, axis=-1, keepdims=True)
    foot = wall / height
    front = turn * np.stack([foot[..., 1], -foot[..., 0]], -1)
    found = []
    for first, inward in ((0, foot), (3, -foot)):
        anterior, middle, posterior = (points[..., first + k, :] for k in range(3))
        rims = anterior - posterior
        found.append(np.degrees(np.arctan2((rims * inward).sum(-1), (rims * front).sum(-1))))
        side = np.sign(geometry.cross(rims, inward))
        found.append(side * geometry.point_line_distance(middle, posterior, rims) / height[..., 0])
    return np.stack(found, -1)
