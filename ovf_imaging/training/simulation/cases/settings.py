"""What a simulation is drawn from, read from a TOML file with one table a room."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any

from ovf_imaging.errors import SettingsError
from ovf_imaging.training.simulation.anatomy import AnatomySettings, PrescribedFracture
from ovf_imaging.training.simulation.film.settings import FilmSettings
from ovf_imaging.training.simulation.limits import Limits, check
from ovf_imaging.training.simulation.mri import MriSettings
from ovf_imaging.training.simulation.painted import PaintSettings
from ovf_imaging.types import Position

POSITIONS = ("usual", *(p.value for p in Position if p is not Position.UNKNOWN))


ALONE = {"dynamic": 0.0, "posture": 0.0, "follow_up": 0.0}  # [study] of cases that are one picture of one day


@dataclass(frozen=True, slots=True, kw_only=True)
class StudySettings:
    """How often a case is more than one picture of one day, and how the patient is held where it is not.

    Raises ValueError naming key, value and limits, and where the chances add up to over 1.
    """

    dynamic: Annotated[float, Limits(0, 1, "chance of a flexion and an extension film")] = 0.12
    posture: Annotated[float, Limits(0, 1, "chance of a standing and a supine film")] = 0.08
    follow_up: Annotated[float, Limits(0, 1, "chance of a prior and a current study")] = 0.1
    frontal: Annotated[float, Limits(0, 1, "chance of a frontal film, which must be refused")] = 0.0
    ct: Annotated[float, Limits(0, 1, "chance of a real CT as the patient of a film, where ct_verse is at hand")] = 0.1
    position: str = "usual"  # of single pictures: one of POSITIONS

    def __post_init__(self) -> None:
        """Check every value against its limits."""
        check(self)
        if self.position not in POSITIONS:
            raise ValueError(f"position wanted one of {', '.join(POSITIONS)}, got {self.position!r}")
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
    painted: PaintSettings = field(default_factory=PaintSettings)


_TABLES = {
    "study": StudySettings,
    "anatomy": AnatomySettings,
    "film": FilmSettings,
    "mri": MriSettings,
    "painted": PaintSettings,
}


def read_settings(path: Path) -> SimulationSettings:
    """Return the settings of a TOML file with a table a room (_TABLES), all optional.

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
    try:
        return _record(_TABLES[name], values, f"key in [{name}]")
    except ValueError as error:
        raise ValueError(f"[{name}] {error}") from error


def _record(kind: type, values: Any, what: str) -> Any:
    if not isinstance(values, Mapping):
        raise ValueError(f"wanted a table, got {values!r}")
    defaults = {f.name: f.default for f in fields(kind)}
    _known(values, defaults, what)
    return kind(**{key: _value(key, value, defaults[key]) for key, value in values.items()})


def _fractures(tables: Any) -> tuple[PrescribedFracture, ...]:
    if not isinstance(tables, list):
        raise ValueError(f"fracture wanted as tables [[anatomy.fracture]], got {tables!r}")
    found = []
    for number, table in enumerate(tables, start=1):
        try:
            found.append(_record(PrescribedFracture, table, "key of a fracture"))
        except ValueError as error:
            raise ValueError(f"fracture {number}: {error}") from error
    return tuple(found)


def _known(given: Mapping[str, Any], wanted: Mapping[str, Any], what: str) -> Mapping[str, Any]:
    for key in given:
        if key not in wanted:
            raise ValueError(f"{key} is no {what}; wanted one of {', '.join(wanted)}")
    return given


def _value(key: str, value: Any, default: Any) -> Any:
    """Return a value of the default's type: a text, a number, or a pair (one number stands for both ends)."""
    if key == "fracture":
        return _fractures(value)
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
