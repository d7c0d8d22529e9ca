"""Each task opened up: what it is for, how Prefect runs it, its source code."""

from __future__ import annotations

import streamlit as st

from data_pipeline.task_source import TaskSource, read_tasks

OPTION_WORDS = {
    "retries": "retries",
    "retry_delay_seconds": "waits before them (s)",
    "timeout_seconds": "time limit (s)",
    "cache_expiration": "cached for",
    "cache_key_fn": "cached by",
}


def show_task_details() -> None:
    """An expander for each task of the flow."""
    tasks = read_tasks()
    if not tasks:
        st.warning("titanic_pipeline.py does not parse at the moment; the tasks are shown once it does.")
    for task in tasks.values():
        with st.expander(f"`{task.name}`", icon=":material/code:"):
            st.markdown(task.summary)
            st.caption(_rule(task))
            st.code(task.code, language="python")


def _rule(task: TaskSource) -> str:
    """The options of the task that a learner looks for, in one line."""
    known = [
        f"{words}: `{task.options[name]}`" for name, words in OPTION_WORDS.items() if name in task.options
    ]
    return "; ".join(known)
