"""What `titanic-pipeline` shows: a live line per task, the build record, the list of runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

import humanize
from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from data_pipeline.run_views import RunView, TaskView
    from data_pipeline.table import BuildRecord

POLL_S = 0.1
LAST_STATES_LIMIT_S = 2.0  # the server writes task states a moment after they happened

STATE_MARKS = {
    "Completed": "[green]✓[/]",
    "Cached": "[cyan]⚡[/]",
    "Failed": "[red]✗[/]",
    "TimedOut": "[red]✗[/]",
    "Crashed": "[red]✗[/]",
    "Cancelled": "[yellow]■[/]",
    "Running": "[blue]▶[/]",
    "Retrying": "[blue]▶[/]",
    "AwaitingRetry": "[yellow]…[/]",
}


class WatchedRun(Protocol):
    """A flow that runs in a thread: what it waits for, its id once it has begun, whether it still runs."""

    waiting_for: str
    flow_run_id: UUID | None

    def is_alive(self) -> bool:
        """True while the flow runs."""

    def join(self, timeout: float | None = None) -> None:
        """Wait for the end of the flow, at most `timeout` seconds."""


def watch_tasks(run: WatchedRun, console: Console) -> None:
    """Show a line for each task run, read from the Prefect API, until the flow has ended."""
    if not console.is_terminal:
        run.join()
        console.print(task_lines(final_views(run)))
        return
    with Live(console=console, auto_refresh=False) as live:
        while run.is_alive():
            run.join(POLL_S)
            live.update(task_lines(views_of(run)) if run.flow_run_id else run.waiting_for, refresh=True)
        live.update(task_lines(final_views(run)), refresh=True)


def views_of(run: WatchedRun) -> Sequence[TaskView]:
    """The task runs so far; none before the flow has begun."""
    from data_pipeline.prefect_runtime import task_views

    return task_views(run.flow_run_id) if run.flow_run_id else []


def final_views(run: WatchedRun) -> Sequence[TaskView]:
    """The task runs once all have ended, or what the API knows after two seconds."""
    from time import monotonic, sleep

    deadline = monotonic() + LAST_STATES_LIMIT_S
    views = views_of(run)
    while any(view.is_active for view in views) and monotonic() < deadline:
        sleep(POLL_S)
        views = views_of(run)
    return views


def task_lines(views: Iterable[TaskView]) -> Table:
    """One line per task run: mark, label, state, attempt, seconds."""
    lines = Table.grid(padding=(0, 2))
    for view in views:
        attempt = f"attempt {view.attempt}" if view.attempt > 1 else ""
        seconds = "" if view.is_cached else f"{view.seconds:.2f} s"
        mark = STATE_MARKS.get(view.state, "[dim]·[/]")
        lines.add_row(mark, escape(view.label), view.state, seconds, attempt)
    return lines


def record_table(record: BuildRecord, now: datetime) -> Table:
    """The build record as two columns; `now` (UTC) gives the age of the table."""
    age = humanize.naturaltime(now - datetime.fromisoformat(record.built_at))
    lines = Table.grid(padding=(0, 2))
    lines.add_column(no_wrap=True)
    lines.add_column(overflow="fold")
    lines.add_row("rows", f"{record.rows:,}")
    lines.add_row("source", escape(f"{record.source} ({record.origin})"))
    lines.add_row("built", f"{age} ({record.built_at})")
    lines.add_row("seconds", f"{record.seconds:.3f}")
    lines.add_row("sha256", record.sha256)
    for failure in record.failed_sources:
        lines.add_row(f"[yellow]{failure.source} failed[/]", escape(failure.cause))
    return lines


def run_table(recent: Iterable[RunView]) -> Table:
    """The runs as a table: when, state, source, seconds, name."""
    table = Table("started", "state", "source", "seconds", "run", box=None, pad_edge=False)
    for run in recent:
        started = humanize.naturaltime(datetime.now(UTC) - run.started) if run.started else "-"
        mark = STATE_MARKS.get(run.state, "·")
        table.add_row(
            started, f"{mark} {run.state}", escape(run.source), f"{run.seconds:.2f}", escape(run.name)
        )
    return table
