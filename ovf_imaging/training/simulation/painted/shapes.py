"""The shape of every finding in its body's own coordinates: how much of a place it fills, 0–1."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ovf_imaging.training.simulation.painted.frame import Frame
from ovf_imaging.training.simulation.painted.records import Cleft, Patch

Array = NDArray[np.float64]
_UNEVEN = 0.16  # of a cleft's thickness
_RIM = 0.35  # of the half width, over which a finding fades to its lateral end


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Place:
    """Where a grid of points lies in a body."""

    s: Array  # 0 at the back, 1 at the front
    t: Array  # 0 at the inferior, 1 at the superior endplate
    slice_offset: float  # slices from the body's middle
    aside: float  # −1 and 1 at the lateral rims

    def below(self, endplate: str) -> Array:
        """Return the heights between each point and an endplate, negative beyond it."""
        return 1 - self.t if endplate == "superior" else self.t


def lateral_reach(span: float, aside: float) -> float:
    """Return how much of a finding is left this far aside: 1 in the middle, 0 beyond its span."""
    return float(np.clip((span - abs(aside)) / _RIM, 0, 1))


def flattened(cleft: Cleft, aside: float) -> Cleft:
    """Return a cleft as a plane aside of the body's middle sees it: thinner and shorter, closed beyond its span."""
    within = float(np.sqrt(max(0.0, 1 - (aside / cleft.span) ** 2)))
    return replace(cleft, thickness=cleft.thickness * within, length=cleft.length * (0.4 + 0.6 * within))


def cleft_thickness(cleft: Cleft, s: Array, slice_offset: float) -> Array:
    """Return the thickness at each s in parts of the body's height, 0 beyond the cleft's ends."""
    x = (s - cleft.middle) / (cleft.length / 2)
    inside = np.abs(x) < 1
    if cleft.outline == "line":
        profile = np.clip((1 - np.abs(x)) / 0.25, 0, 1) ** 0.5
    elif cleft.outline == "semilune":
        profile = np.sqrt(np.clip(1 - x**2, 0, 1))
    elif cleft.place == "anterior":  # a triangle with its base in front, the corners rounded
        profile = np.clip((1 + x) / 1.8, 0, 1) * np.clip((1 - x) / 0.2, 0, 1) ** 0.5
    else:
        profile = np.clip(1 - np.abs(x), 0, 1)
    uneven = 1 + _UNEVEN * cleft.texture(s, np.zeros_like(s), slice_offset)
    return np.where(inside, cleft.thickness * profile * uneven, 0.0)


def cleft_bounds(cleft: Cleft, s: Array, slice_offset: float) -> tuple[Array, Array]:
    """Return how far below the endplate the cleft begins and ends at each s, in heights: a line or semilune lies flat.

    A line is laid out to both sides of its middle; the others are flat towards the endplate.
    """
    thickness = cleft_thickness(cleft, s, slice_offset)
    wave = 0.03 * cleft.texture(s, np.ones_like(s), slice_offset)
    near = cleft.below + wave + (cleft.thickness - thickness) / 2 * (cleft.outline == "line")
    return near, near + thickness


def cleft_outline(cleft: Cleft, frame: Frame, slice_offset: float) -> Array:
    """Return the closed cleft's or open cleft's outline (N, 2) in pixels of the unbroken body."""
    ends = cleft.middle + np.array([-0.5, 0.5]) * cleft.length
    s = np.linspace(ends[0], ends[1], 121)
    near, far = cleft_bounds(cleft, s, slice_offset)
    across = [1 - v if cleft.endplate == "superior" else v for v in (near, far)]
    return np.concatenate([frame.position(s, across[0]), frame.position(s, across[1])[::-1]])


def cleft_cover(cleft: Cleft, place: Place, frame: Frame) -> Array:
    """Return how much of each pixel the cleft fills: its outline with an edge one pixel wide."""
    if cleft.thickness <= 0:
        return np.zeros_like(place.s)
    near, far = cleft_bounds(cleft, place.s, place.slice_offset)
    below = place.below(cleft.endplate)
    inside = np.minimum(below - near, far - below) * frame.height(place.s)  # pixels
    return np.where(far > near, np.clip(inside + 0.5, 0, np.clip((far - near) * frame.height(place.s), 0, 1)), 0.0)


def patch_cover(patch: Patch, place: Place) -> Array:
    """Return how much of each place a patch fills, before it is cut to its body."""
    return _SHAPES[patch.kind](patch, place) * lateral_reach(patch.span + _RIM, place.aside)


def _ramp(x: Array, width: float) -> Array:
    """Return 0 below −width/2, 1 above width/2, smooth between."""
    y = np.clip(x / width + 0.5, 0, 1)
    return y * y * (3 - 2 * y)


def _unevenness(patch: Patch, place: Place) -> Array:
    return patch.texture(place.s, place.t, place.slice_offset)


def _diffuse(patch: Patch, place: Place) -> Array:
    """All of the marrow, uneven, weakest far from the broken endplate."""
    away = np.clip(place.below(patch.endplate), 0, 1)
    return np.clip(1.05 - 0.35 * away**2 + 0.14 * _unevenness(patch, place), 0, 1)


def _band(patch: Patch, place: Place) -> Array:
    wave = 0.09 * _unevenness(patch, place)
    return _ramp(patch.height + wave - place.below(patch.endplate), 0.22)


def _dense_band(patch: Patch, place: Place) -> Array:
    """A bar of packed trabeculae a little below the endplate."""
    wave = 0.05 * _unevenness(patch, place)
    distance = np.abs(place.below(patch.endplate) - 0.08 - patch.height / 2 + wave)
    along = _ramp(patch.length / 2 + 0.1 * _unevenness(patch, place) - np.abs(place.s - patch.s), 0.3)
    return _ramp(patch.height / 2 - distance, 0.12) * along


def _blob(patch: Patch, place: Place) -> Array:
    x = (place.s - patch.s) / (patch.length / 2)
    y = (place.t - patch.t) / (patch.height / 2)
    return _ramp(1 - np.sqrt(x**2 + y**2) + 0.25 * _unevenness(patch, place), 0.3)


def _striped_blob(patch: Patch, place: Place) -> Array:
    """A haemangioma: coarse upright trabeculae in a round place."""
    stripes = 0.8 + 0.2 * np.sin(2 * np.pi * 9 * place.s + 2.5 * _unevenness(patch, place))
    return _blob(patch, place) * stripes


def _interlaced_blob(patch: Patch, place: Place) -> Array:
    """Cement: a filling with fingers into the trabeculae."""
    x = (place.s - patch.s) / (patch.length / 2)
    y = (place.t - patch.t) / (patch.height / 2)
    fine = patch.texture(2.3 * place.s, 2.3 * place.t, place.slice_offset)
    return _ramp(1 - np.sqrt(x**2 + y**2) + 0.3 * _unevenness(patch, place) + 0.3 * fine, 0.3) * (0.85 + 0.15 * fine)


def _endplate_change(patch: Patch, place: Place) -> Array:
    """A Modic change: a lens under the endplate, on the body's side of a disc."""
    x = (place.s - patch.s) / (patch.length / 2)
    deep = patch.height * np.sqrt(np.clip(1 - x**2, 0, 1)) * (1 + 0.25 * _unevenness(patch, place))
    return np.where(np.abs(x) < 1, _ramp(deep - place.below(patch.endplate), 0.12), 0.0)


def _vein(patch: Patch, place: Place) -> Array:
    """The basivertebral vein: a wedge from the middle of the posterior wall, its point to the front."""
    along = 1 - place.s / patch.length
    half = patch.height * (0.35 + 0.65 * np.clip(along, 0, 1)) * (1 + 0.2 * _unevenness(patch, place))
    return _ramp(half - np.abs(place.t - patch.t), 0.08) * _ramp(along, 0.4)


def _disc_gas(patch: Patch, place: Place) -> Array:
    """A thin slit within a disc; `place` is the disc's."""
    x = (place.s - patch.s) / (patch.length / 2)
    half = 0.5 * patch.height * np.clip(1 - x**2, 0, 1) * (1 + 0.4 * _unevenness(patch, place))
    middle = 0.5 + 0.12 * _unevenness(patch, place)
    return np.where(np.abs(x) < 1, _ramp(half - np.abs(place.t - middle), 0.14), 0.0)


def _bowel(patch: Patch, place: Place) -> Array:
    """A bubble of bowel gas before or behind the body, round with a sharper edge than anything in bone."""
    x = (place.s - patch.s) / (patch.length / 2)
    y = (place.t - patch.t) / (patch.height / 2)
    return _ramp(1 - np.sqrt(x**2 + y**2) + 0.18 * _unevenness(patch, place), 0.22)


_SHAPES: dict[str, Callable[[Patch, Place], Array]] = {
    "oedema_diffuse": _diffuse,
    "oedema_band": _band,
    "sclerosis": _dense_band,
    "cement": _interlaced_blob,
    "haemangioma": _striped_blob,
    "modic_1": _endplate_change,
    "modic_2": _endplate_change,
    "modic_3": _endplate_change,
    "vein": _vein,
    "vacuum_disc": _disc_gas,
    "cement_leak": _interlaced_blob,
    "bowel_gas": _bowel,
}
