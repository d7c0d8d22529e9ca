"""A query as a card: what it was for, its chart, its table, its SQL to read, to change and to run again.

Chart, table and SQL of a card always belong to the same query. What a person changes gets a result of its
own, below, and says so: the answer still rests on the query that the model ran.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from llm_agent.chart_spec import ChartKind, ChartSpec, validate_chart
from llm_agent.charts.chart_choice import possible_charts
from llm_agent.charts.chart_figure import draw
from llm_agent.charts.chart_words import chart_in_words
from llm_agent.errors import AgentError, ChartRefused, QueryRefused
from llm_agent.query_result import QueryResult
from llm_agent.readonly_sql import run_select
from llm_agent.turn_record import QueryRecord
from pages._answer_html import INVISIBLE
from pages._colours import OF_COLUMNS
from pages._plain_label import label
from pages._result_frame import csv_of, frame_of, in_words, read_aloud, table_height

if TYPE_CHECKING:
    import plotly.graph_objects as go

MAX_ROWS = 2_000
CHART_PX = 300
REMEMBERED = 64
"""Figures and choices of charts that are kept, because every click draws the latest turns again."""
KIND_ICONS = {
    "bar": ":material/bar_chart:",
    "line": ":material/show_chart:",
    "scatter": ":material/scatter_plot:",
    "histogram": ":material/equalizer:",
    "box": ":material/candlestick_chart:",
    "heatmap": ":material/grid_on:",
}


def show_card(query: QueryRecord, key: str, database: Path) -> None:
    """The card of a query that gave a result; `key` names it on the page, and figures link to it."""
    if query.result is None:
        return
    with st.container(border=True, key=f"card-{key}"):
        st.html(_title_html(query, query.result, key))
        show_views(query.result, query.chart, key, query.purpose, query.sql, database)


def _title_html(query: QueryRecord, result: QueryResult, key: str) -> str:
    purpose = html.escape(INVISIBLE.sub("", query.purpose))
    return (
        f'<div class="query-title" id="{html.escape(key, quote=True)}"><span class="number">{query.number}'
        f'</span><strong dir="auto">{purpose}</strong><span class="size">{in_words(result)}</span></div>'
    )


def show_views(
    result: QueryResult, chart: dict[str, object] | None, key: str, purpose: str, sql: str, database: Path
) -> None:
    """Tabs for chart, table and SQL; the chart comes first where one was asked for."""
    charts = charts_of(result)
    spec = _checked(chart, result)
    names = ["Chart", "Table", "SQL"] if spec else ["Table", "Chart", "SQL"]
    if not charts and not spec:
        names.remove("Chart")
    tabs = dict(zip(names, st.tabs(names), strict=True))
    with tabs["Table"]:
        show_table(result, key, purpose)
    with tabs["SQL"]:
        show_sql(sql, key, database)
    if "Chart" in tabs:
        with tabs["Chart"]:
            show_chart(result, spec, charts, key)


def _checked(chart: dict[str, object] | None, result: QueryResult) -> ChartSpec | None:
    """The kept specification, as long as it fits the kept rows."""
    try:
        return validate_chart(chart, result) if chart else None
    except ChartRefused:
        return None


def show_table(result: QueryResult, key: str, purpose: str) -> None:
    """The rows, and the way to take them away."""
    st.dataframe(
        frame_of(result),
        hide_index=True,
        height=table_height(len(result.rows)),
        key=f"table-{key}",
        alt=read_aloud(result, purpose),
        placeholder="unknown",
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "CSV",
            csv_of(result).encode("utf-8-sig"),  # the mark by which spreadsheets know UTF-8
            file_name=f"{key}.csv",
            mime="text/csv",
            key=f"csv-{key}",
            icon=":material/download:",
            type="tertiary",
            on_click="ignore",
            help="These rows as a file for a spreadsheet",
        )
        if result.truncated:
            st.caption(f"Only the first {len(result.rows):,} rows are kept here.")
        if result.cells_cut:
            st.caption("Long cells are cut and end in …")


def show_chart(
    result: QueryResult, spec: ChartSpec | None, charts: Mapping[ChartKind, ChartSpec], key: str
) -> None:
    """The chart, and a switch between the kinds that this result allows."""
    kinds = list(charts)
    if spec and spec.kind not in kinds:
        kinds.insert(0, spec.kind)
    first = spec.kind if spec else kinds[0]
    kind = first
    if len(kinds) > 1:
        kind = (
            st.segmented_control(
                "Kind of chart",
                kinds,
                default=first,
                required=True,
                format_func=lambda each: f"{KIND_ICONS[each]} {each}",
                key=f"kind-{key}",
                label_visibility="collapsed",
            )
            or first
        )
    shown = spec if spec and kind == spec.kind else charts[kind]
    figure = figure_of(shown, result, is_dark=st.context.theme.type == "dark")
    st.plotly_chart(
        figure,
        key=f"chart-{key}-{kind}",
        alt=chart_in_words(shown, result),
        theme=None,
        config={"displaylogo": False, "modeBarButtonsToRemove": ["lasso2d", "select2d"]},
    )


@lru_cache(maxsize=REMEMBERED)
def figure_of(spec: ChartSpec, result: QueryResult, *, is_dark: bool) -> go.Figure:
    """The figure without its title, which the card has, and low: the sentence above it stays in view."""
    figure = draw(spec, result, dark=is_dark, own_colours=OF_COLUMNS)
    return figure.update_layout(title_text="", height=CHART_PX, margin_t=40 if spec.colour else 12)


@lru_cache(maxsize=REMEMBERED)
def charts_of(result: QueryResult) -> Mapping[ChartKind, ChartSpec]:
    """A specification for each kind of chart that this result allows."""
    return possible_charts(result)


def show_sql(sql: str, key: str, database: Path) -> None:
    """The SQL as it ran, to copy; and a field in which it can be changed and run, without the model."""
    st.code(sql, language="sql", wrap_lines=True)
    if not st.toggle("Change it and run it yourself", key=f"edit-{key}"):
        return
    edited = st.text_area("Your SQL", sql, key=f"sql-{key}", height="content")
    if st.button("Run", key=f"run-{key}", icon=":material/play_arrow:"):
        st.session_state[f"ran-{key}"] = run_own(edited, database)
    if (outcome := st.session_state.get(f"ran-{key}")) is not None:
        st.caption("Your query, not the model's: the answer above does not rest on this.")
        show_outcome(outcome, f"{key}-own")


def run_own(sql: str, database: Path) -> QueryResult | AgentError:
    """What a person's own SQL gives, or why it gives nothing."""
    try:
        return run_select(sql, database, max_rows=MAX_ROWS)
    except AgentError as error:
        return error


def show_outcome(outcome: QueryResult | AgentError, key: str) -> None:
    """The result of a person's own SQL with its chart, or what was refused or went wrong."""
    if isinstance(outcome, AgentError):
        icon = ":material/block:" if isinstance(outcome, QueryRefused) else ":material/error:"
        st.warning(f"**{label(outcome.cause)}** {label(outcome.remedy)}", icon=icon)
        return
    st.caption(in_words(outcome))
    show_table(outcome, key, "Your query")
    if charts := charts_of(outcome):
        show_chart(outcome, None, charts, key)
