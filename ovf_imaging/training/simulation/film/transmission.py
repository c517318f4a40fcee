"""How much of the tube's light passes through the patient and all about the spine, pixel by pixel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from torch.nn import functional as F  # noqa: N812

from ovf_imaging.training.simulation.film.camera import Camera, Map
from ovf_imaging.training.simulation.film.exposure import Exposure, ImagedPatient
from ovf_imaging.training.simulation.film.noise import clouds, crumpled, strands, trabeculae
from ovf_imaging.training.simulation.film.parts import parts
from ovf_imaging.training.simulation.film.project import project
from ovf_imaging.training.simulation.film.scenery import air_mm, limbs_mm
from ovf_imaging.training.simulation.film.substances import substances, transmitted
from ovf_imaging.training.simulation.volume import Grid, Tissue, Volume

_CM = 0.1  # of a millimetre
_SOFT_FACTOR = 2  # soft tissue is laid out on every second pixel
_SOLID_G_CM3 = 0.6  # bone so dense has no trabeculae
_CLUTTER_MM, _VESSEL_MM = 60.0, 34.0  # size of the largest lumps and meshes
_BREATH_MM = 1.5  # how far breath and heart blur the lungs' edges
_CRUMPLE_MM = (1.4, 26.0)  # how far the walls of gas-filled loops stray, and over what length
_LUNG_TEXTURE = 0.22  # vessels and bronchi, part of the lung's weight


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Transmission:
    """Light behind the patient, 1 where nothing is in its way."""

    light: Map  # (H, W)
    body: NDArray[np.bool_]  # (H, W) where the patient is


def transmission(patient: ImagedPatient, exposure: Exposure, rng: np.random.Generator) -> Transmission:
    """Return the light that passes through a patient; `rng` gives the texture of bone and soft tissue."""
    soft, fat, limbs = _soft_masses(exposure, rng)
    mass = {"soft": soft, "fat": fat, "mineral": limbs}
    for name, more in _bone_masses(patient, exposure, rng).items():
        mass[name] = mass[name] + more if name in mass else more
    mass["soft"] = np.maximum(mass["soft"], 0)
    light = transmitted(mass, exposure.peak_kv)
    return Transmission(light=light, body=soft + fat > 1.0)


def _soft_masses(exposure: Exposure, rng: np.random.Generator) -> tuple[Map, Map, Map]:
    """Return g/cm² (H, W) of soft tissue, of fat and of the bone of limbs."""
    density = substances().densities
    camera, height_mm = exposure.camera.reduced(_SOFT_FACTOR), exposure.field_height_mm
    rays = camera.rays()
    soft_mm, fat_mm = exposure.trunk.lengths_mm(camera, rays, exposure.axis)
    lung_mm, gas_mm = air_mm(exposure.scenery, camera, rays, soft_mm)
    lung_mm = gaussian_filter(lung_mm, _BREATH_MM / (_SOFT_FACTOR * exposure.pixel_mm), truncate=2.5)
    gas_mm = crumpled(rng, gas_mm, _CRUMPLE_MM[0] / exposure.pixel_mm, height_mm / _CRUMPLE_MM[1])
    flesh_mm, shells = limbs_mm(exposure.scenery, camera, rays)
    uneven = 1 + exposure.clutter * clouds(rng, camera.shape, height_mm / _CLUTTER_MM, 4)
    soft = density["soft"] * (uneven * (soft_mm - lung_mm - gas_mm) + flesh_mm)
    soft += (
        exposure.scenery.lung_g_cm3
        * lung_mm
        * (1 + _LUNG_TEXTURE * strands(rng, camera.shape, height_mm / _VESSEL_MM, 3))
    )
    return (
        _enlarged(soft * _CM, exposure.camera),
        _enlarged(density["fat"] * fat_mm * _CM, exposure.camera),
        _enlarged(shells, exposure.camera),
    )


def _enlarged(small: Map, camera: Camera) -> Map:
    picture = torch.from_numpy(np.ascontiguousarray(small, dtype=np.float32))[None, None]
    large = F.interpolate(picture, scale_factor=_SOFT_FACTOR, mode="bilinear", align_corners=False)[0, 0].numpy()
    return np.asarray(large[: camera.shape[0], : camera.shape[1]])


def _bone_masses(patient: ImagedPatient, exposure: Exposure, rng: np.random.Generator) -> dict[str, Map]:
    """Return g/cm² (H, W) of what a patient's volumes hold; soft tissue is negative where gas displaces it."""
    total: dict[str, Map] = {}
    for part in parts(patient.bounds_mm(), exposure.camera, exposure.spine_mm, exposure.axis):
        volume = patient.render(part.grid)
        texture = 0.0 if part.softened_mm else exposure.texture
        for name, density in _densities(volume, exposure, texture, rng).items():
            if density.any():
                seen = project(part.weighted(density), part.grid, exposure.camera, exposure.axis)
                if part.softened_mm:
                    seen = gaussian_filter(seen, part.softened_mm / exposure.pixel_mm, truncate=2.5)
                total[name] = total[name] + seen if name in total else seen
    return total


def _densities(
    volume: Volume, exposure: Exposure, texture: float, rng: np.random.Generator
) -> dict[str, NDArray[np.float32]]:
    """Return g/cm³ (X, Y, Z) of what a volume holds, by substance; what it does not hold is left out."""
    density = substances().densities
    found = {"mineral": _textured(volume.mineral.astype(np.float32), volume.grid, texture, rng)}
    found["mineral"] *= np.float32(exposure.mineral_factor)
    masks = {
        "metal": (volume.tissue == Tissue.METAL, density["metal"]),
        "cement": (volume.tissue == Tissue.CEMENT, density["cement"]),
        "soft": ((volume.tissue == Tissue.CLEFT_GAS) | (volume.tissue == Tissue.GAS), -density["soft"]),
    }
    found |= {name: mask * np.float32(weight) for name, (mask, weight) in masks.items() if mask.any()}
    return found


def _textured(
    mineral: NDArray[np.float32], grid: Grid, texture: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return bone mineral in g/cm³ with trabeculae of contrast `texture` in the marrow."""
    bone = np.nonzero(mineral)
    if not texture or not len(bone[0]):
        return mineral
    step = grid.step_mm
    pattern = trabeculae(rng, grid.shape, (float(step[0]), float(step[1]), float(step[2])))[bone]
    marrow = np.clip(1 - mineral[bone] / _SOLID_G_CM3, 0, 1)
    textured = mineral.copy()
    textured[bone] *= np.clip(1 + texture * pattern * marrow, 0.1, None)
    return textured
