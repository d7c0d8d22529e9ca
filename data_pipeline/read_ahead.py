"""Reading and writing at the same time: an iterable is run in a thread, a few items ahead of its user."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from queue import Empty, Full, Queue
from typing import Generic, TypeVar

T = TypeVar("T")
POLL_S = 0.1
"""How soon the thread notices that nobody wants its items any more."""


@dataclass(frozen=True)
class _End:
    error: BaseException | None


class _Reader(Generic[T]):
    def __init__(self, items: Iterable[T], depth: int) -> None:
        self._items = items
        self._queue: Queue[T | _End] = Queue(depth)
        self._unwanted = threading.Event()
        context = copy_context()  # so that the thread sees the event that cancels this build
        self._thread = threading.Thread(target=context.run, args=(self._run,), name="read-ahead", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        error: BaseException | None = None
        try:
            for item in self._items:
                if not self._put(item):
                    return
        except BaseException as caught:  # noqa: BLE001 - raised again where the items are used
            error = caught
        self._put(_End(error))

    def _put(self, item: T | _End) -> bool:
        """Hand over one item; False once nobody wants any."""
        while not self._unwanted.is_set():
            try:
                self._queue.put(item, timeout=POLL_S)
            except Full:
                continue
            return True
        return False

    def __iter__(self) -> Iterator[T]:
        while not isinstance(item := self._queue.get(), _End):
            yield item
        if item.error is not None:
            raise item.error

    def close(self) -> None:
        """End the thread, which may be in the middle of an item."""
        self._unwanted.set()
        while True:  # free a place at once instead of after POLL_S
            try:
                self._queue.get_nowait()
            except Empty:
                break
        self._thread.join()


@contextmanager
def read_ahead(items: Iterable[T], depth: int) -> Iterator[Iterator[T]]:
    """The same items in the same order, produced up to `depth` ahead in a thread.

    An error in the thread is raised where the items are used. On leaving the block the thread has ended.
    """
    reader = _Reader(items, depth)
    try:
        yield iter(reader)
    finally:
        reader.close()
