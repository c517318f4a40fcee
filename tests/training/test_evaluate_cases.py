"""Cases against their truth, by hand: three bodies of 25 mm, the front of L1 read 2 mm too low."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ovf_imaging import __version__
from ovf_imaging.pipeline import Pipeline
from ovf_imaging.training.evaluate_cases import (
    LANDMARK,
    Rows,
    as_table,
    match,
    picture_rows,
    reading_of,
    summarise,
)
from ovf_imaging.types import Case, Context, Level, Provenance, Reading, Study
from tests.measure.build import column, reading, vertebra

LEVELS = (Level.T12, Level.L1, Level.L2)
SD_MM = 0.5  # half-width of a coordinate's interval: 0.98 mm
POINTS = column([(25, 25, 25)] * 3)
SHARED = {"source": "simulated mri", "patient": "p", "case": "p"}


def true_body(level: Level, points: NDArray[np.float64], **changes: Any) -> dict[str, Any]:
    """Return a body as truth files tell it; (x, y) mm of `tests.measure.build` are (y, −z) of the patient."""
    at_mm = np.column_stack([np.full(6, 8.0), points[:, 0], -points[:, 1]])
    body = {"level": level, "shown": True, "cut": False, "landmarks_mm": at_mm.tolist(), "fracture": None}
    return body | {"genant_grade": 0, "height_loss": [0.0, 0.0, 0.0]} | changes


def picture(**changes: Any) -> dict[str, Any]:
    bodies = [true_body(k, p) for k, p in zip(LEVELS, POINTS, strict=True)]
    return {"files": "t2", "view": "sagittal", "sequence": "t2", "affine": [], "bodies": bodies} | changes


def as_read(*, named: tuple[Level, ...] = LEVELS) -> Reading:
    bodies = [p.copy() for p in POINTS]
    bodies[1][0, 1] += 2
    return reading([vertebra(k, p, sd_mm=SD_MM) for k, p in zip(named, bodies, strict=True)])


def case_of(seen: Reading) -> Case:
    pipeline = Pipeline(provenance=Provenance(version=__version__, models={seen.reader: "abc"}))
    return pipeline.conclude(Study(uid="1"), (seen,), Context())


def rows_of(seen: Reading, shown: dict[str, Any]) -> Rows:
    return picture_rows(SHARED, case_of(seen), shown)


def test_errors_are_what_was_read_less_the_truth() -> None:
    """L1's front is 2 mm short: height −2, loss +2/25, wedge atan(2/30) = 3.81°."""
    rows = rows_of(as_read(), picture())
    found = {(r["quantity"], r["level"]): r for r in rows.numbers if r["quantity"] != LANDMARK}
    assert found["anterior_height", Level.L1]["error"] == pytest.approx(-2)
    assert found["posterior_height", Level.L1]["error"] == pytest.approx(0)
    assert not found["anterior_height", Level.L1]["held"]  # 1.96 · √2 · 0.5 = 1.39
    assert found["anterior_height", Level.L1]["half"] == pytest.approx(1.386, abs=0.001)
    assert found["height_loss_anterior", Level.L1]["error"] == pytest.approx(0.08, abs=0.03)  # and the level trend
    assert found["wedge_angle", Level.L1]["error"] == pytest.approx(3.81, abs=0.02)
    assert found["local_cobb", Level.T12]["error"] == pytest.approx(0, abs=1e-6)
    off = [r for r in rows.numbers if r["quantity"] == LANDMARK and not r["held"]]
    assert [(r["level"], r["error"]) for r in off] == [(Level.L1, pytest.approx(2))]
    assert len([r for r in rows.numbers if r["quantity"] == LANDMARK]) == 3 * 6 * 2


def test_a_height_loss_is_judged_by_the_body_s_own_unbroken_heights() -> None:
    """Neighbours as tall as L1 show no loss but the trend's; its truth says it was a quarter taller: off by 0.2."""
    shown = picture(bodies=[true_body(k, p) for k, p in zip(LEVELS, POINTS, strict=True)])
    shown["bodies"][1] |= {"height_loss": [0.0, 0.0, 0.2], "genant_grade": 1}
    loss = [
        next(r for r in rows_of(as_read(), p).numbers if (r["quantity"], r["level"]) == ("height_loss_posterior", 20))
        for p in (picture(), shown)
    ]
    assert loss[1]["error"] == pytest.approx(loss[0]["error"] - 0.2)
    assert [row["true_grade"] for row in loss] == [0, 1]


def test_a_body_is_found_where_it_lies_whatever_it_is_called() -> None:
    rows = rows_of(as_read(named=(Level.L1, Level.L2, Level.L3)), picture())
    assert [(r["found"], r["level_right"]) for r in rows.bodies] == [(True, False)] * 3
    corners = rows.bodies[1]["corner_percent"]  # 2 mm of a depth of 30
    assert corners == pytest.approx([100 * 2 / 30, 0, 0, 0], abs=1e-9)


def test_a_body_read_a_third_of_its_depth_away_is_not_found() -> None:
    near, far = (true_body(Level.L1, POINTS[1] + [shift, 0]) for shift in (8, 10))  # of 9 mm allowed
    seen = as_read()
    assert match(near, seen).found is seen.vertebrae[1]
    assert match(far, seen).found is None


def test_bodies_that_the_picture_cuts_and_the_sacrum_are_left_out() -> None:
    bodies = [true_body(Level.T12, POINTS[0], cut=True), true_body(Level.S1, POINTS[1]), true_body(Level.L2, POINTS[2])]
    assert [r["level"] for r in rows_of(as_read(), picture(bodies=bodies)).bodies] == [Level.L2]


def test_a_refused_picture_has_bodies_not_found_and_no_numbers() -> None:
    rows = picture_rows(SHARED, None, picture())
    assert [r["found"] for r in rows.bodies] == [False] * 3
    assert rows.numbers == ()
    assert reading_of([as_read()], picture(sequence="t1")) is None


def test_the_summary_keeps_sources_and_grades_apart() -> None:
    """Six bodies of one source, true grades 0 0 0 2 2 2 found as 0 0 1 2 2 3.

    Linear weights 1 − |i − j|/3: seen (4 + 2·2/3)/6 = 0.8889; by chance, with shares (1/2, 0, 1/2, 0) and
    (1/3, 1/6, 1/3, 1/6): 1/2·(1/3 + 1/6·2/3 + 1/3·1/3) + 1/2·(1/3·1/3 + 1/6·2/3 + 1/3 + 1/6·2/3) = 0.6111;
    kappa (0.8889 − 0.6111)/(1 − 0.6111) = 0.714.
    """
    grades = [(0, 0), (0, 0), (0, 1), (2, 2), (2, 2), (2, 3)]
    bodies = [
        {
            "source": "a",
            "case": "c",
            "patient": f"p{n}",
            "true_grade": true,
            "grade": grade,
            "found": True,
            "level_right": n > 0,
        }
        | {"corner_percent": [1.0, 3.0]}
        for n, (true, grade) in enumerate(grades)
    ]
    numbers = [
        {"source": "a", "true_grade": 2, "quantity": "wedge_angle", "error": -2.0, "held": True},
        {"source": "a", "true_grade": 2, "quantity": "wedge_angle", "error": 4.0, "held": False},
    ]
    missed = {"source": "b", "case": "d", "true_grade": 0, "found": False}
    told = summarise(Rows(bodies=(*bodies, missed), numbers=tuple(numbers)))
    assert told["a"]["all"]["level_right_percent"] == 83.3
    assert told["a"]["all"]["kappa_linear"][0] == pytest.approx(0.714, abs=0.001)
    assert told["a"]["grade 0"]["called_fractured_percent"] == 33.3
    assert told["a"]["grade 2"]["wedge_error"] == {"mean": 3.0, "p50": 3.0, "p95": 3.9}
    assert told["a"]["grade 2"]["wedge_held_percent"] == 50.0
    assert "wedge_error" not in told["a"]["grade 0"]
    assert (told["b"]["all"]["bodies"], told["b"]["all"]["found_percent"]) == (1, 0.0)
    row = "| a, grade 2 | 3 | 100.0 | 100.0 | 100.0 | 2 / 3 | – | – | 3 / 3.9 | – | – |"
    assert row in as_table(told).splitlines()
