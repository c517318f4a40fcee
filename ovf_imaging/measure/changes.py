"""What changed between two images of one patient: dynamic pairs, and a prior study against the current one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from ovf_imaging.knowledge.changes import dynamic_pairs
from ovf_imaging.measure.bodies import POSITIONS, Bodies, read_bodies
from ovf_imaging.measure.numbering import levels_moved
from ovf_imaging.measure.reference import height_losses, losses_against, nearest, sizes
from ovf_imaging.measure.rows import row, variance
from ovf_imaging.types import Caveat, Level, Measurement, Position, Reading, View, level_name

Array = NDArray[np.float64]

_ANGLES = ("wedge_angle", "local_cobb")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seen:
    """The bodies of one image, and which of them (indices) are no reference for others."""

    bodies: Bodies
    barred: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two readings (indices) of which the second's values are taken from the first's."""

    reading: int
    against: int
    reason: Caveat | None = None  # why they are not compared


def measure_changes(readings: tuple[Reading, ...], measurements: tuple[Measurement, ...]) -> tuple[Measurement, ...]:
    """Return how heights and angles differ between the images of each pair, for every level that both show.

    Pairs: images of one study in the positions that knowledge/changes.toml pairs, and each current image with the
    prior one most like it. Heights are compared as parts of the same unfractured neighbours' heights, the change as a
    part of the other image's. Where positions are unknown or differ, or the numbering moved, the rows hold None and
    say why. `measurements` are those of all readings.
    """
    known = {(m.reading, m.quantity, m.levels): m for m in measurements if m.against is None}
    seen: dict[int, Seen] = {}
    found: list[Measurement] = []
    for pair in (*_dynamic(readings), *_with_prior(readings)):
        for index in (pair.reading, pair.against):
            if index not in seen:
                seen[index] = _seen(readings[index])
        one, other = seen[pair.reading], seen[pair.against]
        reason = pair.reason or _moved(one.bodies, other.bodies, pair)
        found += _height_changes(one, other, pair, reason)
        for (index, quantity, levels), measured in known.items():
            against = known.get((pair.against, quantity, levels))
            if index == pair.reading and quantity in _ANGLES and against is not None:
                found.append(_angle_change(measured, against, reason))
    return tuple(found)


def _seen(reading: Reading) -> Seen:
    bodies = read_bodies(reading)
    return Seen(bodies=bodies, barred=frozenset(height_losses(bodies).barred))


def _dynamic(readings: tuple[Reading, ...]) -> Iterator[Pair]:
    """Yield the pairs of positions within the current study; films of unknown position only to say so."""
    current = [n for n, reading in enumerate(readings) if not reading.prior]
    for n, k in permutations(current, 2):
        one, other = readings[n].image, readings[k].image
        if (one.view, one.sequence) != (other.view, other.sequence):
            continue
        if (one.position, other.position) in dynamic_pairs():
            yield Pair(reading=n, against=k)
        elif n > k and one.view is View.LATERAL and Position.UNKNOWN in (one.position, other.position):
            yield Pair(reading=n, against=k, reason=_unlike(readings, n, k))


def _with_prior(readings: tuple[Reading, ...]) -> Iterator[Pair]:
    """Yield each current image with the prior image most like it."""
    prior = [k for k, reading in enumerate(readings) if reading.prior]
    for n, reading in enumerate(readings):
        if reading.prior or not prior:
            continue

        def unlike(k: int, one: Reading = reading) -> tuple[bool, ...]:
            image, other = one.image, readings[k].image
            return image.view != other.view, image.position != other.position, image.sequence != other.sequence

        best = min(prior, key=unlike)
        yield Pair(reading=n, against=best, reason=_unlike(readings, n, best))


def _unlike(readings: tuple[Reading, ...], n: int, k: int) -> Caveat | None:
    """Return why two images in the same position are wanted and these aren't, None when they are."""
    one, other = readings[n].image, readings[k].image
    pair = f"Images {min(n, k) + 1} and {max(n, k) + 1} are not compared"
    if one.view is not other.view:
        return Caveat(code="views-differ", text=f"{pair}: one is a film and the other an MRI.")
    if Position.UNKNOWN in (one.position, other.position):
        return Caveat(code="position-unknown", text=f"{pair}: the patient's position is not known on both.")
    if one.position is not other.position:
        return Caveat(code="positions-differ", text=f"{pair}: {other.position} and {one.position}.")
    return None


def _moved(one: Bodies, other: Bodies, pair: Pair) -> Caveat | None:
    """Return why two images can't be compared level by level, None when their numbering fits."""
    move = levels_moved(one, other)
    if not move:
        return None
    text = (
        f"The bodies on image {pair.against + 1} seem numbered a level too {'low' if move > 0 else 'high'} against "
        f"image {pair.reading + 1} (shapes and order fit better so): they are not compared; check the levels."
    )
    return Caveat(code="levels-moved", text=text, must_see=True)


def _height_changes(one: Seen, other: Seen, pair: Pair, reason: Caveat | None) -> Iterator[Measurement]:
    """Yield the change of three heights of each level that both images show."""
    levels = [k for k in dict.fromkeys(one.bodies.levels) if k in other.bodies.levels and k != Level.S1]
    sides = [(seen.bodies, [seen.bodies.levels.index(k) for k in levels]) for seen in (one, other)]
    barred = {
        place
        for seen, (_, places) in zip((one, other), sides, strict=True)
        for place, n in enumerate(places)
        if n in seen.barred
    }
    chosen = nearest(levels, barred)
    (kept, kept_var), (kept_then, kept_then_var) = (_kept(bodies, places, chosen) for bodies, places in sides)
    ratio = kept / kept_then
    ratio_var = (kept_var + ratio**2 * kept_then_var) / kept_then**2
    for place, level in enumerate(levels):
        for k, position in enumerate(POSITIONS):
            absent = next((c for bodies, places in sides if (c := bodies.height_problem(places[place], k))), None)
            yield row(
                (level, level),
                f"change_{position}_height",
                "1",
                (float(ratio[place, k]) - 1, float(ratio_var[place, k])),
                reading=pair.reading,
                against=pair.against,
                reason=reason or absent or _no_reference(level, chosen[place]),
                reference=tuple(levels[i] for i in chosen[place]),
            )


def _kept(bodies: Bodies, places: list[int], chosen: list[tuple[int, ...]]) -> tuple[Array, Array]:
    """Return the heights (N, 3) of bodies as parts of their references', and the variances."""
    size, size_var = (values[places] for values in sizes(bodies))
    loss, loss_var = losses_against(size, size_var, chosen)
    return 1 - loss, loss_var


def _no_reference(level: int, chosen: tuple[int, ...]) -> Caveat | None:
    if chosen:
        return None
    text = f"{level_name(level)}: no unfractured neighbour is seen on both images, so no change of height can be told"
    return Caveat(code="no-reference", text=text, levels=(level,))


def _angle_change(one: Measurement, other: Measurement, reason: Caveat | None) -> Measurement:
    """Return the difference of two angles."""
    absent = next((m.caveats[0] for m in (one, other) if m.value is None), None)
    apart = float("nan") if one.value is None or other.value is None else one.value - other.value
    return row(
        one.levels,
        f"change_{one.quantity}",
        one.unit,
        (apart, variance(one) + variance(other)),
        reading=one.reading,
        against=other.reading,
        reason=reason or absent,
    )
