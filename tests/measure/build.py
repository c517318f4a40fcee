"""The smallest readings by hand: bodies given in millimetres of a plane, placed on images of any spacing and turn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ovf_imaging import types
from ovf_imaging.types import (
    Image,
    Level,
    Measurement,
    Position,
    Reading,
    Scale,
    Sign,
    Vertebra,
    View,
)

Array = NDArray[np.float64]
DEPTH, DISC = 30.0, 8.0


def quad(
    *,
    front: float = 25.0,
    middle: float | None = None,
    back: float = 25.0,
    depth: float = DEPTH,
    top: float = 0.0,
    at: float = 100.0,
) -> Array:
    """Return (6, 2) landmarks in mm as (x, y), front to the left, y to the foot; the inferior endplate is level.

    The back edge is at x = `at`, the inferior endplate at y = `top` + `back`; missing height is taken from above.
    """
    middle = (front + back) / 2 if middle is None else middle
    x = np.array([at - depth, at - depth / 2, at])
    bottom = top + back
    superior = np.stack([x, bottom - np.array([front, middle, back])], -1)
    return np.concatenate([superior, np.stack([x, np.full(3, bottom)], -1)])


def column(heights: Sequence[tuple[float, float, float]], depth: float = DEPTH) -> list[Array]:
    """Return bodies of (front, middle, back) heights stacked head to foot with a disc of 8 mm between."""
    bodies, top = [], 20.0
    for front, middle, back in heights:
        bodies.append(quad(front=front, middle=middle, back=back, depth=depth, top=top))
        top += max(front, middle, back) + DISC
    return bodies


def turned(points: Array, degrees: float, about: tuple[float, float] = (0.0, 0.0)) -> Array:
    """Return points turned about a point of the plane."""
    a = np.radians(degrees)
    turn = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])
    return np.asarray((points - np.array(about)) @ turn.T + np.array(about), dtype=np.float64)


def image(
    *,
    spacing: tuple[float, float] = (1.0, 1.0),
    scale: Scale = Scale.PATIENT,
    position: Position = Position.NEUTRAL,
    shape: tuple[int, int, int] = (5, 8, 8),
    affine: Array | None = None,
    view: View = View.SAGITTAL,
) -> Image:
    """Return an empty image; affine (slice, row, column) → mm with 4 mm slices unless one is given."""
    if affine is None:
        affine = np.zeros((4, 4))
        affine[:, 0], affine[:, 1], affine[:, 2] = (4, 0, 0, 0), (0, 0, -spacing[0], 0), (0, spacing[1], 0, 0)
        affine[3, 3] = 1
    return Image(
        pixels=np.zeros(shape, np.float32),
        affine=affine,
        view=view,
        sequence=types.Sequence.T2,
        position=position,
        scale=scale,
        scale_source="built by hand",
    )


def vertebra(
    level: int,
    points_mm: Array,
    *,
    spacing: tuple[float, float] = (1.0, 1.0),
    sd_mm: float = 0.3,
    slices: Sequence[float] = (2.0,) * 6,
    complete: bool = True,
    signs: tuple[Sign, ...] = (),
    confidence: float = 0.9,
) -> Vertebra:
    """Return a body whose (6, 2) mm (x, y) landmarks are put on an image of that (row, column) spacing."""
    pixels = np.stack([np.asarray(slices, float), points_mm[:, 1] / spacing[0], points_mm[:, 0] / spacing[1]], -1)
    spread = np.diag([(sd_mm / spacing[0]) ** 2, (sd_mm / spacing[1]) ** 2])
    return Vertebra(
        level=int(level),
        landmarks=pixels,
        covariance=np.tile(spread, (6, 1, 1)),
        confidence=confidence,
        complete=complete,
        signs=signs,
    )


def reading(
    bodies: Sequence[Vertebra],
    *,
    on: Image | None = None,
    labels: NDArray[np.uint8] | None = None,
    reader: str = "fake 1",
) -> Reading:
    """Return a reading of bodies on an image, its masks empty unless given."""
    on = image() if on is None else on
    labels = np.zeros(on.pixels.shape, np.uint8) if labels is None else labels
    return Reading(image=on, labels=labels, vertebrae=tuple(bodies), reader=reader)


def spine(
    heights: dict[Level, tuple[float, float, float]],
    *,
    spacing: tuple[float, float] = (1.0, 1.0),
    sd_mm: float = 0.3,
    on: Image | None = None,
) -> Reading:
    """Return a reading of a straight column, level → (front, middle, back) height in mm, head to foot."""
    shapes = column(list(heights.values()))
    bodies = [vertebra(k, p, spacing=spacing, sd_mm=sd_mm) for k, p in zip(heights, shapes, strict=True)]
    return reading(bodies, on=image(spacing=spacing) if on is None else on)


def pick(rows: Sequence[Measurement], quantity: str, *levels: int) -> Measurement:
    """Return the one measurement of a quantity between two levels, or of one level."""
    wanted = (int(levels[0]), int(levels[-1]))
    found = [r for r in rows if r.quantity == quantity and r.levels == wanted]
    assert len(found) == 1, f"{quantity} of {wanted}: {len(found)} rows"
    return found[0]


def value(rows: Sequence[Measurement], quantity: str, *levels: int) -> float:
    """Return the value of a measurement that must be known."""
    known = pick(rows, quantity, *levels).value
    assert known is not None
    return known
