"""The viewer in a real browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from folder import row_of
from ovf_imaging import words
from tests import fakes
from tests.app.conftest import MRI

CHROMIUM = shutil.which("chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 90_000
HEAD_PX, ROW_PX = 34, 33  # of the worklist's table

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")]


@pytest.fixture(params=["light", "dark"])
def page(request: pytest.FixtureRequest, server: str) -> Iterator[Page]:
    """Open the worklist; fail when the page asks any other machine for anything, or logs a fault."""
    asked: list[str] = []
    faults: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        context = browser.new_context(
            viewport={"width": 1280, "height": 800}, color_scheme=request.param, accept_downloads=True
        )
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        expect.set_options(timeout=PATIENCE_MS)
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(server)
        yield page
        browser.close()
    assert {urlsplit(url).hostname for url in asked if url.startswith("http")} == {"127.0.0.1"}
    assert faults == []


def open_study(page: Page, study: str) -> None:
    """Click the Open button in a study's row; the table is a canvas with its cells beside it for screen readers."""
    row = page.locator("canvas tr").filter(has_text=study)
    place = int(row.get_attribute("aria-rowindex") or 0) - 2
    table = page.get_by_test_id("stDataFrame")
    table.click(position={"x": 40, "y": HEAD_PX + ROW_PX * place + ROW_PX // 2})


def test_reader_opens_a_study_scrolls_its_slices_and_takes_the_report(page: Page, cases: Path, tmp_path: Path) -> None:
    study = words.study_mark(fakes.mri_case().study.uid)
    expect(page.get_by_text("Research software. Not a medical device.")).to_be_visible()
    cells = page.locator("canvas [role=gridcell]")
    expect(cells.filter(has_text=study)).to_be_attached()
    expect(cells.filter(has_text="Wedge fracture, Genant grade 2 (moderate)")).to_have_count(2)
    expect(cells.filter(has_text="case.json wanted JSON text")).to_be_attached()

    open_study(page, study)
    expect(page.get_by_role("heading", name=f"Study {study}")).to_be_visible()
    assert urlsplit(page.url).query == f"case={row_of(cases / MRI, cases).key}"
    assert page.title() == "ovf-imaging"

    picture = page.locator(".js-plotly-plot")
    expect(picture.get_by_text("Slice 3 of 5")).to_be_visible()
    before = picture.locator("image").first.get_attribute("href")
    page.get_by_role("slider", name="Slice").press("ArrowRight")
    expect(picture.get_by_text("Slice 4 of 5")).to_be_visible()
    expect(picture.locator("image").first).not_to_have_attribute("href", before or "")

    name_of_level = picture.locator("text.annotation-text").filter(has_text="L1 grade 2")
    expect(name_of_level).to_have_count(1)
    page.get_by_role("button", name="Levels").click()
    expect(name_of_level).to_have_count(0)

    page.get_by_role("tab", name="Measurements").click()
    table = page.get_by_role("table", name="Measurements by level")
    expect(table.get_by_role("rowheader", name="L1", exact=True)).to_be_visible()
    expect(table.get_by_role("columnheader", name="Anterior height")).to_be_visible()

    for name, start in (("PDF", b"%PDF-"), ("CSV", b"study,"), ("JSON", b"{")):
        with page.expect_download() as download:
            page.get_by_role("button", name=name).click()
        taken = tmp_path / download.value.suggested_filename
        download.value.save_as(taken)
        assert taken.name == f"ovf_{study}.{name.lower()}"
        assert taken.read_bytes().startswith(start)
    report = next(tmp_path.glob("*.pdf")).read_bytes()
    assert report == (cases / MRI / "report.pdf").read_bytes()


def test_address_of_a_study_opens_it_at_once(page: Page, server: str, cases: Path) -> None:
    page.goto(f"{server}/study?case={row_of(cases / MRI, cases).key}")
    expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible()
    expect(page.get_by_text("Research software. Not a medical device.")).to_be_visible()
