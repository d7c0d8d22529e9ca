"""The runs that this app started: kept for the server's lifetime, shared by all tabs."""

from __future__ import annotations

import importlib
import threading
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

import streamlit as st

from data_pipeline.drills import DRILLS
from data_pipeline.errors import CodeUnreadable
from pages._live_code import forget_changed_code

if TYPE_CHECKING:
    from data_pipeline.prefect_runtime import PipelineThread


class Runs:
    """The latest run that was started here, None before the first; at most one is going on."""

    def __init__(self) -> None:
        self.latest: PipelineThread | None = None
        self.refusal: CodeUnreadable | None = None
        self._starting = threading.Lock()

    @property
    def is_active(self) -> bool:
        """True while a run that was started here is going on."""
        return self.latest is not None and self.latest.is_alive()

    @property
    def is_stopping(self) -> bool:
        """True from the click on Stop until the run has ended."""
        return self.is_active and self.latest is not None and self.latest.stop.is_set()

    def start(self, source: str, *, refresh: bool) -> None:
        """Start a run with the code as it stands on disk now; does nothing while one is going on."""
        self._start(nullcontext(source), refresh)

    def start_drill(self, name: str) -> None:
        """Start a drill of `data_pipeline.drills`; does nothing while a run is going on."""
        self._start(DRILLS[name].prepare(), refresh=True)

    def _start(self, prepared: AbstractContextManager[str], refresh: bool) -> None:
        with self._starting:  # two tabs may click at once
            if self.is_active:
                return
            try:
                forget_changed_code()
                self.refusal = None
            except CodeUnreadable as error:
                self.refusal = error
                return
            runtime = importlib.import_module("data_pipeline.prefect_runtime")
            self.latest = runtime.PipelineThread(prepared=prepared, refresh=refresh)
            self.latest.start()

    def stop(self) -> None:
        """Ask the run that was started here to stop; it ends as Cancelled."""
        if self.latest is not None:
            self.latest.stop.set()


@st.cache_resource(show_spinner=False)
def shared_runs() -> Runs:
    """The one `Runs` of this server."""
    return Runs()
