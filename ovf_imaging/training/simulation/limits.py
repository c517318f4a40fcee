"""What a setting may be and what it means, kept beside the setting itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, get_type_hints

Range = tuple[float, float]  # drawn evenly between the two


@dataclass(frozen=True, slots=True)
class Limits:
    """What a value may be, and what it means."""

    low: float
    high: float
    meaning: str


@cache
def limits_of(settings: type) -> Mapping[str, Limits]:
    """Return every setting's limits and meaning by its name, for whoever reads settings from a file."""
    hints = get_type_hints(settings, include_extras=True)
    found = {name: hint.__metadata__[0] for name, hint in hints.items() if hasattr(hint, "__metadata__")}
    return MappingProxyType(found)


def check(settings: Any) -> None:
    """Raise ValueError naming key, value and limits where a value is out of them or a range runs backwards."""
    kind: type = type(settings)
    for name, limits in limits_of(kind).items():
        value = getattr(settings, name)
        ends = value if isinstance(value, tuple) else (value, value)
        if len(ends) != 2 or not limits.low <= ends[0] <= ends[1] <= limits.high:
            raise ValueError(f"{name} wanted within {limits.low}–{limits.high}, low end first, got {value}")
