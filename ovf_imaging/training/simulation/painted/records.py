"""What can be painted into a body, as drawn: plain records that go into the truth as they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ovf_imaging.training.paint import Fracture

Array = NDArray[np.float64]

OEDEMA = ("oedema_diffuse", "oedema_band")
TRAPS = ("haemangioma", "schmorl", "modic_1", "modic_2", "modic_3", "vein", "vacuum_disc", "bowel_gas")
PATCHES = (*OEDEMA, "sclerosis", "cement", "cement_leak", *TRAPS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Texture:
    """A smooth unevenness of a body: waves over its depth and height and from slice to slice."""

    waves: tuple[tuple[float, float, float, float], ...]  # cycles a depth, cycles a height, radians a slice, phase

    def __call__(self, s: Array, t: Array, slice_offset: float) -> Array:
        """Return values about 0, mostly within ±1."""
        total: Array = np.zeros(np.broadcast(s, t).shape)
        for over_s, over_t, over_slices, phase in self.waves:
            total += np.sin(2 * np.pi * (over_s * s + over_t * t) + over_slices * slice_offset + phase)
        return total * (1.4 / float(np.sqrt(2 * len(self.waves))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Collapse:
    """How a body gives way."""

    kind: str  # "wedge", "biconcave", "crush", "pincer", "plana"
    endplates: tuple[str, ...]  # "superior", "inferior"
    age: str  # "fresh" (with oedema), "old" (remodelled)
    fracture: Fracture  # in the middle of the body
    through: bool  # the whole body gives way; otherwise only its middle, fading to the lateral rims
    lean: float  # crush more to one side: relative difference between middle and lateral rim
    posterior_wall: float  # part of the wall that is broken, 0–1

    @property
    def of_class(self) -> int:
        """The AO Spine-DGOU class as far as a sagittal image shows it: 2 to 5."""
        if self.fracture.slip:
            return 5
        if len(self.endplates) == 2 or self.kind == "plana":
            return 4
        return 3 if self.posterior_wall > 0.2 else 2  # design/measurements.md: a fifth of the posterior wall


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleft:
    """A cleft in the coordinates of the unbroken body; closed when its thickness is 0."""

    kind: str  # "gas", "fluid"
    outline: str  # "line", "semilune", "triangle"
    endplate: str  # "superior", "inferior"
    place: str  # "anterior", "central"
    middle: float  # its middle, depths from the back
    length: float  # depths
    thickness: float  # parts of the body's height
    below: float  # bone left between it and the endplate, parts of the body's height
    span: float  # lateral reach, parts of the body's half width
    texture: Texture


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """A change of marrow, bone or disc at a place of the unbroken body; one of PATCHES."""

    kind: str
    strength: float  # 1 = as usual for its kind
    s: float  # its middle, depths from the back
    t: float  # its middle, heights from the inferior endplate
    length: float  # depths
    height: float  # heights
    endplate: str  # "superior", "inferior": where a band or a disc's change lies
    span: float  # lateral reach, parts of the body's half width
    texture: Texture


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyFindings:
    """All that is to be painted into one body."""

    collapse: Collapse | None = None
    cleft: Cleft | None = None
    patches: tuple[Patch, ...] = ()

    @property
    def oedematous(self) -> bool:
        """Whether its marrow holds fresh oedema."""
        return any(p.kind in OEDEMA for p in self.patches)

    @property
    def traps(self) -> tuple[str, ...]:
        """The changes that are neither fracture nor cleft."""
        return tuple(p.kind for p in self.patches if p.kind in TRAPS)


Findings = dict[int, BodyFindings]  # by level
