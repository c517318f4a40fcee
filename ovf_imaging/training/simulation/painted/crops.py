"""Upright crops of one body each, painted as they are drawn: to train what finds clefts and oedema."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage

from ovf_imaging.training import film_data, mri_data
from ovf_imaging.training.crops import Jitter, crop_placing
from ovf_imaging.training.simulation.painted.column import Body, Column, scene_column, volume_column
from ovf_imaging.training.simulation.painted.deformed import deform
from ovf_imaging.training.simulation.painted.draw import broken_body, draw_findings
from ovf_imaging.training.simulation.painted.records import BodyFindings, Findings
from ovf_imaging.training.simulation.painted.render import paint_plane
from ovf_imaging.training.simulation.painted.sequences import slice_sequence, volume_sequence
from ovf_imaging.training.simulation.painted.settings import PaintSettings
from ovf_imaging.types import Sequence as Contrast
from ovf_imaging.vision.shapes import body_pose

Array = NDArray[np.float64]
CROP_SETTINGS = PaintSettings(fractured=0.6)
JITTER = Jitter(shift=0.04, turn_deg=4.0, scale=0.06)
_NEIGHBOUR_BROKEN = 0.15
_SEEN_PX = 10  # smaller cleft masks are no sign that anyone could learn
_SPECKLE = 0.2  # off the median of its neighbours
_CENTRAL = 0.7  # of the half width, within which planes are taken


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PaintedCrop:
    """One body, head up and front left, CROP_DEPTHS of its depths wide; all arrays (CROP_PX, CROP_PX)."""

    pixels: NDArray[np.float32]  # 0–1
    body: NDArray[np.bool_]
    cleft: NDArray[np.bool_]
    oedema: NDArray[np.bool_]
    cement: NDArray[np.bool_]
    landmarks: Array  # (6, 2) row, column in the crop
    level: int
    sequence: Contrast
    source: str  # the image's name
    findings: BodyFindings

    @property
    def flags(self) -> dict[str, bool]:
        """Whether each sign can be seen in this crop."""
        cleft = int(self.cleft.sum()) >= _SEEN_PX
        filling = self.findings.cleft.kind if self.findings.cleft is not None else ""
        return {
            "fracture": self.findings.collapse is not None,
            "cleft": cleft,
            "gas": cleft and filling == "gas",
            "fluid": cleft and filling == "fluid",
            "oedema": int(self.oedema.sum()) >= _SEEN_PX,
            "cement": int(self.cement.sum()) >= _SEEN_PX,
        }


def painted_crops(
    columns: Sequence[Column],
    rng: np.random.Generator,
    settings: PaintSettings = CROP_SETTINGS,
    jitter: Jitter = JITTER,
) -> Iterator[PaintedCrop]:
    """Yield crops without end: column, body, plane, findings and pose drawn afresh each time."""
    while True:
        column = columns[int(rng.integers(len(columns)))]
        level = int(rng.choice(sorted(column.bodies)))
        yield painted_crop(column, level, _findings(rng, column, level, settings), rng, jitter)


def painted_crop(
    column: Column, level: int, findings: Findings, rng: np.random.Generator, jitter: Jitter
) -> PaintedCrop:
    """Return one crop of a level in a plane near the body's middle, with `findings` painted in."""
    plane = _plane(rng, column, column.bodies[level])
    marks = deform(column, plane, findings).forward(column.planes[plane].landmarks[level])
    placing = crop_placing(jitter.shaken(body_pose(marks), rng))
    layers = paint_plane(column, plane, findings, placing, rng)
    own = layers.labels == level
    return PaintedCrop(
        pixels=layers.pixels,
        body=own,
        cleft=layers.cleft & own,
        oedema=layers.oedema & own,
        cement=layers.cement & own,
        landmarks=placing.to_output(marks),
        level=level,
        sequence=column.sequence,
        source=column.name,
        findings=findings.get(level, BodyFindings()),
    )


def _findings(rng: np.random.Generator, column: Column, level: int, settings: PaintSettings) -> Findings:
    film = column.sequence is Contrast.NONE
    findings = draw_findings(rng, [level], settings, film=film)
    neighbours = [k for k in (level - 1, level + 1) if k in column.bodies]
    if neighbours and rng.random() < _NEIGHBOUR_BROKEN:
        findings[int(rng.choice(neighbours))] = broken_body(rng, settings, film=film)
    return findings


def _plane(rng: np.random.Generator, column: Column, body: Body) -> int:
    near = [
        i
        for i, plane in enumerate(column.planes)
        if body.level in plane.landmarks and (i == body.plane or abs(body.aside(i)) < _CENTRAL)
    ]
    return int(rng.choice(near))


def volume_columns(folder: Path, *, held_back: bool = False) -> list[Column]:
    """Return the volumes of `mri_vertebral_bodies`, either those held back from training or all others."""
    return [
        volume_column(volume, volume_sequence(volume.name))
        for volume in mri_data.load_volumes(folder, held_back=held_back)
    ]


def slice_columns(folder: Path, *, held_back: bool = False) -> list[Column]:
    """Return the slices of `mri_lumbar_polygons`; all of them are for training, patients are not told apart there."""
    if held_back:
        return []
    columns = []
    for index, scene in enumerate(mri_data.polygon_scenes(folder)):
        clean = despeckled(scene.image[len(scene.image) // 2].numpy())
        sequence = slice_sequence(clean, scene.instances.numpy(), scene.landmarks)
        cleaned = replace(scene, image=torch.from_numpy(clean)[None])
        columns.append(scene_column(cleaned, f"polygons_{index:03d}", sequence))
    return columns


def despeckled(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a slice (H, W) without single black or white pixels.

    The source strewed them over most slices; nothing painted would have them, and that would give it away.
    """
    middle = ndimage.median_filter(pixels, 3)
    return np.where(np.abs(pixels - middle) > _SPECKLE, middle, pixels)


def film_columns(folder: Path, *, held_back: bool = False) -> list[Column]:
    """Return the films of `radiographs_lateral_lumbar`, either those held back from training or all others."""
    scenes = film_data.lateral_scenes(folder, held_back)
    return [scene_column(scene, name, Contrast.NONE) for name, scene in scenes.items()]
