"""One plane with its findings painted in: warped where a body broke, then marrow, clefts and gas laid on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ovf_imaging.training.scene import Placing
from ovf_imaging.training.simulation.painted.canvas import Canvas, Layers, Window, paint_body
from ovf_imaging.training.simulation.painted.column import Column
from ovf_imaging.training.simulation.painted.deformed import Deformed, deform
from ovf_imaging.training.simulation.painted.records import BodyFindings

Array = NDArray[np.float64]
_COARSE_PX = 2.0  # of the source, between the points on which the warp is solved


def whole(shape: tuple[int, ...]) -> Placing:
    """Return the placing that shows a picture as it is."""
    size = (shape[0], shape[1])
    return Placing(matrix=np.eye(2), origin=np.array(size) / 2 - 0.5, size=size)


def paint_plane(
    column: Column,
    plane: int,
    findings: Mapping[int, BodyFindings],
    placing: Placing,
    rng: np.random.Generator,
) -> Layers:
    """Return one plane of a column, painted, as `placing` sees it (in the painted image's own pixels)."""
    real = column.planes[plane]
    exact = np.array_equal(placing.matrix, np.eye(2))
    zoom = 1 / np.sqrt(abs(np.linalg.det(placing.matrix)))
    deformed = deform(column, plane, findings)
    source = _source_points(deformed, placing, max(1, round(_COARSE_PX * zoom)))
    at = np.moveaxis(source, -1, 0)
    # A warp draws in what lies beyond a whole picture; a crop may truly look beyond it.
    order: Literal[1, 3] = 3 if exact else 1
    beyond: Literal["mirror", "constant"] = "mirror" if exact else "constant"
    pixels = ndimage.map_coordinates(real.pixels.astype(np.float64), at, order=order, mode=beyond)
    if deformed.steps:
        blur_px = float(np.mean([column.bodies[k].tones.blur_px for k in findings]))
        pixels = _unsharpened(pixels, source * zoom, blur_px * zoom)
    labels = ndimage.map_coordinates(real.labels, at, order=0, mode="constant")
    layers = Layers(
        pixels=np.clip(pixels, 0, 1).astype(np.float32),
        labels=labels,
        cleft=np.zeros(placing.size, bool),
        oedema=np.zeros(placing.size, bool),
        cement=np.zeros(placing.size, bool),
    )
    for level, found in sorted(findings.items()):
        window = Window.around(column.bodies[level], plane, source, zoom)
        if window is not None:
            canvas = Canvas(column=column, plane=plane, layers=layers, window=window, rng=rng)
            layers = paint_body(canvas, level, found)
    return layers


def _unsharpened(pixels: Array, source: Array, blur_px: float) -> Array:
    """Return the pixels (H, W) as blurred as they were where the warp pressed them, and their edges, together.

    `source` (H, W, 2) in output pixels tells by how much: an edge of sigma pressed c times is sigma / c wide.
    """
    down, right = (np.asarray(np.gradient(source, axis=axis)) for axis in (0, 1))
    pressed = np.abs(down[..., 0] * right[..., 1] - down[..., 1] * right[..., 0])
    lost = np.clip(1 - 1 / np.maximum(pressed, 1) ** 2, 0, 1)
    return np.asarray(pixels + lost * (ndimage.gaussian_filter(pixels, blur_px) - pixels))


def _source_points(deformed: Deformed, placing: Placing, step: int) -> Array:
    """Return (H, W, 2): where each pixel comes from, solved on every `step`-th pixel."""
    height, width = placing.size
    rows = np.arange(0, height + step, step, dtype=np.float64)
    columns = np.arange(0, width + step, step, dtype=np.float64)
    offsets = np.stack(np.meshgrid(rows - height / 2 + 0.5, columns - width / 2 + 0.5, indexing="ij"), -1)
    coarse = deformed.inverse(offsets @ placing.matrix.T + placing.origin)
    fine = np.meshgrid(np.arange(height) / step, np.arange(width) / step, indexing="ij")
    return np.stack([ndimage.map_coordinates(coarse[..., k], fine, order=1) for k in (0, 1)], -1)
