"""Tilt and dent of the endplates by hand."""

from __future__ import annotations

import numpy as np
import pytest

from ovf_imaging.measure import measure
from ovf_imaging.types import Level
from tests.measure.build import quad, reading, value, vertebra


def test_a_sunken_front_and_middle_of_the_superior_endplate() -> None:
    """Back 25 mm, depth 30 mm, front 20 mm: 5 mm sunken over 30 mm is atan(5 / 30) = 9.46°.

    The middle lies at 20 mm, the rims' line at 22.5 mm: 2.5 / 25 = 0.1. The inferior endplate is square and straight.
    """
    rows = measure(reading([vertebra(Level.L1, quad(front=20, middle=20, back=25))]), 0)
    found = [value(rows, f"{s}_endplate_{q}", Level.L1) for s in ("superior", "inferior") for q in ("tilt", "dent")]
    dent = 0.1 * np.cos(np.arctan(5 / 30))  # the distance is square to the rims' line
    assert found == pytest.approx([np.degrees(np.arctan(5 / 30)), dent, 0.0, 0.0], abs=1e-9)
