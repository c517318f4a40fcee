"""The PDF: what it says, that it says nothing it shouldn't, and that equal cases give equal bytes."""

from __future__ import annotations

import hashlib
import io
import logging
import os
import re
import subprocess
import sys
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from ovf_imaging.recommend import recommend
from ovf_imaging.report import case_from_json, case_to_json, pdf
from ovf_imaging.report.pdf import main_reading
from ovf_imaging.report.pdf_advice import is_background, weightiest
from ovf_imaging.report.sheet import printable
from ovf_imaging.report.words import study_mark
from ovf_imaging.types import Assessment, Case, Caveat, Level, Measurement, Provenance, RuleKind
from tests import fakes
from tests.recommend.cases import OSTEOPOROTIC, context

MAKERS = [fakes.mri_case, fakes.film_case, fakes.normal_case, fakes.empty_case, fakes.long_case]
L1 = int(Level.L1)


def pages(case: Case) -> list[str]:
    return [" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(pdf(case))).pages]


def text(case: Case) -> str:
    return " ".join(pages(case))


def test_a_clinician_finds_what_is_needed() -> None:
    found = text(fakes.mri_case())
    for words in (
        "Vertebral fracture report",
        "2024-11-05",
        "74 years, female",
        "Sagittal MRI, T2, supine",
        "In the patient (PixelSpacing)",
        "Fracture found at L1.",
        "Wedge fracture, Genant grade 2 (moderate)",
        "Height loss 38 % (95 % interval 33–43 %)",
        "The interval crosses a cut-off",
        "Cannot tell: OF class, cleft, stability.",
        "No fracture found at T12, L2, L3, L4 and L5.",
        "Local Cobb angle",
        "T4 is not in view.",
        "Recommended CON-02",
        "Because: acuity: acute (finding: L1); ASIA grade: E (context).",
        "Source: Analgesics [15], cited, design not stated.",
        "Pulls the other way: VA-02.",
        "What would decide more",
        "Is the fracture stable",
        "Background from the review",
        "No gold standard of treatment exists. (GEN-06)",
        "vertebrae_mri 0.1.0: sha256 0b0b",
        "Rule set 0.1.0: sha256 efef",
        "ovf-imaging 0.1.0",
    ):
        assert words in found, words


@pytest.mark.parametrize("make", MAKERS)
def test_every_page_says_what_it_is_not(make: Any) -> None:
    for page in pages(make()):
        assert "Research software. Not a medical device. Not for primary diagnosis." in page


@pytest.mark.parametrize("make", [fakes.mri_case, fakes.film_case, fakes.normal_case])
def test_a_usual_case_takes_two_pages(make: Any) -> None:
    found = pages(make())
    assert len(found) == 2
    assert "Page 2 of 2" in found[1]


def test_six_fractures_on_two_images_take_two_pages() -> None:
    case = fakes.long_case()
    found = pages(case)
    assert len(found) == 2
    assert "Fractures found at T6, T8, T11, T12, L1 and L3." in found[0]
    assert sum(page.count("Height loss, %") for page in found) == 2  # one table on two pages, its head repeated
    assert all(f"T{n} " in " ".join(found) for n in range(1, 13))
    assert "all in measurements.csv: image 2, Sagittal MRI, fluid-sensitive, supine." in found[1]
    for recommendation in case.recommendations:
        assert recommendation.rule in " ".join(found)
    assert (
        "Because, one or several: acuity: acute (finding: L1); ASIA grade: E (context); NSAID in question" in found[1]
    )


def much_advice(**facts: Any) -> Case:
    """Return six fractures with all that the review says of them when much of the context is known."""
    case = fakes.long_case()
    known = context(**OSTEOPOROTIC, neurological_deficit=False, stability="stable", conservative_failed=True, **facts)
    advice = recommend(case.assessment, case.measurements, known)
    return replace(case, context=known, recommendations=advice.recommendations, missing=advice.missing)


def test_what_two_pages_do_not_hold_is_named_and_each_arm_keeps_its_first_matter() -> None:
    case = much_advice(infection_suspected=False, malignancy_suspected=False, pain_vas=8.0, hypertension=True)
    found = pages(case)
    assert len(found) == 2
    assert len(case.recommendations) > 40
    told, _, rest = found[1].partition("more of the review's statements apply and stand in case.json:")
    spoken = {r.rule: r for r in case.recommendations if not is_background(r)}
    left_out = [rule for rule in spoken if f" {rule}," in rest or f" {rule}." in rest]
    assert f"{len(left_out)} " == told[-len(f"{len(left_out)} ") :]
    assert all(f" {rule} " in told for rule in spoken if rule not in left_out)
    assert not [rule for rule in left_out if spoken[rule].kind is RuleKind.AVOID]
    assert {r.arm for r in spoken.values()} == {spoken[rule].arm for rule in spoken if rule not in left_out}
    assert all(r.rule in rest for r in case.recommendations if is_background(r))


def test_safety_stays_when_all_else_gives_way() -> None:
    asked = [replace(fakes.ADVICE[4], rule="SAFE-1", arm="safety"), *fakes.ADVICE]
    assert [r.rule for r in weightiest(asked, 1)] == ["SAFE-1"]
    assert [r.rule for r in weightiest(asked, 3)] == ["SAFE-1", "PAIN-02", "VA-16"]
    assert weightiest(asked, None) == asked


def test_wide_intervals_are_printed_whole() -> None:
    wide = [replace(m, interval=(-128.4, -103.7)) for m in fakes.mri_case().measurements if m.quantity == "wedge_angle"]
    angle = replace(fakes.angles(fakes.column())[0], value=-115.5, interval=(-128.4, -103.7))
    case = fakes.mri_case(measurements=tuple(wide), assessment=Assessment(angles=(angle,)))
    found = text(case)
    assert found.count("−128.4 to −103.7") == len(wide) + 1
    assert "…" not in found.partition("Weights")[0]


def test_no_letter_is_smaller_than_seven_and_a_half_points() -> None:
    sizes: set[float] = set()
    for case in (fakes.mri_case(), fakes.long_case(), much_advice()):
        for page in PdfReader(io.BytesIO(pdf(case))).pages:
            page.extract_text(visitor_text=lambda text, cm, tm, font, size: sizes.add(size) if text.strip() else None)
    assert min(sizes) >= 7.5


def test_the_first_questions_are_asked_and_the_others_counted() -> None:
    found = text(fakes.mri_case(missing=tuple(f"question {n}" for n in range(30))))
    last, rest = re.findall(r"question (\d+) and (\d+) more questions, listed in case\.json\.", found)[0]
    assert int(last) + 1 + int(rest) == 30


def test_information_on_safety_is_no_background() -> None:
    asked = replace(fakes.ADVICE[4], arm="safety")
    assert is_background(fakes.ADVICE[4])
    assert not is_background(asked)
    only = text(fakes.mri_case(recommendations=(fakes.ADVICE[4],)))
    assert "No statement of the review applies to what is known of this case. Background from the review" in only
    assert "Information GEN-06" in text(fakes.mri_case(recommendations=(asked,)))


def test_a_film_says_that_its_millimetres_are_magnified() -> None:
    found = text(fakes.film_case())
    assert "mm at detector" in found
    assert "At the detector, magnified" in found


def test_without_millimetres_heights_are_dashes() -> None:
    film = fakes.film_reading()
    bodies = fakes.column()
    image = fakes.film_image(bodies, scale=type(film.image.scale).UNKNOWN)
    case = fakes.case_of((replace(film, image=image),), bodies, fakes.findings(bodies, fractured={}))
    found = text(case)
    assert "Unknown: no millimetres" in found
    assert "L2 — — — −2" in found


def test_nothing_found_and_nothing_read_are_said() -> None:
    assert "No fracture found in the 6 bodies assessed (T12–L5)." in text(fakes.normal_case())
    found = text(fakes.empty_case())
    assert "No vertebra could be read in this study." in found
    assert "2 axial series were set aside" in found
    assert "No statement of the review applies" in found


def test_a_case_read_without_pixels_says_so() -> None:
    assert "The image is not stored with this case." in text(case_from_json(case_to_json(fakes.mri_case())))


def test_no_identifier_is_printed() -> None:
    case = fakes.mri_case()
    raw = pdf(case)
    assert case.study.uid.encode() not in raw
    found = text(case)
    assert case.study.uid not in found
    assert study_mark(case.study.uid) in found
    assert "IM1" not in found


@pytest.mark.parametrize("make", [fakes.mri_case, fakes.empty_case])
def test_equal_cases_give_equal_bytes(make: Any) -> None:
    one = pdf(make())
    time.sleep(1.1)  # the clock's second has changed
    assert pdf(make()) == one


def test_equal_cases_give_equal_bytes_in_another_process_and_zone() -> None:
    code = "import hashlib; from ovf_imaging.report import pdf; from tests import fakes; "
    code += "print(hashlib.sha256(pdf(fakes.film_case())).hexdigest())"
    here = Path(__file__).resolve().parents[2]
    env = {**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    run = subprocess.run([sys.executable, "-c", code], cwd=here, env=env, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == hashlib.sha256(pdf(fakes.film_case())).hexdigest()


@pytest.mark.parametrize("made", [None, datetime(2025, 1, 1, 12, 0)])
def test_a_case_without_date_or_zone_has_its_report(made: datetime | None) -> None:
    case = fakes.mri_case(provenance=Provenance(version="0.1.0", made=made))
    assert "Report made" in text(case)


@pytest.mark.parametrize("name", ["Đặng Thị", "Ковальчук", "Ηλίας", "Łukasz Šćepanović", "≥ 20 % – −3°"])
def test_names_of_many_scripts_can_be_read_back(name: str) -> None:
    reading = replace(fakes.mri_reading(), reader=f"edited by {name}")
    assert f"edited by {name}" in text(fakes.mri_case(readings=(reading,)))


@pytest.mark.parametrize("name", ["山田", "🦴🩻", "\ud800", "\x00\x1b\x7f", "a\u202eb", "te\u0302te", "مرحبا", "\n\t"])
def test_other_characters_become_boxes_and_never_a_crash(name: str, caplog: pytest.LogCaptureFixture) -> None:
    caveat = Caveat(code="odd", text=f"Before {name} after", must_see=True)
    with caplog.at_level(logging.WARNING):
        found = text(fakes.empty_case(caveats=(caveat,)))
    assert "Before" in found
    assert "after" in found
    assert caplog.records == []


def test_missing_glyphs_are_boxes() -> None:
    letters = {ord(c) for c in "Ivantêe "}
    assert printable("山田 Ivan", letters) == "□□ Ivan"
    assert printable("te\u0302te\u202e\n", letters) == "tête"


def test_words_without_a_break_stay_on_the_page() -> None:
    caveats = tuple(Caveat(code=str(n), text="W" * 400, must_see=n == 0) for n in range(2))
    found = text(fakes.mri_case(caveats=caveats, missing=("x" * 300,)))
    assert found.replace(" ", "").count("W") >= 800


def test_of_a_hundred_caveats_those_to_be_seen_are_all_told_and_the_others_counted() -> None:
    caveats = tuple(Caveat(code=str(n), text=f"Caveat number {n}.", must_see=n % 2 == 0) for n in range(100))
    case = fakes.mri_case(caveats=caveats)
    found = text(case)
    assert all(f"Caveat number {n}." in found for n in range(0, 100, 2))
    (more,) = re.findall(r"And (\d+) more caveats, listed in case\.json\.", found)
    told = [n for n in range(1, 100, 2) if f"Caveat number {n}." in found]
    assert len(told) + int(more) == sum(not c.must_see for c in case.all_caveats())


def test_the_picture_shows_the_largest_finding() -> None:
    case = fakes.mri_case()
    measured = Measurement(levels=(L1, L1), quantity="height_loss_anterior", value=0.5, unit="1", reading=1)
    worst = replace(case.assessment.findings[2], height_loss=0.5, basis=(measured,))
    two = replace(case, readings=case.readings * 2, assessment=replace(case.assessment, findings=(worst,)))
    assert main_reading(two) == 1
    assert main_reading(case) == 0
    assert main_reading(fakes.empty_case()) is None
