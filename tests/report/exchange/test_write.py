"""The files for other systems: all or none, the same bytes for the same case, nobody named in them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from ovf_imaging import write_advice
from ovf_imaging.errors import InputError, OutputError
from ovf_imaging.types import Caveat, Level, Position, RuleSet, Sequence, Series, Study, View
from tests.recommend.cases import fracture
from tests.report.exchange.build import UID, case

FILES = {"cards.json", "guidance_response.json", "plan_definition.json", "questionnaire.json", "request_group.json"}
CASE = case({"pain_vas": 6, "consent_preferences": "Mrs Miller wants no surgery"}, fracture(Level.L1, 0.3))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_all_files_are_written_and_are_json(tmp_path: Path) -> None:
    paths = write_advice(CASE, tmp_path / "new" / "advice")
    assert {path.name for path in paths} == set(contents(tmp_path / "new" / "advice")) == FILES
    for path in paths:
        assert json.loads(path.read_text(encoding="utf-8"))


def test_the_same_case_gives_the_same_bytes_over_an_earlier_run(tmp_path: Path) -> None:
    write_advice(CASE, tmp_path / "a")
    write_advice(case({}), tmp_path / "b")
    write_advice(CASE, tmp_path / "b")
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_files_of_other_kinds_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "case.json").write_text("{}", encoding="utf-8")
    write_advice(CASE, tmp_path)
    assert set(contents(tmp_path)) == {*FILES, "case.json"}


def test_files_that_are_not_ours_are_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "cards.json").write_text("{}", encoding="utf-8")
    with pytest.raises(OutputError, match=r"holds cards\.json, which no guidance_response\.json of ours goes with"):
        write_advice(CASE, tmp_path)


def test_nobody_is_named(tmp_path: Path) -> None:
    series = Series(
        uid="1.2.3.99",
        view=View.LATERAL,
        sequence=Sequence.NONE,
        position=Position.UNKNOWN,
        files=(Path("/MILLER_ANNA/film.dcm"),),
        modality="DX",
    )
    unread = Caveat(code="series-not-read", text="A lateral series was not read: MILLER_ANNA.dcm: no image content.")
    told = replace(unread, text=f"Prior study: {unread.text}")  # as the pipeline tells it
    named = replace(
        CASE,
        study=Study(uid=UID, age_years=74.0, series=(series,), caveats=(unread,)),
        prior=Study(uid="1.2.3.98", caveats=(unread,)),
        caveats=(*CASE.caveats, told),
    )
    write_advice(named, tmp_path)
    text = b"".join(contents(tmp_path).values()).decode().lower()
    assert not [name for name in ("miller", UID, "1.2.3.9", "film.dcm", '"subject"') if name in text]


@pytest.mark.parametrize("rules", [None, RuleSet(version="0.0.9", sha256="ab" * 32)])
def test_a_case_of_other_rules_is_refused(rules: RuleSet | None, tmp_path: Path) -> None:
    old = replace(CASE, provenance=replace(CASE.provenance, rules=rules))
    with pytest.raises(InputError, match="concluded under other rules than those installed; run ovf recommend"):
        write_advice(old, tmp_path)
    assert not contents(tmp_path)
