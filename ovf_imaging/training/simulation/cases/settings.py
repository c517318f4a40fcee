"""What a simulation is drawn from, read from a TOML file with one table a room."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any

from ovf_imaging.errors import SettingsError
from ovf_imaging.training.simulation.anatomy import AnatomySettings
from ovf_imaging.training.simulation.film.settings import FilmSettings
from ovf_imaging.training.simulation.limits import Limits, check
from ovf_imaging.training.simulation.mri import MriSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class StudySettings:
    """How often a case is more than one picture of one day. Raises ValueError where the chances add up to over 1."""

    dynamic: Annotated[float, Limits(0, 1, "chance of a flexion and an extension film")] = 0.12
    posture: Annotated[float, Limits(0, 1, "chance of a standing and a supine film")] = 0.08
    follow_up: Annotated[float, Limits(0, 1, "chance of a prior and a current study")] = 0.1
    frontal: Annotated[float, Limits(0, 1, "chance of a frontal film, which must be refused")] = 0.0

    def __post_init__(self) -> None:
        """Check every value against its limits."""
        check(self)
        total = self.dynamic + self.posture + self.follow_up + self.frontal
        if total > 1:
            raise ValueError(f"dynamic, posture, follow_up and frontal wanted to add up to at most 1, got {total:g}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationSettings:
    """Everything a case is drawn from."""

    study: StudySettings = field(default_factory=StudySettings)
    anatomy: AnatomySettings = field(default_factory=AnatomySettings)
    film: FilmSettings = field(default_factory=FilmSettings)
    mri: MriSettings = field(default_factory=MriSettings)


_TABLES = {"study": StudySettings, "anatomy": AnatomySettings, "film": FilmSettings, "mri": MriSettings}


def read_settings(path: Path) -> SimulationSettings:
    """Return the settings of a TOML file with the tables [study], [anatomy], [film] and [mri], all optional.

    Raises SettingsError naming file, key, value and what was wanted.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"a TOML file of simulation settings wanted, {path} can't be read ({error})") from error
    try:
        return parse_settings(data)
    except ValueError as error:
        raise SettingsError(f"{path}: {error}") from error


def parse_settings(data: Mapping[str, Any]) -> SimulationSettings:
    """Return settings from nested tables; ValueError naming table, key, value and what was wanted."""
    return SimulationSettings(**{name: _table(name, data.get(name, {})) for name in _known(data, _TABLES, "table")})


def _table(name: str, values: Any) -> Any:
    if not isinstance(values, Mapping):
        raise ValueError(f"[{name}] wanted a table, got {values!r}")
    kind = _TABLES[name]
    defaults = {f.name: getattr(kind(), f.name) for f in fields(kind)}
    _known(values, defaults, f"key in [{name}]")
    try:
        return kind(**{key: _value(key, value, defaults[key]) for key, value in values.items()})
    except ValueError as error:
        raise ValueError(f"[{name}] {error}") from error


def _known(given: Mapping[str, Any], wanted: Mapping[str, Any], what: str) -> Mapping[str, Any]:
    for key in given:
        if key not in wanted:
            raise ValueError(f"{key} is no {what}; wanted one of {', '.join(wanted)}")
    return given


def _value(key: str, value: Any, default: Any) -> Any:
    """Return a value of the default's type: a text, a number, or a pair (one number stands for both ends)."""
    if isinstance(default, str):
        if isinstance(value, str):
            return value
        raise ValueError(f"{key} wanted a text, got {value!r}")
    ends = value if isinstance(value, list) else [value]
    number = all(isinstance(v, int | float) and not isinstance(v, bool) for v in ends)
    if isinstance(default, tuple):
        if number and len(ends) in (1, 2):
            return float(ends[0]), float(ends[-1])
        raise ValueError(f"{key} wanted a range [low, high], got {value!r}")
    if number and not isinstance(value, list):
        return float(value)
    raise ValueError(f"{key} wanted a number, got {value!r}")
