"""Whether two images of one patient number the vertebrae alike, told by the bodies' shapes and their order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ovf_imaging.knowledge.changes import numbering
from ovf_imaging.measure.bodies import Bodies

Array = NDArray[np.float64]


def levels_moved(one: Bodies, other: Bodies) -> int:
    """Return how many levels lower (+1) or higher (−1) the bodies of `other` are numbered than those of `one`.

    0 unless a move of one level is distinctly more likely than none (knowledge/changes.toml).
    """
    rule, shapes = numbering(), (_shapes(one), _shapes(other))
    fits = {move: _misfit(*shapes, move) for move in (-1, 0, 1)}
    if any(len(fit) < rule.bodies_at_least for fit in fits.values()):
        return 0
    best = min(fits, key=lambda move: float(fits[move].mean()))
    shared = min(len(fits[best]), len(fits[0]))
    gain = shared * float(fits[0].mean() - fits[best].mean()) / 2
    return best if gain >= np.log(rule.odds_at_least) else 0


def _shapes(bodies: Bodies) -> dict[int, tuple[Array, Array]]:
    """Return level → logarithms of three heights and the depth, and their variances, where all are known."""
    lengths = np.concatenate([bodies.heights, bodies.depth[:, None]], axis=1)
    variance = np.concatenate([bodies.height_var, bodies.depth_var[:, None]], axis=1) / lengths**2
    known = np.flatnonzero(np.isfinite(lengths).all(1))
    return {bodies.levels[n]: (np.log(lengths[n]), np.nan_to_num(variance[n])) for n in known}


def _misfit(one: dict[int, tuple[Array, Array]], other: dict[int, tuple[Array, Array]], move: int) -> Array:
    """Return for each body that is side by side its squared difference in standard deviations, summed over lengths."""
    rule = numbering()
    shared = [level for level in one if level + move in other]
    if not shared:
        return np.empty(0)
    apart = np.array([one[level][0] - other[level + move][0] for level in shared])
    variance = np.array([one[level][1] + other[level + move][1] for level in shared]) + 2 * rule.length_sd**2
    apart = (apart - np.median(apart)) / np.sqrt(variance)
    return np.asarray((np.minimum(np.abs(apart), rule.outlier_at) ** 2).sum(1), dtype=np.float64)
