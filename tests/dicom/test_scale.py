"""Scale and sides of films (field reports B1, B16, C11)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ovf_imaging.dicom import load_image, read_study
from ovf_imaging.types import Image, Scale, View
from tests.dicom.build import film, ramp, save


def loaded(tmp_path: Path, **changes: Any) -> Image:
    study = read_study([save(film(**changes), tmp_path / "a.dcm")])
    assert study.series[0].view is View.LATERAL
    return load_image(study.series[0])


CALIBRATED: list[tuple[dict[str, Any], float, str]] = [
    ({"PixelSpacing": [0.12, 0.12]}, 0.12, "taken as calibrated"),
    (
        {
            "PixelSpacing": [0.12, 0.12],
            "ImagerPixelSpacing": [0.15, 0.15],
            "PixelSpacingCalibrationType": "GEOMETRY",
        },
        0.12,
        "calibrated (GEOMETRY)",
    ),
    ({"PixelSpacing": [0.12, 0.12], "ImagerPixelSpacing": [0.15, 0.15]}, 0.12, "taken as calibrated"),
    (
        {"ImagerPixelSpacing": [0.15, 0.15], "EstimatedRadiographicMagnificationFactor": 1.25},
        0.12,
        "EstimatedRadiographicMagnificationFactor",
    ),
    (
        {"ImagerPixelSpacing": [0.15, 0.15], "DistanceSourceToDetector": 1500, "DistanceSourceToPatient": 1200},
        0.12,
        "DistanceSourceToDetector ÷ DistanceSourceToPatient",
    ),
    (
        {
            "PixelSpacing": [0.15, 0.15],
            "ImagerPixelSpacing": [0.15, 0.15],
            "EstimatedRadiographicMagnificationFactor": 1.25,
        },
        0.12,
        "ImagerPixelSpacing ÷ 1.25",
    ),
]


@pytest.mark.parametrize(("tags", "spacing", "source"), CALIBRATED)
def test_b1_patient_millimetres(tmp_path: Path, tags: dict[str, Any], spacing: float, source: str) -> None:
    image = loaded(tmp_path, **tags)
    assert image.scale is Scale.PATIENT
    assert image.pixel_mm == pytest.approx((spacing, spacing))
    assert source in image.scale_source
    assert not {c.code for c in image.caveats} & {"scale-detector", "scale-unknown"}


AT_DETECTOR: list[tuple[dict[str, Any], float]] = [
    ({"ImagerPixelSpacing": [0.15, 0.15]}, 0.15),
    ({"PixelSpacing": [0.15, 0.15], "ImagerPixelSpacing": [0.15, 0.15]}, 0.15),
    ({"NominalScannedPixelSpacing": [0.17, 0.17]}, 0.17),
    ({"ImagerPixelSpacing": [0.15, 0.15], "EstimatedRadiographicMagnificationFactor": 1}, 0.15),
    ({"ImagerPixelSpacing": [0.15, 0.15], "DistanceSourceToDetector": 1500, "DistanceSourceToPatient": 1500}, 0.15),
    ({"ImagerPixelSpacing": [0.15, 0.15], "DistanceSourceToDetector": 1500, "DistanceSourceToPatient": 0}, 0.15),
    ({"ImagerPixelSpacing": [0.15, 0.15], "EstimatedRadiographicMagnificationFactor": ""}, 0.15),
    ({"PixelSpacing": "", "ImagerPixelSpacing": [0.15, 0.15]}, 0.15),
]


@pytest.mark.parametrize(("tags", "spacing"), AT_DETECTOR)
def test_b1_detector_millimetres_are_flagged(tmp_path: Path, tags: dict[str, Any], spacing: float) -> None:
    image = loaded(tmp_path, **tags)
    assert image.scale is Scale.DETECTOR
    assert image.pixel_mm == pytest.approx((spacing, spacing))
    assert "at detector, magnified" in image.scale_source
    assert [c.must_see for c in image.caveats if c.code == "scale-detector"] == [True]


@pytest.mark.parametrize(
    "tags",
    [{}, {"PixelSpacing": ""}, {"PixelSpacing": [0, 0]}, {"PixelSpacing": "0.15"}, {"ImagerPixelSpacing": [-1, -1]}],
)
def test_b1_c11_no_spacing_means_pixels(tmp_path: Path, tags: dict[str, Any]) -> None:
    image = loaded(tmp_path, **tags)
    assert image.scale is Scale.UNKNOWN
    assert image.pixel_mm == (1.0, 1.0)
    assert "scale-unknown" in {c.code for c in image.caveats}


def test_pixels_that_are_not_square_keep_their_shape(tmp_path: Path) -> None:
    assert loaded(tmp_path, PixelAspectRatio=[4, 5]).pixel_mm == (1.0, 1.25)
    assert loaded(tmp_path, PixelSpacing=[0.2, 0.1]).pixel_mm == pytest.approx((0.2, 0.1))


def test_film_affine_is_its_plane(tmp_path: Path) -> None:
    image = loaded(tmp_path, PixelSpacing=[0.2, 0.1])
    np.testing.assert_allclose(image.to_mm(np.array([0.0, 10, 20])), [0, 2, -2])


SIDES: list[tuple[list[str] | str | None, bool | None, bool | None]] = [
    (["A", "F"], False, True),
    (["P", "F"], True, True),
    (["P", "H"], True, False),
    (["A", "H"], False, False),
    (["AL", "FP"], False, True),
    ("", None, None),
    (None, None, None),
]


@pytest.mark.parametrize(("told", "left", "up"), SIDES)
def test_b16_sides_come_from_patient_orientation(
    tmp_path: Path, told: list[str] | str | None, left: bool | None, up: bool | None
) -> None:
    image = loaded(tmp_path, PatientOrientation=told)
    assert (image.anterior_left, image.superior_up) == (left, up)
    assert ("orientation-unknown" in {c.code for c in image.caveats}) == (left is None)
    np.testing.assert_array_equal(image.pixels[0], ramp())


def test_b16_film_lying_on_its_side_gets_rows_along_the_spine(tmp_path: Path) -> None:
    image = loaded(tmp_path, PatientOrientation=["F", "P"], PixelSpacing=[0.2, 0.1])
    np.testing.assert_array_equal(image.pixels[0], ramp().T)
    assert (image.anterior_left, image.superior_up) == (True, True)
    assert image.pixel_mm == pytest.approx((0.1, 0.2))
    assert image.array_axes == (2, 0, 1)
    assert "rows-exchanged" in {c.code for c in image.caveats}
