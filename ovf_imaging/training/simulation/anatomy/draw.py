"""A patient drawn at random."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.spatial.transform import Rotation

from ovf_imaging.training.simulation.anatomy.alignment import Disc, pose
from ovf_imaging.training.simulation.anatomy.form import Size
from ovf_imaging.training.simulation.anatomy.fractures import (
    draw_fractures,
    occult_fracture,
    prescribed_fracture,
)
from ovf_imaging.training.simulation.anatomy.patient import DrawnPatient
from ovf_imaging.training.simulation.anatomy.person import Person
from ovf_imaging.training.simulation.anatomy.posture import Motion
from ovf_imaging.training.simulation.anatomy.settings import AnatomySettings
from ovf_imaging.training.simulation.anatomy.sizes import draw_discs, draw_sizes
from ovf_imaging.training.simulation.anatomy.templates import Templates
from ovf_imaging.training.simulation.anatomy.traps import draw_traps, with_scheuermann
from ovf_imaging.training.simulation.anatomy.vertebra import Fracture, Vertebra
from ovf_imaging.training.simulation.volume import Array
from ovf_imaging.types import Level

FIRST_LEVEL = {"lumbar": Level.T10, "thoracolumbar": Level.T5, "full": Level.T1}
_SLIPPED = {Level.L3: 0.15, Level.L4: 0.6, Level.L5: 0.25}  # where a spondylolisthesis lies
_TORN = 5  # OF class
_COUNTERED = 0.5  # half of what the discs take back lies above a fracture, half below


def draw_patient(rng: np.random.Generator, settings: AnatomySettings, templates: Templates) -> DrawnPatient:
    """Return a patient drawn at random, in neutral position; the same generator state gives the same patient."""
    person = _person(rng, settings)
    levels, transitional = _levels(rng, settings)
    sizes = draw_sizes(rng, settings, levels, person.size, person.kyphosis_deg)
    sizes, scheuermann = with_scheuermann(rng, settings, sizes)
    discs = draw_discs(rng, settings, sizes, (person.kyphosis_deg, person.lordosis_deg), person.age_years)
    discs = _sideways(rng, settings, _slipped(rng, settings, discs, sizes), person)
    if transitional == "sacralised L5":
        discs[int(Level.L5)] = replace(discs[int(Level.L5)], degeneration=1.0)
    shown = [level for level in levels if Level(level).order >= FIRST_LEVEL[settings.region].order]
    fractures = _fractures(rng, settings, sizes, shown)
    vertebrae = [Vertebra(level=level, size=sizes[level], fracture=fractures.get(level)) for level in levels]
    vertebrae = draw_traps(rng, settings, vertebrae, discs, scheuermann)
    motion = Motion(
        flexion_deg=float(rng.uniform(*settings.flexion_deg)),
        extension_deg=float(rng.uniform(*settings.extension_deg)),
        supine_deg=float(rng.uniform(*settings.supine_deg)),
    )
    discs = _compensated(rng, settings, vertebrae, discs)
    return DrawnPatient(
        templates=templates,
        settings=settings,
        person=person,
        vertebrae=tuple(vertebrae),
        discs=discs,
        motion=motion,
        base=_base(rng, settings, person),
        first_level=int(FIRST_LEVEL[settings.region]),
        transitional=transitional,
    ).balanced()


def _person(rng: np.random.Generator, settings: AnatomySettings) -> Person:
    female = bool(rng.random() < settings.female)
    incidence = float(rng.uniform(*settings.pelvic_incidence_deg))
    lordosis = 0.54 * incidence + 27.6 + rng.normal(0, settings.lordosis_spread_deg)  # Le Huec 2015
    lordosis = float(np.clip(lordosis, *settings.lordosis_deg))
    kyphosis = 0.35 * lordosis + 25 + rng.normal(0, settings.kyphosis_spread_deg)
    return Person(
        age_years=round(float(rng.uniform(*settings.age_years)), 1),
        sex="F" if female else "M",
        size=float(rng.uniform(*(settings.size_female if female else settings.size_male))),
        t_score=float(rng.uniform(*settings.t_score)),
        incidence_deg=incidence,
        sacral_slope_deg=float(np.clip(0.63 * incidence + 7 + rng.normal(0, 4), 10, 62)),  # Vialle 2005
        lordosis_deg=lordosis,
        kyphosis_deg=float(np.clip(kyphosis, *settings.kyphosis_deg)),
        balance_mm=float(rng.uniform(*settings.balance_mm)),
        back_fat_mm=float(rng.uniform(*settings.back_fat_mm)),
        belly_mm=float(rng.uniform(*settings.belly_mm)),
        mean_shape=bool(rng.random() < settings.mean_shape),
        seed=int(rng.integers(2**31)),
    )


def _levels(rng: np.random.Generator, settings: AnatomySettings) -> tuple[list[int], str]:
    levels = [int(level) for level in range(Level.T1, Level.L6)]
    if rng.random() >= settings.transitional:
        return levels, ""
    kind = str(rng.choice(["L6", "T13", "sacralised L5"]))
    if kind == "L6":
        levels.append(int(Level.L6))
    if kind == "T13":
        levels.insert(levels.index(int(Level.L1)), int(Level.T13))
    return levels, kind


def _fractures(
    rng: np.random.Generator, settings: AnatomySettings, sizes: dict[int, Size], shown: list[int]
) -> dict[int, Fracture]:
    """Return the fractures that are prescribed, or else those that are drawn in the levels shown."""
    if settings.fracture:
        wanted = {int(Level[one.level]): one for one in settings.fracture}
        return {level: prescribed_fracture(rng, settings, sizes[level], one) for level, one in wanted.items()}
    drawn = draw_fractures(rng, settings, sizes, shown)
    if not drawn and rng.random() < settings.occult:
        return {int(rng.choice(shown)): occult_fracture(rng, settings)}
    return drawn


def _slipped(
    rng: np.random.Generator, settings: AnatomySettings, discs: dict[int, Disc], sizes: dict[int, Size]
) -> dict[int, Disc]:
    if rng.random() >= settings.slip:
        return discs
    level = int(rng.choice([int(k) for k in _SLIPPED], p=list(_SLIPPED.values())))
    slip_mm = float(rng.uniform(*settings.slip_part)) * sizes[level].depth_mm
    return {**discs, level: replace(discs[level], slip_mm=slip_mm)}


def _sideways(
    rng: np.random.Generator, settings: AnatomySettings, discs: dict[int, Disc], person: Person
) -> dict[int, Disc]:
    """Return the discs with a scoliosis about an apex, countered above and below, and its turn."""
    if rng.random() >= settings.scoliosis:
        return discs
    levels = list(discs)
    apex = int(rng.integers(4, len(levels) - 3))
    sign = float(rng.choice([-1, 1]))
    cobb, turn = rng.uniform(*settings.scoliosis_deg) * sign, rng.uniform(*settings.rotation_deg) * sign
    bent = dict(discs)
    for offset in range(-4, 4):
        level = levels[min(max(apex + offset, 0), len(levels) - 1)]
        tilt = cobb / 4 if -2 <= offset < 2 else -cobb / 4
        bent[level] = replace(bent[level], tilt_deg=float(tilt), turn_deg=float(turn / 4 * (1 if offset >= 0 else -1)))
    return bent


def _compensated(
    rng: np.random.Generator, settings: AnatomySettings, vertebrae: list[Vertebra], discs: dict[int, Disc]
) -> dict[int, Disc]:
    """Return the discs after those beside each fracture took back a part of its kyphosis, or were torn with it."""
    levels = [vertebra.level for vertebra in vertebrae]
    share = float(rng.uniform(*settings.compensation))
    changed = dict(discs)
    for place, vertebra in enumerate(vertebrae):
        if vertebra.fracture is None:
            continue
        collapse = vertebra.fracture.collapse
        lost = (np.array(collapse.superior_mm) + collapse.inferior_mm)[[0, 2]]
        back = share * float(np.degrees(np.arctan2(lost[0] - lost[1], vertebra.size.depth_mm)))
        for near in {max(place - 1, 0), place}:
            disc = changed[levels[near]]
            changed[levels[near]] = replace(disc, lordosis_deg=disc.lordosis_deg + _COUNTERED * back)
        if vertebra.fracture.of_class == _TORN and place:
            above = changed[levels[place - 1]]
            slip_mm, turn_deg = float(rng.uniform(*settings.torn_slip_mm)), float(rng.uniform(*settings.torn_turn_deg))
            torn = replace(above, slip_mm=above.slip_mm + slip_mm, turn_deg=above.turn_deg + turn_deg)
            changed[levels[place - 1]] = torn
    return changed


def _base(rng: np.random.Generator, settings: AnatomySettings, person: Person) -> Array:
    """Return the pose of the sacrum: its endplate falls forward by the sacral slope, the patient a little askew."""
    askew = Rotation.from_euler("yz", rng.uniform(*settings.tilt_deg, 2), degrees=True)
    return pose(askew * Rotation.from_euler("x", person.sacral_slope_deg, degrees=True))
