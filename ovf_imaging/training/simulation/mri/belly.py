"""What stands for organs: solid ones, and loops of bowel with their contents in mesenteric fat."""

from __future__ import annotations

import numpy as np

from ovf_imaging.training.simulation.mri.constitution import Constitution
from ovf_imaging.training.simulation.mri.slab import Part, Slab
from ovf_imaging.training.simulation.mri.texture import lobes, smooth_field, threads
from ovf_imaging.training.simulation.volume import Tissue

_LOOP_MM3 = 22_000.0  # of the belly to each loop
_WALL_MM = 2.2
_BLUR_MM = 2.5  # edges, for the belly breathes
_CONTENTS = ("void", "bowel_fluid", "organ", "organ", "fat")
_GAS = 0.85  # of a loop that holds gas; the rest is wall and froth


def compose_belly(slab: Slab, constitution: Constitution, rng: np.random.Generator) -> dict[str, Part]:
    """Return organs, bowel and the fat between them as amounts of substances (S, H, W)."""
    organ = slab.part(Tissue.ORGAN)
    solid = lobes(smooth_field(rng, slab.shape, slab.step_mm, (30, 45, 38)), 0.35, 0.3)
    mottle = 0.08 * lobes(smooth_field(rng, slab.shape, slab.step_mm, (6, 5, 5)), 0.3, 1.5)
    amounts = {name: organ * (1 - solid) * share for name, share in _bowel(slab, rng).items()}
    amounts["organ"] += organ * solid * (1 - mottle)
    amounts["void"] += organ * solid * mottle
    return amounts


def _bowel(slab: Slab, rng: np.random.Generator) -> dict[str, Part]:
    """Return shares of fat, wall and contents that add up to 1, loop laid over loop."""
    size, step = slab.shape, np.array(slab.step_mm)
    strands = 0.3 * threads(smooth_field(rng, size, slab.step_mm, (6, 11, 8)), 0.35)
    strands *= lobes(smooth_field(rng, size, slab.step_mm, (10, 16, 16)), 0.2, 1.5)
    shares = {name: np.zeros(size, np.float32) for name in ("void", "bowel_fluid", "organ", "fat")}
    shares["organ"] += strands
    shares["fat"] += 1 - strands
    wobble = smooth_field(rng, size, slab.step_mm, (8, 9, 9))
    for _ in range(int(np.prod(size) * step.prod() / _LOOP_MM3)):
        centre, radii = rng.uniform(0, size), rng.uniform((10, 9, 8), (26, 20, 17))
        content = str(rng.choice(_CONTENTS))
        low = np.maximum(centre - 1.3 * radii / step, 0).astype(int)
        high = np.minimum(centre + 1.3 * radii / step + 1, size).astype(int)
        window = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
        places = np.ogrid[window]
        distance = np.sqrt(sum(((p - c) * s / r) ** 2 for p, c, s, r in zip(places, centre, step, radii, strict=True)))
        inward_mm = (1 - distance - 0.1 * wobble[window]) * radii.min()
        loop = np.clip(inward_mm / _BLUR_MM + 0.5, 0, 1).astype(np.float32)
        lumen = np.clip((inward_mm - _WALL_MM) / _BLUR_MM + 0.5, 0, 1).astype(np.float32) * _GAS
        for share in shares.values():
            share[window] *= 1 - loop
        shares["organ"][window] += loop - lumen
        shares[content][window] += lumen
    return shares
