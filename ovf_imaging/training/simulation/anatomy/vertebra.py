"""One vertebra as drawn: its size, its fracture, and everything else that was done to it."""

from __future__ import annotations

from dataclasses import dataclass

from ovf_imaging.training.simulation.anatomy.collapse import Cleft, Collapse
from ovf_imaging.training.simulation.anatomy.form import Size
from ovf_imaging.training.simulation.volume import Tissue


@dataclass(frozen=True, slots=True, kw_only=True)
class Fracture:
    """One fracture apart from the position of the patient."""

    kind: str  # "wedge", "biconcave", "crush", "pincer", "plana"
    endplates: tuple[str, ...]  # "superior", "inferior"
    collapse: Collapse
    posterior_wall: float  # part of the wall that is broken, 0–1
    of_class: int
    age: str  # "fresh", "old"
    oedema: str  # "whole", "band", "none"
    band: float  # part of the height that a band of oedema fills
    cleft: Cleft | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """An ellipsoid in the template's millimetres, so that it gives way with the body."""

    tissue: Tissue
    centre_mm: tuple[float, float, float]
    radii_mm: tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Osteophyte:
    """A beak of bone on one corner of the body."""

    corner: int  # types.Landmark
    forward_mm: float  # how far its tip stands off the wall
    towards_disc_mm: float
    half_width_mm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Vertebra:
    """One vertebra of a patient."""

    level: int  # TPTBox
    size: Size
    fracture: Fracture | None = None
    blobs: tuple[Blob, ...] = ()  # replaced marrow, haemangioma, Modic changes, cement
    pits: tuple[Blob, ...] = ()  # Schmorl's nodes: bone gone, disc in its place
    osteophytes: tuple[Osteophyte, ...] = ()
    screws: bool = False
    traps: tuple[str, ...] = ()  # names for the truth

    @property
    def cement(self) -> bool:
        """Whether cement was put into the body."""
        return any(blob.tissue is Tissue.CEMENT for blob in self.blobs)
