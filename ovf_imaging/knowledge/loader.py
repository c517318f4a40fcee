"""Read a knowledge file and check what every one of them must have: a version, and a source on each entry."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ovf_imaging.errors import KnowledgeError

KNOWLEDGE_DIR = Path(__file__).parent
Entry = Mapping[str, Any]


def read_table(path: Path) -> dict[str, Any]:
    """Return a TOML file as a dict, checked for `version` and for a `source` on each entry.

    An entry is every sub-table, and every table inside an array of tables, at the top level.
    Raises KnowledgeError naming file, entry and key.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise KnowledgeError(f"{path.name}: not readable as TOML ({error}); mend the file") from error
    if not isinstance(data.get("version"), str):
        raise KnowledgeError(f'{path.name}: key "version" wanted as a string, got {data.get("version")!r}')
    for name, value in data.items():
        entries = value if isinstance(value, list) else [value]
        for number, entry in enumerate(entries):
            if isinstance(entry, dict) and not isinstance(entry.get("source"), str):
                where = entry.get("id", f"{name}[{number}]" if isinstance(value, list) else name)
                raise KnowledgeError(f'{path.name}: entry "{where}" has no "source"; say where it comes from')
    return data


def number(path: Path, name: str, entry: Entry, key: str, low: float, high: float) -> float:
    """Return entry[key] as a float within [low, high]; KnowledgeError names file, entry, key, value and range."""
    value = entry.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise KnowledgeError(f'{path.name}: "{name}.{key}" wanted a number from {low} to {high}, got {value!r}')
    return float(value)


def file_hashes() -> dict[str, str]:
    """Return the sha256 of every knowledge file, by its path below the knowledge folder."""
    files = sorted(KNOWLEDGE_DIR.rglob("*.toml"))
    return {f.relative_to(KNOWLEDGE_DIR).as_posix(): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}
