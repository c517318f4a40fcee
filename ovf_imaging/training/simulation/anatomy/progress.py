"""What months do to a spine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ovf_imaging.training.simulation.anatomy.fractures import draw_fracture
from ovf_imaging.training.simulation.anatomy.levels import facts_of
from ovf_imaging.training.simulation.anatomy.settings import AnatomySettings
from ovf_imaging.training.simulation.anatomy.vertebra import Fracture, Vertebra

_LEAST_LOST = 0.1  # a height that lost less than this part sinks only in proportion
_Three = tuple[float, float, float]


def progressed(
    rng: np.random.Generator, settings: AnatomySettings, vertebrae: Sequence[Vertebra], levels: Sequence[int]
) -> tuple[Vertebra, ...]:
    """Return the vertebrae months later: fresh fractures lower and without oedema, sometimes a new one in `levels`."""
    whole = [v.level for v in vertebrae if v.fracture is None and v.level in levels and not v.screws and not v.pits]
    new = None
    if whole and rng.random() < settings.new_fracture:
        weights = np.array([sum(facts_of(level).genant[1:]) for level in whole], dtype=np.float64)
        new = int(rng.choice(whole, p=weights / weights.sum()))
    later = []
    for vertebra in vertebrae:
        fracture = vertebra.fracture
        if vertebra.level == new:
            fracture = draw_fracture(rng, settings, vertebra.size, vertebra.level, fresh=True)
        elif fracture is not None and fracture.age == "fresh":
            fracture = _sunk(fracture, vertebra, float(rng.uniform(*settings.progression)))
        later.append(replace(vertebra, fracture=fracture))
    return tuple(later)


def _sunk(fracture: Fracture, vertebra: Vertebra, part: float) -> Fracture:
    """Return a fracture that lost a further part of the height it had left, where it had already lost some."""
    collapse, size = fracture.collapse, vertebra.size
    heights = np.array([size.anterior_mm, (size.anterior_mm + size.posterior_mm) / 2, size.posterior_mm])
    lost = (np.array(collapse.superior_mm) + collapse.inferior_mm) / heights
    later = np.where(lost > _LEAST_LOST, lost + part * (1 - lost), lost * (1 + part))
    more = later / np.where(lost > 0, lost, 1.0)
    superior, inferior = _times(collapse.superior_mm, more), _times(collapse.inferior_mm, more)
    sunk = replace(collapse, superior_mm=superior, inferior_mm=inferior)
    return replace(fracture, collapse=sunk, age="old", oedema="none")


def _times(values: _Three, factors: np.ndarray) -> _Three:
    front, middle, back = np.array(values) * factors
    return float(front), float(middle), float(back)
