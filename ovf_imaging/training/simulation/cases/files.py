"""A case as files: DICOM, labels as NIfTI, and the truth."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.draw import polygon2mask

from ovf_imaging import __version__
from ovf_imaging.dicom.affine import plane_affine
from ovf_imaging.report.nifti import nifti_bytes
from ovf_imaging.training.simulation.cases.case import DrawnCase, DrawnStudy, Exposed
from ovf_imaging.training.simulation.cases.dicom_files import Place, film_files, scan_files
from ovf_imaging.training.simulation.cases.painted import PaintedCase
from ovf_imaging.training.simulation.cases.truth import body_truth, change, patient_truth
from ovf_imaging.training.simulation.film.film import Film
from ovf_imaging.training.simulation.mri import Scan
from ovf_imaging.training.simulation.volume import Array, BodyTruth, PatientTruth
from ovf_imaging.types import Sequence
from ovf_imaging.vision.shapes import outline

SCHEMA = 2
IN_ORDER = (2, 1, 0)  # axes of the label file: column, row, slice
FILM_PLANE = plane_affine(1, 1)


def case_name(case: DrawnCase) -> str:
    """Return the name of a case's folder."""
    return f"{case.modality}_{case.seed}_{case.number:05d}"


def case_files(case: DrawnCase) -> dict[str, bytes]:
    """Return path within the case's folder → bytes; the same case gives the same bytes."""
    files: dict[str, bytes] = {}
    studies = []
    for number, study in enumerate(case.studies, start=1):
        held, told = _study_files(case, study, number)
        files |= {f"study_{number}/{name}": data for name, data in held.items()}
        studies.append({"folder": f"study_{number}", "days": study.days, "images": told})
    truths = [picture.truth for study in case.studies for picture in study.pictures]
    files["truth.json"] = truth_file(
        case,
        kind="simulated",
        source=case.source or None,
        split=None,
        plan=case.kind,
        studies=studies,
        change=change(truths[0], truths[1]) if len(truths) == 2 else None,
    )
    return files


def truth_file(
    case: DrawnCase | PaintedCase,
    *,
    kind: str,
    source: str | None,
    split: str | None,
    plan: str,
    studies: list[dict[str, Any]],
    change: list[dict[str, Any]] | None,
) -> bytes:
    """Return truth.json: what a case is, where it comes from, and what is true of the pictures of each study."""
    truth = {
        "schema": SCHEMA,
        "made_by": f"ovf simulate {__version__}",
        "kind": kind,
        "source": source,
        "split": split,
        "modality": case.modality,
        "seed": case.seed,
        "number": case.number,
        "plan": plan,
        "studies": studies,
        "change": change,
    }
    return json.dumps(truth, indent=1, ensure_ascii=False, allow_nan=False).encode()


def _study_files(case: DrawnCase, study: DrawnStudy, number: int) -> tuple[dict[str, bytes], list[dict[str, Any]]]:
    files: dict[str, bytes] = {}
    told: list[dict[str, Any]] = []
    for picture in study.pictures:
        place = Place(case=case_name(case), study=number, series=len(told) + 1, days=study.days)
        if picture.film is not None:
            held, about = _film(picture.film, picture.truth, place)
            told.append(about)
        else:
            held, many = _scan(_scan_of(picture), picture.truth, place)
            told += many
        files |= held
    return files, told


def _scan_of(picture: Exposed) -> Scan:
    if picture.scan is None:
        raise ValueError("a picture wanted with a film or a scan, got neither")
    return picture.scan


def _film(film: Film, truth: PatientTruth, place: Place) -> tuple[dict[str, bytes], dict[str, Any]]:
    files = film_files(film, truth, place)
    name = next(iter(files))
    labels = f"labels_{place.series}.nii.gz"
    files[labels] = nifti_bytes(film_labels(film, truth)[None], FILM_PLANE, IN_ORDER, in_mm=False)
    geometry = film.geometry
    cut = film.cut(truth)
    about = {
        "files": name,
        "labels": labels,
        "view": film.view,
        "field": film.field,
        "facing": film.facing,
        "scale": {
            "patient_pixel_mm": geometry.patient_pixel_mm,
            "detector_pixel_mm": geometry.imager_pixel_mm,
            "magnification": geometry.magnification,
        },
        "projection": film.projector.matrix.tolist(),  # (column, row, 1) of (x, y, z, 1)
        "bodies": [
            {**body_truth(body, _film_pixels(film, body)), "shown": _shown(film, body), "cut": body.level in cut}
            for body in truth.bodies
        ],
        "patient": patient_truth(truth),
        "drawn": film.drawn,
    }
    return files, about


def _film_pixels(film: Film, body: BodyTruth) -> Array:
    found = film.landmarks(body)
    return np.concatenate([np.where(np.isnan(found[:, :1]), np.nan, 0.0), found], axis=1)


def _shown(film: Film, body: BodyTruth) -> bool:
    return bool(film.shows(body.landmarks_mm).any())


def film_labels(film: Film, truth: PatientTruth) -> NDArray[np.uint8]:
    """Return (H, W) levels of the bodies inside the polygon of their landmarks; a frontal film has none."""
    labels = np.zeros(film.pixels.shape, np.uint8)
    if film.view != "lateral":
        return labels
    for body in truth.bodies:
        points = film.landmarks(body)
        if not np.isnan(points).any() and film.shows(body.landmarks_mm).any():
            labels[polygon2mask(labels.shape, outline(points))] = body.level
    return labels


def _scan(scan: Scan, truth: PatientTruth, place: Place) -> tuple[dict[str, bytes], list[dict[str, Any]]]:
    files = scan_files(scan, truth, place)
    affine = scan.images[Sequence.T2].affine
    masks = {"labels": scan.labels, "oedema": scan.oedema, "cleft_gas": scan.cleft_gas, "cleft_fluid": scan.cleft_fluid}
    for name, mask in masks.items():
        files[f"{name}.nii.gz"] = nifti_bytes(mask.astype(np.uint8), affine, IN_ORDER, in_mm=True)
    shape = scan.labels.shape
    bodies = [{**body_truth(body, pixels), **placed(pixels, shape)} for body, pixels in _pixels(truth, affine)]
    shared = {"view": "sagittal", "bodies": bodies, "patient": patient_truth(truth), "drawn": dict(scan.drawn)}
    return files, [
        {
            "files": f"{image.sequence.value}/",
            "sequence": image.sequence.value,
            "affine": image.affine.tolist(),  # (slice, row, column, 1) to LPS mm
            **{name: f"{name}.nii.gz" for name in masks},
            **shared,
        }
        for image in scan.images.values()
    ]


def _pixels(truth: PatientTruth, affine: Array) -> list[tuple[BodyTruth, Array]]:
    back = np.linalg.inv(affine)
    return [(body, body.landmarks_mm @ back[:3, :3].T + back[:3, 3]) for body in truth.bodies]


def placed(pixels: Array, shape: tuple[int, ...]) -> dict[str, bool]:
    """Return whether a picture of (slices, rows, columns) shows a body's landmarks (6, 3), and whether it cuts some."""
    known = pixels[~np.isnan(pixels).any(axis=1)]
    inside = ((known > -0.5) & (known < np.array(shape) - 0.5)).all(axis=1)
    return {"shown": bool(inside.any()), "cut": bool(inside.any() and not inside.all())}
