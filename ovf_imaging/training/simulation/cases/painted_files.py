"""A painted case as files: the picture, its labels and masks as NIfTI, and the truth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ovf_imaging.report.nifti import nifti_bytes
from ovf_imaging.training.simulation.cases.dicom_files import Place, painted_film_file
from ovf_imaging.training.simulation.cases.files import FILM_PLANE, IN_ORDER, placed, truth_file
from ovf_imaging.training.simulation.cases.painted import PaintedCase
from ovf_imaging.training.simulation.cases.truth import angles, body_truth, plain
from ovf_imaging.training.simulation.film.film import BITS
from ovf_imaging.training.simulation.painted import PaintedBody, PaintedFilm, PaintedVolume
from ovf_imaging.training.simulation.volume import Array, BodyTruth
from ovf_imaging.types import Position
from ovf_imaging.vision.grey import mri_signal

_WHITE = 2**BITS - 1
_RIMS = np.full((2, 6, 3), np.nan)


def painted_name(case: PaintedCase) -> str:
    """Return the name of a case's folder."""
    return f"painted_{case.modality}_{case.split}_{case.seed}_{case.number:05d}"


def painted_files(case: PaintedCase) -> dict[str, bytes]:
    """Return path within the case's folder → bytes; the same case gives the same bytes."""
    held, told = _film(case, case.picture) if isinstance(case.picture, PaintedFilm) else _volume(case.picture)
    files = {f"study_1/{name}": data for name, data in held.items()}
    files["truth.json"] = truth_file(
        case,
        kind="painted",
        source=case.picture.name,
        split=case.split,
        plan="single",
        studies=[{"folder": "study_1", "days": 0, "images": [told]}],
        change=None,
    )
    return files


def _volume(volume: PaintedVolume) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Return a volume on the grid of its source, as NIfTI: its scanner and its protocol are not known."""
    pixels = np.round(mri_signal(volume.pixels) * _WHITE).astype(np.uint16)
    arrays = {"image": pixels, **_masks(volume)}
    files = {f"{n}.nii.gz": nifti_bytes(a, volume.affine, IN_ORDER, in_mm=True) for n, a in arrays.items()}
    bodies, rows = [], []
    for level, plane in volume.planes.items():
        landmarks = volume.landmarks[plane][level]
        pixels_at = np.column_stack([np.full(len(landmarks), plane), landmarks])
        at_mm = pixels_at @ volume.affine[:3, :3].T + volume.affine[:3, 3]
        bodies.append(_body(level, at_mm, volume.bodies.get(level)))
        rows.append(_row(bodies[-1], pixels_at, volume.pixels.shape, volume.bodies.get(level)))
    return files, {
        "files": "image.nii.gz",
        "view": "sagittal",
        "sequence": volume.sequence.value,
        "affine": volume.affine.tolist(),  # (slice, row, column, 1) to LPS mm
        **{name: f"{name}.nii.gz" for name in arrays if name != "image"},
        "bodies": rows,
        "patient": _patient(bodies, Position.SUPINE),
    }


def _film(case: PaintedCase, film: PaintedFilm) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Return a film as DICOM without a scale: the photographs that were painted on have none."""
    back = np.nanmean([marks[[2, 5], 1] - marks[[0, 3], 1] for marks in film.landmarks.values()])
    facing = "left" if back > 0 else "right"
    place = Place(case=painted_name(case), study=1, series=1, days=0)
    pixels = np.round(film.pixels * _WHITE).astype(np.uint16)
    files = painted_film_file(pixels, facing, film.name, place)
    masks = {n: m[None] for n, m in _masks(film).items()}
    files |= {f"{n}_1.nii.gz": nifti_bytes(m, FILM_PLANE, IN_ORDER, in_mm=False) for n, m in masks.items()}
    rows, upright = [], []
    for level, landmarks in film.landmarks.items():
        painted = film.bodies.get(level)
        pixels_at = np.column_stack([np.where(np.isnan(landmarks[:, 0]), np.nan, 0.0), landmarks])
        rows.append(_row(_body(level, np.full((6, 3), np.nan), painted), pixels_at, (1, *film.pixels.shape), painted))
        upright.append(_body(level, pixels_at[:, [0, 2, 1]] * (1, np.sign(back), -1), painted))
    return files, {
        "files": next(iter(files)),
        "view": "lateral",
        "facing": facing,
        "scale": None,
        **{name: f"{name}_1.nii.gz" for name in masks},
        "bodies": rows,
        "patient": _patient(upright, Position.UNKNOWN),
    }


def _masks(picture: PaintedVolume | PaintedFilm) -> dict[str, NDArray[np.uint8]]:
    """Return every mask by its name; a cleft's filling is that of its body's."""
    of_kind: dict[str, list[int]] = {"gas": [], "fluid": []}
    for level, body in picture.bodies.items():
        if body.cleft is not None:
            of_kind[body.cleft.truth.kind].append(level)
    clefts = {f"cleft_{kind}": picture.cleft & np.isin(picture.labels, found) for kind, found in of_kind.items()}
    masks = {"oedema": picture.oedema, **clefts, "cement": picture.cement}
    return {"labels": picture.labels} | {name: mask.astype(np.uint8) for name, mask in masks.items()}


def _body(level: int, landmarks_mm: Array, painted: PaintedBody | None) -> BodyTruth:
    if painted is None:
        return BodyTruth(level=level, landmarks_mm=landmarks_mm, rims_mm=_RIMS)
    return BodyTruth(
        level=level,
        landmarks_mm=landmarks_mm,
        rims_mm=_RIMS,
        fracture=painted.fracture,
        cleft=None if painted.cleft is None else painted.cleft.truth,
        oedema_fraction=painted.oedema_fraction,
        cement=painted.cement,
        traps=painted.traps,
    )


def _row(body: BodyTruth, pixels: Array, shape: tuple[int, ...], painted: PaintedBody | None) -> dict[str, Any]:
    """Return a body as simulated cases tell it, and what was painted into it: before, after, and the map between."""
    row: dict[str, Any] = {**body_truth(body, pixels), **placed(pixels, shape), "painted": None}
    if painted is not None:
        before, after = (np.linalg.norm(b[:3] - b[3:], axis=1) for b in (painted.healthy, painted.landmarks))
        row["painted"] = plain(
            {
                "landmarks_before": painted.healthy,
                "heights_px_before": before,
                "heights_px": after,
                "cleft_area_px": None if painted.cleft is None else painted.cleft.area_px,
                "cleft_area_depth2": None if painted.cleft is None else painted.cleft.area_depth2,
                "warp": painted.warp,
                "drawn": painted.drawn,
            }
        )
    return row


def _patient(bodies: list[BodyTruth], position: Position) -> Mapping[str, Any]:
    """Return what is known of the patient: nothing but the angles."""
    return {"position": position.value, "age_years": None, "sex": None, "angles": angles(bodies), "drawn": {}}
