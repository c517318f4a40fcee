"""Any of our records as plain JSON values and back, driven by the type hints in types.py.

A float that isn't finite becomes null; null where a number is a must comes back as NaN, elsewhere as None.
Arrays that are small stay inline as nested lists; whole volumes are left to the caller (`Keep`, `Fetch`).
"""

from __future__ import annotations

import math
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from pathlib import Path, PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ovf_imaging.errors import InputError

Where = tuple[str | int, ...]  # the way from the case to a value: ("readings", 0, "image", "pixels")
Keep = Callable[[NDArray[Any], Where], Any]  # array → what stands for it in the JSON
Fetch = Callable[[Mapping[str, Any], Where], NDArray[Any]]  # what stands for it → the array

_INLINE = {"landmarks": (6, 3), "covariance": (6, 2, 2), "affine": (4, 4)}  # small arrays, shaped as in types.py


def encode(value: Any, where: Where, keep: Keep) -> Any:
    """Return a record, enum, date, path, array or container as JSON values."""
    if isinstance(value, np.generic):
        value = value.item()
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: encode(getattr(value, f.name), (*where, f.name), keep) for f in fields(value)}
    if isinstance(value, np.ndarray):
        return keep(value, where)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): encode(value[key], (*where, str(key)), keep) for key in sorted(value)}
    if isinstance(value, tuple | list):
        return [encode(item, (*where, i), keep) for i, item in enumerate(value)]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, PurePath):
        return value.name  # a folder's name may hold the patient's
    return value


def decode(hint: Any, data: Any, where: Where, fetch: Fetch) -> Any:
    """Return JSON values as the type that the hint names; InputError says where they don't fit."""
    origin, arms = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        return _decode_union(arms, data, where, fetch)
    if origin is np.ndarray:
        return _inline_array(data, where) if where[-1] in _INLINE else fetch(_wanted(dict, data, where), where)
    if origin is tuple:
        return _decode_tuple(arms, data, where, fetch)
    if origin is not None and issubclass(origin, Mapping):
        return {key: decode(arms[1], item, (*where, key), fetch) for key, item in _wanted(dict, data, where).items()}
    if is_dataclass(hint) and isinstance(hint, type):
        return _decode_record(hint, data, where, fetch)
    return _decode_plain(hint, data, where)


@cache
def _hints(record: type) -> dict[str, Any]:
    return typing.get_type_hints(record)


def _decode_record(record: type, data: Any, where: Where, fetch: Fetch) -> Any:
    hints = _hints(record)
    data = _wanted(dict, data, where)
    if odd := sorted(set(data) - set(hints)):
        raise _misfit(where, f"only the keys of {record.__name__}", f'"{odd[0]}"')
    for f in fields(record):
        if f.default is MISSING and f.default_factory is MISSING and f.name not in data:
            raise _misfit(where, f'the key "{f.name}"', "none")
    return record(**{name: decode(hints[name], item, (*where, name), fetch) for name, item in data.items()})


def _decode_tuple(arms: tuple[Any, ...], data: Any, where: Where, fetch: Fetch) -> tuple[Any, ...]:
    data = _wanted(list, data, where)
    if arms and arms[-1] is Ellipsis:
        arms = (arms[0],) * len(data)
    if len(arms) != len(data):
        raise _misfit(where, f"{len(arms)} items", f"{len(data)}")
    return tuple(decode(arm, item, (*where, i), fetch) for i, (arm, item) in enumerate(zip(arms, data, strict=True)))


def _decode_union(arms: tuple[Any, ...], data: Any, where: Where, fetch: Fetch) -> Any:
    if data is None and type(None) in arms:
        return None
    solid = [arm for arm in arms if arm is not type(None)]
    if len(solid) == 1:
        return decode(solid[0], data, where, fetch)
    if isinstance(data, list):
        return decode(next(arm for arm in solid if typing.get_origin(arm) is tuple), data, where, fetch)
    if isinstance(data, str | bool | int | float):
        return data
    raise _misfit(where, "true, false, a number, a text or a list of texts", type(data).__name__)


def _decode_plain(hint: Any, data: Any, where: Where) -> Any:
    if hint is float:
        if data is None:
            return math.nan
        if isinstance(data, bool) or not isinstance(data, int | float):
            raise _misfit(where, "a number", repr(data))
        return data
    if hint is int and isinstance(data, bool):
        raise _misfit(where, "a whole number", repr(data))
    if hint in (bool, int, str):
        return _wanted(hint, data, where)
    try:
        if hint is datetime:
            return datetime.fromisoformat(_wanted(str, data, where))
        if hint is Path:
            return Path(_wanted(str, data, where))
        return hint(data)
    except ValueError as error:
        raise _misfit(where, f"a {hint.__name__}", repr(data)) from error


def _inline_array(data: Any, where: Where) -> NDArray[np.float64]:
    try:
        array = np.array(_wanted(list, data, where), dtype=np.float64)  # null becomes NaN
    except (ValueError, TypeError) as error:
        raise _misfit(where, "nested lists of numbers, all of one length", "something else") from error
    if array.shape != (shape := _INLINE[str(where[-1])]):
        raise _misfit(where, f"an array of shape {shape}", f"one of {array.shape}")
    return array


def _wanted(kind: Any, data: Any, where: Where) -> Any:
    if not isinstance(data, kind):
        raise _misfit(where, f"a {kind.__name__}", repr(data)[:60])
    return data


def _misfit(where: Where, wanted: str, got: str) -> InputError:
    place = ".".join(str(step) for step in where) or "the case"
    return InputError(f"case.json: {place} wanted {wanted}, got {got}; write the case again with ovf assess")
