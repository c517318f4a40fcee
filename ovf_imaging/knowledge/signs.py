"""When signs and marrow signals amount to a verdict, as knowledge/signs.toml says.

A wrong file raises KnowledgeError with the file, the key, the value and what was wanted.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ovf_imaging.errors import KnowledgeError
from ovf_imaging.knowledge.loader import KNOWLEDGE_DIR, Entry, number, read_table, table
from ovf_imaging.types import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """A value from `yes` on is a yes, one up to `no` a no; between them nothing can be told."""

    yes: float
    no: float

    def of(self, value: float | None) -> bool | None:
        """Return the verdict on a value, None for cannot tell."""
        if value is None or self.no < value < self.yes:
            return None
        return value >= self.yes


@dataclass(frozen=True, slots=True, kw_only=True)
class SignRules:
    """Verdicts on clefts and marrow, and which series speaks first."""

    cleft: Threshold  # on cleft_probability
    oedema_extent: Threshold  # yes = acute
    fluid_ratio: Threshold  # yes = acute
    t1_ratio_low: float
    first_to_last: tuple[Sequence, ...]


@lru_cache
def sign_rules(path: Path = KNOWLEDGE_DIR / "signs.toml") -> SignRules:
    """Return the rules; a "no" must lie below its "yes", and every sequence must have its place."""
    data = read_table(path)
    acuity = table(path, data, "acuity")
    order = table(path, data, "fusion").get("first_to_last")
    wanted = [str(s) for s in Sequence]
    if not isinstance(order, list) or sorted(map(str, order)) != sorted(wanted):
        raise KnowledgeError(f'{path.name}: "fusion.first_to_last" wanted each of {wanted} once, got {order!r}')
    return SignRules(
        cleft=_threshold(path, data, "cleft", ("present_at_least", "absent_at_most"), 1),
        oedema_extent=_threshold(path, data, "acuity", ("oedema_extent_acute", "oedema_extent_quiet"), 1),
        fluid_ratio=_threshold(path, data, "acuity", ("fluid_ratio_acute", "fluid_ratio_quiet"), 100),
        t1_ratio_low=number(path, "acuity", acuity, "t1_ratio_low", 0, 1),
        first_to_last=tuple(Sequence(name) for name in order),
    )


def _threshold(path: Path, data: Entry, name: str, keys: tuple[str, str], most: float) -> Threshold:
    entry = table(path, data, name)
    yes = number(path, name, entry, keys[0], 0, most)
    return Threshold(yes=yes, no=number(path, name, entry, keys[1], 0, yes))
