"""The connection of one request, which another thread can break off while it is read."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from contextvars import ContextVar
from typing import Any


class Line:
    """Knows the sockets of one request, from the moment they connect.

    Closing a socket does not wake a thread that reads from it, and before the first byte there is no response
    to close; a shutdown of the socket wakes it always.
    """

    def __init__(self) -> None:
        self._streams: list[Any] = []
        self._lock = threading.Lock()
        self._is_broken = False

    @property
    def is_broken(self) -> bool:
        """Whether `break_off` was called."""
        return self._is_broken

    def trace(self, event: str, info: dict[str, Any]) -> None:
        """Called by httpcore2 for each step of a request: remembers the sockets it opens."""
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            with self._lock:
                self._streams.append(info["return_value"])
            if self._is_broken:
                self.break_off()

    def break_off(self) -> None:
        """End the connection now; whoever reads from it gets an error."""
        with self._lock:
            self._is_broken = True
            for stream in self._streams:
                _shut_down(stream.get_extra_info("socket"))


CURRENT_LINE: ContextVar[Line | None] = ContextVar("CURRENT_LINE", default=None)


def _shut_down(connection: Any) -> None:
    """Both directions, at the level below TLS: `SSLSocket.shutdown` takes its object from under a reader."""
    if isinstance(connection, socket.socket):
        with suppress(OSError):
            socket.socket.shutdown(connection, socket.SHUT_RDWR)
