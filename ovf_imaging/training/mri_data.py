"""Sagittal MRI slices with masks, as scenes: `mri_vertebral_bodies` and `mri_lumbar_polygons`."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import SimpleITK as sitk  # noqa: N813
import torch
from numpy.typing import NDArray
from PIL import Image as Picture
from scipy import ndimage
from skimage.draw import polygon2mask

from ovf_imaging.training.scene import Scene
from ovf_imaging.vision.grey import mri_grey
from ovf_imaging.vision.mask_landmarks import frame_from_centres, mask_landmarks
from ovf_imaging.vision.shapes import up_of

Array = NDArray[np.float64]
# Split by patient, fixed before any training. spineweb 02, 03, 06, 07 and 08 may be one patient, 10 and 11 are one.
HELD_BACK = (
    *(f"spineweb_{n}" for n in ("10", "11", "15")),
    *(f"zenodo22304_{n}" for n in ("05", "12", "18", "23")),
    *(f"myosegmentum_{n}" for n in ("02", "09", "15", "31", "38", "43", "50")),
)
_SAME_PATIENT = {f"spineweb_{n}": "spineweb_02" for n in ("03", "06", "07", "08")} | {"spineweb_11": "spineweb_10"}
L5, S1 = 24, 26
BESIDE = (-2, -1, 0, 1, 2)  # the slices that the network sees at once


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Volume:
    """One labelled volume, anterior left and head up, 1 mm in plane."""

    name: str
    pixels: NDArray[np.float32]  # (S, H, W), 0–1
    labels: NDArray[np.uint8]  # (S, H, W)
    affine: Array = field(default_factory=lambda: np.eye(4))  # (slice, row, column, 1) to LPS mm

    @property
    def source(self) -> str:
        """The collection that it is of."""
        return source_of(self.name)


def patient_of(name: str) -> str:
    """Return the first volume of a volume's patient, as far as is known (see HELD_BACK)."""
    return _SAME_PATIENT.get(name, name)


def source_of(name: str) -> str:
    """Return the collection that a volume is of."""
    return name.split("_")[0]


def volume_names(folder: Path, *, held_back: bool | None = None) -> list[str]:
    """Return the volumes of `mri_vertebral_bodies`: those held back from training, all others, or (None) all."""
    names = (path.name.removesuffix("_image.nii.gz") for path in folder.glob("*_image.nii.gz"))
    return sorted(name for name in names if held_back is None or (name in HELD_BACK) == held_back)


def load_volume(folder: Path, name: str) -> Volume:
    """Return a volume of `mri_vertebral_bodies` by its name."""
    # Stored (P, I, R): SimpleITK's array is (slice, row, column) with rows down and columns backwards.
    image, labels = (sitk.ReadImage(str(folder / f"{name}_{part}.nii.gz")) for part in ("image", "labels"))
    affine = np.eye(4)
    affine[:3, :3] = (np.reshape(image.GetDirection(), (3, 3)) * image.GetSpacing())[:, ::-1]
    affine[:3, 3] = image.GetOrigin()
    return Volume(
        name=name,
        pixels=mri_grey(sitk.GetArrayFromImage(image).astype(np.float32)),
        labels=sitk.GetArrayFromImage(labels).astype(np.uint8),
        affine=affine,
    )


def load_volumes(folder: Path, *, held_back: bool | None = None) -> list[Volume]:
    """Return the volumes that `volume_names` names."""
    return [load_volume(folder, name) for name in volume_names(folder, held_back=held_back)]


def slice_landmarks(labels: NDArray[np.uint8], least: dict[int, float]) -> dict[int, Array]:
    """Return level → (6, 2) landmarks of the bodies in one slice that are large enough to have corners."""
    levels = [int(k) for k in np.unique(labels) if k]
    centres = np.array([np.argwhere(labels == k).mean(0) for k in levels])
    found = {}
    for index, level in enumerate(levels):
        mask = labels == level
        if mask.sum() < least.get(level, 40):
            continue
        up, front = frame_from_centres(centres, index, np.array([0.0, -1.0]))
        points = mask_landmarks(mask, up, front)
        if points is not None:
            found[level] = points
    return found


def ignore_maps(
    shape: tuple[int, ...], landmarks: dict[int, Array], top: Array, bottom: Array | None, bottom_level: int
) -> NDArray[np.bool_]:
    """Return (2, H, W): where body and sacrum are not labelled, above the top body and below the lowest."""
    grid = np.stack(np.meshgrid(*(np.arange(n) for n in shape), indexing="ij"), -1).astype(float)
    up = up_of(top)
    above = (grid - top[:3].mean(0)) @ up > 3
    ignore = np.zeros((2, *shape), dtype=bool)
    ignore[0] |= above
    if bottom is not None and bottom_level != S1:
        below = (grid - bottom[3:].mean(0)) @ up_of(bottom) < -1
        ignore[1] |= below
        if bottom_level != L5:
            ignore[0] |= (grid - bottom[3:].mean(0)) @ up_of(bottom) < -3
    return ignore


def volume_scenes(volume: Volume) -> list[Scene]:
    """Return a scene for each labelled slice, and one more on either side."""
    areas = {int(k): (volume.labels == k).sum((1, 2)) for k in np.unique(volume.labels) if k}
    least = {k: 0.45 * a.max() for k, a in areas.items()}
    labelled = [int(s) for s in np.flatnonzero(np.any([a > 0 for a in areas.values()], 0))]
    marks = {s: slice_landmarks(volume.labels[s], least) for s in labelled}
    levels = sorted(areas)
    ends = {}
    for level in (levels[0], levels[-1]):
        middle = int(np.average(np.arange(len(volume.labels)), weights=areas[level]) + 0.5)
        best = min((s for s in marks if level in marks[s]), key=lambda s: abs(s - middle))
        ends[level] = marks[best][level]
    scenes = []
    for s in range(max(labelled[0] - 1, 0), min(labelled[-1] + 2, len(volume.pixels))):
        around = [min(max(s + d, 0), len(volume.pixels) - 1) for d in BESIDE]
        here = marks.get(s, {})
        ignore = ignore_maps(volume.labels.shape[1:], here, ends[levels[0]], ends[levels[-1]], levels[-1])
        inner = tuple(k for k in here if k not in (levels[0], S1))
        scenes.append(
            Scene(
                image=torch.from_numpy(volume.pixels[around]),
                instances=torch.from_numpy(volume.labels[s].copy()),
                ignore=torch.from_numpy(ignore),
                landmarks=here,
                focus=np.mean([v.mean(0) for v in ends.values()], 0),
                fracturable=inner,
            )
        )
    return scenes


def source_scenes(folder: Path, *, held_back: bool) -> dict[str, list[Scene]]:
    """Return source → scenes of `mri_vertebral_bodies`, either those held back from training or all others."""
    scenes: dict[str, list[Scene]] = {}
    for volume in load_volumes(folder, held_back=held_back):
        scenes.setdefault(volume.source, []).extend(volume_scenes(volume))
    return scenes


def polygon_scenes(folder: Path) -> list[Scene]:
    """Return a scene for each annotated slice of `mri_lumbar_polygons`; patients are not told apart there."""
    number = {f"L{i}": 19 + i for i in range(1, 6)} | {"S1": S1}
    scenes = []
    for name, bodies in json.loads((folder / "polygons.json").read_text()).items():
        grey = np.asarray(Picture.open(folder / name).convert("L"), dtype=np.float32)
        labels = np.zeros(grey.shape, np.uint8)
        shapes = {number[b["level"]]: np.array(b["xy"])[:, ::-1] for b in bodies if b["level"] in number}
        for level, outline in shapes.items():
            labels[polygon2mask(grey.shape, outline)] = level
        levels = sorted(shapes)
        if len(levels) < 3 or len(levels) != len(bodies) or not _contiguous(levels):
            continue
        marks = _polygon_landmarks(labels, levels)
        if levels[0] not in marks or levels[-1] not in marks:
            continue
        ignore = ignore_maps(grey.shape, marks, marks[levels[0]], marks[levels[-1]], levels[-1])
        ignore |= _rim(labels > 0, round(0.05 * np.median([_depth(m) for m in marks.values()])))
        depth = float(np.median([_depth(m) for k, m in marks.items() if k != S1]))
        scenes.append(
            Scene(
                image=torch.from_numpy(mri_grey(grey))[None].expand(len(BESIDE), -1, -1),
                instances=torch.from_numpy(labels),
                ignore=torch.from_numpy(ignore),
                landmarks=marks,
                focus=np.mean([v.mean(0) for v in marks.values()], 0),
                fracturable=tuple(k for k in marks if k not in (levels[0], S1)),
                depth_px=depth,
            )
        )
    return scenes


def _rim(mask: NDArray[np.bool_], width: int) -> NDArray[np.bool_]:
    """Return the pixels within `width` of the mask's edge: hand-drawn polygons are not true to the pixel."""
    grown = ndimage.binary_dilation(mask, iterations=width)
    return np.asarray(grown & ~ndimage.binary_erosion(mask, iterations=width))


def _contiguous(levels: list[int]) -> bool:
    wanted = [k for k in (*range(20, 25), S1) if levels[0] <= k <= levels[-1]]
    return levels == wanted


def _depth(body: Array) -> float:
    return float(np.linalg.norm((body[0] + body[3] - body[2] - body[5]) / 2))


def _polygon_landmarks(labels: NDArray[np.uint8], levels: list[int]) -> dict[int, Array]:
    """Like slice_landmarks, but the slice may be turned or mirrored: the sacrum's bend tells the front."""
    centres = np.array([np.argwhere(labels == k).mean(0) for k in levels])
    chord = centres[-1] - centres[0]
    side = np.array([-chord[1], chord[0]])
    # The lumbar curve bulges to the front between its ends.
    bulge = float(((centres[1:-1] - centres[0]) @ side).mean())
    anterior = side * np.sign(bulge) / np.linalg.norm(side)
    found = {}
    for index, level in enumerate(levels):
        up, front = frame_from_centres(centres, index, anterior)
        points = mask_landmarks(labels == level, up, front)
        if points is not None:
            found[level] = points
    return found
