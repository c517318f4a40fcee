"""The held-back real images, painted pathology apart: how each is loaded, and how a reading of it is judged.

The full-spine films are never trained or chosen on: they are read once for a version that is to be released.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk  # noqa: N813
from numpy.typing import NDArray

from ovf_imaging.dicom import load_image, read_study
from ovf_imaging.dicom.affine import plane_affine
from ovf_imaging.errors import ReadingError
from ovf_imaging.pipeline import Eyes, Watch
from ovf_imaging.training import film_data, mri_data
from ovf_imaging.training.paint import Warp, draw_fracture, neighbours
from ovf_imaging.training.scene import Placing, Scene, render_at
from ovf_imaging.types import Image, Level, Position, Reading, Scale, Vertebra, View
from ovf_imaging.types import Sequence as Contrast
from ovf_imaging.vision.shapes import body_pose

Array = NDArray[np.float64]
Row = dict[str, Any]
Marks = Mapping[int, Array]  # level → (6, 2) landmarks
S1 = 26
PAINTED_PER_BODY = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBack:
    """One image: how it is loaded, and the rows that a reading of it, or its refusal (None), amounts to."""

    name: str  # of its file
    load: Callable[[], Image]
    judge: Callable[[Reading | None], list[Row]]
    painted: bool = False  # not as it lies in the file


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seen:
    """A held-back image, what was read on it (None = refused), and the rows of its judgement."""

    name: str
    image: Image
    reading: Reading | None
    rows: tuple[Row, ...]
    painted: bool = False


def look(reader: Eyes, images: Sequence[HeldBack], watch: Watch) -> Iterator[Seen]:
    """Yield each image as read and judged."""
    for number, held in enumerate(images):
        watch(f"reading {held.name}", number, len(images))
        image = held.load()
        try:
            reading = reader.read(image)
        except ReadingError:
            reading = None
        rows = tuple(held.judge(reading))
        yield Seen(name=held.name, image=image, reading=reading, rows=rows, painted=held.painted)


def mri_volumes(data: Path) -> list[HeldBack]:
    """Return the held-back volumes, loaded as a user would load the files."""
    folder = data / "mri_vertebral_bodies"
    return [
        HeldBack(
            name=f"{name}_image.nii.gz",
            load=partial(_load, folder / f"{name}_image.nii.gz"),
            judge=partial(_mri_rows, name, folder / f"{name}_labels.nii.gz"),
        )
        for name in mri_data.HELD_BACK
    ]


def films(data: Path) -> list[HeldBack]:
    """Return the held-back lateral films, the same with fractures painted into them, and frontal films to refuse."""
    folder, frontal = data / "radiographs_lateral_lumbar", data / "radiographs_ap_landmarks"
    entries = json.loads((folder / "landmarks.json").read_text(encoding="utf-8"))
    real = [_film("real lumbar", folder / n, film_data.film_landmarks(entries[n])) for n in film_data.HELD_BACK]
    painted = (h for n, s in film_data.lateral_scenes(folder, held_back=True).items() for h in _painted(n, s))
    refused = [
        HeldBack(name=n, load=partial(_load, frontal / n, View.LATERAL), judge=partial(_refusal_rows, n))
        for n in frontal_held_back(data)
    ]
    return [*real, *painted, *refused]


def full_spine_films(data: Path) -> list[HeldBack]:
    """Return the films of `radiographs_lateral_landmarks`: T10–L5, and the angles L1–L5 and T4–T12."""
    folder = data / "radiographs_lateral_landmarks"
    entries = json.loads((folder / "landmarks.json").read_text(encoding="utf-8"))
    return [
        HeldBack(
            name=name,
            load=partial(_load, folder / name, View.LATERAL),
            judge=partial(_full_spine_rows, name, _corner_marks(points)),
        )
        for name, points in entries.items()
    ]


def frontal_held_back(data: Path) -> list[str]:
    """Return the frontal films kept out of training: every fifth."""
    names = sorted(p.name for p in (data / "radiographs_ap_landmarks").glob("*.jpg"))
    return names[::5]


def _load(path: Path, view: View | None = None) -> Image:
    return load_image(read_study([path], view=view).series[0])


def _film(source: str, path: Path, marks: Marks) -> HeldBack:
    judge = partial(_film_rows, source, path.name, marks)
    return HeldBack(name=path.name, load=partial(_load, path, View.LATERAL), judge=judge)


def _mri_rows(name: str, labels: Path, reading: Reading | None) -> list[Row]:
    """Return one row a labelled body."""
    stored = sitk.GetArrayFromImage(sitk.ReadImage(str(labels)))
    shared: Row = {"source": mri_data.source_of(name), "image": name, "patient": mri_data.patient_of(name)}
    levels = [int(k) for k in np.unique(stored) if k]
    if reading is None:
        return [shared | {"level": k, "found": False} for k in levels]
    # SimpleITK's array axes are the file's reversed; ours are named by array_axes.
    truth = stored.transpose([2 - a for a in reading.image.array_axes])
    by_level = {v.level: v for v in reading.vertebrae}
    marks = _volume_landmarks(truth)
    rows = []
    for level in levels:
        mask = truth == level
        overlaps = {int(k): _dice(mask, reading.labels == k) for k in np.unique(reading.labels[mask]) if k}
        best = max(overlaps, key=lambda k: overlaps[k], default=0)
        row = shared | {
            "level": level,
            "found": overlaps.get(best, 0) > 0.5,
            "level_right": best == level,
            "anchored": not any(c.code == "levels-not-anchored" for c in reading.caveats),
            "dice": overlaps.get(level, 0.0),
            "dice_whatever_level": overlaps.get(best, 0.0),
        }
        if best in by_level and level in marks and level != S1:
            row |= _shape_errors(by_level[best], marks[level], reading.image)
        rows.append(row)
    return rows


def _dice(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    return float(2 * (a & b).sum() / max(int(a.sum() + b.sum()), 1))


def _volume_landmarks(truth: NDArray[np.uint8]) -> dict[int, dict[int, Array]]:
    """Return level → slice → (6, 2) landmarks of the masks."""
    areas = {int(k): (truth == k).sum((1, 2)) for k in np.unique(truth) if k}
    least = {k: 0.45 * a.max() for k, a in areas.items()}
    marks: dict[int, dict[int, Array]] = defaultdict(dict)
    for s in range(len(truth)):
        if truth[s].any():
            for level, points in mri_data.slice_landmarks(truth[s], least).items():
                marks[level][s] = points
    return marks


def _shape_errors(found: Vertebra, marks: Mapping[int, Array], image: Image) -> Row:
    """Return the errors of one body against the mask's own landmarks in the same slice."""
    s = round(float(found.landmarks[0, 0]))
    if s not in marks:
        return {}
    row_mm, column_mm = image.pixel_mm
    unit = np.array([row_mm, column_mm])
    return _errors(found.landmarks[:, 1:] * unit, marks[s] * unit, found.covariance * np.outer(unit, unit), "mm")


def _errors(found: Array, truth: Array, covariance: Array, unit: str) -> Row:
    """Return corner, height and wedge errors of (6, 2) landmarks; standardised errors at the corners."""
    known = ~np.isnan(truth[:, 0])
    corners = [k for k in (0, 2, 3, 5) if known[k]]
    depth = body_pose(truth).depth if known.all() else float(np.linalg.norm(truth[0] - truth[2]))
    offset = found - truth
    row: Row = {"corner_percent": [100 * float(np.linalg.norm(offset[k])) / depth for k in corners]}
    standard = [offset[k, i] / np.sqrt(covariance[k, i, i]) for k in corners for i in (0, 1)]
    row["standardised"] = [float(v) for v in standard]
    if known.all():
        heights = [_heights(p) for p in (found, truth)]
        difference = np.abs(heights[0] - heights[1])
        row[f"height_error_{unit}"] = [float(v) for v in (difference if unit == "mm" else 100 * difference / depth)]
        row["wedge_error_deg"] = abs(_cobb(found, found) - _cobb(truth, truth))
    return row


def _heights(body: Array) -> Array:
    return np.asarray(np.linalg.norm(body[:3] - body[3:], axis=1))


def _full_spine_rows(name: str, marks: Marks, reading: Reading | None) -> list[Row]:
    rows = _film_rows("full-spine", name, {k: m for k, m in marks.items() if Level.T10 <= k <= Level.L5}, reading)
    found = {} if reading is None else {v.level: v.landmarks[:, 1:] for v in reading.vertebrae}
    for upper, lower in ((Level.L1, Level.L5), (Level.T4, Level.T12)):
        angles = [_cobb(m[upper], m[lower]) for m in (found, marks) if upper in m and lower in m]
        if len(angles) == 2:
            source = f"full-spine, {upper.name}–{lower.name}"
            error = abs(angles[0] - angles[1])
            rows.append({"source": source, "image": name, "patient": name, "cobb_error_deg": error})
    return rows


def _corner_marks(points: Mapping[str, Sequence[float]]) -> dict[int, Array]:
    """Return level → (6, 2) landmarks (row, column), middles NaN, of bodies whose four corners are marked."""
    marks = {}
    for level in Level:
        corners = {k: points.get(f"{level.name}{p}") for k, p in ((0, "TF"), (2, "TB"), (3, "BF"), (5, "BB"))}
        if all(corners.values()):
            body = np.full((6, 2), np.nan)
            for k, xy in corners.items():
                body[k] = np.array(xy)[::-1]
            marks[int(level)] = body
    return marks


def _cobb(upper: Array, lower: Array) -> float:
    """Return the angle in degrees from the upper body's superior to the lower one's inferior endplate."""
    top, bottom = upper[2] - upper[0], lower[5] - lower[3]
    return float(np.degrees(np.arctan2(top[0] * bottom[1] - top[1] * bottom[0], top @ bottom)))


def _refusal_rows(name: str, reading: Reading | None) -> list[Row]:
    return [{"source": "frontal, held back", "image": name, "patient": name, "refused": reading is None}]


def _film_rows(source: str, name: str, marks: Marks, reading: Reading | None) -> list[Row]:
    """Return one row a marked body: found where it lies, whatever it is called."""
    rows: list[Row] = []
    for level, truth in marks.items():
        if level == S1:
            continue
        row: Row = {"source": source, "image": name, "patient": name, "level": level, "found": False}
        if reading is not None:
            centre = np.nanmean(truth, 0)
            away = {v: float(np.linalg.norm(v.landmarks[:, 1:].mean(0) - centre)) for v in reading.vertebrae}
            near = min(away, key=lambda v: away[v])
            row |= {"found": away[near] < 0.3 * film_data.body_depth(truth), "confidence": near.confidence}
            if row["found"]:
                row["level_right"] = near.level == level
                row |= _errors(near.landmarks[:, 1:], truth, near.covariance, "percent")
        rows.append(row)
    return rows


def _painted(name: str, scene: Scene) -> Iterator[HeldBack]:
    """Yield a film with each of its bodies fractured several times, judged by the fractured body alone."""
    rng = np.random.default_rng(7)
    for level in scene.fracturable:
        for _ in range(PAINTED_PER_BODY):
            warp = Warp(scene.landmarks[level], draw_fracture(rng), *neighbours(level, scene.landmarks))
            marks = {level: warp.forward(scene.landmarks[level])}
            yield HeldBack(
                name=name,
                load=partial(_painted_image, scene, warp),
                judge=partial(_film_rows, "painted lumbar", name, marks),
                painted=True,
            )


def _painted_image(scene: Scene, warp: Warp) -> Image:
    height, width = (n // 4 * 4 for n in scene.instances.shape)
    placing = Placing(matrix=np.eye(2), origin=np.array([height, width]) / 2 - 0.5, size=(height, width))
    marks = {k: warp.forward(p) for k, p in scene.landmarks.items()}
    return Image(
        pixels=render_at(scene, marks, [warp], placing).image.numpy()[:1],
        affine=plane_affine(1, 1),
        view=View.LATERAL,
        sequence=Contrast.NONE,
        position=Position.UNKNOWN,
        scale=Scale.UNKNOWN,
        scale_source="none",
    )
