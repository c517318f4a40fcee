"""Every range and probability that a radiograph is drawn from, each with its limits and meaning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ovf_imaging.training.simulation.limits import Limits, Range, check


def _chance(meaning: str) -> Limits:
    return Limits(0, 1, f"chance {meaning}")


def _weight(field: str) -> Limits:
    return Limits(0, 100, f"how often the field is {field}, against the other fields")


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmSettings:
    """Ranges are (low, high) and drawn from evenly; a float is a chance. `limits_of` says what each means.

    Raises ValueError naming key, value and limits where a value is out of them or a range runs backwards.
    """

    # field
    rows: Annotated[Range, Limits(64, 4096, "rows of the film")] = (1024, 1024)
    full_spine: Annotated[float, _weight("full-spine")] = 1.0
    thoracic: Annotated[float, _weight("thoracic")] = 0.6
    thoracolumbar: Annotated[float, _weight("thoracolumbar")] = 1.0
    lumbar: Annotated[float, _weight("lumbar")] = 2.0
    coned: Annotated[float, _weight("coned down to one or two bodies")] = 0.4
    shift_mm: Annotated[Range, Limits(-150, 150, "middle of the film off the middle of the field")] = (-22, 22)
    # geometry
    sid_mm: Annotated[Range, Limits(700, 3000, "source to detector")] = (1000, 1800)
    # A field of 90 cm is lit evenly from 72 inches and more.
    sid_full_mm: Annotated[Range, Limits(700, 3000, "the same for full-spine films")] = (1800, 2600)
    object_detector_mm: Annotated[Range, Limits(20, 600, "spine to detector")] = (180, 380)
    off_centre_mm: Annotated[Range, Limits(-300, 300, "source off the middle of the film, each way")] = (-60, 60)
    tube_tilt_deg: Annotated[Range, Limits(-25, 25, "tube tilted towards head or feet")] = (-5, 5)
    detector_turn_deg: Annotated[Range, Limits(-45, 45, "detector turned in its own plane")] = (-3, 3)
    detector_lean_deg: Annotated[Range, Limits(-20, 20, "detector out of the patient's sagittal plane")] = (-2, 2)
    facing_right: Annotated[float, _chance("that the patient faces the right edge of the picture")] = 0.5
    # the patient's soft tissue
    waist_mm: Annotated[Range, Limits(90, 300, "half the width of the trunk at L3")] = (120, 175)
    belly_mm: Annotated[Range, Limits(40, 350, "L3 to skin in front, where the patient does not say")] = (75, 170)
    back_fat_mm: Annotated[Range, Limits(2, 120, "skin to muscle behind, where the patient does not say")] = (8, 40)
    mineral_factor: Annotated[Range, Limits(0.05, 3, "bone mineral against the patient's own")] = (0.6, 1.1)
    texture: Annotated[Range, Limits(0, 1, "contrast of trabeculae, part of the mineral of marrow")] = (0.3, 1.0)
    gas: Annotated[float, _chance("of bowel gas")] = 0.85
    gas_loops: Annotated[Range, Limits(0, 40, "number of gas-filled loops")] = (2, 16)
    lung_g_cm3: Annotated[Range, Limits(0.1, 0.6, "density of lung")] = (0.2, 0.36)
    clutter: Annotated[Range, Limits(0, 0.5, "unevenness of soft tissue, part of its thickness")] = (0.006, 0.03)
    # tube and detector
    peak_kv: Annotated[Range, Limits(50, 140, "tube voltage")] = (70, 95)
    scatter: Annotated[Range, Limits(0, 6, "scattered against primary light behind the grid")] = (0.15, 1.2)
    quanta: Annotated[Range, Limits(2, 2000, "signal to noise in a pixel of middling grey")] = (14, 120)
    blur_px: Annotated[Range, Limits(0, 6, "focal spot and detector")] = (0.2, 0.9)
    grid_lines: Annotated[float, _chance("of lines of the anti-scatter grid")] = 0.12
    graticule: Annotated[float, _chance("of a wire mesh before the detector, on full-spine films")] = 0.4
    seam: Annotated[float, _chance("that a full-spine film is stitched")] = 0.6
    # display
    detail: Annotated[Range, Limits(0, 8, "edge enhancement")] = (0.0, 1.8)
    equalised: Annotated[Range, Limits(0, 0.95, "part of the broad contrast taken out")] = (0.0, 0.6)
    # From 12 cm of neck to 36 cm of pelvis the light falls by e⁴ to e⁵; a film or window takes about e^1.3 beside the
    # contrast of bone: a wedge in the beam or dynamic range compression has to take out 0.7 of it and more.
    equalised_full: Annotated[Range, Limits(0, 0.95, "the same on full-spine films")] = (0.7, 0.92)
    steepness: Annotated[Range, Limits(0, 12, "S shape of the look-up table; 0 is straight")] = (0.5, 6.0)
    middle: Annotated[Range, Limits(0, 1, "grey at which the S is steepest: a high one darkens thin parts")] = (
        0.4,
        0.75,
    )
    window_low: Annotated[Range, Limits(0, 40, "percentile shown black")] = (0.5, 12)
    window_high: Annotated[Range, Limits(60, 100, "percentile shown white")] = (97, 99.9)
    monochrome1: Annotated[float, _chance("of MONOCHROME1")] = 0.12
    # on the film
    collimated: Annotated[float, _chance("of collimation within the film")] = 0.5
    collimation: Annotated[Range, Limits(0, 0.35, "part of the film covered at each edge")] = (0.0, 0.12)
    blackened: Annotated[float, _chance("that what collimation covers is shown black")] = 0.6
    letters: Annotated[float, _chance("of lead letters or printed text")] = 0.6
    ruler: Annotated[float, _chance("of a ruler")] = 0.1
    photographed: Annotated[float, _chance("of a photograph of a film on a light box")] = 0.18
    jpeg: Annotated[float, _chance("of JPEG compression")] = 0.4
    jpeg_quality: Annotated[Range, Limits(5, 100, "JPEG quality")] = (45, 95)

    def __post_init__(self) -> None:
        """Check every value against its limits."""
        check(self)
        if not any(self.fields.values()):
            raise ValueError("at least one field wanted with a weight above 0: full_spine, lumbar, …")

    @property
    def fields(self) -> dict[str, float]:
        """Return each field's weight by the name that a film records."""
        return {
            "full-spine": self.full_spine,
            "thoracic": self.thoracic,
            "thoracolumbar": self.thoracolumbar,
            "lumbar": self.lumbar,
            "coned-down": self.coned,
        }
