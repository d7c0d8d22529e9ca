"""A web server on 127.0.0.1 that misbehaves on demand: the path of the request names what it does.

    with FaultyServer() as server:
        requests.get(f"{server.url}/drip")

`BEHAVIOURS` lists the paths. No answer lasts longer than `LONGEST_S`, and all of them end with the block.
For failures below HTTP there are `refused_url` and `swallowing_url`. Also runs by hand:
`python tests/faulty_server.py` prints its address and serves until Enter is pressed.
"""

from __future__ import annotations

import gzip
import queue
import socket
import socketserver
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LONGEST_S = 120.0
CSV = (Path(__file__).parent.parent / "data" / "titanic.csv").read_bytes()
PAGE = b"<!DOCTYPE html>\n<html><body>Welcome to the hotel's Wi-Fi. Please sign in.</body></html>\n"


class FaultyServer(socketserver.ThreadingTCPServer):
    """The server; `url` is its address, `requests` counts the requests for each path.

    `arrivals` is a queue of the same paths, for those who wait until a request is under way.
    """

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.requests: Counter[str] = Counter()
        self.arrivals: queue.Queue[str] = queue.Queue()
        self.stopping = threading.Event()

    def __enter__(self) -> FaultyServer:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self.shutdown()
        self.server_close()


class _Connection(socketserver.StreamRequestHandler):
    """One request: read its head, then do what its path says."""

    server: FaultyServer

    def handle(self) -> None:
        with suppress(OSError):  # the client hung up, which most behaviours provoke
            path = self.rfile.readline().split(b" ")[1].decode().split("?")[0]
            while self.rfile.readline().strip():
                pass
            self.server.requests[path] += 1
            self.server.arrivals.put(path)
            BEHAVIOURS.get(path, _status("404 Not Found"))(self)

    def finish(self) -> None:
        with suppress(OSError):
            super().finish()

    def answer(self, body: bytes, status: str = "200 OK", *headers: str, length: int | None = None) -> None:
        """A whole answer, or one whose Content-Length says otherwise."""
        self.start(status, f"Content-Length: {len(body) if length is None else length}", *headers)
        self.wfile.write(body)

    def start(self, status: str, *headers: str) -> None:
        """The status line and the headers."""
        lines = [f"HTTP/1.1 {status}", "Connection: close", *headers, "", ""]
        self.wfile.write("\r\n".join(lines).encode())

    def go_on(self, piece: bytes, every_s: float) -> None:
        """The same piece again and again, until the client or the server stops or time is up."""
        for _ in range(int(LONGEST_S / max(every_s, 0.0001))):
            self.wfile.write(piece)
            if self.server.stopping.wait(every_s):
                return


Behaviour = Callable[[_Connection], None]


def _status(status: str, *headers: str) -> Behaviour:
    return lambda connection: connection.answer(b"no", status, *headers)


def _reset(connection: _Connection) -> None:
    """Half of the body, then a reset instead of an orderly end."""
    connection.answer(CSV[: len(CSV) // 2], length=len(CSV))
    connection.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.connection.close()


def _drip(connection: _Connection) -> None:
    connection.start("200 OK", "Content-Length: 1000000", "Content-Type: text/csv")
    connection.go_on(b"a", every_s=0.05)


def _slow(connection: _Connection) -> None:
    """The whole file in small pieces, over half a second: bad Wi-Fi, not a fault."""
    connection.start("200 OK", f"Content-Length: {len(CSV)}")
    for start in range(0, len(CSV), 8192):
        connection.wfile.write(CSV[start : start + 8192])
        connection.server.stopping.wait(0.06)


def _endless(connection: _Connection) -> None:
    connection.start("200 OK", "Content-Type: text/csv")
    connection.go_on(b"1,0,3\n" * 10_000, every_s=0)


def _slow_headers(connection: _Connection) -> None:
    connection.wfile.write(b"HTTP/1.1 200 OK\r\nX-Filler: ")
    connection.go_on(b"a", every_s=0.05)


def _stalled(connection: _Connection) -> None:
    """Half of the body, then silence on an open connection."""
    connection.answer(CSV[: len(CSV) // 2], length=len(CSV))
    connection.server.stopping.wait(LONGEST_S)


def _endless_redirect(connection: _Connection) -> None:
    """A redirect whose own body never ends."""
    connection.start("302 Found", "Location: /ok.csv")
    connection.go_on(b"a" * 10_000, every_s=0)


def _twice(status: str) -> Behaviour:
    """Fail with this status twice, then answer as it should."""
    name = f"/{status[:3]}-twice"

    def behave(connection: _Connection) -> None:
        failing = connection.server.requests[name] <= 2
        (_status(status) if failing else BEHAVIOURS["/ok.csv"])(connection)

    return behave


BEHAVIOURS: dict[str, Behaviour] = {
    "/ok.csv": lambda c: c.answer(CSV, "200 OK", "Content-Type: text/csv"),
    "/gzip": lambda c: c.answer(gzip.compress(CSV), "200 OK", "Content-Encoding: gzip"),
    "/chunked": lambda c: c.answer(
        f"{len(CSV):x}\r\n".encode() + CSV + b"\r\n0\r\n\r\n", "200 OK", "Transfer-Encoding: chunked"
    ),
    "/slow": _slow,
    "/redirect": _status("302 Found", "Location: /ok.csv"),
    "/redirect-loop": _status("302 Found", "Location: /redirect-loop"),
    "/redirect-to-file": _status("302 Found", "Location: file:///etc/hostname"),
    "/redirect-endless": _endless_redirect,
    "/204": lambda c: c.start("204 No Content"),
    "/401": _status("401 Unauthorized"),
    "/403": _status("403 Forbidden"),
    "/404": _status("404 Not Found"),
    "/500": _status("500 Internal Server Error"),
    "/500-twice": _twice("500 Internal Server Error"),
    "/503": _status("503 Service Unavailable"),
    "/429": _status("429 Too Many Requests", "Retry-After: 2"),
    "/429-hour": _status("429 Too Many Requests", "Retry-After: 3600"),
    "/429-twice": _twice("429 Too Many Requests"),
    "/drip": _drip,
    "/endless": _endless,
    "/huge": lambda c: c.answer(b"1,0,3\n", length=10**13),
    "/slow-headers": _slow_headers,
    "/silent": lambda c: (c.server.stopping.wait(LONGEST_S), None)[1],
    "/stalled": _stalled,
    "/short": lambda c: c.answer(CSV[:1000], length=len(CSV)),
    "/reset": _reset,
    "/hangs-up": lambda c: None,
    "/not-http": lambda c: (c.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n"), None)[1],
    "/page": lambda c: c.answer(b"Please sign in.", "200 OK", "Content-Type: text/html; charset=utf-8"),
    "/page-as-csv": lambda c: c.answer(b"\n " + PAGE, "200 OK", "Content-Type: text/csv"),
    "/empty": lambda c: c.answer(b""),
    "/json": lambda c: c.answer(b'{"error": "not here"}', "200 OK", "Content-Type: application/json"),
}


def refused_url() -> str:
    """An address on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    return f"http://127.0.0.1:{port}"


@contextmanager
def swallowing_url() -> Iterator[str]:
    """An address whose packets vanish, as behind a firewall: a listener with a full queue."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        address = listener.getsockname()
        callers = [socket.socket() for _ in range(8)]
        for caller in callers:
            caller.setblocking(False)
            caller.connect_ex(address)
        try:
            yield f"http://127.0.0.1:{address[1]}"
        finally:
            for caller in callers:
                caller.close()


if __name__ == "__main__":
    with FaultyServer() as running:
        input("\n".join(f"{running.url}{path}" for path in BEHAVIOURS) + "\nEnter stops it. ")
