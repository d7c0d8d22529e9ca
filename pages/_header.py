"""The line above every page: how many passengers, from which source, how old; which model answers."""

from __future__ import annotations

from datetime import UTC, datetime

import humanize
import streamlit as st

from data_pipeline.errors import TableUnavailable
from data_pipeline.settings import Settings
from data_pipeline.table import BuildRecord, read_build_record
from pages._model_status import show_model_status
from pages._plain_label import label

SOURCE_NAMES = {
    "hub": "the Hugging Face Hub",
    "url": "a URL",
    "snapshot": "the shipped snapshot",
    "file": "your file",
    "link": "your URL",
}


def show_header() -> None:
    """Draw the line; without a readable table it says so and what to click."""
    with st.container(horizontal=True, vertical_alignment="center", key="header"):
        try:
            show_freshness(read_build_record(Settings().database))
        except TableUnavailable as error:
            st.badge("No data", icon=":material/database_off:", color="orange")
            st.caption(f"{error.cause} Click **Rebuild data**.")
        st.space("stretch")
        show_model_status()


def show_freshness(record: BuildRecord) -> None:
    """Rows, source and age of the published table; hovering shows the exact moment (UTC)."""
    age = humanize.naturaltime(datetime.now(UTC) - datetime.fromisoformat(record.built_at))
    st.badge(f"{record.rows:,} passengers", icon=":material/database:", color="green")
    source = SOURCE_NAMES.get(record.source, record.source)
    st.caption(f"from {source}, built {age}", help=f"{label(record.origin)}, built at {record.built_at}")
