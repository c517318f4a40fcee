"""One exposure: where tube and detector stand, what lies about the spine, how the picture is taken and shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from scipy.spatial.transform import Rotation

from ovf_imaging.training.simulation.film.camera import Camera
from ovf_imaging.training.simulation.film.column import Column
from ovf_imaging.training.simulation.film.detector import Detector, draw_detector
from ovf_imaging.training.simulation.film.display import Display, draw_display
from ovf_imaging.training.simulation.film.marks import Marks, draw_marks
from ovf_imaging.training.simulation.film.photograph import Photograph, draw_photograph
from ovf_imaging.training.simulation.film.scenery import Scenery, draw_scenery
from ovf_imaging.training.simulation.film.settings import FilmSettings
from ovf_imaging.training.simulation.film.trunk import Trunk, draw_trunk
from ovf_imaging.training.simulation.volume import Array, Patient, PatientTruth
from ovf_imaging.types import Level

VIEWS = ("lateral", "frontal", "chest")
_BEYOND_MM = 60.0
_FULL_FROM_MM = 380.0  # a patient whose bounds are shorter has no full-spine film
# Level order at the middle of each field, its height (mm) and width (part of the height), in the plane of the spine.
# Full spine: cassettes of 36 × 14 inch and 30 × 90 cm and stitched detectors of 43 × 90–105 cm, collimated from the
# sides, less a magnification of 1.15–1.25. From C7 to the femoral heads is about 590 mm, with T11 to T12 in the middle.
_FIELDS: dict[str, tuple[float, tuple[float, float], tuple[float, float]]] = {
    "full-spine": (18.0, (720, 900), (0.33, 0.48)),
    "thoracic": (Level.T7, (360, 430), (0.45, 0.7)),
    "thoracolumbar": (Level.T12, (340, 430), (0.4, 0.62)),
    "lumbar": (Level.L3, (300, 420), (0.42, 0.66)),
    "coned-down": (Level.L1, (110, 190), (0.6, 1.0)),
}
_FRONTAL_WIDTH = (0.45, 0.8)
_CHEST = (Level.T7 - 0.5, (380, 440), (0.85, 1.1))


class ImagedPatient(Patient, Protocol):
    """A patient who also tells the truth."""

    def truth(self) -> PatientTruth:
        """Return all that is true of the patient."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Exposure:
    """All that decides a film but the patient and the noise."""

    view: str  # one of VIEWS
    field: str
    facing: str  # "left", "right": where the front of the patient points in the picture; "viewer" when frontal
    camera: Camera
    spine_mm: Array  # (3,) middle of the field in the patient
    peak_kv: float
    mineral_factor: float
    texture: float
    clutter: float
    trunk: Trunk
    scenery: Scenery
    detector: Detector
    display: Display
    marks: Marks
    photograph: Photograph | None
    monochrome1: bool
    jpeg_quality: int | None
    drawn: dict[str, Any]  # what is not told by the fields above, JSON values

    @property
    def axis(self) -> int:
        """Patient axis along the beam: 0 for a lateral film, 1 for the others."""
        return 0 if self.view == "lateral" else 1

    @property
    def pixel_mm(self) -> float:
        """Pixel in the plane of the spine."""
        reduction = self.camera.depth_mm(self.spine_mm) / self.camera.distance_mm
        return float(np.linalg.norm(self.camera.down_mm)) * reduction

    @property
    def field_height_mm(self) -> float:
        """Height of the film in the plane of the spine."""
        return self.pixel_mm * self.camera.shape[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    """The part of the patient that is shown."""

    name: str
    height_mm: float
    width_mm: float
    middle_mm: tuple[float, float, float]


def draw_exposure(
    rng: np.random.Generator, patient: ImagedPatient, settings: FilmSettings, view: str = "lateral"
) -> Exposure:
    """Return an exposure of a patient drawn at random.

    Fields stay within the height of `bounds_mm`, a full-spine film aside, which needs a patient with a whole spine.
    Raises ValueError for a view that is none of VIEWS.
    """
    if view not in VIEWS:
        raise ValueError(f"view wanted one of {', '.join(VIEWS)}, got {view!r}")
    truth = patient.truth()
    field = _draw_field(rng, Column.of(truth), patient.bounds_mm(), settings, view)
    facing = "viewer" if view != "lateral" else "right" if rng.random() < settings.facing_right else "left"
    camera, drawn = _draw_camera(rng, settings, field, view, facing)
    trunk = draw_trunk(rng, truth, settings)
    photo, mono, jpeg = rng.random(3) < (settings.photographed, settings.monochrome1, settings.jpeg)
    return Exposure(
        view=view,
        field=field.name,
        facing=facing,
        camera=camera,
        spine_mm=np.array(field.middle_mm),
        peak_kv=float(rng.uniform(*settings.peak_kv)),
        mineral_factor=float(rng.uniform(*settings.mineral_factor)),
        texture=float(rng.uniform(*settings.texture)),
        clutter=float(rng.uniform(*settings.clutter)),
        trunk=trunk,
        scenery=draw_scenery(rng, truth, trunk, settings, limbs=field.name == "full-spine"),
        detector=draw_detector(rng, settings, full=field.name == "full-spine"),
        display=draw_display(rng, settings, full=field.name == "full-spine"),
        marks=draw_marks(rng, settings),
        photograph=draw_photograph(rng) if photo else None,
        monochrome1=bool(mono),
        jpeg_quality=round(float(rng.uniform(*settings.jpeg_quality))) if jpeg else None,
        drawn=drawn,
    )


def _draw_field(
    rng: np.random.Generator, column: Column, bounds_mm: Array, settings: FilmSettings, view: str
) -> _Field:
    low, high = float(bounds_mm[0, 2]), float(bounds_mm[1, 2])
    # A patient whose column goes on beyond its bounds, or ends in a sacrum, has more to show there.
    high += _BEYOND_MM * bool(column.centres_mm[0, 2] > high)
    low -= _BEYOND_MM * bool(column.orders[-1] == Level.S1)
    weights = dict(settings.fields)
    if high - low < _FULL_FROM_MM:
        weights["full-spine"] = 0.0
    if not any(weights.values()):
        weights["lumbar"] = 1.0
    share = np.array(list(weights.values()))
    name = str(rng.choice(list(weights), p=share / share.sum()))
    order, heights, widths = _FIELDS[name]
    if view == "chest":
        name, (order, heights, widths) = "chest", _CHEST
    elif view == "frontal":
        widths = _FRONTAL_WIDTH
    if name == "coned-down":
        order = float(rng.choice(column.orders[1:-1])) if len(column.orders) > 2 else float(column.orders[0])
    height = float(rng.uniform(*heights))
    shift = rng.uniform(*settings.shift_mm, 3) * (0.3 if name == "coned-down" else 1.0)
    z = float(column.place(order)[2] + shift[2])
    if name not in ("full-spine", "chest"):
        height = min(height, high - low)
        z = float(np.clip(z, low + height / 2, high - height / 2))
    middle = column.place(column.order_at(z)) + shift * (1, 1, 0)
    width = height * float(rng.uniform(*widths))
    if name == "full-spine":
        middle[1] = column.centres_mm[:, 1].mean() - 40 + rng.uniform(-20, 20)
    return _Field(name=name, height_mm=height, width_mm=width, middle_mm=(middle[0], middle[1], middle[2]))


def _draw_camera(
    rng: np.random.Generator, settings: FilmSettings, field: _Field, view: str, facing: str
) -> tuple[Camera, dict[str, Any]]:
    axis = 0 if view == "lateral" else 1
    towards = np.zeros(3)  # from the source to the detector
    towards[axis] = rng.choice([-1.0, 1.0]) if axis == 0 else 1.0
    distances = settings.sid_full_mm if field.name == "full-spine" else settings.sid_mm
    sid, behind = float(rng.uniform(*distances)), float(rng.uniform(*settings.object_detector_mm))
    tilt, turn = float(rng.uniform(*settings.tube_tilt_deg)), float(rng.uniform(*settings.detector_turn_deg))
    lean, off = rng.uniform(*settings.detector_lean_deg, 2), rng.uniform(*settings.off_centre_mm, 2)
    middle = np.array(field.middle_mm)
    source = middle - towards * (sid - behind)
    source[1 - axis] += off[0]
    source[2] += off[1] + np.tan(np.radians(tilt)) * (sid - behind)
    right = np.array([0.0, -1.0 if facing == "right" else 1.0, 0.0]) if axis == 0 else np.array([1.0, 0.0, 0.0])
    pose = Rotation.from_rotvec(np.radians(turn) * towards)
    pose = Rotation.from_rotvec(np.radians(lean[0]) * right) * Rotation.from_euler("z", lean[1], degrees=True) * pose
    rows = round(float(rng.uniform(*settings.rows)))
    columns = max(64, round(rows * field.width_mm / field.height_mm))
    pitch = field.height_mm / rows * sid / (sid - behind)
    right_mm, down_mm = (pose.apply(v) * pitch for v in (right, np.array([0.0, 0.0, -1.0])))
    centre = source + (middle - source) * sid / (sid - behind)
    first = centre - right_mm * (columns - 1) / 2 - down_mm * (rows - 1) / 2
    camera = Camera(source_mm=source, first_mm=first, right_mm=right_mm, down_mm=down_mm, shape=(rows, columns))
    return camera, {
        "tube_tilt_deg": tilt,
        "detector_turn_deg": turn,
        "detector_lean_deg": [float(v) for v in lean],
        "off_centre_mm": [float(v) for v in off],
        "source_side": "right" if axis == 0 and towards[0] > 0 else "left" if axis == 0 else "front",
    }
