"""What a fact may hold: its kind, unit, range and choices, and the one check that every value passes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ovf_imaging.types import Fact, Level

LEVEL_NAMES = tuple(level.name for level in sorted(Level, key=lambda level: level.order))


_TRUTHS = {"true": True, "yes": True, "present": True, "false": False, "no": False, "absent": False}


class Kind(StrEnum):
    """Kinds of value that a fact can have."""

    BOOL = "bool"
    NUMBER = "number"
    WHOLE = "whole"  # a number without decimals
    CHOICE = "choice"
    LEVEL = "level"  # a vertebral level by name: "T12"
    LIST = "list"  # several choices; what is not listed is absent
    TEXT = "text"  # free words, never tested by a rule

    @property
    def is_number(self) -> bool:
        """Whether values of this kind can be compared with a threshold."""
        return self in (Kind.NUMBER, Kind.WHOLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueType:
    """Kind, unit, range and choices of a fact."""

    kind: Kind
    unit: str = ""  # UCUM
    low: float = -math.inf
    high: float = math.inf
    choices: tuple[str, ...] = ()

    def accept(self, raw: Any) -> Fact:
        """Return a raw value as a Fact; ValueError says what was wanted and what came."""
        if self.kind is Kind.BOOL:
            good = isinstance(raw, bool)
        elif self.kind.is_number:
            good = self._is_in_range(raw)
        elif self.kind is Kind.LIST:
            good = isinstance(raw, list | tuple) and all(isinstance(r, str) and r in self.choices for r in raw)
        elif self.kind is Kind.TEXT:
            good = isinstance(raw, str)
        else:
            good = isinstance(raw, str) and raw in self.choices
        if not good:
            raise ValueError(f"wanted {self.wanted()}, got {_shown(raw)}")
        if self.kind is Kind.LIST:
            return tuple(dict.fromkeys(raw))
        value: Fact = float(raw) if self.kind.is_number else raw
        return value

    def read(self, text: str) -> object:
        """Return a text as the raw value that it stands for; one that stands for none stays a text."""
        if self.kind is Kind.BOOL:
            return _TRUTHS.get(text.lower(), text)
        if self.kind is Kind.LIST:
            return [part.strip() for part in text.split(",") if part.strip() != "none"]
        if not self.kind.is_number:
            return text
        try:
            return float(text)
        except ValueError:
            return text

    def wanted(self) -> str:
        """Return in words what a value must be."""
        if self.kind is Kind.BOOL:
            return "true or false"
        if self.kind.is_number:
            number = "a whole number" if self.kind is Kind.WHOLE else "a number"
            unit = f" {self.unit}" if self.unit not in ("", "1") else ""
            return f"{number} from {self.low:g} to {self.high:g}{unit}"
        if self.kind is Kind.LEVEL:
            return 'a level such as "T12"'
        quoted = ", ".join(f'"{c}"' for c in self.choices)
        return {Kind.LIST: f"a list of {quoted}", Kind.TEXT: "a text"}.get(self.kind, f"one of {quoted}")

    def _is_in_range(self, raw: Any) -> bool:
        if isinstance(raw, bool) or not isinstance(raw, int | float) or not math.isfinite(raw):
            return False
        return self.low <= raw <= self.high and (self.kind is Kind.NUMBER or float(raw).is_integer())


def _shown(raw: Any) -> str:
    shown = f'"{raw}"' if isinstance(raw, str) else str(raw).lower() if isinstance(raw, bool) else repr(raw)
    return " ".join(shown.split())[:80]
