"""Names that tell studies and files apart without naming a patient."""

from __future__ import annotations

import hashlib
import unicodedata
from pathlib import Path

_NAME_LENGTH = 12  # hex digits: no two alike among millions of studies


def uid_of(path: Path, salt: str) -> str:
    """Return a UID made from a file's content, the same wherever the file lies."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    digest.update(salt.encode())
    return f"2.25.{int(digest.hexdigest()[:32], 16)}"


def short_name(text: str) -> str:
    """Return a short name made from a UID or a relative path, the same on every machine."""
    return hashlib.sha256(unicodedata.normalize("NFC", text).encode("utf-8", "surrogateescape")).hexdigest()[
        :_NAME_LENGTH
    ]
