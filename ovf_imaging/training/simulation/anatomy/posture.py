"""What each position does to the discs and clefts of a patient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ovf_imaging.training.simulation.anatomy.alignment import Disc
from ovf_imaging.training.simulation.anatomy.collapse import Cleft
from ovf_imaging.training.simulation.anatomy.levels import facts_of
from ovf_imaging.training.simulation.anatomy.settings import AnatomySettings
from ovf_imaging.types import Position

_STIFFENING = 0.6  # part of its motion that a collapsed disc has lost


@dataclass(frozen=True, slots=True, kw_only=True)
class Motion:
    """How far this patient moves, L1–S1 together."""

    flexion_deg: float
    extension_deg: float
    supine_deg: float  # more lordosis than standing


def posed_discs(discs: Mapping[int, Disc], motion: Motion, position: Position) -> dict[int, Disc]:
    """Return the discs of a patient, drawn standing or neutral, in another position."""
    total = {
        Position.FLEXION: -motion.flexion_deg,
        Position.EXTENSION: motion.extension_deg,
        Position.SUPINE: motion.supine_deg,
    }.get(position, 0.0)
    posed = {}
    for level, disc in discs.items():
        turn = total * facts_of(level).flexion_share * (1 - _STIFFENING * disc.degeneration)
        posed[level] = replace(disc, lordosis_deg=disc.lordosis_deg + turn)
    return posed


def posed_cleft(cleft: Cleft, settings: AnatomySettings, position: Position) -> Cleft:
    """Return a cleft as far open as the position lets it be."""
    opening = {
        Position.FLEXION: settings.open_flexion,
        Position.EXTENSION: settings.open_extension,
        Position.STANDING: settings.open_standing,
        Position.SUPINE: settings.open_supine,
    }.get(position, settings.open_neutral)
    return replace(cleft, opening=max(opening, settings.fluid_stays) if cleft.kind == "fluid" else opening)
