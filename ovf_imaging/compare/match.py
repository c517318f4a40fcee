"""Which image of one reader is which of the other's, and which body is which, whatever the readers call it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from ovf_imaging import geometry
from ovf_imaging.types import Case, Image, Reading, Vertebra

Array = NDArray[np.float64]

_NEAR = 0.5  # of a body's depth between two centres: half-way to the next body
_FAR = 1e6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Body:
    """One vertebral body as both readers see it."""

    a: Vertebra
    b: Vertebra
    apart: Array  # (6,) between the readers' landmarks in the affine's unit, NaN where one has none
    depth: float  # mean of both readers, in the same unit


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Match:
    """One image as both readers read it; `a` and `b` are the places of its readings in their cases."""

    a: int
    b: int
    bodies: tuple[Body, ...]
    only_a: tuple[Vertebra, ...]
    only_b: tuple[Vertebra, ...]


def matches(a: Case, b: Case) -> tuple[Match, ...]:
    """Return the images that both readers read, in A's order."""
    free = list(range(len(b.readings)))
    found = []
    for index, reading in enumerate(a.readings):
        other = next((n for n in free if _same_image(reading, b.readings[n])), None)
        if other is not None:
            free.remove(other)
            found.append(_match(index, other, reading, b.readings[other]))
    return tuple(found)


def _same_image(a: Reading, b: Reading) -> bool:
    """Return whether two readings are of one image, by its UIDs or, without them, by what it shows."""
    if a.prior != b.prior or a.image.series_uid != b.image.series_uid:
        return False
    if a.image.sop_uids and b.image.sop_uids:
        return not set(a.image.sop_uids).isdisjoint(b.image.sop_uids)
    return _shows(a.image) == _shows(b.image)


def _shows(image: Image) -> tuple[str, ...]:
    return image.view, image.sequence, image.position


def _match(index_a: int, index_b: int, a: Reading, b: Reading) -> Match:
    """Return the bodies whose centres lie closest, no two of them further apart than half a body's depth."""
    axes = geometry.sagittal_axes(a.image.affine)
    points_a, points_b = _points(a, axes), _points(b, axes)
    depth = (_depths(points_a)[:, None] + _depths(points_b)[None, :]) / 2
    between = np.linalg.norm(_centres(points_a)[:, None] - _centres(points_b)[None, :], axis=-1)
    near = between <= _NEAR * depth  # NaN is not near
    rows, columns = linear_sum_assignment(np.where(near, between, _FAR))
    pairs = [(i, j) for i, j in zip(rows.tolist(), columns.tolist(), strict=True) if near[i, j]]
    bodies = [
        Body(
            a=a.vertebrae[i],
            b=b.vertebrae[j],
            apart=np.linalg.norm(points_a[i] - points_b[j], axis=-1),
            depth=float(depth[i, j]),
        )
        for i, j in pairs
    ]
    return Match(
        a=index_a,
        b=index_b,
        bodies=tuple(bodies),
        only_a=tuple(v for i, v in enumerate(a.vertebrae) if i not in {i for i, _ in pairs}),
        only_b=tuple(v for j, v in enumerate(b.vertebrae) if j not in {j for _, j in pairs}),
    )


def _points(reading: Reading, axes: Array) -> Array:
    """Return landmarks (N, 6, 2) in the plane of `axes`."""
    landmarks = np.array([v.landmarks for v in reading.vertebrae], dtype=np.float64).reshape(-1, 6, 3)
    return geometry.to_plane(reading.image.to_mm(landmarks), axes)


def _centres(points: Array) -> Array:
    """Return the mean (N, 2) of the landmarks that there are, NaN where there is none."""
    return _known_mean(points)


def _depths(points: Array) -> Array:
    """Return the mean length (N,) of the endplates that there are, front to back, NaN where there is none."""
    return _known_mean(np.linalg.norm(points[:, [0, 3]] - points[:, [2, 5]], axis=-1))


def _known_mean(values: Array) -> Array:
    """Return the mean over axis 1 of what is known, NaN where nothing is."""
    known = np.isfinite(values)
    count = known.sum(axis=1)
    return np.asarray(np.where(known, values, 0).sum(axis=1) / np.where(count > 0, count, np.nan), dtype=np.float64)
