"""What looks like a fracture and is none, and what surgeons left behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from ovf_imaging.training.simulation.anatomy.alignment import Disc
from ovf_imaging.training.simulation.anatomy.form import Size
from ovf_imaging.training.simulation.anatomy.settings import AnatomySettings
from ovf_imaging.training.simulation.anatomy.vertebra import Blob, Osteophyte, Vertebra
from ovf_imaging.training.simulation.volume import Tissue
from ovf_imaging.types import Landmark, Level

_SCHEUERMANN = range(int(Level.T5), int(Level.L1))  # where it begins
_MODIC = (Tissue.MODIC_1, Tissue.MODIC_2, Tissue.MODIC_3)


def with_scheuermann(
    rng: np.random.Generator, settings: AnatomySettings, sizes: dict[int, Size]
) -> tuple[dict[int, Size], tuple[int, ...]]:
    """Return the sizes with three or four neighbours wedged in some patients, and which."""
    if rng.random() >= settings.scheuermann:
        return sizes, ()
    levels = list(sizes)
    first = levels.index(int(rng.choice(_SCHEUERMANN)))
    wedged = levels[first : first + int(rng.integers(3, 5))]
    changed = dict(sizes)
    for level in wedged:
        lower = float(np.tan(np.radians(rng.uniform(*settings.scheuermann_deg)))) * sizes[level].depth_mm
        changed[level] = replace(sizes[level], anterior_mm=sizes[level].posterior_mm - lower)
    return changed, tuple(wedged)


def draw_traps(
    rng: np.random.Generator,
    settings: AnatomySettings,
    vertebrae: Sequence[Vertebra],
    discs: Mapping[int, Disc],
    scheuermann: tuple[int, ...],
) -> list[Vertebra]:
    """Return the vertebrae with everything that may mislead a reader."""
    tumour = rng.random() < settings.metastasis
    changed = []
    for place, vertebra in enumerate(vertebrae):
        above = discs[vertebrae[place - 1].level] if place else None
        one = _short(rng, settings, vertebra)
        one = _worn(rng, settings, one, above, discs[vertebra.level])
        one = _marrow(rng, settings, one, tumour=tumour)
        one = _pits(rng, settings, one)
        if vertebra.level in scheuermann:
            one = replace(one, traps=(*one.traps, "scheuermann"))
        changed.append(_cemented(rng, settings, one))
    return _instrumented(rng, settings, changed)


def _short(rng: np.random.Generator, settings: AnatomySettings, one: Vertebra) -> Vertebra:
    if one.fracture is not None or rng.random() >= settings.short:
        return one
    left = 1 - float(rng.uniform(*settings.short_part))
    size = replace(one.size, anterior_mm=one.size.anterior_mm * left, posterior_mm=one.size.posterior_mm * left)
    return replace(one, size=size, traps=(*one.traps, "short"))


def _worn(
    rng: np.random.Generator, settings: AnatomySettings, one: Vertebra, above: Disc | None, below: Disc
) -> Vertebra:
    """Return the vertebra with osteophytes and Modic changes beside its worn discs."""
    for superior, disc in ((True, above), (False, below)):
        if disc is None or disc.degeneration < settings.worn_from:
            continue
        corners = (
            (Landmark.SUPERIOR_ANTERIOR, Landmark.SUPERIOR_POSTERIOR)
            if superior
            else (Landmark.INFERIOR_ANTERIOR, Landmark.INFERIOR_POSTERIOR)
        )
        lengths = settings.front_osteophyte_mm, settings.back_osteophyte_mm
        for corner, length in zip(corners, lengths, strict=True):
            if rng.random() < settings.osteophytes:
                beak = Osteophyte(
                    corner=int(corner),
                    forward_mm=float(rng.uniform(*length)) * disc.degeneration,
                    towards_disc_mm=float(rng.uniform(0, 0.4)) * disc.height_mm,
                    half_width_mm=float(rng.uniform(6, 16)),
                )
                one = replace(one, osteophytes=(*one.osteophytes, beak), traps=_with(one.traps, "osteophyte"))
        if rng.random() < settings.modic:
            kind = _MODIC[int(rng.choice(3, p=_modic_chances(settings)))]
            one = replace(one, blobs=(*one.blobs, _band(rng, settings, one.size, kind, superior=superior)))
            one = replace(one, traps=_with(one.traps, kind.name.lower()))
    return one


def _marrow(rng: np.random.Generator, settings: AnatomySettings, one: Vertebra, *, tumour: bool) -> Vertebra:
    """Return the vertebra with a haemangioma, or with tumour where the patient has any."""
    for name, tissue, chance, radius in (
        ("haemangioma", Tissue.HAEMANGIOMA, settings.haemangioma, settings.haemangioma_radius_mm),
        ("metastasis", Tissue.REPLACED, settings.metastatic_body * tumour, settings.metastasis_radius_mm),
    ):
        if rng.random() < chance:
            reach = np.array([one.size.width_mm, one.size.depth_mm, one.size.posterior_mm]) * 0.3
            centre = rng.uniform(-reach, reach)
            radii = rng.uniform(*radius) * rng.uniform(0.8, 1.2, 3)
            blob = Blob(tissue=tissue, centre_mm=_triple(centre), radii_mm=_triple(radii))
            one = replace(one, blobs=(*one.blobs, blob), traps=_with(one.traps, name))
    return one


def _pits(rng: np.random.Generator, settings: AnatomySettings, one: Vertebra) -> Vertebra:
    if one.fracture is not None or rng.random() >= settings.schmorl:
        return one
    sign = float(rng.choice([-1, 1]))
    place = rng.uniform(-0.25, 0.25, 2) * (one.size.width_mm, one.size.depth_mm)
    centre = (float(place[0]), float(place[1]), sign * one.size.posterior_mm / 2)
    across = settings.schmorl_radius_mm
    radii = (rng.uniform(*across), rng.uniform(*across), rng.uniform(*settings.schmorl_depth_mm))
    pit = Blob(tissue=Tissue.NUCLEUS, centre_mm=centre, radii_mm=_triple(np.array(radii)))
    return replace(one, pits=(*one.pits, pit), traps=_with(one.traps, "schmorl"))


def _cemented(rng: np.random.Generator, settings: AnatomySettings, one: Vertebra) -> Vertebra:
    """Return an old fracture filled with cement in some patients: two lumps that run into each other."""
    if one.fracture is None or one.fracture.age != "old" or rng.random() >= settings.cement:
        return one
    blobs = []
    for side in (-1, 1):
        centre = (side * 0.18 * one.size.width_mm, -0.1 * one.size.depth_mm + float(rng.uniform(-3, 3)), 0.0)
        radii = _triple(
            rng.uniform(*settings.cement_radius, 3) * (one.size.width_mm, one.size.depth_mm, one.size.posterior_mm)
        )
        blobs.append(Blob(tissue=Tissue.CEMENT, centre_mm=centre, radii_mm=radii))
    return replace(one, blobs=(*one.blobs, *blobs), fracture=replace(one.fracture, cleft=None))


def _instrumented(rng: np.random.Generator, settings: AnatomySettings, vertebrae: list[Vertebra]) -> list[Vertebra]:
    if rng.random() >= settings.screws:
        return vertebrae
    length = int(rng.integers(2, 5))
    first = int(rng.integers(7, len(vertebrae) - length + 1))
    last = first + length
    return [replace(one, screws=True) if first <= k < last else one for k, one in enumerate(vertebrae)]


def _modic_chances(settings: AnatomySettings) -> np.ndarray:
    weights = np.array([settings.modic_1, settings.modic_2, settings.modic_3])
    return np.asarray(weights / weights.sum())


def _band(rng: np.random.Generator, settings: AnatomySettings, size: Size, tissue: Tissue, *, superior: bool) -> Blob:
    height = size.posterior_mm / 2 * (1 if superior else -1)
    deep = float(rng.uniform(0.25, 0.5)), float(rng.uniform(*settings.modic_depth_mm))
    radii = (size.width_mm * 0.45, size.depth_mm * deep[0], deep[1])
    return Blob(tissue=tissue, centre_mm=(0.0, float(rng.uniform(-0.25, 0.1)) * size.depth_mm, height), radii_mm=radii)


def _with(names: tuple[str, ...], name: str) -> tuple[str, ...]:
    return names if name in names else (*names, name)


def _triple(values: np.ndarray) -> tuple[float, float, float]:
    return float(values[0]), float(values[1]), float(values[2])
