"""One run as the Prefect API has it: status, graph, timeline, table, log. Drawn again while it goes on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import streamlit as st

from data_pipeline import prefect_runtime
from data_pipeline.run_views import LogLine, RunView, TaskView
from data_pipeline.settings import Settings
from pages._plain_label import label
from pages._run_graph import graph_in_words, not_started, run_graph
from pages._run_log import FILTERS, log_html
from pages._run_reading import RunState
from pages._run_timeline import stepped, timeline, timeline_height
from pages._state_style import NOT_STARTED, in_words, style_of

LOG_HEIGHT_PX = 260
TASK_ROWS = pa.schema(
    {
        "task": pa.string(),
        "state": pa.string(),
        "attempts": pa.int64(),
        "seconds": pa.float64(),
        "what it says": pa.string(),
    }
)


def show_run(state: RunState, api: str) -> None:
    """Draw the run: status, failure, pictures, log."""
    show_status(state.run, state.tasks, api)
    show_failure(state.run)
    show_pictures(state.tasks)
    show_log(state.log, state.tasks)


def show_failure(run: RunView) -> None:
    """Cause and remedy of a run that did not complete, and what became of the table."""
    if run.is_active or run.state in {"Completed", "Cached"}:
        return
    if run.state == "Cancelled":
        st.info("The run was stopped on request.", icon=":material/stop_circle:")
    else:
        st.error(label(without_class_name(run.message)), icon=":material/error:")
    if Settings().database.exists():
        st.caption("The table from before is unchanged; the line at the top says from when it is.")
    else:
        st.caption("There is no table yet.")


def without_class_name(message: str) -> str:
    """A state's message without Prefect's introduction and the exception's class: cause and remedy."""
    cause = re.sub(r"^.*?encountered an exception:? \w+: ", "", message, count=1, flags=re.DOTALL)
    return cause or "The run ended without a reason; its log says more."


def show_pictures(tasks: Sequence[TaskView]) -> None:
    """The run as a graph, and beside it (below it on a phone) as a timeline and as a table."""
    left, right = st.columns([1, 2], gap="large")
    with left:
        is_dark = st.context.theme.type == "dark"
        st.graphviz_chart(run_graph(tasks, is_dark=is_dark), width="content", alt=graph_in_words(tasks))
        st.caption(
            "Solid arrows hand on a result; a dashed arrow leads to the source that was tried instead."
        )
    with right:
        st.vega_lite_chart(timeline(tasks), height=timeline_height(tasks), alt=graph_in_words(tasks))
        st.caption("A cached task takes milliseconds: its result of the last hour is used again.")
        show_tasks(tasks)


def show_status(run: RunView, tasks: Sequence[TaskView], api: str) -> None:
    """One line: state, what it works on, seconds, and the way to Prefect's own dashboard."""
    style = style_of(run.state)
    with st.container(horizontal=True, vertical_alignment="center", key="run-status"):
        st.badge(in_words(run.state)[2:], icon=style.icon, color=style.badge)
        st.markdown(f"source **{label(run.source)}**, {run.seconds:.1f} s")
        st.caption(label(_what_now(run, tasks)))
        st.space("stretch")
        st.link_button(
            "Prefect dashboard",
            prefect_runtime.dashboard_url(run.id, api),
            icon=":material/open_in_new:",
            type="tertiary",
            help="The same run in the dashboard of the Prefect server",
        )


def _what_now(run: RunView, tasks: Sequence[TaskView]) -> str:
    """What the run is waiting for or doing, in words; the countdown of a retry."""
    for task in tasks:
        if task.state == "AwaitingRetry" and task.retry_at:
            seconds = max(0, (task.retry_at - datetime.now(UTC)).total_seconds())
            return f"{task.label}: attempt {task.attempt} failed, the next one starts in {seconds:.0f} s"
        if task.is_active:
            attempt = f", attempt {task.attempt}" if task.attempt > 1 else ""
            return f"{task.label}{attempt}"
    return "starting" if run.is_active else ""


def show_tasks(tasks: Sequence[TaskView]) -> None:
    """A row for each task: state, attempts, seconds, and its own words about the outcome."""
    st.dataframe(
        pa.Table.from_pylist(task_rows(tasks), TASK_ROWS),  # a list would go through pandas, 3 ms each time
        column_config={
            "task": st.column_config.TextColumn(width=210),
            "state": st.column_config.TextColumn(width=125),
            "attempts": st.column_config.NumberColumn(width=70),
            "seconds": st.column_config.NumberColumn(format="%.2f", width=70),
            "what it says": st.column_config.TextColumn(width="large"),
        },
        hide_index=True,
        placeholder="-",
        key="tasks",
        alt=graph_in_words(tasks),
    )


def task_rows(tasks: Sequence[TaskView]) -> list[dict[str, Any]]:
    """The rows of the table: the tasks that have begun, then those to come."""
    begun = [
        {
            "task": task.label,
            "state": in_words(task.state),
            "attempts": task.attempt,
            "seconds": stepped(task.seconds) if task.is_active else task.seconds,
            "what it says": task.message and without_class_name(task.message),
        }
        for task in tasks
    ]
    # those to come have their rows already, so that nothing below moves when they begin
    return begun + [{"task": verb, "state": in_words(NOT_STARTED)} for verb in not_started(tasks)]


def show_log(lines: Sequence[LogLine], tasks: Sequence[TaskView]) -> None:
    """The log of the run, with a filter by level; the newest line stays in view."""
    shown = st.segmented_control(
        "Log", list(FILTERS), default="All", required=True, key="log-level", label_visibility="collapsed"
    )
    labels = {task.id: task.label for task in tasks}
    with st.container(height=LOG_HEIGHT_PX, autoscroll=True, key="log"):
        st.html(log_html(lines, labels, shown or "All"))
