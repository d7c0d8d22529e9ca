"""One chat request to the tests' LLM server, and the means to answer it, well or badly."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from tests.llm_server import Handler

LONGEST_S = 60.0
Json: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """A chat request as it came: its path, its headers (names in lower case), its JSON body."""

    path: str
    headers: Mapping[str, str]
    body: Json


@dataclass
class Exchange:
    """One chat request and the means to answer it; what a reply gets."""

    request: Request
    number: int
    handler: Handler = field(repr=False)

    @property
    def body(self) -> Json:
        """The request's JSON body."""
        return self.request.body

    @property
    def closing(self) -> threading.Event:
        """Set when the server closes: what waits must wait on it."""
        return self.handler.server.closing

    def send(self, data: bytes, kind: str = "application/json", status: int = 200, **headers: str) -> None:
        """A whole answer with its length."""
        self.start(kind, status, Content_Length=str(len(data)), **headers)
        self.write(data)

    def send_json(self, value: Any, status: int = 200, **headers: str) -> None:
        """A whole JSON answer."""
        self.send(json.dumps(value).encode(), status=status, **headers)

    def start(self, kind: str = "text/event-stream", status: int = 200, **headers: str) -> None:
        """Status line and headers; `Retry_After="2"` becomes `Retry-After: 2`."""
        self.handler.send_response(status)
        for name, value in {"Content_Type": kind, "Connection": "close", **headers}.items():
            self.handler.send_header(name.replace("_", "-"), value)
        self.handler.end_headers()

    def write(self, data: bytes) -> None:
        """Raw bytes of the body, at once."""
        self.handler.wfile.write(data)
        self.handler.wfile.flush()

    def event(self, value: Any) -> None:
        """One server-sent event that carries JSON."""
        self.write(f"data: {json.dumps(value)}\n\n".encode())

    def delta(self, delta: Json, finish_reason: str | None = None) -> None:
        """One chunk of a streamed answer."""
        self.event(chunk(self.body, [{"index": 0, "delta": delta, "finish_reason": finish_reason}]))

    def end(self) -> None:
        """The end mark of a stream."""
        self.write(b"data: [DONE]\n\n")

    def be_silent(self) -> None:
        """Say nothing on an open connection until the client goes, the server closes or time is up."""
        connection = self.handler.connection
        connection.settimeout(0.05)
        for _ in range(int(LONGEST_S / 0.05)):
            with suppress(TimeoutError):
                if connection.recv(1) == b"":  # the client hung up
                    return
            if self.closing.is_set():
                return

    def reset(self) -> None:
        """Break the connection off with a reset instead of an orderly end."""
        linger = struct.pack("ii", 1, 0)
        self.handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        for stream in (self.handler.rfile, self.handler.wfile):
            stream.close()
        self.handler.connection.close()


Reply: TypeAlias = Callable[[Exchange], None]


def chunk(body: Json, choices: list[Json], **more: Any) -> Json:
    """A chunk of a stream in the protocol's form."""
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": body.get("model")}
    return {**head, "choices": choices, **more}


def pieces(whole: str, size: int) -> Iterable[str]:
    """The text cut into pieces of `size` characters."""
    return (whole[start : start + size] for start in range(0, len(whole), size))
