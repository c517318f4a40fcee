"""Intervals as calibrated for a reader: wider by its factors, the values as they were."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ovf_imaging.knowledge.intervals import interval_factors
from ovf_imaging.measure import measure
from ovf_imaging.measure.rows import calibrated
from ovf_imaging.types import Level, Measurement
from tests.measure.build import spine

WEDGE = Measurement(levels=(20, 20), quantity="wedge_angle", value=7.0, unit="deg", interval=(5.0, 9.0))


def test_a_factor_widens_the_interval_about_the_value() -> None:
    """2° either way by 1.5 is 3°."""
    assert calibrated(WEDGE, {"wedge_angle": 1.5, "depth": 9.0}) == replace(WEDGE, interval=(4.0, 10.0))


@pytest.mark.parametrize("row", [replace(WEDGE, quantity="local_cobb"), replace(WEDGE, interval=None)])
def test_what_has_no_factor_or_interval_stays(row: Measurement) -> None:
    assert calibrated(row, {"wedge_angle": 1.5}) is row


@pytest.mark.parametrize("network", ["vertebrae_mri", "vertebrae_radiograph"])
def test_measure_takes_the_factors_of_the_reading_s_network(network: str) -> None:
    by_hand = spine({Level.T12: (24, 24, 25), Level.L1: (17, 20, 25), Level.L2: (26, 25, 26)})
    plain, wide = measure(by_hand, 0), measure(replace(by_hand, reader=f"{network} 9.9"), 0)
    factors = interval_factors(network)
    assert factors
    assert [row.value for row in wide] == [row.value for row in plain]
    for before, after in zip(plain, wide, strict=True):
        if before.interval and after.interval:
            widths = [high - low for low, high in (before.interval, after.interval)]
            assert widths[1] == pytest.approx(factors.get(before.quantity, 1.0) * widths[0])
