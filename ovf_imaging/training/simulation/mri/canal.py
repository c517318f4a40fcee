"""CSF with its flow voids, cord, and the roots of the cauda equina."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ovf_imaging.training.simulation.mri.constitution import Constitution
from ovf_imaging.training.simulation.mri.slab import Part, Slab
from ovf_imaging.training.simulation.mri.texture import Field, lobes, smooth_field
from ovf_imaging.training.simulation.volume import Tissue

_ROOTS_FADE_MM = 15.0  # below the conus, over which the roots part
_SETTLE_MM = 5.0  # a patient on the back: roots lie in the back half of the sac


def compose_canal(slab: Slab, constitution: Constitution, rng: np.random.Generator) -> dict[str, Part]:
    """Return CSF, cord and roots as amounts of substances (S, H, W)."""
    csf, cord = slab.part(Tissue.CSF), slab.part(Tissue.CORD)
    if not csf.any():
        return {"cord": cord}
    middle = _canal_column(csf + cord)
    flow = _along(smooth_field(rng, slab.shape, slab.step_mm, (6, 28, 4.5)), middle)
    roots = _roots(slab, middle, rng)
    void = constitution.csf_flow * lobes(flow, 0.7, 1.6) * (1 - roots)
    return {"cord": cord + csf * roots, "void": csf * void, "csf": csf * (1 - roots - void)}


def _roots(slab: Slab, middle: NDArray[np.float64], rng: np.random.Generator) -> Part:
    """Return (S, H, W) the part of the CSF below the cord that is nerve roots: threads along the canal."""
    cord_rows = np.flatnonzero(slab.part(Tissue.CORD).any((0, 2)))
    conus = cord_rows.max() if len(cord_rows) else -np.inf
    below_mm = (np.arange(slab.shape[1]) - conus) * slab.step_mm[1]
    behind_mm = (np.arange(slab.shape[2]) - middle[:, None]) * slab.step_mm[2]
    settled = 1 / (1 + np.exp(-behind_mm / _SETTLE_MM * 4))
    weight = np.clip(below_mm / _ROOTS_FADE_MM, 0, 1)[:, None] * (0.1 + 0.9 * settled)
    threads = _along(smooth_field(rng, slab.shape, slab.step_mm, (3, 45, 1.7)), middle)
    bundles = _along(smooth_field(rng, slab.shape, slab.step_mm, (5, 60, 5)), middle)
    share = lobes(threads + 0.6 * bundles, 0.4, 1.2) * weight
    return np.asarray(0.75 * share, dtype=np.float32)


def _canal_column(canal: Part) -> NDArray[np.float64]:
    """Return (H,) the column of the canal's middle in each row."""
    weight = canal.sum(0, dtype=np.float64)
    rows = np.flatnonzero(weight.sum(1) > 0)
    middles = (weight[rows] * np.arange(canal.shape[2])).sum(1) / weight[rows].sum(1)
    return np.asarray(np.interp(np.arange(canal.shape[1]), rows, middles))


def _along(field: Field, middle: NDArray[np.float64]) -> Field:
    """Return a field that runs along the canal instead of straight down the rows."""
    shift = (middle - middle.mean())[:, None]
    whole = np.floor(shift)
    columns = np.arange(field.shape[2]) - whole.astype(np.int64)
    here, before = (np.take_along_axis(field, (columns - k)[None] % field.shape[2], axis=2) for k in (0, 1))
    rest = (shift - whole).astype(np.float32)
    return np.asarray((1 - rest) * here + rest * before)
