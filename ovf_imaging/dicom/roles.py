"""What a DICOM file is to us, by its SOP class: an MR image, a film, or something set aside with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pydicom._uid_dict import UID_dictionary
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    DigitalXRayImageStorageForProcessing,
    EnhancedMRImageStorage,
    LegacyConvertedEnhancedMRImageStorage,
    MediaStorageDirectoryStorage,
    MRImageStorage,
    XRayRadiofluoroscopicImageStorage,
)

from ovf_imaging.dicom.contrast import not_anatomy
from ovf_imaging.dicom.header import Header

_MR = {MRImageStorage, EnhancedMRImageStorage, LegacyConvertedEnhancedMRImageStorage}
_FILM = {
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    DigitalXRayImageStorageForProcessing,
    XRayRadiofluoroscopicImageStorage,
}
_STORAGE = "1.2.840.10008.5.1.4.1.1."
_BY_PREFIX = (  # of the SOP class below _STORAGE → code, what it is
    ("2", "ct", "CT"),
    ("2.", "ct", "CT"),
    ("7", "screenshot", "secondary capture (screenshot)"),
    ("7.", "screenshot", "secondary capture (screenshot)"),
    ("11.", "document", "presentation state"),
    ("88.", "document", "structured report"),
    ("104.", "document", "encapsulated document (PDF)"),
    ("66.4", "segmentation", "segmentation"),
    ("66", "document", "raw or registration data"),
    ("4.2", "document", "MR spectroscopy"),
    ("4.3", "colour", "colour MR"),
    ("12.1", "angiography", "X-ray angiography"),
    ("12.2.1", "angiography", "fluoroscopy run"),
    ("77.", "photograph", "photograph"),
)
_BY_MODALITY = {"MR": "mr", "CR": "film", "DX": "film", "DR": "film", "RF": "film", "RG": "film"}
_DIGITISED_FILM = "DF"
_LONGEST_MODALITY = 2  # letters; longer ones name things that are no images
NO_PIXELS = "no-pixels"  # an image class whose file ends before it describes an image


class Role(StrEnum):
    """How a file is used."""

    MR = "mr"
    FILM = "film"
    ASIDE = "aside"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A file's role; for what is set aside its caveat code's stem and what it is, in words."""

    role: Role
    code: str = ""
    what: str = ""


def is_dicomdir(header: Header) -> bool:
    """Tell whether a file is a DICOMDIR, which lists files and is none."""
    return header.sop_class == MediaStorageDirectoryStorage


def part_of(header: Header) -> Part:
    """Return what a file is, by SOP class, then by modality where no SOP class is told."""
    role = _role(header)
    if role.role is Role.ASIDE:
        return role
    if header.photometric not in ("MONOCHROME1", "MONOCHROME2", "") or header.samples != 1:
        return Part(role=Role.ASIDE, code="colour", what=f"colour image ({header.photometric or 'no photometric tag'})")
    if header.rows < 1 or header.columns < 1:
        return Part(role=Role.ASIDE, code=NO_PIXELS, what="file without an image")
    if role.role is Role.FILM and header.frames > 1:
        return Part(role=Role.ASIDE, code="angiography", what=f"film of {header.frames} frames (fluoroscopy run)")
    shows = not_anatomy(header.slices[0].contrast) if role.role is Role.MR else ""
    if shows and all(not_anatomy(s.contrast) for s in header.slices):
        return Part(role=Role.ASIDE, code="derived", what=shows)
    return role


def _role(header: Header) -> Part:
    if header.sop_class in _MR:
        return Part(role=Role.MR)
    if header.sop_class in _FILM:
        return Part(role=Role.FILM)
    if not header.sop_class:
        known = _BY_MODALITY.get(header.modality, "")
        return Part(role=Role(known)) if known else _aside(header)
    clean = not header.burned_in and header.photometric.startswith("MONOCHROME")
    if header.sop_class.startswith(f"{_STORAGE}7") and header.conversion == _DIGITISED_FILM and clean:
        return Part(role=Role.FILM)
    return _aside(header)


def _aside(header: Header) -> Part:
    if header.modality == "CT" and not header.sop_class:
        return Part(role=Role.ASIDE, code="ct", what="CT")
    below = header.sop_class.removeprefix(_STORAGE)
    for prefix, code, what in _BY_PREFIX if below != header.sop_class else ():
        if below == prefix or (prefix.endswith(".") and below.startswith(prefix)):
            return Part(role=Role.ASIDE, code=code, what=what)
    known = UID_dictionary.get(header.sop_class)
    name = known[0] if known else f"file of an unknown class (modality {_known_modality(header.modality)})"
    return Part(role=Role.ASIDE, code="other", what=name)


def _known_modality(modality: str) -> str:
    return modality if len(modality) <= _LONGEST_MODALITY and modality.isalpha() else "not told"
