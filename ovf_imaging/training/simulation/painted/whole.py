"""Whole volumes, slices and films with findings painted in, and the truth of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ovf_imaging.training.mri_data import Volume
from ovf_imaging.training.scene import Scene
from ovf_imaging.training.simulation.painted.canvas import Layers
from ovf_imaging.training.simulation.painted.column import Column, scene_column, volume_column
from ovf_imaging.training.simulation.painted.deformed import deform
from ovf_imaging.training.simulation.painted.records import BodyFindings
from ovf_imaging.training.simulation.painted.render import paint_plane, whole
from ovf_imaging.training.simulation.painted.truth import PaintedBody, painted_body
from ovf_imaging.types import Sequence as Contrast

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PaintedVolume:
    """A painted volume with its truth; arrays are (S, H, W)."""

    name: str
    sequence: Contrast
    pixels: NDArray[np.float32]  # 0–1
    labels: NDArray[np.uint8]
    cleft: NDArray[np.bool_]
    oedema: NDArray[np.bool_]
    cement: NDArray[np.bool_]
    landmarks: tuple[Mapping[int, Array], ...]  # of each slice: level → (6, 2)
    planes: Mapping[int, int]  # level → the slice near its middle that its truth is told in
    bodies: Mapping[int, PaintedBody]  # those that something was painted into
    affine: Array  # (4, 4) (slice, row, column, 1) to LPS mm


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PaintedFilm:
    """A painted film or single MRI slice with its truth; arrays are (H, W)."""

    name: str
    sequence: Contrast  # NONE for a film
    pixels: NDArray[np.float32]  # 0–1
    labels: NDArray[np.uint8]
    cleft: NDArray[np.bool_]
    oedema: NDArray[np.bool_]
    cement: NDArray[np.bool_]
    landmarks: Mapping[int, Array]  # level → (6, 2)
    levels_known: bool
    bodies: Mapping[int, PaintedBody]


def paint_volume(
    volume: Volume, sequence: Contrast, findings: Mapping[int, BodyFindings], rng: np.random.Generator
) -> PaintedVolume:
    """Return a volume with findings by level painted in; `rng` draws the noise of what is new.

    Raises ValueError when a level cannot be painted in this volume.
    """
    column = volume_column(volume, sequence)
    planes = _paint(column, findings, rng)
    return PaintedVolume(
        name=volume.name,
        sequence=sequence,
        pixels=np.stack([p.pixels for p in planes]),
        labels=np.stack([p.labels for p in planes]),
        cleft=np.stack([p.cleft for p in planes]),
        oedema=np.stack([p.oedema for p in planes]),
        cement=np.stack([p.cement for p in planes]),
        landmarks=tuple(_carried(column, i, findings) for i in range(len(planes))),
        planes=column.middles(),
        bodies=_truths(column, findings, planes),
        affine=volume.affine,
    )


def paint_film(
    scene: Scene,
    findings: Mapping[int, BodyFindings],
    rng: np.random.Generator,
    *,
    name: str = "film",
    sequence: Contrast = Contrast.NONE,
) -> PaintedFilm:
    """Return a film with findings by level painted in, or a single MRI slice where a sequence is named.

    Raises ValueError when a level cannot be painted in this scene.
    """
    column = scene_column(scene, name, sequence)
    (plane,) = _paint(column, findings, rng)
    return PaintedFilm(
        name=name,
        sequence=sequence,
        pixels=plane.pixels,
        labels=plane.labels,
        cleft=plane.cleft,
        oedema=plane.oedema,
        cement=plane.cement,
        landmarks=_carried(column, 0, findings),
        levels_known=scene.levels_known,
        bodies=_truths(column, findings, [plane]),
    )


def _paint(column: Column, findings: Mapping[int, BodyFindings], rng: np.random.Generator) -> list[Layers]:
    strange = sorted(set(findings) - set(column.bodies))
    if strange:
        raise ValueError(f"levels {strange} cannot be painted in {column.name}; it offers {sorted(column.bodies)}")
    return [paint_plane(column, i, findings, whole(p.pixels.shape), rng) for i, p in enumerate(column.planes)]


def _carried(column: Column, plane: int, findings: Mapping[int, BodyFindings]) -> dict[int, Array]:
    """Return where the landmarks of a plane come to lie."""
    deformed = deform(column, plane, findings)
    return {k: deformed.forward(p) for k, p in column.planes[plane].landmarks.items()}


def _truths(column: Column, findings: Mapping[int, BodyFindings], planes: Sequence[Layers]) -> dict[int, PaintedBody]:
    truths = {}
    for level, found in findings.items():
        body = column.bodies[level]
        size = sum(int((p.labels == level).sum()) for p in planes)
        oedema = sum(int(((p.labels == level) & p.oedema).sum()) for p in planes)
        deformed = deform(column, body.plane, findings)
        truths[level] = painted_body(column, body, found, deformed, oedema / max(size, 1))
    return truths
