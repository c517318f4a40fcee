"""Made-up readers: what one of them reads of the cases of tests/fakes.py, and how another differs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from ovf_imaging.report import case_to_json
from ovf_imaging.types import Case, Finding, Measurement, Vertebra
from tests import fakes


@cache
def mri_case() -> Case:
    """Return the MRI with a broken L1 that every reader here starts from."""
    return fakes.mri_case()


def study(number: int) -> Case:
    """Return it under a study UID of its own."""
    return replace(mri_case(), study=replace(mri_case().study, uid=f"1.2.3.{number}"))


def measuring(case: Case, change: Callable[[Measurement, float], float | None]) -> Case:
    """Return a case in which each value that is told is another."""
    changed = tuple(m if m.value is None else replace(m, value=change(m, m.value)) for m in case.measurements)
    return replace(case, measurements=changed)


def finding(case: Case, change: Callable[[Finding], Finding]) -> Case:
    """Return a case with other findings."""
    return replace(case, assessment=replace(case.assessment, findings=tuple(map(change, case.assessment.findings))))


def seeing(case: Case, change: Callable[[Vertebra], Vertebra | None]) -> Case:
    """Return a case with other bodies; None leaves one out."""
    readings = tuple(
        replace(reading, vertebrae=tuple(v for v in map(change, reading.vertebrae) if v is not None))
        for reading in case.readings
    )
    return replace(case, readings=readings)


def renamed(case: Case, step: int) -> Case:
    """Return a case in which every body but the sacrum is called `step` levels lower, wherever it is named."""

    def name(level: int) -> int:
        return level if level == 26 else level + step

    case = seeing(case, lambda v: replace(v, level=name(v.level)))
    case = finding(case, lambda f: replace(f, level=name(f.level)))
    measured = tuple(replace(m, levels=(name(m.levels[0]), name(m.levels[1]))) for m in case.measurements)
    return replace(case, measurements=measured)


def moved(case: Case, rows: float, columns: float) -> Case:
    """Return a case in which every landmark lies some pixels further down and to the right."""
    return seeing(case, lambda v: replace(v, landmarks=v.landmarks + np.array([0.0, rows, columns])))


def saved(case: Case, folder: Path) -> Path:
    """Write a case.json into a folder and return the folder."""
    folder.mkdir(parents=True)
    (folder / "case.json").write_text(case_to_json(case), encoding="utf-8")
    return folder
