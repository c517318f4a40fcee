"""Which levels break, and how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ovf_imaging.training.simulation.anatomy.collapse import Cleft, Collapse
from ovf_imaging.training.simulation.anatomy.form import Size
from ovf_imaging.training.simulation.anatomy.levels import facts_of
from ovf_imaging.training.simulation.anatomy.prescribed import CLEFT_LEAST_LOSS, PrescribedFracture
from ovf_imaging.training.simulation.anatomy.settings import AnatomySettings
from ovf_imaging.training.simulation.anatomy.vertebra import Fracture

_WALL_OF_2 = 0.2  # OF 2: less than a fifth of the posterior wall is broken
_KINDS = ("wedge", "biconcave", "crush", "pincer")
_LINE_MM = 2.0  # a thicker cleft is not called a line
_BULGE_MM = 1.0  # a central cleft may lift its endplate this far beyond the dent
_CLEFT_MOST_OF_LOSS = 0.8  # an open cleft gives back at most this part of the height lost in front of it

Losses = tuple[float, float, float]  # front, middle, back, 0–1


def draw_fractures(
    rng: np.random.Generator, settings: AnatomySettings, sizes: Mapping[int, Size], levels: Sequence[int]
) -> dict[int, Fracture]:
    """Return fractures by level, as many and where they are in life, most of them old."""
    if rng.random() >= settings.fractured:
        return {}
    count = 1
    while count < min(round(settings.most_fractures), len(levels)) and rng.random() < settings.further_fracture:
        count += 1
    broken = np.array([sum(facts_of(level).genant[1:]) for level in levels], dtype=np.float64)
    drawn = rng.choice(levels, size=count, replace=False, p=broken / broken.sum())
    fractures: dict[int, Fracture] = {}
    for number, level in enumerate(int(level) for level in drawn):
        fresh = number < settings.most_fresh and rng.random() < settings.fresh
        fractures[level] = draw_fracture(rng, settings, sizes[level], level, fresh=fresh)
    return fractures


def draw_fracture(
    rng: np.random.Generator, settings: AnatomySettings, size: Size, level: int, *, fresh: bool
) -> Fracture:
    """Return one fracture: grade as often as at its level, then kind, endplates, wall and cleft."""
    chances = np.array(facts_of(level).genant[1:]) + 1.0
    grade = int(rng.choice([1, 2, 3], p=chances / chances.sum()))
    worst = float(rng.uniform(*(settings.mild_loss, settings.moderate_loss, settings.severe_loss)[grade - 1]))
    kind = "plana" if grade == 3 and rng.random() < settings.plana else _kind(rng, settings)
    if kind == "plana":
        worst = float(rng.uniform(*settings.plana_loss))
    broken = kind in ("crush", "plana") or (grade > 1 and rng.random() < settings.wall_broken)
    wall = float(rng.uniform(_WALL_OF_2, 1.0)) if broken else float(rng.uniform(0, _WALL_OF_2) * (rng.random() < 0.5))
    losses = _losses(rng, kind, worst, float(rng.uniform(*settings.posterior_loss)) if broken else 0.0)
    endplates = _endplates(rng, settings, kind)
    collapse = _collapse(rng, settings, size, losses, endplates, broken=broken)
    torn = grade == 3 and rng.random() < settings.distraction
    return Fracture(
        kind=kind,
        endplates=endplates,
        collapse=collapse,
        posterior_wall=wall,
        of_class=5 if torn else _of_class(kind, endplates, wall),
        age="fresh" if fresh else "old",
        oedema=("whole" if rng.random() < settings.oedema_whole else "band") if fresh else "none",
        band=settings.oedema_band,
        cleft=_cleft(rng, settings, size, losses, endplates),
    )


def prescribed_fracture(
    rng: np.random.Generator, settings: AnatomySettings, size: Size, wanted: PrescribedFracture
) -> Fracture:
    """Return a fracture as it was asked for."""
    losses, endplates, fresh = wanted.height_loss, wanted.broken_endplates, wanted.age == "fresh"
    collapse = _collapse(rng, settings, size, losses, endplates, broken=False)
    oedema = "whole" if rng.random() < settings.oedema_whole else "band"
    gap = _Gap(
        kind=wanted.cleft,
        outline=wanted.cleft_outline,
        central=wanted.cleft_place == "central",
        thickness_mm=wanted.cleft_mm,
    )
    return Fracture(
        kind=wanted.kind,
        endplates=endplates,
        collapse=replace(collapse, retropulsion_mm=wanted.retropulsion_mm),
        posterior_wall=wanted.posterior_wall,
        of_class=_of_class(wanted.kind, endplates, wanted.posterior_wall) if any(losses) else 1,
        age=wanted.age,
        oedema=oedema if fresh else "none",
        band=settings.oedema_band,
        cleft=None if wanted.cleft == "none" else _opened(rng, size, losses, endplates, gap),
    )


def occult_fracture(rng: np.random.Generator, settings: AnatomySettings) -> Fracture:
    """Return a fresh fracture that has not given way: oedema only, OF 1."""
    return Fracture(
        kind="wedge",
        endplates=("superior",),
        collapse=Collapse(),
        posterior_wall=0.0,
        of_class=1,
        age="fresh",
        oedema="whole" if rng.random() < settings.oedema_whole else "band",
        band=settings.oedema_band,
    )


def _losses(rng: np.random.Generator, kind: str, worst: float, back: float) -> Losses:
    """Return what each height loses; `back` is 0 where the posterior wall holds."""
    if kind == "wedge":
        return worst, worst * float(rng.uniform(0.5, 0.95)), min(back, 0.7 * worst)
    if kind == "biconcave":
        return worst * float(rng.uniform(0.05, 0.5)), worst, min(back, 0.6 * worst)
    if kind == "pincer":
        return worst * float(rng.uniform(0.0, 0.25)), worst, min(back, 0.3 * worst)
    front, middle, rear = rng.uniform(0.75 if kind == "crush" else 0.9, 1.0, 3) * worst
    return float(front), float(max(middle, (front + rear) / 2)), float(rear)


def _kind(rng: np.random.Generator, settings: AnatomySettings) -> str:
    weights = np.array([settings.wedge, settings.biconcave, settings.crush, settings.pincer])
    return str(rng.choice(_KINDS, p=weights / weights.sum()))


def _endplates(rng: np.random.Generator, settings: AnatomySettings, kind: str) -> tuple[str, ...]:
    both = {"wedge": settings.both_wedge, "biconcave": settings.both_biconcave, "crush": settings.both_crush}
    if rng.random() < both.get(kind, 1.0):
        return "superior", "inferior"
    return ("superior",) if rng.random() < settings.superior else ("inferior",)


def _collapse(
    rng: np.random.Generator,
    settings: AnatomySettings,
    size: Size,
    losses: Losses,
    endplates: tuple[str, ...],
    *,
    broken: bool,
) -> Collapse:
    middle_mm = (size.anterior_mm + size.posterior_mm) / 2 - sum(size.concavity_mm)
    lost = np.array(losses) * (size.anterior_mm, middle_mm, size.posterior_mm)
    share = float(rng.uniform(0.4, 0.8)) if len(endplates) == 2 else 1.0 if endplates == ("superior",) else 0.0
    superior, inferior = lost * share, lost * (1 - share)
    return Collapse(
        superior_mm=(float(superior[0]), float(superior[1]), float(superior[2])),
        inferior_mm=(float(inferior[0]), float(inferior[1]), float(inferior[2])),
        dent_place=float(rng.uniform(0.4, 0.6)),
        sideways=float(rng.uniform(*settings.sideways) * rng.choice([-1, 1])),
        lip_mm=float(rng.uniform(*settings.lip_mm)),
        retropulsion_mm=float(rng.uniform(*settings.retropulsion_mm)) if broken and rng.random() < 0.7 else 0.0,
        retropulsion_superior=share >= 0.5,
    )


def _of_class(kind: str, endplates: tuple[str, ...], wall: float) -> int:
    """Return the OF class of a body that has given way and is not torn apart."""
    if len(endplates) == 2 or kind in ("pincer", "plana"):
        return 4
    return 3 if wall > _WALL_OF_2 else 2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gap:
    """A cleft as it was asked for or drawn."""

    kind: str  # "gas", "fluid"
    outline: str  # "line", "semilune", "triangle"
    central: bool
    thickness_mm: float  # fully open


def _cleft(
    rng: np.random.Generator, settings: AnatomySettings, size: Size, losses: Losses, endplates: tuple[str, ...]
) -> Cleft | None:
    """Return a cleft where one is drawn and the body has room for it."""
    gap = _Gap(
        central=rng.random() < settings.cleft_central,
        thickness_mm=float(rng.uniform(*settings.cleft_open_mm)),
        outline=str(rng.choice(["line", "semilune", "triangle"])),
        kind="gas" if rng.random() < settings.cleft_gas else "fluid",
    )
    if rng.random() >= settings.cleft or max(losses) < CLEFT_LEAST_LOSS:
        return None
    cleft = _opened(rng, size, losses, endplates, gap)
    return None if cleft.thickness_mm < settings.cleft_open_mm[0] / 2 else cleft


def _opened(rng: np.random.Generator, size: Size, losses: Losses, endplates: tuple[str, ...], gap: _Gap) -> Cleft:
    """Return a cleft beside the first endplate, opening by no more than what was lost there."""
    heights = np.array([size.anterior_mm, (size.anterior_mm + size.posterior_mm) / 2, size.posterior_mm])
    front_mm, middle_mm, back_mm = (float(v) for v in heights * losses)
    dent_mm = max(middle_mm - (front_mm + back_mm) / 2, 0.0)
    thickness = min(gap.thickness_mm, _CLEFT_MOST_OF_LOSS * (middle_mm if gap.central else front_mm))
    if gap.outline == "line":
        thickness = min(thickness, _LINE_MM)
    span = float(rng.uniform(0.35, 0.65))
    start = float(rng.uniform(0.2, 0.7 - span / 2)) if gap.central else 0.0
    return Cleft(
        kind=gap.kind,
        outline=gap.outline,
        endplate=endplates[0],
        place="central" if gap.central else "anterior",
        thickness_mm=thickness,
        lifts=min(1.0, (dent_mm + _BULGE_MM) / thickness) if gap.central else 1.0,
        extent=(start, min(start + span, 0.9)),
        below=float(rng.uniform(0.12, 0.3)),
    )
