"""Simulated pictures as DICOM, as a scanner would write them, of a patient who never was."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian, MRImageStorage

from ovf_imaging.training.simulation.film.film import BITS, Film
from ovf_imaging.training.simulation.mri import Scan, SequenceImage
from ovf_imaging.training.simulation.volume import PatientTruth
from ovf_imaging.types import Position, Sequence

FIRST_DAY = date(2026, 1, 5)
_NAMES = {Sequence.T1: "T1 sagittal", Sequence.T2: "T2 sagittal", Sequence.FLUID: "STIR sagittal"}
_POSITIONS = {Position.NEUTRAL: "", Position.UNKNOWN: ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Which picture of which study of which case."""

    case: str  # its name, which all UIDs are made of
    study: int  # from 1
    series: int  # from 1
    days: int


def film_files(film: Film, truth: PatientTruth, place: Place) -> dict[str, bytes]:
    """Return name → bytes of one radiograph."""
    ds = _dataset(place, 1, DigitalXRayImageStorageForPresentation, "DX", truth)
    geometry = film.geometry
    kind = "lateral" if film.view == "lateral" else "AP"
    ds.SeriesDescription = " ".join(w for w in ("Spine", kind, _position(truth.position)) if w)
    ds.BodyPartExamined, ds.ViewPosition = "SPINE", geometry.view_position
    ds.PatientOrientation = list(geometry.patient_orientation)
    ds.DistanceSourceToDetector, ds.DistanceSourceToPatient = f"{geometry.sid_mm:.1f}", f"{geometry.sod_mm:.1f}"
    ds.EstimatedRadiographicMagnificationFactor = f"{geometry.magnification:.4f}"
    if geometry.imager_pixel_mm is not None:
        ds.ImagerPixelSpacing = [f"{geometry.imager_pixel_mm:.6f}"] * 2
    ds.ImageLaterality, ds.PresentationIntentType, ds.PixelIntensityRelationship = "U", "FOR PRESENTATION", "LOG"
    ds.PresentationLUTShape = "INVERSE" if geometry.photometric == "MONOCHROME1" else "IDENTITY"
    _put_pixels(ds, film.pixels, geometry.photometric)
    return {f"film_{place.series}.dcm": _bytes(ds)}


def painted_film_file(pixels: NDArray[np.uint16], facing: str, source: str, place: Place) -> dict[str, bytes]:
    """Return name → bytes of a real film (H, W) with findings painted in: no patient and no scale is known of it."""
    ds = _dataset(place, 1, DigitalXRayImageStorageForPresentation, "DX", None)
    ds.SeriesDescription, ds.BodyPartExamined, ds.ViewPosition = "Spine lateral (painted)", "SPINE", "LL"
    ds.DerivationDescription = f"findings painted into {source}"
    ds.PatientOrientation = ["P" if facing == "left" else "A", "F"]
    ds.ImageLaterality, ds.PresentationIntentType, ds.PixelIntensityRelationship = "U", "FOR PRESENTATION", "LOG"
    _put_pixels(ds, pixels, "MONOCHROME2")
    return {f"film_{place.series}.dcm": _bytes(ds)}


def scan_files(scan: Scan, truth: PatientTruth, place: Place) -> dict[str, bytes]:
    """Return name → bytes of the slices of T1, T2 and STIR, or what stands in for the STIR."""
    files = {}
    for number, image in enumerate(scan.images.values(), start=place.series):
        series = Place(case=place.case, study=place.study, series=number, days=place.days)
        for index in range(len(image.pixels)):
            ds = _slice(image, index, truth, series, float(scan.drawn["field_t"]))
            files[f"{image.sequence.value}/slice_{index + 1:02d}.dcm"] = _bytes(ds)
    return files


def _slice(image: SequenceImage, index: int, truth: PatientTruth, place: Place, field_t: float) -> Dataset:
    ds = _dataset(place, index + 1, MRImageStorage, "MR", truth)
    suppressed = image.timing.fat_left < 1
    ds.ImageType = ["DERIVED", "PRIMARY", "M"]
    ds.SeriesDescription = "T2 FS sagittal" if suppressed else _NAMES[image.sequence]
    ds.ScanningSequence = ["SE", "IR"] if image.timing.ti_ms else "SE"
    ds.SequenceVariant, ds.ScanOptions, ds.MRAcquisitionType = "SK", "FS" if suppressed else "", "2D"
    ds.EchoTime, ds.RepetitionTime = f"{image.timing.te_ms:.1f}", f"{image.timing.tr_ms:.1f}"
    if image.timing.ti_ms:
        ds.InversionTime = f"{image.timing.ti_ms:.1f}"
    ds.MagneticFieldStrength, ds.PatientPosition = f"{field_t:g}", "HFS"
    steps = np.linalg.norm(image.affine[:3, :3], axis=0)
    row, column = image.affine[:3, 1] / steps[1], image.affine[:3, 2] / steps[2]
    ds.ImageOrientationPatient = [f"{v:.8f}" for v in (*column, *row)]
    ds.ImagePositionPatient = [f"{v:.5f}" for v in image.affine[:3, 3] + index * image.affine[:3, 0]]
    ds.PixelSpacing = [f"{steps[1]:.6f}", f"{steps[2]:.6f}"]
    ds.SliceThickness = ds.SpacingBetweenSlices = f"{steps[0]:.4f}"
    ds.FrameOfReferenceUID = uid(place.case, place.study, "frame")
    _put_pixels(ds, image.pixels[index], "MONOCHROME2")
    return ds


def uid(*parts: object) -> UID:
    """Return a UID that depends on its parts alone."""
    number = int(hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()[:30], 16)
    return UID(f"2.25.{number}")


def _dataset(place: Place, instance: int, sop_class: UID, modality: str, truth: PatientTruth | None) -> FileDataset:
    sop = uid(place.case, place.study, place.series, instance)
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = sop_class, sop
    meta.TransferSyntaxUID, meta.ImplementationClassUID = ExplicitVRLittleEndian, uid("ovf-imaging")
    ds = FileDataset("", Dataset(), file_meta=meta, preamble=b"\0" * 128)
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPClassUID, ds.SOPInstanceUID = sop_class, sop
    ds.StudyInstanceUID = uid(place.case, place.study)
    ds.SeriesInstanceUID = uid(place.case, place.study, place.series)
    ds.Modality, ds.Manufacturer = modality, "ovf-imaging simulation"
    ds.PatientName, ds.PatientID = "Simulated^Patient", f"SIM-{place.case}"
    ds.PatientBirthDate, ds.PatientSex = "", "" if truth is None else truth.sex
    if truth is not None:
        ds.PatientAge = f"{int(truth.age_years):03d}Y"
    day = FIRST_DAY + timedelta(days=place.days)
    ds.StudyDate, ds.StudyTime, ds.StudyID, ds.AccessionNumber = day.strftime("%Y%m%d"), "101500", str(place.study), ""
    ds.ReferringPhysicianName, ds.SeriesNumber, ds.InstanceNumber = "", place.series, instance
    return ds


def _position(position: Position) -> str:
    return _POSITIONS.get(position, position.value)


def _put_pixels(ds: Dataset, pixels: NDArray[np.uint16], photometric: str) -> None:
    ds.Rows, ds.Columns = pixels.shape
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, photometric
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, BITS, BITS - 1, 0
    ds.PixelData = pixels.astype("<u2").tobytes()


def _bytes(ds: Dataset) -> bytes:
    file = io.BytesIO()
    ds.save_as(file, enforce_file_format=True)
    return file.getvalue()
