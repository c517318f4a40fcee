"""The nouns: frozen records and enums that every room speaks in.

Pixels are (slice, row, column). Lengths are millimetres only where `Image.scale` says whose they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]  # (..., 3) as (slice, row, column)
Pixels = NDArray[np.float32]  # (S, H, W)
Labels = NDArray[np.uint8]  # (S, H, W), TPTBox level numbers, 0 = background
Affine = NDArray[np.float64]  # (4, 4)
Fact = bool | float | str | tuple[str, ...]


class Level(IntEnum):
    """Vertebral levels as numbered by TPTBox and SPINEPS."""

    C1, C2, C3, C4, C5, C6, C7 = range(1, 8)
    T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12 = range(8, 20)
    L1, L2, L3, L4, L5, L6 = range(20, 26)
    S1 = 26
    T13 = 28

    @property
    def order(self) -> float:
        """Place in the column, head to foot (T13 lies between T12 and L1)."""
        return 19.5 if self is Level.T13 else float(self.value)


def level_name(level: int) -> str:
    """Return "L1" for 20, and "level 27" for a number that names no vertebra."""
    return _LEVEL_NAMES.get(level, f"level {level}")


def level_order(level: int) -> float:
    """Return a level's place head to foot; a number that names no vertebra keeps its value."""
    return _LEVEL_ORDER.get(level, float(level))


_LEVEL_NAMES = {level.value: level.name for level in Level}
_LEVEL_ORDER = {level.value: level.order for level in Level}


class View(StrEnum):
    """Projection or slice plane of a series."""

    LATERAL = "lateral"
    SAGITTAL = "sagittal"
    FRONTAL = "frontal"
    AXIAL = "axial"
    CORONAL = "coronal"
    UNKNOWN = "unknown"


class Sequence(StrEnum):
    """MR contrast; fluid-sensitive covers STIR, TIRM and fat-suppressed T2 or PD."""

    T1 = "t1"
    T2 = "t2"
    FLUID = "fluid"
    NONE = "none"  # a radiograph
    UNKNOWN = "unknown"


class Position(StrEnum):
    """How the patient was held while the image was taken."""

    NEUTRAL = "neutral"
    FLEXION = "flexion"
    EXTENSION = "extension"
    STANDING = "standing"
    SUPINE = "supine"
    UNKNOWN = "unknown"


class Scale(StrEnum):
    """Whose millimetres the affine speaks: the patient's, the detector's (magnified), or nobody's (pixels)."""

    PATIENT = "patient"
    DETECTOR = "detector"
    UNKNOWN = "unknown"


class Landmark(IntEnum):
    """Rows of `Vertebra.landmarks`: superior endplate front to back, then inferior endplate front to back."""

    SUPERIOR_ANTERIOR = 0
    SUPERIOR_MIDDLE = 1
    SUPERIOR_POSTERIOR = 2
    INFERIOR_ANTERIOR = 3
    INFERIOR_MIDDLE = 4
    INFERIOR_POSTERIOR = 5


class SignKind(StrEnum):
    """What can be seen inside a vertebral body."""

    CLEFT = "cleft"
    OEDEMA = "oedema"
    CEMENT = "cement"
    IMPLANT = "implant"


class Shape(StrEnum):
    """Genant's shapes of deformity, and vertebra plana."""

    NORMAL = "normal"
    WEDGE = "wedge"
    BICONCAVE = "biconcave"
    CRUSH = "crush"
    PLANA = "plana"


class RuleKind(StrEnum):
    """What a record of the review does."""

    RECOMMEND = "recommend"
    OPTION = "option"
    CAUTION = "caution"
    AVOID = "avoid"
    INSUFFICIENT = "insufficient"
    INFORMATION = "information"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caveat:
    """Doubt as data. `must_see` caveats turn exit code 0 into 3."""

    code: str  # short, stable, kebab-case: "scale-unknown"
    text: str  # one plain sentence for the reader
    levels: tuple[int, ...] = ()
    must_see: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One stack of slices or one film, its files in geometric order."""

    uid: str
    view: View
    sequence: Sequence
    position: Position
    files: tuple[Path, ...]
    modality: str  # "MR", "DX", "CR", "NIFTI", "PICTURE" (PNG, JPEG, TIFF), …
    frames: tuple[int, ...] = ()  # frame of each slice when one file holds many; empty = whole files
    caveats: tuple[Caveat, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """One patient visit; holds no patient identifiers beyond the study's UID."""

    uid: str
    taken: datetime | None = None
    age_years: float | None = None
    sex: str | None = None  # "F", "M", "O"
    series: tuple[Series, ...] = ()
    caveats: tuple[Caveat, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Image:
    """Pixels with their geometry as one value.

    `affine` maps (slice, row, column, 1) to LPS millimetres for MR; for a radiograph to plane millimetres
    (0, across, −down); when `scale` is unknown its unit is the pixel (the row spacing is 1).
    """

    pixels: Pixels  # (S, H, W); MONOCHROME1 already inverted, rescale applied
    affine: Affine  # (4, 4)
    view: View
    sequence: Sequence
    position: Position
    scale: Scale
    scale_source: str  # the tag and correction the scale rests on, in words
    valid: NDArray[np.bool_] | None = None  # (S, H, W), False on padding; None = all valid
    sop_uids: tuple[str, ...] = ()  # one per slice
    series_uid: str = ""
    array_axes: tuple[int, int, int] = (2, 1, 0)  # input array's axis of slice, row, column
    anterior_left: bool | None = None  # from PatientOrientation or geometry; None = not told
    superior_up: bool | None = None
    caveats: tuple[Caveat, ...] = ()

    def to_mm(self, points: Points) -> Points:
        """Return (slice, row, column) points of shape (..., 3) as millimetres (pixels when scale is unknown)."""
        points = np.asarray(points, dtype=np.float64)
        return np.asarray(points @ self.affine[:3, :3].T + self.affine[:3, 3], dtype=np.float64)

    @property
    def pixel_mm(self) -> tuple[float, float]:
        """Row and column step in the affine's unit."""
        steps = np.linalg.norm(self.affine[:3, :3], axis=0)
        return float(steps[1]), float(steps[2])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sign:
    """Something seen inside a body, with its probability."""

    kind: SignKind
    probability: float | None  # None = cannot tell
    mask: NDArray[np.bool_] | None = None  # (S, H, W)
    detail: str = ""  # of a cleft: its filling, "fluid" or "gas"; "" = not told


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Vertebra:
    """One vertebral body as read."""

    level: int  # TPTBox number
    landmarks: Points  # (6, 3) as (slice, row, column), rows named by Landmark
    covariance: NDArray[np.float64]  # (6, 2, 2), pixels², (row, column)
    confidence: float  # 0–1
    complete: bool = True  # False where the image cuts it
    signs: tuple[Sign, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reading:
    """What was seen on one image, by a model or a person."""

    image: Image
    labels: Labels  # (S, H, W)
    vertebrae: tuple[Vertebra, ...]  # head to foot
    reader: str  # "vertebrae_mri 0.1.0" or "edited by …"
    prior: bool = False  # of the earlier study that the case is compared with
    caveats: tuple[Caveat, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One number with its interval, or None for "cannot tell" with the caveat that says why."""

    levels: tuple[int, int]  # upper, lower; the same twice for a single body
    quantity: str  # "anterior_height", "height_loss_middle", "wedge_angle", "local_cobb", …
    value: float | None
    unit: str  # UCUM: "mm", "deg", "1"
    interval: tuple[float, float] | None = None  # 95 %
    reference: tuple[int, ...] = ()  # levels that the value was compared with
    reading: int = 0  # index of the reading it was measured on
    against: int | None = None  # of a change: index of the reading whose value was taken away
    caveats: tuple[Caveat, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What the measurements say of one level. None always means cannot tell."""

    level: int
    height_loss: float | None  # 0–1, the worst of the three positions
    height_loss_interval: tuple[float, float] | None = None
    grade: int | None = None  # Genant 0–3
    near_threshold: bool = False
    shape: Shape | None = None
    fractured: bool | None = None
    of_class: int | None = None  # 1–5
    cleft: bool | None = None
    cleft_kind: str | None = None  # "fluid", "gas"
    acuity: str | None = None  # "acute", "not acute"
    stability: str | None = None  # "stable", "unstable"
    mimic: str | None = None  # what looks like a fracture and is thought none: "scheuermann", "schmorl", …
    change: str | None = None  # against the prior study: "new", "worse", "no measurable change", …
    confidence: float = 0.0
    basis: tuple[Measurement, ...] = ()
    caveats: tuple[Caveat, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """The findings of a study, its angles, and what holds for the whole column."""

    findings: tuple[Finding, ...] = ()
    angles: tuple[Measurement, ...] = ()
    index_level: int | None = None  # the fracture that the study is about
    deformity_index: int | None = None  # spinal deformity index: the sum of the grades T4–L4
    caveats: tuple[Caveat, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What images cannot say. Keys and ranges are checked against knowledge/context.toml; an absent key is unknown."""

    values: Mapping[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One fact that a recommendation rests on, and where it came from."""

    fact: str
    value: Fact | None
    origin: str  # "context: pain_vas", "measurement: L1 height_loss_anterior", "derived: …"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """One record of the review that applies, and why."""

    rule: str
    arm: str  # "conservative", "augmentation", "surgery", "drugs", "general", "safety"
    kind: RuleKind
    text: str
    source: str  # section of the review
    source_strength: str
    evidence_type: str
    refs: tuple[str, ...] = ()
    figures: str = ""
    controversy: str = ""
    because: tuple[Reason, ...] = ()
    against: tuple[str, ...] = ()  # ids of records that pull the other way
    needs: tuple[str, ...] = ()  # unknown facts that would decide more


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """What another guideline or score says of a case: stands apart from the review's records, and is no vote."""

    id: str
    title: str
    status: str  # what it is and how far it was read or validated
    source: str
    says: tuple[str, ...]
    score: tuple[float, float] | None = None  # of a score: the least and the most that it can be
    because: tuple[Reason, ...] = ()
    needs: tuple[str, ...] = ()  # unknown facts that the score lacks


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """Which rules advice rests on: their version, and one sha256 of their files and of the facts they test."""

    version: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What made a case: versions and hashes. `made` is the only time of day in a case."""

    version: str
    models: Mapping[str, str] = field(default_factory=dict)  # bundle and version → sha256 of its weights
    knowledge: Mapping[str, str] = field(default_factory=dict)  # file → sha256
    rules: RuleSet | None = None
    device: str = "cpu"
    made: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Case:
    """Everything known of one study. Exporters and the viewer read nothing else."""

    study: Study
    context: Context
    readings: tuple[Reading, ...]
    measurements: tuple[Measurement, ...]
    assessment: Assessment
    recommendations: tuple[Recommendation, ...]
    missing: tuple[str, ...]  # context fields and images that would decide more, most useful first
    provenance: Provenance
    prior: Study | None = None  # the earlier study that it is compared with
    caveats: tuple[Caveat, ...] = ()  # of the study as a whole
    others: tuple[Panel, ...] = ()  # what other guidelines and scores say

    def current_measurements(self) -> tuple[Measurement, ...]:
        """Return the measurements of the current study, without those of a prior one."""
        return tuple(m for m in self.measurements if not self.readings[m.reading].prior)

    def all_caveats(self) -> tuple[Caveat, ...]:
        """Return every caveat of study, series read, readings, measurements and findings, each once."""
        seen: dict[tuple[str, str, tuple[int, ...]], Caveat] = {}
        groups = [self.caveats, self.study.caveats, self.assessment.caveats]
        groups += [caveat_group for r in self.readings for caveat_group in (r.image.caveats, r.caveats)]
        groups += [m.caveats for m in self.measurements] + [f.caveats for f in self.assessment.findings]
        for caveat in (c for group in groups for c in group):
            seen.setdefault((caveat.code, caveat.text, caveat.levels), caveat)
        return tuple(seen.values())
