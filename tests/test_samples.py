"""Every bundled sample through the whole pipeline: what data_samples/expected says must be found."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pypdf import PdfReader

from ovf_imaging import Config, Finding, Pipeline, View, pdf
from ovf_imaging.types import Level, Vertebra

SAMPLES = Path(__file__).parents[1] / "data_samples"
EXPECTED = sorted((SAMPLES / "expected").glob("*.json"))


def nearest(vertebrae: tuple[Vertebra, ...], place: list[float]) -> Vertebra:
    return min(vertebrae, key=lambda v: float(np.linalg.norm(v.landmarks[:, 1:].mean(0) - place[1:])))


def fractures(findings: tuple[Finding, ...]) -> dict[int, Finding]:
    return {f.level: f for f in findings if f.fractured}


@pytest.mark.parametrize("path", EXPECTED, ids=lambda p: p.stem)
def test_sample_meets_its_expectation(path: Path):
    wanted: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    case = Pipeline.load(Config(device="cpu")).run(SAMPLES / wanted["study"])
    assert len(PdfReader(io.BytesIO(pdf(case))).pages) <= 2
    reading = case.readings[0]
    assert reading.image.view is View(wanted["view"])
    whole = [v for v in reading.vertebrae if v.complete]
    assert len(whole) >= wanted["bodies_at_least"]
    assert set(wanted["caveats"]) <= {c.code for c in case.all_caveats()}
    assert set(wanted.get("levels", ())) <= {Level(v.level).name for v in reading.vertebrae}
    if wanted["fractured_at"] is None:
        return
    found = fractures(case.assessment.findings)
    for fracture in wanted["fractured_at"]:
        finding = found.pop(nearest(reading.vertebrae, fracture["place"]).level)
        low, high = fracture["height_loss"]
        assert finding.height_loss is not None
        assert low <= finding.height_loss <= high
        assert finding.grade is not None
        assert finding.grade >= fracture["grade_at_least"]
        if fracture["shape"]:
            assert finding.shape == fracture["shape"]
    assert len(found) <= wanted["others_fractured_at_most"]


def test_every_sample_has_an_expectation():
    studies = {json.loads(p.read_text(encoding="utf-8"))["study"].split("/")[0] for p in EXPECTED}
    folders = {p.name for p in SAMPLES.iterdir() if p.is_dir()} - {"expected"}
    assert studies == folders
