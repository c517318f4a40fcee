"""Vessels, fat and muscle as mixtures of substances, with the texture that they have."""

from __future__ import annotations

import numpy as np

from ovf_imaging.training.simulation.mri.coil import spine_column
from ovf_imaging.training.simulation.mri.constitution import Constitution
from ovf_imaging.training.simulation.mri.slab import Part, Slab
from ovf_imaging.training.simulation.mri.texture import lobes, smooth_field, threads
from ovf_imaging.training.simulation.volume import Tissue

_BEHIND_MM = 30.0  # the middle of the bodies: behind the canal ligaments lie between spinous processes


def _split(part: Part, share: Part, inside: str, outside: str) -> dict[str, Part]:
    """Return `part` divided between two substances: `share` of it is `inside`."""
    return {inside: part * share, outside: part * (1 - share)}


def compose_vessels(slab: Slab, constitution: Constitution, rng: np.random.Generator) -> dict[str, Part]:
    """Return blood, which leaves the slice before its echo except where it is slow, and what vessels wind through.

    The anatomy's vessels are straight; an old aorta winds, and crura and fat take its place in the slice.
    """
    slow = lobes(smooth_field(rng, slab.shape, slab.step_mm, (6, 40, 6)), 0.0, 1.5)
    beside = constitution.winding * lobes(smooth_field(rng, slab.shape, slab.step_mm, (9, 45, 16)), 0.2, 0.8)
    vessel = slab.part(Tissue.VESSEL)
    crus = lobes(smooth_field(rng, slab.shape, slab.step_mm, (9, 30, 6)), 0.3, 1.0)
    inside = _split(vessel * (1 - beside), constitution.slow_blood * slow, "blood", "void")
    return inside | _split(vessel * beside, crus, "muscle", "fat")


def compose_ligament(slab: Slab, constitution: Constitution, rng: np.random.Generator) -> dict[str, Part]:
    """Return ligament; those between the spinous processes are loose and turn to fat with the muscles."""
    behind_mm = (np.arange(slab.shape[2]) - spine_column(slab)[:, None]) * slab.step_mm[2] - _BEHIND_MM
    loose = lobes(smooth_field(rng, slab.shape, slab.step_mm, (4, 5, 12)), 0.0, 2.0)
    share = (0.3 + constitution.muscle_fat) * loose * np.clip(behind_mm / 5, 0, 1).astype(np.float32)
    return _split(slab.part(Tissue.LIGAMENT), np.clip(share, 0, 0.95), "fat", "ligament")


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
