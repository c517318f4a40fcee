"""A real image as it is painted on: its planes, their masks and landmarks, and where each body's middle lies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ovf_imaging.training.mri_data import Volume, slice_landmarks
from ovf_imaging.training.scene import Scene
from ovf_imaging.training.simulation.painted.frame import frame_of
from ovf_imaging.training.simulation.painted.tones import Tones, film_tones, mri_tones
from ovf_imaging.types import Level, Sequence

Array = NDArray[np.float64]
_LEAST_AREA = 0.45  # of a body's largest mask: smaller sections have no corners, as in mri_data.volume_scenes


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plane:
    """One slice or film."""

    pixels: NDArray[np.float32]  # (H, W), 0–1
    labels: NDArray[np.uint8]  # (H, W) levels of the bodies
    landmarks: Mapping[int, Array]  # level → (6, 2) row, column; of S1 on films the superior endplate alone


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Body:
    """One body through the planes: the same six landmarks moved along as the spine bends sideways."""

    level: int
    plane: int  # its reference, near its middle
    landmarks: Array  # (6, 2) there
    drift: Array  # (2,) pixels from one plane to the next
    middle: float  # plane
    half_width: float  # planes from its middle to its lateral rims
    tones: Tones

    def at(self, plane: int) -> Array:
        """Return the landmarks (6, 2) that the body's deformation hangs on in a plane."""
        return self.landmarks + (plane - self.plane) * self.drift

    def aside(self, plane: int) -> float:
        """Return where a plane cuts the body: 0 in its middle, −1 and 1 at its lateral rims."""
        return (plane - self.middle) / self.half_width


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Column:
    """All planes of an image."""

    name: str
    sequence: Sequence  # NONE for a film
    planes: tuple[Plane, ...]
    bodies: Mapping[int, Body]  # those that can be painted
    pixel_mm: float | None  # None where the image has no scale

    def middles(self) -> dict[int, int]:
        """Return level → the plane near its middle, head to foot, of every body with landmarks."""
        shown: dict[int, list[int]] = {}
        for index, plane in enumerate(self.planes):
            for level in plane.landmarks:
                shown.setdefault(level, []).append(index)
        middle = {level: planes[len(planes) // 2] for level, planes in shown.items()}
        own = {level: body.plane for level, body in self.bodies.items()}
        return dict(sorted((middle | own).items()))


def volume_column(volume: Volume, sequence: Sequence) -> Column:
    """Return a volume of `mri_vertebral_bodies`; all its labelled bodies but S1 can be painted."""
    areas = {int(k): (volume.labels == k).sum((1, 2)) for k in np.unique(volume.labels) if k}
    least = {k: _LEAST_AREA * float(a.max()) for k, a in areas.items()}
    planes = tuple(
        Plane(pixels=pixels, labels=labels, landmarks=slice_landmarks(labels, least) if labels.any() else {})
        for pixels, labels in zip(volume.pixels, volume.labels, strict=True)
    )
    bodies = {}
    for level, area in areas.items():
        shown = [i for i, plane in enumerate(planes) if level in plane.landmarks]
        if level != Level.S1 and shown:
            bodies[level] = _body(level, planes, shown, area, sequence)
    return Column(name=volume.name, sequence=sequence, planes=planes, bodies=bodies, pixel_mm=1.0)


def scene_column(scene: Scene, name: str, sequence: Sequence) -> Column:
    """Return a film (Sequence.NONE) or a single MRI slice; its fracturable bodies can be painted."""
    plane = Plane(
        pixels=scene.image[len(scene.image) // 2].numpy(),
        labels=scene.instances.numpy(),
        landmarks=dict(scene.landmarks),
    )
    area = np.ones(1)
    bodies = {k: _body(k, (plane,), [0], area, sequence) for k in scene.fracturable}
    return Column(name=name, sequence=sequence, planes=(plane,), bodies=bodies, pixel_mm=None)


def _body(
    level: int, planes: tuple[Plane, ...], shown: list[int], area: NDArray[np.float64], sequence: Sequence
) -> Body:
    middle = float(np.average(np.arange(len(area)), weights=area))
    reference = min(shown, key=lambda i: abs(i - middle))
    marks = planes[reference].landmarks[level]
    centres = np.array([planes[i].landmarks[level].mean(0) for i in shown])
    drift = np.polyfit(shown, centres, 1)[0] if len(shown) > 2 else np.zeros(2)
    plane, frame = planes[reference], frame_of(marks)
    inside = plane.labels == level
    film = sequence is Sequence.NONE
    return Body(
        level=level,
        plane=reference,
        landmarks=marks,
        drift=np.asarray(drift),
        middle=middle,
        half_width=(np.count_nonzero(area) + 1) / 2,
        tones=film_tones(plane.pixels, inside, frame) if film else mri_tones(plane.pixels, inside, frame, sequence),
    )
