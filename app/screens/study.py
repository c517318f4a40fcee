"""One study: its images on the left, what was made of them on the right."""

from __future__ import annotations

import streamlit as st

import panels
import shelf
from folder import Row
from ovf_imaging import Case, OVFError


def page() -> None:
    """Draw the study that the address names by its key."""
    row = shelf.row_with(st.query_params.get("case", ""))
    if row is None:
        st.info("Open a study from the worklist.", icon=":material/list_alt:")
        back()
        return
    try:
        case = shelf.case_of(row)
    except OVFError as error:
        panels.failed_head(row)
        st.error(str(error), icon=":material/error:")
        back()
        return
    study(row, case)


def back() -> None:
    """Offer the way back to the worklist."""
    st.page_link("screens/worklist.py", label="Go to the worklist", icon=":material/arrow_back:")


def study(row: Row, case: Case) -> None:
    """Draw a case that could be read."""
    head, files = st.columns([3, 1.3], vertical_alignment="center")
    with head:
        panels.study_head(row, case)
    with files:
        panels.downloads(case)
    left, right = st.columns([1, 1.15], gap="medium")
    with left:
        if case.readings:
            index = panels.choose_reading(case)
            panels.picture(row, case, index)
        else:
            index = 0
            st.info("No image of this study could be read.")
    with right:
        panels.side(case, index)


page()
