"""A column of vertebral bodies as plain geometry, drawn with numpy as a sagittal MRI or a lateral film.

Nothing here is a patient.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ovf_imaging import types as t
from ovf_imaging.types import Level

LUMBAR = (Level.T11, Level.T12, Level.L1, Level.L2, Level.L3, Level.L4, Level.L5, Level.S1)
LONG = tuple(Level(n) for n in range(Level.T1, Level.L6))
WEDGED = {Level.L1: (0.62, 0.74, 0.94)}
# Lean of the column at each level (0 = upright, positive = downwards goes backwards), body height and depth in mm.
_LEAN_DEG = {
    Level.T1: 24.0,
    Level.T7: 2.0,
    Level.T11: -6.0,
    Level.L1: -5.0,
    Level.L3: 2.0,
    Level.L5: 22.0,
    Level.S1: 40.0,
}
_HEIGHT_MM = {Level.T1: 16.0, Level.T11: 24.0, Level.L3: 28.0, Level.L5: 28.0, Level.S1: 27.0}
_DEPTH_MM = {Level.T1: 17.0, Level.T11: 30.0, Level.L3: 34.0, Level.L5: 34.0, Level.S1: 30.0}
_DISC_MM = {Level.T1: 4.0, Level.T11: 5.5, Level.L4: 10.0, Level.L5: 9.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A vertebral body in the plane: x backwards, y downwards, millimetres."""

    level: Level
    points: NDArray[np.float64]  # (6, 2) as x, y, rows named by Landmark
    across: NDArray[np.float64]  # unit vector, front to back
    down: NDArray[np.float64]  # unit vector, head to foot
    hurt: bool = False

    @property
    def heights(self) -> NDArray[np.float64]:
        """Anterior, middle, posterior height, mm."""
        return np.asarray(np.linalg.norm(self.points[3:] - self.points[:3], axis=1))


def column(
    levels: Sequence[Level] = LUMBAR, lost: Mapping[Level, tuple[float, float, float]] = WEDGED
) -> tuple[Body, ...]:
    """Return bodies in a curved column; `lost` gives what is left of anterior, middle, posterior height."""
    bodies: list[Body] = []
    foot = np.zeros(2)
    for level in levels:
        lean = np.radians(
            _between(_LEAN_DEG, level) + sum(_tilt_deg(lost[hit]) for hit in lost if hit.order > level.order)
        )
        down, across = np.array([np.sin(lean), np.cos(lean)]), np.array([np.cos(lean), -np.sin(lean)])
        height, depth = _between(_HEIGHT_MM, level), _between(_DEPTH_MM, level)
        keep = np.array(lost.get(level, (1.0, 1.0, 1.0))) * (1.0, 0.94, 1.02)
        head = foot + down * (_between(_DISC_MM, level) if bodies else 0.0)
        base = head + down * height * max(keep)
        place = np.array([-0.5, 0.0, 0.5])[:, None] * depth * across
        lower = base + place - np.array([0.0, 0.03, 0.0])[:, None] * height * down
        upper = lower - (keep * height)[:, None] * down
        bodies.append(
            Body(level=level, points=np.concatenate([upper, lower]), across=across, down=down, hurt=level in lost)
        )
        foot = base
    shift = np.concatenate([b.points for b in bodies]).min(axis=0)
    return tuple(replace(b, points=b.points - shift) for b in bodies)


def mri_image(bodies: Sequence[Body], *, sequence: t.Sequence = t.Sequence.T2, slices: int = 5) -> t.Image:
    """Return a sagittal stack of 1.1 mm pixels and 4 mm slices, front on the left, head up."""
    shape, step, origin = grid(bodies, 1.1, (60.0, 62.0, 14.0))
    plane = _tissue(bodies, shape, step, origin, sequence)
    rng = np.random.default_rng(7)
    middle = (slices - 1) / 2
    stack = [
        _soft(plane, 0.35 * abs(s - middle)) * (1.0 - 0.06 * abs(s - middle)) + rng.normal(0.0, 0.018, shape)
        for s in range(slices)
    ]
    pixels = np.rint(np.clip(stack, 0.0, None) * 1000.0).astype(np.float32)
    affine = np.array([[4.0, 0, 0, -4.0 * middle], [0, 0, step, -90.0], [0, -step, 0, 160.0], [0, 0, 0, 1.0]])
    return t.Image(
        pixels=pixels,
        affine=affine,
        view=t.View.SAGITTAL,
        sequence=sequence,
        position=t.Position.SUPINE,
        scale=t.Scale.PATIENT,
        scale_source="PixelSpacing",
        sop_uids=tuple(f"1.2.826.0.1.{s + 1}" for s in range(slices)),
        series_uid="1.2.826.0.1",
        anterior_left=True,
        superior_up=True,
    )


def film_image(bodies: Sequence[Body], *, scale: t.Scale = t.Scale.DETECTOR) -> t.Image:
    """Return a lateral film of 0.5 mm pixels, front on the left, head up, its collimated rim marked as padding."""
    shape, step, origin = grid(bodies, 0.5, (70.0, 66.0, 18.0))
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(float) * step
    bone = np.zeros(shape)
    for body in bodies:
        depth = depth_inside(body, rows, columns, origin)
        bone = np.maximum(bone, _step(depth, 0.4) * (0.32 + 0.3 * np.exp(-((depth - 1.0) ** 2) / 1.2)))
    belly = 0.30 + 0.25 * rows / rows.max() + 0.12 * np.cos((columns / columns.max() - 0.55) * 3.0)
    gas = sum(0.10 * np.exp(-(((columns - x) / 11) ** 2 + ((rows - y) / 8) ** 2)) for x, y in ((26, 120), (38, 165)))
    noise = np.random.default_rng(11).normal(0.0, 0.012, shape)
    picture = np.rint(np.clip(belly - gas + bone + noise, 0.0, 1.3) * 3000.0).astype(np.float32)
    valid = np.ones(shape, dtype=bool)
    valid[:, :8] = valid[:, -8:] = False
    picture[~valid] = 0.0
    spacing = 1.0 if scale is t.Scale.UNKNOWN else step
    affine = np.array([[1.0, 0, 0, 0], [0, 0, spacing, 0], [0, -spacing, 0, 0], [0, 0, 0, 1.0]])
    return t.Image(
        pixels=picture[None],
        affine=affine,
        view=t.View.LATERAL,
        sequence=t.Sequence.NONE,
        position=t.Position.STANDING,
        scale=scale,
        scale_source={"unknown": "none", "patient": "PixelSpacing, calibrated"}.get(
            scale, "ImagerPixelSpacing, detector"
        ),
        valid=valid[None],
        sop_uids=("1.2.826.0.2.1",),
        series_uid="1.2.826.0.2",
        anterior_left=True,
        superior_up=True,
    )


def _tilt_deg(kept: tuple[float, float, float]) -> float:
    """Return how far a collapse bends the column above it forwards."""
    return float(np.degrees(np.arctan(0.8 * (kept[2] - kept[0]))) * 0.5)


def _between(table: Mapping[Level, float], level: Level) -> float:
    ordered = sorted(table, key=lambda key: key.order)
    return float(np.interp(level.order, [key.order for key in ordered], [table[key] for key in ordered]))


def grid(
    bodies: Sequence[Body], step: float, margins: tuple[float, float, float]
) -> tuple[tuple[int, int], float, NDArray[np.float64]]:
    """Return shape, pixel in mm and the column's place, with margins in front, behind, above and below."""
    reach = np.concatenate([b.points for b in bodies]).max(axis=0)
    front, back, ends = margins
    shape = (round((reach[1] + 2 * ends) / step), round((reach[0] + front + back) / step))
    return shape, step, np.array([front, ends])


def depth_inside(
    body: Body, rows: NDArray[np.float64], columns: NDArray[np.float64], origin: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return how deep each pixel lies inside the body, mm, negative outside; corners are rounded, the waist is slim."""
    centre = body.points.mean(axis=0)
    x, y = columns - origin[0] - centre[0], rows - origin[1] - centre[1]
    u, v = x * body.across[0] + y * body.across[1], x * body.down[0] + y * body.down[1]
    local = body.points - centre
    across, down = local @ body.across, local @ body.down
    top = np.polyval(np.polyfit(across[:3], down[:3], 2), u)
    bottom = np.polyval(np.polyfit(across[3:], down[3:], 2), u)
    waist = 1.3 * np.clip(1.0 - (2.0 * (v - (top + bottom) / 2) / np.maximum(bottom - top, 1.0)) ** 2, 0.0, 1.0)
    walls = np.minimum(u - across.min(), across.max() - u) - waist
    sides = np.stack([walls, v - top, bottom - v])
    return np.asarray(0.4 - np.log(np.exp(-np.clip(sides, -40.0, 40.0) * 1.2).sum(axis=0)) / 1.2)


def _tissue(
    bodies: Sequence[Body], shape: tuple[int, int], step: float, origin: NDArray[np.float64], sequence: t.Sequence
) -> NDArray[np.float64]:
    """Return brightness 0–1 of the mid-sagittal plane: belly, bodies, discs, canal with cord, muscle and fat."""
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(float) * step
    fluid = sequence is t.Sequence.FLUID
    wall = np.concatenate([b.points[[2, 5]] for b in bodies]) + origin
    behind = columns - np.interp(rows, wall[:, 1], wall[:, 0]) - 2.0
    ahead = columns - np.interp(rows, wall[:, 1], wall[:, 0]) + 34.0
    ripple = 0.05 * np.sin(columns / 5.0 + rows / 9.0) * np.sin(rows / 7.0)
    plane = np.where(ahead < 0, 0.24 + ripple, 0.16)
    plane = np.where((ahead > -16) & (ahead < -6), 0.06, plane)  # the aorta's flow void
    plane = np.where(behind > 16, 0.34 + 2 * ripple, plane)
    plane = np.where(behind > 44, 0.12 if fluid else 0.72, plane)
    plane = np.where(behind > 56, 0.02, plane)
    for upper, lower in pairwise(bodies):
        disc = Body(
            level=upper.level,
            points=np.concatenate([upper.points[3:] + upper.down * 0.8, lower.points[:3] - lower.down * 0.8]),
            across=upper.across + lower.across,
            down=upper.down,
        )
        disc = replace(disc, across=disc.across / np.linalg.norm(disc.across))
        depth = depth_inside(disc, rows, columns, origin)
        plane = np.where(depth > -0.8, 0.16 + 0.20 * _step(depth - 1.5, 1.2), plane)
    canal = _step(np.minimum(behind, 14.0 - behind), 0.7)
    plane = plane * (1 - canal) + canal * (
        0.95 - 0.5 * _step(np.minimum(behind - 4.0, 10.0 - behind), 0.6) * (rows < rows.max() * 0.55)
    )
    for body in bodies:
        depth = depth_inside(body, rows, columns, origin)
        hurt = body.heights[0] / body.heights[2] < 0.8
        marrow = (0.85 if hurt else 0.14) if fluid else (0.66 if hurt else 0.50)
        cover = _step(depth, 0.5)
        plane = plane * (1 - cover) + cover * (0.10 + (marrow - 0.10 + ripple * 0.5) * _step(depth - 0.9, 0.4))
    return np.asarray(plane, dtype=np.float64)


def _step(distance: NDArray[np.float64], width: float) -> NDArray[np.float64]:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(distance / width, -40.0, 40.0))))


def _soft(plane: NDArray[np.float64], width: float) -> NDArray[np.float64]:
    """Return the plane blurred a little, as slices beside the middle are."""
    weight = min(width, 1.0) / 4
    sides = np.sum([np.roll(plane, shift, axis) for shift in (-1, 1) for axis in (0, 1)], axis=0)
    return np.asarray(plane * (1 - 4 * weight) + weight * sides, dtype=np.float64)
