"""Grey values as the networks see them: the same when they are trained and when they read."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.float32]
Valid = NDArray[np.bool_]


def mri_grey(pixels: Pixels, valid: Valid | None = None) -> Pixels:
    """Return values between 0 and 1, padding 0: the 1st to 99.5th percentile, square-rooted a little."""
    return np.asarray(_scaled(pixels, valid, (1, 99.5)) ** 0.6, dtype=np.float32)


def film_grey(pixels: Pixels, valid: Valid | None = None) -> Pixels:
    """Return values between 0 and 1, padding 0: the 0.5th to 99.5th percentile."""
    return np.asarray(_scaled(pixels, valid, (0.5, 99.5)), dtype=np.float32)


def _scaled(pixels: Pixels, valid: Valid | None, percentiles: tuple[float, float]) -> Pixels:
    low, high = np.percentile(pixels if valid is None else pixels[valid], percentiles)
    grey = np.clip((pixels - low) / max(float(high - low), 1e-6), 0, 1)
    return np.asarray(grey if valid is None else np.where(valid, grey, 0))
