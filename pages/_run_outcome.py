"""What was built: the published table in figures, its unknown values, its first rows."""

from __future__ import annotations

import streamlit as st

from data_pipeline.settings import Settings
from data_pipeline.table import COLUMNS, BuildRecord, count_unknowns, read_build_record, read_passengers

FIRST_ROWS = 5


def show_table() -> None:
    """The published table: rows, what is unknown, the first rows. Raises `TableUnavailable`."""
    database = Settings().database
    record = read_build_record(database)
    unknowns = count_unknowns(database)
    st.subheader("What was built")
    show_figures(record, unknowns)
    show_next_steps()
    left, right = st.columns([2, 3])
    with left:
        show_unknowns(record, unknowns)
    with right:
        st.markdown("**The first rows**")
        st.dataframe(
            read_passengers(database, FIRST_ROWS), hide_index=True, placeholder="unknown", key="rows"
        )
        st.caption(
            "Each row is a passenger. An unknown value is NULL in the table, never -1 or an empty text."
        )


def show_figures(record: BuildRecord, unknowns: dict[str, int]) -> None:
    """Four figures about the build."""
    with st.container(horizontal=True):
        st.metric("Rows", f"{record.rows:,}", border=True)
        st.metric("Unknown values", f"{sum(unknowns.values()):,}", border=True)
        st.metric("Seconds to build", f"{record.seconds:.2f}", border=True)
        st.metric("Raw file, SHA-256", record.sha256[:8], border=True, help=record.sha256)


def show_next_steps() -> None:
    """Where to go with the table."""
    with st.container(horizontal=True, key="next-steps"):
        st.page_link("charts.py", label="Look at it in charts", icon=":material/bar_chart:")
        st.page_link("chat.py", label="Ask questions about it", icon=":material/forum:")


def show_unknowns(record: BuildRecord, unknowns: dict[str, int]) -> None:
    """A bar for each column that may be unknown: the share of rows in which it is."""
    st.markdown("**How much is unknown?**")
    st.dataframe(
        [
            {"column": column.name, "unknown": unknowns[column.name] / max(record.rows, 1)}
            for column in COLUMNS
            if column.may_be_unknown
        ],
        column_config={
            "unknown": st.column_config.ProgressColumn(format="percent", min_value=0, max_value=1),
        },
        hide_index=True,
        key="unknowns",
    )
    st.caption("The share of rows in which a column is NULL; the other columns are always known.")
