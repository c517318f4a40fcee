"""Measure the networks on held-back real images, per source and apart from painted pathology.

python -m ovf_imaging.training.evaluate mri  --data ../shared/data --out runs/evaluation
python -m ovf_imaging.training.evaluate film --data ../shared/data --out runs/evaluation
python -m ovf_imaging.training.evaluate full-spine --data ../shared/data --out runs/evaluation

The full-spine films are never trained or chosen on: run the last line once for a version that is to be released.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk  # noqa: N813
from numpy.typing import NDArray

from ovf_imaging.dicom import load_image, read_study
from ovf_imaging.dicom.affine import plane_affine
from ovf_imaging.errors import ReadingError
from ovf_imaging.training import film_data, mri_data
from ovf_imaging.training.paint import Warp, draw_fracture, neighbours
from ovf_imaging.training.scene import Placing, Scene, render_at
from ovf_imaging.types import Image, Level, Position, Reading, Scale, Vertebra, View
from ovf_imaging.types import Sequence as Contrast
from ovf_imaging.vision import Reader
from ovf_imaging.vision.shapes import body_pose

Array = NDArray[np.float64]
Row = dict[str, Any]
S1 = 26
PAINTED_PER_BODY = 3


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the evaluation that the model cards name and print its summary."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=["mri", "film", "full-spine"])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--models", type=Path, default=Path("models"))
    given = parser.parse_args(arguments)
    reader = Reader.load(given.models, "auto")
    if given.kind == "mri":
        rows = evaluate_mri(reader, given.data / "mri_vertebral_bodies")
        groups = {"bodies": rows}
    elif given.kind == "film":
        groups = evaluate_film(reader, given.data)
    else:
        groups = {"bodies": evaluate_full_spine(reader, given.data / "radiographs_lateral_landmarks")}
    given.out.mkdir(parents=True, exist_ok=True)
    summary = {name: summarise(rows) for name, rows in groups.items()}
    for name, rows in groups.items():
        write_rows(given.out / f"{given.kind}_{name}.csv", rows)
    text = json.dumps(summary, indent=1)
    (given.out / f"{given.kind}_summary.json").write_text(text, encoding="utf-8")
    print(text)  # noqa: T201  this is a command


def write_rows(path: Path, rows: Sequence[Row]) -> None:
    """Write rows as CSV."""
    names = list(dict.fromkeys(k for row in rows for k in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)


def summarise(rows: Iterable[Row]) -> dict[str, dict[str, float]]:
    """Return per source: bodies, found, level right, and means, medians and percentiles of the errors."""
    by_source: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_source[row["source"]].append(row)
    return {source: _summary(group) for source, group in sorted(by_source.items())}


def _summary(rows: list[Row]) -> dict[str, float]:
    out: dict[str, float] = {"bodies": len(rows)}
    for key in ("found", "level_right", "refused"):
        values = [float(r[key]) for r in rows if r.get(key) is not None]
        if values:
            out[f"{key}_percent"] = round(100 * float(np.mean(values)), 2)
    for key in (
        "dice",
        "dice_whatever_level",
        "corner_percent",
        "height_error_mm",
        "height_error_percent",
        "wedge_error_deg",
        "cobb_error_deg",
    ):
        values = [v for r in rows for v in np.atleast_1d(r[key] if r.get(key) is not None else [])]
        if values:
            array = np.asarray(values, dtype=float)
            out[f"{key}_mean"] = round(float(array.mean()), 4)
            for p in (50, 75, 95):
                out[f"{key}_p{p}"] = round(float(np.percentile(array, p)), 4)
    scores = np.array([v for r in rows for v in r.get("standardised", [])])
    if scores.size:
        out["standardised_rms"] = round(float(np.sqrt(np.mean(np.clip(scores, -6, 6) ** 2))), 4)
        out["within_1.96_percent"] = round(100 * float(np.mean(np.abs(scores) < 1.96)), 2)
    return out


def evaluate_mri(reader: Reader, folder: Path) -> list[Row]:
    """Return one row a labelled body of the held-back volumes, read as a user would read the files."""
    rows: list[Row] = []
    for name in mri_data.HELD_BACK:
        study = read_study([folder / f"{name}_image.nii.gz"])
        image = load_image(study.series[0])
        stored = sitk.GetArrayFromImage(sitk.ReadImage(str(folder / f"{name}_labels.nii.gz")))
        # SimpleITK's array axes are the file's reversed; ours are named by array_axes.
        truth = stored.transpose([2 - a for a in image.array_axes])
        reading = reader.read(image)
        rows += _mri_rows(name, image, truth, reading)
    return rows


def _mri_rows(name: str, image: Image, truth: NDArray[np.uint8], reading: Reading) -> list[Row]:
    by_level = {v.level: v for v in reading.vertebrae}
    marks = _volume_landmarks(truth)
    rows = []
    for level in (int(k) for k in np.unique(truth) if k):
        mask = truth == level
        overlaps = {int(k): _dice(mask, reading.labels == k) for k in np.unique(reading.labels[mask]) if k}
        best = max(overlaps, key=lambda k: overlaps[k], default=0)
        row: Row = {
            "source": name.split("_")[0],
            "image": name,
            "level": level,
            "found": overlaps.get(best, 0) > 0.5,
            "level_right": best == level,
            "anchored": not any(c.code == "levels-not-anchored" for c in reading.caveats),
            "dice": overlaps.get(level, 0.0),
            "dice_whatever_level": overlaps.get(best, 0.0),
        }
        if best in by_level and level in marks and level != S1:
            row |= _shape_errors(by_level[best], marks[level], image)
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
        row["wedge_error_deg"] = abs(_wedge(found) - _wedge(truth))
    return row


def _heights(body: Array) -> Array:
    return np.asarray(np.linalg.norm(body[:3] - body[3:], axis=1))


def _wedge(body: Array) -> float:
    top, bottom = body[0] - body[2], body[3] - body[5]
    cross = top[0] * bottom[1] - top[1] * bottom[0]
    return float(np.degrees(np.arctan2(cross, top @ bottom)))


def evaluate_film(reader: Reader, data: Path) -> dict[str, list[Row]]:
    """Return rows of bodies of the held-back films (real and painted), and of frontal films to refuse."""
    folder = data / "radiographs_lateral_lumbar"
    entries = json.loads((folder / "landmarks.json").read_text())
    bodies: list[Row] = []
    for name in film_data.HELD_BACK:
        study = read_study([folder / name], view=View.LATERAL)
        marks = film_data.film_landmarks(entries[name])
        bodies += _film_rows("real lumbar", name, reader, load_image(study.series[0]), marks)
    for name, scene in film_data.lateral_scenes(folder, held_back=True).items():
        bodies += _painted_rows(reader, name, scene)
    frontal = [_refusal(reader, data / "radiographs_ap_landmarks" / n) for n in frontal_held_back(data)]
    return {"bodies": bodies, "frontal": frontal}


def evaluate_full_spine(reader: Reader, folder: Path) -> list[Row]:
    """Return rows of T10–L5 of `radiographs_lateral_landmarks`, and of the angles L1–L5 and T4–T12."""
    rows: list[Row] = []
    for name, points in json.loads((folder / "landmarks.json").read_text()).items():
        marks = _corner_marks(points)
        image = load_image(read_study([folder / name], view=View.LATERAL).series[0])
        shown = {k: body for k, body in marks.items() if Level.T10 <= k <= Level.L5}
        rows += _film_rows("full-spine", name, reader, image, shown)
        try:
            found = {v.level: v.landmarks[:, 1:] for v in reader.read(image).vertebrae}
        except ReadingError:
            continue
        for upper, lower in ((Level.L1, Level.L5), (Level.T4, Level.T12)):
            angles = [_cobb(m[upper], m[lower]) for m in (found, marks) if upper in m and lower in m]
            if len(angles) == 2:
                source = f"full-spine, {upper.name}–{lower.name}"
                rows.append({"source": source, "image": name, "cobb_error_deg": abs(angles[0] - angles[1])})
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


def frontal_held_back(data: Path) -> list[str]:
    """Return the frontal films kept out of training: every fifth."""
    names = sorted(p.name for p in (data / "radiographs_ap_landmarks").glob("*.jpg"))
    return names[::5]


def _refusal(reader: Reader, path: Path) -> Row:
    image = load_image(read_study([path], view=View.LATERAL).series[0])
    try:
        reader.read(image)
    except ReadingError:
        return {"source": "frontal, held back", "image": path.name, "refused": True}
    return {"source": "frontal, held back", "image": path.name, "refused": False}


def _film_rows(source: str, name: str, reader: Reader, image: Image, marks: Mapping[int, Array]) -> list[Row]:
    try:
        reading = reader.read(image)
    except ReadingError:
        return [{"source": source, "image": name, "level": k, "found": False} for k in marks if k != S1]
    rows: list[Row] = []
    for level, truth in marks.items():
        if level == S1:
            continue
        centre = np.nanmean(truth, 0)
        depth = film_data.body_depth(truth)
        near = min(reading.vertebrae, key=lambda v: float(np.linalg.norm(v.landmarks[:, 1:].mean(0) - centre)))
        distance = float(np.linalg.norm(near.landmarks[:, 1:].mean(0) - centre)) / depth
        row: Row = {"source": source, "image": name, "level": level, "found": distance < 0.3}
        row["confidence"] = near.confidence
        if row["found"]:
            row["level_right"] = near.level == level
            row |= _errors(near.landmarks[:, 1:], truth, near.covariance, "percent")
        rows.append(row)
    return rows


def _painted_rows(reader: Reader, name: str, scene: Scene) -> list[Row]:
    """Return rows of the fractured bodies alone, each painted several times into its film."""
    rows: list[Row] = []
    rng = np.random.default_rng(7)
    shape = scene.instances.shape
    for level in scene.fracturable:
        for _ in range(PAINTED_PER_BODY):
            warp = Warp(scene.landmarks[level], draw_fracture(rng), *neighbours(level, scene.landmarks))
            marks = {k: warp.forward(p) for k, p in scene.landmarks.items()}
            height, width = (n // 4 * 4 for n in shape)
            placing = Placing(matrix=np.eye(2), origin=np.array([height, width]) / 2 - 0.5, size=(height, width))
            draw = render_at(scene, marks, [warp], placing)
            image = Image(
                pixels=draw.image.numpy()[:1],
                affine=plane_affine(1, 1),
                view=View.LATERAL,
                sequence=Contrast.NONE,
                position=Position.UNKNOWN,
                scale=Scale.UNKNOWN,
                scale_source="none",
            )
            rows += _film_rows("painted lumbar", name, reader, image, {level: marks[level]})
    return rows


if __name__ == "__main__":
    main()
