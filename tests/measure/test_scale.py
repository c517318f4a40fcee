"""From a film's tags to millimetres: whose they are is decided in dicom/ and told on every row."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ovf_imaging.dicom import load_image, read_study
from ovf_imaging.measure import measure
from ovf_imaging.types import Level, Measurement
from tests.dicom.build import film, save
from tests.measure.build import pick, spine, value

BODY = (200.0, 200.0, 200.0)  # pixels


def measured(tmp_path: Path, **tags: Any) -> tuple[Measurement, ...]:
    """Return what is measured on a film with these tags, on which three bodies are 200 pixels tall."""
    image = load_image(read_study([save(film(**tags), tmp_path / "a.dcm")]).series[0])
    return measure(replace(spine(dict.fromkeys((Level.T12, Level.L1, Level.L2), BODY)), image=image), 0)


def test_known_magnification_gives_the_patients_millimetres(tmp_path: Path) -> None:
    """0.15 mm at the detector, magnified 1.25 times: 0.12 mm in the patient, 200 pixels are 24 mm."""
    magnified = {"ImagerPixelSpacing": [0.15, 0.15], "EstimatedRadiographicMagnificationFactor": 1.25}
    row = pick(measured(tmp_path, **magnified), "anterior_height", Level.L1)
    assert row.value == pytest.approx(24)
    assert row.caveats == ()


def test_distances_give_the_magnification(tmp_path: Path) -> None:
    """1500 mm to the detector, 1200 to the patient: 1.25 again."""
    distances = {"DistanceSourceToDetector": 1500, "DistanceSourceToPatient": 1200}
    rows = measured(tmp_path, ImagerPixelSpacing=[0.15, 0.15], **distances)
    assert value(rows, "posterior_height", Level.L1) == pytest.approx(24)
    assert pick(rows, "retropulsion", Level.L1).caveats == ()


def test_unknown_magnification_is_told(tmp_path: Path) -> None:
    """200 pixels of 0.15 mm are 30 mm at the detector, which no row in millimetres hides."""
    rows = measured(tmp_path, ImagerPixelSpacing=[0.15, 0.15])
    assert value(rows, "anterior_height", Level.L1) == pytest.approx(30)
    lengths = [r for r in rows if r.unit == "mm" and r.value is not None]
    assert {r.quantity for r in lengths} >= {"anterior_height", "depth", "retropulsion"}
    assert all("detector-scale" in [c.code for c in r.caveats] for r in lengths)
    assert not [r for r in rows if r.unit != "mm" for c in r.caveats if c.code == "detector-scale"]


def test_without_spacing_ratios_and_angles_remain(tmp_path: Path) -> None:
    rows = measured(tmp_path)
    assert {r.value for r in rows if r.unit == "mm"} == {None}
    assert value(rows, "anterior_posterior_ratio", Level.L1) == pytest.approx(1)
    assert value(rows, "local_cobb", Level.T12, Level.L2) == pytest.approx(0, abs=1e-9)
