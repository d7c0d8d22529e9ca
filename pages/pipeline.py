"""Rebuild the data and see what became of it."""

from __future__ import annotations

import streamlit as st

from data_pipeline.prefect_runtime import PipelineThread, task_views
from data_pipeline.settings import Settings
from data_pipeline.sources import AUTO_ORDER
from pages._runs import shared_runs

POLL_S = 0.5
runs = shared_runs()

st.title("From raw data to a table")
st.caption(
    "The pipeline gets the Titanic passengers, checks every row, and publishes them as a SQLite table."
)

with st.container(horizontal=True, vertical_alignment="bottom"):
    choices = ["auto", *AUTO_ORDER]
    chosen = Settings().source if Settings().source in choices else "auto"
    source = st.selectbox("Source", choices, index=choices.index(chosen), key="source", width=220)
    refresh = st.checkbox("Ignore the cache", key="refresh")
    if st.button(
        "Rebuild data", type="primary", icon=":material/refresh:", disabled=runs.is_active, key="rebuild"
    ):
        runs.start(source, refresh=refresh)
        st.rerun()
    if runs.is_active and st.button("Stop", icon=":material/stop:", key="stop"):
        runs.stop()


@st.fragment(run_every=POLL_S if runs.is_active else None)
def show_run(run: PipelineThread) -> None:
    """The tasks of the run as the Prefect API has them; once it has ended, its outcome."""
    is_active = run.is_alive()
    if is_active and not run.flow_run_id:
        st.status(run.waiting_for)
    elif run.flow_run_id:
        show_tasks(run)
    if run.error:
        st.error(f"**{run.error.cause}** {run.error.remedy}", icon=":material/error:")
    elif run.record:
        st.success(
            f"The table stands: {run.record.rows:,} rows from {run.record.source}.", icon=":material/check:"
        )
    if not is_active and st.session_state.pop("was_active", False):
        st.rerun()
    st.session_state["was_active"] = is_active


def show_tasks(run: PipelineThread) -> None:
    """A table with a row per task run: state, attempt, seconds."""
    assert run.flow_run_id  # noqa: S101  (asked by the caller; tells the type checker)
    st.dataframe(
        [
            {"task": view.label, "state": view.state, "attempt": view.attempt, "seconds": view.seconds}
            for view in task_views(run.flow_run_id)
        ],
        key="tasks",
    )


if runs.latest:
    show_run(runs.latest)
else:
    st.info("Nothing has run yet in this app. Click **Rebuild data**.", icon=":material/touch_app:")
