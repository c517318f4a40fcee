"""The clinical tables load, say their sources, and name what is wrong with a broken file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ovf_imaging.errors import KnowledgeError
from ovf_imaging.knowledge import tables
from ovf_imaging.knowledge.loader import KNOWLEDGE_DIR
from ovf_imaging.training.height_trend import expected, read_people
from ovf_imaging.types import Level, Position, SignKind

LOADERS: dict[str, Callable[[Path], object]] = {
    "genant.toml": tables.genant,
    "heights.toml": tables.heights,
    "kyphosis.toml": tables.kyphosis,
    "fusion.toml": tables.positions_first_to_last,
    "cleft.toml": tables.cleft,
    "of_classification.toml": tables.of_classification,
}


def broken(tmp_path: Path, name: str, old: str, new: str) -> Path:
    """Return a copy of a knowledge file with one text replaced."""
    text = (KNOWLEDGE_DIR / name).read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / name
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def test_genant_says_which_inequality_is_used() -> None:
    cuts = tables.genant().cutoffs
    assert [(c.grade, c.loss, c.inclusive) for c in cuts] == [(1, 0.2, True), (2, 0.25, True), (3, 0.4, False)]


def test_heights_cover_t4_to_l5() -> None:
    table = tables.heights()
    assert sorted(table.expected) == list(range(Level.T4, Level.L5 + 1))
    assert table.expected.keys() == table.sd.keys()
    assert table.excluded_signs == {SignKind.CEMENT, SignKind.IMPLANT, SignKind.CLEFT}


def test_heights_grow_down_the_thoracic_spine() -> None:
    rows = np.array([tables.heights().expected[k] for k in range(Level.T4, Level.L1 + 1)])
    assert (np.diff(rows, axis=0) > 0).all()


def test_regional_angles() -> None:
    found = {a.quantity: (a.upper, a.upper_is_superior, a.lower, a.lower_is_superior) for a in tables.kyphosis()}
    assert found == {
        "angle_t10_l2": (Level.T10, True, Level.L2, False),
        "angle_t4_t12": (Level.T4, True, Level.T12, False),
        "angle_l1_l5": (Level.L1, True, Level.L5, False),
        "angle_l1_s1": (Level.L1, True, Level.S1, True),
    }


def test_every_position_has_its_place() -> None:
    assert set(tables.positions_first_to_last()) == set(Position)


def test_cleft_fillings() -> None:
    assert tables.cleft()["fluid"].t2 == "bright"
    assert tables.cleft()["gas"].t2 == "dark"


def test_of_classes_are_checked_from_five_to_one() -> None:
    classes = tables.of_classification()
    assert [c.number for c in classes] == [5, 4, 3, 2, 1]
    assert (classes[2].wall_above, classes[3].wall_at_most) == (0.2, 0.2)


def test_a_table_is_read_once() -> None:
    assert tables.heights() is tables.heights()


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        (
            "genant.toml",
            "loss = 0.25",
            'loss = "a quarter"',
            r'genant.toml: "grade\[1\].loss" wanted a number .* \'a qua',
        ),
        ("genant.toml", "loss = 0.40", "loss = 0.22", r"genant.toml: .grade. wanted grades and losses rising"),
        ("genant.toml", "inclusive = true", "inclusive = 1", r'"grade\[0\].inclusive" wanted true or false, got 1'),
        ("genant.toml", "[shape]", "[form]", r'genant.toml: "shape" wanted a table \[shape\], got None'),
        (
            "heights.toml",
            "[0.959, 0.986, 1.003]",
            "[0.959, 0.986]",
            r'heights.toml: "L1.expected" wanted three numbers',
        ),
        (
            "heights.toml",
            "[0.959, 0.986, 1.003]",
            "[0.959, 0.986, -1]",
            r'"L1.expected\[2\]" wanted a number .* got -1',
        ),
        ("heights.toml", "[L1]", "[L9]", r'heights.toml: "L9" wanted a level such as "L1"'),
        ("heights.toml", '"cement"', '"glue"', r'"reference.excluded_signs" wanted a list of .*glue'),
        (
            "kyphosis.toml",
            'upper_endplate = "superior"',
            'upper_endplate = "top"',
            r'"angle\[0\].upper_endplate" wanted one',
        ),
        ("kyphosis.toml", 'name = "thoracolumbar angle T10–L2"', 'name = ""', r'"angle\[0\].name" wanted a text'),
        ("kyphosis.toml", 'lower = "L2"', "lower = 21", r'"angle\[0\].lower" wanted a level such as "L1", got 21'),
        ("fusion.toml", '"neutral", ', "", r'fusion.toml: "positions.first_to_last" wanted each of'),
        ("cleft.toml", 't1 = "dark"', 't1 = "grey"', r'cleft.toml: "fluid.t1" wanted one of .* got \'grey\''),
        ("of_classification.toml", "number = 5", "number = 3", r'"of_class" wanted numbers falling to 1, got \[3, 4'),
        (
            "of_classification.toml",
            "wall_above = 0.2",
            "wall_above = 20",
            r'"of_class\[2\].wall_above" wanted a number',
        ),
    ],
)
def test_a_broken_file_is_named_with_key_and_value(tmp_path: Path, name: str, old: str, new: str, message: str) -> None:
    path = broken(tmp_path, name, old, new)
    with pytest.raises(KnowledgeError, match=message):
        LOADERS[name](path)


@pytest.mark.parametrize("name", LOADERS)
def test_entries_need_a_source(tmp_path: Path, name: str) -> None:
    path = broken(tmp_path, name, "\nsource = ", "\norigin = ")
    with pytest.raises(KnowledgeError, match=f'{name}: entry .* has no "source"'):
        LOADERS[name](path)


@pytest.mark.real_data
def test_the_height_trend_is_what_the_masks_say(shared_data: Path) -> None:
    """Made again from the masks, each entry agrees to the three decimals that the file has."""
    people = read_people(shared_data / "mri_vertebral_bodies", held_back=False)
    made = expected(people)
    assert made.keys() == tables.heights().expected.keys()
    for level, row in tables.heights().expected.items():
        assert np.round(made[level], 3) == pytest.approx(row, abs=0.0011)
