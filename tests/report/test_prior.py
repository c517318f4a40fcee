"""A case with a prior study: its files are named, its rows are told apart, and its report stays on two pages."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

from pypdf import PdfReader

from ovf_imaging.cli import summary
from ovf_imaging.report import case_to_json, measurements_csv, pdf, read_case, words, write_case
from ovf_imaging.report.case_json import parse_case
from ovf_imaging.report.pdf import main_reading
from ovf_imaging.types import Case, Level, Measurement, Shape
from tests import fakes
from tests.report.alike import assert_alike

L1 = int(Level.L1)
LATER = Measurement(
    levels=(L1, L1),
    quantity="change_anterior_height",
    value=-0.12,
    unit="1",
    interval=(-0.18, -0.06),
    reading=0,
    against=1,
)
WALL = Measurement(levels=(L1, L1), quantity="retropulsion", value=2.04, unit="mm", interval=(0.9, 3.2))


def compared() -> Case:
    """Return the fakes' MRI with a prior study of it; L1 is worse, has moved, and may be Scheuermann's."""
    case = fakes.mri_case()
    findings = tuple(
        replace(f, change="worse", mimic="scheuermann", basis=(*f.basis, LATER, WALL)) if f.level == L1 else f
        for f in case.assessment.findings
    )
    return replace(
        case,
        readings=(*case.readings, replace(case.readings[0], prior=True)),
        measurements=(*case.measurements, replace(case.measurements[0], reading=1), LATER, WALL),
        assessment=replace(case.assessment, findings=findings, index_level=L1, deformity_index=5),
        prior=replace(case.study, uid="1.2.826.0.1.3680043.8.498.9"),
    )


def text(case: Case) -> tuple[str, int]:
    pages = PdfReader(io.BytesIO(pdf(case))).pages
    return " ".join(" ".join(p.extract_text().split()) for p in pages), len(pages)


def test_the_priors_files_are_named_and_all_come_back(tmp_path: Path) -> None:
    case = compared()
    names = {path.name for path in write_case(case, tmp_path / "out")}
    assert {"labels_1.nii.gz", "overlay_1.png", "prior_labels_2.nii.gz", "prior_overlay_2.png"} <= names
    assert "labels_2.nii.gz" not in names
    assert_alike(read_case(tmp_path / "out"), case)
    write_case(fakes.mri_case(), tmp_path / "out")
    assert not [p.name for p in (tmp_path / "out").iterdir() if p.name.startswith("prior_")]


def test_the_table_tells_changes_and_the_priors_rows_apart() -> None:
    table = list(csv.DictReader(io.StringIO(measurements_csv(compared()))))
    (change,) = [r for r in table if r["quantity"] == "change_anterior_height"]
    assert (change["reading"], change["against"], change["prior"], change["value"]) == ("1", "2", "", "-0.12")
    (before,) = [r for r in table if r["prior"]]
    assert (before["study"], before["reading"], before["against"]) == ("1.2.826.0.1.3680043.8.498.9", "2", "")
    assert {r["study"] for r in table if not r["prior"]} == {compared().study.uid}


def test_the_report_tells_all_of_it_on_two_pages() -> None:
    found, pages = text(compared())
    assert pages == 2
    for part in (
        "Sagittal MRI, T2, supine, prior study",
        "Since the prior study: worse. It may be Scheuermann's disease rather than a fracture.",
        "Index fracture: L1. Spinal deformity index (T4–L4): 5.",
        "L1, measured besides: Retropulsion 2.0 mm (0.9–3.2); "
        "Change of anterior height −12 % (−18 to −6), image 1 against 2.",
    ):
        assert part in found, part
    assert main_reading(compared()) == 0


def test_the_command_line_tells_it_too() -> None:
    lines = "\n".join(summary.as_lines(compared())).replace("\u00a0", " ")
    assert "Sagittal MRI, T2, supine, prior study: " in lines
    assert "Since the prior study: worse." in lines
    assert "Spinal deformity index (T4–L4): 5." in lines


def test_a_body_that_only_changed_gets_its_paragraph() -> None:
    normal = replace(fakes.mri_case().assessment.findings[1], shape=Shape.NORMAL, fractured=False, grade=0)
    assert not words.is_told(replace(normal, change="no measurable change"))
    assert words.is_told(replace(normal, change="better"))


def test_a_case_of_before_these_fields_is_read_as_one_without_a_prior() -> None:
    """`ovf-case/1` files of the first version lack the keys; they mean no prior, no change, no mimic."""
    new = {"prior", "against", "mimic", "change", "index_level", "deformity_index", "detail"}
    text = case_to_json(fakes.mri_case())
    tree = json.loads(text, object_hook=lambda entry: {k: v for k, v in entry.items() if k not in new})
    assert len(json.dumps(tree)) < len(json.dumps(json.loads(text)))
    case = parse_case(json.dumps(tree), None)
    assert (case.prior, case.readings[0].prior, case.measurements[0].against) == (None, False, None)
