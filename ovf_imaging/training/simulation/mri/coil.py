"""What the receiving coil and a saturation band do to the signal."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ovf_imaging.training.simulation.mri.protocol import Coil
from ovf_imaging.training.simulation.mri.slab import Part, Slab
from ovf_imaging.training.simulation.volume import Tissue

_FLOOR = 0.06  # of the body coil and the far elements
_ELEMENT_MM = 90.0  # length of one element of a spine coil
_BAND_EDGE_MM = 3.0


def sensitivity(slab: Slab, coil: Coil, rng: np.random.Generator) -> Part:
    """Return (1, H, W) the coil's sensitivity, about 1 at the spine's depth: it lies behind the patient's back."""
    body = slab.shape[0] // 2
    filled = 1 - slab.part(Tissue.AIR)[body]
    columns = np.flatnonzero(filled.any(0))
    back = float(columns.max()) if len(columns) else slab.shape[2] - 1.0
    spine = spine_column(slab)
    columns_mm = (np.arange(slab.shape[2]) - back) * slab.step_mm[2]
    spine_mm = (float(np.median(spine)) - back) * slab.step_mm[2]
    fall = _FLOOR + np.exp(columns_mm / coil.reach_mm)
    fall = np.minimum(fall / (_FLOOR + np.exp(spine_mm / coil.reach_mm)), 6.0)
    along = np.arange(slab.shape[1]) * slab.step_mm[1]
    elements = 1 + coil.ripple * np.sin(2 * np.pi * along / _ELEMENT_MM + rng.uniform(0, 2 * np.pi))
    half = along[-1] / 2
    ends = 1 / (1 + (np.abs(along - half) / (1.08 * half + 12)) ** 10)
    return np.asarray((elements * ends)[:, None] * fall[None, :], dtype=np.float32)[None]


def saturation(slab: Slab, coil: Coil) -> Part:
    """Return (1, H, W) the signal that a saturation band in front of the spine leaves, 1 without a band."""
    if coil.band_mm is None:
        return np.ones((1, 1, 1), np.float32)
    rows = np.arange(slab.shape[1])
    spine = spine_column(slab)
    straight = np.polynomial.Polynomial.fit(rows, spine, 1)(rows)
    edge = min(float((spine - straight).min()), 0.0) + straight - coil.band_mm / slab.step_mm[2]
    edge = edge + np.tan(np.deg2rad(coil.band_tilt_deg)) * (rows - rows.mean())
    ahead_mm = (edge[:, None] - np.arange(slab.shape[2])) * slab.step_mm[2]
    left = coil.band_left_over + (1 - coil.band_left_over) / (1 + np.exp(ahead_mm / _BAND_EDGE_MM))
    return np.asarray(left, dtype=np.float32)[None]


def spine_column(slab: Slab) -> NDArray[np.float64]:
    """Return (H,) the column of the bodies' middle in each row, carried on beyond the last body."""
    counts = (slab.labels > 0).sum(0).astype(np.float64)  # (H, W)
    rows = np.flatnonzero(counts.any(1))
    if not len(rows):
        return np.full(slab.shape[1], slab.shape[2] / 2)
    middles = (counts[rows] * np.arange(slab.shape[2])).sum(1) / counts[rows].sum(1)
    return np.asarray(np.interp(np.arange(slab.shape[1]), rows, middles))
