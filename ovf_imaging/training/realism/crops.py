"""Upright crops of vertebral bodies, real and simulated, at equal scale and pixel size."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from ovf_imaging.training import film_data, mri_data
from ovf_imaging.training.scene import Scene
from ovf_imaging.training.simulation.anatomy import load_templates
from ovf_imaging.training.simulation.cases import ALONE, draw_case, parse_settings
from ovf_imaging.training.simulation.cases.stream import film_scene, scan_scenes
from ovf_imaging.vision.shapes import CROP_DEPTHS, body_pose

Array = NDArray[np.float64]
Grey = NDArray[np.float32]
LEVELS = range(18, 25)  # T11–L5, what the real sets show
MRI_SIDE, FILM_SIDE = 64, 128  # pixels of a crop: about those of the picture it comes from
MRI_DEPTH_PX = 34.0  # of a body at 1 mm, for pictures without a scale
PER_SUBJECT = 8  # crops at most, so that no patient outweighs the others
PLAIN_POLYGONS = 60  # slices: the last 77 of the file are those that the source has not turned, sheared and speckled
# Real sources hardly show fractures or metal; simulated ones are drawn without, so that these don't tell them apart.
_WHOLE = {
    "fractured": 0.0,
    "screws": 0.0,
    "cement": 0.0,
    "metastasis": 0.0,
    "transitional": 0.0,
}
SETTINGS = {
    "mri": {"study": ALONE, "anatomy": _WHOLE},
    # Of the field and, mostly, photographed as the real lumbar films are.
    "radiograph": {
        "study": ALONE,
        "anatomy": _WHOLE | {"slip": 0.6},
        "film": {"full_spine": 0, "thoracic": 0, "thoracolumbar": 0, "coned": 0, "photographed": 0.8},
    },
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bodies:
    """A slice or film with the landmarks of its bodies."""

    grey: Grey  # (H, W), 0–1 as the networks see it
    landmarks: Mapping[int, Array]  # level → (6, 2) row, column
    subject: str  # patient, or film
    pixel_mm: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Crop:
    """One body, upright, front to the left."""

    pixels: Grey  # (side, side), CROP_DEPTHS body depths wide
    landmarks: Array  # (6, 2) in crop pixels
    subject: str
    pixel_mm: float | None


def shrunk(picture: Bodies, factor: float) -> Bodies:
    """Return a picture with `factor` times the rows and columns, by an area-true filter; as it is where factor ≥ 1."""
    if factor >= 1:
        return picture
    height, width = picture.grey.shape
    size = round(width * factor), round(height * factor)
    grey = np.asarray(Image.fromarray(picture.grey).resize(size, Image.Resampling.LANCZOS))
    scale = np.array(grey.shape) / (height, width)
    return replace(
        picture,
        grey=grey,
        landmarks={k: (body + 0.5) * scale - 0.5 for k, body in picture.landmarks.items()},
        pixel_mm=None if picture.pixel_mm is None else picture.pixel_mm / factor,
    )


def crops_of(picture: Bodies, side: int) -> Iterator[Crop]:
    """Yield a crop of each body of LEVELS whose surroundings lie wholly within the picture."""
    middle = side / 2 - 0.5
    spline = ndimage.spline_filter(picture.grey, order=3, mode="nearest")
    grid = np.stack(np.meshgrid(np.arange(side), np.arange(side), indexing="ij"), -1) - middle
    for level, body in picture.landmarks.items():
        if level not in LEVELS or np.isnan(body).any():
            continue
        pose = body_pose(body)
        pixel = CROP_DEPTHS * pose.depth / side
        matrix = np.stack([-pose.up, -pose.front], -1) * pixel
        places = grid @ matrix.T + pose.centre
        if places.min() < 0 or (places > np.array(picture.grey.shape) - 1).any():
            continue
        yield Crop(
            pixels=ndimage.map_coordinates(
                spline, places.transpose(2, 0, 1), np.float32, order=3, mode="nearest", prefilter=False
            ),
            landmarks=(body - pose.centre) @ np.linalg.inv(matrix).T + middle,
            subject=picture.subject,
            pixel_mm=None if picture.pixel_mm is None else pixel * picture.pixel_mm,
        )


def some_crops(pictures: Iterable[Bodies], side: int, rng: np.random.Generator) -> list[Crop]:
    """Return crops of every subject, PER_SUBJECT at most, drawn at random."""
    of_subject: dict[str, list[Crop]] = {}
    for picture in pictures:
        of_subject.setdefault(picture.subject, []).extend(crops_of(picture, side))
    chosen = []
    for crops in of_subject.values():
        chosen += [crops[k] for k in rng.permutation(len(crops))[:PER_SUBJECT]]
    return chosen


def real_mri(data: Path) -> dict[str, list[Bodies]]:
    """Return source → middle slices at 1 mm, or about 1 mm where there is no scale (`polygons`, plain slices only)."""
    pictures: dict[str, list[Bodies]] = {}
    for volume in mri_data.load_volumes(data / "mri_vertebral_bodies"):
        subject = mri_data.patient_of(volume.name)
        scenes = _middle(mri_data.volume_scenes(volume))
        pictures.setdefault(volume.source, []).extend(_bodies(s, subject, 1.0) for s in scenes)
    # Patients are not told apart there: each slice stands for one.
    for number, scene in enumerate(mri_data.polygon_scenes(data / "mri_lumbar_polygons")[-PLAIN_POLYGONS:]):
        slice_ = _bodies(scene, f"polygons_{number}", None)
        pictures.setdefault("polygons", []).append(shrunk(slice_, MRI_DEPTH_PX / scene.depth_px))
    return pictures


def simulated_mri(data: Path, count: int, seed: int) -> dict[str, list[Bodies]]:
    """Return sequence ("T1", "T2", "STIR") → middle slices of `count` patients, brought to 1 mm."""
    templates, settings = load_templates(data / "meshes"), parse_settings(SETTINGS["mri"])
    pictures: dict[str, list[Bodies]] = {"T1": [], "T2": [], "STIR": []}
    for number in range(count):
        case = draw_case("mri", settings, templates, seed, number)
        scan = case.studies[0].pictures[0].scan
        if scan is None:
            continue
        for name, (sequence, image) in zip(pictures, scan.images.items(), strict=True):
            pixel_mm = float(np.linalg.norm(image.affine[:3, 1]))
            alone = replace(scan, images={sequence: image})
            for scene in _middle(list(scan_scenes(alone, name))):
                pictures[name].append(shrunk(_bodies(scene, f"simulated_{number}", pixel_mm), pixel_mm))
    return pictures


def real_films(data: Path) -> dict[str, list[Bodies]]:
    """Return the annotated lumbar films, reduced to the body depth that the trainer sees."""
    folder = data / "radiographs_lateral_lumbar"
    entries = json.loads((folder / "landmarks.json").read_text(encoding="utf-8"))
    return {"lumbar": [_bodies(film_data.lateral_scene(folder / n, e), n, None) for n, e in entries.items()]}


def simulated_films(data: Path, count: int, seed: int) -> dict[str, list[Bodies]]:
    """Return `count` lumbar films, reduced as the real ones are."""
    templates, settings = load_templates(data / "meshes"), parse_settings(SETTINGS["radiograph"])
    films = []
    for number in range(count):
        shot = draw_case("radiograph", settings, templates, seed, number).studies[0].pictures[0]
        if shot.film is not None:
            scene = film_scene(shot.film, shot.truth)
            whole = _bodies(scene, f"simulated_{number}", None)
            films.append(shrunk(whole, film_data.BASE_DEPTH_PX / scene.depth_px))
    return {"lumbar": films}


def _bodies(scene: Scene, subject: str, pixel_mm: float | None) -> Bodies:
    grey = scene.image[len(scene.image) // 2].numpy()
    return Bodies(grey=grey, landmarks=scene.landmarks, subject=subject, pixel_mm=pixel_mm)


def _middle(scenes: list[Scene]) -> list[Scene]:
    """Return the three scenes in the middle of those that show bodies."""
    shown = [s for s in scenes if s.landmarks]
    first = max(len(shown) // 2 - 1, 0)
    return shown[first : first + 3]
