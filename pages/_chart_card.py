"""One chart on the page: its question, the chart, its caption, and the doors behind it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages import _chart_state as state
from pages._ask_link import question, show_ask_button
from pages._chart_board import Chart
from pages._csv_text import csv_of_rows

PICTURE_FORMATS = ("png", "svg")
DROPPED_BUTTONS = ["zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "autoScale2d", "lasso2d"]
"""Buttons of Plotly's bar that a chart of counted groups has no use for."""


def show_card(chart: Chart, conditions: Sequence[str], picture_format: str) -> None:
    """Draw the chart in its frame; `conditions` are the filters in words."""
    with st.container(border=True, key=f"card-{chart.name}"):
        st.subheader(chart.title, anchor=False)
        show_chart(chart, picture_format)
        show_doors(chart, conditions)


def show_chart(chart: Chart, picture_format: str) -> None:
    """The chart and its caption; a chart without rows says so."""
    if not chart.rows:
        st.caption(chart.caption)
        return
    key = f"chart-{chart.name}"
    st.plotly_chart(
        chart.figure,
        key=key,
        theme=None,
        on_select="ignore" if chart.pick is None else lambda: _pick(chart, key),
        selection_mode=("points", "box"),
        config={
            "displaylogo": False,
            "modeBarButtonsToRemove": DROPPED_BUTTONS,
            "toImageButtonOptions": {
                "format": picture_format,
                "filename": f"titanic-{chart.name}",
                "scale": 2,
            },
        },
        alt=f"{chart.title} {chart.caption}",
    )
    st.caption(chart.caption.replace("$", r"\$"))


def _pick(chart: Chart, key: str) -> None:
    """Turn the marks that were clicked or boxed in into a filter for the other charts."""
    points = st.session_state[key]["selection"]["points"]
    tokens = {str(point["customdata"][0]) for point in points if point.get("customdata")}
    if tokens and chart.pick is not None:
        state.pick(chart.pick.name, tokens)


@st.fragment
def show_doors(chart: Chart, conditions: Sequence[str]) -> None:
    """What lies behind the chart, drawn only once it is opened: eight charts would send it in vain."""
    doors = st.expander(  # no popover: one that a click elsewhere closes swallows that click in a fragment
        "Behind this chart",
        icon=":material/database:",
        type="compact",
        on_change="rerun",
        key=f"doors-{chart.name}",
    )
    if doors.open:
        with doors:
            show_sql(chart)
            with st.container(horizontal=True):
                show_download(chart)
                text = question(chart.name, chart.asks or chart.title, conditions)
                show_ask_button(text, key=f"ask-{chart.name}")


def show_sql(chart: Chart) -> None:
    """The exact statement, to be copied."""
    st.caption("The exact statement; paste it into `sqlite3 data/titanic.sqlite`.")
    st.code(chart.query.for_the_shell, language="sql", wrap_lines=True)


def show_download(chart: Chart) -> None:
    """The figures as CSV."""
    st.download_button(
        "CSV",
        csv_of_rows(chart.rows),
        file_name=f"titanic-{chart.name}.csv",
        mime="text/csv",
        icon=":material/download:",
        key=f"csv-{chart.name}",
        on_click="ignore",
        help="The figures of this chart; for a picture use the camera in the chart's corner",
    )
