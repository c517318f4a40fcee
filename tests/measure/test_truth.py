"""Every measure fed with the true landmarks of simulated patients, against what those landmarks say by other formulas.

The landmarks lie on the bones' meshes (training/simulation/anatomy); heights and angles of the truth file are told by
cases/truth.py, the rest is worked out here from sines and areas. Nothing is taken from measure/ or geometry.py.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ovf_imaging.knowledge.canal import canal
from ovf_imaging.knowledge.tables import heights, kyphosis
from ovf_imaging.measure import measure, measure_changes
from ovf_imaging.training.simulation.anatomy import AnatomySettings, DrawnPatient, draw_patient, load_templates
from ovf_imaging.training.simulation.cases.truth import angles
from ovf_imaging.training.simulation.volume import PatientTruth
from ovf_imaging.types import Level, Measurement, Position, Reading, Vertebra, View
from tests.measure.build import image, pick, reading

Array = NDArray[np.float64]
Truth = dict[int, Array]  # level → (6, 2) landmarks as (back, foot) in mm
MM, DEG = 0.1, 0.1  # how far a measure may be from the truth
SEEDS = range(8)


@pytest.fixture(scope="module")
def patients(shared_data: Path, request: pytest.FixtureRequest) -> list[DrawnPatient]:
    templates = load_templates(shared_data / "meshes", Path(request.config.cache.mkdir("anatomy")))
    return [draw_patient(np.random.default_rng(seed), AnatomySettings(), templates) for seed in SEEDS]


def read(truth: PatientTruth, position: Position = Position.UNKNOWN) -> Reading:
    """Return a reading with the true landmarks, on an oblique stack of 0.7 × 0.5 mm pixels."""
    affine = np.eye(4)
    affine[:3, :3] = np.array([[3.0, 0, 0], [0, 0, 0.5], [0, -0.7, 0]])
    affine[:3, 3] = (-30, -150, 600)
    inverse = np.linalg.inv(affine)
    bodies = [
        Vertebra(
            level=b.level,
            landmarks=b.landmarks_mm @ inverse[:3, :3].T + inverse[:3, 3],
            covariance=np.tile(np.eye(2), (6, 1, 1)),
            confidence=1.0,
        )
        for b in truth.bodies
    ]
    return reading(bodies, on=image(affine=affine, position=position, view=View.SAGITTAL))


def flat(truth: PatientTruth) -> Truth:
    """Return the landmarks in the sagittal plane."""
    return {b.level: b.landmarks_mm[:, 1:] * np.array([1.0, -1.0]) for b in truth.bodies}


def slope_deg(three: Array) -> float:
    """Return how far an endplate falls to the front, in degrees, by the long axis of its points' covariance."""
    _, axes = np.linalg.eigh(np.cov(three.T))
    back, foot = axes[:, 1] * np.sign(axes[0, 1])
    return float(np.degrees(np.arctan(-foot / back)))


def distance_behind(point: Array, top: Array, bottom: Array) -> float:
    """Return how far a point lies behind a line from top to bottom: the triangle's area over half its base."""
    (x1, y1), (x2, y2), (x3, y3) = top, bottom, point
    area = (x3 * (y2 - y1) - x1 * (y2 - y3) - x2 * (y3 - y1)) / 2
    return float(2 * area / np.sqrt((x2 - x1) ** 2 + (y2 - y1) ** 2))


def side(body: Array, position: int) -> float:
    """Return the height at a position: anterior, middle, posterior."""
    return float(np.sqrt(((body[position] - body[position + 3]) ** 2).sum()))


def test_heights_depth_and_ratios(patients: list[DrawnPatient]) -> None:
    for patient in patients:
        truth = patient.truth()
        rows, bodies = measure(read(truth), 0), flat(truth)
        for level, body in bodies.items():
            if level == Level.S1:
                continue
            tall = [side(body, k) for k in range(3)]
            for k, name in enumerate(("anterior", "middle", "posterior")):
                assert pick(rows, f"{name}_height", level).value == pytest.approx(tall[k], abs=MM)
            for k, name in enumerate(("anterior", "middle")):
                assert pick(rows, f"{name}_posterior_ratio", level).value == pytest.approx(tall[k] / tall[2], abs=1e-6)
            front, back = (body[0] + body[3]) / 2, (body[2] + body[5]) / 2
            assert pick(rows, "depth", level).value == pytest.approx(
                float(np.sqrt(((front - back) ** 2).sum())), abs=MM
            )


def test_angles_of_the_truth_file(patients: list[DrawnPatient]) -> None:
    told = 0
    for patient in patients:
        truth = patient.truth()
        rows = measure(read(truth), 0)
        for angle in angles(truth.bodies):
            assert pick(rows, angle["quantity"], *angle["levels"]).value == pytest.approx(angle["degrees"], abs=DEG)
            told += 1
    assert told > 300


def test_angles_by_slopes(patients: list[DrawnPatient]) -> None:
    for patient in patients:
        truth = patient.truth()
        rows, bodies = measure(read(truth), 0), flat(truth)
        fall = {
            (k, s): slope_deg(b[3 * s : 3 * s + 3])
            for k, b in bodies.items()
            for s in (0, 1)
            if np.isfinite(b[3 * s :]).all()
        }
        fall |= {(int(Level.S1), 0): slope_deg(bodies[Level.S1][:3])}
        for upper, level in ((Level.T7, Level.T8), (Level.T11, Level.T12), (Level.L3, Level.L4)):
            normal = {Level.T8: 5, Level.T12: 0, Level.L4: -10}[level]
            expected = fall[upper, 1] - fall[level, 1] - normal
            assert pick(rows, "farcy_index", upper, level).value == pytest.approx(expected, abs=DEG)
        for regional in kyphosis():
            expected = fall[regional.upper, 0] - fall[regional.lower, 0 if regional.lower_is_superior else 1]
            found = pick(rows, regional.quantity, regional.upper, regional.lower).value
            assert found == pytest.approx(expected, abs=DEG)


def expected_losses(bodies: Truth, row: Measurement, position: int) -> float:
    """Return the height loss that a row's own reference lets expect."""
    trend, level = heights().expected, row.levels[0]
    carried = [side(bodies[k], position) * trend[level][position] / trend[k][position] for k in row.reference]
    return 1 - side(bodies[level], position) / (sum(carried) / len(carried))


def test_height_losses_and_walls(patients: list[DrawnPatient]) -> None:
    told = 0
    for patient in patients:
        truth = patient.truth()
        rows, bodies = measure(read(truth), 0), flat(truth)
        for row in rows:
            if row.value is None:
                continue
            for k, name in enumerate(("anterior", "middle", "posterior")):
                if row.quantity == f"height_loss_{name}":
                    assert row.value == pytest.approx(expected_losses(bodies, row, k), abs=1e-6)
            if row.quantity in ("retropulsion", "posterior_wall_involvement"):
                above, below = row.reference
                own, line = bodies[row.levels[0]], (bodies[above][5], bodies[below][2])
                behind = sorted(distance_behind(own[k], *line) for k in (2, 5))
                excess = behind[1] - max(behind[0], 0.0)
                margin = canal().displaced_from * float(np.linalg.norm((own[0] + own[3] - own[2] - own[5]) / 2))
                part = max(0.0, 1 - margin / excess) if excess > 0 else 0.0
                standing = (1 - expected_losses(bodies, row, 2)) * (1 - part)
                expected = behind[1] if row.quantity == "retropulsion" else 1 - standing
                assert row.value == pytest.approx(expected, abs=MM if row.unit == "mm" else 1e-6)
                told += 1
    assert told > 150


def test_changes_between_positions(patients: list[DrawnPatient]) -> None:
    """Flexion and extension of one patient: only clefts change a body; discs turn, so that the Cobb angle changes."""
    for patient in patients:
        truths = [patient.moved(p).truth() for p in (Position.FLEXION, Position.EXTENSION)]
        readings = tuple(read(t, t.position) for t in truths)
        rows = tuple(row for n, r in enumerate(readings) for row in measure(r, n))
        found = measure_changes(readings, rows)
        bodies = [flat(t) for t in truths]
        for row in found:
            level = row.levels[0]
            if row.quantity == "change_wedge_angle":
                wedges = [slope_deg(b[level][:3]) - slope_deg(b[level][3:]) for b in bodies]
                assert row.value == pytest.approx(wedges[1] - wedges[0], abs=DEG)
            if row.quantity == "change_anterior_height" and row.value is not None:
                trend = heights().expected
                kept = [
                    side(b[level], 0) / np.mean([side(b[k], 0) / trend[k][0] for k in row.reference]) for b in bodies
                ]
                assert row.value == pytest.approx(kept[1] / kept[0] - 1, abs=1e-6)
        assert {r.quantity for r in found if r.value is not None} >= {"change_anterior_height", "change_local_cobb"}
