"""Facts worked out from others: a ratio, and whether a level lies between two others."""

from typing import Any

import pytest

from ovf_imaging.errors import ContextError
from ovf_imaging.knowledge.rules import rule_book
from ovf_imaging.recommend import check_context, explain
from ovf_imaging.recommend.evidence import gather
from ovf_imaging.recommend.trace import Known
from ovf_imaging.types import Assessment
from tests.recommend.cases import FRACTURE, advice


def known(fact: str, **values: Any) -> Known:
    return gather(rule_book(), Assessment(), (), check_context(values)).facts[fact]


@pytest.mark.parametrize(("pedicle", "screw", "share"), [(8, 6.5, 0.8125), (8, 5.5, 0.6875), (7, 4.9, 0.7)])
def test_ratio_is_exact(pedicle: float, screw: float, share: float) -> None:
    found = known("screw_share_of_pedicle", pedicle_diameter_mm=pedicle, screw_diameter_mm=screw)
    assert found.value == share
    assert found.stated


@pytest.mark.parametrize(
    ("end", "inside"), [("T9", False), ("T10", True), ("T13", True), ("L1", True), ("L2", True), ("L3", False)]
)
@pytest.mark.parametrize("limits", [("T10", "L2"), ("L2", "T10")])
def test_level_lies_between_two_whichever_is_named_first(end: str, inside: bool, limits: tuple[str, str]) -> None:
    upper, lower = limits
    found = known("upper_end_in_kyphosis", upper_end=end, kyphosis_upper=upper, kyphosis_lower=lower)
    assert found.value is inside


def test_calculated_fact_waits_for_what_is_unknown_and_asks_for_that() -> None:
    assert known("screw_share_of_pedicle", screw_diameter_mm=6).waits_for == ("pedicle_diameter_mm",)
    values = FRACTURE | {"screw_diameter_mm": 6}
    assert explain("SCR-02", Assessment(), (), check_context(values)).unknown == ("pedicle_diameter_mm",)
    assert "SCR-02" in advice(values).decides["pedicle_diameter_mm"]


def test_with_both_parts_unknown_neither_alone_decides() -> None:
    found = advice(FRACTURE)
    assert {"pedicle_diameter_mm", "screw_diameter_mm"} <= set(found.missing)
    assert "SCR-02" not in found.decides["pedicle_diameter_mm"]


def test_calculated_fact_can_not_be_stated() -> None:
    with pytest.raises(ContextError, match="follows from screw_diameter_mm, pedicle_diameter_mm; state that instead"):
        check_context({"screw_share_of_pedicle": 0.5})
