"""Waiting for a query without being bound to it: a stop leaves at once, the query ends by its own bounds."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from contextlib import suppress

from llm_agent.errors import AgentError
from llm_agent.query_result import QueryResult

POLL_S = 0.05


class QueryAbandoned(Exception):
    """The turn ended while the query was running."""


def run_until(end: threading.Event, query: Callable[[], QueryResult]) -> QueryResult:
    """The query's result; raises what it raises, or `QueryAbandoned` within 0.1 s once `end` is set."""
    outcome: queue.SimpleQueue[QueryResult | BaseException] = queue.SimpleQueue()

    def run() -> None:
        try:
            outcome.put(query())
        except BaseException as error:  # noqa: BLE001  raised again in the thread that waits
            outcome.put(error)

    threading.Thread(target=run, name="query", daemon=True).start()
    while not end.is_set():
        with suppress(queue.Empty):
            given = outcome.get(timeout=POLL_S)
            if isinstance(given, AgentError):
                raise type(given)(given.cause, given.remedy) from None
            if isinstance(given, BaseException):
                raise given
            return given
    raise QueryAbandoned
