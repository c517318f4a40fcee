"""What others say: the OF score by hand, and panels that never mix with the review's records."""

from __future__ import annotations

from typing import Any

import pytest

from ovf_imaging.recommend.others import OF_SCORE
from ovf_imaging.types import Level, Panel
from tests.recommend.cases import NO_FRACTURE, advice, assessment, fracture

ALL_KNOWN: dict[str, Any] = {
    "t_score": -3.5,
    "ct_hu": 120,
    "kyphosis_progressing": True,
    "pain_vas_on_treatment": 6,
    "neurological_deficit": False,
    "mobilisation": "bed",
    "asa": 4,
    "frailty": True,
    "anticoagulant": True,
}


def score(of_class: int | None = 3, **facts: Any) -> Panel:
    panels = {p.id: p for p in advice(facts, assessment(fracture(Level.L1, of_class=of_class))).others}
    return panels[OF_SCORE]


def test_all_known_gives_one_number() -> None:
    """OF 3: 6; bone 1; progression 1; pain 1; neurology 0; mobilisation 1; health three times -1, at most -2: 8."""
    panel = score(**ALL_KNOWN)
    assert panel.score == (8, 8)
    assert panel.needs == ()
    assert panel.says[0] == "8 points: surgery."
    assert "not validated" in panel.status


def test_unknown_gives_an_interval_and_what_the_card_would_count() -> None:
    """OF 2: 4; bone 0 to 1, progression, pain and mobilisation -1 to 1 each, neurology 0 to 2, health -2 to 0.

    From 4 - 3 - 2 = -1 to 4 + 1 + 3 + 2 = 10; unknowns as 0: 4.
    """
    panel = score(of_class=2)
    assert panel.score == (-1, 10)
    assert panel.says[0] == (
        "−1 to 10 points; 4 with what is unknown counted as 0, as the card does: "
        "anything from conservative therapy to surgery."
    )
    assert {"t_score", "pain_vas_on_treatment", "mobilisation", "asa"} <= set(panel.needs)


@pytest.mark.parametrize(
    ("facts", "points"),
    [
        ({}, 8),
        ({"t_score": -3.0}, 7),  # below -3 counts, -3 itself doesn't
        ({"t_score": -3.0, "ct_hu": 90}, 8),  # 90 HU counts
        ({"pain_vas_on_treatment": 4.9}, 6),
        ({"kyphosis_progressing": False}, 6),
        ({"mobilisation": "walks with help"}, 6),
        ({"neurological_deficit": True}, 10),
        ({"frailty": False}, 8),  # two of three are -2 as well
        ({"frailty": False, "asa": 3}, 9),
        ({"frailty": False, "asa": 3, "anticoagulant": False}, 10),
    ],
)
def test_each_line_gives_its_points(facts: dict[str, Any], points: float) -> None:
    assert score(**{**ALL_KNOWN, **facts}).score == (points, points)


@pytest.mark.parametrize(("of_class", "points"), [(1, 2), (2, 4), (3, 6), (4, 8), (5, 10)])
def test_morphology_gives_two_points_a_class(of_class: int, points: float) -> None:
    """The other lines of ALL_KNOWN add 1 + 1 + 1 + 0 + 1 - 2 = 2."""
    assert score(of_class=of_class, **ALL_KNOWN).score == (points + 2, points + 2)


@pytest.mark.parametrize(
    ("of_class", "deficit", "says"),
    [(1, False, "conservative therapy"), (2, False, "conservative therapy or surgery"), (2, True, "surgery")],
)
def test_bands_are_those_of_the_card(of_class: int, deficit: bool, says: str) -> None:
    """OF 1 gives 2 + 2 = 4, OF 2 gives 4 + 2 = 6, a deficit adds 2: 8."""
    panel = score(of_class=of_class, **{**ALL_KNOWN, "neurological_deficit": deficit})
    assert panel.says[0].endswith(f"points: {says}.")


def test_more_knowledge_never_widens_the_score() -> None:
    narrow = (-99.0, 99.0)
    for count in range(len(ALL_KNOWN) + 1):
        found = score(**dict(list(ALL_KNOWN.items())[:count])).score
        assert found is not None
        assert narrow[0] <= found[0] <= found[1] <= narrow[1]
        narrow = found


def test_without_a_fracture_nobody_speaks() -> None:
    assert advice({}).others == ()
    assert advice(NO_FRACTURE).others == ()


@pytest.mark.parametrize("flag", ["cervical_level", "infection_suspected", "malignancy_suspected"])
def test_red_flags_close_what_others_say(flag: str) -> None:
    known = {"fracture_present": True, "considering_augmentation": True}
    assert advice({**known, flag: False}).others != ()
    assert advice({**known, flag: True}).others == ()


def test_panels_open_with_what_they_speak_of_and_are_no_records() -> None:
    few, more = (
        advice({"fracture_present": True, "considering_augmentation": wish, "considering_surgery": False})
        for wish in (False, True)
    )
    assert {p.id for p in few.others} < {p.id for p in more.others}
    assert "NICE-TA279" in {p.id for p in more.others} - {p.id for p in few.others}
    assert not {p.id for p in more.others} & {r.rule for r in more.recommendations}
    assert all(p.status and p.source and p.says for p in more.others)
