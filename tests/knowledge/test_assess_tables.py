"""The tables that findings are drawn by load, say their sources, and name what is wrong with a broken file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ovf_imaging.errors import KnowledgeError
from ovf_imaging.knowledge.mimics import mimics
from ovf_imaging.knowledge.signs import sign_rules
from ovf_imaging.knowledge.stability import movement_limits
from ovf_imaging.knowledge.tables import involved_endplate, of_classification
from ovf_imaging.types import Level, Sequence, Shape
from tests.knowledge.test_tables import broken

LOADERS: dict[str, Callable[[Path], object]] = {
    "mimics.toml": mimics,
    "signs.toml": sign_rules,
    "stability.toml": movement_limits,
}


def test_what_the_tables_hold() -> None:
    assert movement_limits() == {
        "change_anterior_height": 0.08,
        "change_wedge_angle": 5.0,
        "change_local_cobb": 10.0,
    }
    assert set(sign_rules().first_to_last) == set(Sequence)
    assert mimics().normal_wedge.span.holds(Level.T12)
    assert not mimics().normal_wedge.span.holds(Level.L2)
    assert (involved_endplate().tilt_at_least_deg, involved_endplate().dent_at_least) == (8.0, 0.08)
    assert [c.shapes for c in of_classification() if c.number == 4] == [{Shape.CRUSH, Shape.PLANA}]


@pytest.mark.parametrize(("value", "verdict"), [(None, None), (0.2, False), (0.3, None), (0.5, True)])
def test_between_the_two_limits_of_a_sign_nothing_can_be_told(value: float | None, verdict: bool | None) -> None:
    assert sign_rules().cleft.of(value) is verdict


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("stability.toml", "limit = 5.0", 'limit = "5"', r'"change_wedge_angle.limit" wanted a number .* got \'5\''),
        ("stability.toml", "[change_local_cobb]", "[cobb]", r'"change_local_cobb" wanted a table .* got None'),
        ("signs.toml", "absent_at_most = 0.2", "absent_at_most = 0.6", r'"cleft.absent_at_most" .* to 0.5, got 0.6'),
        ("signs.toml", '"t2", ', "", r'signs.toml: "fusion.first_to_last" wanted each of'),
        ("mimics.toml", 'upper = "T1"', 'upper = "D1"', r'"scheuermann.upper" wanted a level such as "L1", got \'D1\''),
        ("mimics.toml", "grade_at_most = 3", "grade_at_most = 4", r'"schmorl.grade_at_most" .* from 1 to 3, got 4'),
        ("mimics.toml", 'name = "a short vertebra"', 'name = ""', r'"short_vertebra.name" wanted a text'),
    ],
)
def test_a_broken_file_is_named_with_key_and_value(tmp_path: Path, name: str, old: str, new: str, message: str) -> None:
    path = broken(tmp_path, name, old, new)
    with pytest.raises(KnowledgeError, match=message):
        LOADERS[name](path)


@pytest.mark.parametrize(
    ("read", "old", "new", "message"),
    [
        (
            involved_endplate,
            "dent_at_least = 0.08",
            "dent_at_least = 8",
            r'"endplate.dent_at_least" wanted a number from 0 to 1, got 8',
        ),
        (of_classification, '"crush", "plana"', '"crush", "flat"', r'"of_class\[1\].shapes" wanted a list of .*flat'),
    ],
)
def test_a_broken_of_table_is_named_with_key_and_value(
    tmp_path: Path, read: Callable[[Path], object], old: str, new: str, message: str
) -> None:
    path = broken(tmp_path, "of_classification.toml", old, new)
    with pytest.raises(KnowledgeError, match=message):
        read(path)


@pytest.mark.parametrize("name", LOADERS)
def test_entries_need_a_source(tmp_path: Path, name: str) -> None:
    path = broken(tmp_path, name, "\nsource = ", "\norigin = ")
    with pytest.raises(KnowledgeError, match=f'{name}: entry .* has no "source"'):
        LOADERS[name](path)
