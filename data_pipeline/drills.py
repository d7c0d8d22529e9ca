"""Workshop drills: real faults on the real code path, to see fallback, retries, refusal and recovery.

Each drill prepares a source that is really faulty: an address where nobody listens, a web server on
127.0.0.1 that fails twice, a file with one bad row, a slow download during which the Prefect server is
killed. What happens then is the pipeline's own doing. The published table changes only when a run succeeds.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from data_pipeline.prefect_server import kill_server, owns_server
from data_pipeline.settings import Settings, snapshot_path

NOBODY_LISTENS = "http://127.0.0.1:9"  # the discard port
SLOW_PIECES = 12
SLOW_PIECE_S = 0.5
KILL_AT_PIECE = 3
BAD_ROW = 5


@dataclass(frozen=True)
class Drill:
    """A fault to try: its title, what to watch for, and how to prepare the source for one run."""

    title: str
    watch_for: str
    prepare: Callable[[], AbstractContextManager[str]]

    @property
    def is_possible(self) -> bool:
        """False for killing the server where this machine does not own it."""
        return self.prepare is not server_dies or owns_server(Settings().prefect_home)


@contextmanager
def hub_is_unreachable() -> Iterator[str]:
    """The Hub's address leads nowhere while the run lasts; the source is `auto`."""
    before = os.environ.get("HF_ENDPOINT")
    os.environ["HF_ENDPOINT"] = NOBODY_LISTENS
    try:
        yield "auto"
    finally:
        if before is None:
            del os.environ["HF_ENDPOINT"]
        else:
            os.environ["HF_ENDPOINT"] = before


@contextmanager
def source_fails_twice() -> Iterator[str]:
    """A web server that answers 503 two times and then sends the snapshot."""
    with _drill_server(answer_from_third_time) as address:
        yield f"{address}/titanic.csv"


@contextmanager
def one_row_is_bad() -> Iterator[str]:
    """A copy of the snapshot in which one passenger travels in class 9."""
    lines = snapshot_path().read_text(encoding="utf-8").splitlines(keepends=True)
    passenger, survived, _class, rest = lines[BAD_ROW].split(",", 3)
    lines[BAD_ROW] = ",".join((passenger, survived, "9", rest))
    folder = Path(tempfile.mkdtemp(prefix="titanic-drill-"))
    try:
        bad_file = folder / "titanic-with-a-bad-row.csv"
        bad_file.write_text("".join(lines), encoding="utf-8")
        yield str(bad_file)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def server_dies() -> Iterator[str]:
    """A slow download, in the middle of which the Prefect server is killed."""
    with _drill_server(answer_slowly_and_kill_the_server) as address:
        yield f"{address}/titanic.csv"


DRILLS = {
    "hub": Drill(
        "The Hub is unreachable",
        "The Hub's download fails, and the next source is tried instead.",
        hub_is_unreachable,
    ),
    "retries": Drill(
        "The source fails twice, then works",
        "The download waits, tries again with a longer pause, and succeeds at the third attempt.",
        source_fails_twice,
    ),
    "bad row": Drill(
        "One row is bad",
        "The whole file is refused, line and value are named, and the table stays as it was.",
        one_row_is_bad,
    ),
    "server": Drill(
        "The server dies during the run",
        "The states stop coming, the server is started anew, and the run goes on to its end.",
        server_dies,
    ),
}


class _DrillServer(ThreadingHTTPServer):
    """A web server on 127.0.0.1 for one run; `answer` serves a request, `requests` counts them."""

    daemon_threads = True

    def __init__(self, answer: Callable[[_DrillRequest], None]) -> None:
        super().__init__(("127.0.0.1", 0), _DrillRequest)
        self.answer = answer
        self.requests = 0
        self.stopping = threading.Event()


class _DrillRequest(BaseHTTPRequestHandler):
    server: _DrillServer

    def do_GET(self) -> None:
        """Count the request and let the drill answer it."""
        self.server.requests += 1
        self.server.answer(self)

    def log_message(self, format: str, *args: object) -> None:
        """Stay quiet: the run's own log tells the story."""

    def send(self, status: int, body: bytes) -> None:
        """A whole answer."""
        self.start(status, len(body))
        self.wfile.write(body)

    def start(self, status: int, length: int) -> None:
        """Status and headers."""
        self.send_response(status)
        self.send_header("Content-Type", "text/csv")
        self.send_header("Content-Length", str(length))
        self.end_headers()


def answer_from_third_time(request: _DrillRequest) -> None:
    """503 for the first two requests, the snapshot from the third on."""
    if request.server.requests <= 2:
        request.send(503, b"busy")
    else:
        request.send(200, snapshot_path().read_bytes())


def answer_slowly_and_kill_the_server(request: _DrillRequest) -> None:
    """The snapshot in pieces, half a second apart; the Prefect server is killed on the way."""
    body = snapshot_path().read_bytes()
    size = len(body) // SLOW_PIECES + 1
    request.start(200, len(body))
    for number, start in enumerate(range(0, len(body), size)):
        if number == KILL_AT_PIECE:
            kill_server(Settings().prefect_home)
        request.wfile.write(body[start : start + size])
        request.wfile.flush()
        if request.server.stopping.wait(SLOW_PIECE_S):
            return


@contextmanager
def _drill_server(answer: Callable[[_DrillRequest], None]) -> Iterator[str]:
    """The address of a drill's server, which ends with the block."""
    server = _DrillServer(answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.stopping.set()
        server.shutdown()
        server.server_close()
