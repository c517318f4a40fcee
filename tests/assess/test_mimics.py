"""Fracture or trap, by hand-made rows of knowledge/mimics.toml's patterns."""

from __future__ import annotations

import pytest

from ovf_imaging.types import Assessment, Level, Measurement, Sequence
from tests.assess.build import WHOLE, Value, codes, concluded, finding, mri, rows

Values = dict[str, Value]
L3 = Level.L3


def losses(anterior: float, middle: float, posterior: float) -> Values:
    named = {"anterior": anterior, "middle": middle, "posterior": posterior}
    return {f"height_loss_{k}": (v, 0.01) for k, v in named.items()}


def assessed(*measured: list[Measurement]) -> Assessment:
    return concluded([mri(Sequence.FLUID)], *measured)


def scheuermann(wedges: tuple[float, ...], dent: float = 0.1, **more: Value) -> Assessment:
    """Return T7 and the bodies below it, each with a mild anterior loss, wedged by so much, T8 with a dent."""
    measured = []
    for place, wedge in enumerate(wedges):
        values = WHOLE | losses(0.22, 0.1, 0.0) | {"wedge_angle": wedge} | more
        values |= {"superior_endplate_dent": dent} if place == 1 else {}
        measured.append(rows(Level(Level.T7 + place), values))
    return assessed(*measured)


def test_three_wedged_bodies_in_a_row_with_a_dented_endplate_may_be_scheuermanns() -> None:
    assessment = scheuermann((6.0, 7.0, 5.0))
    assert [f.mimic for f in assessment.findings] == ["scheuermann"] * 3
    assert {f.fractured for f in assessment.findings} == {None}
    caveat = next(c for c in finding(assessment, Level.T8).caveats if c.code == "mimic-scheuermann")
    assert "3 bodies in a row, T7 to T9, are wedged by 5° or more, with a dented endplate at T8" in caveat.text


@pytest.mark.parametrize("wedges", [(6.0, 7.0), (6.0, 4.9, 7.0, 6.0)], ids=["only two", "the row is broken"])
def test_fewer_than_three_in_a_row_are_fractures(wedges: tuple[float, ...]) -> None:
    assert {f.mimic for f in scheuermann(wedges).findings} == {None}


def test_straight_endplates_make_no_scheuermann() -> None:
    assert {f.mimic for f in scheuermann((6.0, 7.0, 6.0), dent=0.05).findings} == {None}


def test_oedema_speaks_for_a_fracture() -> None:
    found = scheuermann((6.0, 7.0, 6.0), oedema_extent=0.4).findings
    assert {(f.mimic, f.fractured, f.acuity) for f in found} == {(None, True, "acute")}


DENTED: Values = WHOLE | losses(0.02, 0.28, 0.01) | {"superior_endplate_dent": 0.2}


def test_one_dented_endplate_with_whole_rims_may_be_a_schmorls_node() -> None:
    found = finding(assessed(rows(L3, DENTED)), L3)
    assert (found.mimic, found.fractured, found.grade) == ("schmorl", None, 2)
    assert "the superior endplate alone is dented" in found.caveats[-1].text or "mimic-schmorl" in codes(found)


@pytest.mark.parametrize(
    "change",
    [{"inferior_endplate_dent": 0.12}, losses(0.15, 0.28, 0.01), {"cleft_probability": 0.9}],
    ids=["both endplates", "the rim has lost height", "a cleft"],
)
def test_what_makes_no_schmorls_node(change: Values) -> None:
    found = finding(assessed(rows(L3, DENTED | change)), L3)
    assert (found.mimic, found.fractured) == (None, True)


def short(loss: float, depth: float, neighbour: float = 27.0) -> str | None:
    """Return the mimic of an L3 whose three heights are 27 mm less the loss, beside an L4 of 27 mm over 36 mm."""
    tall = ("anterior_height", "middle_height", "posterior_height")
    own: Values = WHOLE | losses(loss, loss, loss) | dict.fromkeys(tall, 27 * (1 - loss)) | {"depth": depth}
    other: Values = WHOLE | dict.fromkeys(tall, neighbour) | {"depth": 36.0}
    return finding(assessed(rows(L3, own), rows(Level.L4, other)), L3).mimic


def test_an_evenly_low_body_in_proportion_to_its_depth_may_be_a_short_vertebra() -> None:
    """22 % low: 21.06 mm over a depth of 29 mm is 0.726; the neighbour's 27 over 36 is 0.750, 3 % more."""
    assert short(0.22, 29.0) == "short_vertebra"


def test_an_evenly_low_body_of_full_depth_is_a_crush() -> None:
    """21.06 mm over 36 mm is 0.585, 22 % less than 0.750; beside a neighbour as short it is short again."""
    assert short(0.22, 36.0) is None
    assert short(0.22, 36.0, neighbour=21.0) == "short_vertebra"


def test_a_moderate_even_loss_is_no_short_vertebra() -> None:
    assert short(0.30, 27.0) is None


@pytest.mark.parametrize(
    ("level", "wedge", "dent", "mimic"),
    [
        (Level.L1, 9.5, 0.0, "normal_wedge"),
        (Level.T12, 9.5, 0.0, "normal_wedge"),
        (Level.L2, 9.5, 0.0, None),
        (Level.L1, 10.5, 0.0, None),
        (Level.L1, 9.5, 0.1, None),
    ],
)
def test_a_mild_wedge_of_straight_endplates_at_t12_and_l1_may_be_normal(
    level: Level, wedge: float, dent: float, mimic: str | None
) -> None:
    values = WHOLE | losses(0.22, 0.11, 0.0) | {"wedge_angle": wedge, "superior_endplate_dent": dent}
    found = finding(assessed(rows(level, values)), level)
    assert (found.mimic, found.fractured) == (mimic, None if mimic else True)


def test_a_moderate_wedge_is_never_called_normal() -> None:
    values = WHOLE | losses(0.26, 0.13, 0.0) | {"wedge_angle": 9.5}
    assert finding(assessed(rows(Level.L1, values))).mimic is None
