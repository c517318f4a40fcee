"""A real CT as a patient: as it was scanned, bent on its discs, or with a body broken.

The field of a spine CT is narrow; what lies outside it is soft tissue without bone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F  # noqa: N812

from ovf_imaging.training.paint import Fracture, Warp, draw_fracture, neighbours
from ovf_imaging.training.simulation.ct_scan import CtScan, is_body
from ovf_imaging.training.simulation.ct_warp import Movement, bend
from ovf_imaging.training.simulation.volume import (
    Array,
    BodyTruth,
    FractureTruth,
    Grid,
    PatientTruth,
    Tissue,
    Volume,
)
from ovf_imaging.types import Position

VARIANTS = ("as is", "bent", "broken", "bent and broken")
_CORTEX_G_CM3 = 0.32  # mineral from which a voxel counts as cortex
_PER_T_SCORE = 0.11  # of the young mean's mineral for one T-score (Looker 2009: 0.115 of 1.05 g/cm², lumbar)
_PLANE = [2, 1]  # z, y: the plane in which movements act
_REAL_FRACTURES = {("verse012", 20)}  # Genant grade 3 in genant_grades.csv
_AGE_YEARS, _SEX = 70.0, "F"  # not told of these patients; a likely one
_SHOWN_LOSS = 0.1  # of any height, from which a painted fracture is told as one


@dataclass(frozen=True, kw_only=True, eq=False)
class CtPatient:
    """A CT in one variant; implements `volume.Patient`."""

    scan: CtScan
    angles_deg: tuple[float, ...] = ()  # at each disc, head to foot, positive towards kyphosis; empty = as scanned
    breaks: Mapping[int, Fracture] = field(default_factory=dict)  # level → fracture painted into it
    t_score_change: float = 0.0  # denser above 0

    def bounds_mm(self) -> Array:
        """Return (2, 3): the corners of the field of the CT, without its ends where movements open gaps."""
        low = self.scan.grid.origin_mm
        high = low + self.scan.grid.step_mm * (np.array(self.scan.grid.shape) - 1)
        box = np.array([low, high])
        moved = np.concatenate([body.landmarks_mm for body in self.truth().bodies])
        box[1, 2] += float(moved[:, 2].max() - self._rest[:, :, 2].max())
        box[:, 1] += [min(float(moved[:, 1].min() - self._rest[:, :, 1].min()), 0.0), 0.0]
        return box

    def render(self, grid: Grid) -> Volume:
        """Return the patient on a grid."""
        points = np.stack(np.meshgrid(grid.axis_mm(2), grid.axis_mm(1), indexing="ij"), -1)  # (Z, Y, 2)
        rest = self._source(self.movement.inverse_between(points))
        scan, x_mm = self.scan, grid.axis_mm(0)
        loose = scan.owner == 0
        mineral = self._sample(scan.mineral * loose, rest, x_mm)
        tissue = np.full(grid.shape, Tissue.MUSCLE, np.uint8)
        tissue[self._sample(scan.fat & loose, rest, x_mm) > 0.5] = Tissue.FAT
        tissue[self._sample(scan.gas & loose, rest, x_mm) > 0.5] = Tissue.GAS
        levels = np.zeros(grid.shape, np.uint8)
        for level, body in scan.landmarks_mm.items():
            own, labelled = scan.owner == level, scan.vertebrae == level
            source = self._source(self.movement.inverse(level, points))
            bone = self._sample(labelled, source, x_mm) > 0.5
            mineral = np.maximum(mineral, self._sample(scan.mineral * own, source, x_mm))
            tissue[bone] = Tissue.MARROW
            tissue[bone & (self._sample(scan.gas & own, source, x_mm) > 0.5)] = Tissue.CLEFT_GAS
            levels[self._sample(is_body(labelled, scan.grid, body), source, x_mm) > 0.5] = level
        tissue[(mineral > _CORTEX_G_CM3) & (tissue == Tissue.MARROW)] = Tissue.CORTEX
        factor = max(1 + _PER_T_SCORE * self.t_score_change, 0.05)
        return Volume(
            grid=grid,
            tissue=tissue,
            mineral=(mineral * factor).astype(np.float16),
            level=levels,
            oedema=np.zeros(grid.shape, np.float16),
        )

    def truth(self) -> PatientTruth:
        """Return all that is true of the patient: the landmarks at rest, moved as the picture is."""
        bodies = tuple(self._body(level) for level in self.scan.landmarks_mm)
        return PatientTruth(
            bodies=bodies,
            position=Position.SUPINE,
            age_years=_AGE_YEARS,
            sex=_SEX,
            drawn={
                "ct": self.scan.name,
                "angles_deg": list(self.angles_deg),
                "broken": {str(level): asdict(fracture) for level, fracture in sorted(self.breaks.items())},
                "assumed": ["age_years", "sex"],
                "t_score_change": self.t_score_change,
            },
        )

    @cached_property
    def movement(self) -> Movement:
        """Return the map from the scan at rest to this variant."""
        flat = {level: body[:, _PLANE] for level, body in self.scan.landmarks_mm.items()}
        breaks = tuple(
            Warp(flat[level], fracture, *neighbours(level, flat)) for level, fracture in sorted(self.breaks.items())
        )
        broken = list(flat.values())
        for warp in breaks:
            broken = [warp.forward(body) for body in broken]
        angles = self.angles_deg or (0.0,) * (len(flat) - 1)
        turns = bend(broken, angles)
        centres = np.array([turn.forward(body).mean(axis=0) for turn, body in zip(turns, broken, strict=True)])
        return Movement(breaks=breaks, turns=dict(zip(flat, turns, strict=True)), centres=centres)

    @property
    def _rest(self) -> Array:
        return np.array(list(self.scan.landmarks_mm.values()))

    def _moved(self, level: int, points_mm: Array) -> Array:
        flat = self.movement.forward(level, points_mm[..., _PLANE])
        return np.stack([points_mm[..., 0], flat[..., 1], flat[..., 0]], axis=-1)

    def _body(self, level: int) -> BodyTruth:
        landmarks = self._moved(level, self.scan.landmarks_mm[level])
        return BodyTruth(
            level=level,
            landmarks_mm=landmarks,
            rims_mm=np.full((2, 6, 3), np.nan),
            fracture=self._fracture(level, landmarks),
        )

    def _fracture(self, level: int, landmarks: Array) -> FractureTruth | None:
        """Return a painted fracture, or a real one measured against the bodies above and below it."""
        real = (self.scan.name, level) in _REAL_FRACTURES
        if level not in self.breaks and not real:
            return None
        if real:
            others = [self.scan.landmarks_mm[near] for near in (level - 1, level + 1)]
            before = np.mean([_heights_mm(body) for body in others], axis=0)
        else:
            before = _heights_mm(self.scan.landmarks_mm[level])
        loss = np.clip(1 - _heights_mm(landmarks) / before, 0, 1)
        if not real and loss.max() < _SHOWN_LOSS:
            return None
        return FractureTruth(
            kind=_kind(loss),
            endplates=("superior", "inferior") if real else _endplates(self.breaks[level]),
            height_loss=(float(loss[0]), float(loss[1]), float(loss[2])),
            of_class=None,
            posterior_wall=0.0,
            retropulsion_mm=0.0,
            age="old",
        )

    def _source(self, points: Array) -> Array:
        """Return points (Z, Y, 2) as (z, y) in the scan's own units of -1 to 1."""
        grid = self.scan.grid
        ends = np.array([grid.axis_mm(axis)[[0, -1]] for axis in _PLANE])
        return np.asarray(2 * (points - ends[:, 0]) / (ends[:, 1] - ends[:, 0]) - 1)

    def _sample(self, values: NDArray[np.generic], source: Array, x_mm: Array) -> NDArray[np.float32]:
        """Return values (X, Y, Z) of the scan at `source` in every plane of x, 0 outside the scan."""
        own = self.scan.grid.axis_mm(0)
        used = np.flatnonzero(values.any(axis=(1, 2)))
        result = np.zeros((len(x_mm), source.shape[1], source.shape[0]), np.float32)
        if not len(used):
            return result
        place = (x_mm - own[0]) / (own[1] - own[0])
        wanted = np.flatnonzero((place > used[0] - 1) & (place < used[-1] + 1))
        low = np.clip(np.floor(place[wanted]).astype(int), 0, len(own) - 2)
        share = np.clip(place[wanted] - low, 0, 1).astype(np.float32)[:, None, None]
        planes = values[low].astype(np.float32) * (1 - share) + values[low + 1].astype(np.float32) * share
        planes = torch.from_numpy(np.ascontiguousarray(planes))[None]  # x as channels over (y, z)
        places = torch.from_numpy(source.transpose(1, 0, 2).astype(np.float32))[None]  # grid_sample wants (z, y)
        result[wanted] = F.grid_sample(planes, places, align_corners=True)[0].numpy()
        return result


def draw_ct_patient(rng: np.random.Generator, scan: CtScan, variant: str | None = None) -> CtPatient:
    """Return a CT in a variant drawn at random, or the one named.

    Raises ValueError for a variant that is none of VARIANTS.
    """
    chosen = str(rng.choice(VARIANTS)) if variant is None else variant
    if chosen not in VARIANTS:
        raise ValueError(f"variant wanted one of {', '.join(VARIANTS)}, got {chosen!r}")
    levels = list(scan.landmarks_mm)
    angles: tuple[float, ...] = ()
    if "bent" in chosen:
        whole, wave = rng.uniform(-4.0, 4.0), rng.uniform(-2.5, 2.5)
        angles = tuple(float(whole + wave * np.sin(2.2 * k)) for k in range(len(levels) - 1))
    breaks = {}
    if "broken" in chosen:
        sound = [level for level in levels[1:] if (scan.name, level) not in _REAL_FRACTURES]
        breaks[int(rng.choice(sound))] = draw_fracture(rng)
    return CtPatient(scan=scan, angles_deg=angles, breaks=breaks, t_score_change=float(rng.uniform(-1.0, 2.5)))


def _heights_mm(landmarks: Array) -> Array:
    return np.asarray(np.linalg.norm(landmarks[:3] - landmarks[3:], axis=1))


def _kind(loss: Array) -> str:
    """Return Genant's shape of a loss of anterior, middle and posterior height: where the most is missing."""
    if loss[2] > 0.7 * loss.max():
        return "crush"
    return "biconcave" if loss[1] > loss[0] else "wedge"


def _endplates(fracture: Fracture) -> tuple[str, ...]:
    dented = [
        name for name, dent in (("superior", fracture.superior_dent), ("inferior", fracture.inferior_dent)) if dent
    ]
    return tuple(dented) or ("superior",)
