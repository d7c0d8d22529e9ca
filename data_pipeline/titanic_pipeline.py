"""The Titanic data pipeline as a Prefect flow: download, convert, load, report.

Each task wraps one plain function of this layer, so that the work can be read, tested and run
(`titanic-pipeline --plain`) without Prefect. What Prefect adds stands in the decorators: retries for a
source that hiccups, time limits, an hour of caching, names, and the record of every run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from prefect import State, Task, flow, get_client, get_run_logger, runtime, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.client.schemas.objects import FlowRun, TaskRun
from prefect.logging.loggers import flow_run_logger
from prefect.states import Cancelled

from data_pipeline import sources, table
from data_pipeline.build_lock import one_build_at_a_time
from data_pipeline.build_report import build_report, column_table
from data_pipeline.cache_key import cache_key
from data_pipeline.cancellation import raise_if_cancelled
from data_pipeline.code_changes import changed_modules, remember_code
from data_pipeline.errors import BuildCancelled
from data_pipeline.outputs import output_stands, remember_output
from data_pipeline.private_address import real_address
from data_pipeline.process_mark import this_process
from data_pipeline.publish import publish
from data_pipeline.settings import Settings
from data_pipeline.sources import RawFile
from data_pipeline.table import BuildRecord, SourceFailure

if TYPE_CHECKING:
    import pandas as pd

P = ParamSpec("P")
R = TypeVar("R")

CACHE_HOUR = timedelta(hours=1)
DOWNLOAD_LIMIT_S = 180  # outermost: the sources keep tighter limits of their own
CONVERT_LIMIT_S = 1800  # 10 million rows take 10 s here
LOAD_LIMIT_S = 300
LOAD_LIMIT_ROWS = 100_000  # as a DataFrame about 40 MB; a larger table is only looked at


def ends_as_cancelled(step: Callable[P, R]) -> Callable[P, R]:
    """Let a step that was asked to stop end as Cancelled; without this Prefect would call it Failed."""

    @wraps(step)
    def stoppable(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            raise_if_cancelled()
            return step(*args, **kwargs)
        except BuildCancelled as stop:
            # Prefect takes a returned state for the state of the run
            return Cancelled(message=str(stop))  # type: ignore[return-value]

    return stoppable


def unless_cancelled(result: R) -> R:
    """The result of a task run; a task that was stopped hands over its state instead, so stop here too."""
    raise_if_cancelled()
    return result


def retry_when_it_may_help(retried: Task[..., Any], run: TaskRun, failed: State[Any]) -> bool:
    """Retry a server error or a broken connection, never a refusal.

    Where the source said how long to wait (Retry-After), that becomes the delay of this run: `retried`
    is the run's own copy of the task.
    """
    delay = sources.retry_delay(failed.result(raise_on_failure=False), run.run_count)
    if delay is None:
        return False
    retried.retry_delay_seconds = [delay]
    return True


def tag_run(flow: Any, flow_run: FlowRun, state: State[Any]) -> None:
    """State hook: tag the run with its source and its process, to find it and to see whether it lives.

    Only the flow run is tagged. Each tag of a task costs a call for its concurrency limit, which the
    server on SQLite answers with 503 while it writes; the client then waits 2 s (seen in 3 of 8 runs).
    """
    with get_client(sync_client=True) as client:
        source = f"source:{flow_run.parameters.get('source') or 'as set'}"
        client.update_flow_run(flow_run.id, tags=["titanic", source, this_process()])


def log_outcome(flow: Any, flow_run: FlowRun, state: State[Any]) -> None:
    """State hook: leave the outcome of the run in its log, cause and remedy included."""
    log = flow_run_logger(flow_run, flow)
    write = log.info if state.is_completed() else log.error
    write("Run ended as %s. %s", state.name, state.message or "")


@task(
    name="download_titanic_dataset",
    description="Fetch the raw Titanic file from one source: the Hub, a URL, the shipped snapshot or a file.",
    task_run_name="download from {source}",
    retries=sources.RETRIES,
    retry_delay_seconds=list(sources.RETRY_DELAYS_S),
    retry_condition_fn=retry_when_it_may_help,
    timeout_seconds=DOWNLOAD_LIMIT_S,
    persist_result=True,
    cache_key_fn=cache_key,
    cache_expiration=CACHE_HOUR,
)
@ends_as_cancelled
def download_titanic_dataset(
    source: str = "snapshot", failed_before: tuple[SourceFailure, ...] = ()
) -> RawFile:
    """Bring the raw file of one source to this machine, unchanged, with its SHA-256.

    `failed_before` are the sources that were tried in vain; they travel with the file into the build record.
    """
    settings = Settings()
    raw = replace(sources.fetch(real_address(source), settings), failed_sources=failed_before)
    remember_output(settings.prefect_home, f"download {source}", source, raw.path)
    get_run_logger().info("Got %s from %s.", raw.origin, raw.source)
    return raw


@task(
    name="convert_to_sqlite",
    description="Check every row of the raw file against the contract and publish it as a SQLite table.",
    task_run_name="convert {raw.source} to SQLite",
    timeout_seconds=CONVERT_LIMIT_S,
    persist_result=True,
    cache_key_fn=partial(cache_key, outputs={"database"}),
    cache_expiration=CACHE_HOUR,
)
@ends_as_cancelled
def convert_to_sqlite(raw: RawFile, database: Path) -> BuildRecord:
    """Check the rows, count the chart cube, and swap the finished table in place of the old one."""
    record = publish(raw, database, flow_run_id=runtime.flow_run.id)
    remember_output(Settings().prefect_home, f"convert to {database}", raw, database)
    get_run_logger().info("Published %s rows in %.3f s.", record.rows, record.seconds)
    return record


@task(
    name="load_titanic_data",
    description="Read the published table as a DataFrame with proper types; unknown is <NA>.",
    task_run_name="load passengers",
    timeout_seconds=LOAD_LIMIT_S,
    persist_result=True,
    cache_key_fn=cache_key,
    cache_expiration=CACHE_HOUR,
)
@ends_as_cancelled
def load_titanic_data(database: Path | None = None, limit: int | None = None) -> pd.DataFrame:
    """The passengers as a DataFrame: the contract's twelve columns, nullable types.

    `database` defaults to the setting TITANIC_DB; `limit` bounds the rows, None reads them all.
    """
    passengers = table.read_passengers(database or Settings().database, limit)
    get_run_logger().info("Loaded %s rows and %s columns.", *passengers.shape)
    return passengers


def flow_run_name() -> str:
    """Name of a run: the source it was asked for."""
    return f"titanic from {runtime.flow_run.parameters['source']}"


@flow(
    name="Titanic Data Pipeline",
    description="From raw data to a published SQLite table: download, convert, load, report.",
    flow_run_name=flow_run_name,
    on_running=[tag_run],
    on_completion=[log_outcome],
    on_failure=[log_outcome],
    on_cancellation=[log_outcome],
    on_crashed=[log_outcome],
)
@ends_as_cancelled
def run_titanic_pipeline(
    source: str | None = None, refresh: bool = False, database: Path | None = None
) -> BuildRecord:
    """Build the table `titanic` and return the record of the build.

    Args:
        source: "auto", "hub", "url", "snapshot", a path or a URL; None means the setting TITANIC_SOURCE.
        refresh: run every task again, whatever is cached.
        database: the SQLite file to publish; None means the setting TITANIC_DB.

    Raises:
        PipelineError: with cause and remedy; the table from before stands.
    """
    settings = Settings()
    database = database or settings.database
    with one_build_at_a_time(database, who="the Prefect flow"):
        tell_changed_code(settings.prefect_home)
        raw = download_first_available(source or settings.source, refresh)
        record = convert_unless_it_stands(raw, database, refresh)
        load = load_titanic_data.with_options(refresh_cache=refresh)
        unless_cancelled(load(database, LOAD_LIMIT_ROWS, wait_for=[record]))
        leave_build_report(record, database)
        remember_code(settings.prefect_home)
    return record


def tell_changed_code(home: Path) -> None:
    """Log which modules were edited since the last run, because every task then runs again."""
    if changed := changed_modules(home):
        get_run_logger().info("Changed since the last run: %s. Every task runs again.", ", ".join(changed))


def download_first_available(source: str, refresh: bool) -> RawFile:
    """Try the sources in order, each as a task run of its own, and return the first file that comes."""

    def download(candidate: str, failed_before: tuple[SourceFailure, ...]) -> RawFile:
        home = Settings().prefect_home
        stands = output_stands(home, f"download {candidate}", candidate)
        download_once = download_titanic_dataset.with_options(refresh_cache=refresh or not stands)
        return unless_cancelled(download_once(candidate, failed_before))

    def log_failure(failure: SourceFailure) -> None:
        get_run_logger().warning("%s gave nothing: %s", failure.source, failure.cause)

    return sources.first_available(sources.candidates(source), download, on_failure=log_failure)


def convert_unless_it_stands(raw: RawFile, database: Path, refresh: bool) -> BuildRecord:
    """Convert, or reuse the cached result if the table it speaks of is still there, unaltered."""
    stands = output_stands(Settings().prefect_home, f"convert to {database}", raw)
    convert = convert_to_sqlite.with_options(refresh_cache=refresh or not stands)
    return unless_cancelled(convert(raw, database))


def leave_build_report(record: BuildRecord, database: Path) -> None:
    """Keep the build report and the columns as artifacts of the run."""
    create_markdown_artifact(build_report(record, table.count_unknowns(database)), key="titanic-build-report")
    create_table_artifact(column_table(), key="titanic-columns")
