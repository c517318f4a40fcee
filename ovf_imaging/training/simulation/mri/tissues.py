"""The tissue table `tissues.toml`: what each substance is to a spin echo."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

TABLE = Path(__file__).with_name("tissues.toml")
FIELDS_T = (1.5, 3.0)  # the order of every pair in the table
_KEYS = {"proton_density", "fat_fraction", "t1_ms", "t2_ms", "source"}


class TissueTableError(ValueError):
    """The tissue table is broken: names file, entry, key, what was wanted and what came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Substance:
    """One entry of the table at one field strength."""

    name: str
    proton_density: float  # relative to CSF; 0 = void
    fat_fraction: float  # of its protons, 0–1
    t1_ms: float  # of its water
    t2_ms: float


@cache
def substances(field_t: float) -> Mapping[str, Substance]:
    """Return the table shipped with the package at 1.5 or 3 T, by name."""
    return read_substances(TABLE, field_t)


def read_substances(path: Path, field_t: float) -> Mapping[str, Substance]:
    """Return a table's substances at 1.5 or 3 T, by name.

    Raises TissueTableError where the file can't be read or an entry is incomplete or out of range, ValueError for
    another field strength.
    """
    if field_t not in FIELDS_T:
        raise ValueError(f"field strength wanted as one of {FIELDS_T} T, got {field_t}")
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise TissueTableError(f"{path.name}: not readable as TOML ({error}); mend the file") from error
    if not isinstance(data.pop("version", None), str):
        raise TissueTableError(f'{path.name}: key "version" wanted as a string')
    column = FIELDS_T.index(field_t)
    found = {name: _substance(f"{path.name}: [{name}]", name, entry, column) for name, entry in data.items()}
    if "lipid" not in found:
        raise TissueTableError(f"{path.name}: entry [lipid] wanted, the fat of all other entries")
    return MappingProxyType(found)


def _substance(where: str, name: str, entry: Any, column: int) -> Substance:
    keys = set(entry) if isinstance(entry, dict) else set()
    if keys != _KEYS:
        raise TissueTableError(f"{where} wanted exactly the keys {sorted(_KEYS)}, got {sorted(keys)}")
    if not isinstance(entry["source"], str) or not entry["source"]:
        raise TissueTableError(f'{where} key "source" wanted as text that says where the figures come from')
    return Substance(
        name=name,
        proton_density=_number(where, "proton_density", entry["proton_density"], 0, 1.2),
        fat_fraction=_number(where, "fat_fraction", entry["fat_fraction"], 0, 1),
        t1_ms=_number(where, "t1_ms", _pair(where, "t1_ms", entry["t1_ms"])[column], 10, 6000),
        t2_ms=_number(where, "t2_ms", _pair(where, "t2_ms", entry["t2_ms"])[column], 0.1, 4000),
    )


def _pair(where: str, key: str, value: Any) -> list[Any]:
    if not isinstance(value, list) or len(value) != len(FIELDS_T):
        raise TissueTableError(f'{where} key "{key}" wanted as [at 1.5 T, at 3 T], got {value!r}')
    return value


def _number(where: str, key: str, value: Any, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise TissueTableError(f'{where} key "{key}" wanted a number from {low} to {high}, got {value!r}')
    return float(value)
