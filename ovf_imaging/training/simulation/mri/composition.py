"""From what fills a pixel to how much of each substance of the tissue table is in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from ovf_imaging.training.simulation.mri.belly import compose_belly
from ovf_imaging.training.simulation.mri.canal import compose_canal
from ovf_imaging.training.simulation.mri.constitution import Constitution
from ovf_imaging.training.simulation.mri.discs import compose_discs
from ovf_imaging.training.simulation.mri.marrow import compose_marrow
from ovf_imaging.training.simulation.mri.slab import Part, Slab
from ovf_imaging.training.simulation.mri.soft import compose_fat, compose_ligament, compose_muscle, compose_vessels
from ovf_imaging.training.simulation.volume import Tissue

# Tissues that are one substance each; the others are mixed below.
_PLAIN: Mapping[Tissue, str] = MappingProxyType(
    {
        Tissue.AIR: "void",
        Tissue.LUNG: "lung",
        Tissue.GAS: "void",
        Tissue.CORTEX: "cortex",
        Tissue.CLEFT_GAS: "void",
        Tissue.CLEFT_FLUID: "cleft_fluid",
        Tissue.CEMENT: "void",
        Tissue.METAL: "void",
        Tissue.MODIC_1: "modic_1",
        Tissue.MODIC_2: "modic_2",
        Tissue.MODIC_3: "modic_3",
        Tissue.EPIDURAL_FAT: "fat",
    }
)
Mixer = Callable[[Slab, Constitution, np.random.Generator], dict[str, Part]]
# Each mixer with the tissues that it mixes or needs to see; it is shown no more of the slab than holds them.
_MIXERS: tuple[tuple[Mixer, tuple[Tissue, ...]], ...] = (
    (compose_marrow, (Tissue.MARROW, Tissue.REPLACED, Tissue.HAEMANGIOMA)),
    (compose_discs, (Tissue.NUCLEUS, Tissue.ANNULUS, Tissue.MARROW)),
    (compose_canal, (Tissue.CSF, Tissue.CORD)),
    (compose_vessels, (Tissue.VESSEL,)),
    (compose_ligament, (Tissue.LIGAMENT,)),
    (compose_fat, (Tissue.FAT,)),
    (compose_muscle, (Tissue.MUSCLE,)),
    (compose_belly, (Tissue.ORGAN,)),
)


def compose(slab: Slab, constitution: Constitution, rng: np.random.Generator) -> dict[str, Part]:
    """Return the part of each pixel (S, H, W) that is each substance; together they are 1 everywhere."""
    amounts: defaultdict[str, Part] = defaultdict(lambda: np.zeros(slab.shape, np.float32))
    for tissue, name in _PLAIN.items():
        if tissue in slab.parts:
            amounts[name] += slab.parts[tissue]
    for mixer, tissues in _MIXERS:
        window = slab.box(*tissues)
        if window is not None:
            for name, part in mixer(slab.within(window), constitution, rng).items():
                amounts[name][window] += part
    return dict(amounts)
