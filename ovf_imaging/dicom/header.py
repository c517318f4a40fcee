"""What the room needs of a DICOM file's header, as frozen records: one Header a file, one Slice a frame.

Headers live only while a study is read; nothing of them that names a patient gets into a Study.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import pydicom
from pydicom import Dataset
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from ovf_imaging.dicom import tags
from ovf_imaging.dicom.frames import Slice, slice_of
from ovf_imaging.errors import StudyError

_DAYS_A_YEAR = 365.25
_AGE_UNITS = {"Y": 1.0, "M": 1 / 12, "W": 7 / _DAYS_A_YEAR, "D": 1 / _DAYS_A_YEAR}
_OF_SERIES = ("SeriesDescription", "ProtocolName", "AcquisitionDeviceProcessingDescription")
_OF_STUDY = ("PerformedProcedureStepDescription", "RequestedProcedureDescription", "StudyDescription")


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Date, age and sex of a study's patient, and a digest that only tells patients apart."""

    taken: datetime | None
    age_years: float | None
    sex: str | None
    patient: str  # sha256 of PatientID and birth date, "" when there is no PatientID


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """One DICOM file's header."""

    path: Path
    sop_class: str
    sop_uid: str
    study_uid: str
    series_uid: str
    series_number: int
    instance_number: int | None
    modality: str
    rows: int
    columns: int
    frames: int
    photometric: str
    samples: int
    descriptions: tuple[str, ...]  # of the series, nearest first
    study_descriptions: tuple[str, ...]
    view_position: str
    view_words: str  # meanings and values of ViewCodeSequence
    stance_words: str  # meanings and values of the patient's posture codes
    patient_orientation: tuple[str, ...]
    patient_position: str
    burned_in: bool
    conversion: str
    intent: str
    visit: Visit
    slices: tuple[Slice, ...]
    complete: bool  # False where the file ends before its pixels do
    odd: bool  # pydicom had something to complain of

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.rows, self.columns


def read_header(path: Path) -> Header:
    """Return a file's header; StudyError says why it can't be read, in the words after "name: "."""
    try:
        with tags.quiet() as caught, path.open("rb") as file:
            size = file.seek(0, io.SEEK_END)
            file.seek(0)
            ds = pydicom.dcmread(file, stop_before_pixels=True, force=True)
            syntax = str(ds.file_meta.get("TransferSyntaxUID", ""))
            left = None if syntax == DeflatedExplicitVRLittleEndian else size - file.tell()
            header = header_of(ds, path, bytes_left=left)
    except OSError as error:
        raise StudyError(f"can't be read ({error.strerror or type(error).__name__})") from error
    except tags.BROKEN as error:
        raise StudyError("damaged or truncated DICOM, its header can't be read") from error
    if not header.sop_class and not header.modality:
        raise StudyError("damaged or truncated DICOM, it ends before it says what it is")
    return header if not caught else _with_oddity(header)


def _with_oddity(header: Header) -> Header:
    values = {name: getattr(header, name) for name in Header.__slots__}
    return Header(**{**values, "odd": True})


def header_of(ds: Dataset, path: Path, bytes_left: int | None = None) -> Header:
    """Return the header record of a dataset; `bytes_left` is what the file holds from its pixel element on."""
    frames = max(1, tags.whole(ds, "NumberOfFrames", 1))
    number = tags.number(ds, "InstanceNumber")
    meta = getattr(ds, "file_meta", None) or Dataset()
    return Header(
        path=path,
        sop_class=tags.uid(ds, "SOPClassUID") or tags.uid(meta, "MediaStorageSOPClassUID"),
        sop_uid=tags.uid(ds, "SOPInstanceUID") or tags.uid(meta, "MediaStorageSOPInstanceUID"),
        study_uid=tags.uid(ds, "StudyInstanceUID"),
        series_uid=tags.uid(ds, "SeriesInstanceUID"),
        series_number=tags.whole(ds, "SeriesNumber"),
        instance_number=None if number is None else int(number),
        modality=tags.word(ds, "Modality"),
        rows=tags.whole(ds, "Rows"),
        columns=tags.whole(ds, "Columns"),
        frames=frames,
        photometric=tags.word(ds, "PhotometricInterpretation"),
        samples=tags.whole(ds, "SamplesPerPixel", 1),
        descriptions=tuple(t for t in (tags.text(ds, k) for k in _OF_SERIES) if t),
        study_descriptions=tuple(t for t in (tags.text(ds, k) for k in _OF_STUDY) if t),
        view_position=tags.text(ds, "ViewPosition").upper(),
        view_words=_code_words(ds, "ViewCodeSequence"),
        stance_words=_code_words(ds, "PatientOrientationCodeSequence", "PatientOrientationModifierCodeSequence"),
        patient_orientation=tuple(v.upper() for v in tags.texts(ds, "PatientOrientation")),
        patient_position=tags.text(ds, "PatientPosition").upper(),
        burned_in=tags.text(ds, "BurnedInAnnotation").upper() == "YES",
        conversion=tags.text(ds, "ConversionType").upper(),
        intent=tags.text(ds, "PresentationIntentType").upper(),
        visit=_visit(ds),
        slices=tuple(slice_of(ds, n) for n in range(frames)),
        complete=_complete(ds, bytes_left),
        odd=False,
    )


def _code_words(ds: Dataset, *keywords: str) -> str:
    codes: list[str] = []
    for keyword in keywords:
        for code in tags.items(ds, keyword):
            codes += [tags.text(code, "CodeValue"), tags.text(code, "CodeMeaning")]
            codes.append(_code_words(code, "PatientOrientationModifierCodeSequence"))
    return " ".join(c for c in codes if c)


def native_bytes(ds: Dataset) -> int:
    """Return how many bytes the pixels of a dataset take when not compressed, without a pad byte."""
    bits = tags.whole(ds, "BitsAllocated", 16)
    count = tags.whole(ds, "Rows") * tags.whole(ds, "Columns") * tags.whole(ds, "SamplesPerPixel", 1)
    return (count * max(1, tags.whole(ds, "NumberOfFrames", 1)) * bits + 7) // 8


def _complete(ds: Dataset, bytes_left: int | None) -> bool:
    """Tell whether the rest of the file can hold the pixels; of a compressed file only that there is a rest."""
    if bytes_left is None:
        return True
    if not syntax_of(ds).is_encapsulated:
        return bytes_left >= native_bytes(ds)
    return bytes_left > 0


def syntax_of(ds: Dataset) -> UID:
    """Return the transfer syntax; where the file doesn't name one, the one its header was found to be written in."""
    named = tags.uid(getattr(ds, "file_meta", None) or Dataset(), "TransferSyntaxUID")
    if named and UID(named).is_transfer_syntax:
        return UID(named)
    if named:
        raise StudyError(f"transfer syntax {named} is not known; export the study as Explicit VR Little Endian")
    implicit, little = ds.original_encoding
    if little is False:
        return ExplicitVRBigEndian
    return ExplicitVRLittleEndian if implicit is False else ImplicitVRLittleEndian


def _visit(ds: Dataset) -> Visit:
    taken = _moment(ds)
    sex = tags.text(ds, "PatientSex").upper()
    patient = tags.text(ds, "PatientID")
    key = f"{patient}\n{tags.text(ds, 'PatientBirthDate')}"
    return Visit(
        taken=taken,
        age_years=_age_years(ds, taken),
        sex=sex if sex in ("F", "M", "O") else None,
        patient=hashlib.sha256(key.encode("utf-8", "replace")).hexdigest() if patient else "",
    )


def _day(text: str) -> date | None:
    digits = text.replace(".", "").replace("-", "")[:8]
    try:
        return datetime.strptime(digits, "%Y%m%d").date()
    except ValueError:
        return None


def _moment(ds: Dataset) -> datetime | None:
    """Return when the study was taken, at midnight where only the day is told."""
    for stem in ("Study", "Series", "Acquisition", "Content"):
        day = _day(tags.text(ds, f"{stem}Date"))
        if day is not None:
            clock = tags.text(ds, f"{stem}Time").replace(":", "").split(".")[0]
            for form, length in (("%H%M%S", 6), ("%H%M", 4), ("%H", 2)):
                try:
                    time = datetime.strptime(clock[:length], form).time()
                except ValueError:
                    continue
                return datetime.combine(day, time)
            return datetime.combine(day, datetime.min.time())
    return None


def _age_years(ds: Dataset, taken: datetime | None) -> float | None:
    age = tags.text(ds, "PatientAge").upper()
    if len(age) > 1 and age[:-1].isdecimal() and age[-1] in _AGE_UNITS:
        return int(age[:-1]) * _AGE_UNITS[age[-1]]
    born = _day(tags.text(ds, "PatientBirthDate"))
    if born is None or taken is None or born > taken.date():
        return None
    return (taken.date() - born).days / _DAYS_A_YEAR
