"""How large every body of a patient is before anything happened to it, and how its discs stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ovf_imaging.training.simulation.anatomy.alignment import Disc
from ovf_imaging.training.simulation.anatomy.form import Size
from ovf_imaging.training.simulation.anatomy.levels import facts_of
from ovf_imaging.training.simulation.anatomy.settings import AnatomySettings
from ovf_imaging.types import Level, level_order

_BODY_SHARE = 0.65  # of a thoracic kyphosis that the bodies take, the discs the rest (Goh 1999)
_WORN_HEIGHT = 0.65  # part of its height that a collapsed disc has lost
_SACRAL_DISC_MM = 6.0  # at least, in the midline: the rims of S1 rise at the sides
_CONCAVITY = (0.03, 0.07)  # of an endplate's middle, part of the depth


def draw_sizes(
    rng: np.random.Generator, settings: AnatomySettings, levels: Sequence[int], scale: float, kyphosis_deg: float
) -> dict[int, Size]:
    """Return the unbroken size of every level above the sacrum."""
    return {level: _draw_size(rng, settings, level, scale, kyphosis_deg) for level in levels}


def _draw_size(
    rng: np.random.Generator, settings: AnatomySettings, level: int, scale: float, kyphosis_deg: float
) -> Size:
    facts = facts_of(level)
    depth, width, height = scale * (1 + rng.uniform(*settings.size_spread, 3))
    depth_mm = facts.depth_mm * float(depth)
    thoracic = level_order(level) < Level.L1
    wedge_deg = facts.wedge_deg + rng.normal(0, 1.0)
    if thoracic:
        wedge_deg -= _BODY_SHARE * kyphosis_deg * facts.disc_share
    posterior_mm = facts.height_mm * float(height)
    return Size(
        depth_mm=depth_mm,
        width_mm=facts.width_mm * float(width),
        posterior_mm=posterior_mm,
        anterior_mm=posterior_mm + float(np.tan(np.radians(wedge_deg))) * depth_mm,
        concavity_mm=(depth_mm * float(rng.uniform(*_CONCAVITY)) / 2, depth_mm * float(rng.uniform(*_CONCAVITY))),
    )


def wedge_deg(size: Size) -> float:
    """Return the angle between a body's corner lines, positive when the back is lower."""
    return float(np.degrees(np.arctan2(size.anterior_mm - size.posterior_mm, size.depth_mm)))


def draw_discs(
    rng: np.random.Generator,
    settings: AnatomySettings,
    sizes: Mapping[int, Size],
    regions_deg: tuple[float, float],
    age_years: float,
) -> dict[int, Disc]:
    """Return the disc below every level, whose turns add up to the kyphosis and the lordosis of `regions_deg`."""
    start = rng.uniform(*settings.degeneration_at_50)
    worn = start + (age_years - 50) / 10 * rng.uniform(*settings.degeneration_per_decade)
    discs: dict[int, Disc] = {}
    for lumbar, total in ((False, -regions_deg[0]), (True, regions_deg[1])):
        levels = [level for level in sizes if (level_order(level) >= Level.L1) == lumbar]
        left = total - sum(wedge_deg(sizes[level]) for level in levels)
        shares = np.array([facts_of(level).disc_share for level in levels])
        for level, share in zip(levels, shares / shares.sum(), strict=True):
            low_lumbar = 0.12 if level >= Level.L4 else 0.0
            degeneration = float(np.clip(worn + low_lumbar + rng.normal(0, 0.15), 0, 1))
            height = facts_of(level).disc_mm * (1 - _WORN_HEIGHT * degeneration) * float(rng.uniform(0.9, 1.1))
            if level == max(sizes, key=level_order):
                height = max(height, _SACRAL_DISC_MM)
            turn = float(left * share + rng.normal(0, 0.8))
            vacuum = degeneration > 0.75 and bool(rng.random() < settings.vacuum)
            discs[level] = Disc(height_mm=height, lordosis_deg=turn, degeneration=degeneration, vacuum=vacuum)
    return discs
