"""Waiting for a query without being bound to it: a stop leaves at once, it ends by its own bounds."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")

POLL_S = 0.05


class QueryAbandoned(Exception):
    """The turn ended while the query was running."""


def run_until(end: threading.Event, query: Callable[[], T]) -> T:
    """What the query gives; raises what it raises, or `QueryAbandoned` within 0.1 s once `end` is set."""
    outcome: queue.SimpleQueue[tuple[T, None] | tuple[None, BaseException]] = queue.SimpleQueue()

    def run() -> None:
        try:
            outcome.put((query(), None))
        except BaseException as error:  # noqa: BLE001  raised again in the thread that waits
            outcome.put((None, error))

    threading.Thread(target=run, name="query", daemon=True).start()
    while not end.is_set():
        with suppress(queue.Empty):
            given = outcome.get(timeout=POLL_S)
            if given[1] is not None:
                raise given[1]
            return given[0]
    raise QueryAbandoned
