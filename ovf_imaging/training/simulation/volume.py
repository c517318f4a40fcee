"""The seam between anatomy and physics: a grid in the patient, what it is filled with, and what is true of it.

Millimetres are the patient's, LPS: x to the patient's left, y to the back, z to the head.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ovf_imaging.types import Position

Array = NDArray[np.float64]


class Tissue(IntEnum):
    """What fills a voxel."""

    AIR = 0  # outside the body
    LUNG = 1
    GAS = 2  # in bowel
    FAT = 3
    MUSCLE = 4
    ORGAN = 5  # liver, kidney, bowel wall, other soft tissue
    VESSEL = 6  # flowing blood
    CORTEX = 7  # cortical bone and bony endplate
    MARROW = 8  # trabecular bone with its marrow
    ANNULUS = 9
    NUCLEUS = 10
    CSF = 11
    CORD = 12  # cord and nerve roots
    LIGAMENT = 13
    CLEFT_GAS = 14
    CLEFT_FLUID = 15
    CEMENT = 16
    METAL = 17
    REPLACED = 18  # marrow replaced by tumour
    HAEMANGIOMA = 19
    MODIC_1 = 20  # oedema-like endplate change
    MODIC_2 = 21  # fatty endplate change
    MODIC_3 = 22  # sclerotic endplate change
    EPIDURAL_FAT = 23


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Grid:
    """A rectangular grid of voxel centres along the patient's axes."""

    origin_mm: Array  # (3,) centre of voxel (0, 0, 0), x y z
    step_mm: Array  # (3,)
    shape: tuple[int, int, int]  # along x, y, z

    def axis_mm(self, axis: int) -> Array:
        """Return the coordinates of the voxel centres along one axis."""
        return np.asarray(self.origin_mm[axis] + self.step_mm[axis] * np.arange(self.shape[axis]))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Volume:
    """A patient on a grid; every array has the grid's shape."""

    grid: Grid
    tissue: NDArray[np.uint8]  # Tissue
    mineral: NDArray[np.float16]  # bone mineral in g/cm³; 0 where there is no bone
    level: NDArray[np.uint8]  # TPTBox level of the vertebral body, without its arch; 0 elsewhere
    oedema: NDArray[np.float16]  # 0–1, part of the marrow that is oedema


class Patient(Protocol):
    """Anyone who can be imaged."""

    def bounds_mm(self) -> Array:
        """Return (2, 3): the corners of the box that holds the spine."""
        ...

    def render(self, grid: Grid) -> Volume:
        """Return the patient on a grid; the voxels between planes that hold nothing of interest are AIR."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FractureTruth:
    """One fracture as drawn."""

    kind: str  # "wedge", "biconcave", "crush", "pincer", "plana"
    endplates: tuple[str, ...]  # "superior", "inferior"
    height_loss: tuple[float, float, float]  # anterior, middle, posterior, 0–1, of the body's own unbroken heights
    of_class: int | None  # 1–5 as far as a sagittal image shows it
    posterior_wall: float  # part of the wall that is broken, 0–1
    retropulsion_mm: float
    age: str  # "fresh" (with oedema), "old" (remodelled)


@dataclass(frozen=True, slots=True, kw_only=True)
class CleftTruth:
    """One cleft as drawn, in this position of the patient."""

    kind: str  # "gas", "fluid"
    outline: str  # "line", "semilune", "triangle"
    endplate: str  # "superior", "inferior"
    place: str  # "anterior", "central"
    area_mm2: float  # in the body's mid-sagittal plane; 0 when closed
    height_mm: float  # its greatest thickness; 0 when closed


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BodyTruth:
    """One vertebral body: where it truly is and what was done to it."""

    level: int  # TPTBox
    landmarks_mm: Array  # (6, 3) x y z in its own mid-sagittal plane, rows named by types.Landmark
    rims_mm: Array  # (2, 6, 3) the same landmarks at the left and right rim, for double contours; NaN where unknown
    fracture: FractureTruth | None = None
    cleft: CleftTruth | None = None
    oedema_fraction: float = 0.0  # of the body's marrow
    cement: bool = False
    implant: bool = False
    traps: tuple[str, ...] = ()  # "schmorl", "scheuermann", "short", "osteophyte", "haemangioma", "metastasis", …


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PatientTruth:
    """All that is true of a patient in one position, exact by construction."""

    bodies: tuple[BodyTruth, ...]  # head to foot, S1 last (its inferior landmarks NaN)
    position: Position
    age_years: float
    sex: str  # "F", "M"
    drawn: Mapping[str, Any] = field(default_factory=dict)  # everything else that was drawn, JSON values
