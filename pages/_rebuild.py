"""The controls that start and stop a run: source, cache, upload, drills."""

from __future__ import annotations

import streamlit as st

from data_pipeline.code_changes import changed_modules
from data_pipeline.drills import DRILLS
from data_pipeline.errors import DataRefused
from data_pipeline.settings import Settings
from data_pipeline.uploads import SUFFIXES, save_upload
from pages._plain_label import label
from pages._run_history import leave_opened_run
from pages._runs import Runs

OWN_URL, UPLOAD = "link", "upload"
SOURCES = {
    "auto": "Automatic: the first that answers",
    "hub": "Hugging Face Hub",
    "url": "CSV from the web",
    "snapshot": "Shipped snapshot (offline)",
    OWN_URL: "Another URL...",
    UPLOAD: "A file of mine...",
}


def show_controls(runs: Runs) -> None:
    """Source, cache and the two buttons; *Rebuild data* starts the run before the page is drawn."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="controls"):
        preset = Settings().source if Settings().source in SOURCES else "auto"
        kind = st.selectbox(
            "Source",
            list(SOURCES),
            index=list(SOURCES).index(preset),
            format_func=SOURCES.__getitem__,
            key="source",
            width=300,
        )
        st.checkbox(
            "Ignore the cache",
            key="refresh",
            help="Run every task again, even if nothing has changed in the last hour",
        )
        buttons = st.container(horizontal=True, width="content")
    source = _named_source(kind)
    with buttons:
        st.button(
            "Rebuild data",
            type="primary",
            icon=":material/refresh:",
            disabled=runs.is_active or source is None,
            on_click=_rebuild,
            args=(runs, source),
            key="rebuild",
        )
        if runs.is_active:
            st.button(
                "Stopping..." if runs.is_stopping else "Stop",
                icon=":material/stop:",
                disabled=runs.is_stopping,
                key="stop",
                on_click=runs.stop,
            )
    if changed := changed_modules(Settings().prefect_home):
        names = ", ".join(f"`{name}`" for name in changed)
        st.caption(
            f":material/edit_note: Changed since the last run: {names}. All three tasks will run again."
        )


def _rebuild(runs: Runs, source: str) -> None:
    leave_opened_run()
    runs.start(source, refresh=st.session_state["refresh"])


def _named_source(kind: str) -> str | None:
    """The chosen source as the pipeline takes it, None while its URL or file is missing."""
    if kind == OWN_URL:
        address = st.text_input("URL of a CSV or Parquet file", placeholder="https://...", key="own-url")
        return address.strip() or None
    if kind == UPLOAD:
        return _uploaded_file()
    return kind


def _uploaded_file() -> str | None:
    """The path of the uploaded file once it has passed the first checks, None before."""
    upload = st.file_uploader(
        "CSV or Parquet with the columns of the Titanic table", type=list(SUFFIXES), key="upload"
    )
    if upload is None:
        return None
    try:
        return str(save_upload(upload.name, upload.getvalue(), Settings().raw_folder))
    except DataRefused as error:
        st.error(f"**{label(error.cause)}** {label(error.remedy)}", icon=":material/error:")
        return None


def show_drills(runs: Runs) -> None:
    """Off until switched on: a button for each real fault, with what to watch for."""
    if not st.toggle("Workshop drills", key="drills", help="Faults to try out, on the real pipeline"):
        return
    st.caption(
        ":material/construction: Each drill makes something really fail. The table changes only on success."
    )
    for column, (name, drill) in zip(st.columns(len(DRILLS)), DRILLS.items(), strict=True):
        with column.container(border=True, height="stretch"):
            st.markdown(f"**{drill.title}**")
            st.caption(drill.watch_for)
            blocked = runs.is_active or not drill.is_possible
            st.button(
                "Try it",
                key=f"drill-{name.replace(' ', '-')}",
                disabled=blocked,
                on_click=_try_drill,
                args=(runs, name),
                width="stretch",
            )


def _try_drill(runs: Runs, name: str) -> None:
    leave_opened_run()
    runs.start_drill(name)
