"""Comparison of records that hold arrays, which `==` can't do."""

from __future__ import annotations

import math
from dataclasses import fields, is_dataclass

import numpy as np


def assert_alike(one: object, other: object, where: str = "case") -> None:
    """Fail at the first place where two records differ in type or value; NaN equals NaN, arrays bit for bit."""
    assert type(one) is type(other), f"{where}: {type(one).__name__} and {type(other).__name__}"
    if is_dataclass(one):
        for f in fields(one):
            assert_alike(getattr(one, f.name), getattr(other, f.name), f"{where}.{f.name}")
    elif isinstance(one, np.ndarray):
        assert isinstance(other, np.ndarray)
        assert (one.dtype, one.shape) == (other.dtype, other.shape), where
        assert one.tobytes() == other.tobytes() or np.array_equal(one, other, equal_nan=True), where
    elif isinstance(one, tuple):
        assert isinstance(other, tuple)
        assert len(one) == len(other), where
        for number, pair in enumerate(zip(one, other, strict=True)):
            assert_alike(*pair, f"{where}[{number}]")
    elif isinstance(one, float) and math.isnan(one):
        assert isinstance(other, float), where
        assert math.isnan(other), where
    else:
        assert one == other, where
