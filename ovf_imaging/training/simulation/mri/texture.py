"""Smooth random fields in millimetres."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]  # (S, H, W)
_NODES_PER_SCALE = 1.5
_REACH = 2.5  # a Gaussian beyond this many of its widths adds nothing that can be seen


def smooth_field(
    rng: np.random.Generator,
    shape: tuple[int, int, int],
    step_mm: tuple[float, float, float],
    scale_mm: tuple[float, float, float],
) -> Field:
    """Return noise of mean 0 and variance 1, smooth over `scale_mm` along slices, rows and columns."""
    bases = [_basis(n, step, scale) for n, step, scale in zip(shape, step_mm, scale_mm, strict=True)]
    field = rng.standard_normal(tuple(b.shape[1] for b in bases), dtype=np.float32)
    field = np.tensordot(bases[0], field, axes=(1, 0))
    return np.asarray(bases[1] @ field @ bases[2].T, dtype=np.float32)


def _basis(n: int, step_mm: float, scale_mm: float) -> NDArray[np.float32]:
    """Return (n, nodes): Gaussian weights of random nodes at n places, each row of length 1."""
    reach = _REACH * scale_mm
    nodes = np.arange(-reach, (n - 1) * step_mm + reach, scale_mm / _NODES_PER_SCALE)
    weights = np.exp(-0.5 * ((np.arange(n)[:, None] * step_mm - nodes) / (scale_mm / 2)) ** 2)
    return np.asarray(weights / np.linalg.norm(weights, axis=1, keepdims=True), dtype=np.float32)


def lobes(field: Field, threshold: float, softness: float = 0.25) -> Field:
    """Return 0–1: where a smooth field is over a threshold, with soft edges."""
    return np.asarray(np.clip((field - threshold) / softness + 0.5, 0, 1), dtype=np.float32)


def threads(field: Field, width: float) -> Field:
    """Return 0–1: thin lines where a smooth field passes zero."""
    return np.asarray(np.clip(1 - np.abs(field) / width, 0, 1), dtype=np.float32)
