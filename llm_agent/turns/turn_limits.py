"""The bounds of one turn, and the clock that ends it."""

from __future__ import annotations

import threading
import time

MAX_ROUNDS = 8
"""Requests to the model in a turn; the last one goes without tools."""
MAX_QUERIES = 16
"""Queries in a turn."""
MAX_CHARTS = 6
"""Charts in a turn."""
MAX_CALLS = 16
"""Tool calls of one round; further ones are left out."""
MAX_SAME_FAILURES = 3
"""How often the same statement may fail in a turn."""
MAX_SECONDS = 180.0
"""Length of a turn, whatever the model does."""
ANSWER_AFTER = 0.75
"""Part of a turn's time after which the model gets no more tools and has to answer from what it has."""
MAX_QUESTION_CHARS = 8_000
"""Characters of a question."""


class TurnEnd(threading.Event):
    """Set when the user stops or the time is over: what everything that waits in a turn looks at.

    It is a view of the user's event with a clock, so no thread has to set it.
    """

    POLL_S = 0.05

    def __init__(self, stop: threading.Event, seconds: float = MAX_SECONDS) -> None:
        super().__init__()
        self._stop = stop
        self._started = time.monotonic()
        self.seconds = seconds

    @property
    def elapsed_s(self) -> float:
        """Seconds since the turn began."""
        return time.monotonic() - self._started

    @property
    def is_stopped(self) -> bool:
        """Whether the user stopped the turn."""
        return self._stop.is_set()

    def is_set(self) -> bool:
        """Whether the turn has to end now."""
        return self.is_stopped or self.elapsed_s >= self.seconds

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is set, at most `timeout` seconds; returns whether it is."""
        deadline = float("inf") if timeout is None else time.monotonic() + timeout
        while not self.is_set() and (left := deadline - time.monotonic()) > 0:
            self._stop.wait(min(left, self.POLL_S))
        return self.is_set()
