"""OF classes by hand: endplates from tilt (≥ 8°) and dent (≥ 0.08), the posterior wall against a fifth."""

from __future__ import annotations

import pytest

from ovf_imaging.assess.of_class import of_class
from ovf_imaging.types import Level, Shape
from tests.assess.build import SQUARE, Value, rows

L1 = Level.L1


def told(values: dict[str, Value], *, grade: int | None = 2, shape: Shape = Shape.WEDGE, acuity: str | None = None):
    found = of_class(L1, {m.quantity: m for m in rows(L1, values)}, grade, shape, acuity)
    return found.value, {c.code for c in found.caveats}, [c.text for c in found.caveats]


TILTED: dict[str, Value] = {**SQUARE, "superior_endplate_tilt": 12.0}
BOTH: dict[str, Value] = {**TILTED, "inferior_endplate_dent": 0.12}


@pytest.mark.parametrize(
    ("values", "shape", "expected"),
    [
        ({**TILTED, "posterior_wall_involvement": 0.10}, Shape.WEDGE, 2),
        ({**TILTED, "posterior_wall_involvement": 0.20}, Shape.WEDGE, 2),
        ({**TILTED, "posterior_wall_involvement": 0.21}, Shape.WEDGE, 3),
        ({**BOTH, "posterior_wall_involvement": 0.10}, Shape.BICONCAVE, 4),
        ({**SQUARE, "posterior_wall_involvement": 0.30}, Shape.CRUSH, 4),
        ({}, Shape.PLANA, 4),
        ({**SQUARE, "posterior_wall_involvement": 0.10}, Shape.WEDGE, 2),
    ],
)
def test_classes_two_to_four(values: dict[str, Value], shape: Shape, expected: int) -> None:
    """Both endplates or a collapse make 4; a deformed body has one endplate involved at least."""
    value, codes, _ = told(values, shape=shape)
    assert value == expected
    assert "of-class-5-not-seen" in codes


def test_oedema_alone_is_class_one() -> None:
    assert told({**SQUARE, "posterior_wall_involvement": 0.0}, grade=0, shape=Shape.NORMAL, acuity="acute")[0] == 1


@pytest.mark.parametrize("acuity", [None, "not acute"])
def test_a_whole_body_without_oedema_has_no_class(acuity: str | None) -> None:
    assert told(SQUARE, grade=0, shape=Shape.NORMAL, acuity=acuity) == (None, set(), [])


def test_one_endplate_and_an_unknown_wall_is_two_or_three() -> None:
    value, _, texts = told({**TILTED, "posterior_wall_involvement": None})
    assert value is None
    assert texts == ["L1: the OF class can't be told; it may be 2 or 3"]


def test_unknown_endplates_leave_the_classes_that_the_wall_allows() -> None:
    """A wall involved by 0.1 rules out 3, lost height rules out 1."""
    value, _, texts = told({"posterior_wall_involvement": 0.1})
    assert value is None
    assert "it may be 2 or 4" in texts[0]


def test_a_wall_whose_interval_holds_a_fifth_is_near_the_threshold() -> None:
    near = {**TILTED, "posterior_wall_involvement": (0.18, 0.03)}
    clear = {**TILTED, "posterior_wall_involvement": (0.10, 0.03)}
    assert "of-class-near-threshold" in told(near)[1]
    assert "of-class-near-threshold" not in told(clear)[1]


@pytest.mark.parametrize(
    ("tilt", "dent", "near"),
    [((9.0, 2.0), 0.0, True), ((7.0, 2.0), 0.0, True), ((12.0, 2.0), (0.07, 0.05), False), ((2.0, 2.0), 0.0, False)],
)
def test_an_endplate_within_its_doubt_of_the_limit_is_near_it(tilt: Value, dent: Value, near: bool) -> None:
    """9 ± 2° and 7 ± 2° hold 8°; 12 ± 2° does not, and then the dent no longer matters; 2 ± 2° ends at 4°."""
    values = {**TILTED, "inferior_endplate_tilt": tilt, "inferior_endplate_dent": dent}
    _, codes, texts = told({**values, "posterior_wall_involvement": 0.1})
    assert ("of-class-near-threshold" in codes) is near
    assert any("the inferior endplate's involvement" in text for text in texts) is near
