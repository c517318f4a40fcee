"""Simulation settings: a bad value is named with its key and what was wanted."""

from pathlib import Path

import pytest

from ovf_imaging.errors import SettingsError
from ovf_imaging.training.simulation.cases import parse_settings, read_settings


def test_an_empty_table_gives_the_defaults():
    """Nothing told: the defaults of every room."""
    settings = parse_settings({})
    assert settings.anatomy.region == "lumbar"
    assert settings.film.rows == (1024, 1024)


def test_values_reach_their_rooms():
    """A range, one number for both of its ends, a chance and a word."""
    settings = parse_settings(
        {"anatomy": {"region": "full", "age_years": [70, 80], "fractured": 1}, "mri": {"slices": 9}, "film": {}}
    )
    assert (settings.anatomy.region, settings.anatomy.age_years, settings.anatomy.fractured) == ("full", (70, 80), 1)
    assert settings.mri.slices == (9, 9)


@pytest.mark.parametrize(
    ("tables", "told"),
    [
        ({"anatomi": {}}, r"anatomi is no table; wanted one of study, anatomy"),
        ({"anatomy": 3}, r"\[anatomy\] wanted a table, got 3"),
        ({"anatomy": {"agee": 3}}, r"agee is no key in \[anatomy\]; wanted one of .*age_years"),
        ({"anatomy": {"region": 3}}, r"region wanted a text, got 3"),
        ({"anatomy": {"region": "neck"}}, r"\[anatomy\] region wanted one of lumbar.*'neck'"),
        ({"anatomy": {"fractured": 1.5}}, r"\[anatomy\] fractured wanted within 0–1.*1.5"),
        ({"anatomy": {"fractured": True}}, r"fractured wanted a number, got True"),
        ({"anatomy": {"fractured": [0, 1]}}, r"fractured wanted a number, got \[0, 1\]"),
        ({"anatomy": {"age_years": [80, 70]}}, r"age_years wanted within 50–95, low end first"),
        ({"anatomy": {"age_years": [1, 2, 3]}}, r"age_years wanted a range"),
        ({"mri": {"slices": "nine"}}, r"slices wanted a range \[low, high\], got 'nine'"),
        ({"film": {"peak_kv": 500}}, r"\[film\] peak_kv wanted within 50–140"),
        ({"study": {"dynamic": 0.8, "posture": 0.5}}, r"\[study\].* add up to at most 1, got 1.4"),
    ],
)
def test_a_bad_value_is_named(tables: dict[str, object], told: str):
    """Table, key, value and range stand in the message."""
    with pytest.raises(ValueError, match=told):
        parse_settings(tables)


def test_the_file_is_named_too(tmp_path: Path):
    """A file's own name stands before the complaint."""
    file = tmp_path / "sim.toml"
    file.write_text("[study]\ndynamic = 2\n")
    with pytest.raises(SettingsError, match=r"sim\.toml: \[study\] dynamic wanted within 0–1"):
        read_settings(file)


def test_a_file_that_is_no_toml_is_told(tmp_path: Path):
    """Neither a syntax error nor an absent file gives a traceback."""
    file = tmp_path / "sim.toml"
    file.write_text("region == full")
    with pytest.raises(SettingsError, match="a TOML file of simulation settings wanted"):
        read_settings(file)
    with pytest.raises(SettingsError, match="a TOML file of simulation settings wanted"):
        read_settings(tmp_path / "absent.toml")
