"""Grey values as the networks see them: the same when they are trained and when they read."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.float32]
Valid = NDArray[np.bool_]
_MRI_POWER = 0.6


def mri_grey(pixels: Pixels, valid: Valid | None = None) -> Pixels:
    """Return values between 0 and 1, padding 0: the 1st to 99.5th percentile, square-rooted a little."""
    return _scaled(pixels, valid, (1, 99.5), power=_MRI_POWER)


def mri_signal(grey: Pixels) -> Pixels:
    """Return signal between 0 and 1 that `mri_grey` turns into these grey values, the ends it cuts off aside."""
    return np.asarray(grey ** (1 / _MRI_POWER), dtype=np.float32)


def film_grey(pixels: Pixels, valid: Valid | None = None) -> Pixels:
    """Return values between 0 and 1, padding 0: the 0.5th to 99.5th percentile."""
    return _scaled(pixels, valid, (0.5, 99.5))


def _scaled(pixels: Pixels, valid: Valid | None, percentiles: tuple[float, float], power: float = 1.0) -> Pixels:
    """Return scaled values, worked out slice by slice: a volume's copies in float64 would not fit in memory."""
    low, high = np.percentile(pixels if valid is None else pixels[valid], percentiles)
    span = max(float(high - low), 1e-6)
    grey = np.empty(pixels.shape, np.float32)
    for part in range(len(pixels)) if pixels.ndim > 2 else (...,):
        here = np.clip((pixels[part] - low) / span, 0, 1)
        here = here if valid is None else np.where(valid[part], here, 0)
        grey[part] = here if power == 1.0 else here**power
    return grey
