"""The pages without a browser, by Streamlit's own test runner."""

from __future__ import annotations

from html import escape
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from folder import failures, row_of
from ovf_imaging import words, write_case
from tests import fakes
from tests.app.conftest import BROKEN, FILM, MAIN, MRI, REASON

BANNER = "Research software. Not a medical device."


def viewer(root: Path, folder: str | None = None) -> AppTest:
    """Return the viewer after its first run on a folder, with one of its cases open if asked for."""
    app = AppTest.from_file(str(MAIN), default_timeout=120)
    app.session_state["cases_dir"] = str(root)
    app.run()
    if folder is not None:
        app.query_params["case"] = row_of(root / folder, root).key
        app.switch_page("screens/study.py").run()
    return app


def page_text(app: AppTest) -> str:
    return "".join(element.value for element in app.html)


def test_worklist_names_each_study_with_its_state(cases: Path) -> None:
    app = viewer(cases)
    assert not app.exception
    table = app.dataframe[0].value
    rows = {row["Study"]: row for row in table.to_dict("records")}
    mri = rows[words.study_mark(fakes.mri_case().study.uid)]
    assert sorted(table["Status"]) == ["Assessed", "Assessed, see caveats", "Failed", "Failed"]
    assert (mri["Status"], mri["Worst finding, or reason"]) == (
        "Assessed",
        "L1 · Wedge fracture, Genant grade 2 (moderate)",
    )
    assert rows["hip"]["Worst finding, or reason"] == REASON
    assert "case.json wanted JSON text" in rows[BROKEN]["Worst finding, or reason"]
    assert (mri["Open"], rows["hip"]["Open"], rows[BROKEN]["Open"]) == ("Open", "Why?", "Why?")


def test_worklist_shows_one_status_when_asked(cases: Path) -> None:
    app = viewer(cases)
    app.button_group[0].set_value("Failed").run()
    assert list(app.dataframe[0].value["Study"]) == [BROKEN, "hip"]


@pytest.mark.parametrize("folder", [None, MRI, FILM])
def test_each_page_says_what_it_is_not(cases: Path, folder: str | None) -> None:
    assert BANNER in page_text(viewer(cases, folder))


def test_folder_without_cases_says_how_to_make_one(tmp_path: Path) -> None:
    app = viewer(tmp_path)
    assert not app.exception
    assert "ovf assess" in app.info[0].value


def test_study_shows_findings_table_advice_caveats_and_provenance(cases: Path) -> None:
    app = viewer(cases, MRI)
    assert not app.exception
    text = page_text(app)
    advice = escape(fakes.ADVICE[0].text)
    for word in ("<h4>L1</h4>", "Anterior height", advice, "What would decide more", "vertebrae_mri 0.1.0"):
        assert word in text
    assert [tab.label for tab in app.tabs][:3] == ["Findings", "Measurements", "Recommendations"]


def test_caveats_that_must_be_seen_stand_with_the_findings(cases: Path) -> None:
    assert page_text(viewer(cases, FILM)).count("Must be seen") == 2


def test_mri_is_read_slice_by_slice_and_a_film_is_not(cases: Path) -> None:
    app = viewer(cases, MRI)
    assert [slider.label for slider in app.slider] == ["Slice", "Level", "Window"]
    app.slider[0].set_value(5).run()
    assert not app.exception
    assert [slider.label for slider in viewer(cases, FILM).slider] == ["Level", "Window"]


def test_layers_window_and_inversion_can_be_changed(cases: Path) -> None:
    app = viewer(cases, MRI)
    app.button_group[0].set_value([]).run()
    app.slider[1].set_value(app.slider[1].min).run()
    app.toggle[0].set_value(True).run()
    assert not app.exception


def test_study_of_two_series_shows_the_one_that_is_chosen(tmp_path: Path) -> None:
    write_case(fakes.long_case(), tmp_path / "long")
    app = viewer(tmp_path, "long")
    assert len(app.button_group[0].options) == 2
    app.button_group[0].set_value(1).run()
    assert not app.exception


def test_study_that_could_not_be_read_at_all_opens(tmp_path: Path) -> None:
    write_case(fakes.empty_case(), tmp_path / "empty")
    app = viewer(tmp_path, "empty")
    assert not app.exception
    assert app.info[0].value == "No image of this study could be read."


def test_broken_case_opens_with_its_reason(cases: Path) -> None:
    app = viewer(cases, BROKEN)
    assert not app.exception
    assert BROKEN in page_text(app)
    assert "case.json wanted JSON text" in app.error[0].value


def test_case_whose_pixels_are_gone_opens_with_its_reason(tmp_path: Path) -> None:
    write_case(fakes.normal_case(), tmp_path / "a")
    (tmp_path / "a" / "image_1.nii.gz").unlink()
    app = viewer(tmp_path, "a")
    assert not app.exception
    assert "image_1.nii.gz" in app.error[0].value


@pytest.mark.parametrize("key", ["", "../../etc", "0" * 16])
def test_address_of_no_study_leads_back_to_the_worklist(cases: Path, key: str) -> None:
    app = viewer(cases)
    app.query_params["case"] = key
    app.switch_page("screens/study.py").run()
    assert not app.exception
    assert "worklist" in app.info[0].value


def test_case_written_anew_is_read_anew(tmp_path: Path) -> None:
    write_case(fakes.mri_case(), tmp_path / "a")
    assert "<h4>L1</h4>" in page_text(viewer(tmp_path, "a"))
    write_case(fakes.normal_case(), tmp_path / "a")
    assert "<h4>L1</h4>" not in page_text(viewer(tmp_path, "a"))


def test_study_that_the_batch_gave_up_opens_with_its_reason(cases: Path) -> None:
    app = viewer(cases)
    app.query_params["case"] = failures(cases)[0].key
    app.switch_page("screens/study.py").run()
    assert not app.exception
    assert app.error[0].value == REASON
