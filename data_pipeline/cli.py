"""`titanic-pipeline`: build the table from the terminal, see how it stands and what ran lately.

Exit codes: 0 the table stands, 1 it could not be built or read, 2 wrong use, 130 stopped with Ctrl-C.
"""

from __future__ import annotations

import gc
import json
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console
from rich.markup import escape

from data_pipeline import prefect_runtime
from data_pipeline.errors import BuildCancelled, PipelineError
from data_pipeline.settings import Settings

if TYPE_CHECKING:
    from data_pipeline.table import BuildRecord

FAILED = 1
STOPPED = 130
COLLECT_AFTER_OBJECTS = 100_000  # Python's 700, and its last collection, cost 0.5 s beside Prefect and pandas

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Build the Titanic table: download, check, convert to SQLite, publish.",
)
out, err = Console(highlight=False), Console(stderr=True, highlight=False)

Database = Annotated[Path | None, typer.Option("--db", help="SQLite file of the table [TITANIC_DB].")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of lines for people.")]


@app.callback(invoke_without_command=True)
def build(
    context: typer.Context,
    source: Annotated[
        str | None,
        typer.Option(help="auto, hub, url, snapshot, or a path or URL of a CSV or Parquet [TITANIC_SOURCE]."),
    ] = None,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Run every task again, whatever is cached.")
    ] = False,
    db: Database = None,
    plain: Annotated[
        bool, typer.Option("--plain", help="Without Prefect: no server, no cache, no record.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Build the table, with a live line for each task."""
    if context.invoked_subcommand is not None:
        return
    with errors_in_two_lines(as_json):
        build_once = build_plain if plain else build_with_prefect
        record = build_once(source, refresh, db or Settings().database, as_json)
        print_record(record, as_json, headline="The table stands.")


@app.command()
def status(db: Database = None, as_json: AsJson = False) -> None:
    """Show the table's build record, its freshness and its number of rows."""
    from data_pipeline.table import read_build_record

    with errors_in_two_lines(as_json):
        print_record(read_build_record(db or Settings().database), as_json)


@app.command()
def runs(
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many runs to list.")] = 10,
    as_json: AsJson = False,
) -> None:
    """List the latest runs, wherever they were started."""
    with errors_in_two_lines(as_json), err.status("Asking the Prefect API") as spinner:
        prefect_runtime.connect(Settings(), on_wait=spinner.update)
        recent = prefect_runtime.recent_runs(limit)
    if as_json:
        print_json([asdict(run) for run in recent])
    else:
        from data_pipeline.cli_display import run_table

        out.print(run_table(recent))


def build_plain(source: str | None, _refresh: bool, database: Path, _as_json: bool) -> BuildRecord:
    """Build without Prefect and return the record; raises `PipelineError`."""
    from data_pipeline.cancellation import cancellable
    from data_pipeline.plain_pipeline import run_plain

    stop = threading.Event()
    with stop_on_interrupt(stop), cancellable(stop):
        return run_plain(source, database)


def build_with_prefect(source: str | None, refresh: bool, database: Path, as_json: bool) -> BuildRecord:
    """Run the flow on the warm Prefect API while its tasks are shown; raises `PipelineError`."""
    from data_pipeline.cli_display import watch_tasks

    run = prefect_runtime.PipelineThread(source, refresh=refresh, database=database)
    with stop_on_interrupt(run.stop):
        run.start()
        watch_tasks(run, err if as_json else out)
    if run.error:
        raise run.error
    assert run.record is not None  # noqa: S101  (an ended thread has either of the two)
    return run.record


@contextmanager
def stop_on_interrupt(stop: threading.Event) -> Iterator[None]:
    """Let Ctrl-C or SIGTERM set this event; a second Ctrl-C ends the process as usual."""

    def ask_to_stop(_signal: int, _frame: FrameType | None) -> None:
        stop.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        err.print("Stopping; the table from before stays as it is.")

    before = {number: signal.signal(number, ask_to_stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def errors_in_two_lines(as_json: bool) -> Iterator[None]:
    """Turn a `PipelineError` into its cause and its remedy on two lines, and the exit code."""
    try:
        yield
    except PipelineError as error:
        if as_json:
            print_json({"ok": False, "cause": error.cause, "remedy": error.remedy})
        else:
            cause, remedy = escape(error.cause), escape(error.remedy)  # a cell may look like markup
            err.print(f"[bold red]✗[/] {cause}", f"  {remedy}", sep="\n", soft_wrap=True)
        raise typer.Exit(STOPPED if isinstance(error, BuildCancelled) else FAILED) from None
    except KeyboardInterrupt:
        raise typer.Exit(STOPPED) from None


def print_record(record: BuildRecord, as_json: bool, headline: str | None = None) -> None:
    """Print how the table came to be, as lines or as one JSON object."""
    if as_json:
        print_json({"ok": True, **asdict(record)})
        return
    from data_pipeline.cli_display import record_table

    if headline:
        out.print(f"[bold green]✓[/] {headline}")
    out.print(record_table(record, datetime.now(UTC)))


def print_json(value: object) -> None:
    """Print a value as JSON on standard output, undecorated."""
    typer.echo(json.dumps(value, ensure_ascii=False, default=str, indent=2))


def main() -> NoReturn:
    """Entry point of the command `titanic-pipeline`.

    A short process keeps nearly all it imports, so the collector is sent there seldom, and not at the end.
    """
    gc.set_threshold(COLLECT_AFTER_OBJECTS)
    try:
        app()
    finally:
        gc.freeze()
    raise SystemExit(0)


if __name__ == "__main__":
    main()
