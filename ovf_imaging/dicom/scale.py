"""Whose millimetres a film's pixels are: the patient's, the detector's, or nobody's. Never guessed silently.

Source: DICOM PS3.3 10.7.1.3 (Pixel Spacing Calibration) and C.8.7.10 (projection geometry).
"""

from __future__ import annotations

from dataclasses import dataclass

from pydicom import Dataset

from ovf_imaging.dicom import tags
from ovf_imaging.dicom.frames import spacing_mm
from ovf_imaging.types import Caveat, Scale

_LARGEST_MAGNIFICATION = 3.0  # beyond it a tag is a slip: the patient can't be that near to the tube
_SAME = 1e-3  # relative difference below which two spacings are one


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmScale:
    """Row and column step of a film, whose millimetres they are, and what that rests on."""

    row: float
    column: float
    scale: Scale
    source: str
    caveats: tuple[Caveat, ...] = ()


def film_scale(ds: Dataset) -> FilmScale:
    """Return the scale of a film from its tags; steps are pixels when the scale is unknown."""
    pixel = spacing_mm(ds, "PixelSpacing")
    imager = spacing_mm(ds, "ImagerPixelSpacing")
    scanned = spacing_mm(ds, "NominalScannedPixelSpacing")
    kind = tags.text(ds, "PixelSpacingCalibrationType").upper()
    if pixel and (kind or imager is None or not _same(pixel, imager)):
        return _patient(pixel, f"PixelSpacing, calibrated ({kind})" if kind else "PixelSpacing, taken as calibrated")
    if imager:
        return _from_detector(ds, imager, "ImagerPixelSpacing")
    if scanned:
        return _from_detector(ds, scanned, "NominalScannedPixelSpacing of the digitised film")
    return _unknown(ds)


def _same(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return all(abs(a - b) <= _SAME * b for a, b in zip(one, other, strict=True))


def _patient(step: tuple[float, float], source: str) -> FilmScale:
    return FilmScale(row=step[0], column=step[1], scale=Scale.PATIENT, source=source)


def _from_detector(ds: Dataset, step: tuple[float, float], source: str) -> FilmScale:
    factor, how = _magnification(ds)
    if factor is not None:
        return _patient((step[0] / factor, step[1] / factor), f"{source} ÷ {factor:.4g} ({how})")
    text = f"lengths are at the detector ({source}), larger than in the patient; no magnification is told"
    caveat = Caveat(code="scale-detector", text=text, must_see=True)
    where = f"{source}, at detector, magnified"
    return FilmScale(row=step[0], column=step[1], scale=Scale.DETECTOR, source=where, caveats=(caveat,))


def _magnification(ds: Dataset) -> tuple[float | None, str]:
    """Return the film's magnification and the tag it comes from; a factor of 1 or an impossible one is not told."""
    factor = tags.number(ds, "EstimatedRadiographicMagnificationFactor")
    if factor is not None and 1 < factor <= _LARGEST_MAGNIFICATION:
        return factor, "EstimatedRadiographicMagnificationFactor"
    detector, patient = tags.number(ds, "DistanceSourceToDetector"), tags.number(ds, "DistanceSourceToPatient")
    if detector and patient and 1 < detector / patient <= _LARGEST_MAGNIFICATION:
        return detector / patient, "DistanceSourceToDetector ÷ DistanceSourceToPatient"
    return None, ""


def _unknown(ds: Dataset) -> FilmScale:
    """Return pixel units; the column step differs from 1 where PixelAspectRatio says that pixels aren't square."""
    aspect = tags.numbers(ds, "PixelAspectRatio")
    across = aspect[1] / aspect[0] if len(aspect) == 2 and min(aspect) > 0 else 1.0
    text = "the size of a pixel is not told: ratios and angles only, no millimetres"
    caveat = Caveat(code="scale-unknown", text=text)
    return FilmScale(row=1.0, column=across, scale=Scale.UNKNOWN, source="no spacing told, pixels", caveats=(caveat,))
