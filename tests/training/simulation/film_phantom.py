"""Patients small enough to reason about: a stack of elliptic cylinders, and a ball in nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ovf_imaging.training.simulation.film.settings import FilmSettings
from ovf_imaging.training.simulation.volume import BodyTruth, Grid, PatientTruth, Tissue, Volume
from ovf_imaging.types import Level, Position

HEIGHT, DISC, RADIUS_X, RADIUS_Y = 26.0, 9.0, 22.0, 17.0  # mm
LEVELS = tuple(range(Level.T10, Level.L6))
# Nothing by chance: what is left is geometry and physics.
PLAIN = FilmSettings(
    gas=0,
    grid_lines=0,
    graticule=0,
    seam=0,
    monochrome1=0,
    collimated=0,
    letters=0,
    ruler=0,
    photographed=0,
    jpeg=0,
    full_spine=0,
    coned=0,
    thoracic=0,
    thoracolumbar=0,
)


def centre_z(level):
    return (Level.L2 - level) * (HEIGHT + DISC)


@dataclass(frozen=True)
class Stack:
    """Cylinders of even mineral; a ball of metal may hang anywhere."""

    mineral_g_cm3: float = 0.2
    ball_mm: tuple[float, float, float] | None = None

    def bounds_mm(self):
        return np.array([[-30.0, -25, centre_z(LEVELS[-1]) - 20], [30, 40, centre_z(LEVELS[0]) + 20]])

    def truth(self):
        corners = [(y, side * HEIGHT / 2) for side in (1, -1) for y in (-RADIUS_Y, 0.0, RADIUS_Y)]
        return PatientTruth(
            bodies=tuple(
                BodyTruth(
                    level=level,
                    landmarks_mm=np.array([[0.0, y, centre_z(level) + z] for y, z in corners]),
                    rims_mm=np.full((2, 6, 3), np.nan),
                )
                for level in LEVELS
            ),
            position=Position.STANDING,
            age_years=70.0,
            sex="F",
        )

    def render(self, grid: Grid) -> Volume:
        x, y, z = np.meshgrid(*(grid.axis_mm(k) for k in range(3)), indexing="ij", sparse=True)
        mineral = np.zeros(grid.shape, np.float16)
        tissue = np.zeros(grid.shape, np.uint8)
        for level in LEVELS if self.mineral_g_cm3 else ():
            inside = (x / RADIUS_X) ** 2 + (y / RADIUS_Y) ** 2 + 0 * z < 1
            mineral[inside & (np.abs(z - centre_z(level)) < HEIGHT / 2)] = self.mineral_g_cm3
        if self.ball_mm is not None:
            bx, by, bz = self.ball_mm
            tissue[(x - bx) ** 2 + (y - by) ** 2 + (z - bz) ** 2 < 4.0**2] = Tissue.METAL
        return Volume(
            grid=grid,
            tissue=tissue,
            mineral=mineral,
            level=np.zeros(grid.shape, np.uint8),
            oedema=np.zeros(grid.shape, np.float16),
        )


def plain(exposure):
    """Return an exposure without noise, blur or anything done to the picture."""
    still = replace(exposure.detector, scatter=0.0, quanta=1e6, blur_px=0.0)
    return replace(exposure, detector=still, texture=0.0, clutter=0.0)
