"""Which level follows which. Some people have a T13 or an L6, so both may be absent without a gap."""

from __future__ import annotations

from ovf_imaging.types import Level

_COLUMN = tuple(sorted(Level, key=lambda level: level.order))
_PLACE = {int(level): place for place, level in enumerate(_COLUMN)}
_VARIANTS = (Level.T13, Level.L6)


def adjacent(upper: int, lower: int) -> bool:
    """Return whether no vertebra that everybody has lies between two levels, the first above the second."""
    if upper not in _PLACE or lower not in _PLACE or _PLACE[upper] >= _PLACE[lower]:
        return False
    return all(level in _VARIANTS for level in _COLUMN[_PLACE[upper] + 1 : _PLACE[lower]])


def usual_neighbour(level: int, step: int) -> int:
    """Return the level that most people have next above (step −1) or below (+1), or `level` at the column's end."""
    place = _PLACE.get(level)
    if place is None:
        return level
    ahead = _COLUMN[place + 1 :] if step > 0 else _COLUMN[:place][::-1]
    return int(next((other for other in ahead if other not in _VARIANTS), level))
