"""Vessels, fat and muscle as mixtures of substances, with the texture that they have."""

from __future__ import annotations

import numpy as np

from ovf_imaging.training.simulation.mri.constitution import Constitution
from ovf_imaging.training.simulation.mri.slab import Part, Slab
from ovf_imaging.training.simulation.mri.texture import lobes, smooth_field, threads
from ovf_imaging.training.simulation.volume import Tissue


def _split(part: Part, share: Part, inside: str, outside: str) -> dict[str, Part]:
    """Return `part` divided between two substances: `share` of it is `inside`."""
    return {inside: part * share, outside: part * (1 - share)}


def compose_vessels(slab: Slab, constitution: Constitution, rng: np.random.Generator) -> dict[str, Part]:
    """Return blood, which leaves the slice before its echo except where it is slow."""
    slow = lobes(smooth_field(rng, slab.shape, slab.step_mm, (6, 12, 4)), 0.5, 1.5)
    return _split(slab.part(Tissue.VESSEL), constitution.slow_blood * slow, "blood", "void")


def compose_fat(slab: Slab, constitution: Constitution, rng: np.random.Generator) -> dict[str, Part]:
    """Return fat crossed by thin septa and small vessels that run along the body."""
    septa = threads(smooth_field(rng, slab.shape, slab.step_mm, (8, 30, 9)), 0.16)
    here = lobes(smooth_field(rng, slab.shape, slab.step_mm, (12, 10, 6)), 0.3, 1.0)
    return _split(slab.part(Tissue.FAT), 0.4 * septa * here, "muscle", "fat")


def compose_muscle(slab: Slab, constitution: Constitution, rng: np.random.Generator) -> dict[str, Part]:
    """Return muscle feathered by streaks of fat along its fibres, more in some places than in others."""
    streaks = lobes(smooth_field(rng, slab.shape, slab.step_mm, (5, 15, 1.9)), 0.5, 1.4)
    septa = threads(smooth_field(rng, slab.shape, slab.step_mm, (6, 45, 10)), 0.12)
    here = lobes(smooth_field(rng, slab.shape, slab.step_mm, (14, 30, 13)), 0.2, 2.0)
    share = constitution.muscle_fat * (0.25 + 2.2 * here * streaks) + 0.5 * septa * (0.2 + here)
    return _split(slab.part(Tissue.MUSCLE), np.clip(share, 0, 0.95), "fat", "muscle")
