"""Angles between endplates: wedge, local Cobb, Gardner, Farcy's index and the regional ones; kyphosis is positive."""

from __future__ import annotations

import numpy as np

from ovf_imaging import geometry
from ovf_imaging.knowledge.contour import normal_contour
from ovf_imaging.knowledge.tables import kyphosis
from ovf_imaging.measure.bodies import INFERIOR, SUPERIOR, Bodies
from ovf_imaging.measure.column import adjacent, usual_neighbour
from ovf_imaging.measure.rows import row
from ovf_imaging.types import Caveat, Measurement, level_name

_DEG2 = float(np.degrees(1.0)) ** 2  # rad² → deg²
Endplate = tuple[int, int]  # index of a body, SUPERIOR or INFERIOR


def angle_rows(bodies: Bodies, n: int, reading: int) -> tuple[Measurement, ...]:
    """Return wedge, local Cobb and Gardner angle and Farcy's sagittal index of body `n`."""
    level = bodies.levels[n]
    above = n - 1 if n > 0 and adjacent(bodies.levels[n - 1], level) else None
    below = n + 1 if n + 1 < len(bodies.levels) and adjacent(level, bodies.levels[n + 1]) else None
    upper = bodies.levels[above] if above is not None else usual_neighbour(level, -1)
    lower = bodies.levels[below] if below is not None else usual_neighbour(level, +1)
    top, bottom = _endplate(above, SUPERIOR), _endplate(below, INFERIOR)
    own_bottom = (n, INFERIOR)
    return (
        _between(bodies, "wedge_angle", (level, level), ((n, SUPERIOR), own_bottom), reading),
        _between(bodies, "local_cobb", (upper, lower), (top, bottom), reading),
        _between(bodies, "gardner_angle", (upper, level), (top, own_bottom), reading),
        _farcy(bodies, (upper, level), (_endplate(above, INFERIOR), own_bottom), reading),
    )


def regional_rows(bodies: Bodies, reading: int) -> tuple[Measurement, ...]:
    """Return the regional angles whose two bodies are both in view."""
    place = {level: n for n, level in enumerate(bodies.levels)}
    found = []
    for angle in kyphosis():
        if angle.upper in place and angle.lower in place:
            upper = (place[angle.upper], SUPERIOR if angle.upper_is_superior else INFERIOR)
            lower = (place[angle.lower], SUPERIOR if angle.lower_is_superior else INFERIOR)
            found.append(_between(bodies, angle.quantity, (angle.upper, angle.lower), (upper, lower), reading))
    return tuple(found)


def _farcy(
    bodies: Bodies, levels: tuple[int, int], endplates: tuple[Endplate | None, Endplate], reading: int
) -> Measurement:
    """Return the kyphosis of one disc and one body less the normal contour there."""
    normal = normal_contour().get(levels[1])
    if normal is not None:
        return _between(bodies, "farcy_index", levels, endplates, reading, less_deg=normal)
    text = f"{level_name(levels[1])}: no normal contour is known for this level"
    reason = Caveat(code="no-normal-contour", text=text, levels=(levels[1],))
    return row(levels, "farcy_index", "deg", (np.nan, np.nan), reading=reading, reason=reason)


def _endplate(n: int | None, side: int) -> Endplate | None:
    return None if n is None else (n, side)


def _between(
    bodies: Bodies,
    quantity: str,
    levels: tuple[int, int],
    endplates: tuple[Endplate | None, Endplate | None],
    reading: int,
    *,
    less_deg: float = 0.0,
) -> Measurement:
    """Return the angle of two endplates, less a constant; a neighbour that is not in view is the reason for None."""
    upper, lower = endplates
    if upper is None or lower is None:
        absent = levels[0] if upper is None else levels[1]
        text = f"{level_name(absent)} is not in view or not next in line"
        reason: Caveat | None = Caveat(code="neighbour-not-in-view", text=text, levels=(absent,))
        return row(levels, quantity, "deg", (np.nan, np.nan), reading=reading, reason=reason)
    reason = bodies.endplate_problem(*upper) or bodies.endplate_problem(*lower)
    value = geometry.signed_angle_deg(bodies.directions[upper], bodies.directions[lower], bodies.turn) - less_deg
    variance = _DEG2 * (bodies.direction_var[upper] + bodies.direction_var[lower])
    return row(levels, quantity, "deg", (float(value), float(variance)), reading=reading, reason=reason)
