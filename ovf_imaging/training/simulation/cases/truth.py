"""The truth file: every body, height, angle and finding of a case, in millimetres and in the pictures' own pixels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import pairwise
from typing import Any

import numpy as np

from ovf_imaging.geometry import line_direction, signed_angle_deg
from ovf_imaging.knowledge.tables import genant, kyphosis
from ovf_imaging.training.simulation.volume import Array, BodyTruth, PatientTruth
from ovf_imaging.types import level_name

_TO_THE_FRONT = np.array([-1.0, 0.0])  # in the sagittal plane's (back, head)
_FRONT_TO_FOOT = 1.0  # sign of front × foot there


def body_truth(body: BodyTruth, pixels: Array) -> dict[str, Any]:
    """Return a body as JSON values; `pixels` (6, 3) are its landmarks as (slice, row, column) of the picture."""
    loss = None if body.fracture is None else body.fracture.height_loss
    return {
        "level": body.level,
        "name": level_name(body.level),
        "landmarks": _numbers(pixels),
        "landmarks_mm": _numbers(body.landmarks_mm),
        "heights_mm": _numbers(np.linalg.norm(body.landmarks_mm[:3] - body.landmarks_mm[3:], axis=1)),
        "depth_mm": _numbers(_depth_mm(body.landmarks_mm)),
        "height_loss": [0.0, 0.0, 0.0] if loss is None else list(loss),
        "genant_grade": genant_grade(max(loss or (0.0,))),
        "fracture": None if body.fracture is None else asdict(body.fracture),
        "cleft": None if body.cleft is None else asdict(body.cleft),
        "oedema_fraction": body.oedema_fraction,
        "cement": body.cement,
        "implant": body.implant,
        "traps": list(body.traps),
    }


def genant_grade(loss: float) -> int:
    """Return the Genant grade (0–3) of the worst height loss against the body's own unbroken heights."""
    return max((c.grade for c in genant().cutoffs if c.reached(loss)), default=0)


def angles(truth: PatientTruth) -> list[dict[str, Any]]:
    """Return every angle of the patient, projected on the sagittal plane; kyphosis positive.

    Wedge angle of each body; local Cobb and Gardner angle where both neighbours are there; the regional angles of
    knowledge/kyphosis.toml.
    """
    bodies = {b.level: b for b in truth.bodies}
    order = [b.level for b in truth.bodies if not np.isnan(b.landmarks_mm).any()]
    rows = [_angle("wedge_angle", (bodies[k], True), (bodies[k], False)) for k in order]
    for (above, level), (_, below) in pairwise(pairwise(order)):
        rows.append(_angle("local_cobb", (bodies[above], True), (bodies[below], False)))
        rows.append(_angle("gardner_angle", (bodies[above], True), (bodies[level], False)))
    for angle in kyphosis():
        if angle.upper in bodies and angle.lower in bodies:
            ends = (bodies[angle.upper], angle.upper_is_superior), (bodies[angle.lower], angle.lower_is_superior)
            rows.append(_angle(angle.quantity, *ends))
    return rows


def change(before: PatientTruth, after: PatientTruth) -> list[dict[str, Any]]:
    """Return for every level of both what changed: heights in mm, wedge angle in degrees, the cleft's area."""
    later = {b.level: b for b in after.bodies}
    wedges = [
        {row["levels"][0]: row["degrees"] for row in angles(t) if row["quantity"] == "wedge_angle"}
        for t in (before, after)
    ]
    rows = []
    for body in before.bodies:
        if body.level not in wedges[0] or body.level not in wedges[1]:
            continue
        now = later[body.level]
        heights = [np.linalg.norm(b.landmarks_mm[:3] - b.landmarks_mm[3:], axis=1) for b in (body, now)]
        areas = [b.cleft.area_mm2 if b.cleft else 0.0 for b in (body, now)]
        rows.append(
            {
                "level": body.level,
                "heights_mm": _numbers(heights[1] - heights[0]),
                "wedge_deg": wedges[1][body.level] - wedges[0][body.level],
                "cleft_area_mm2": areas[1] - areas[0],
                "new_fracture": body.fracture is None and now.fracture is not None,
            }
        )
    return rows


def patient_truth(truth: PatientTruth) -> dict[str, Any]:
    """Return what is true of the patient as a whole as JSON values."""
    return {
        "position": truth.position.value,
        "age_years": truth.age_years,
        "sex": truth.sex,
        "angles": angles(truth),
        "drawn": _json(truth.drawn),
    }


def _angle(quantity: str, upper: tuple[BodyTruth, bool], lower: tuple[BodyTruth, bool]) -> dict[str, Any]:
    lines = []
    for body, superior in (upper, lower):
        plane = body.landmarks_mm[:3, 1:] if superior else body.landmarks_mm[3:, 1:]
        lines.append(line_direction(plane, _TO_THE_FRONT))
    degrees = float(signed_angle_deg(lines[0], lines[1], _FRONT_TO_FOOT))
    return {"quantity": quantity, "levels": [upper[0].level, lower[0].level], "degrees": degrees}


def _depth_mm(landmarks: Array) -> float:
    return float(np.nanmean([np.linalg.norm(landmarks[0] - landmarks[2]), np.linalg.norm(landmarks[3] - landmarks[5])]))


def _numbers(values: Array | float) -> Any:
    """Return nested lists, None for what is not there."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim == 0:
        return float(array) if np.isfinite(array) else None
    return [_numbers(v) for v in array]


def _json(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _json(v) for k, v in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_json(v) for v in value]
    return value.item() if isinstance(value, np.generic) else value
