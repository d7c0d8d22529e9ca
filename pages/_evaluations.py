"""The evaluation that this app runs: in a thread of its own, one at a time, shared by all tabs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from llm_agent.errors import AgentError

if TYPE_CHECKING:
    from llm_agent.evaluation.run import Progress
    from llm_agent.evaluation.session import Evaluation


class EvaluationThread(threading.Thread):
    """One evaluation: how far it is, and why it ended where it did not end well.

    `prepare` makes it ready; that copies tables and imports the client, so it happens in the thread.
    """

    def __init__(self, prepare: Callable[[], Evaluation], *, is_fresh: bool) -> None:
        super().__init__(name="evaluation", daemon=True)
        self.stop = threading.Event()
        self.progress: Progress | None = None
        self.error: AgentError | None = None
        self._prepare = prepare
        self._is_fresh = is_fresh

    def run(self) -> None:
        """Ask everything, grade it, keep the report."""
        try:
            with self._prepare() as evaluation:
                evaluation.run(self.stop, is_fresh=self._is_fresh, on_progress=self._note)
        except AgentError as error:
            self.error = error
        except Exception:
            self.error = AgentError("The evaluation broke off.", "Start it again; what was answered is kept.")
            raise

    def _note(self, progress: Progress) -> None:
        self.progress = progress


class Evaluations:
    """The latest evaluation that was started here, None before the first; at most one is going on."""

    def __init__(self) -> None:
        self.latest: EvaluationThread | None = None
        self._starting = threading.Lock()

    @property
    def is_active(self) -> bool:
        """True while one is going on."""
        return self.latest is not None and self.latest.is_alive()

    @property
    def is_stopping(self) -> bool:
        """True from the click on Stop until it has ended."""
        return self.is_active and self.latest is not None and self.latest.stop.is_set()

    def start(self, limit: int | None, *, is_fresh: bool) -> None:
        """Evaluate the model of the settings on at most so many questions; nothing happens while one runs."""

        def prepare() -> Evaluation:
            from llm_agent.evaluation.session import Evaluation
            from llm_agent.settings import Settings

            return Evaluation.prepare(Settings(), limit=limit)

        with self._starting:  # two tabs may click at once
            if not self.is_active:
                self.latest = EvaluationThread(prepare, is_fresh=is_fresh)
                self.latest.start()

    def stop(self) -> None:
        """Ask the evaluation to stop; its answers so far are kept."""
        if self.latest is not None:
            self.latest.stop.set()


@st.cache_resource(show_spinner=False)
def shared_evaluations() -> Evaluations:
    """The one `Evaluations` of this server."""
    return Evaluations()
