"""Simulated, painted and real bodies with what is truly in them, as the signs are read from them: true landmarks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ovf_imaging.dicom.affine import plane_affine
from ovf_imaging.measure.signals.see import study_views
from ovf_imaging.measure.signals.views import INSIDE, BodyView
from ovf_imaging.training import film_data, mri_data
from ovf_imaging.training.simulation.anatomy import load_templates
from ovf_imaging.training.simulation.cases import ALONE, draw_case, parse_settings
from ovf_imaging.training.simulation.film.film import Film
from ovf_imaging.training.simulation.mri import Scan
from ovf_imaging.training.simulation.painted import (
    PaintedBody,
    PaintedCleft,
    PaintedVolume,
    PaintSettings,
    draw_findings,
    paint_film,
    paint_volume,
    volume_sequence,
)
from ovf_imaging.training.simulation.volume import BodyTruth, CleftTruth, PatientTruth
from ovf_imaging.types import Image, Position, Reading, Scale, Vertebra, View
from ovf_imaging.types import Sequence as Contrast
from ovf_imaging.vision.grey import mri_signal

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
# Every patient has a fracture, and clefts are commoner than in life: an AUC does not hang on how common they are.
SETTINGS = {
    "study": ALONE,
    "anatomy": {"fractured": 1.0, "cleft": 0.6, "further_fracture": 0.5},
}
PAINTED = PaintSettings(fractured=0.95, cleft=0.6)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Truth:
    """What is in one body."""

    fractured: bool
    cleft: str  # "fluid", "gas", "closed" (nothing to be seen), "" = none
    gap: Mask  # (K, T, S) of INSIDE: the open cleft
    oedema: float  # part of the body
    about: str  # traps and cement, in words


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SignCase:
    """The bodies of one examination."""

    name: str
    views: tuple[BodyView, ...]
    truths: Mapping[int, Truth]  # by level


def simulated(modality: str, meshes: Path, seed: int, numbers: Iterable[int]) -> Iterator[SignCase]:
    """Yield simulated MRI of three series, or lateral films; `modality` is one of simulation's."""
    templates, settings = load_templates(meshes), parse_settings(SETTINGS)
    for number in numbers:
        picture = draw_case(modality, settings, templates, seed, number).studies[0].pictures[0]
        name = f"{modality}_{seed}_{number}"
        if picture.scan is not None:
            yield scan_case(picture.scan, picture.truth, name)
        if picture.film is not None:
            yield film_case(picture.film, picture.truth, name)


def scan_case(scan: Scan, truth: PatientTruth, name: str) -> SignCase:
    """Return the bodies of a simulated scan, all series on the T2 image's grid."""
    readings = [
        _reading(_image(i.pixels, i.affine, c), scan.labels, _inside(truth, i.affine, scan.labels.shape))
        for c, i in scan.images.items()
    ]
    own = next(r for r in readings if r.image.sequence is Contrast.T2)
    gap = scan.cleft_gas | scan.cleft_fluid
    return _case(name, own, readings, gap, {b.level: b for b in truth.bodies})


def film_case(film: Film, truth: PatientTruth, name: str) -> SignCase:
    """Return the bodies that a simulated lateral film shows whole."""
    marks = {b.level: film.landmarks(b) for b in truth.bodies if film.shows(b.landmarks_mm).all()}
    return _film_case(name, film.bone_white().astype(np.float32), marks, None, {b.level: b for b in truth.bodies})


def painted_mri(folder: Path, rng: np.random.Generator, count: int, *, held_back: bool) -> Iterator[SignCase]:
    """Yield volumes of `mri_vertebral_bodies` (one series each) in turn, findings painted in anew."""
    volumes = mri_data.load_volumes(folder, held_back=held_back)
    volumes = [v for v in volumes if volume_sequence(v.name) is not Contrast.T1]
    for number, volume in zip(range(count), cycle(volumes), strict=False):
        levels = sorted(int(k) for k in np.unique(volume.labels) if k and k != mri_data.S1)
        findings = draw_findings(rng, levels, PAINTED)
        yield painted_case(paint_volume(volume, volume_sequence(volume.name), findings, rng), f"{volume.name}_{number}")


def painted_case(painted: PaintedVolume, name: str) -> SignCase:
    """Return the bodies of a painted volume."""
    middles = {int(k): int((painted.labels == k).sum((1, 2)).argmax()) for k in np.unique(painted.labels) if k}
    marks = {
        k: np.insert(painted.landmarks[s][k], 0, s, axis=1) for k, s in middles.items() if k in painted.landmarks[s]
    }
    image = _image(mri_signal(painted.pixels), painted.affine, painted.sequence)
    reading = _reading(image, painted.labels, marks)
    return _case(name, reading, [reading], painted.cleft, painted.bodies)


def painted_films(folder: Path, rng: np.random.Generator, count: int, *, held_back: bool) -> Iterator[SignCase]:
    """Yield films of `radiographs_lateral_lumbar` in turn, findings painted in anew."""
    scenes = film_data.lateral_scenes(folder, held_back)
    for number, (name, scene) in zip(range(count), cycle(scenes.items()), strict=False):
        findings = draw_findings(rng, list(scene.fracturable), PAINTED, film=True)
        painted = paint_film(scene, findings, rng, name=name)
        yield _film_case(f"{name}_{number}", painted.pixels, painted.landmarks, painted.cleft, painted.bodies)


def real_mri(folder: Path) -> Iterator[SignCase]:
    """Yield the volumes of `mri_vertebral_bodies` as they are: no body holds a cleft."""
    for volume in mri_data.load_volumes(folder):
        painted = paint_volume(volume, volume_sequence(volume.name), {}, np.random.default_rng(0))
        yield painted_case(painted, volume.name)


def real_films(folder: Path) -> Iterator[SignCase]:
    """Yield the films of `radiographs_lateral_lumbar` as they are: no cleft is known in them."""
    for held_back in (False, True):
        for name, scene in film_data.lateral_scenes(folder, held_back).items():
            yield _film_case(name, scene.image[0].numpy(), scene.landmarks, None, {})


def _film_case(
    name: str,
    grey: NDArray[np.float32],
    marks: Mapping[int, Array],
    gap: Mask | None,
    bodies: Mapping[int, BodyTruth] | Mapping[int, PaintedBody],
) -> SignCase:
    image = _image(grey[None], plane_affine(1, 1), Contrast.NONE)
    points = {k: np.insert(p, 0, 0.0, axis=1) for k, p in marks.items()}
    reading = _reading(image, np.zeros(image.pixels.shape, np.uint8), points)
    return _case(name, reading, [reading], None if gap is None else gap[None], bodies)


def _case(
    name: str,
    own: Reading,
    readings: list[Reading],
    gap: Mask | None,
    bodies: Mapping[int, BodyTruth] | Mapping[int, PaintedBody],
) -> SignCase:
    views = tuple(study_views(own, readings))
    truths = {v.vertebra.level: _truth(v, bodies.get(v.vertebra.level), gap) for v in views}
    return SignCase(name=name, views=views, truths=truths)


def _truth(view: BodyView, body: BodyTruth | PaintedBody | None, gap: Mask | None) -> Truth:
    shown = np.zeros((len(view.slices), *(len(range(p.start, p.stop)) for p in INSIDE[1:])), dtype=bool)
    if body is None:
        return Truth(fractured=False, cleft="", gap=shown, oedema=0.0, about="")
    cleft = body.cleft.truth if isinstance(body.cleft, PaintedCleft) else body.cleft
    kind = "" if cleft is None else cleft.kind
    if cleft is not None:
        shown = _zone(cleft, shown) if gap is None else view.on_grid(gap)
        if not shown.any() or cleft.height_mm == 0:
            kind = "closed"
    return Truth(
        fractured=body.fracture is not None,
        cleft=kind,
        gap=shown,
        oedema=body.oedema_fraction,
        about=" ".join((*body.traps, *(("cement",) if body.cement else ()))),
    )


def _zone(cleft: CleftTruth, grid: Mask) -> Mask:
    """Return where a cleft lies that no mask was drawn of: its endplate's half of the body, its part of the depth."""
    zone, (_, rows, columns) = np.zeros_like(grid), grid.shape
    half = slice(0, round(0.5 * rows)) if cleft.endplate == "superior" else slice(round(0.5 * rows), rows)
    ends = (0.0, 0.75) if cleft.place == "anterior" else (0.15, 0.85)
    zone[:, half, round(ends[0] * columns) : round(ends[1] * columns)] = True
    return zone


def _inside(truth: PatientTruth, affine: Array, shape: tuple[int, ...]) -> dict[int, Array]:
    """Return the landmarks (6, 3) as (slice, row, column) of the bodies that lie wholly in a scan."""
    back = np.linalg.inv(affine)
    points = {b.level: b.landmarks_mm @ back[:3, :3].T + back[:3, 3] for b in truth.bodies}
    return {k: p for k, p in points.items() if ((p > -0.5) & (p < np.array(shape) - 0.5)).all()}


def _image(pixels: NDArray[np.generic], affine: Array, contrast: Contrast) -> Image:
    return Image(
        pixels=np.asarray(pixels, dtype=np.float32),
        affine=affine,
        view=View.LATERAL if contrast is Contrast.NONE else View.SAGITTAL,
        sequence=contrast,
        position=Position.UNKNOWN,
        scale=Scale.UNKNOWN if contrast is Contrast.NONE else Scale.PATIENT,
        scale_source="simulated",
    )


def _reading(image: Image, labels: NDArray[np.uint8], marks: Mapping[int, Array]) -> Reading:
    """Return a reading of the true landmarks; their covariance plays no part in signs."""
    spread = np.zeros((6, 2, 2))
    vertebrae = tuple(
        Vertebra(level=k, landmarks=p, covariance=spread, confidence=1.0) for k, p in sorted(marks.items())
    )
    return Reading(image=image, labels=labels, vertebrae=vertebrae, reader="truth")
