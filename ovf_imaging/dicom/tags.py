"""Reading single tags without trusting them: empty, malformed and absent values all come back as nothing."""

from __future__ import annotations

import hashlib
import logging
import math
import re
import struct
import threading
import warnings
import zlib
from collections import abc
from contextlib import contextmanager
from typing import Any

from pydicom import Dataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence as ItemSequence

# What pydicom is known to raise on files that break the standard.
BROKEN = (
    InvalidDicomError,
    BytesLengthException,
    EOFError,
    ValueError,  # also UnicodeError
    TypeError,
    AttributeError,
    LookupError,
    NotImplementedError,
    ArithmeticError,
    RuntimeError,  # also RecursionError
    MemoryError,
    struct.error,
    zlib.error,
)
_LOCK = threading.RLock()
_UID = re.compile(r"[0-9.]{1,64}")
_WORD = re.compile(r"[A-Z0-9_]{1,16}")


@contextmanager
def quiet() -> abc.Iterator[list[warnings.WarningMessage]]:
    """Collect the warnings of the reading libraries instead of showing them.

    Their logs are silenced too: both quote values, and a value can name a patient.
    """
    loggers = [logging.getLogger(name) for name in ("pydicom", "tifffile")]
    with _LOCK, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        before = [(logger.propagate, logger.handlers) for logger in loggers]
        for logger in loggers:
            logger.propagate, logger.handlers = False, [logging.NullHandler()]
        try:
            yield caught
        finally:
            for logger, (propagate, handlers) in zip(loggers, before, strict=True):
                logger.propagate, logger.handlers = propagate, handlers


def value(ds: Dataset, keyword: str) -> Any:
    """Return a tag's value, or None where it is absent, empty or malformed."""
    try:
        got = ds.get(keyword)
    except BROKEN:
        return None
    if got is None or (isinstance(got, str | bytes | MultiValue | ItemSequence) and len(got) == 0):
        return None
    return got


def numbers(ds: Dataset, keyword: str) -> tuple[float, ...]:
    """Return a tag's values as finite floats; () unless every one of them is."""
    got = value(ds, keyword)
    if got is None or isinstance(got, bytes | ItemSequence):
        return ()
    try:
        out = tuple(float(v) for v in (got if isinstance(got, MultiValue | list | tuple) else (got,)))
    except (ValueError, TypeError, OverflowError):
        return ()
    return out if all(math.isfinite(v) for v in out) else ()


def number(ds: Dataset, keyword: str) -> float | None:
    """Return a tag's first value as a finite float, or None."""
    got = numbers(ds, keyword)
    return got[0] if got else None


def whole(ds: Dataset, keyword: str, default: int = 0) -> int:
    """Return a tag's first value as an int, or the default."""
    got = number(ds, keyword)
    return default if got is None else int(got)


def texts(ds: Dataset, keyword: str) -> tuple[str, ...]:
    """Return a tag's values as stripped strings, empty ones kept in place; () where there is none."""
    got = value(ds, keyword)
    if got is None or isinstance(got, bytes | ItemSequence):
        return ()
    return tuple(str(v).strip() for v in (got if isinstance(got, MultiValue | list | tuple) else (got,)))


def text(ds: Dataset, keyword: str) -> str:
    """Return a tag's values as one string joined by spaces, "" where there is none."""
    return " ".join(texts(ds, keyword))


def uid(ds: Dataset, keyword: str) -> str:
    """Return a UID, "" where there is none.

    A text that is no UID becomes one made from its digest: it still tells files apart and can't name a patient.
    """
    got = text(ds, keyword)
    if not got or _UID.fullmatch(got):
        return got
    return f"2.25.{int(hashlib.sha256(got.encode('utf-8', 'replace')).hexdigest()[:32], 16)}"


def word(ds: Dataset, keyword: str) -> str:
    """Return a code word in upper case, "" where there is none or it is longer than a code word can be."""
    got = text(ds, keyword).upper()
    return got if _WORD.fullmatch(got) else ""


def items(ds: Dataset | None, keyword: str) -> tuple[Dataset, ...]:
    """Return a sequence's items, () where there is none."""
    got = None if ds is None else value(ds, keyword)
    return tuple(got) if isinstance(got, ItemSequence) else ()


def item(ds: Dataset | None, keyword: str) -> Dataset | None:
    """Return a sequence's first item, or None."""
    got = items(ds, keyword)
    return got[0] if got else None
