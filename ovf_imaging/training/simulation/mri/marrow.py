"""Marrow as a mixture of water, fat, oedema, mineral and the basivertebral vein."""

from __future__ import annotations

import numpy as np

from ovf_imaging.training.simulation.mri.bodies import BodyFrame, body_frames
from ovf_imaging.training.simulation.mri.constitution import Constitution
from ovf_imaging.training.simulation.mri.slab import Part, Slab
from ovf_imaging.training.simulation.mri.texture import lobes, smooth_field
from ovf_imaging.training.simulation.volume import Tissue

SOLID_BONE_G_CM3 = 1.15  # mineral of bone without marrow: a voxel of it gives no signal
_GRAIN_MM = 1.6  # of trabecular texture
_SPARED = 0.35  # of marrow that stays as it was, in places within an oedema
_ENDPLATE_MM = 4.0  # how far fatty change reaches from an endplate
_VEIN_HALF_WIDTH_MM = 9.0  # to both sides of the middle


def compose_marrow(slab: Slab, constitution: Constitution, rng: np.random.Generator) -> dict[str, Part]:
    """Return marrow, its oedema and what replaced it as amounts of substances (S, H, W)."""
    amounts = _solid(slab, rng)
    marrow = slab.part(Tissue.MARROW)
    if not marrow.any():
        return amounts
    mineral = np.minimum(slab.mineral / SOLID_BONE_G_CM3, marrow)
    spared = _SPARED * lobes(smooth_field(rng, slab.shape, slab.step_mm, (6, 5, 5)), 0.4, 1.5)
    oedema = np.minimum(slab.oedema, marrow - mineral) * (1 - spared)
    left = marrow - mineral - oedema
    frames = body_frames(slab)
    vein, halo = _veins(slab, frames, rng)
    fat = _fat_fraction(slab, constitution, frames, rng)
    fat = fat + halo * (0.9 - fat)
    amounts["void"] = amounts.get("void", 0) + mineral
    amounts["oedema"] = oedema
    amounts["blood"] = left * vein
    amounts["marrow_fat"] = left * (1 - vein) * fat
    amounts["marrow_water"] = left * (1 - vein) * (1 - fat)
    return amounts


def _solid(slab: Slab, rng: np.random.Generator) -> dict[str, Part]:
    """Return tumour with its uneven texture and haemangioma with its coarse upright trabeculae."""
    amounts: dict[str, Part] = {}
    tumour, haemangioma = slab.part(Tissue.REPLACED), slab.part(Tissue.HAEMANGIOMA)
    if tumour.any():
        stroma = 0.12 * lobes(smooth_field(rng, slab.shape, slab.step_mm, (6, 4, 4)), 0.4, 1.5)
        amounts |= {"replaced": tumour * (1 - stroma), "void": tumour * stroma}
    if haemangioma.any():
        columns = 0.5 * lobes(smooth_field(rng, slab.shape, slab.step_mm, (3, 14, 1.8)), 0.6, 0.5)
        amounts["haemangioma"] = haemangioma * (1 - columns)
        amounts["void"] = amounts.get("void", 0) + haemangioma * columns
    return amounts


def _fat_fraction(slab: Slab, constitution: Constitution, frames: list[BodyFrame], rng: np.random.Generator) -> Part:
    table = np.full(256, constitution.marrow_fat[0], np.float32)
    for level, value in constitution.marrow_fat.items():
        table[level] = value
    fat = table[slab.labels]
    for frame in frames:
        near = np.clip(1 - frame.to_endplate_mm() / _ENDPLATE_MM, 0, 1)
        fat[frame.window] += (constitution.endplate_fat * near).astype(np.float32)
    size = constitution.island_mm
    islands = lobes(smooth_field(rng, slab.shape, slab.step_mm, (size, size, size)), 0.5, 1.2)
    patches = smooth_field(rng, slab.shape, slab.step_mm, (12, 9, 9))
    grain = smooth_field(rng, slab.shape, slab.step_mm, (3, 1.3 * _GRAIN_MM, _GRAIN_MM))
    fat += constitution.grain * grain + constitution.patches * patches - constitution.islands * islands
    return np.asarray(np.clip(fat, 0.02, 0.95), dtype=np.float32)


def _veins(slab: Slab, frames: list[BodyFrame], rng: np.random.Generator) -> tuple[Part, Part]:
    """Return the part of the marrow that is basivertebral vein, and the fat that lies about it, 0–1."""
    vein, halo = np.zeros(slab.shape, np.float32), np.zeros(slab.shape, np.float32)
    for frame in frames:
        length, thickness_mm, strength = rng.uniform(0.2, 0.5), rng.uniform(0.8, 2.6), rng.uniform(0.3, 0.9)
        inwards = frame.from_back_mm() / frame.depth_mm  # 0 at the posterior wall
        reach = np.clip(1 - inwards / length, 0, 1) * (inwards > -0.1)
        reach = reach * np.clip(2 * (1 - np.abs(frame.across_mm()) / _VEIN_HALF_WIDTH_MM), 0, 1)
        half = 0.3 + 0.5 * thickness_mm * reach**2  # mm
        height = np.abs(frame.up_mm() - rng.normal(0, 0.8))
        vein[frame.window] += np.clip(half + 0.4 - height, 0, 1) * np.clip(3 * reach, 0, 1) * strength
        halo[frame.window] += np.clip(1 - (height - half) / 3.0, 0, 1) * reach * rng.uniform(0, 0.7)
    return np.clip(vein, 0, 1), np.clip(halo, 0, 1)
