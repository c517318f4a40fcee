"""Where each vertebral body lies on the slices, as axes of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ovf_imaging.training.simulation.mri.slab import Slab, Window
from ovf_imaging.types import level_order

Array = NDArray[np.float64]
_LEAST_PIXELS = 30  # a body with fewer is cut to a sliver


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BodyFrame:
    """A body's own axes within a window of the slab; places are (slice, row, column)."""

    level: int
    window: Window
    centre: Array  # (3,) in pixels of the whole slab
    up: Array  # (2,) unit, rows and columns
    depth_mm: float  # front to back
    height_mm: float
    step_mm: tuple[float, float, float]

    def up_mm(self) -> Array:
        """Return (1, h, w) heights above the body's middle."""
        row, column = self._in_plane()
        return np.asarray(row * self.up[0] + column * self.up[1])

    def from_back_mm(self) -> Array:
        """Return (1, h, w) distances from the posterior wall towards the front."""
        row, column = self._in_plane()
        backwards = -self.up[0] * column + self.up[1] * row
        return np.asarray(self.depth_mm / 2 - backwards)

    def across_mm(self) -> Array:
        """Return (s, 1, 1) distances from the body's middle slice."""
        at = np.arange(self.window[0].start, self.window[0].stop) - self.centre[0]
        return np.asarray(at[:, None, None] * self.step_mm[0])

    def to_endplate_mm(self) -> Array:
        """Return (1, h, w) distances to the nearer endplate, negative outside."""
        return np.asarray(self.height_mm / 2 - np.abs(self.up_mm()))

    def _in_plane(self) -> tuple[Array, Array]:
        rows = (np.arange(self.window[1].start, self.window[1].stop) - self.centre[1]) * self.step_mm[1]
        columns = (np.arange(self.window[2].start, self.window[2].stop) - self.centre[2]) * self.step_mm[2]
        return rows[None, :, None], columns[None, None, :]


def body_frames(slab: Slab) -> list[BodyFrame]:
    """Return the frames of the bodies in the slab, head to foot; `up` follows the line of their middles."""
    boxes = ndimage.find_objects(slab.labels)
    found = [(level, box) for level, box in enumerate(boxes, start=1) if box is not None]
    found = [(k, box) for k, box in found if np.count_nonzero(slab.labels[box] == k) >= _LEAST_PIXELS]
    found.sort(key=lambda item: level_order(item[0]))
    places = [np.argwhere(slab.labels[box] == k) + [s.start for s in box] for k, box in found]
    centres = np.array([p.mean(0) for p in places]).reshape(-1, 3)
    frames = []
    for index, (level, box) in enumerate(found):
        upper, lower = centres[max(index - 1, 0)], centres[min(index + 1, len(found) - 1)]
        chord = (upper - lower)[1:] * slab.step_mm[1:] if len(found) > 1 else np.array([-1.0, 0.0])
        up = chord / np.linalg.norm(chord)
        rest = (places[index] - centres[index])[:, 1:] * slab.step_mm[1:]
        # A box of depth D has a spread of D/√12 along it.
        height, depth = np.sqrt(12) * (rest @ up).std(), np.sqrt(12) * (rest @ [up[1], -up[0]]).std()
        frames.append(
            BodyFrame(
                level=level,
                window=(box[0], box[1], box[2]),
                centre=centres[index],
                up=up,
                depth_mm=float(depth),
                height_mm=float(height),
                step_mm=slab.step_mm,
            )
        )
    return frames
