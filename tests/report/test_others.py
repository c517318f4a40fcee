"""What other guidelines and scores say: kept in case.json, told apart in the report, counted where it has no room."""

from __future__ import annotations

import io
import json
from dataclasses import replace

from pypdf import PdfReader

from ovf_imaging.report import case_from_json, case_to_json, pdf
from ovf_imaging.types import Panel, Reason
from tests import fakes

SCORE = Panel(
    id="OF-SCORE",
    title="OF score",
    status="not validated",
    source="A card",
    says=("3 to 5 points.", "Morphology 4."),
    score=(3.0, 5.0),
    because=(Reason(fact="asa", value=3.0, origin="context: asa"),),
    needs=("t_score",),
)
OTHER = replace(SCORE, id="G-1", title="A guideline", says=("Something else.",), score=None, because=(), needs=())


def text(*panels: Panel, long: bool = False) -> str:
    case = replace(fakes.long_case() if long else fakes.mri_case(), others=panels)
    return " ".join(" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(pdf(case))).pages)


def test_panels_survive_case_json() -> None:
    case = fakes.mri_case(others=(SCORE, OTHER))
    assert case_from_json(case_to_json(case)).others == (SCORE, OTHER)


def test_a_case_written_without_panels_has_none() -> None:
    tree = json.loads(case_to_json(fakes.mri_case()))
    assert tree.pop("others") == []
    assert case_from_json(json.dumps(tree)).others == ()


def test_report_tells_them_apart_and_in_full_where_there_is_room() -> None:
    found = text(SCORE, OTHER)
    assert found.index("What others say") > found.index("CON-02")
    assert "OF score (not validated): 3 to 5 points. Morphology 4." in found
    assert "A guideline (not validated): Something else." in found
    assert "What others say" not in text()


def test_report_keeps_the_score_and_names_the_rest_where_room_is_short() -> None:
    many = tuple(replace(OTHER, id=f"G-{n}", title=f"Guideline {n}", says=("Words. " * 80,)) for n in range(30))
    found = text(SCORE, *many, long=True)
    assert "OF score (not validated): 3 to 5 points. 30 more of them in case.json: Guideline 0; Guideline 1;" in found
    assert "Morphology 4." not in found
