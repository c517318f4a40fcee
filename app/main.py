"""The viewer's entry: `streamlit run app/main.py -- CASES_DIR`, or `ovf view CASES_DIR`. Local, read-only."""

from __future__ import annotations

import sys
from pathlib import Path

import streamlit as st

from panels import banner
from shelf import CASES_DIR

HERE = Path(__file__).parent
SCREENS = (
    HERE / "screens"
)  # not "pages": Streamlit would run those by itself, past this file, for an address that names one


def main() -> None:
    """Draw what every page has, then the page."""
    st.set_page_config(page_title="ovf-imaging", page_icon=str(HERE / "icon.png"), layout="wide")
    if CASES_DIR not in st.session_state:
        st.session_state[CASES_DIR] = sys.argv[1] if len(sys.argv) > 1 else "."
    st.html(HERE / "style.css")
    st.logo(HERE / "logo.svg", size="large")
    pages = [
        st.Page(SCREENS / "worklist.py", title="Worklist", url_path="worklist", default=True),
        st.Page(SCREENS / "study.py", title="Study", url_path="study"),
    ]
    page = st.navigation(pages, position="top")
    banner()
    page.run()


main()
