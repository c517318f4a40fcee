"""The posterior wall against the line of its neighbours, as knowledge/canal.toml defines it."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from ovf_imaging import geometry
from ovf_imaging.knowledge.canal import canal
from ovf_imaging.knowledge.tables import heights
from ovf_imaging.measure.bodies import POSTERIOR, Bodies
from ovf_imaging.measure.reference import Losses, by_level, no_trend
from ovf_imaging.measure.rows import row
from ovf_imaging.types import Caveat, Landmark, Measurement, Scale, level_name, level_order

Array = NDArray[np.float64]
Line = tuple[int, int]  # indices of the bodies above and below that a wall is compared with

_CORNERS = [
    Landmark.SUPERIOR_ANTERIOR,
    Landmark.SUPERIOR_POSTERIOR,
    Landmark.INFERIOR_ANTERIOR,
    Landmark.INFERIOR_POSTERIOR,
]
_WALL = [Landmark.SUPERIOR_POSTERIOR, Landmark.INFERIOR_POSTERIOR]


def wall_lines(bodies: Bodies, losses: Losses) -> list[Line | None]:
    """Return for each body the nearest ones above and below that may be a reference, None unless there are both."""
    orders, reach = [level_order(level) for level in bodies.levels], heights().max_levels_away
    lines: list[Line | None] = []
    for n, here in enumerate(orders):
        near = [k for k, order in enumerate(orders) if k not in losses.barred and abs(order - here) <= reach]
        above, below = [k for k in near if k < n], [k for k in near if k > n]
        lines.append((above[-1], below[0]) if above and below else None)
    return lines


def wall_rows(bodies: Bodies, lines: list[Line | None], scale: Scale, reading: int) -> list[list[Measurement]]:
    """Return retropulsion and posterior wall involvement of every body."""
    values, spread = _walls(bodies, lines)
    found = []
    for n, (level, line) in enumerate(zip(bodies.levels, lines, strict=True)):
        reference = () if line is None else tuple(bodies.levels[k] for k in line)
        told = partial(
            row,
            (level, level),
            reading=reading,
            reference=reference,
            caveats=(*_distant(level, reference), *_slipped(level, values[n, 2])),
        )
        reason = bodies.height_problem(n, POSTERIOR) or bodies.depth_problem(n) or no_line(level, line)
        pushed, involved = ((float(values[n, q]), float(spread[n, q, q])) for q in (0, 1))
        found.append(
            [
                told("retropulsion", "mm", pushed, reason=reason, scale=scale),
                told("posterior_wall_involvement", "1", involved, reason=reason or no_trend(level)),
            ]
        )
    return found


def _walls(bodies: Bodies, lines: list[Line | None]) -> tuple[Array, Array]:
    """Return what `_wall` does (N, 3), NaN without a line, and its covariance (N, 3, 3)."""
    known = [n for n, line in enumerate(lines) if line is not None]
    above, below = ([line[side] for line in lines if line is not None] for side in (0, 1))
    values, spread = np.full((len(lines), 3), np.nan), np.full((len(lines), 3, 3), np.nan)

    def gather(landmarks: Array) -> Array:
        parts = [landmarks[known][:, _CORNERS], landmarks[above][:, _WALL], landmarks[below][:, _WALL]]
        return np.concatenate(parts, axis=1)

    expected = by_level(heights().expected, bodies.levels)[:, POSTERIOR]
    carried = np.stack([expected[known] / expected[above], expected[known] / expected[below]])
    values[known], spread[known] = geometry.propagate(
        lambda p: _wall(p, bodies.turn, carried), gather(bodies.points), gather(bodies.covariance)
    )
    return values, spread


def _wall(points: Array, turn: float, carried: Array) -> Array:
    """Return (..., N, 3): retropulsion, involvement, and by how much the whole wall is displaced.

    `points` (..., N, 8, 2) are the body's corners, then the posterior ones of the bodies above and below.
    `carried` (2, N): what the posterior heights of the bodies above and below are multiplied by to be expected here.
    """
    front_top, top, front_bottom, bottom, above_top, above_bottom, below_top, below_bottom = np.moveaxis(points, -2, 0)
    line = below_top - above_bottom
    behind = turn * np.stack([geometry.point_line_distance(p, above_bottom, line) for p in (top, bottom)])
    furthest, other = behind.max(0), np.maximum(behind.min(0), 0)
    margin = canal().displaced_from * np.linalg.norm((front_top + front_bottom - top - bottom) / 2, axis=-1)
    displaced = np.where(furthest - other > margin, 1 - margin / (furthest - other), 0.0)
    height, above, below = (
        np.linalg.norm(a - b, axis=-1) for a, b in ((top, bottom), (above_top, above_bottom), (below_top, below_bottom))
    )
    expected = (carried[0] * above + carried[1] * below) / 2
    return np.stack([furthest, 1 - height * (1 - displaced) / expected, other - margin], axis=-1)


def no_line(level: int, line: Line | None) -> Caveat | None:
    """Return why a wall has no line to be compared with, None when it has one."""
    if line is not None:
        return None
    text = (
        f"{level_name(level)}: no unfractured bodies both above and below it are in view, so its posterior wall "
        "has no line to be compared with"
    )
    return Caveat(code="no-wall-line", text=text, levels=(level,))


def _distant(level: int, reference: tuple[int, ...]) -> tuple[Caveat, ...]:
    """Return a caveat when the line passes over other bodies."""
    if all(abs(level_order(k) - level_order(level)) <= 1 for k in reference):
        return ()
    text = (
        f"{level_name(level)}: its posterior wall was compared with the line from "
        f"{' to '.join(level_name(k) for k in reference)}: no nearer body could serve"
    )
    return (Caveat(code="wall-line-not-adjacent", text=text, levels=(level,)),)


def _slipped(level: int, beyond: float) -> tuple[Caveat, ...]:
    """Return a caveat when the whole wall stands behind the line, which is no fragment's doing."""
    if not beyond > 0:
        return ()
    text = (
        f"{level_name(level)}: its whole posterior wall stands behind the line of its neighbours, as in a slip or "
        "kyphosis: not all of it is retropulsion"
    )
    return (Caveat(code="wall-behind-as-a-whole", text=text, levels=(level,)),)
