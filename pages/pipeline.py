"""Rebuild the data and watch every task, as the Prefect API has it."""

from __future__ import annotations

from contextlib import suppress
from uuid import UUID

import streamlit as st

from data_pipeline import prefect_runtime
from data_pipeline.errors import PrefectUnavailable, RunUnknown, TableUnavailable
from data_pipeline.run_views import RunView
from pages._plain_label import label
from pages._rebuild import show_controls, show_drills
from pages._run_history import leave_opened_run, show_history
from pages._run_live import show_pictures, show_run
from pages._run_outcome import show_table
from pages._run_reading import read_recent_runs, read_report, read_state, server_answers
from pages._runs import Runs, shared_runs
from pages._task_details import show_task_details
from pages._warm_up import is_warming_up
from pages._watchers import note_look, seconds_between_looks


def show_page(runs: Runs) -> None:
    """The page from top to bottom: controls, the run, what was built, what lies behind it."""
    st.title("From raw data to a table")
    st.caption(
        "A Prefect pipeline gets the Titanic passengers, checks every row, and publishes them as a SQLite "
        "table. All states below come from the Prefect API."
    )
    with st.container():  # always there: what comes and goes inside must not close the expanders below
        show_controls(runs)
        show_drills(runs)
    recent = recent_runs()
    chosen = chosen_run(runs, recent)
    with st.container():
        show_way_back(runs, recent, chosen)
    is_live = runs.is_active or is_starting() or any(run.id == chosen and run.is_active for run in recent)
    looks = seconds_between_looks(is_starting=prefect_runtime.connected_api() is None)
    with st.container():
        st.fragment(watch_run, run_every=looks if is_live else None)(runs, chosen, is_live)
    with st.container():
        show_outcome(runs)
    show_report(chosen if recent and not is_live else None)
    show_earlier_runs(recent)
    st.subheader("Behind the boxes")
    st.caption(
        "The three tasks of the flow: what each is for, how Prefect runs it, its source, and what it gave."
    )
    show_task_details(chosen if recent else None)


def recent_runs() -> list[RunView]:
    """The latest runs of the API; none while it does not answer or is not there yet."""
    try:
        api = prefect_runtime.connected_api()
        return read_recent_runs(api) if api and server_answers(api) else []
    except PrefectUnavailable:
        return []


def is_starting() -> bool:
    """True while the Prefect server is being found or started for this app, before there is any API."""
    return is_warming_up() and prefect_runtime.connected_api() is None


def chosen_run(runs: Runs, recent: list[RunView]) -> UUID | None:
    """The run to show: the one named in the address, else the one going on here, else the latest."""
    try:
        return UUID(st.query_params["run"])
    except (KeyError, ValueError):
        if runs.is_active and runs.latest:
            return runs.latest.flow_run_id
        return recent[0].id if recent else None


def show_way_back(runs: Runs, recent: list[RunView], chosen: UUID | None) -> None:
    """Where an earlier run is open, say so and lead back to the latest one."""
    latest = recent[0].id if recent else None
    if "run" in st.query_params and (runs.is_active or chosen != latest):
        with st.container(horizontal=True, vertical_alignment="center", key="opened-run"):
            st.caption(":material/history: This is not the latest run.")
            st.button("Back to the latest run", key="back", on_click=leave_opened_run)


def watch_run(runs: Runs, chosen: UUID | None, is_live: bool) -> None:
    """Draw the run, again and again while it goes on; at its end have the page around it drawn as well.

    `is_live` is how that page was drawn: as one on which something still goes on.
    """
    note_look()
    started_here = runs.latest.flow_run_id if runs.latest else None
    is_going_on = draw_run(runs, chosen or started_here)
    if is_live and not is_going_on:
        st.rerun()


def draw_run(runs: Runs, flow_run_id: UUID | None) -> bool:
    """Draw what is known of the run, and say whether it still goes on."""
    api = prefect_runtime.connected_api()
    if api is None or (flow_run_id is None and runs.is_active):
        show_waiting(runs)
    elif not server_answers(api):  # asked first, because Prefect's client would try for two seconds
        show_server_is_gone(runs)
    elif flow_run_id is None:
        show_waiting(runs)
    else:
        return draw_known_run(runs, flow_run_id, api)
    return runs.is_active or is_starting()


def draw_known_run(runs: Runs, flow_run_id: UUID, api: str) -> bool:
    """Draw a run of this API, and say whether it, or the one started here, still goes on."""
    try:
        state = read_state(flow_run_id, api)
        show_run(state, api)
        return state.run.is_active or runs.is_active
    except RunUnknown as error:
        st.warning(f"**{error.cause}** {error.remedy}", icon=":material/search_off:")
    except PrefectUnavailable:  # it went away this very moment
        show_server_is_gone(runs)
    return runs.is_active


def show_server_is_gone(runs: Runs) -> None:
    """No states can be had at the moment, and what happens next."""
    if runs.is_active:
        what_next = "It is being started anew; the run goes on and its states will follow."
    else:
        what_next = "Click **Rebuild data**: the server is started anew. The table is not touched by this."
    st.warning(f"**The Prefect server does not answer.** {what_next}", icon=":material/cloud_off:")


def show_waiting(runs: Runs) -> None:
    """There is no run to show: one is starting, or none has ever been."""
    if runs.is_active and runs.latest:
        st.status(runs.latest.waiting_for)
    elif is_starting():
        st.info(
            "The Prefect server is starting in the background; you can click already.", icon=":material/bolt:"
        )
    elif prefect_runtime.connected_api() is None:
        st.info(
            "No Prefect server answers yet. Click **Rebuild data**: it is started first.",
            icon=":material/cloud_off:",
        )
    else:
        st.info("Nothing has run yet. Click **Rebuild data**.", icon=":material/touch_app:")
    show_pictures([])  # what will happen, and nothing moves when it begins


def show_outcome(runs: Runs) -> None:
    """What went wrong before there was a run for Prefect to know, and the table that stands."""
    unstarted = runs.latest if runs.latest and not runs.latest.flow_run_id else None
    if error := runs.refusal or (unstarted and unstarted.error):
        st.error(f"**{label(error.cause)}** {label(error.remedy)}", icon=":material/error:")
    with suppress(TableUnavailable):
        show_table()


def show_report(flow_run_id: UUID | None) -> None:
    """The build report that the run left with Prefect, if it did; None where nobody can be asked yet."""
    details = st.expander(
        "Build report, the artifact that this run left",
        icon=":material/description:",
        key="report",
        on_change="rerun",  # what is inside is read only while it is open
    )
    if details.open:
        with details, suppress(PrefectUnavailable):
            report = flow_run_id and read_report(flow_run_id)
            st.markdown(report or "This run has left none so far; only a run that succeeds leaves one.")


def show_earlier_runs(recent: list[RunView]) -> None:
    """The list of runs, in an expander that asks for them only while it is open."""
    history = st.expander("Earlier runs", icon=":material/history:", key="earlier", on_change="rerun")
    if history.open:
        with history:
            if recent:
                show_history(recent)
            else:
                st.caption("The Prefect server knows of none, or does not answer at the moment.")


show_page(shared_runs())
