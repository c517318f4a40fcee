"""How much each place of a body looks like fluid, like gas, or like oedema: maps on the body's grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ovf_imaging.measure.signals.views import INSIDE, Grid
from ovf_imaging.types import Sequence as Contrast

_BRIGHT = (Contrast.FLUID, Contrast.T2)
_MOST = 1.5  # a pixel this much brighter than CSF is no more fluid than another
_DARKEST = 0.3  # of normal marrow: where healthy bodies are darker, an even darker place says no more
_SMOOTH = 2  # rounds in which a film's bone is fitted anew without what stands out
_OUTLIER = 2.0  # robust standard deviations


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Score:
    """A map of evidence (K, T, S), and the maps behind it."""

    total: Grid
    details: Mapping[str, Grid]


def fluid_score(ratios: Mapping[Contrast, Grid], csf: Mapping[Contrast, float]) -> Score:
    """Return 0 at normal marrow and 1 at CSF, on average over the fluid-sensitive and T2 images.

    `ratios` are signals against normal marrow, `csf` those of CSF.
    """
    bright = np.stack([_towards_csf(ratios[c], csf[c]) for c in _BRIGHT if c in ratios])
    dark = ratios.get(Contrast.T1)
    t1 = np.zeros_like(bright[0]) if dark is None else _towards_csf(dark, csf[Contrast.T1])
    return Score(total=bright.mean(0), details={"least": bright.min(0), "t1": t1})


def gas_score(ratios: Mapping[Contrast, Grid], usual: Mapping[Contrast, Grid]) -> Score:
    """Return 0 at what is usual and 1 at no signal, on average over all images.

    `usual` (1, T, S) is what healthy bodies show at each place: dark at the endplates and the front wall.
    """
    void = np.stack([np.clip(1 - grid / np.maximum(usual[c], _DARKEST), -1, 1) for c, grid in ratios.items()])
    return Score(total=_focal(void.mean(0)), details={"least": void.min(0), "void": void.mean(0)})


def lucency_score(own: Grid, others: Sequence[Grid]) -> Score:
    """Return how much darker each place of a film's body is than usual; `others` are healthy bodies near it."""
    usual = np.median(others, 0) if others else np.zeros_like(own)
    focal = own - np.maximum(ndimage.gaussian_filter(usual, (0, 2, 2)), 0)
    return Score(total=_focal(focal), details={"dark": own, "broad": ndimage.gaussian_filter(own, (0, 3, 3))})


def lucency(film: Grid) -> Grid:
    """Return how far each place of a film's body is darker than its own bone, in spreads of that bone's texture.

    The bone is a quadratic surface through the body's grey values, fitted without what stands out of it.
    """
    t, s = np.meshgrid(*(np.linspace(-1, 1, n) for n in film[INSIDE].shape[1:]), indexing="ij")
    terms = np.stack([np.ones_like(s), s, t, s * s, s * t, t * t], -1).reshape(-1, 6)
    values = film[INSIDE].reshape(-1).astype(np.float64)
    kept = np.ones(len(values), dtype=bool)
    spread, rest = 1.0, values
    for _ in range(_SMOOTH + 1):
        fit, *_others = np.linalg.lstsq(terms[kept], values[kept], rcond=None)
        rest = values - terms @ fit
        spread = max(1.4826 * float(np.median(np.abs(rest[kept] - np.median(rest[kept])))), 1e-6)
        kept = np.abs(rest) < _OUTLIER * spread
    # Beyond the body the surface would run away: there its edge's values go on.
    surface = np.pad((terms @ fit).reshape(s.shape), _beyond(film), mode="edge")
    return np.asarray((surface - film[0]) / spread, dtype=np.float32)[None]


def _focal(score: Grid) -> Grid:
    """Return a score less what most of the body's height has at the same depth: a wall, a vessel, an edge across it."""
    usual = np.median(score[INSIDE[0], INSIDE[1]], axis=1, keepdims=True)
    return score - np.maximum(usual, 0)


def _beyond(film: Grid) -> list[tuple[int, int]]:
    return [(part.start, size - part.stop) for part, size in zip(INSIDE[1:], film.shape[1:], strict=True)]


def _towards_csf(ratio: Grid, csf: float) -> Grid:
    return np.asarray(np.clip((ratio - 1) / (csf - 1), -1, _MOST), dtype=np.float32)
