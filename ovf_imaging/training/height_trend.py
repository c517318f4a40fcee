"""How vertebral heights grow from level to level, measured on the healthy masks: prints entries of heights.toml.

    python -m ovf_imaging.training.height_trend ../shared/data

Each person's heights are divided by the mean of that person's L1–L5 heights, then averaged over persons. Volumes
held back from the networks are left out of the table and serve to check it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import SimpleITK as sitk  # noqa: N813
from numpy.typing import NDArray

from ovf_imaging.training.mri_data import volume_names
from ovf_imaging.types import Level
from ovf_imaging.vision.mask_landmarks import frame_from_centres, mask_landmarks

Array = NDArray[np.float64]
Heights = dict[int, Array]  # level → (3,) anterior, middle, posterior
HEALTHY = ("zenodo22304", "myosegmentum")
LUMBAR = range(Level.L1, Level.L5 + 1)
LEVELS = range(Level.T11, Level.L5 + 1)
# Panjabi 1991, posterior body height of 12 spines in mm, as reprinted. Above T11 nothing here is labelled.
PANJABI = {Level.T4: 16.2, Level.T11: 21.3, Level.T12: 22.7}
THORACIC_GROWTH = (PANJABI[Level.T11] / PANJABI[Level.T4]) ** (1 / (Level.T11 - Level.T4))


def body_heights(labels: NDArray[np.uint8]) -> Heights:
    """Return the heights in mm of the bodies of one volume (S, H, W) at 1 mm, anterior left, head up.

    Of each body the median over its middle slice and the two beside it.
    """
    levels = [int(k) for k in np.unique(labels) if k and k != Level.S1]
    centres = {k: np.argwhere(labels == k).mean(0) for k in levels}
    chain = np.array([centres[k][1:] for k in levels])
    found: Heights = {}
    for index, level in enumerate(levels):
        up, front = frame_from_centres(chain, index, np.array([0.0, -1.0]))
        middle = round(float(centres[level][0]))
        slices = [labels[s] == level for s in range(max(middle - 1, 0), min(middle + 2, len(labels)))]
        points = [p for mask in slices if (p := mask_landmarks(mask, up, front)) is not None]
        if points:
            found[level] = np.median([np.linalg.norm(p[:3] - p[3:], axis=1) for p in points], axis=0)
    return found


def read_people(folder: Path, *, held_back: bool) -> list[Heights]:
    """Return the heights of every healthy person of `mri_vertebral_bodies`."""
    people = []
    for name in volume_names(folder, held_back=held_back):
        if name.startswith(HEALTHY):
            labels = sitk.GetArrayFromImage(sitk.ReadImage(str(folder / f"{name}_labels.nii.gz")))
            people.append(body_heights(labels.astype(np.uint8)))
    return people


def expected(people: Sequence[Heights]) -> Heights:
    """Return the mean relative heights of each level, T4–L5; above T11 from the published growth.

    T11, seen in few persons and wedged in them, is half the masks' and half T12's by the published growth.
    """
    size = [np.mean([p[k] for k in LUMBAR if k in p]) for p in people]
    table = {k: np.mean([p[k] / s for p, s in zip(people, size, strict=True) if k in p], axis=0) for k in LEVELS}
    published = table[Level.T12] * PANJABI[Level.T11] / PANJABI[Level.T12]
    table[Level.T11] = np.sqrt(table[Level.T11] * published)
    for level in range(Level.T10, Level.T4 - 1, -1):
        table[level] = table[level + 1] / THORACIC_GROWTH
    return dict(sorted(table.items()))


def losses(people: Sequence[Heights], table: Heights) -> Heights:
    """Return level → (n, 3) apparent height losses against the neighbours: how far healthy bodies differ."""
    found: dict[int, list[Array]] = {}
    for person in people:
        for level in person:
            beside = [person[n] / table[n] for n in (level - 1, level + 1) if n in person]
            if beside:
                found.setdefault(level, []).append(1 - person[level] / table[level] / np.mean(beside, axis=0))
    return {level: np.array(rows) for level, rows in found.items()}


def own_shape(people: Sequence[Heights], table: Heights) -> Array:
    """Return (n,) greatest apparent loss of each body against its own tallest position."""
    rows = np.array([p[k] / table[k] for p in people for k in p])
    return np.asarray(1 - rows.min(1) / rows.max(1), dtype=np.float64)


def main() -> None:
    """Print the table as TOML and how it does on the persons left out of it."""
    folder = Path(sys.argv[1]) / "mri_vertebral_bodies"
    people, others = read_people(folder, held_back=False), read_people(folder, held_back=True)
    table = expected(people)
    spread: Heights = {k: np.std(v, axis=0) for k, v in losses(people, table).items()}
    pooled: Array = np.sqrt(np.mean([s**2 for s in spread.values()], axis=0))
    lines = [f"# {len(people)} persons"]
    for level, row in table.items():
        sd = spread.get(level, pooled)
        lines += [f"[{Level(level).name}]"]
        for key, values in (("expected", row), ("sd", sd)):
            lines.append(f"{key} = [{', '.join(f'{float(v):.3f}' for v in values)}]")
    lines += ["# greatest apparent loss within a healthy body, 50, 95, 99, 100 %:"]
    lines += [f"# {np.percentile(own_shape(people, table), [50, 95, 99, 100]).round(3)}"]
    check = np.concatenate(list(losses(others, table).values()))
    lines += [f"# left out: {len(others)} persons, loss mean {check.mean(0).round(3)}, sd {check.std(0).round(3)}"]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
