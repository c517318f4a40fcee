"""UIDs that are the same each time the samples are written."""

from __future__ import annotations

import hashlib

from pydicom.uid import UID


def uid(*parts: object) -> UID:
    """Return a UID that depends on its parts alone."""
    number = int(hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()[:30], 16)
    return UID(f"2.25.{number}")
