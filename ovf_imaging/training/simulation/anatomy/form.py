"""From a template to one patient's body and back: size, wedge, collapse and cleft as one exact map."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ovf_imaging.training.simulation.anatomy.collapse import Cleft, Collapse, Field, push, pushed, sink, unpush
from ovf_imaging.training.simulation.anatomy.templates import S1_HEIGHT_MM, Template
from ovf_imaging.training.simulation.volume import Array
from ovf_imaging.types import Landmark

_INFERIOR = (Landmark.INFERIOR_ANTERIOR, Landmark.INFERIOR_POSTERIOR)
_SUPERIOR = (Landmark.SUPERIOR_ANTERIOR, Landmark.SUPERIOR_POSTERIOR)
_ARCH_MM = 12.0  # behind the posterior wall, over which the body's own changes die out
_MOST_EATEN = 0.75  # part of the bone beyond a cleft that may be gone
_THINNEST_MM = 1.5  # a collapsed body keeps at least this much bone between its endplates


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """A body as it was before any fracture."""

    depth_mm: float
    width_mm: float
    posterior_mm: float  # heights between the endplates' corner lines
    anterior_mm: float
    concavity_mm: tuple[float, float]  # what the middle of the superior and inferior endplate lies deeper


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Heights:
    """Where, along z, a body begins, its cleft begins and ends, and the body ends."""

    low: Field
    floor: Field
    roof: Field
    high: Field
    cut: float  # part of the template's height at which the cleft cuts it


@dataclass(frozen=True, eq=False)
class Form:
    """One vertebra's map between its template and its own frame (both x left, y back, z up, mm).

    The map is linear along z between the two endplates, column by column, and then along y between the walls, so that
    its inverse is exact.
    """

    template: Template
    size: Size
    collapse: Collapse = field(default_factory=Collapse)
    cleft: Cleft | None = None

    @cached_property
    def scale(self) -> Array:
        """Return what the template is multiplied by: x, y and, for the arch, z."""
        lm = self._corners
        depth = (np.linalg.norm(lm[2] - lm[0]) + np.linalg.norm(lm[5] - lm[3])) / 2
        height = np.linalg.norm(lm[2] - lm[5])
        wanted = (self.size.width_mm, self.size.depth_mm, self.size.posterior_mm)
        return np.asarray(wanted / np.array([self.template.width_mm, depth, height]))

    @cached_property
    def _corners(self) -> Array:
        """Return the template's landmarks, the sacrum's first body ended parallel to its endplate."""
        lm = self.template.landmarks
        return np.where(np.isnan(lm), np.roll(lm, 3, axis=0) - (0, 0, S1_HEIGHT_MM), lm)

    @property
    def half_depth_mm(self) -> float:
        """Half the body's depth."""
        return self.size.depth_mm / 2

    @cached_property
    def landmarks(self) -> Array:
        """Return the six landmarks (6, 3) in the vertebra's frame as it is now."""
        return self.forward(self.template.landmarks)

    @cached_property
    def rims(self) -> Array:
        """Return the landmarks (2, 6, 3) at the left and right rim in the vertebra's frame."""
        return self.forward(self.template.rims)

    def forward(self, points: Array) -> Array:
        """Return where points (..., 3) of the template lie in the vertebra's frame."""
        x, y, z = np.moveaxis(points * np.append(self.scale[:2], 1.0), -1, 0)
        low0, high0 = self._template_endplates(y)
        at = self._heights(x, y)
        t = (z - low0) / (high0 - low0)
        under = at.low + t / at.cut * (at.floor - at.low)
        over = at.roof + (t - at.cut) / (1 - at.cut) * (at.high - at.roof)
        inside = np.where(t < at.cut, under, over)
        below, above = at.low + (z - low0) * self.scale[2], at.high + (z - high0) * self.scale[2]
        z = np.where(t < 0, below, np.where(t > 1, above, inside))
        front, back = pushed(self.collapse, x, z, self._edges)
        return np.stack([x, push(y, front, back, self.half_depth_mm), z], axis=-1)

    def inverse(self, x: Field, y: Field, z: Field) -> tuple[tuple[Field, Field, Field], NDArray[np.bool_]]:
        """Return the template's x, y, z that lie at points of the vertebra's frame, and where a cleft gapes instead."""
        front, back = pushed(self.collapse, x, z, self._edges)
        y = unpush(y, front, back, self.half_depth_mm)
        low0, high0 = self._template_endplates(y)
        at = self._heights(x, y)
        under = at.cut * (z - at.low) / (at.floor - at.low)
        over = at.cut + (1 - at.cut) * (z - at.roof) / (at.high - at.roof)
        gaping = (z > at.floor) & (z < at.roof)
        t = np.where(z < at.roof, np.minimum(under, at.cut), over)
        scale = float(self.scale[2])
        below, above = low0 + (z - at.low) / scale, high0 + (z - at.high) / scale
        z = np.where(t < 0, below, np.where(t > 1, above, low0 + t * (high0 - low0)))
        return (x / float(self.scale[0]), y / float(self.scale[1]), z), gaping

    def place_in_body(self, y: Field, source_z: Field) -> tuple[Field, Field]:
        """Return s (0 front, 1 back) at own depths y, and t (0 inferior, 1 superior) at heights in the template."""
        low, high = self._template_endplates(y)
        return y / self.size.depth_mm + 0.5, np.clip((source_z - low) / (high - low), 0, 1)

    @cached_property
    def _template_lines(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Return offset and slope over own y of the template's inferior and superior corner lines."""
        lines = []
        for front, rear in (_INFERIOR, _SUPERIOR):
            (_, y0, z0), (_, y1, z1) = self._corners[[front, rear]]
            slope = (z1 - z0) / (y1 - y0)
            lines.append((float(z0 - slope * y0), float(slope / self.scale[1])))
        return lines[0], lines[1]

    def _template_endplates(self, y: Field) -> tuple[Field, Field]:
        """Return the heights in the template of its inferior and superior corner line at own depths y."""
        (low, low_slope), (high, high_slope) = self._template_lines
        along = np.clip(y, -1.3 * self.half_depth_mm, self.half_depth_mm)
        return low + low_slope * along, high + high_slope * along

    def endplates(self, x: Field, y: Field) -> tuple[Field, Field]:
        """Return the heights of the inferior and the superior endplate above own x and y."""
        at = self._heights(x, y)
        return at.low, at.high

    def cleft_gap(self, s: Field) -> Field:
        """Return how far the cleft gapes in the mid-sagittal plane, in mm; s is 0 in front and 1 at the back."""
        at = self._heights(np.zeros_like(s), (s - 0.5) * self.size.depth_mm)
        return np.asarray(at.roof - at.floor)

    def _heights(self, x: Field, y: Field) -> _Heights:
        """Return where, above own x and y, the body and its cleft begin and end."""
        s, side = y / self.size.depth_mm + 0.5, np.clip(2 * x / self.size.width_mm, -1, 1)
        fade = np.clip(1 - (y - self.half_depth_mm) / _ARCH_MM, 0, 1)
        low, high = self._sunk(y, s, side, fade)
        if self.cleft is None:
            middle = (low + high) / 2
            return _Heights(low=low, floor=middle, roof=middle, high=high, cut=0.5)
        gap, lift = self.cleft.gap(s, side) * fade, self.cleft.lift(s, side) * fade
        below, height = self.cleft.below, high - low
        eaten = np.minimum(gap - lift, _MOST_EATEN * (1 - below) * height)
        if self.cleft.endplate == "superior":
            roof = high - below * height + lift
            return _Heights(low=low, floor=roof - lift - eaten, roof=roof, high=high + lift, cut=1 - below)
        floor = low + below * height - lift
        return _Heights(low=low - lift, floor=floor, roof=floor + lift + eaten, high=high, cut=below)

    def _sunk(self, y: Field, s: Field, side: Field, fade: Field) -> tuple[Field, Field]:
        """Return the heights of both endplates after the collapse, without the cleft."""
        size, collapse = self.size, self.collapse
        sum_mm, difference_mm = size.posterior_mm + size.anterior_mm, size.posterior_mm - size.anterior_mm
        half = sum_mm / 4 + difference_mm / 4 * np.clip(y / self.half_depth_mm, -1.3, 1)
        lean = 1 + collapse.sideways * side
        fall, rise = (
            sink(lost, collapse.dent_place, s, side) * lean for lost in (collapse.superior_mm, collapse.inferior_mm)
        )
        bowl, (upper, lower) = sink((0, 1, 0), 0.5, s, side), self._hollows_mm
        high, low = half - fall - upper * bowl, -half + rise + lower * bowl
        (low0, high0), scale = self._template_endplates(y), float(self.scale[2])
        low, high = low0 * scale + (low - low0 * scale) * fade, high0 * scale + (high - high0 * scale) * fade
        lacking = np.maximum(_THINNEST_MM - (high - low), 0) / 2
        return low - lacking, high + lacking

    @cached_property
    def _hollows_mm(self) -> tuple[float, float]:
        """Return what the map must add to the template's own concavity: superior, inferior."""
        (low, low_slope), (high, high_slope) = self._template_lines
        corners, scale = self._corners, float(self.scale[2])
        (_, y1, z1), (_, y4, z4) = corners[Landmark.SUPERIOR_MIDDLE], corners[Landmark.INFERIOR_MIDDLE]
        own = (high + high_slope * y1 * self.scale[1] - z1, z4 - low - low_slope * y4 * self.scale[1])
        return self.size.concavity_mm[0] - float(own[0]) * scale, self.size.concavity_mm[1] - float(own[1]) * scale

    @cached_property
    def _edges(self) -> tuple[float, float, float]:
        """Return the heights at which lips and retropulsion peak: of the edges after the collapse, before the push."""
        zero, d = np.zeros(1), self.half_depth_mm
        front_low, front_high = self.endplates(zero, zero - d)
        back_low, back_high = self.endplates(zero, zero + d)
        corner = back_high - 3.0 if self.collapse.retropulsion_superior else back_low + 3.0
        return float(front_high[0]), float(front_low[0]), float(corner[0])
