"""Place and contrast of each frame, from a classic header or from the functional groups of an enhanced one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from ovf_imaging.dicom import tags

Triple = tuple[float, float, float]
_UNIT_TOLERANCE = 0.01  # how far a direction cosine triple may be from a unit vector, or two from a right angle


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """What the tags say of an MR weighting; None or empty = not told."""

    echo_ms: float | None = None
    repetition_ms: float | None = None
    inversion_ms: float | None = None
    technique: frozenset[str] = frozenset()  # SE, IR, GR, EP
    named: str = ""  # AcquisitionContrast of enhanced MR
    options: frozenset[str] = frozenset()  # ScanOptions
    suppressed: bool = False  # SpectrallySelectedSuppression names fat
    kinds: frozenset[str] = frozenset()  # values of ImageType and FrameType
    sequence_name: str = ""
    agent: bool = False
    diffusion: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """One frame's place and contrast."""

    orientation: tuple[Triple, Triple] | None  # unit vectors along a row and down a column, LPS
    origin: Triple | None  # LPS mm of the first pixel's centre
    spacing_mm: tuple[float, float] | None  # row step, column step
    thickness_mm: float | None
    location: float | None  # SliceLocation
    moment: tuple[float, ...]  # acquisition and time-point numbers
    contrast: Contrast


def groups(ds: Dataset, frame: int) -> tuple[Dataset, ...]:
    """Return where to look for a frame's attributes: its own groups, the shared ones, the dataset itself."""
    per_frame = tags.items(ds, "PerFrameFunctionalGroupsSequence")
    own = per_frame[frame] if frame < len(per_frame) else None
    shared = tags.item(ds, "SharedFunctionalGroupsSequence")
    return tuple(g for g in (own, shared) if g is not None)


def macro(ds: Dataset, frame: int, name: str) -> Dataset:
    """Return a functional group's item for a frame; the dataset itself where it has no such group."""
    for group in groups(ds, frame):
        found = tags.item(group, name)
        if found is not None:
            return found
    return ds


def slice_of(ds: Dataset, frame: int) -> Slice:
    """Return one frame's place and contrast."""
    measures = macro(ds, frame, "PixelMeasuresSequence")
    content = macro(ds, frame, "FrameContentSequence")
    moment = (
        tags.number(content, "TemporalPositionIndex"),
        tags.number(content, "FrameAcquisitionNumber"),
        tags.number(ds, "TemporalPositionIdentifier"),
        tags.number(ds, "AcquisitionNumber"),
    )
    return Slice(
        orientation=orientation_of(macro(ds, frame, "PlaneOrientationSequence")),
        origin=_triple(macro(ds, frame, "PlanePositionSequence"), "ImagePositionPatient"),
        spacing_mm=spacing_mm(measures, "PixelSpacing"),
        thickness_mm=_positive(measures, "SliceThickness"),
        location=tags.number(ds, "SliceLocation"),
        moment=tuple(-1.0 if v is None else v for v in moment),
        contrast=contrast_of(ds, frame),
    )


def contrast_of(ds: Dataset, frame: int) -> Contrast:
    """Return what the tags say of a frame's MR weighting."""
    modifier = macro(ds, frame, "MRModifierSequence")
    kind = macro(ds, frame, "MRImageFrameTypeSequence")
    timing = macro(ds, frame, "MRTimingAndRelatedParametersSequence")
    technique = {v.upper() for v in tags.texts(ds, "ScanningSequence")}
    technique |= {"IR"} if tags.text(modifier, "InversionRecovery").upper() == "YES" else set()
    technique |= {"GR"} if tags.text(ds, "EchoPulseSequence").upper() == "GRADIENT" else set()
    kinds = {v.upper() for d in (ds, kind) for k in ("ImageType", "FrameType") for v in tags.texts(d, k)}
    echo = macro(ds, frame, "MREchoSequence")
    named = tags.text(kind, "AcquisitionContrast") or tags.text(ds, "AcquisitionContrast")
    return Contrast(
        echo_ms=_positive(echo, "EffectiveEchoTime") or _positive(ds, "EchoTime"),
        repetition_ms=_positive(timing, "RepetitionTime") or _positive(ds, "RepetitionTime"),
        inversion_ms=_positive(modifier, "InversionTimes") or _positive(ds, "InversionTime"),
        technique=frozenset(technique - {""}),
        named=named.upper(),
        options=frozenset(v.upper() for v in tags.texts(ds, "ScanOptions")),
        suppressed="FAT" in tags.text(modifier, "SpectrallySelectedSuppression").upper(),
        kinds=frozenset(kinds - {""}),
        sequence_name=(tags.text(ds, "SequenceName") or tags.text(ds, "PulseSequenceName")).lower(),
        agent=bool(tags.text(ds, "ContrastBolusAgent")) or bool(tags.items(ds, "ContrastBolusAgentSequence")),
        diffusion=bool(_positive(ds, "DiffusionBValue"))
        or bool(_positive(macro(ds, frame, "MRDiffusionSequence"), "DiffusionBValue")),
    )


def spacing_mm(ds: Dataset, keyword: str) -> tuple[float, float] | None:
    """Return a spacing tag as (row step, column step), None unless it holds two positive numbers."""
    got = tags.numbers(ds, keyword)
    return (got[0], got[1]) if len(got) == 2 and min(got) > 0 else None


def _positive(ds: Dataset, keyword: str) -> float | None:
    got = tags.number(ds, keyword)
    return got if got is not None and got > 0 else None


def _triple(ds: Dataset, keyword: str) -> Triple | None:
    got = tags.numbers(ds, keyword)
    return (got[0], got[1], got[2]) if len(got) == 3 else None


def orientation_of(ds: Dataset) -> tuple[Triple, Triple] | None:
    """Return ImageOrientationPatient as two orthonormal vectors; None unless it nearly is that already."""
    got = tags.numbers(ds, "ImageOrientationPatient")
    if len(got) != 6:
        return None
    along, down = np.asarray(got[:3]), np.asarray(got[3:])
    lengths = np.linalg.norm(along), np.linalg.norm(down)
    if max(abs(lengths[0] - 1), abs(lengths[1] - 1), abs(along @ down)) > _UNIT_TOLERANCE:
        return None
    along = along / lengths[0]
    down = down - (along @ down) * along
    down = down / np.linalg.norm(down)
    return _as_triple(along), _as_triple(down)


def _as_triple(vector: NDArray[np.float64]) -> Triple:
    return float(vector[0]), float(vector[1]), float(vector[2])
