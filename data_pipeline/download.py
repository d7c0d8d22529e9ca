"""Download in a child process that is ended at a deadline, because nothing else bounds a download.

Covers what no timeout inside a process covers: a name server that does not answer, headers that drip in,
a body that never ends, a library that retries for minutes. The child (`download_child`) says when the
source has answered for the first time, so that silence is given up early and a slow but living
connection is not. Does not cover: bytes that come in time and are wrong; `convert` judges those.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from data_pipeline import cancellation
from data_pipeline.errors import SourceUnavailable
from data_pipeline.network_failure import REMEDY_LATER, REMEDY_NETWORK

POLL_S = 0.05
"""How long a request to stop may go unnoticed."""


@dataclass(frozen=True)
class Limits:
    """How long and how much one attempt may take; seconds of wall-clock, and bytes.

    `contact_s` is the time from the start to the first response headers, `connect_s` and `read_s` those
    for one connection and for one silence within an answer, `total_s` that for everything. With the
    defaults the Hub and a URL behind a firewall that swallows packets cost 2 x 7 s at most.
    """

    connect_s: float = 4.0
    read_s: float = 10.0
    contact_s: float = 7.0
    total_s: float = 60.0
    max_bytes: int = 2 * 1024**3


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True)
class DownloadRequest:
    """What the child is to fetch: a URL or the name of a dataset (`address`), into the folder `folder`.

    `shown_as` is the address without secrets, as it may stand in messages and in the build record.
    """

    kind: Literal["url", "hub"]
    address: str
    shown_as: str
    folder: str
    limits: Limits


@dataclass(frozen=True)
class Downloaded:
    """A finished file in the request's folder, the SHA-256 of its bytes and where it came from."""

    path: Path
    sha256: str
    origin: str


def download(request: DownloadRequest) -> Downloaded:
    """Run the request in a child process; it has ended when this returns or raises.

    Raises `SourceUnavailable` for whatever kept the file from coming whole and in time, and
    `BuildCancelled` as soon as somebody asks to stop.
    """
    with _child_process() as child, _messages(child) as messages:
        _hand_over(child, request)
        return _follow(messages, request)


def _follow(messages: queue.Queue[str | None], request: DownloadRequest) -> Downloaded:
    """Wait for the child's verdict, no longer than the limits allow."""
    limits, started, contact = request.limits, time.monotonic(), False
    while True:
        cancellation.raise_if_cancelled()
        elapsed = time.monotonic() - started
        if elapsed > (limits.total_s if contact else min(limits.contact_s, limits.total_s)):
            raise _too_late(request, contact)
        with suppress(queue.Empty):
            message = _decoded(messages.get(timeout=POLL_S), request)
            if message["event"] == "done":
                return Downloaded(Path(message["path"]), message["sha256"], message["origin"])
            contact = True


def _decoded(line: str | None, request: DownloadRequest) -> dict[str, Any]:
    """The child's message; raises `SourceUnavailable` if it reports a failure or died without a word."""
    if line is None:
        raise SourceUnavailable(f"The download of {request.shown_as} ended unexpectedly.", REMEDY_LATER)
    message: dict[str, Any] = json.loads(line)
    if message["event"] == "failed":
        raise SourceUnavailable(
            message["cause"],
            message["remedy"],
            retryable=message["retryable"],
            retry_after=message["retry_after"],
        )
    return message


def _too_late(request: DownloadRequest, contact: bool) -> SourceUnavailable:
    limits = request.limits
    if contact:
        return SourceUnavailable(
            f"{request.shown_as} had not come whole after {limits.total_s:g} seconds.",
            "Try again on a faster network, download the file yourself and name it as the source, "
            "or choose the snapshot.",
        )
    return SourceUnavailable(
        f"{request.shown_as} did not answer within {limits.contact_s:g} seconds.", REMEDY_NETWORK
    )


@contextmanager
def _child_process() -> Iterator[subprocess.Popen[str]]:
    """A running `download_child`, killed with whatever it started when the block ends."""
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", "data_pipeline.download_child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # progress bars and warnings of libraries, which may name URLs
        text=True,
        encoding="utf-8",
        env=_child_environment(),
        start_new_session=True,  # Ctrl-C reaches the parent alone, which then decides
    )
    try:
        yield child
    finally:
        _kill(child)


def _kill(child: subprocess.Popen[str]) -> None:
    if child.poll() is None:
        with suppress(ProcessLookupError, PermissionError):  # ended just now, on Linux and on macOS
            os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    if child.stdin:
        with suppress(OSError):  # an unread request in the buffer of a child that is gone
            child.stdin.close()


def _child_environment() -> dict[str, str]:
    """This process's environment, in which the child finds the package wherever it was started."""
    package_root = str(Path(__file__).resolve().parent.parent)
    inherited = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [package_root, inherited]))}


def _hand_over(child: subprocess.Popen[str], request: DownloadRequest) -> None:
    """Write the request to the child's input: on its command line everybody could read the URL.

    The input stays open: when this process dies, the child sees its end and dies too.
    """
    if child.stdin:
        with suppress(OSError):  # the child is gone already, which `_decoded` reports
            child.stdin.write(json.dumps(asdict(request)) + "\n")
            child.stdin.flush()


@contextmanager
def _messages(child: subprocess.Popen[str]) -> Iterator[queue.Queue[str | None]]:
    """The lines that the child writes, as they come, and None once it has ended."""
    lines: queue.Queue[str | None] = queue.Queue()

    def read() -> None:
        if child.stdout:
            with child.stdout as stdout:
                for line in stdout:
                    lines.put(line)
        lines.put(None)

    reader = threading.Thread(target=read, name="download-messages", daemon=True)
    reader.start()
    try:
        yield lines
    finally:
        _kill(child)  # ends the reader's loop
        reader.join()
