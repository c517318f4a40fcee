"""What is true of a painted image, from the same maps that painted it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ovf_imaging.training.paint import Warp
from ovf_imaging.training.simulation.painted.column import Body, Column
from ovf_imaging.training.simulation.painted.deformed import Deformed
from ovf_imaging.training.simulation.painted.frame import frame_of
from ovf_imaging.training.simulation.painted.records import BodyFindings
from ovf_imaging.training.simulation.painted.shapes import cleft_bounds, cleft_outline, flattened
from ovf_imaging.training.simulation.painted.warps import Pit
from ovf_imaging.training.simulation.volume import CleftTruth, FractureTruth
from ovf_imaging.types import Landmark

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaintedCleft:
    """A cleft in its body's reference plane; millimetres are NaN where the image has no scale."""

    truth: CleftTruth
    area_px: float
    area_depth2: float  # in squares of the body's depth after the fracture


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PaintedBody:
    """One body that something was painted into, in its reference plane."""

    level: int
    plane: int
    landmarks: Array  # (6, 2) row, column after the fracture
    healthy: Array  # (6, 2) the same in the real image
    fracture: FractureTruth | None
    cleft: PaintedCleft | None
    oedema_fraction: float  # of its mask, over all painted planes
    cement: bool
    traps: tuple[str, ...]
    drawn: Mapping[str, Any]  # the findings as drawn, JSON values
    warp: Mapping[str, Any] | None  # the hinge in its plane, in pixels of the image; None where no height was lost


def painted_body(
    column: Column, body: Body, found: BodyFindings, deformed: Deformed, oedema_fraction: float
) -> PaintedBody:
    """Return the truth of one body; `deformed` is its reference plane's."""
    healthy = column.planes[body.plane].landmarks[body.level]
    moved = deformed.forward(healthy)
    return PaintedBody(
        level=body.level,
        plane=body.plane,
        landmarks=moved,
        healthy=healthy,
        fracture=fracture_truth(found, healthy, moved, column.pixel_mm),
        cleft=_cleft_truth(column, body, found, deformed),
        oedema_fraction=oedema_fraction,
        cement=any(p.kind == "cement" for p in found.patches),
        traps=found.traps,
        drawn=asdict(found),
        warp=next((_told(w) for k, w in deformed.steps if k == body.level and not isinstance(w, Pit)), None),
    )


def _told(warp: Warp) -> dict[str, Any]:
    """Return what makes up a warp, after those of the levels above have moved its body."""
    return {
        "pivot": warp.pivot.tolist(),
        "to_the_front": warp.u.tolist(),
        "up": warp.v.tolist(),
        "depth": warp.depth,
        "turn_deg": float(np.degrees(warp.angle)),
        "drop": warp.drop,
        "dents": warp.dents.tolist(),
        **{name: getattr(warp.fracture, name) * warp.depth for name in ("lip", "retropulsion", "slip")},
    }


def fracture_truth(found: BodyFindings, healthy: Array, moved: Array, pixel_mm: float | None) -> FractureTruth | None:
    """Return the fracture; oedema alone is one of OF class 1. Millimetres are NaN where there is no scale."""
    if found.collapse is None and not found.oedematous:
        return None
    before, after = (np.linalg.norm(b[:3] - b[3:], axis=1) for b in (healthy, moved))
    loss = 1 - after / before
    collapse = found.collapse
    if collapse is None:
        return FractureTruth(
            kind="wedge",
            endplates=(next(p.endplate for p in found.patches if p.kind.startswith("oedema")),),
            height_loss=(0.0, 0.0, 0.0),
            of_class=1,
            posterior_wall=0.0,
            retropulsion_mm=0.0,
            age="fresh",
        )
    return FractureTruth(
        kind=collapse.kind,
        endplates=collapse.endplates,
        height_loss=(float(loss[0]), float(loss[1]), float(loss[2])),
        of_class=collapse.of_class,
        posterior_wall=collapse.posterior_wall,
        retropulsion_mm=collapse.fracture.retropulsion * _depth_px(moved) * (np.nan if pixel_mm is None else pixel_mm),
        age=collapse.age,
    )


def _depth_px(body: Array) -> float:
    return float(np.linalg.norm(body[Landmark.SUPERIOR_ANTERIOR] - body[Landmark.SUPERIOR_POSTERIOR]))


def _cleft_truth(column: Column, body: Body, found: BodyFindings, deformed: Deformed) -> PaintedCleft | None:
    """Return the cleft's area and thickness: its outline carried forward by the plane's own map."""
    if found.cleft is None:
        return None
    aside = body.aside(body.plane)
    cleft = flattened(found.cleft, aside)
    frame = frame_of(body.at(body.plane))
    offset = body.plane - body.middle
    area, thickness = 0.0, 0.0
    if cleft.thickness > 0:
        area = shoelace(deformed.forward(cleft_outline(cleft, frame, offset)))
        s = np.linspace(cleft.middle - cleft.length / 2, cleft.middle + cleft.length / 2, 121)
        edges = cleft_bounds(cleft, s, offset)
        near, far = (deformed.forward(frame.position(s, 1 - v if cleft.endplate == "superior" else v)) for v in edges)
        thickness = float(np.linalg.norm(near - far, axis=1).max())
    moved = deformed.forward(body.at(body.plane))
    depth = float(np.linalg.norm(moved[Landmark.INFERIOR_ANTERIOR] - moved[Landmark.INFERIOR_POSTERIOR]))
    mm = np.nan if column.pixel_mm is None else column.pixel_mm
    truth = CleftTruth(
        kind=cleft.kind,
        outline=cleft.outline,
        endplate=cleft.endplate,
        place=cleft.place,
        area_mm2=area * mm**2,
        height_mm=thickness * mm,
    )
    return PaintedCleft(truth=truth, area_px=area, area_depth2=area / depth**2)


def shoelace(outline: Array) -> float:
    """Return the area inside a polygon (N, 2)."""
    x, y = outline.T
    return float(abs(x @ np.roll(y, 1) - y @ np.roll(x, 1)) / 2)
