"""The samples that are made of real images: copied, projected from a CT, painted into."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import SimpleITK as sitk  # noqa: N813
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import (
    UID,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    MRImageStorage,
)
from scipy import ndimage

from ovf_imaging.training.paint import Fracture, Warp
from ovf_imaging.training.simulation.cases.dicom_files import uid

# Corners of the body to be broken in the T2 volume, (row, column) from the head and from the front, in mm.
PAINTED_BODY = np.array([[71.5, 146], [72.8, 160], [75.5, 174], [93.0, 143], [95.2, 157], [96.5, 171.5]])
POLYGON_SLICES = ("valid_630.jpg", "valid_653.jpg", "valid_686.jpg")


def base(name: str, instance: int, sop_class: UID, modality: str) -> FileDataset:
    """Return an empty image dataset of a made-up patient."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = sop_class
    meta.MediaStorageSOPInstanceUID = uid(name, instance)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = uid("ovf-imaging")
    ds = FileDataset("", Dataset(), file_meta=meta, preamble=b"\0" * 128)
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPClassUID, ds.SOPInstanceUID = sop_class, uid(name, instance)
    ds.StudyInstanceUID, ds.SeriesInstanceUID = uid(name, "study"), uid(name, "series")
    ds.Modality, ds.Manufacturer = modality, "ovf-imaging sample"
    ds.PatientName, ds.PatientID = "Sample^Synthetic", f"SAMPLE-{name}"
    ds.PatientBirthDate, ds.PatientSex, ds.PatientAge = "", "F", "074Y"
    ds.StudyDate, ds.StudyTime, ds.StudyID, ds.AccessionNumber = "20260105", "101500", "1", ""
    ds.ReferringPhysicianName, ds.SeriesNumber, ds.InstanceNumber = "", 1, instance
    return ds


def put_pixels(ds: Dataset, pixels: NDArray[np.uint16]) -> None:
    """Store 12-bit grey values."""
    ds.Rows, ds.Columns = pixels.shape
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.PixelData = pixels.astype("<u2").tobytes()


def projected_film(data: Path, out: Path) -> None:
    """Project the CT with a real collapsed L1 to the side: a lateral film of real anatomy."""
    name = "film_l1_collapse"
    image = sitk.DICOMOrient(sitk.ReadImage(str(data / "ct_verse" / "verse012_ct.nii.gz")), "LPS")
    across_mm, deep_mm, down_mm = image.GetSpacing()
    hounsfield = sitk.GetArrayFromImage(image).astype(np.float64)[::-1]  # head first
    attenuation = np.clip(hounsfield + 1000, 0, None) * 2e-5 + np.clip(hounsfield - 150, 0, None) * 3e-5
    path = attenuation.sum(2) * across_mm
    fine = ndimage.zoom(path, (down_mm * 3, deep_mm * 3), order=3)[12:-12]
    low, high = np.percentile(fine, [1, 99.7])
    pixels = np.round(np.clip((fine - low) / (high - low), 0, 1) * 4095).astype(np.uint16)
    ds = base(name, 1, DigitalXRayImageStorageForPresentation, "DX")
    ds.ViewPosition, ds.BodyPartExamined, ds.SeriesDescription = "LL", "LSPINE", "Lumbar spine lateral (projected CT)"
    ds.PatientOrientation = ["P", "F"]
    ds.PixelSpacing = [f"{1 / 3:.6f}"] * 2
    ds.PixelSpacingCalibrationType = "GEOMETRY"
    ds.PixelSpacingCalibrationDescription = "projected CT, patient plane"
    ds.ImageLaterality, ds.PresentationIntentType, ds.PixelIntensityRelationship = "U", "FOR PRESENTATION", "LOG"
    put_pixels(ds, pixels)
    folder = out / name
    folder.mkdir(parents=True, exist_ok=True)
    ds.save_as(folder / "film.dcm", enforce_file_format=True)


def painted_series(data: Path, out: Path) -> None:
    """Break one body of the T2 volume and write every third slice as a DICOM series."""
    name = "mri_painted_wedge"
    image = sitk.DICOMOrient(sitk.ReadImage(str(data / "mri_t2_thoracolumbar" / "t2_lumbar.nii.gz")), "LPI")
    volume = sitk.GetArrayFromImage(image).astype(np.float64)  # (head first, front first, right first)
    volume = volume.transpose(2, 0, 1)[1::3]
    warp = Warp(PAINTED_BODY, Fracture(front_loss=0.45, crush=0.0, superior_dent=0.08, inferior_dent=0.0))
    grid = np.stack(np.meshgrid(*(np.arange(n, dtype=float) for n in volume.shape[1:]), indexing="ij"), -1)
    source = warp.inverse(grid)
    scale = 3000 / np.percentile(volume, 99.8)
    folder = out / name
    folder.mkdir(parents=True, exist_ok=True)
    for index, plane in enumerate(volume):
        moved = ndimage.map_coordinates(plane, [source[..., 0], source[..., 1]], order=1, mode="constant")
        ds = base(name, index + 1, MRImageStorage, "MR")
        ds.ImageType, ds.SeriesDescription = ["DERIVED", "PRIMARY", "M"], "T2 sagittal (wedge painted in)"
        ds.ScanningSequence, ds.SequenceVariant, ds.MRAcquisitionType = "SE", "SK", "2D"
        ds.EchoTime, ds.RepetitionTime, ds.PatientPosition = "102", "3500", "HFS"
        ds.ImageOrientationPatient = [0, 1, 0, 0, 0, -1]
        ds.ImagePositionPatient = [3.0 * index - 3.0 * len(volume) / 2, -100.0, 100.0]
        ds.PixelSpacing, ds.SliceThickness, ds.SpacingBetweenSlices = [1, 1], "3", "3"
        ds.FrameOfReferenceUID = uid(name, "frame")
        put_pixels(ds, np.round(np.clip(moved * scale, 0, 4095)).astype(np.uint16))
        ds.save_as(folder / f"slice_{index + 1:02d}.dcm", enforce_file_format=True)


def copied(data: Path, out: Path) -> None:
    """Copy the images that may be given on as they are."""
    for folder, names in {
        "mri_t2_thoracolumbar": ("t2_lumbar.nii.gz", "LICENSE.txt"),
        "mri_lumbar_polygons": POLYGON_SLICES,
    }.items():
        (out / folder).mkdir(parents=True, exist_ok=True)
        for file in names:
            shutil.copyfile(data / folder / file, out / folder / file)
