"""Posterior wall, normal contour and pairs of images: what the files say, and what a broken one is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ovf_imaging.errors import KnowledgeError
from ovf_imaging.knowledge.canal import canal
from ovf_imaging.knowledge.changes import dynamic_pairs, numbering
from ovf_imaging.knowledge.contour import normal_contour
from ovf_imaging.types import Level, Position
from tests.knowledge.test_tables import broken


def test_normal_contour_by_region() -> None:
    """+5° thoracic, 0° at the thoracolumbar junction, −10° lumbar (design/measurements.md)."""
    found = normal_contour()
    assert [found[k] for k in (Level.T1, Level.T10, Level.T11, Level.T13, Level.L2, Level.L3, Level.L6)] == [
        5,
        5,
        0,
        0,
        0,
        -10,
        -10,
    ]
    assert not {Level.C7, Level.S1} & found.keys()


def test_pairs_of_positions() -> None:
    assert dynamic_pairs() == ((Position.EXTENSION, Position.FLEXION), (Position.SUPINE, Position.STANDING))


@pytest.mark.parametrize(
    ("load", "name", "old", "new", "said"),
    [
        (
            canal,
            "canal.toml",
            "displaced_from = 0.07",
            "displaced_from = 7",
            "posterior_wall.displaced_from.* from 0.001",
        ),
        (canal, "canal.toml", "[posterior_wall]", "[wall]", r"wanted a table \[posterior_wall\]"),
        (normal_contour, "kyphosis.toml", 'first = "T11"', 'first = "D11"', r"normal_contour\[1\].first.*'D11'"),
        (normal_contour, "kyphosis.toml", "kyphosis_deg = 5", 'kyphosis_deg = "5"', "kyphosis_deg.*wanted a number"),
        (dynamic_pairs, "changes.toml", 'against = "flexion"', 'against = "bent"', r"pair\[0\].against.*'bent'"),
        (numbering, "changes.toml", "odds_at_least = 1000", "odds_at_least = 0", "numbering.odds_at_least.*got 0"),
    ],
)
def test_a_broken_file_is_named(
    tmp_path: Path, load: Callable[[Path], object], name: str, old: str, new: str, said: str
) -> None:
    with pytest.raises(KnowledgeError, match=rf"{name}.*{said}"):
        load(broken(tmp_path, name, old, new))
