"""The tissue table and its loader."""

import pytest

from ovf_imaging.training.simulation.mri.echo import Timing, null_ti_ms, water_and_fat
from ovf_imaging.training.simulation.mri.tissues import TissueTableError, read_substances, substances

ENTRY = """version = "1"
[lipid]
proton_density = 0.9
fat_fraction = 1.0
t1_ms = [288, 371]
t2_ms = [165, 133]
source = "somebody 2004"
"""


def write(tmp_path, text):
    path = tmp_path / "table.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_shipped_table_reads_at_both_fields_and_lengthens_t1():
    low, high = substances(1.5), substances(3.0)
    assert set(low) == set(high)
    for name in set(low) - {"void"}:
        assert high[name].t1_ms > low[name].t1_ms, name


def test_disc_t2_falls_with_the_grade():
    table = substances(1.5)
    times = [table[f"nucleus_{k}"].t2_ms for k in range(1, 6)]
    assert times == sorted(times, reverse=True)


def test_entry_reads_the_column_of_its_field(tmp_path):
    path = write(tmp_path, ENTRY)
    assert read_substances(path, 1.5)["lipid"].t1_ms == 288
    assert read_substances(path, 3.0)["lipid"].t2_ms == 133


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('version = "1"', "", '"version" wanted'),
        ("[lipid]", "[fat]", r"\[lipid\] wanted"),
        ("[lipid]", "[lipid", "not readable as TOML"),
        ("fat_fraction = 1.0", "", r"\[lipid\] wanted exactly the keys"),
        ("fat_fraction = 1.0", "fat_fraction = 1.5", '"fat_fraction" wanted a number from 0 to 1, got 1.5'),
        ("[288, 371]", "[288]", '"t1_ms" wanted as'),
        ("[165, 133]", '["long", 133]', "\"t2_ms\" wanted a number from 0.1 to 4000, got 'long'"),
        ('"somebody 2004"', '""', '"source" wanted'),
    ],
)
def test_broken_table_says_what_is_wrong(tmp_path, old, new, message):
    with pytest.raises(TissueTableError, match=message):
        read_substances(write(tmp_path, ENTRY.replace(old, new)), 1.5)


def test_absent_table_is_named(tmp_path):
    with pytest.raises(TissueTableError, match=r"absent\.toml"):
        read_substances(tmp_path / "absent.toml", 1.5)


def test_other_field_strength_is_refused():
    with pytest.raises(ValueError, match=r"got 7"):
        substances(7.0)


def relative_to_marrow(name, field_t, timing):
    """Magnitude of a substance over that of marrow with half fat."""
    table = substances(field_t)
    fat, water = (sum(water_and_fat(table[k], table["lipid"], timing)) for k in ("marrow_fat", "marrow_water"))
    return abs(sum(water_and_fat(table[name], table["lipid"], timing))) / abs((fat + water) / 2)


@pytest.mark.parametrize("field_t", [1.5, 3.0])
@pytest.mark.parametrize(
    ("name", "t1", "t2", "stir"),
    [
        ("oedema", "dark", "bright", "bright"),
        ("replaced", "dark", None, "bright"),
        ("modic_1", "dark", None, "bright"),
        ("modic_2", "bright", None, "dark"),
        ("modic_3", "dark", "dark", "dark"),
        ("haemangioma", None, "bright", "bright"),
        ("cleft_fluid", "dark", "bright", "bright"),
        ("cortex", "dark", "dark", "dark"),
        ("nucleus_1", "dark", "bright", "bright"),
        ("nucleus_5", "dark", "dark", None),
    ],
)
def test_signs_are_dark_and_bright_as_radiologists_know_them(field_t, name, t1, t2, stir):
    null = null_ti_ms(substances(field_t)["lipid"].t1_ms, 4000)
    looks = (
        (t1, Timing(tr_ms=550, te_ms=10)),
        (t2, Timing(tr_ms=4000, te_ms=100)),
        (stir, Timing(tr_ms=4000, te_ms=55, ti_ms=0.9 * null)),
    )
    for wanted, timing in looks:
        ratio = relative_to_marrow(name, field_t, timing)
        assert wanted is None or (ratio < 0.9 if wanted == "dark" else ratio > 1.1), (timing, ratio)
