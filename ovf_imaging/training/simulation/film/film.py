"""A radiograph of a patient: pixels, the exact map from the patient to them, and what a DICOM header says of them."""

from __future__ import annotations

import io
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ovf_imaging.training.simulation.film.camera import Map, Projector
from ovf_imaging.training.simulation.film.detector import detected
from ovf_imaging.training.simulation.film.display import displayed
from ovf_imaging.training.simulation.film.exposure import Exposure, ImagedPatient
from ovf_imaging.training.simulation.film.marks import collimated, marked, open_field
from ovf_imaging.training.simulation.film.photograph import hung, photographed, tinted
from ovf_imaging.training.simulation.film.transmission import transmission
from ovf_imaging.training.simulation.volume import Array, BodyTruth, PatientTruth

BITS = 12
_WHITE = 2**BITS - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmGeometry:
    """What a header can say."""

    sid_mm: float
    sod_mm: float  # source to the spine in the middle of the film
    magnification: float
    imager_pixel_mm: float | None  # at the detector; None for a photograph, which has no scale
    photometric: str  # "MONOCHROME1", "MONOCHROME2"
    patient_orientation: tuple[str, str]  # direction of rows and of columns
    view_position: str  # "LL", "RL" (that side against the detector), "AP"

    @property
    def patient_pixel_mm(self) -> float | None:
        """Pixel in the plane of the spine, magnification taken out."""
        return None if self.imager_pixel_mm is None else self.imager_pixel_mm / self.magnification


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Film:
    """One radiograph."""

    pixels: NDArray[np.uint16]  # (H, W), BITS bits
    projector: Projector
    open_field: NDArray[np.bool_]  # (H, W) not covered by collimation
    geometry: FilmGeometry
    view: str  # "lateral", "frontal", "chest"
    field: str
    facing: str
    tint: tuple[float, float, float]  # colour cast of a photographed film
    drawn: dict[str, Any]  # JSON values

    def landmarks(self, body: BodyTruth) -> Array:
        """Return a body's landmarks (6, 2) as (row, column), NaN where the patient has none."""
        return self.projector.to_pixels(body.landmarks_mm)

    def shows(self, points_mm: Array) -> NDArray[np.bool_]:
        """Return (...,) whether points lie on the film within its collimation; False for NaN."""
        inside = self.projector.inside(points_mm)
        pixels = np.nan_to_num(np.round(self.projector.to_pixels(points_mm)))
        rows, columns = (np.clip(pixels[..., k], 0, self.pixels.shape[k] - 1).astype(int) for k in range(2))
        return np.asarray(inside & self.open_field[rows, columns])

    def cut(self, truth: PatientTruth) -> tuple[int, ...]:
        """Return the levels of which the film shows some landmarks and not others."""
        partly = []
        for body in truth.bodies:
            shown = self.shows(body.landmarks_mm[~np.isnan(body.landmarks_mm).any(axis=1)])
            if shown.any() and not shown.all():
                partly.append(body.level)
        return tuple(partly)

    def bone_white(self) -> NDArray[np.uint16]:
        """Return the pixels (H, W) with bone white, however they are stored."""
        return self.pixels if self.geometry.photometric == "MONOCHROME2" else _WHITE - self.pixels

    def picture(self) -> NDArray[np.uint8]:
        """Return the film as a colour picture (H, W, 3), bone white, as a photograph or screenshot is stored."""
        return tinted(np.round(self.bone_white() * (255 / _WHITE)).astype(np.uint8), self.tint)


def expose(patient: ImagedPatient, exposure: Exposure, rng: np.random.Generator) -> Film:
    """Return the film of a patient; the same patient, exposure and generator state give the same bytes."""
    passed = transmission(patient, exposure, rng)
    signal = detected(collimated(passed.light, exposure.marks), exposure.detector, rng)
    field = open_field(exposure.marks, exposure.camera.shape)
    grey = marked(displayed(signal, passed.body & field, exposure.display), exposure.marks)
    projector = exposure.camera.projector()
    if exposure.photograph is not None:
        turn = exposure.photograph.homography(exposure.camera.shape)
        grey = photographed(grey, exposure.photograph, rng)
        projector = projector.then(turn, exposure.camera.shape)
        field = hung(field.astype(np.float32), exposure.photograph) > 0.5
    if exposure.jpeg_quality is not None:
        grey = _compressed(grey, exposure.jpeg_quality)
    pixels = np.round(np.clip(grey, 0, 1) * _WHITE).astype(np.uint16)
    return Film(
        pixels=_WHITE - pixels if exposure.monochrome1 else pixels,
        projector=projector,
        open_field=field,
        geometry=_geometry(exposure),
        view=exposure.view,
        field=exposure.field,
        facing=exposure.facing,
        tint=exposure.photograph.tint if exposure.photograph else (1.0, 1.0, 1.0),
        drawn=_drawn(exposure),
    )


def _compressed(grey: Map, quality: int) -> Map:
    file = io.BytesIO()
    Image.fromarray(np.round(np.clip(grey, 0, 1) * 255).astype(np.uint8)).save(file, "JPEG", quality=quality)
    return np.asarray(np.asarray(Image.open(file), dtype=np.float32) / 255)


def _geometry(exposure: Exposure) -> FilmGeometry:
    camera = exposure.camera
    sid, sod = camera.distance_mm, camera.depth_mm(exposure.spine_mm)
    against = "LL" if exposure.drawn["source_side"] == "right" else "RL"
    rows = {"left": "P", "right": "A", "viewer": "L"}[exposure.facing]
    return FilmGeometry(
        sid_mm=sid,
        sod_mm=sod,
        magnification=sid / sod,
        imager_pixel_mm=None if exposure.photograph else float(np.linalg.norm(camera.right_mm)),
        photometric="MONOCHROME1" if exposure.monochrome1 else "MONOCHROME2",
        patient_orientation=(rows, "F"),
        view_position=against if exposure.view == "lateral" else "AP",
    )


def _drawn(exposure: Exposure) -> dict[str, Any]:
    """Return everything drawn for an exposure as JSON values."""
    return {
        **exposure.drawn,
        "peak_kv": exposure.peak_kv,
        "mineral_factor": exposure.mineral_factor,
        "texture": exposure.texture,
        "clutter": exposure.clutter,
        "half_waist_mm": float(exposure.trunk.half_mm[:, 0].mean()),
        "gas_loops": len(exposure.scenery.gas),
        "lung_g_cm3": exposure.scenery.lung_g_cm3,
        "detector": asdict(exposure.detector),
        "display": asdict(exposure.display),
        "marks": asdict(exposure.marks),
        "photograph": None if exposure.photograph is None else asdict(exposure.photograph),
        "jpeg_quality": exposure.jpeg_quality,
    }
