"""Running the flow and watching it through one warm Prefect API: start, follow, history, logs.

`connect` must come first: it sets Prefect's environment and makes sure that an API answers. All states
shown to people are read from that API, so a run looks the same wherever it was started.
"""

from __future__ import annotations

import logging
import os
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from data_pipeline import process_mark
from data_pipeline.cancellation import cancellable
from data_pipeline.errors import BuildCancelled, PipelineError, PrefectUnavailable, RunUnknown
from data_pipeline.network_failure import redacted
from data_pipeline.prefect_server import acquire_server, is_healthy
from data_pipeline.private_address import keep_private
from data_pipeline.run_views import LogLine, RunView, TaskView, for_people
from data_pipeline.settings import Settings

if TYPE_CHECKING:
    from prefect import State
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.filters import FlowFilter
    from prefect.client.schemas.objects import FlowRun, TaskRun

    from data_pipeline.table import BuildRecord

_log = logging.getLogger(__name__)

FLOW_NAME = "Titanic Data Pipeline"
DRAIN_LIMIT_S = 3.0
RETRIES_OF_A_READ = 1  # 2 s; with Prefect's own 5 a page stands still for a minute when the server is gone
RETRIES_OF_A_CHANGE = 5
SERVER_WATCH_S = 1.0
UNMARKED_RUN_LIMIT = timedelta(hours=2)  # a run without a process tag, started by hand somewhere

OWN_API = "TITANIC_OWN_PREFECT_API"
"""Environment variable in which `connect` notes that PREFECT_API_URL is its own doing.

State of the process and not of this module, because the app imports changed modules anew.
"""
CONNECTED_API = "TITANIC_CONNECTED_PREFECT_API"
"""Environment variable in which `connect` notes the address once it works."""

QUIET_ENVIRONMENT = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_TO_API_BATCH_INTERVAL": "0.25",  # seconds; logs are on the page 0.25 s later, not 1.2
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",  # a task may be called by itself
}


def connect(settings: Settings, on_wait: Callable[[str], None] = lambda _message: None) -> str:
    """Make a Prefect API ready for this process and return its address.

    PREFECT_API_URL is honoured; without it this machine's own server is adopted or started, and `on_wait`
    hears a sentence while it starts. At the first call for an API, runs whose process died are marked
    Crashed. Raises `PrefectUnavailable`.
    """
    named = api_named_by_user(settings)
    api = named or acquire_server(settings.prefect_home, on_wait)
    if named and not is_healthy(named):
        raise PrefectUnavailable(
            f"No Prefect API answers at {redacted(named)}.",
            "Start it, or remove PREFECT_API_URL to use the app's own server.",
        )
    if not _is_connected(settings, api):  # else all stands as it did at the last click: 0.15 s saved
        _set_environment(settings, api)
        sweep_stale_runs()
        os.environ[CONNECTED_API] = api
    return api


def _is_connected(settings: Settings, api: str) -> bool:
    """True when this process talks to this API and keeps its results in this home already."""
    wanted = {CONNECTED_API: api, "PREFECT_API_URL": api, "PREFECT_HOME": str(settings.prefect_home)}
    return all(os.environ.get(name) == value for name, value in wanted.items())


def connected_api() -> str | None:
    """The address that `connect` made ready for this process, None before it has."""
    return os.environ.get(CONNECTED_API)


def api_named_by_user(settings: Settings) -> str | None:
    """The PREFECT_API_URL that somebody set, None when it is missing or only what `connect` put there."""
    return None if settings.prefect_api_url == os.environ.get(OWN_API) else settings.prefect_api_url


def _set_environment(settings: Settings, api: str) -> None:
    """Point Prefect at this API, whether it is imported already or not."""
    for name, value in QUIET_ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    os.environ["PREFECT_HOME"] = str(settings.prefect_home)
    if not api_named_by_user(settings):
        os.environ[OWN_API] = api
        # Our server asks for no CSRF token; each client would first be told so, in 6 ms.
        os.environ.setdefault("PREFECT_CLIENT_CSRF_SUPPORT_ENABLED", "false")
    os.environ["PREFECT_API_URL"] = api
    unproxied = {"127.0.0.1", "localhost", *filter(None, os.environ.get("NO_PROXY", "").split(","))}
    os.environ["NO_PROXY"] = ",".join(sorted(unproxied))

    imported_before = "prefect" in sys.modules
    from prefect.context import refresh_global_settings_context

    if imported_before:  # else it has just read this environment: 0.1 s saved on the command line
        refresh_global_settings_context()
    logging.getLogger("prefect.task_runs").addFilter(_is_worth_telling)


@contextmanager
def _client(retries: int = RETRIES_OF_A_READ) -> Iterator[SyncPrefectClient]:
    """A client for the API of `connect`; an unreachable API becomes `PrefectUnavailable`."""
    import httpx
    from prefect.client.orchestration import get_client
    from prefect.exceptions import PrefectException

    # Over plain HTTP no certificate is checked; an empty context spares loading them, 0.03 s a client.
    plain = os.environ.get("PREFECT_API_URL", "").startswith("http://")
    tls = {"verify": ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)} if plain else None
    try:
        with (
            _changed_settings("client", max_retries=retries),
            get_client(httpx_settings=tls, sync_client=True) as client,
        ):
            yield client
    except (httpx.HTTPError, PrefectException, OSError) as error:
        raise PrefectUnavailable(
            f"The Prefect API does not answer ({type(error).__name__}).",
            "Try again in a moment; the server is started anew when it is gone.",
        ) from error


def run_pipeline(
    source: str | None = None,
    *,
    refresh: bool = False,
    database: Path | None = None,
    stop: threading.Event | None = None,
    on_started: Callable[[UUID], None] = lambda _id: None,
) -> State[Any]:
    """Run the flow in this thread and return its final state; never raises what the flow raised.

    `stop` ends the run as Cancelled once it is set; `on_started` hears the id of the flow run.
    """
    from data_pipeline.titanic_pipeline import run_titanic_pipeline

    def announce(flow: Any, flow_run: FlowRun, state: State[Any]) -> None:
        on_started(flow_run.id)

    announced = run_titanic_pipeline.with_options(
        on_running=[*run_titanic_pipeline.on_running_hooks, announce]
    )
    with (
        cancellable(stop or threading.Event()),
        _changed_settings("flows", heartbeat_frequency=None),  # its thread adds 1 s to each run
        keep_private(source or Settings().source) as recorded,
    ):
        return announced(
            recorded,
            refresh=refresh,
            database=database or Settings().database,
            return_state=True,
        )


def _is_worth_telling(record: logging.LogRecord) -> bool:
    """False for Prefect's remark that it cannot interrupt a thread: the steps keep limits of their own."""
    return "running in a worker thread" not in record.getMessage()


@contextmanager
def _changed_settings(part: str, **changes: object) -> Iterator[None]:
    """Prefect's settings with some of one part changed, for this thread and block.

    Copies the settings at hand; Prefect's `temporary_settings` reads the whole environment anew, 0.1 s.
    """
    from prefect.context import SettingsContext, get_settings_context

    now = get_settings_context()
    changed = getattr(now.settings, part).model_copy(update=changes)
    with SettingsContext(profile=now.profile, settings=now.settings.model_copy(update={part: changed})):
        yield


class PipelineThread(threading.Thread):
    """Connecting and running the flow in a thread of its own, for others to draw and to stop.

    `prepared` gives the source when the run begins and may clean up after it (a drill's faulty server).
    `waiting_for` is a sentence while there is no run yet, `flow_run_id` the run once it has begun. When
    the thread has ended, either `record` or `error` is set. `stop` ends the run as Cancelled.
    """

    def __init__(
        self,
        source: str | None = None,
        *,
        refresh: bool = False,
        database: Path | None = None,
        prepared: AbstractContextManager[str | None] | None = None,
    ) -> None:
        super().__init__(name="titanic pipeline", daemon=True)
        self.prepared = prepared or nullcontext(source)
        self.refresh, self.database = refresh, database
        self.stop, self.ended = threading.Event(), threading.Event()
        self.waiting_for = "Looking for the Prefect server."
        self.flow_run_id: UUID | None = None
        self.record: BuildRecord | None = None
        self.error: PipelineError | None = None

    def run(self) -> None:
        """Connect and run the flow; a failure is kept in `error`, never raised."""
        try:
            connect(Settings(), on_wait=partial(setattr, self, "waiting_for"))
            self.waiting_for = "Starting the run."
            threading.Thread(target=self._keep_server_alive, name="server watch", daemon=True).start()
            with self.prepared as source:
                self.record = build_record(self._run_flow(source))
        except PipelineError as error:
            self.error = error
        except Exception as error:  # noqa: BLE001  the thread's outermost edge: whoever watches must hear of it
            _log.exception("The run broke.")
            self.error = PipelineError(
                f"The run broke ({type(error).__name__}).", "The terminal of the app shows where."
            )
        finally:
            self.ended.set()
            drain_logs_and_events()

    def _run_flow(self, source: str | None) -> State[Any]:
        return run_pipeline(
            source,
            refresh=self.refresh,
            database=self.database,
            stop=self.stop,
            on_started=partial(setattr, self, "flow_run_id"),
        )

    def _keep_server_alive(self) -> None:
        """Start our own server anew should it die: Prefect's client asks again, and the run goes on."""
        settings = Settings()
        with suppress(PrefectUnavailable):
            sweep_stale_runs()  # here, where the click does not wait for it
        while not self.ended.wait(SERVER_WATCH_S):
            api = settings.prefect_api_url
            if api and not api_named_by_user(settings) and not is_healthy(api):
                with suppress(PrefectUnavailable):
                    acquire_server(settings.prefect_home)


def build_record(state: State[Any]) -> BuildRecord:
    """The record that a completed run returned; raises the `PipelineError` that another one ended with."""
    if state.is_cancelled():
        raise BuildCancelled("The build was stopped on request.", "The table from before is unchanged.")
    outcome: Any = state.result(raise_on_failure=False)
    if isinstance(outcome, PipelineError):
        raise outcome
    if not state.is_completed():
        raise PipelineError(f"The run ended as {state.name}: {state.message}", "The run's log says more.")
    record: BuildRecord = outcome
    return record


def task_views(flow_run_id: UUID) -> list[TaskView]:
    """The task runs of a flow run, in the order in which they started."""
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

    with _client() as client:
        runs = client.read_task_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[flow_run_id])))
    views = [_task_view(run, run.state) for run in runs if run.state is not None]
    return sorted(views, key=lambda view: (view.started or datetime.max.replace(tzinfo=UTC), view.label))


def _task_view(run: TaskRun, state: State[Any]) -> TaskView:
    inputs = [origin for origins in run.task_inputs.values() for origin in origins]
    return TaskView(
        id=run.id,
        task=run.task_key.rpartition(".")[2].split("-")[0],
        label=for_people(run.name),
        state=state.name or state.type.value.title(),
        attempt=run.run_count,
        started=run.start_time or run.expected_start_time,
        ended=run.end_time,
        seconds=run.estimated_run_time.total_seconds(),
        message=for_people(state.message or ""),
        retry_at=state.state_details.scheduled_time,
        inputs=tuple(origin.id for origin in inputs if origin.input_type == "task_run"),
    )


def recent_runs(limit: int = 20) -> list[RunView]:
    """The latest runs of the flow, newest first, wherever they were started."""
    from prefect.client.schemas.sorting import FlowRunSort

    with _client() as client:
        runs = client.read_flow_runs(
            flow_filter=_this_flow(), sort=FlowRunSort.EXPECTED_START_TIME_DESC, limit=limit
        )
    return [_run_view(run) for run in runs]


def read_run(flow_run_id: UUID) -> RunView:
    """One run; raises `RunUnknown` where there is none with this id."""
    from prefect.exceptions import ObjectNotFound

    with _client() as client:
        try:
            return _run_view(client.read_flow_run(flow_run_id))
        except ObjectNotFound as error:
            raise RunUnknown(
                "The Prefect server knows no such run.", "It may belong to another server, or was deleted."
            ) from error


def _run_view(run: FlowRun) -> RunView:
    return RunView(
        id=run.id,
        name=for_people(run.name),
        state=(run.state.name if run.state else None) or "Pending",
        source=for_people(str(run.parameters.get("source") or "as set")),
        started=run.start_time or run.expected_start_time,
        seconds=run.estimated_run_time.total_seconds(),
        message=for_people((run.state.message if run.state else None) or ""),
    )


def _this_flow() -> FlowFilter:
    from prefect.client.schemas.filters import FlowFilter, FlowFilterName

    return FlowFilter(name=FlowFilterName(any_=[FLOW_NAME]))


def log_lines(flow_run_id: UUID, limit: int = 200) -> list[LogLine]:
    """The last `limit` lines of a run's log, oldest first; the API gives at most 200 at a time."""
    from prefect.client.schemas.filters import LogFilter, LogFilterFlowRunId
    from prefect.client.schemas.sorting import LogSort

    with _client() as client:
        logs = client.read_logs(
            LogFilter(flow_run_id=LogFilterFlowRunId(any_=[flow_run_id])),
            limit=limit,
            sort=LogSort.TIMESTAMP_DESC,
        )
    return [
        LogLine(log.timestamp, logging.getLevelName(log.level), for_people(log.message), log.task_run_id)
        for log in reversed(logs)
    ]


def markdown_report(flow_run_id: UUID) -> str | None:
    """The build report that a run left as an artifact, None if it left none."""
    from prefect.client.schemas.filters import (
        ArtifactFilter,
        ArtifactFilterFlowRunId,
        ArtifactFilterKey,
    )

    of_run = ArtifactFilter(
        flow_run_id=ArtifactFilterFlowRunId(any_=[flow_run_id]),
        key=ArtifactFilterKey(any_=["titanic-build-report"]),
    )
    with _client() as client:
        found = client.read_artifacts(artifact_filter=of_run)
    return str(found[0].data) if found else None


def task_result(task_run_id: UUID) -> object:
    """What a task run gave, read from Prefect's result storage; None where it gave nothing or it is gone."""
    from prefect.exceptions import MissingResult, ObjectNotFound

    with _client() as client:
        try:
            state = client.read_task_run(task_run_id).state
            if state is None or not state.is_completed():
                return None
            return state.result(raise_on_failure=False, retry_result_failure=False)
        except (MissingResult, ObjectNotFound, ValueError, AttributeError, ImportError):
            return None  # expired, deleted, on another machine, or of a class that was edited since


def dashboard_url(flow_run_id: UUID, api: str) -> str:
    """The page of this run in Prefect's own dashboard."""
    return f"{redacted(api).removesuffix('/api')}/runs/flow-run/{flow_run_id}"


def drain_logs_and_events() -> None:
    """Send what Prefect still holds back; without this a process that ends now loses the last states."""
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    EventsWorker.drain_all(timeout=DRAIN_LIMIT_S)
    APILogWorker.drain_all(timeout=DRAIN_LIMIT_S)


def sweep_stale_runs() -> int:
    """Mark runs whose process died as Crashed, and return how many there were.

    A killed process leaves its run Running for ever. Each run carries its process as a tag; a run without
    one is taken for dead after two hours.
    """
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterState, FlowRunFilterStateType
    from prefect.client.schemas.objects import StateType
    from prefect.states import Crashed

    unfinished = FlowRunFilterStateType(any_=[StateType.RUNNING, StateType.PENDING])
    with _client(RETRIES_OF_A_CHANGE) as client:
        runs = client.read_flow_runs(
            flow_filter=_this_flow(),
            flow_run_filter=FlowRunFilter(state=FlowRunFilterState(type=unfinished)),
        )
        stale = [run for run in runs if not _is_alive(run)]
        for run in stale:
            client.set_flow_run_state(run.id, Crashed(message="Its process has ended."), force=True)
    return len(stale)


def _is_alive(run: FlowRun) -> bool:
    mark = next((tag for tag in run.tags if tag.startswith(process_mark.PREFIX)), None)
    if mark is None:
        return bool(run.created and datetime.now(UTC) - run.created < UNMARKED_RUN_LIMIT)
    return process_mark.is_alive(mark)
