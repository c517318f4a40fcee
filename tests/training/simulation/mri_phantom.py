"""A patient of cylinders: straight column, discs, canal with cord, vessel, muscle, fat under the skin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ovf_imaging.training.simulation.volume import BodyTruth, Grid, PatientTruth, Tissue, Volume
from ovf_imaging.types import Level, Position

HEIGHT, DISC = 26.0, 9.0  # mm
LEVELS = (Level.T11, Level.T12, Level.L1, Level.L2, Level.L3, Level.L4, Level.L5)
MIDDLE = Level.L2  # its centre is the origin
RADIUS_X, RADIUS_Y = 23.0, 17.0
MARROW_MINERAL = 0.1  # g/cm³
CANAL_Y, CANAL_RADIUS = 27.0, 8.5


def centre_z(level):
    return (LEVELS.index(MIDDLE) - LEVELS.index(level)) * (HEIGHT + DISC)


@dataclass(frozen=True)
class Ball:
    """A ball of one tissue; `oedema` fills marrow instead of replacing it."""

    tissue: Tissue
    centre_mm: tuple[float, float, float]
    radius_mm: float
    oedema: bool = False


@dataclass(frozen=True)
class CylinderPatient:
    balls: tuple[Ball, ...] = ()
    age_years: float = 70.0
    only: Tissue | None = None  # everything is this tissue, balls aside

    def bounds_mm(self):
        return np.array([[-40.0, -20, -200], [40, 60, 200]])

    def truth(self):
        return PatientTruth(
            bodies=tuple(
                BodyTruth(level=k, landmarks_mm=_corners(k), rims_mm=np.full((2, 6, 3), np.nan)) for k in LEVELS
            ),
            position=Position.SUPINE,
            age_years=self.age_years,
            sex="F",
        )

    def render(self, grid: Grid) -> Volume:
        x, y, z = np.meshgrid(*(grid.axis_mm(k) for k in range(3)), indexing="ij", sparse=True)
        tissue, level = self._tissue(x, y, z)
        oedema = np.zeros(grid.shape, np.float16)
        for ball in self.balls:
            cx, cy, cz = ball.centre_mm
            inside = (x - cx) ** 2 + (y - cy) ** 2 + (z - cz) ** 2 <= ball.radius_mm**2
            if ball.oedema:
                oedema[inside & (tissue == Tissue.MARROW)] = 1
            else:
                tissue[inside] = ball.tissue
        mineral = np.zeros(grid.shape, np.float16)
        mineral[tissue == Tissue.MARROW], mineral[tissue == Tissue.CORTEX] = MARROW_MINERAL, 0.9
        return Volume(grid=grid, tissue=tissue, mineral=mineral, level=level, oedema=oedema)

    def _tissue(self, x, y, z):
        shape = np.broadcast_shapes(x.shape, y.shape, z.shape)
        level = np.zeros(shape, np.uint8)
        if self.only is not None:
            return np.full(shape, self.only, np.uint8), level
        tissue = np.full(shape, Tissue.AIR, np.uint8)
        body = np.broadcast_to((x / 150) ** 2 + ((y - 5) / 100) ** 2 < 1, shape)
        skin = np.broadcast_to((x / 130) ** 2 + ((y - 5) / 80) ** 2 < 1, shape)
        tissue[body] = Tissue.FAT
        tissue[skin] = Tissue.ORGAN
        tissue[skin & (y > 18)] = Tissue.MUSCLE
        tissue[np.broadcast_to((x - 5) ** 2 + (y + 32) ** 2 < 10**2, shape)] = Tissue.VESSEL
        column = np.broadcast_to((x / RADIUS_X) ** 2 + (y / RADIUS_Y) ** 2 < 1, shape)
        core = np.broadcast_to((x / (RADIUS_X - 6)) ** 2 + (y / (RADIUS_Y - 5)) ** 2 < 1, shape)
        rim = np.broadcast_to((x / (RADIUS_X - 1)) ** 2 + (y / (RADIUS_Y - 1)) ** 2 > 1, shape)
        tissue[column] = Tissue.ANNULUS
        tissue[core] = Tissue.NUCLEUS
        for k in LEVELS:
            height = np.abs(z - centre_z(k))
            inside = column & (height < HEIGHT / 2)
            tissue[inside] = Tissue.MARROW
            tissue[inside & (rim | (height > HEIGHT / 2 - 0.8))] = Tissue.CORTEX
            level[inside] = k
        tissue[np.broadcast_to(x**2 + (y - CANAL_Y) ** 2 < CANAL_RADIUS**2, shape)] = Tissue.CSF
        tissue[np.broadcast_to(x**2 + (y - CANAL_Y) ** 2 < 4**2, shape) & (z > centre_z(Level.L1))] = Tissue.CORD
        return tissue, level


def _corners(level):
    z, half = centre_z(level), HEIGHT / 2
    return np.array([[0.0, y, z + side * half] for side in (1, -1) for y in (-RADIUS_Y, 0.0, RADIUS_Y)])
