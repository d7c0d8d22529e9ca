"""Runs, task runs and log lines as people see them, taken from the Prefect API and free of Prefect's types.

What is left out on purpose: tracebacks and folders of this machine. They stand in the Prefect dashboard
and in the terminal; a page is no place for them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

ACTIVE_STATES = frozenset(
    {"Scheduled", "Late", "Pending", "Running", "Retrying", "AwaitingRetry", "Cancelling"}
)
"""States in which a run is still going on; every other one is final."""

_FOLDER = re.compile(r"(?<![\w:/.])(?:[A-Za-z]:)?(?:[/\\][\w.@~+-]+)+[/\\](?=[\w.@~+-])")


@dataclass(frozen=True)
class TaskView:
    """One task run: its task, a label that tells the source, state word, attempt, times in UTC.

    `seconds` is the time spent running so far, `message` the state's own words (for a failure the cause),
    `retry_at` when the next attempt starts, `inputs` the task runs whose results it was given.
    """

    id: UUID
    task: str
    label: str
    state: str
    attempt: int
    started: datetime | None
    ended: datetime | None
    seconds: float
    message: str
    retry_at: datetime | None = None
    inputs: tuple[UUID, ...] = ()

    @property
    def is_cached(self) -> bool:
        """True when the result of an earlier run was used."""
        return self.state == "Cached"

    @property
    def is_active(self) -> bool:
        """True while the state can still change."""
        return self.state in ACTIVE_STATES


@dataclass(frozen=True)
class RunView:
    """One flow run; `source` is what was asked for ("auto", "hub", a file's name, ...)."""

    id: UUID
    name: str
    state: str
    source: str
    started: datetime | None
    seconds: float
    message: str

    @property
    def is_active(self) -> bool:
        """True while the run goes on."""
        return self.state in ACTIVE_STATES


@dataclass(frozen=True)
class LogLine:
    """One line of a run's log: when (UTC), level word, text, and the task run it belongs to, if any."""

    at: datetime
    level: str
    text: str
    task_run_id: UUID | None


def for_people(message: str) -> str:
    r"""A message of Prefect without its traceback and without folders of this machine.

    >>> for_people("It failed: OSError\nTraceback (most recent call last):\n  File ...")
    'It failed: OSError'
    >>> for_people("Wrote /home/ann/data/titanic.sqlite, see http://127.0.0.1:4200/runs")
    'Wrote titanic.sqlite, see http://127.0.0.1:4200/runs'
    """
    return _FOLDER.sub("", message.partition("Traceback (most recent call last)")[0]).strip()
