"""Height loss against unfractured neighbours, and which neighbours those are."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ovf_imaging.knowledge.tables import HeightTrend, heights
from ovf_imaging.measure.bodies import Bodies
from ovf_imaging.types import Caveat, SignKind, Vertebra, level_name

Array = NDArray[np.float64]

_SIGN_WORDS = {
    SignKind.CEMENT: "holds cement",
    SignKind.IMPLANT: "holds an implant",
    SignKind.CLEFT: "has a cleft",
    SignKind.OEDEMA: "is oedematous",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Losses:
    """Height losses of N bodies at three positions, and what each body was compared with."""

    loss: Array  # (N, 3), 0–1; NaN = can't be told
    loss_var: Array  # (N, 3)
    references: tuple[tuple[int, ...], ...]  # levels
    caveats: tuple[tuple[Caveat, ...], ...]
    reasons: tuple[Caveat | None, ...]  # why a body has no loss at any position
    barred: Mapping[int, str]  # index → why a body is no reference: "is itself reduced"


def height_losses(bodies: Bodies) -> Losses:
    """Return 1 − H / H_ref at three positions, H_ref the mean of the neighbours' heights carried to the level.

    Carried: multiplied by the ratio of the expected heights of the two levels (knowledge/heights.toml). Neighbours
    are the nearest unfractured bodies above and below, equally far; the one alone when the other can't serve.
    """
    trend = heights()
    size, size_var = sizes(bodies)
    barred = _barred(bodies, size, trend)
    chosen = _settle(bodies.levels, size, barred, trend)
    loss, loss_var = losses_against(size, size_var, chosen)
    told = [_tell(bodies, n, chosen[n], barred, trend) for n in range(len(bodies.levels))]
    return Losses(
        loss=loss,
        loss_var=loss_var,
        references=tuple(tuple(bodies.levels[i] for i in picked) for picked in chosen),
        caveats=tuple(() if not picked else notes for picked, notes in zip(chosen, told, strict=True)),
        reasons=tuple(None if picked else notes[0] for picked, notes in zip(chosen, told, strict=True)),
        barred=barred,
    )


def sizes(bodies: Bodies) -> tuple[Array, Array]:
    """Return heights (N, 3) as parts of those expected of their levels, and their variances; NaN without a trend."""
    expected = by_level(heights().expected, bodies.levels)
    return bodies.heights / expected, bodies.height_var / expected**2


def by_level(table: Mapping[int, tuple[float, float, float]], levels: Sequence[int]) -> Array:
    """Return what a table says of each level at three positions (N, 3), NaN where it says nothing."""
    return np.array([table.get(level, (np.nan, np.nan, np.nan)) for level in levels]).reshape(-1, 3)


def _barred(bodies: Bodies, size: Array, trend: HeightTrend) -> dict[int, str]:
    """Return index → why a body is no reference, whatever its neighbours look like."""
    barred: dict[int, str] = {}
    for n, vertebra in enumerate(bodies.vertebrae):
        refusal, sign = bodies.refused[n], held_sign(vertebra, trend.excluded_signs)
        if refusal is not None:
            barred[n] = "is cut by the image" if refusal.code == "body-cut" else "can't be measured"
        elif sign is not None:
            barred[n] = _SIGN_WORDS[sign]
        elif not np.isfinite(size[n]).all():
            barred[n] = "can't be measured" if vertebra.level in trend.expected else "has no expected height"
        elif 1 - size[n].min() / size[n].max() >= trend.shape_reduced_at:
            barred[n] = "is itself reduced"
    return barred


def held_sign(vertebra: Vertebra, kinds: Collection[SignKind]) -> SignKind | None:
    """Return the first of a body's likely signs that is one of `kinds`, None without one."""
    for sign in vertebra.signs:
        likely = sign.probability is not None and sign.probability >= heights().sign_probability
        if sign.kind in kinds and likely:
            return sign.kind
    return None


def _settle(levels: tuple[int, ...], size: Array, barred: dict[int, str], trend: HeightTrend) -> list[tuple[int, ...]]:
    """Return the reference indices of each body, adding to `barred` the most reduced body until none is."""
    limit = trend.reduced_at_sd * by_level(trend.sd, levels)
    while True:
        chosen = nearest(levels, barred)
        loss, _ = losses_against(size, np.zeros_like(size), chosen)
        excess = np.nan_to_num(loss / limit, nan=-np.inf, neginf=-np.inf).max(-1, initial=-np.inf)
        excess[list(barred)] = -np.inf
        if not len(excess) or excess.max() < 1:
            return chosen
        barred[int(excess.argmax())] = "is itself reduced"


def nearest(levels: Sequence[int], barred: Collection[int]) -> list[tuple[int, ...]]:
    """Return for each body those (indices) at the smallest distance at which one above or below is not barred."""
    trend = heights()
    place = {level: n for n, level in enumerate(levels) if n not in barred}
    chosen: list[tuple[int, ...]] = []
    for level in levels:
        found: tuple[int, ...] = ()
        for away in range(1, trend.max_levels_away + 1):
            found = tuple(place[k] for k in (level - away, level + away) if k in place)
            if found:
                break
        chosen.append(found if level in trend.expected else ())
    return chosen


def losses_against(size: Array, size_var: Array, chosen: list[tuple[int, ...]]) -> tuple[Array, Array]:
    """Return losses and their variances (N, 3) to first order; a body and its references share no landmark."""
    weights = np.zeros((len(chosen), len(chosen)))
    for n, picked in enumerate(chosen):
        weights[n, list(picked)] = 1 / len(picked) if picked else 0
    used = np.asarray((weights > 0).any(0)).reshape(-1, 1)
    reference = weights @ np.where(used, size, 0.0)
    reference = np.where(reference > 0, reference, np.nan)
    reference_var = np.where(weights[:, :, None] > 0, weights[:, :, None] ** 2 * size_var, 0.0).sum(1)
    return 1 - size / reference, size_var / reference**2 + size**2 * reference_var / reference**4


def no_trend(level: int) -> Caveat | None:
    """Return why a level has no expected height, None when it has one."""
    if level in heights().expected:
        return None
    text = f"{level_name(level)}: no expected height is known for this level, so no height loss"
    return Caveat(code="no-trend", text=text, levels=(level,))


def _tell(
    bodies: Bodies, n: int, picked: tuple[int, ...], barred: dict[int, str], trend: HeightTrend
) -> tuple[Caveat, ...]:
    """Return what the reader must know of a body's references; the reason when there is none."""
    level, name = bodies.levels[n], level_name(bodies.levels[n])
    refusal = bodies.refused[n]
    if refusal is not None:
        return (refusal,)
    unexpected = no_trend(level)
    if unexpected is not None:
        return (unexpected,)
    if not picked:
        text = f"{name}: no unfractured neighbour is in view, so no height loss can be told"
        return (Caveat(code="no-reference", text=text, levels=(level,)),)
    names = " and ".join(level_name(bodies.levels[i]) for i in picked)
    if any(abs(bodies.levels[i] - level) > 1 for i in picked):
        text = f"{name} was compared with {names}: no nearer body could serve"
        return (Caveat(code="reference-not-adjacent", text=text, levels=(level,)),)
    if len(picked) == 1:
        other = level + (1 if bodies.levels[picked[0]] < level else -1)
        why = f"{level_name(other)} is not in view"
        if other not in trend.expected:
            why = "no level beyond it can serve"
        elif other in bodies.levels:
            why = f"{level_name(other)} {barred[bodies.levels.index(other)]}"
        text = f"{name} was compared with {names} alone: {why}"
        return (Caveat(code="reference-one-sided", text=text, levels=(level,)),)
    return ()
