"""Simulated cases as a trainer's scenes, without the disk."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from skimage.draw import polygon2mask

from ovf_imaging.training import film_data
from ovf_imaging.training.mri_data import Volume, slice_landmarks, volume_scenes
from ovf_imaging.training.scene import FRONTAL, Scene
from ovf_imaging.training.simulation.anatomy import Templates, load_templates
from ovf_imaging.training.simulation.cases.case import DrawnCase, draw_case
from ovf_imaging.training.simulation.cases.files import film_labels
from ovf_imaging.training.simulation.cases.painted import PaintedCase, Sources, draw_painted_case
from ovf_imaging.training.simulation.cases.settings import SimulationSettings, parse_settings
from ovf_imaging.training.simulation.ct_scan import CtScan, read_scans
from ovf_imaging.training.simulation.film.film import Film
from ovf_imaging.training.simulation.mri import Scan
from ovf_imaging.training.simulation.painted import PaintedFilm, PaintSettings
from ovf_imaging.training.simulation.volume import Array, PatientTruth
from ovf_imaging.types import Landmark, Level
from ovf_imaging.vision.grey import film_grey, mri_grey

TRAINING_MRI = {"study": {"follow_up": 0.0}, "mri": {"matrix": 256, "pixel_mm": [0.95, 1.25]}}
TRAINING_FILMS = {
    "study": {"dynamic": 0.0, "posture": 0.0, "follow_up": 0.0, "frontal": 0.08, "ct": 0.25},
    "anatomy": {"transitional": 0.0},  # scenes know the usual order of levels alone
}
USUAL_DEPTH_PX = 34.0  # of a picture that shows no body
_SUPERIOR, _INFERIOR = Landmark.SUPERIOR_MIDDLE, Landmark.INFERIOR_MIDDLE


def stream(
    modality: str,
    settings: SimulationSettings,
    templates: Templates,
    seed: int,
    first: int = 0,
    *,
    scans: Sequence[CtScan] = (),
) -> Iterator[Scene]:
    """Yield the scenes of case after case of a seed, without end; the same that `ovf simulate` would write."""
    for number in itertools.count(first):
        yield from case_scenes(draw_case(modality, settings, templates, seed, number, scans=scans))


def painted_stream(sources: Sources, settings: PaintSettings, seed: int, first: int = 0) -> Iterator[Scene]:
    """Yield the scenes of painted case after painted case; those of the split "train" alone are for training."""
    for number in itertools.count(first):
        yield from painted_scenes(draw_painted_case(sources, settings, seed, number))


def painted_scenes(case: PaintedCase) -> Iterator[Scene]:
    """Yield a film's scene, or one for each labelled slice of a volume and one more on either side."""
    picture = case.picture
    if isinstance(picture, PaintedFilm):
        yield film_data.marked_scene(
            picture.pixels, picture.landmarks, picture.labels, levels_known=picture.levels_known
        )
        return
    yield from volume_scenes(Volume(name=picture.name, pixels=picture.pixels, labels=picture.labels))


def mri_scenes(meshes: Path, count: int, seed: int) -> list[Scene]:
    """Return the scenes of `count` patients, T1, T2 and STIR of each, in pixels of about 1 mm so that many fit memory.

    `meshes` is the folder of the templates' meshes.
    """
    templates, settings = load_templates(meshes), parse_settings(TRAINING_MRI)
    return [
        scene for number in range(count) for scene in case_scenes(draw_case("mri", settings, templates, seed, number))
    ]


def film_scenes(data: Path, count: int, seed: int) -> list[Scene]:
    """Return the scenes of `count` single films: of patients drawn from meshes, a quarter of real CTs, some frontal.

    `data` is the folder that holds `meshes` and `ct_verse`.
    """
    templates, settings = load_templates(data / "meshes"), parse_settings(TRAINING_FILMS)
    scans = read_scans(data / "ct_verse")
    cases = (draw_case("radiograph", settings, templates, seed, number, scans=scans) for number in range(count))
    return [scene for case in cases for scene in case_scenes(case)]


def case_scenes(case: DrawnCase) -> Iterator[Scene]:
    """Yield a scene for each film, and for each slice of each sequence."""
    for picture in (p for study in case.studies for p in study.pictures):
        if picture.film is not None:
            yield film_scene(picture.film, picture.truth)
        if picture.scan is not None:
            yield from scan_scenes(picture.scan, f"simulated_{case.seed}_{case.number}")


def film_scene(film: Film, truth: PatientTruth) -> Scene:
    """Return a film as a scene; one that is not lateral holds its bodies as FRONTAL and no landmarks.

    Of the sacrum that part is labelled which is labelled on real films; nothing is said of what lies below.
    """
    grey = film_grey(film.bone_white().astype(np.float32))
    lateral = film.view == "lateral"
    shown = {b.level: film.landmarks(b) for b in truth.bodies if lateral and film.shows(b.landmarks_mm).any()}
    whole = [k for k, p in shown.items() if not np.isnan(p).any()]
    labels = film_labels(film, truth) if lateral else _frontal_labels(film, truth)
    if whole:
        if Level.S1 in shown:
            sacrum = film_data.sacrum_outline(shown[Level.S1], shown[max(whole)])
            labels[polygon2mask(labels.shape, sacrum)] = Level.S1
        return film_data.marked_scene(grey, shown, labels, levels_known=True)
    return Scene(
        image=torch.from_numpy(grey)[None],
        instances=torch.from_numpy(labels),
        ignore=torch.zeros((2, *labels.shape), dtype=torch.bool),
        focus=np.array(labels.shape) / 2,
        depth_px=USUAL_DEPTH_PX,
    )


def scan_scenes(scan: Scan, name: str) -> Iterator[Scene]:
    """Yield a scene for each labelled slice of each sequence, and one more on either side.

    Bodies that the field cuts so short that no slice has their landmarks are left out: `volume_scenes` wants those of
    the topmost and the lowest body, and ignores what lies above and below them.
    """
    with_marks = {k for labels in scan.labels for k in slice_landmarks(labels, {})}
    labels = np.where(np.isin(scan.labels, list(with_marks)), scan.labels, 0).astype(np.uint8)
    for image in scan.images.values():
        pixels = mri_grey(image.pixels.astype(np.float32))
        scenes = volume_scenes(Volume(name=name, pixels=pixels, labels=labels))
        depth = _depth_px([p for s in scenes for k, p in s.landmarks.items() if k != Level.S1])
        yield from (replace(scene, depth_px=depth) for scene in scenes)


def _frontal_labels(film: Film, truth: PatientTruth) -> NDArray[np.uint8]:
    """Return (H, W) with FRONTAL inside the quadrilateral of each body's left and right rims."""
    labels = np.zeros(film.pixels.shape, np.uint8)
    for body in truth.bodies:
        rims = body.rims_mm[[0, 1, 1, 0], [_SUPERIOR, _SUPERIOR, _INFERIOR, _INFERIOR]]
        if film.shows(rims).any():
            labels[polygon2mask(labels.shape, film.projector.to_pixels(rims))] = FRONTAL
    return labels


def _depth_px(bodies: list[Array]) -> float:
    lengths = [float(np.linalg.norm(b[0] - b[2])) for b in bodies]
    return float(np.nanmedian(lengths)) if lengths else USUAL_DEPTH_PX
