"""A spine of blocks to paint on: small, symmetrical, its truth known by hand."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from skimage.measure import profile_line

from ovf_imaging.training.mri_data import Volume
from ovf_imaging.training.paint import Fracture
from ovf_imaging.training.simulation.painted.column import Column
from ovf_imaging.training.simulation.painted.deformed import deform
from ovf_imaging.training.simulation.painted.frame import frame_of
from ovf_imaging.training.simulation.painted.records import BodyFindings, Cleft, Collapse, Patch, Texture

FLAT = Texture(waves=((0.0, 0.0, 0.0, 0.0),))  # sin 0: no unevenness at all
LEVELS = (20, 21, 22, 23)
MARROW, FLUID, DISC, ENDPLATE = 0.4, 0.8, 0.5, 0.1
BODY = np.array([[0, 0], [0, 17.5], [0, 35], [28, 0], [28, 17.5], [28, 35.0]])  # front left, head up
_LEFT, _FIRST, _PITCH = 40, 20, 38


def phantom(slices: int = 5) -> Volume:
    """Return blocks of 28 × 36 px, 10 px apart, before a bright canal; the outer slices show none."""
    pixels = np.full((slices, 190, 130), 0.3, np.float32)
    labels = np.zeros(pixels.shape, np.uint8)
    pixels[:, :, _LEFT + 40 : _LEFT + 54] = FLUID
    for index, level in enumerate(LEVELS):
        top = _FIRST + _PITCH * index
        pixels[:, top - 5 : top + 33, _LEFT : _LEFT + 36] = DISC
        pixels[1:-1, top - 1 : top + 29, _LEFT - 1 : _LEFT + 37] = ENDPLATE
        pixels[1:-1, top : top + 28, _LEFT : _LEFT + 36] = MARROW
        labels[1:-1, top : top + 28, _LEFT : _LEFT + 36] = level
    noise = np.random.default_rng(5).normal(0, 0.01, pixels.shape)
    return Volume(name="phantom", pixels=(pixels + noise).astype(np.float32), labels=labels)


def fracture(**changes: float) -> Fracture:
    """Return a fracture that does only what is asked."""
    return Fracture(**({"front_loss": 0.0, "crush": 0.0, "superior_dent": 0.0, "inferior_dent": 0.0} | changes))


def collapse(
    given: Fracture, *, through: bool = True, lean: float = 0.0, lip: float = 0.0, retropulsion: float = 0.0
) -> Collapse:
    """Return a collapse of the superior endplate."""
    return Collapse(
        kind="wedge",
        endplates=("superior",),
        age="old",
        fracture=replace(given, lip=lip, retropulsion=retropulsion),
        through=through,
        lean=lean,
        posterior_wall=0.0,
    )


def cleft(kind: str = "fluid", *, outline: str = "semilune", thickness: float = 0.25) -> Cleft:
    """Return an even cleft under the superior endplate, 0.5 depths long about the middle."""
    return Cleft(
        kind=kind,
        outline=outline,
        endplate="superior",
        place="central",
        middle=0.5,
        length=0.5,
        thickness=thickness,
        below=0.2,
        span=1.0,
        texture=FLAT,
    )


def patch(kind: str, *, strength: float = 1.0, span: float = 1.1) -> Patch:
    """Return an even patch in the middle of a body."""
    return Patch(
        kind=kind,
        strength=strength,
        s=0.5,
        t=0.5,
        length=0.5,
        height=0.4,
        endplate="superior",
        span=span,
        texture=FLAT,
    )


def chord(mask: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Return (2, 2): where a mask begins and ends on the line from one point to another, to a part of a pixel."""
    values = profile_line(mask.astype(float), start, end, order=1, mode="constant")
    inside = np.flatnonzero(values > 0.5)
    first, last = inside[0], inside[-1]
    places = (
        first - (values[first] - 0.5) / (values[first] - values[first - 1]),
        last + (values[last] - 0.5) / (values[last] - values[last + 1]),
    )
    return np.array([start + (end - start) * p / (len(values) - 1) for p in places])


def height_errors(column: Column, plane: int, findings: Mapping[int, BodyFindings], painted: np.ndarray) -> np.ndarray:
    """Return (levels, 3): heights by the map less heights measured in the painted labels (H, W), in pixels.

    At an eighth of the depth from the front, in the middle, and as far from the back: where the real mask begins and
    ends is carried forward by the map; then the painted mask is measured on the line through the two places. Each
    height is the mean over a strip: whole pixels make a single line's two ends uncertain by half a pixel each.
    """
    real, forward = column.planes[plane], deform(column, plane, findings).forward
    errors = []
    for level in sorted(findings):
        frame = frame_of(real.landmarks[level])
        row = []
        for middle in (0.875, 0.5, 0.125):
            strip = []
            for s in middle + np.linspace(-0.06, 0.06, 7):
                low, high = frame.position(np.array([s, s]), np.array([-0.25, 1.25]))
                ends = forward(chord(real.labels == level, low, high))
                beyond = 6 * (ends[1] - ends[0]) / np.linalg.norm(ends[1] - ends[0])
                measured = chord(painted == level, ends[0] - beyond, ends[1] + beyond)
                strip.append(np.linalg.norm(ends[1] - ends[0]) - np.linalg.norm(measured[1] - measured[0]))
            row.append(np.mean(strip))
        errors.append(row)
    return np.array(errors)
