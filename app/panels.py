"""The parts that pages are made of: banner, head of a study, picture with its controls, panels, downloads."""

from __future__ import annotations

from html import escape

import streamlit as st

import markup
import shelf
from display import Window
from folder import Row, Status
from ovf_imaging import Case, case_to_json, measurements_csv, pdf, words
from picture import Layer, Look, figure, opening_slice

TONES = {Status.READ: "good", Status.CAVEATS: "warn", Status.FAILED: "bad"}
SHOWN_FIRST = (Layer.CONTOURS, Layer.LEVELS, Layer.LANDMARKS, Layer.SCALE)
PLOT_CONFIG = {"scrollZoom": True, "displaylogo": False, "modeBarButtonsToRemove": ["select2d", "lasso2d", "toImage"]}
STEPS = 400  # of the window sliders over the image's range


def banner() -> None:
    """Say on every page what this is not."""
    st.html(f'<div class="ovf-banner" role="note"><b>{escape(words.phrase("document", "research_use"))}</b></div>')


def failed_head(row: Row) -> None:
    """Write which study could not be opened."""
    label = markup.badge(Status.FAILED.value, TONES[Status.FAILED])
    st.html(f'<header class="ovf-head"><h2>Study {escape(row.study)}</h2>{label}</header>')


def study_head(row: Row, case: Case) -> None:
    """Write which study is open: its hash, date, age, sex and status."""
    study = case.study
    items = [
        "" if study.taken is None else study.taken.date().isoformat(),
        words.person(study),
        row.views,
    ]
    spans = "".join(f'<span class="ovf-item">{escape(item)}</span>' for item in items if item)
    label = markup.badge(row.status.value, TONES[row.status])
    st.html(f'<header class="ovf-head"><h2>Study {escape(row.study)}</h2>{spans}{label}</header>')


def downloads(case: Case) -> None:
    """Offer the report, the table and the case; each is made when it is asked for."""
    name = f"ovf_{words.study_mark(case.study.uid)}"
    files = (
        ("PDF", "pdf", "application/pdf", lambda: pdf(case)),
        ("CSV", "csv", "text/csv", lambda: measurements_csv(case)),
        ("JSON", "json", "application/json", lambda: case_to_json(case)),
    )
    with st.container(horizontal=True, horizontal_alignment="right", gap="small"):
        for label, suffix, mime, content in files:
            st.download_button(
                label,
                data=content,
                file_name=f"{name}.{suffix}",
                mime=mime,
                icon=":material/download:",
                key=f"download_{suffix}",
                on_click="ignore",
            )


def choose_reading(case: Case) -> int:
    """Let the reader choose among a study's images; return the index of the one to show."""
    names = [f"{place}. {words.reading_name(r)}" for place, r in enumerate(case.readings, start=1)]
    if len(names) < 2:
        return 0
    chosen = st.segmented_control(
        "Image",
        range(len(names)),
        format_func=names.__getitem__,
        default=0,
        required=True,
        label_visibility="collapsed",
        key="reading",
    )
    return chosen or 0


@st.fragment
def picture(row: Row, case: Case, index: int) -> None:
    """Show one reading with its layers and controls; only this part is drawn again when they change."""
    name = f"{row.key}_{index}"
    layers = _choose_layers(name)
    stage = st.container(key="stage", height=400, border=False)
    place, window = _choose_view(row, case, index, name)
    drawn = figure(
        case.readings[index],
        Look(slice=place, window=window, layers=layers),
        shelf.plane_of(row, case, index, place),
        shelf.lines_of(row, case, index, place),
        case.assessment.findings,
    )
    with stage:
        st.plotly_chart(drawn, theme=None, height="stretch", key=f"picture_{name}", config=PLOT_CONFIG)


def _choose_layers(name: str) -> frozenset[Layer]:
    chosen = st.pills(
        "Layers",
        list(Layer),
        selection_mode="multi",
        default=list(SHOWN_FIRST),
        format_func=lambda layer: layer.value,
        key=f"layers_{name}",
        label_visibility="collapsed",
    )
    return frozenset(chosen)


def _choose_view(row: Row, case: Case, index: int, name: str) -> tuple[int, Window]:
    """Return the slice and the window that the sliders under the picture stand at."""
    reading = case.readings[index]
    count = reading.image.pixels.shape[0]
    opening = shelf.window_of(row, case, index)
    low, high, step = opening.level - opening.width, opening.level + opening.width, opening.width / STEPS
    *first, left, middle, right = st.columns([5, 5, 5, 3] if count > 1 else [5, 5, 3], vertical_alignment="bottom")
    place = 0
    for column in first:
        worst = next((f.level for f in words.ranked(case.assessment.findings)), None)
        start = opening_slice(reading, worst)
        place = column.slider("Slice", 1, count, start + 1, key=f"slice_{name}") - 1
    level = left.slider("Level", low, high, opening.level, step, key=f"level_{name}", format="%.4g")
    width = middle.slider("Window", step, 2 * opening.width, opening.width, step, key=f"width_{name}", format="%.4g")
    return place, Window(level=level, width=width, inverted=right.toggle("Invert", key=f"invert_{name}"))


def side(case: Case, index: int) -> None:
    """Show what was measured, found and recommended, in tabs."""
    caveats = case.all_caveats()
    urgent = tuple(c for c in caveats if c.must_see)
    names = ["Findings", "Measurements", "Recommendations", f"Caveats ({len(caveats)})", "Provenance"]
    with st.container(key="side", height=600, border=False):
        findings, measurements, recommendations, doubts, made = st.tabs(names)
    with findings:
        st.html(markup.summary(case))
        if urgent:
            st.html(markup.caveat_list(urgent))
        st.html(markup.findings(case) + '<h4 class="ovf-part">Angles</h4>' + markup.angles(case))
    with measurements:
        st.html(markup.measurements(case, index))
        notes = [note for reading in case.readings[index : index + 1] for note in words.table_notes(reading)]
        st.caption(" ".join([*notes, "A question mark carries a caveat: rest the pointer on it."]))
    with recommendations:
        st.html(markup.recommendations(case))
    with doubts:
        st.html(markup.caveat_list(caveats) + '<h4 class="ovf-part">What would decide more</h4>' + markup.missing(case))
    with made:
        st.html(markup.provenance(case) + '<h4 class="ovf-part">Clinical context given</h4>' + markup.context(case))
