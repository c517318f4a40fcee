"""What the command line prints of a case: the report's own words, line by line."""

from __future__ import annotations

import io
from typing import Any

import pytest
from pypdf import PdfReader

from ovf_imaging import pdf, words
from ovf_imaging.cli import summary
from tests import fakes


@pytest.mark.parametrize("make", [fakes.mri_case, fakes.film_case, fakes.normal_case, fakes.empty_case])
def test_screen_and_report_say_the_same(make: Any) -> None:
    case = make()
    lines = list(summary.as_lines(case))
    report = " ".join(" ".join(p.extract_text().split()) for p in PdfReader(io.BytesIO(pdf(case))).pages)
    told = [f for f in case.assessment.findings if words.is_told(f)]
    shared = [words.summary(case), *(words.headline(f) for f in told)]
    shared += [words.image_name(r.image) for r in case.readings] + [words.scale_name(r.image) for r in case.readings]
    shared += [" ".join(words.sentences(f)).replace("\u00a0", " ") for f in told]
    printed = "\n".join(lines).replace("\u00a0", " ")
    for text in shared:
        assert text in printed
        assert text in report


def test_each_level_and_angle_has_a_line() -> None:
    lines = list(summary.as_lines(fakes.mri_case()))
    assert any(line.startswith("   L1  Wedge fracture, Genant grade 2 (moderate). Height loss 38") for line in lines)
    assert any(line.startswith("  T11  Fracture: cannot tell. Cannot tell: height loss") for line in lines)
    assert "  Local Cobb angle T12–L2: 4.1° (0.0–8.2)" in lines
    assert "  Thoracic angle T4–T12: cannot tell" in lines


def test_caveats_name_their_levels() -> None:
    caveat = fakes.empty_case().study.caveats[0]
    lines = list(summary.as_lines(fakes.empty_case()))
    assert f"! {words.caveat_text(caveat)}" in lines
