"""Genant grade and shape from height losses, by hand."""

from __future__ import annotations

import pytest

from ovf_imaging.assess.grade import genant_grade, grade, own_shape_loss
from ovf_imaging.knowledge.tables import heights
from ovf_imaging.types import Level, Measurement, Shape


def rows(
    anterior: float | None, middle: float | None, posterior: float | None, half: float = 0.01
) -> dict[str, Measurement]:
    """Return the three height losses of L1, each ± half."""
    losses = {"anterior": anterior, "middle": middle, "posterior": posterior}
    return {
        f"height_loss_{k}": Measurement(
            levels=(Level.L1, Level.L1),
            quantity=f"height_loss_{k}",
            value=v,
            unit="1",
            interval=None if v is None else (v - half, v + half),
        )
        for k, v in losses.items()
    }


@pytest.mark.parametrize(
    ("loss", "expected"),
    [(-0.1, 0), (0.0, 0), (0.1999, 0), (0.20, 1), (0.2499, 1), (0.25, 2), (0.40, 2), (0.4001, 3), (1.0, 3)],
)
def test_cut_offs(loss: float, expected: int) -> None:
    """20 % and 25 % belong to the higher grade (≥), 40 % to the lower (>)."""
    assert genant_grade(loss) == expected


@pytest.mark.parametrize(
    ("losses", "expected", "shape"),
    [
        ((0.05, 0.05, 0.02), 0, Shape.NORMAL),
        ((0.45, 0.25, 0.05), 3, Shape.WEDGE),
        ((0.10, 0.30, 0.05), 2, Shape.BICONCAVE),
        ((0.20, 0.22, 0.35), 2, Shape.CRUSH),
        ((0.35, 0.35, 0.35), 2, Shape.CRUSH),
        ((0.36, 0.35, 0.34), 2, Shape.CRUSH),
        ((0.24, 0.10, 0.10), 1, Shape.WEDGE),
        ((0.75, 0.78, 0.70), 3, Shape.PLANA),
        ((0.90, 0.80, 0.70), 3, Shape.WEDGE),
        ((0.60, 0.62, 0.58), 3, Shape.CRUSH),
    ],
)
def test_grade_and_shape_by_the_worst_position(losses: tuple[float, float, float], expected: int, shape: Shape) -> None:
    found = grade(rows(*losses))
    assert found is not None
    assert found.loss == max(losses)
    assert (found.grade, found.shape) == (expected, shape)


@pytest.mark.parametrize(
    ("losses", "half", "near"),
    [
        ((0.22, 0.0, 0.0), 0.01, False),
        ((0.22, 0.0, 0.0), 0.02, True),
        ((0.18, 0.0, 0.0), 0.03, True),
        ((0.30, 0.0, 0.0), 0.02, False),
        ((0.0, 0.0, 0.0), 0.05, False),
    ],
)
def test_near_threshold_when_the_interval_holds_a_cut_off(
    losses: tuple[float, float, float], half: float, near: bool
) -> None:
    found = grade(rows(*losses, half=half))
    assert found is not None
    assert found.near_threshold is near


def test_a_less_reduced_but_less_certain_position_can_bring_a_cut_off_near() -> None:
    """Front 0.30 ± 0.01 is moderate beyond doubt, but the back's 0.25 ± 0.20 reaches 0.45: it may be severe."""
    both = rows(0.30, 0.0, 0.25)
    both["height_loss_posterior"] = rows(0, 0, 0.25, half=0.20)["height_loss_posterior"]
    found = grade(both)
    assert found is not None
    assert found.near_threshold


def test_no_loss_no_grade() -> None:
    assert grade(rows(None, None, None)) is None
    assert grade({}) is None


def test_missing_position_leaves_a_fracture_but_not_a_zero() -> None:
    fracture, unsure = grade(rows(0.3, None, 0.1)), grade(rows(0.1, None, 0.1))
    assert fracture is not None
    assert (fracture.grade, fracture.shape, fracture.missing) == (2, Shape.WEDGE, ("middle",))
    assert unsure is not None
    assert (unsure.grade, unsure.shape) == (None, None)


def test_own_shape_loss() -> None:
    """L1's ratios at 60 % of the expected front and 90 % of the expected middle: 0.4 lost against the back."""
    front, middle, back = heights().expected[Level.L1]
    ratios = {
        name: Measurement(levels=(Level.L1, Level.L1), quantity=name, value=value, unit="1")
        for name, value in (
            ("anterior_posterior_ratio", 0.6 * front / back),
            ("middle_posterior_ratio", 0.9 * middle / back),
        )
    }
    assert own_shape_loss(ratios, Level.L1) == pytest.approx(0.4)
    assert own_shape_loss(ratios, Level.C5) is None
    assert own_shape_loss({}, Level.L1) is None
