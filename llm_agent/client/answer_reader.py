"""Reads a stream in a thread of its own, so that a silent server can be left at any moment."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import suppress
from typing import Any

READ_SILENCE_S = 60.0
"""Seconds without a chunk after which a server counts as silent; large local models load for most of it."""
LOAD_S = 30.0
"""Seconds for loading the client before anything is sent; a cold disk takes a few of them."""
READY = object()
"""What `open_stream` gives first, when it is about to send: the silence counts from then on."""
POLL_S = 0.1
"""How often a wait looks whether it was stopped."""
READ_AHEAD = 1000
"""Chunks that may wait for the page."""


class ServerSilent(Exception):
    """Nothing came for `seconds`; `has_begun` says whether something came before."""

    def __init__(self, seconds: float, has_begun: bool) -> None:
        super().__init__(f"silent for {seconds:.0f} s")
        self.seconds = seconds
        self.has_begun = has_begun


class Stopped(Exception):
    """The stop event was set while the server was read."""


class AnswerReader:
    """Runs `open_stream` and iterates what it gives after `READY`, in a thread; iterate this for the same.

    `break_off` must wake a thread that reads. Raises what the thread raised, `Stopped` or `ServerSilent`.
    """

    def __init__(
        self,
        open_stream: Callable[[], Iterable[Any]],
        break_off: Callable[[], None],
        stop: threading.Event,
        silence_s: float = READ_SILENCE_S,
    ) -> None:
        self._open_stream = open_stream
        self._break_off = break_off
        self._stop = stop
        self._silence_s = silence_s
        self._left = threading.Event()
        self._items: queue.Queue[tuple[Any, BaseException | None, bool]] = queue.Queue(READ_AHEAD)
        self._thread = threading.Thread(target=self._read, name="model-stream", daemon=True)

    def __iter__(self) -> Generator[Any, None, None]:
        self._thread.start()
        try:
            yield from self._take()
        finally:
            self._leave()

    def _take(self) -> Generator[Any, None, None]:
        has_begun, patience_s = False, LOAD_S
        while True:
            item, error, is_end = self._next_item(patience_s, has_begun)
            patience_s = self._silence_s
            if error is not None:
                raise error
            if is_end:
                return
            if item is not READY:
                has_begun = True
                yield item

    def _next_item(self, patience_s: float, has_begun: bool) -> tuple[Any, BaseException | None, bool]:
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            if self._stop.is_set():
                raise Stopped
            with suppress(queue.Empty):
                return self._items.get(timeout=POLL_S)
        raise ServerSilent(patience_s, has_begun)

    def _leave(self) -> None:
        """End the thread: it wakes from a read at once, from a connect or a name look-up when that ends."""
        self._left.set()
        self._break_off()
        self._thread.join(timeout=1)

    def _read(self) -> None:
        try:
            for item in self._open_stream():
                if not self._put((item, None, False)):
                    return
            self._put((None, None, True))
        except BaseException as error:  # noqa: BLE001  handed over to the thread that asked, which judges it
            self._put((None, error, False))

    def _put(self, item: tuple[Any, BaseException | None, bool]) -> bool:
        while not self._left.is_set():
            with suppress(queue.Full):
                self._items.put(item, timeout=POLL_S)
                return True
        return False
