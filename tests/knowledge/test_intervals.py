"""The factors of intervals: whose they are, and what a broken file is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from ovf_imaging.errors import KnowledgeError
from ovf_imaging.knowledge.intervals import interval_factors

TEXT = 'version = "1"\n[net]\nsource = "cases"\n[net.factors]\nwedge_angle = 1.5\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "intervals.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_network_has_its_own_factors_and_a_person_none(tmp_path: Path) -> None:
    path = written(tmp_path, TEXT)
    assert interval_factors("net 0.1.0", path) == {"wedge_angle": 1.5}
    assert interval_factors("edited by Dr A", path) == {}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('source = "cases"\n', "", '"net" has no "source"'),
        ("[net.factors]", "[net.factor]", r"wanted a table \[factors\]"),
        ("1.5", "0.0", r'"net.factors.wedge_angle" wanted a number from 0.1 to 10.0, got 0.0'),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(KnowledgeError, match=f"intervals.toml.*{said}"):
        interval_factors("net", written(tmp_path, TEXT.replace(old, new)))
