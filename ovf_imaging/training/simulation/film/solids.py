"""Ellipsoids in the way of the rays: the length of each ray inside them, exactly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ovf_imaging.training.simulation.film.camera import Camera, Map
from ovf_imaging.training.simulation.volume import Array

Span = tuple[Map, Map]  # where rays enter and leave, mm from the source; both 0 where they miss


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ellipsoid:
    """An ellipsoid; `axes` holds its radii along its own directions."""

    centre_mm: Array  # (3,)
    radii_mm: Array  # (3,)
    turn: Array  # (3, 3), rows are its own directions

    @classmethod
    def upright(cls, centre_mm: Array, radii_mm: tuple[float, float, float]) -> Ellipsoid:
        """Return an ellipsoid whose axes are the patient's."""
        return cls(centre_mm=np.asarray(centre_mm, float), radii_mm=np.array(radii_mm), turn=np.eye(3))

    @classmethod
    def between(cls, start_mm: Array, end_mm: Array, radius_mm: float) -> Ellipsoid:
        """Return a long ellipsoid from one point to another."""
        along = np.asarray(end_mm, float) - start_mm
        length = float(np.linalg.norm(along))
        side = np.cross(along, [1.0, 0.0, 0.0] if abs(along[0]) < 0.9 * length else [0.0, 1.0, 0.0])
        side /= np.linalg.norm(side)
        turn = np.stack([along / length, side, np.cross(along / length, side)])
        return cls(centre_mm=(start_mm + end_mm) / 2, radii_mm=np.array([length / 2, radius_mm, radius_mm]), turn=turn)

    def scaled(self, factor: float) -> Ellipsoid:
        """Return the same shape, smaller or larger."""
        return Ellipsoid(centre_mm=self.centre_mm, radii_mm=self.radii_mm * factor, turn=self.turn)


def window(solid: Ellipsoid, camera: Camera) -> tuple[slice, slice]:
    """Return the pixels that can see a solid; empty slices where it lies off the film."""
    reach = float(solid.radii_mm.max())
    corners = solid.centre_mm + reach * np.array(
        [[x, y, z] for x in (-1.0, 1.0) for y in (-1.0, 1.0) for z in (-1.0, 1.0)]
    )
    pixels = camera.projector().to_pixels(corners)
    low = np.clip(np.floor(pixels.min(axis=0)), 0, camera.shape).astype(int)
    high = np.clip(np.ceil(pixels.max(axis=0)) + 1, 0, camera.shape).astype(int)
    return slice(low[0], high[0]), slice(low[1], high[1])


def span(solid: Ellipsoid, source_mm: Array, rays: Map) -> Span:
    """Return where unit rays (h, w, 3) enter and leave a solid."""
    to_unit = solid.turn / solid.radii_mm[:, None]
    start = (to_unit @ (source_mm - solid.centre_mm)).astype(np.float64)
    along = rays @ to_unit.T.astype(np.float32)
    a = np.einsum("...k,...k", along, along)
    b = along @ start.astype(np.float32)
    # The root is taken of a difference of large numbers: in units of the solid the source is 10 to 100 away.
    half = np.sqrt(np.maximum(b * b - a * np.float32(start @ start - 1), 0))
    hit = half > 0
    return np.where(hit, (-b - half) / a, 0), np.where(hit, (-b + half) / a, 0)


def length(inside: Span, without: Span | None = None) -> Map:
    """Return the mm of rays inside one span, leaving out what lies in another."""
    whole = inside[1] - inside[0]
    if without is None:
        return np.asarray(whole)
    shared = np.minimum(inside[1], without[1]) - np.maximum(inside[0], without[0])
    return np.asarray(whole - np.clip(shared, 0, None))
