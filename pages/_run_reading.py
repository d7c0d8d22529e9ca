"""What the page reads of runs: at most once for all who watch, and only once when a run has ended.

Twenty tabs that watch one run would otherwise ask the Prefect API hundreds of times a second, and it answers
each in 10 to 20 ms of a core.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from uuid import UUID

from data_pipeline import prefect_runtime
from data_pipeline.errors import PrefectUnavailable
from data_pipeline.prefect_server import is_healthy
from data_pipeline.run_views import LogLine, RunView, TaskView
from pages._shared_reading import SharedReading

T = TypeVar("T")

KEPT_S = 0.1
ANSWER_KEPT_S = 1.0  # a server that dies in between is noticed by the reading itself
SETTLED_AFTER = timedelta(seconds=5)  # states and log lines of a run still arrive for a moment after its end
SETTLED_RUNS = 50
HISTORY_LENGTH = 20


@dataclass(frozen=True)
class RunState:
    """A run with its task runs and the last lines of its log, as the API had them at one moment."""

    run: RunView
    tasks: list[TaskView]
    log: list[LogLine]

    @property
    def is_settled(self) -> bool:
        """True when nothing of it will change any more."""
        if self.run.is_active or self.run.started is None or any(task.is_active for task in self.tasks):
            return False
        ended = self.run.started + timedelta(seconds=self.run.seconds)
        return datetime.now(UTC) - ended > SETTLED_AFTER


# Kept in the module, not by Streamlit: an edit of the code forgets the module, and with it objects whose
# class was edited.
_settled: dict[UUID, RunState] = {}
_reports: dict[UUID, str] = {}
_states: SharedReading[RunState] = SharedReading(KEPT_S)
_recent: SharedReading[list[RunView]] = SharedReading(KEPT_S)
_answers: SharedReading[bool] = SharedReading(ANSWER_KEPT_S)


def read_state(flow_run_id: UUID, api: str) -> RunState:
    """The run as it is now; raises `PrefectUnavailable` and `RunUnknown`."""
    if state := _settled.get(flow_run_id):
        return state
    try:
        state = _read_state(flow_run_id, api)
    except PrefectUnavailable:
        _answers.forget()  # whoever looks next asks first whether the server is there
        raise
    if state.is_settled:
        _keep(_settled, flow_run_id, state)
    return state


def read_report(flow_run_id: UUID) -> str | None:
    """The build report that the run left, None if there is none yet; raises `PrefectUnavailable`."""
    if flow_run_id not in _reports and (report := prefect_runtime.markdown_report(flow_run_id)):
        _keep(_reports, flow_run_id, report)
    return _reports.get(flow_run_id)


def _read_state(flow_run_id: UUID, api: str) -> RunState:
    return _states.read(
        (flow_run_id, api),
        lambda: RunState(
            prefect_runtime.read_run(flow_run_id),
            prefect_runtime.task_views(flow_run_id),
            prefect_runtime.log_lines(flow_run_id),
        ),
    )


def read_recent_runs(api: str) -> list[RunView]:
    """The latest runs, newest first; raises `PrefectUnavailable`."""
    return _recent.read(api, lambda: prefect_runtime.recent_runs(HISTORY_LENGTH))


def server_answers(api: str) -> bool:
    """True while a Prefect API answers at this address."""
    return _answers.read(api, lambda: is_healthy(api))


def _keep(kept: dict[UUID, T], flow_run_id: UUID, value: T) -> None:
    """Remember the value, and forget the oldest one where there are too many."""
    kept[flow_run_id] = value
    while len(kept) > SETTLED_RUNS:
        del kept[next(iter(kept))]
