"""Words and times by which series are recognised, read from knowledge/recognition.toml."""

from __future__ import annotations

import re
import unicodedata
from collections import abc
from functools import cache
from typing import Any

from ovf_imaging.errors import KnowledgeError
from ovf_imaging.knowledge.loader import KNOWLEDGE_DIR, number, read_table

RECOGNITION = KNOWLEDGE_DIR / "recognition.toml"
_PUNCTUATION = re.compile(r"[\W_]+")
_LEVEL_RANGE = re.compile(r"(?<= )[ctlhbd]\d{1,2} (?:to |bis |a )?[ctlshbd]\d{1,2}(?= )")  # "T1-L2" is no contrast


@cache
def _table() -> dict[str, Any]:
    return read_table(RECOGNITION)


@cache
def times_ms(key: str) -> float:
    """Return a time of the [contrast] table, in milliseconds."""
    return number(RECOGNITION, "contrast", _table().get("contrast", {}), key, 0.0, 20_000.0)


@cache
def listed(entry: str, key: str = "words") -> tuple[str, ...]:
    """Return one list of strings of the recognition table; KnowledgeError when it is absent or something else."""
    got = _table().get(entry, {}).get(key)
    if not isinstance(got, list) or not all(isinstance(v, str) and v for v in got):
        raise KnowledgeError(f'{RECOGNITION.name}: "{entry}.{key}" wanted a list of words, got {got!r}')
    return tuple(got)


@cache
def fold(text: str) -> str:
    """Return the text in lower case without accents, punctuation as single spaces, a space at each end."""
    flat = unicodedata.normalize("NFKD", text).casefold()
    flat = "".join(c for c in flat if not unicodedata.combining(c))
    return " " + " ".join(_PUNCTUATION.sub(" ", flat).split()) + " "


def without_levels(folded: str) -> str:
    """Return folded text with ranges of vertebral levels taken out, which read like MR contrasts ("T1-T12")."""
    return _LEVEL_RANGE.sub("", folded)


def _has(folded: str, word: str) -> bool:
    stem = word.endswith("*")
    plain = fold(word).strip()
    if any(ord(c) > 0x10FF for c in plain):
        return plain in folded
    return f" {plain}" in folded if stem else f" {plain} " in folded


def says(folded: str, entry: str, key: str = "words") -> bool:
    """Tell whether folded text holds one of the words of an entry."""
    return any(_has(folded, word) for word in listed(entry, key))


def only_one(folded: str, entries: abc.Iterable[str]) -> str | None:
    """Return the one entry whose words the text holds; None when none does or several do."""
    found = [entry for entry in entries if says(folded, entry)]
    return found[0] if len(found) == 1 else None
