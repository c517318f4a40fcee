"""What the pages keep between two clicks: rows, the last cases opened, shrunk slices and their contours."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from display import Plane, Shown, Window, opening_window, shrink
from folder import Row, case_folders, failures, row_of, stamp
from ovf_imaging import Case, OVFError, read_case
from picture import Outline, outlines

CASES_DIR = "cases_dir"  # key of the session: the folder that main.py was started on
ROWS_KEPT, CASES_KEPT, SLICES_KEPT = 20_000, 3, 64


def root() -> Path:
    """Return the folder of cases that this session looks at."""
    return Path(st.session_state[CASES_DIR])


def rows() -> tuple[Row, ...]:
    """Return the worklist: newest first, failed studies last."""
    place = root()
    found = [_row(folder, place, stamp(folder)) for folder in case_folders(place)]
    dated = sorted(found, key=lambda row: (row.folder is not None and row.reason == "", str(row.taken)), reverse=True)
    return (*dated, *failures(place))


def row_with(key: str) -> Row | None:
    """Return the row that an address names, or None when the folder holds no such study."""
    return next((row for row in rows() if row.key == key), None)


def case_of(row: Row) -> Case:
    """Return a row's case with its pixels. Raises OVFError with the reason when there is none that can be read."""
    if row.folder is None:
        raise OVFError(row.reason)
    return _case(row.folder, stamp(row.folder))


def plane_of(row: Row, case: Case, reading: int, place: int) -> tuple[Plane, Shown]:
    """Return one slice of a reading, shrunk for the screen."""
    return _plane(row.key, _stamp(row), reading, place, case)


def lines_of(row: Row, case: Case, reading: int, place: int) -> dict[int, tuple[Outline, ...]]:
    """Return the contours on one slice of a reading, by level."""
    return _lines(row.key, _stamp(row), reading, place, case)


def window_of(row: Row, case: Case, reading: int) -> Window:
    """Return the window that a reading's image opens with."""
    return _window(row.key, _stamp(row), reading, case)


def _stamp(row: Row) -> tuple[int, int]:
    return (0, 0) if row.folder is None else stamp(row.folder)


@st.cache_data(show_spinner=False, max_entries=ROWS_KEPT)
def _row(folder: Path, place: Path, written: tuple[int, int]) -> Row:
    return row_of(folder, place)


@st.cache_resource(show_spinner="Opening the study …", max_entries=CASES_KEPT)
def _case(folder: Path, written: tuple[int, int]) -> Case:
    return read_case(folder)


@st.cache_resource(show_spinner=False, max_entries=SLICES_KEPT)
def _plane(key: str, written: tuple[int, int], reading: int, place: int, _case: Case) -> tuple[Plane, Shown]:
    image = _case.readings[reading].image
    plane, shown = shrink(image.pixels[place])
    return plane, shown


@st.cache_resource(show_spinner=False, max_entries=SLICES_KEPT)
def _lines(key: str, written: tuple[int, int], reading: int, place: int, _case: Case) -> dict[int, tuple[Outline, ...]]:
    _, shown = _plane(key, written, reading, place, _case)
    return outlines(_case.readings[reading].labels[place], tolerance_px=shown.scale / 4)


@st.cache_resource(show_spinner=False, max_entries=SLICES_KEPT)
def _window(key: str, written: tuple[int, int], reading: int, _case: Case) -> Window:
    image = _case.readings[reading].image
    return opening_window(image.pixels, image.valid)
