"""Lateral and frontal films with landmarks, as scenes: `radiographs_lateral_lumbar` and `radiographs_ap_landmarks`."""

from __future__ import annotations

import csv
import itertools
import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image as Picture
from skimage.draw import polygon2mask

from ovf_imaging.training.scene import FRONTAL, Scene
from ovf_imaging.vision.grey import film_grey
from ovf_imaging.vision.shapes import outline, up_of

Array = NDArray[np.float64]
# Kept back for validation, fixed before any training; each film is another patient.
HELD_BACK = tuple(f"fraiwan_{n}.jpg" for n in ("02", "07", "12", "15", "20", "23"))
POINTS = ("TF", "TM", "TB", "BF", "BM", "BB")
LEVEL_NUMBER = {f"T{i}": 7 + i for i in range(1, 13)} | {f"L{i}": 19 + i for i in range(1, 6)}
S1, L5 = 26, 24
BASE_DEPTH_PX = 72.0  # films are reduced to this body depth once


def load_grey(path: Path, factor: float) -> NDArray[np.float32]:
    """Return a picture as (H, W) grey values, shrunk by `factor` with an area-true filter."""
    picture = Picture.open(path).convert("L")
    size = (max(32, round(picture.width * factor)), max(32, round(picture.height * factor)))
    return np.asarray(picture.resize(size, Picture.Resampling.LANCZOS), dtype=np.float32)


def film_landmarks(entry: dict[str, Any]) -> dict[int, Array]:
    """Return level → (6, 2) landmarks (row, column) in film pixels, NaN where not marked; S1 has its upper endplate."""
    nowhere = [np.nan, np.nan]
    marks = {}
    for name, body in entry["bodies"].items():
        marks[LEVEL_NUMBER[name]] = np.array([body.get(p, nowhere) for p in POINTS], dtype=float)[:, ::-1]
    sacrum = entry.get("s1_superior_endplate")
    if sacrum:
        front, back = (np.array(sacrum[p][::-1], dtype=float) for p in ("TF", "TB"))
        marks[S1] = np.array([front, (front + back) / 2, back, nowhere, nowhere, nowhere])
    return dict(sorted(marks.items()))


def body_depth(body: Array) -> float:
    """Return the mean length of a body's endplates in pixels."""
    return float(np.nanmean([np.linalg.norm(body[0] - body[2]), np.linalg.norm(body[3] - body[5])]))


def lateral_scene(path: Path, entry: dict[str, Any]) -> Scene:
    """Return the scene of one lateral film."""
    marks = film_landmarks(entry)
    depth = float(np.median([body_depth(b) for k, b in marks.items() if k != S1]))
    factor = min(1.0, BASE_DEPTH_PX / depth)
    grey = load_grey(path, factor)
    full = Picture.open(path).size
    scale = np.array([grey.shape[0] / full[1], grey.shape[1] / full[0]])
    marks = {k: (b + 0.5) * scale - 0.5 for k, b in marks.items()}
    complete = _complete(marks)
    instances = np.zeros(grey.shape, np.uint8)
    for level, body in complete.items():
        instances[polygon2mask(grey.shape, outline(body))] = level
    if S1 in marks:
        instances[polygon2mask(grey.shape, sacrum_outline(marks[S1], complete[max(complete)]))] = S1
    return marked_scene(film_grey(grey), marks, instances, levels_known=bool(entry["levels_sure"]))


def marked_scene(
    grey: NDArray[np.float32], marks: Mapping[int, Array], instances: NDArray[np.uint8], *, levels_known: bool
) -> Scene:
    """Return the scene of a lateral film (H, W) with its landmarks by level and the levels' masks."""
    complete = _complete(marks)
    return Scene(
        image=torch.from_numpy(grey)[None],
        instances=torch.from_numpy(instances),
        ignore=torch.from_numpy(_ignore(grey.shape, marks, complete)),
        landmarks=marks,
        fracturable=tuple(sorted(complete)[1:]),
        focus=np.nanmean(np.concatenate(list(complete.values())), 0),
        depth_px=float(np.median([body_depth(b) for k, b in marks.items() if k != S1])),
        levels_known=levels_known,
    )


def _complete(marks: Mapping[int, Array]) -> dict[int, Array]:
    """Return the bodies with all six landmarks."""
    return {k: b for k, b in marks.items() if k != S1 and not np.isnan(b).any()}


def sacrum_outline(endplate: Array, lowest: Array) -> Array:
    """Return the polygon (4, 2) of the upper part of S1, given its endplate and the landmarks of the lowest body."""
    front, back = endplate[0], endplate[2]
    normal = np.array([-(back - front)[1], (back - front)[0]])
    normal *= -np.sign(normal @ up_of(lowest)) / np.linalg.norm(normal)
    shrink = (back - front) * 0.1
    down = normal * 0.5 * np.linalg.norm(back - front)
    return np.array([front, back, back - shrink + down, front + shrink + down])


def _ignore(shape: tuple[int, ...], marks: Mapping[int, Array], complete: dict[int, Array]) -> NDArray[np.bool_]:
    """Return (2, H, W): above the top body, below the lowest, and where a body between was not marked."""
    grid = np.stack(np.meshgrid(*(np.arange(n) for n in shape), indexing="ij"), -1).astype(float)
    ignore = np.zeros((2, *shape), dtype=bool)
    levels = sorted(complete)
    top, low = complete[levels[0]], complete[levels[-1]]
    margin = 0.06 * body_depth(top)
    ignore[0] |= (grid - top[:3].mean(0)) @ up_of(top) > margin
    below = (grid - low[3:].mean(0)) @ -up_of(low)
    if levels[-1] != L5:
        ignore[0] |= below > margin
    if S1 in marks:
        s1 = marks[S1]
        ignore[1] |= (grid - s1[1]) @ -up_of(low) > 0.4 * np.linalg.norm(s1[0] - s1[2])
    else:
        ignore[1] |= below > 0
    for above, under in itertools.pairwise(levels):
        if under - above > 1:
            a, b = complete[above], complete[under]
            gap = ((grid - a[3:].mean(0)) @ -up_of(a) > 0) & ((grid - b[:3].mean(0)) @ up_of(b) > 0)
            ignore[0] |= gap
    return ignore


def film_names(folder: Path, *, held_back: bool) -> list[str]:
    """Return the films of `radiographs_lateral_lumbar` that are held back from training, or all others."""
    entries = json.loads((folder / "landmarks.json").read_text(encoding="utf-8"))
    return [name for name in entries if (name in HELD_BACK) == held_back]


def lateral_scenes(folder: Path, held_back: bool) -> dict[str, Scene]:
    """Return the scenes of `radiographs_lateral_lumbar`, either those held back or all others."""
    entries = json.loads((folder / "landmarks.json").read_text(encoding="utf-8"))
    return {name: lateral_scene(folder / name, entries[name]) for name in film_names(folder, held_back=held_back)}


def frontal_scenes(folder: Path, step: int = 1, first: int = 0) -> list[Scene]:
    """Return every `step`-th film of `radiographs_ap_landmarks` with its vertebrae as FRONTAL instances."""
    rows: dict[str, list[Array]] = defaultdict(list)
    with (folder / "landmarks.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            corners = [[float(row[f"{c}_y"]), float(row[f"{c}_x"])] for c in ("tl", "tr", "br", "bl")]
            rows[row["file"]].append(np.array(corners))
    scenes = []
    for name in sorted(rows)[first::step]:
        bodies = [
            b for b in rows[name] if b[:2, 0].mean() < b[2:, 0].mean() and b[0, 1] < b[1, 1] and b[3, 1] < b[2, 1]
        ]
        if len(bodies) < 12:
            continue
        width = float(np.median([np.linalg.norm(b[0] - b[1]) for b in bodies]))
        factor = min(1.0, 48.0 / width)
        grey = load_grey(folder / name, factor)
        instances = np.zeros(grey.shape, np.uint8)
        for body in bodies:
            instances[polygon2mask(grey.shape, body * factor)] = FRONTAL
        scenes.append(
            Scene(
                image=torch.from_numpy(film_grey(grey))[None],
                instances=torch.from_numpy(instances),
                ignore=torch.zeros((2, *grey.shape), dtype=torch.bool),
                focus=np.mean(bodies, (0, 1)) * factor,
                depth_px=width * factor,
            )
        )
    return scenes
