"""Each task opened up: what it is for, how Prefect runs it, what it gave in the run shown, its source."""

from __future__ import annotations

from uuid import UUID

import streamlit as st

from data_pipeline import prefect_runtime
from data_pipeline.errors import PrefectUnavailable
from data_pipeline.run_views import TaskView
from data_pipeline.task_result import result_facts
from data_pipeline.task_source import TaskSource, read_tasks
from pages._plain_label import label
from pages._run_reading import read_state
from pages._state_style import in_words

OPTION_WORDS = {
    "retries": "retries",
    "retry_delay_seconds": "waits before them (s)",
    "timeout_seconds": "time limit (s)",
    "cache_expiration": "cached for",
    "cache_key_fn": "cached by",
}


def show_task_details(flow_run_id: UUID | None) -> None:
    """An expander for each task of the flow; what is inside is read and drawn only while it is open."""
    tasks = read_tasks()
    if not tasks:
        st.warning("titanic_pipeline.py does not parse at the moment; the tasks are shown once it does.")
    for task in tasks.values():
        details = st.expander(
            f"`{task.name}`", icon=":material/code:", key=f"task-{task.name}", on_change="rerun"
        )
        if details.open:
            with details:
                _show_task(task, flow_run_id)


def _show_task(task: TaskSource, flow_run_id: UUID | None) -> None:
    st.markdown(task.summary)
    st.caption(_rule(task))
    if flow_run_id:
        _show_results(task, flow_run_id)
    st.code(task.code, language="python")


def _rule(task: TaskSource) -> str:
    """The options of the task that a learner looks for, in one line."""
    known = [
        f"{words}: `{task.options[name]}`" for name, words in OPTION_WORDS.items() if name in task.options
    ]
    return "; ".join(known)


def _show_results(task: TaskSource, flow_run_id: UUID) -> None:
    """What the task runs of the run above gave: read from Prefect's result storage, not from the table."""
    api = prefect_runtime.connected_api()
    try:
        views = read_state(flow_run_id, api).tasks if api else []
    except PrefectUnavailable:
        return
    for view in (view for view in views if view.task == task.name):
        st.markdown(f"**{label(view.label)}**: {in_words(view.state)}")
        st.dataframe(_result_rows(view), hide_index=True, width="content", key=f"result-{view.id}")


def _result_rows(view: TaskView) -> list[dict[str, str]]:
    facts = result_facts(prefect_runtime.task_result(view.id))
    if not facts:
        facts = {"result": "none: it did not complete, or its hour in the result storage is over"}
    return [{"what it gave": name, "value": value} for name, value in facts.items()]
