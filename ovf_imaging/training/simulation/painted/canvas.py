"""One body's findings laid on a plane that is already warped: marrow, bone, gas and fluid."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ovf_imaging.training.paint import neighbours
from ovf_imaging.training.simulation.painted.column import Body, Column
from ovf_imaging.training.simulation.painted.frame import Frame, disc_frame, frame_of
from ovf_imaging.training.simulation.painted.inks import Ink, ink_of
from ovf_imaging.training.simulation.painted.records import OEDEMA, BodyFindings, Patch
from ovf_imaging.training.simulation.painted.shapes import Place, cleft_cover, flattened, patch_cover
from ovf_imaging.training.simulation.painted.tones import Tones

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
_REACH = 1.6  # depths around a body's middle within which its findings lie
_IN_DISC = ("vacuum_disc", "cement_leak")
_BEYOND_MASK = (*_IN_DISC, "bowel_gas")
_RIM_PX = 2.5  # beyond a mask, within which marrow may still be the body's
_FAR_PX = 4.0
_NOTHING = 1e-3  # cover below which a pixel is left as it is


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layers:
    """A painted plane with its masks, all (H, W)."""

    pixels: NDArray[np.float32]
    labels: NDArray[np.uint8]
    cleft: Mask
    oedema: Mask
    cement: Mask


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Window:
    """The part of a picture around one body."""

    rows: slice
    columns: slice
    source: Array  # (h, w, 2) places in the real image
    zoom: float  # pixels a source pixel

    @staticmethod
    def around(body: Body, plane: int, source: Array, zoom: float) -> Window | None:
        """Return the part of a picture that a body's findings can reach, None when none of it is in view."""
        marks = body.at(plane)
        depth = float(np.linalg.norm(marks[0] - marks[2]))
        near = (np.abs(source - marks.mean(0)) < _REACH * depth).all(-1)
        if not near.any():
            return None
        rows, columns = (slice(int(v.min()), int(v.max()) + 1) for v in np.nonzero(near))
        return Window(rows=rows, columns=columns, source=source[rows, columns], zoom=zoom)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Canvas:
    """Where one body is being painted."""

    column: Column
    plane: int
    layers: Layers
    window: Window
    rng: np.random.Generator

    @property
    def here(self) -> tuple[slice, slice]:
        """The window in the whole picture."""
        return self.window.rows, self.window.columns

    def place(self, body: Body, frame: Frame) -> Place:
        """Return where the window's points lie in a body, or in a disc beside it."""
        s, t = frame.coordinates(self.window.source)
        offset = self.plane - body.middle
        return Place(s=s, t=t, slice_offset=offset, aside=body.aside(self.plane))

    def laid(self, pixels: Array, ink: Ink, cover: Array, strength: float, tones: Tones) -> Array:
        """Return the window's pixels changed as far as `cover` says, with the picture's own blur and noise."""
        target = getattr(tones, ink.towards)
        soft = np.clip(ndimage.gaussian_filter(cover, tones.blur_px * self.window.zoom), 0, 1)
        if ink.covers:
            grain = _grain(self.rng, cover.shape, tones, self.window.zoom)
            changed = pixels + soft * (target + grain - pixels)
        else:
            changed = pixels + soft * strength * ink.share * (target - tones.body)
        return np.where(soft > _NOTHING, np.clip(changed, 0, 1), pixels)

    def finished(self, pixels: Array, cleft: Mask, oedema: Mask, cement: Mask) -> Layers:
        """Return the whole picture with the window's new pixels, its masks added to those there were."""
        layers = self.layers
        return replace(
            layers,
            pixels=self._pasted(layers.pixels, pixels.astype(np.float32)),
            cleft=self._pasted(layers.cleft, layers.cleft[self.here] | cleft),
            oedema=self._pasted(layers.oedema, layers.oedema[self.here] | oedema),
            cement=self._pasted(layers.cement, layers.cement[self.here] | cement),
        )

    def _pasted(self, picture: NDArray[Any], window: NDArray[Any]) -> NDArray[Any]:
        pasted = picture.copy()
        pasted[self.here] = window
        return pasted


def _grain(rng: np.random.Generator, shape: tuple[int, ...], tones: Tones, zoom: float) -> Array:
    """Return noise of the picture's strength and grain."""
    white = rng.normal(0, 1, shape)
    sigma = tones.grain_px * zoom
    if sigma > 0.2:
        white = ndimage.gaussian_filter(white, sigma)
        white /= max(float(white.std()), 1e-9)
    return tones.noise * white


def paint_body(canvas: Canvas, level: int, found: BodyFindings) -> Layers:
    """Return the canvas's layers with a body's findings laid on: its patches, the cleft last."""
    body, sequence = canvas.column.bodies[level], canvas.column.sequence
    frame = frame_of(body.at(canvas.plane))
    place = canvas.place(body, frame)
    inside = _inside(canvas, level)
    own = canvas.layers.labels[canvas.here] == level
    pixels = canvas.layers.pixels[canvas.here].astype(np.float64)
    marrow = _marrow(inside, pixels, body.tones)
    oedema, cement, cleft = (np.zeros(own.shape, bool) for _ in range(3))
    for patch in found.patches:
        cover = _patch_cover(canvas, level, patch, place)
        ink = ink_of(patch.kind, sequence)
        if ink is not None:
            kept = cover if patch.kind in _BEYOND_MASK else cover * marrow
            pixels = canvas.laid(pixels, ink, kept, patch.strength, body.tones)
        if patch.kind in OEDEMA:
            oedema |= (cover > 0.5) & own
        if patch.kind == "cement":
            cement |= (cover > 0.5) & own
    if found.cleft is not None and abs(place.aside) < found.cleft.span:
        cover = cleft_cover(flattened(found.cleft, place.aside), place, frame)
        ink = ink_of(found.cleft.kind, sequence)
        if ink is not None:
            pixels = canvas.laid(pixels, ink, cover * np.clip(inside, 0, 1), 1.0, body.tones)
        cleft = (cover > 0.5) & own
    return canvas.finished(pixels, cleft, oedema & ~cleft, cement)


def _patch_cover(canvas: Canvas, level: int, patch: Patch, place: Place) -> Array:
    """Return how much of the window a patch fills; what lies in a disc has the disc's own coordinates."""
    if patch.kind == "schmorl":
        return np.zeros_like(place.s)
    if patch.kind not in _IN_DISC:
        return patch_cover(patch, place)
    body = canvas.column.bodies[level]
    above, below = neighbours(level, canvas.column.planes[canvas.plane].landmarks)
    pair = (above, body.at(canvas.plane)) if patch.endplate == "superior" else (body.at(canvas.plane), below)
    if pair[0] is None or pair[1] is None or np.isnan(pair[0][3:]).any() or np.isnan(pair[1][:3]).any():
        return np.zeros_like(place.s)
    return patch_cover(patch, canvas.place(body, disc_frame(pair[0], pair[1])))


def _marrow(inside: Array, pixels: Array, tones: Tones) -> Array:
    """Return how much of each pixel is the body's marrow: masks often end a little within it, and a rim would show."""
    unlike = (pixels - tones.body) / max(0.35 * abs(tones.body - tones.void), 1e-3)
    return np.maximum(np.clip(inside, 0, 1), np.clip(inside + _RIM_PX, 0, 1) * np.exp(-(unlike**2)))


def _inside(canvas: Canvas, level: int) -> Array:
    """Return how many pixels each point of the window lies within the edge of the body's mask, negative outside it."""
    mask = canvas.column.planes[canvas.plane].labels == level
    if not mask.any():
        return np.full(canvas.window.source.shape[:-1], -_FAR_PX)
    box = ndimage.find_objects(mask.astype(np.uint8))[0]
    own = np.pad(mask[box], int(_FAR_PX))
    deep = ndimage.distance_transform_edt(own) - ndimage.distance_transform_edt(~own)
    corner = np.array([side.start - int(_FAR_PX) for side in box])
    at = np.moveaxis(canvas.window.source - corner, -1, 0)
    signed: Array = ndimage.map_coordinates(deep - 0.5 * np.sign(deep), at, order=1, mode="constant", cval=-_FAR_PX)
    return signed
