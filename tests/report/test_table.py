"""measurements.csv: tidy, with units and intervals, never NaN."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

from ovf_imaging.report import measurements_csv
from ovf_imaging.report.table import COLUMNS
from ovf_imaging.types import Case, Caveat, Measurement
from tests import fakes


def rows(case: Case) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(measurements_csv(case))))


def test_one_row_a_measurement_with_its_image() -> None:
    case = fakes.mri_case()
    table = rows(case)
    assert len(table) == len(case.measurements) + len(case.assessment.angles)
    row = next(r for r in table if (r["upper_level"], r["quantity"]) == ("L1", "height_loss_anterior"))
    assert (row["study"], row["reading"], row["view"], row["sequence"]) == (case.study.uid, "1", "sagittal", "t2")
    assert (row["position"], row["scale"], row["scale_source"]) == ("supine", "patient", "PixelSpacing")
    assert (row["lower_level"], row["upper_number"], row["lower_number"]) == ("L1", "20", "20")
    assert row["unit"] == "1"
    assert row["reference_levels"] == "T12 L2"
    assert float(row["lower"]) < float(row["value"]) < float(row["upper"])


def test_numbers_are_exact() -> None:
    case = fakes.mri_case()
    values = [float(r["value"]) for r in rows(case)[: len(case.measurements)] if r["value"]]
    assert values == [m.value for m in case.measurements if m.value is not None]


def test_what_cannot_be_told_is_empty_with_its_reason() -> None:
    row = next(r for r in rows(fakes.mri_case()) if r["upper_level"] == "T11")
    assert (row["value"], row["lower"], row["upper"], row["caveats"]) == ("", "", "", "cut-by-edge")


def test_not_a_number_is_empty() -> None:
    nan = float("nan")
    odd = Measurement(levels=(20, 20), quantity="depth", value=nan, unit="mm", interval=(nan, float("inf")))
    text = measurements_csv(fakes.mri_case(measurements=(odd,)))
    assert "nan" not in text
    assert "inf" not in text


def test_angles_that_were_measured_appear_once() -> None:
    case = fakes.mri_case()
    both = replace(case, measurements=(*case.measurements, *case.assessment.angles))
    assert measurements_csv(both) == measurements_csv(case)


def test_a_case_without_readings_has_the_head_only() -> None:
    assert measurements_csv(fakes.empty_case()) == ",".join(COLUMNS) + "\n"


def test_words_with_commas_and_caveats_stay_in_their_cell() -> None:
    caveats = (Caveat(code="a", text="x, y"), Caveat(code="b", text=""), Caveat(code="a", text=""))
    odd = Measurement(levels=(19, 99), quantity='a "b", c', value=1.0, unit="mm", caveats=caveats, reading=7)
    (row,) = rows(fakes.empty_case(measurements=(odd,)))
    assert (row["quantity"], row["caveats"], row["view"], row["lower_level"]) == ('a "b", c', "a b", "", "level 99")
