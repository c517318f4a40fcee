"""Findings drawn at random for the levels of one picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ovf_imaging.training.paint import Fracture
from ovf_imaging.training.simulation.anatomy.levels import facts_of
from ovf_imaging.training.simulation.painted.records import (
    TRAPS,
    BodyFindings,
    Cleft,
    Collapse,
    Findings,
    Patch,
    Texture,
)
from ovf_imaging.training.simulation.painted.settings import PaintSettings

_BOTH = ("superior", "inferior")
_MOST = 3  # fractures in a picture
_LEAST_LOSS_OF_CLEFT = 1 / 6
_LEAST_LOSS_OF_WALL = 0.25
_LEAST_LOSS_OF_SLIP = 0.4
_THICKEST = 0.45  # cleft, heights of the unbroken body
_DEEPEST_DENT = 0.33  # heights; a deeper one comes to a point
_PLANA_LIP = 0.5  # a full one would fold the flat front wall
_LINE = 0.1  # a thicker cleft is not called a line, heights


def draw_findings(
    rng: np.random.Generator, levels: Sequence[int], settings: PaintSettings, *, film: bool = False
) -> Findings:
    """Return what is to be painted into each of `levels`, fractures as often as a level breaks in life.

    On a film oedema and fluid cannot be seen: none is drawn there, clefts hold gas, and bowel gas is among the traps.
    """
    broken: set[int] = set()
    if levels and rng.random() < settings.fractured:
        count = 1
        while count < min(_MOST, len(levels)) and rng.random() < settings.further:
            count += 1
        weights = np.array([sum(facts_of(k).genant[1:]) for k in levels], dtype=float)
        broken = {int(k) for k in rng.choice(levels, count, replace=False, p=weights / weights.sum())}
    findings: Findings = {}
    for level in levels:
        if level in broken:
            findings[level] = broken_body(rng, settings, film=film)
        elif rng.random() < settings.occult and not film:
            findings[level] = BodyFindings(patches=(draw_oedema(rng, settings, "superior"),))
        elif rng.random() < settings.trap:
            kinds = [k for k in TRAPS if film or k != "bowel_gas"]
            findings[level] = BodyFindings(patches=(draw_trap(rng, str(rng.choice(kinds))),))
    return findings


def broken_body(rng: np.random.Generator, settings: PaintSettings, *, film: bool = False) -> BodyFindings:
    """Return a fracture with what goes with it."""
    collapse = draw_collapse(rng, settings)
    endplate = collapse.endplates[0]
    loss = worst_loss(collapse.fracture)
    patches = []
    if collapse.age == "fresh" and not film:
        patches.append(draw_oedema(rng, settings, endplate))
    if rng.random() < settings.sclerosis:
        strength = float(rng.uniform(0.4, 1.2))
        patches.append(_patch(rng, "sclerosis", strength=strength, height=float(rng.uniform(0.08, 0.2)), end=endplate))
    cleft = None
    if loss > _LEAST_LOSS_OF_CLEFT and rng.random() < settings.cleft:
        cleft = draw_cleft(rng, settings, endplate, left=1 - loss, film=film)
    elif collapse.age == "old" and rng.random() < settings.cement:
        patches.append(draw_cement(rng))
        if rng.random() < settings.leak:
            patches.append(_patch(rng, "cement_leak", strength=1.0, height=0.5, length=(0.25, 0.5), end=endplate))
    return BodyFindings(collapse=collapse, cleft=cleft, patches=tuple(patches))


def worst_loss(fracture: Fracture) -> float:
    """Return the height loss where it is worst, as drawn."""
    dents = fracture.superior_dent + fracture.inferior_dent
    return fracture.crush + max(fracture.front_loss, fracture.front_loss / 2 + dents)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Manner:
    """Which part of a loss of height lies where."""

    kind: str
    endplates: tuple[str, ...]
    front: float
    crush: float
    dent: float


def draw_collapse(rng: np.random.Generator, settings: PaintSettings) -> Collapse:
    """Return how a body gives way: kind, endplates, walls."""
    plana = bool(rng.random() < settings.plana)
    worst = float(rng.uniform(*(settings.plana_loss if plana else settings.worst_loss)))
    manner = _plana(worst) if plana else _draw_manner(rng, settings, worst)
    kind, endplates = manner.kind, manner.endplates
    through = bool(rng.random() < settings.through) or kind in ("plana", "pincer")
    place = float(rng.uniform(0.3, 0.6))
    if not through:  # the rims still hold the spine up: no hinge, a hollow alone
        manner = replace(manner, front=0.0, crush=0.0, dent=worst)
        place = float(rng.uniform(0.28, 0.4)) if kind == "wedge" else place
    share = float(rng.uniform(0.35, 0.65)) if len(endplates) == 2 else float(endplates[0] == "superior")
    broken = kind in ("crush", "plana") or (worst > _LEAST_LOSS_OF_WALL and rng.random() < settings.wall_broken)
    slips = worst > _LEAST_LOSS_OF_SLIP and rng.random() < settings.slipped
    return Collapse(
        kind=kind,
        endplates=endplates,
        age="fresh" if rng.random() < settings.fresh else "old",
        fracture=Fracture(
            front_loss=manner.front,
            crush=manner.crush,
            superior_dent=min(manner.dent * share, _DEEPEST_DENT),
            inferior_dent=min(manner.dent * (1 - share), _DEEPEST_DENT),
            dent_place=place,
            lip=float(rng.uniform(*settings.lip)) * (_PLANA_LIP if plana else worst / settings.worst_loss[1]),
            retropulsion=float(rng.uniform(*settings.retropulsion)) if broken and rng.random() < 0.7 else 0.0,
            slip=float(rng.uniform(*settings.slip)) if slips else 0.0,
        ),
        through=through,
        lean=0.0 if plana else float(rng.uniform(*settings.lean) * rng.choice([-1, 1])),
        posterior_wall=float(rng.uniform(0.2, 1.0)) if broken else float(rng.uniform(0, 0.2)),
    )


def _plana(worst: float) -> _Manner:
    return _Manner(kind="plana", endplates=_BOTH, front=0.08 * worst, crush=0.92 * worst, dent=0.0)


def _draw_manner(rng: np.random.Generator, settings: PaintSettings, worst: float) -> _Manner:
    first = ("superior" if rng.random() < 0.8 else "inferior",)
    if rng.random() < settings.wedge:
        endplates = _BOTH if rng.random() < 0.15 else first
        crush = float(rng.uniform(0, 0.25)) * worst
        dent = float(rng.uniform(0.1, 0.5)) * worst
        return _Manner(kind="wedge", endplates=endplates, front=worst - crush, crush=crush, dent=dent)
    if rng.random() < settings.biconcave:
        endplates = _BOTH if rng.random() < 0.6 else first
        front, crush = (float(v) * worst for v in rng.uniform(0, [0.4, 0.15]))
        dent = worst - crush - front / 2
        return _Manner(kind="biconcave", endplates=endplates, front=front, crush=crush, dent=dent)
    if rng.random() < settings.pincer:
        return _Manner(kind="pincer", endplates=_BOTH, front=0.1 * worst, crush=0.0, dent=worst)
    endplates = _BOTH if rng.random() < 0.5 else first
    return _Manner(kind="crush", endplates=endplates, front=0.15 * worst, crush=0.85 * worst, dent=0.1 * worst)


def draw_oedema(rng: np.random.Generator, settings: PaintSettings, endplate: str) -> Patch:
    """Return fresh oedema: of the whole body, or a band under an endplate."""
    kind = "oedema_diffuse" if rng.random() < settings.diffuse else "oedema_band"
    return _patch(rng, kind, strength=float(rng.uniform(0.5, 1.1)), height=float(rng.uniform(0.25, 0.55)), end=endplate)


def draw_cleft(
    rng: np.random.Generator, settings: PaintSettings, endplate: str, *, left: float = 1.0, film: bool = False
) -> Cleft:
    """Return a cleft beside an endplate, in front or in the middle; `left` is what the fracture leaves of the height.

    The fracture presses the cleft together with the body, so that it is drawn the thicker.
    """
    central = rng.random() < settings.central
    outline = str(rng.choice(["line", "semilune", "triangle"]))
    length = float(rng.uniform(*settings.cleft_length))
    thickness = float(rng.uniform(*settings.cleft_thickness))
    if outline == "line":
        thickness = min(thickness, _LINE)
    thickness = min(thickness / left, _THICKEST)
    if rng.random() < settings.closed:
        thickness = 0.0
    middle = float(rng.uniform(0.45, 0.58)) if central else 0.9 - length / 2 - float(rng.uniform(0, 0.05))
    return Cleft(
        kind="gas" if film or rng.random() < settings.gas else "fluid",
        outline=outline,
        endplate=endplate,
        place="central" if central else "anterior",
        middle=middle,
        length=length,
        thickness=thickness,
        below=float(rng.uniform(0.1, 0.2)),
        span=float(rng.uniform(0.5, 1.0)),
        texture=draw_texture(rng),
    )


def draw_cement(rng: np.random.Generator) -> Patch:
    """Return a filling of cement."""
    height = float(rng.uniform(0.35, 0.65))
    return _patch(rng, "cement", strength=float(rng.uniform(0.8, 1.2)), height=height, length=(0.3, 0.65))


def draw_trap(rng: np.random.Generator, kind: str) -> Patch:
    """Return one of TRAPS."""
    strength = float(rng.uniform(0.6, 1.3))
    end = "superior" if rng.random() < 0.5 else "inferior"
    if kind == "schmorl":
        s = float(rng.uniform(0.22, 0.36) if rng.random() < 0.5 else rng.uniform(0.64, 0.75))
        return _patch(
            rng, kind, strength=strength, s=s, height=float(rng.uniform(0.12, 0.24)), length=(0.2, 0.26), end=end
        )
    if kind == "vein":
        return _patch(
            rng, kind, strength=strength, s=0.1, t=0.5, height=float(rng.uniform(0.05, 0.1)), length=(0.2, 0.5)
        )
    if kind == "bowel_gas":
        s, t, height = (float(v) for v in rng.uniform([-0.1, 0, 0.3], [1.2, 1, 0.9]))
        return _patch(rng, kind, strength=strength, s=s, t=t, height=height, length=(0.3, 1.0))
    if kind == "haemangioma":
        s, t, height = (float(v) for v in rng.uniform([0.3, 0.35, 0.25], [0.7, 0.65, 0.8]))
        return _patch(rng, kind, strength=strength, s=s, t=t, height=height, length=(0.2, 0.6))
    height = float(rng.uniform(0.12, 0.35))
    return _patch(
        rng, kind, strength=strength, s=float(rng.uniform(0.4, 0.7)), height=height, length=(0.4, 0.9), end=end
    )


def draw_texture(rng: np.random.Generator) -> Texture:
    """Return an unevenness."""
    waves = rng.uniform([-1.6, -1.6, -0.5, 0], [1.6, 1.6, 0.5, 2 * np.pi], (5, 4))
    return Texture(waves=tuple((float(a), float(b), float(c), float(d)) for a, b, c, d in waves))


def _patch(
    rng: np.random.Generator,
    kind: str,
    *,
    strength: float,
    height: float,
    s: float | None = None,
    t: float | None = None,
    length: tuple[float, float] = (0.6, 1.0),
    end: str = "superior",
) -> Patch:
    return Patch(
        kind=kind,
        strength=strength,
        s=float(rng.uniform(0.45, 0.6)) if s is None else s,
        t=float(rng.uniform(0.42, 0.58)) if t is None else t,
        length=float(rng.uniform(*length)),
        height=height,
        endplate=end,
        span=float(rng.uniform(0.6, 1.1)),
        texture=draw_texture(rng),
    )
