"""Small DICOM files made by hand, after the recipe at the top of the field reports."""

from __future__ import annotations

import warnings
from collections import abc
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    UID,
    CTImageStorage,
    DigitalXRayImageStorageForPresentation,
    EnhancedMRImageStorage,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    MRImageStorage,
)

SAGITTAL = [0, 1, 0, 0, 0, -1]
AXIAL = [1, 0, 0, 0, 1, 0]
CORONAL = [1, 0, 0, 0, 0, -1]
STUDY_UID = "1.2.826.0.1.3680043.8.498.1"
SERIES_UID = f"{STUDY_UID}.2"
Array = NDArray[Any]
_NATIVE = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian)


def put_pixels(ds: Dataset, pixels: Array, *, bits: int | None = None) -> Dataset:
    """Put an array into a dataset as its native pixels."""
    width = pixels.dtype.itemsize * 8
    stored = bits or width
    rows, columns = pixels.shape[-2:] if pixels.shape[-1] != 3 else pixels.shape[-3:-1]
    ds.Rows, ds.Columns = int(rows), int(columns)
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = width, stored, stored - 1
    ds.PixelRepresentation = int(pixels.dtype.kind == "i")
    ds.SamplesPerPixel = 3 if pixels.shape[-1] == 3 and pixels.ndim == 3 else 1
    ds.PhotometricInterpretation = "RGB" if ds.SamplesPerPixel == 3 else "MONOCHROME2"
    if ds.SamplesPerPixel == 3:
        ds.PlanarConfiguration = 0
    data = pixels.tobytes()
    ds.add_new("PixelData", "OW" if width > 8 else "OB", data + b"\x00" * (len(data) % 2))
    return ds


def blank(sop_class: str, sop_uid: str) -> Dataset:
    """A dataset of one study and series, without pixels."""
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = sop_class, sop_uid
    ds.StudyInstanceUID, ds.SeriesInstanceUID = STUDY_UID, SERIES_UID
    ds.FrameOfReferenceUID = f"{STUDY_UID}.3"
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.PatientName, ds.PatientID = "Secret^Person", "SECRET-ID"
    ds.StudyDate, ds.SeriesNumber = "20240131", 1
    return ds


def mr(i: int = 0, *, uid: str = "", pixels: Array | None = None, **changes: Any) -> Dataset:
    """Slice i of the base MR series: 16 × 12 px, sagittal, 4 mm apart, filled with i + 1."""
    ds = blank(MRImageStorage, uid or f"{SERIES_UID}.{i + 1}")
    ds.Modality, ds.InstanceNumber = "MR", i + 1
    ds.ImageType = ["ORIGINAL", "PRIMARY", "M"]
    ds.ImageOrientationPatient, ds.ImagePositionPatient = SAGITTAL, [4.0 * i, -50, 50]
    ds.PixelSpacing, ds.SliceThickness = [0.5, 0.5], 3.5
    ds.ScanningSequence, ds.SequenceVariant, ds.ScanOptions = "SE", "SK", ""
    ds.EchoTime, ds.RepetitionTime = 100, 3500
    ds.PatientPosition = "HFS"
    put_pixels(ds, np.full((16, 12), i + 1, np.uint16) if pixels is None else pixels)
    return changed(ds, **changes)


def ct(i: int = 0, **changes: Any) -> Dataset:
    """Slice i of an axial CT, as tall as the base MR."""
    ds = mr(i, ImageOrientationPatient=AXIAL, ImagePositionPatient=[-50, -50, 4.0 * i])
    ds.SOPClassUID, ds.Modality = CTImageStorage, "CT"
    return changed(ds, **changes)


def film(pixels: Array | None = None, *, uid: str = "", sop_class: str = "", **changes: Any) -> Dataset:
    """A lateral film without any spacing: 32 × 24 px, a ramp of 12 bits."""
    ds = blank(sop_class or DigitalXRayImageStorageForPresentation, uid or f"{SERIES_UID}.1")
    ds.Modality, ds.InstanceNumber, ds.ViewPosition = "DX", 1, "LL"
    put_pixels(ds, ramp() if pixels is None else pixels, bits=12)
    return changed(ds, **changes)


def ramp(rows: int = 32, columns: int = 24, top: int = 4095) -> NDArray[np.uint16]:
    """Values from 0 to top, all over the picture."""
    return np.linspace(0, top, rows * columns).round().astype(np.uint16).reshape(rows, columns)


def enhanced(frames: abc.Sequence[tuple[list[float], list[float]]], pixels: Array, **changes: Any) -> Dataset:
    """An enhanced MR file with (orientation, position) per frame and pixels (frames, rows, columns)."""
    ds = blank(EnhancedMRImageStorage, f"{SERIES_UID}.1")
    ds.Modality, ds.NumberOfFrames = "MR", len(frames)
    put_pixels(ds, pixels)
    shared, measures, timing, echo = Dataset(), Dataset(), Dataset(), Dataset()
    measures.PixelSpacing, measures.SliceThickness = [0.5, 0.5], 3.5
    timing.RepetitionTime, echo.EffectiveEchoTime = 3500, 100
    shared.PixelMeasuresSequence = [measures]
    shared.MRTimingAndRelatedParametersSequence, shared.MREchoSequence = [timing], [echo]
    ds.SharedFunctionalGroupsSequence = [shared]
    groups = []
    for orientation, position in frames:
        group, plane, place = Dataset(), Dataset(), Dataset()
        plane.ImageOrientationPatient, place.ImagePositionPatient = orientation, position
        group.PlaneOrientationSequence, group.PlanePositionSequence = [plane], [place]
        groups.append(group)
    ds.PerFrameFunctionalGroupsSequence = groups
    return changed(ds, **changes)


def changed(ds: Dataset, **changes: Any) -> Dataset:
    """Set tags by keyword; None takes a tag away. Odd values are meant, so pydicom's complaints are silenced."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for keyword, value in changes.items():
            if value is None:
                delattr(ds, keyword) if keyword in ds else None
            else:
                setattr(ds, keyword, value)
    return ds


def save(ds: Dataset, path: Path, syntax: UID = ExplicitVRLittleEndian) -> Path:
    """Write a dataset, with values in the byte order of its syntax."""
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = syntax
    ds.file_meta.MediaStorageSOPClassUID = ds.get("SOPClassUID", MRImageStorage)
    ds.file_meta.MediaStorageSOPInstanceUID = ds.get("SOPInstanceUID", "1.2.3")
    little = syntax != ExplicitVRBigEndian
    if not little and ds.BitsAllocated == 16:
        ds.PixelData = np.frombuffer(ds.PixelData, "<u2").astype(">u2").tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pydicom.dcmwrite(
            path,
            ds,
            implicit_vr=syntax == ImplicitVRLittleEndian if syntax in _NATIVE else None,
            little_endian=little if syntax in _NATIVE else None,
            enforce_file_format=True,
        )
    return path


def save_compressed(ds: Dataset, path: Path, syntax: UID, frame: bytes) -> Path:
    """Write a dataset whose pixels are one compressed frame."""
    ds.PixelData = encapsulate([frame])
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True
    return save(ds, path, syntax)


def save_series(folder: Path, count: int = 4, **changes: Any) -> Path:
    """Write the base MR series as 1.dcm, 2.dcm, …; return the folder."""
    for i in range(count):
        save(mr(i, **changes), folder / f"{i + 1}.dcm")
    return folder
