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
from ovf_imaging.types import Level, level_name, level_order

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
        "fracture": None if body.fracture is None else plain(asdict(body.fracture)),
        "cleft": None if body.cleft is None else plain(asdict(body.cleft)),
        "oedema_fraction": body.oedema_fraction,
        "cement": body.cement,
        "implant": body.implant,
        "traps": list(body.traps),
    }


def genant_grade(loss: float) -> int:
    """Return the Genant grade (0–3) of the worst height loss against the body's own unbroken heights."""
    return max((c.grade for c in genant().cutoffs if c.reached(loss)), default=0)


def angles(column: Sequence[BodyTruth]) -> list[dict[str, Any]]:
    """Return every angle of the bodies, head to foot, projected on the sagittal plane; kyphosis positive.

    Wedge angle of each body; local Cobb and Gardner angle where both neighbours are there; the regional angles of
    knowledge/kyphosis.toml. Angles need no scale: landmarks in pixels of the sagittal plane give the same.
    """
    bodies = {b.level: b for b in column}
    order = [b.level for b in column if not np.isnan(b.landmarks_mm).any()]
    rows = [_angle("wedge_angle", (bodies[k], True), (bodies[k], False)) for k in order]
    for (above, level), (_, below) in pairwise(pairwise(order)):
        if _touch(above, level) and _touch(level, below):
            rows.append(_angle("local_cobb", (bodies[above], True), (bodies[below], False)))
            rows.append(_angle("gardner_angle", (bodies[above], True), (bodies[level], False)))
    for angle in kyphosis():
        if angle.upper in bodies and angle.lower in bodies:
            ends = (bodies[angle.upper], angle.upper_is_superior), (bodies[angle.lower], angle.lower_is_superior)
            if not any(np.isnan(_endplate(*end)).any() for end in ends):
                rows.append(_angle(angle.quantity, *ends))
    return rows


def _touch(upper: int, lower: int) -> bool:
    """Return whether two levels are neighbours: in a real image a body between them may not be marked."""
    return level_order(lower) - level_order(upper) <= 1 or (upper, lower) == (Level.L5, Level.S1)


def _endplate(body: BodyTruth, superior: bool) -> Array:
    return body.landmarks_mm[:3, 1:] if superior else body.landmarks_mm[3:, 1:]


def change(before: PatientTruth, after: PatientTruth) -> list[dict[str, Any]]:
    """Return for every level of both what changed: heights in mm, wedge angle in degrees, the cleft's area."""
    later = {b.level: b for b in after.bodies}
    wedges = [
        {row["levels"][0]: row["degrees"] for row in angles(t.bodies) if row["quantity"] == "wedge_angle"}
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
        "angles": angles(truth.bodies),
        "drawn": plain(truth.drawn),
    }


def _angle(quantity: str, upper: tuple[BodyTruth, bool], lower: tuple[BodyTruth, bool]) -> dict[str, Any]:
    lines = [line_direction(_endplate(*end), _TO_THE_FRONT) for end in (upper, lower)]
    degrees = float(signed_angle_deg(lines[0], lines[1], _FRONT_TO_FOOT))
    return {"quantity": quantity, "levels": [upper[0].level, lower[0].level], "degrees": degrees}


def _depth_mm(landmarks: Array) -> float:
    lengths = np.array([np.linalg.norm(landmarks[0] - landmarks[2]), np.linalg.norm(landmarks[3] - landmarks[5])])
    return float(np.nanmean(lengths)) if np.isfinite(lengths).any() else float("nan")


def _numbers(values: Array | float) -> Any:
    """Return nested lists, None for what is not there."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim == 0:
        return float(array) if np.isfinite(array) else None
    return [_numbers(v) for v in array]


def plain(value: Any) -> Any:
    """Return nested JSON values; None for a number that is not known."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, np.ndarray):
        return _numbers(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(v) for v in value]
    own = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(own, float) and not np.isfinite(own) else own
