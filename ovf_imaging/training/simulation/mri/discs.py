"""Discs as nucleus by Pfirrmann grade, and annulus."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ovf_imaging.training.simulation.mri.bodies import body_frames
from ovf_imaging.training.simulation.mri.constitution import GRADES, Constitution
from ovf_imaging.training.simulation.mri.slab import Part, Slab
from ovf_imaging.training.simulation.volume import Tissue

_DEFAULT_GRADE = 3  # of a disc that lies between no two bodies we can see
_BLEND_MM = 1.6  # over which nucleus passes into annulus
_BAND_HALF_MM = 0.7  # of the horizontal band in a grade II nucleus


def compose_discs(slab: Slab, constitution: Constitution, rng: np.random.Generator) -> dict[str, Part]:
    """Return nucleus and annulus as amounts of substances (S, H, W)."""
    nucleus, annulus = _blended(slab)
    if not nucleus.any():
        return {"annulus": annulus}
    grade, height_mm = _grades(slab, constitution, nucleus > 0)
    band = np.clip(_BAND_HALF_MM + 0.4 - np.abs(height_mm), 0, 0.6) * (grade == 2)
    amounts = {f"nucleus_{k}": nucleus * (grade == k) * (1 - band) for k in GRADES if np.any(grade == k)}
    amounts["annulus"] = annulus + nucleus * band
    return amounts


def _blended(slab: Slab) -> tuple[Part, Part]:
    """Return nucleus and annulus that pass into each other within the disc, which has no sharp border inside."""
    nucleus = slab.part(Tissue.NUCLEUS)
    disc = nucleus + slab.part(Tissue.ANNULUS)
    width = [_BLEND_MM / step for step in slab.step_mm]
    soft, whole = (ndimage.gaussian_filter(part, width, truncate=2.5) for part in (nucleus, disc))
    blended = disc * np.clip(soft / np.maximum(whole, 1e-6), 0, 1)
    return blended, disc - blended


def _grades(
    slab: Slab, constitution: Constitution, inside: NDArray[np.bool_]
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Return (S, H, W) grade of the nearest disc, 0 outside, and the height above that disc's middle in mm."""
    grade = np.zeros(slab.shape, np.uint8)
    height = np.zeros(slab.shape, np.float32)
    grade[inside] = _DEFAULT_GRADE
    frames = body_frames(slab)
    if len(frames) < 2:
        return grade, height
    step = np.array(slab.step_mm)[1:]
    pairs = list(pairwise(frames))
    middles = np.array([(above.centre + below.centre)[1:] / 2 * step for above, below in pairs])
    ups = np.array([above.up + below.up for above, below in pairs])
    ups /= np.linalg.norm(ups, axis=1, keepdims=True)
    at = np.argwhere(inside)[:, 1:] * step
    nearest = np.argmin(((at[:, None] - middles) ** 2).sum(-1), axis=1)
    grade[inside] = np.array([constitution.disc_grades[above.level] for above, _ in pairs], np.uint8)[nearest]
    height[inside] = ((at - middles[nearest]) * ups[nearest]).sum(-1)
    return grade, height
