"""Factors of intervals from hand-made numbers, and how they are told and written."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from ovf_imaging.knowledge.intervals import interval_factors
from ovf_imaging.training import calibrate
from ovf_imaging.training.calibrate import FEWEST, Number, fit
from ovf_imaging.training.evaluate_cases import LANDMARK

KEY = ("net", "wedge_angle")


def numbers(offs: list[float], source: str = "simulated", quantity: str = "wedge_angle") -> list[Number]:
    """Return numbers, four a patient, off to one side and the other in turn."""
    shared = Number(network="net", weights="abc", source=source, patient="", quantity=quantity, fractured=False, off=0)
    return [replace(shared, patient=f"p{n // 4:02d}", off=off * (-1) ** n) for n, off in enumerate(offs)]


def test_the_factor_is_the_95th_percentile() -> None:
    """Of 0.02, 0.04 … 2.00 the 95th smallest is 1.90."""
    assert fit(numbers([n / 50 for n in range(1, 101)])) == {KEY: pytest.approx(1.9)}


def test_sources_count_alike_however_many_numbers_they_have() -> None:
    """400 numbers off by 1 and 100 by n/10 for n to 100: half of 5 % above lies beyond the 90th of the hundred, 9.0.

    Pooled number by number the 475th of the 500, the 75th of the hundred, would be 7.5.
    """
    both = numbers([1.0] * 400) + numbers([n / 10 for n in range(1, 101)], source="painted")
    assert fit(both)[KEY] == pytest.approx(9.0, abs=0.11)


def test_intervals_are_never_narrowed() -> None:
    assert fit(numbers([0.1] * FEWEST)) == {KEY: 1.0}


def test_too_few_numbers_of_one_source_give_no_factor() -> None:
    enough = numbers([1.0] * FEWEST)
    assert fit(enough) == {KEY: 1.0}
    assert fit(enough + numbers([1.0] * (FEWEST - 1), source="painted")) == {}


def test_a_biased_source_widens_nothing() -> None:
    """Half of the errors are −0.4, half 1.6: their median, 0.6, is more than half of a half-width."""
    off = numbers([0.4, 1.6] * FEWEST)
    lopsided = [replace(n, off=1.6 if abs(n.off) > 1 else -0.4, source="lopsided") for n in off]
    assert fit(lopsided) == {}
    assert fit([*lopsided, *numbers([1.2] * FEWEST)]) == {KEY: pytest.approx(1.2)}


def test_landmarks_have_their_factor_in_the_bundle() -> None:
    assert fit(numbers([2.0] * FEWEST, quantity=LANDMARK)) == {}


def test_each_half_is_told_by_the_factors_of_the_other() -> None:
    """Patients with off 1 and 3 in turn: factors 1 and 3 cross, so the halves hold wholly and not at all."""
    some = numbers([1.0 + 2 * (n // 4 % 2) for n in range(2 * FEWEST)], source="s", quantity="depth")
    assert {(abs(n.off), factor) for n, factor in calibrate.crossed(some)} == {(1.0, 3.0), (3.0, 1.0)}
    assert calibrate.held_table(some).splitlines() == ["| | s |", "|---|---|", "| depth | 50 → 50 of 80 |"]


def test_the_command_writes_what_measure_reads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Errors of ±3 in intervals of ±2 want a factor of 1.5."""
    row = {
        "reader": "net 0.1.0",
        "weights": "abcdefghij",
        "source": "painted mri",
        "quantity": "depth",
        "half": 2.0,
        "true_grade": 2,
    }
    rows = [row | {"patient": f"p{n // 20}", "error": 3.0 * (-1) ** n} for n in range(2 * FEWEST)]
    with (tmp_path / "numbers.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, rows[0])
        table.writeheader()
        table.writerows(rows)
    calibrate.main([str(tmp_path / "numbers.csv"), "--out", str(tmp_path / "intervals.toml")])
    assert interval_factors("net 0.2.0", tmp_path / "intervals.toml") == {"depth": 1.5}
    assert "weights abcdefgh; patients: 4 painted mri" in (tmp_path / "intervals.toml").read_text(encoding="utf-8")
    assert "| depth | 0 → 100 of 80, fractured 100 of 80 |" in capsys.readouterr().out
