"""Pixels made fit for a screen: windowed to 8 bit and shrunk, with the one conversion back to native pixels."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture

LONGEST_SIDE = 1400  # of a picture sent to the browser, in pixels
BLACK_PERCENTILE, WHITE_PERCENTILE = 1, 99  # of the valid pixels: the window a picture opens with
HALF_PIXEL = 0.5  # a pixel's index names its centre; a place is measured from the picture's outer corner

Plane = NDArray[np.float32]  # (H, W)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A picture drawn at another size than its pixels have.

    Places are (row, column) from the outer corner of the first pixel, so the corner is (0, 0) in both sizes.
    """

    height: int  # native pixels
    width: int  # native pixels
    shown_width: float  # pixels on the screen

    @property
    def scale(self) -> float:
        """Native pixels per shown pixel."""
        return self.width / self.shown_width

    def to_native(self, row: float, column: float) -> tuple[float, float]:
        """Return a place on the shown picture as a place in native pixels."""
        return row * self.scale, column * self.scale

    def to_shown(self, row: float, column: float) -> tuple[float, float]:
        """Return a place in native pixels as a place on the shown picture."""
        return row / self.scale, column / self.scale


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Which pixel values are drawn black and white, in the image's own unit."""

    level: float
    width: float
    inverted: bool = False


def shrink(plane: Plane, longest: int = LONGEST_SIDE) -> tuple[Plane, Shown]:
    """Return a plane no longer than `longest`, each pixel the mean of those it covers, and how it was shown.

    A plane that is small enough comes back as it is. Pixels that are no number count as the smallest value.
    """
    height, width = plane.shape
    finite = np.isfinite(plane)
    if not finite.all():
        plane = np.where(finite, plane, plane[finite].min() if finite.any() else np.float32(0))
    factor = max(height, width) / longest
    if factor <= 1:
        return plane, Shown(height=height, width=width, shown_width=width)
    size = max(1, round(width / factor)), max(1, round(height / factor))
    smaller = Picture.fromarray(plane).resize(size, Picture.Resampling.BOX)
    return np.asarray(smaller, dtype=np.float32), Shown(height=height, width=width, shown_width=size[0])


def opening_window(pixels: NDArray[np.float32], valid: NDArray[np.bool_] | None) -> Window:
    """Return the window that leaves out the few darkest and brightest of the valid pixels."""
    values = pixels if valid is None or not valid.any() else pixels[valid]
    values = values[np.isfinite(values)]
    if values.size == 0:
        return Window(level=0.0, width=1.0)
    black, white = np.percentile(values, (BLACK_PERCENTILE, WHITE_PERCENTILE))
    return Window(level=float(black + white) / 2, width=float(white - black) or 1.0)


def to_grey(plane: Plane, window: Window) -> NDArray[np.uint8]:
    """Return a plane as 8 bit grey, black to white over the window."""
    unit = np.clip((plane - (window.level - window.width / 2)) / window.width, 0, 1)
    return np.asarray(np.rint((1 - unit if window.inverted else unit) * 255), dtype=np.uint8)


def to_data_uri(grey: NDArray[np.uint8]) -> str:
    """Return an 8 bit picture as a PNG in a data URI."""
    buffer = io.BytesIO()
    Picture.fromarray(grey).save(buffer, format="PNG", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
