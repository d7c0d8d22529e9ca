"""How a build is asked to stop: an event that the steps look at between two pieces of work.

The event travels in a context variable, because Prefect hands a flow's context on to its tasks but can
neither store nor send an event as a parameter.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from data_pipeline.errors import BuildCancelled

_stop_event: ContextVar[threading.Event | None] = ContextVar("stop_event", default=None)


@contextmanager
def cancellable(stop: threading.Event) -> Iterator[None]:
    """Make `raise_if_cancelled` obey this event for everything called inside the block."""
    token = _stop_event.set(stop)
    try:
        yield
    finally:
        _stop_event.reset(token)


def is_cancelled() -> bool:
    """True once the event of the surrounding `cancellable` block is set; False outside any block."""
    stop = _stop_event.get()
    return stop is not None and stop.is_set()


def raise_if_cancelled() -> None:
    """Raise `BuildCancelled` once somebody asked to stop."""
    if is_cancelled():
        raise BuildCancelled("The build was stopped on request.", "The table from before is unchanged.")


def wait(seconds: float) -> None:
    """Sleep, but wake up and raise `BuildCancelled` as soon as somebody asks to stop."""
    stop = _stop_event.get() or threading.Event()
    stop.wait(seconds)
    raise_if_cancelled()
