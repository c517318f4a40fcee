"""Refusing arrays that hold no image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ovf_imaging.errors import ImageError
from ovf_imaging.types import Pixels

_SMALLEST_SIDE = 8  # pixels; nothing of a spine can be seen in less


def not_finite(broken: int, count: int) -> str:
    """Return what to say of an image that holds NaN."""
    return f"no image content, {broken} of {count} pixels are NaN or infinite; export the image again"


def check_content(pixels: Pixels, valid: NDArray[np.bool_] | None, name: str) -> Pixels:
    """Return the pixels with padding set to the darkest valid value; ImageError when there is no image in them."""
    rows, columns = pixels.shape[-2:]
    if min(rows, columns) < _SMALLEST_SIDE:
        raise ImageError(f"{name}: no image content, wanted a picture of a spine, got {rows} × {columns} pixels")
    broken = pixels.size - int(np.count_nonzero(np.isfinite(pixels)))
    if broken:
        raise ImageError(f"{name}: {not_finite(broken, pixels.size)}")
    if valid is not None and not valid.any():
        raise ImageError(f"{name}: no image content, all pixels are padding; export the image again")
    seen = pixels if valid is None else pixels[valid]
    low, high = float(seen.min()), float(seen.max())
    if low == high:
        raise ImageError(f"{name}: no image content, all pixels have the value {low:g}; export the image again")
    if valid is None:
        return pixels
    return np.where(valid, pixels, np.float32(low)).astype(np.float32)
