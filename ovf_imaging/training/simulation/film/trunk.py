"""The trunk's outline, laid about the column: how thick its soft tissue and fat are along each ray."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import gaussian_filter1d

from ovf_imaging.training.simulation.film.camera import Camera, Map
from ovf_imaging.training.simulation.film.column import Column
from ovf_imaging.training.simulation.film.settings import FilmSettings
from ovf_imaging.training.simulation.volume import Array, PatientTruth
from ovf_imaging.types import Level

_ROUNDNESS = 2.5  # power of the superellipse of a cross-section
# Level orders (8 = T1, 20 = L1, 26 = S1; below S1 29 mm each) and the outline there. Widths as parts of the waist's:
# adults measure about 12 cm across the neck, 30 across chest and waist and 36 across the hips, which a lateral film
# shows as its whitest part; the chest is 21–26 cm deep.
_ORDERS = np.array([-2, 3, 6.5, 8.5, 11, 15, 19, 22, 25, 28, 34])
_WIDTH = np.array([0.45, 0.42, 0.5, 0.95, 1.08, 1.08, 1.0, 1.0, 1.1, 1.24, 1.22])
_SKIN_FOLLOWS = 11.0  # steps of the table: skin follows the column's broad curve only
NECK_FORWARD_MM = 5.0  # each cervical level: C2 lies 2–4 cm in front of C7 in older adults
_CHEST_MM = np.array([60, 55, 58, 95, 135, 155, 150])  # in front of the bodies, down to T12
_BELLY = np.array([1.0, 0.94, 0.8, 0.6])  # of the belly, from L3 down
_BACK_MM = np.array([65, 58, 62, 66, 72, 76, 78, 76, 80, 95, 90])  # behind the bodies, fat apart
_FAT_SHARE = np.array([0.1, 0.2, 0.5, 0.6, 0.5, 0.4, 0.7, 1.0, 1.1, 1.3, 1.2])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trunk:
    """Outline of the body in horizontal planes, as tables over the height."""

    heights_mm: Array  # (N,) rising
    centre_mm: Array  # (N, 2) x, y of the middle
    half_mm: Array  # (N, 2) half the width and half the depth
    fat_mm: Array  # (N,) under the skin

    def lengths_mm(self, camera: Camera, rays: Map, axis: int) -> tuple[Map, Map]:
        """Return how many mm of soft tissue, and of fat under the skin, each ray (H, W, 3) meets.

        Rays are taken to stay at one height inside the trunk; the obliquity lengthens them.
        """
        middle = float(self.centre_mm[:, axis].mean())
        reach = (middle - camera.source_mm[axis]) / rays[..., axis]
        across, z = rays[..., 1 - axis] * reach + camera.source_mm[1 - axis], rays[..., 2] * reach + camera.source_mm[2]
        tables = (self.centre_mm[:, 1 - axis], self.half_mm[:, 1 - axis], self.half_mm[:, axis], self.fat_mm)
        centre, half, deep, fat = (np.interp(z, self.heights_mm, table) for table in tables)
        whole = _chord(across - centre, half, deep)
        inner = np.minimum(_chord(across - centre, half - fat, deep - fat), whole)
        slant = np.abs(rays[..., axis])
        return (inner / slant).astype(np.float32), ((whole - inner) / slant).astype(np.float32)


def _chord(offset: Array, half: Array, deep: Array) -> Array:
    part = np.clip(1 - np.abs(offset / half) ** _ROUNDNESS, 0, None)
    return np.asarray(2 * deep * part ** (1 / _ROUNDNESS))


def draw_trunk(rng: np.random.Generator, truth: PatientTruth, settings: FilmSettings) -> Trunk:
    """Return an outline about the patient's column; belly and fat are the patient's own where the truth tells them."""
    column = Column.of(truth)
    waist = float(rng.uniform(*settings.waist_mm))
    belly = float(rng.uniform(*settings.belly_mm))
    fat = float(rng.uniform(*settings.back_fat_mm))
    belly, fat = float(truth.drawn.get("belly_mm", belly)), float(truth.drawn.get("back_fat_mm", fat))
    orders = np.linspace(_ORDERS[0], _ORDERS[-1], 120)
    place = column.place(orders)
    front_mm = np.concatenate([_CHEST_MM, 17 + belly * _BELLY])
    sway = 1 + 0.035 * rng.standard_normal((3, len(_ORDERS)))
    width, front, back, under = (
        PchipInterpolator(_ORDERS, table)(orders)
        for table in (
            _WIDTH * waist * sway[0],
            front_mm * sway[1],
            _BACK_MM * sway[2] + fat * _FAT_SHARE,
            fat * _FAT_SHARE,
        )
    )
    place[:, 1] -= NECK_FORWARD_MM * np.clip(Level.T1 - orders, 0, None)
    line_y = gaussian_filter1d(place[:, 1], _SKIN_FOLLOWS, mode="nearest")
    rising = np.argsort(place[:, 2])
    return Trunk(
        heights_mm=place[rising, 2],
        centre_mm=np.stack([np.full(len(orders), place[:, 0].mean()), line_y + (back - front) / 2], axis=1)[rising],
        half_mm=np.stack([width, (back + front) / 2], axis=1)[rising],
        fat_mm=np.clip(under, 2, 0.4 * width)[rising],
    )
