"""A straight spine by hand with grey values: marrow, discs, a canal full of CSF, and what is put into its bodies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ovf_imaging.types import Level, Reading, Sequence, Vertebra, View
from tests.measure.build import column, image, reading, vertebra

# Signals of marrow, CSF, disc and everything else on each contrast.
GREY = {
    Sequence.T1: {"marrow": 100.0, "csf": 45.0, "disc": 70.0, "rest": 90.0, "void": 3.0},
    Sequence.T2: {"marrow": 100.0, "csf": 350.0, "disc": 110.0, "rest": 80.0, "void": 3.0},
    Sequence.FLUID: {"marrow": 60.0, "csf": 300.0, "disc": 80.0, "rest": 50.0, "void": 3.0},
}
LEVELS = (Level.T11, Level.T12, Level.L1, Level.L2, Level.L3, Level.L4)
BROKEN = Level.L1
SHAPE = (5, 240, 150)
_BACK = 100.0  # column of the posterior walls
_HEIGHTS = {Level.T11: 22.0, Level.T12: 23.0, Level.L1: 24.0, Level.L2: 25.0, Level.L3: 25.0, Level.L4: 25.0}

Box = tuple[float, float, float, float]  # from depth s, to s, from height t, to t in BROKEN


def spine(contrast: Sequence, paint: Mapping[Box, str | float] | None = None, *, height: float = 24.0) -> Reading:
    """Return a reading of six bodies on 1 mm pixels; `paint` fills boxes of BROKEN with a tissue or a signal."""
    heights = _HEIGHTS | {BROKEN: height}
    shapes = dict(zip(LEVELS, column([(h, h, h) for h in heights.values()]), strict=True))
    grey, noise = GREY[contrast], np.random.default_rng(1).normal(0, 2.0, SHAPE)
    plane = np.full(SHAPE[1:], grey["rest"])
    plane[:, 70:100] = grey["disc"]
    plane[:, 103:115] = grey["csf"]
    for level, points in shapes.items():
        inside = _box(points, (0, 1, 0, 1))
        plane[inside] = grey["marrow"]
        if level == BROKEN:
            for box, what in (paint or {}).items():
                plane[_box(points, box)] = grey[what] if isinstance(what, str) else what
    pixels = ndimage.gaussian_filter(plane, 0.6)[None] + noise
    on = replace(image(shape=SHAPE, view=View.SAGITTAL), pixels=pixels.clip(0).astype(np.float32), sequence=contrast)
    bodies = [vertebra(level, points) for level, points in shapes.items()]
    return reading(bodies, on=on)


def study(paint: Mapping[Box, str] | None = None) -> tuple[Reading, ...]:
    """Return T1, T2 and fluid-sensitive readings of the same spine."""
    return tuple(spine(contrast, paint) for contrast in GREY)


def body(of: Reading, level: int = BROKEN) -> Vertebra:
    """Return the body of a level."""
    return next(v for v in of.vertebrae if v.level == level)


def _box(points: NDArray[np.float64], box: Box) -> tuple[slice, slice]:
    (x0, y0), (x1, y1) = points.min(0), points.max(0)
    rows = slice(round(y0 + box[2] * (y1 - y0)), round(y0 + box[3] * (y1 - y0)))
    return rows, slice(round(x0 + box[0] * (x1 - x0)), round(x0 + box[1] * (x1 - x0)))
