"""The runs that this app started: kept for the server's lifetime, shared by all tabs."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

import streamlit as st

from data_pipeline.cache_key import code_fingerprint

if TYPE_CHECKING:
    from data_pipeline.prefect_runtime import PipelineThread


class Runs:
    """The latest run that was started here, None before the first; at most one is going on."""

    def __init__(self) -> None:
        self.latest: PipelineThread | None = None
        self.code = code_fingerprint()

    @property
    def is_active(self) -> bool:
        """True while a run that was started here is going on."""
        return self.latest is not None and self.latest.is_alive()

    def start(self, source: str, *, refresh: bool) -> None:
        """Start a run with the code as it stands on disk now; does nothing while one is going on."""
        if self.is_active:
            return
        self._forget_changed_code()
        runtime = importlib.import_module("data_pipeline.prefect_runtime")
        self.latest = runtime.PipelineThread(source, refresh=refresh)
        self.latest.start()

    def stop(self) -> None:
        """Ask the run that was started here to stop; it ends as Cancelled."""
        if self.latest is not None:
            self.latest.stop.set()

    def _forget_changed_code(self) -> None:
        """Let the next import read the layer anew if a file of it was changed since the last run."""
        code = code_fingerprint()
        if code != self.code:
            for name in [name for name in sys.modules if name.startswith("data_pipeline.")]:
                del sys.modules[name]
            self.code = code


@st.cache_resource(show_spinner=False)
def shared_runs() -> Runs:
    """The one `Runs` of this server."""
    return Runs()
