"""From found bodies to a Reading: native coordinates, completeness, caveats. Shared by MRI and film."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ovf_imaging.types import Caveat, Image, Level, Vertebra
from ovf_imaging.vision.levels import Numbering
from ovf_imaging.vision.shapes import body_pose

Array = NDArray[np.float64]
_BLANK = 0.01  # part of the picture that a blank margin covers at least
_STRIP = 0.15  # of a body's depth: resampling smears its border


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Body:
    """One body as found, in native pixels."""

    slice: int
    landmarks: Array  # (6, 2) row, column
    covariance: Array  # (6, 2, 2)
    confidence: float


def vertebra(body: Body, level: int, image: Image) -> Vertebra:
    """Return the noun for a found body."""
    landmarks = np.concatenate([np.full((6, 1), float(body.slice)), body.landmarks], axis=1)
    return Vertebra(
        level=level,
        landmarks=landmarks,
        covariance=body.covariance,
        confidence=float(np.clip(body.confidence, 0, 1)),
        complete=_complete(body, image, superior_only=level == Level.S1),
    )


def _complete(body: Body, image: Image, superior_only: bool) -> bool:
    """Return whether image and padding leave the body whole."""
    points = body.landmarks[:3] if superior_only else body.landmarks
    rows, columns = image.pixels.shape[1:]
    if (points < 0.5).any() or (points > np.array([rows, columns]) - 1.5).any():
        return False
    index = np.round(points).astype(int)
    if image.valid is not None and not image.valid[body.slice, index[:, 0], index[:, 1]].all():
        return False
    at_blank = _near_blank(image.pixels[body.slice], index, _STRIP * body_pose(body.landmarks).depth)
    return not any(endplate[1] and endplate.sum() > 1 for endplate in at_blank.reshape(-1, 3))


def _near_blank(pixels: NDArray[np.float32], index: NDArray[np.intp], distance: float) -> NDArray[np.bool_]:
    """Return which pixels lie in the picture's blank margin or near it: what a turned picture leaves uncovered.

    A single corner may lie beside lung or a vessel as black as that; the middle of an endplate does not.
    """
    blank = _blank_margin(pixels)
    if blank is None:
        return np.zeros(len(index), dtype=np.bool_)
    reach = int(distance)
    rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    disc = rows**2 + columns**2 <= distance**2
    around = index[:, None] + np.stack([rows[disc], columns[disc]], axis=-1)
    inside = ((around >= 0) & (around < pixels.shape)).all(-1)
    around = np.clip(around, 0, np.array(pixels.shape) - 1)
    return np.asarray((blank[around[..., 0], around[..., 1]] & inside).any(1))


def _blank_margin(pixels: NDArray[np.float32]) -> NDArray[np.bool_] | None:
    """Return where large pieces of the darkest value touch the picture's edge, None when there are none."""
    darkest = pixels == pixels.min()
    if np.count_nonzero(darkest) <= _BLANK * pixels.size:
        return None
    pieces, _ = ndimage.label(darkest)
    sizes = np.bincount(pieces.ravel())
    edge = np.unique(np.concatenate([pieces[0], pieces[-1], pieces[:, 0], pieces[:, -1]]))
    blank = [k for k in edge if k and sizes[k] > _BLANK * pixels.size]
    return np.asarray(np.isin(pieces, blank)) if blank else None


def numbering_caveats(numbering: Numbering) -> tuple[Caveat, ...]:
    """Return what a reader must know of how the levels were counted."""
    caveats = []
    names = [Level(k).name for k in numbering.levels]
    if numbering.stated:
        text = f"The levels, {names[0]} to {names[-1]}, are counted from the lowest one that was stated."
        caveats.append(Caveat(code="levels-stated", text=text))
    elif not numbering.anchored:
        other = ""
        if numbering.runner_up is not None:
            other = f"; next best: {Level(numbering.runner_up[0]).name} to {Level(numbering.runner_up[-1]).name}"
        caveats.append(
            Caveat(
                code="levels-not-anchored",
                text=f"The sacrum was not seen: {names[0]} to {names[-1]} is an estimate from shape alone"
                f" (probability {numbering.probability:.0%}{other}). Check the level before use, or state it: "
                f"--lowest {names[-1]}.",
                must_see=True,
            )
        )
    if numbering.holes:
        missing = ", ".join(Level(k).name for k in numbering.holes)
        caveats.append(
            Caveat(
                code="level-gap",
                text=f"No body was found where {missing} is expected; the sequence of levels is uncertain.",
                levels=numbering.holes,
                must_see=True,
            )
        )
    return tuple(caveats)


def cut_caveats(vertebrae: Sequence[Vertebra]) -> tuple[Caveat, ...]:
    """Return a caveat naming the bodies that the image cuts."""
    cut = tuple(v.level for v in vertebrae if not v.complete)
    if not cut:
        return ()
    names = ", ".join(Level(k).name for k in cut)
    return (Caveat(code="body-cut", text=f"The image cuts {names}: not measured.", levels=cut),)
