"""Cleft, acuity and their fusion over a study's series, by hand-made rows."""

from __future__ import annotations

import pytest

from ovf_imaging.types import Level, Position, Sequence
from tests.assess.build import WEDGED, WHOLE, Value, codes, concluded, film, finding, mri, rows

L1 = Level.L1
T1, T2, FLUID = Sequence.T1, Sequence.T2, Sequence.FLUID


@pytest.mark.parametrize(
    ("probability", "verdict"), [(0.9, True), (0.5, True), (0.49, None), (0.21, None), (0.2, False), (0.0, False)]
)
def test_a_cleft_is_present_from_half_and_absent_up_to_a_fifth(probability: float, verdict: bool | None) -> None:
    found = finding(concluded([mri(FLUID)], rows(L1, {**WEDGED, "cleft_probability": probability})))
    assert found.cleft is verdict
    assert ("cleft-uncertain" in codes(found)) is (verdict is None)


@pytest.mark.parametrize(("fluid", "gas", "kind"), [(0.9, 0.1, "fluid"), (0.2, 0.8, "gas"), (0.7, 0.7, None)])
def test_the_likelier_filling_is_the_kind(fluid: float, gas: float, kind: str | None) -> None:
    seen: dict[str, Value] = {"cleft_fluid_probability": fluid, "cleft_gas_probability": gas}
    seen["cleft_probability"] = max(fluid, gas)
    found = finding(concluded([mri(FLUID)], rows(L1, WEDGED | seen)))
    assert (found.cleft, found.cleft_kind) == (True, kind)


def test_a_cleft_that_is_absent_has_no_kind() -> None:
    seen: dict[str, Value] = {"cleft_probability": 0.1, "cleft_fluid_probability": 0.1, "cleft_gas_probability": 0.0}
    assert finding(concluded([mri(FLUID)], rows(L1, WEDGED | seen))).cleft_kind is None


def test_the_fluid_sensitive_series_speaks_first_and_t2_is_told_to_disagree() -> None:
    readings = [mri(T2), mri(FLUID)]
    found = finding(
        concluded(readings, rows(L1, WEDGED | {"cleft_probability": 0.1}), rows(L1, {"cleft_probability": 0.9}, on=1))
    )
    assert found.cleft is True
    caveat = next(c for c in found.caveats if c.code == "readings-disagree")
    assert caveat.must_see
    assert "a cleft is seen on image 2 (sagittal fluid, position supine) and not seen on image 1" in caveat.text


def test_a_cleft_seen_in_one_position_only_is_present_and_the_other_position_is_told() -> None:
    readings = [film(Position.FLEXION), film(Position.EXTENSION)]
    found = finding(
        concluded(readings, rows(L1, WEDGED | {"cleft_probability": 0.1}), rows(L1, {"cleft_probability": 0.8}, on=1))
    )
    assert found.cleft is True
    assert "positions-differ" in codes(found)
    assert "readings-disagree" not in codes(found)


def test_a_series_that_can_not_tell_does_not_silence_one_that_can() -> None:
    readings = [mri(FLUID), mri(T2)]
    found = finding(
        concluded(readings, rows(L1, WEDGED | {"cleft_probability": None}), rows(L1, {"cleft_probability": 0.1}, on=1))
    )
    assert found.cleft is False


@pytest.mark.parametrize(
    ("measured", "acuity"),
    [
        ({"oedema_extent": 0.4, "fluid_signal_ratio": 1.0}, "acute"),
        ({"oedema_extent": 0.02, "fluid_signal_ratio": 2.0}, "not acute"),
        ({"oedema_extent": 0.1}, None),
        ({"oedema_extent": None, "fluid_signal_ratio": 1.6}, "acute"),
        ({"fluid_signal_ratio": 1.1}, "not acute"),
        ({"fluid_signal_ratio": 1.3}, None),
        ({"fluid_signal_ratio": None}, None),
        ({}, None),
    ],
)
def test_acuity_by_the_extent_of_oedema_and_without_it_by_the_mean_signal(
    measured: dict[str, Value], acuity: str | None
) -> None:
    """Extent: acute from 0.15, not acute up to 0.05. Mean signal: acute from 1.5, not acute up to 1.2."""
    found = finding(concluded([mri(FLUID)], rows(L1, WEDGED | measured)))
    assert found.acuity == acuity
    assert ("acuity-uncertain" in codes(found)) is (acuity is None)


def test_without_a_fluid_sensitive_series_acuity_can_not_be_told() -> None:
    found = finding(concluded([mri(T1)], rows(L1, WEDGED | {"t1_signal_ratio": 0.5})))
    assert found.acuity is None
    assert "no-fluid-sensitive-series" in codes(found)


@pytest.mark.parametrize(("t1", "told"), [(0.6, False), (1.1, True)])
def test_oedema_that_is_not_dark_on_t1_is_told(t1: float, told: bool) -> None:
    readings = [mri(FLUID), mri(T1)]
    found = finding(
        concluded(readings, rows(L1, WEDGED | {"oedema_extent": 0.5}), rows(L1, {"t1_signal_ratio": (t1, 0.05)}, on=1))
    )
    assert found.acuity == "acute"
    assert ("t1-not-low" in codes(found)) is told
    assert {row.quantity for row in found.basis} >= {"oedema_extent", "t1_signal_ratio", "height_loss_anterior"}


def test_signals_that_disagree_between_two_series_of_a_kind_are_shown_never_averaged() -> None:
    """1.8 ± 0.1 and 1.2 ± 0.1 are 0.6 apart, √(0.1² + 0.1²) = 0.14 would be allowed: the first is used."""
    found = finding(
        concluded(
            [mri(FLUID), mri(FLUID)],
            rows(L1, WEDGED | {"fluid_signal_ratio": (1.8, 0.1)}),
            rows(L1, {"fluid_signal_ratio": (1.2, 0.1)}, on=1),
        )
    )
    used = [row.value for row in found.basis if row.quantity == "fluid_signal_ratio"]
    assert used == [1.8]
    assert "readings-disagree" in codes(found)


def test_oedema_without_lost_height_is_of_1_and_no_longer_a_plain_no() -> None:
    whole: dict[str, Value] = {f"height_loss_{k}": (0.0, 0.02) for k in ("anterior", "middle", "posterior")}
    square: dict[str, Value] = {
        f"{s}_endplate_{what}": 0.0 for s in ("superior", "inferior") for what in ("tilt", "dent")
    }
    found = finding(concluded([mri(FLUID)], rows(L1, whole | square | {"oedema_extent": 0.5})))
    assert (found.grade, found.fractured, found.acuity, found.of_class) == (0, None, "acute", 1)
    assert "oedema-alone" in codes(found)


def test_what_looks_like_a_cleft_in_a_body_that_kept_its_height_is_not_called_one() -> None:
    found = finding(concluded([film(Position.EXTENSION)], rows(L1, WHOLE | {"cleft_probability": 0.9})))
    assert (found.fractured, found.cleft) == (False, None)
    assert "cleft-without-collapse" in codes(found)
