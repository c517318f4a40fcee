"""The worklist: the studies of the folder, the failed ones with their reason."""

from __future__ import annotations

import pandas as pd
import streamlit as st

import shelf
from folder import Row, Status

OPEN = "open_study"
EVERYTHING = "All"


def page() -> None:
    """Draw the worklist."""
    with st.spinner("Reading the folder …"):
        rows = shelf.rows()
    st.html('<header class="ovf-head"><h2>Worklist</h2></header>')
    if not rows:
        st.info(
            "No case in this folder yet. Make one with `ovf assess INPUT --out DIR`, then `ovf view DIR`.",
            icon=":material/folder_open:",
        )
        return
    tally(rows)
    shown = chosen(rows)
    st.dataframe(
        table(shown),
        hide_index=True,
        key="worklist",
        placeholder="–",
        height="content" if len(shown) < 15 else 560,
        column_config={
            "Open": st.column_config.ButtonColumn("", type="secondary", key=OPEN, width=80, pinned=True),
            "Study": st.column_config.TextColumn(
                width=140, help="Hash of the study's UID; a folder's name if unreadable"
            ),
            "Date": st.column_config.DateColumn(width=105, format="YYYY-MM-DD"),
            "Caveats": st.column_config.NumberColumn(width=80),
            "Worst finding, or reason": st.column_config.TextColumn(width="large"),
        },
    )
    click = st.session_state.get(OPEN)
    if click is not None:
        st.switch_page("screens/study.py", query_params={"case": shown[click["row"]].key})


def tally(rows: tuple[Row, ...]) -> None:
    """Show how many studies there are of each kind."""
    counts = {
        "studies": len(rows),
        "with a fracture": sum(row.fractured for row in rows),
        "with caveats to see": sum(row.status is Status.CAVEATS for row in rows),
        "failed": sum(row.status is Status.FAILED for row in rows),
    }
    tiles = "".join(f"<div><b>{count}</b><small>{name}</small></div>" for name, count in counts.items())
    st.html(f'<div class="ovf-tally">{tiles}</div>')


def chosen(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """Return the rows of the status that the reader asks for."""
    options = [EVERYTHING, *(status.value for status in Status if any(row.status is status for row in rows))]
    if len(options) < 3:
        return rows
    status = st.segmented_control("Status", options, default=EVERYTHING, required=True, label_visibility="collapsed")
    return rows if status == EVERYTHING else tuple(row for row in rows if row.status.value == status)


def table(rows: tuple[Row, ...]) -> pd.DataFrame:
    """Return the rows as the table to show; a study that failed opens with its reason in full."""
    return pd.DataFrame(
        {
            "Open": ["Why?" if row.status is Status.FAILED else "Open" for row in rows],
            "Study": [row.study for row in rows],
            "Date": [row.taken.date() if row.taken else None for row in rows],
            "View": [row.views for row in rows],
            "Status": [row.status.value for row in rows],
            "Caveats": [None if row.status is Status.FAILED else row.caveats for row in rows],
            "Worst finding, or reason": [row.reason or row.worst for row in rows],
        }
    )


page()
