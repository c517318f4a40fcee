"""Read a knowledge file, check what every one must have (a version, a source on each entry), and check single values.

Every check raises KnowledgeError with the file, the key, the value and what was wanted.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from ovf_imaging.errors import KnowledgeError
from ovf_imaging.types import Level

KNOWLEDGE_DIR = Path(__file__).parent
Entry = Mapping[str, Any]


def read_table(path: Path) -> dict[str, Any]:
    """Return a TOML file as a dict, checked for `version` and for a `source` on each entry.

    An entry is every sub-table, and every table inside an array of tables, at the top level.
    Raises KnowledgeError naming file, entry and key.
    """
    data = parse_table(path)
    if not isinstance(data.get("version"), str):
        raise KnowledgeError(f'{path.name}: key "version" wanted as a string, got {data.get("version")!r}')
    for name, value in data.items():
        entries = value if isinstance(value, list) else [value]
        for number, entry in enumerate(entries):
            if isinstance(entry, dict) and not isinstance(entry.get("source"), str):
                where = entry.get("id", f"{name}[{number}]" if isinstance(value, list) else name)
                raise KnowledgeError(f'{path.name}: entry "{where}" has no "source"; say where it comes from')
    return data


def parse_table(path: Path) -> dict[str, Any]:
    """Return a TOML file as a dict, unchecked; KnowledgeError when it can't be read."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise KnowledgeError(f"{path.name}: not readable as TOML ({error}); mend the file") from error


def number(path: Path, name: str, entry: Entry, key: str, low: float, high: float) -> float:
    """Return entry[key] as a float within [low, high]; KnowledgeError names file, entry, key, value and range."""
    value = entry.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise KnowledgeError(f'{path.name}: "{name}.{key}" wanted a number from {low} to {high}, got {value!r}')
    return float(value)


def table(path: Path, data: Entry, key: str) -> Entry:
    """Return the table [key] of a file."""
    entry = data.get(key)
    if not isinstance(entry, dict):
        raise KnowledgeError(f'{path.name}: "{key}" wanted a table [{key}], got {entry!r}')
    return entry


def tables(path: Path, data: Entry, key: str) -> list[Entry]:
    """Return the tables [[key]] of a file, at least one."""
    entries = data.get(key)
    if not isinstance(entries, list) or not entries or not all(isinstance(e, dict) for e in entries):
        raise KnowledgeError(f'{path.name}: "{key}" wanted tables [[{key}]], got {entries!r}')
    return entries


def text(path: Path, name: str, entry: Entry, key: str) -> str:
    """Return entry[key] as a text that is not empty."""
    value = entry.get(key)
    if not isinstance(value, str) or not value:
        raise KnowledgeError(f'{path.name}: "{name}.{key}" wanted a text, got {value!r}')
    return value


def flag(path: Path, name: str, entry: Entry, key: str) -> bool:
    """Return entry[key] as true or false."""
    value = entry.get(key)
    if not isinstance(value, bool):
        raise KnowledgeError(f'{path.name}: "{name}.{key}" wanted true or false, got {value!r}')
    return value


def one_of(path: Path, name: str, entry: Entry, key: str, words: type[StrEnum]) -> str:
    """Return entry[key] as one of `words`."""
    value = entry.get(key)
    if value not in [str(word) for word in words]:
        raise KnowledgeError(f'{path.name}: "{name}.{key}" wanted one of {[str(w) for w in words]}, got {value!r}')
    return str(value)


def level(path: Path, name: str, value: object) -> int:
    """Return the number of a level given by name, such as "L1"."""
    if not isinstance(value, str) or value not in Level.__members__:
        raise KnowledgeError(f'{path.name}: "{name}" wanted a level such as "L1", got {value!r}')
    return int(Level[value])


def file_hashes() -> dict[str, str]:
    """Return the sha256 of every knowledge file, by its path below the knowledge folder."""
    files = sorted(KNOWLEDGE_DIR.rglob("*.toml"))
    return {f.relative_to(KNOWLEDGE_DIR).as_posix(): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def joint_hash(hashes: Mapping[str, str]) -> str:
    """Return one sha256 for files by their names and hashes."""
    lines = [f"{name} {value}\n" for name, value in sorted(hashes.items())]
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogatepass")).hexdigest()
