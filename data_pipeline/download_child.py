"""The process that one download runs in: `python -m data_pipeline.download_child`.

Reads a request from its input, writes one JSON line when the source first answered and one at the end.
Imports only what its source needs, so that a URL does not pay for the Hub's libraries. It never outlives
its parent: it ends when its input closes, and in any case when its time is up.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import threading
from collections.abc import Callable
from typing import Any

from data_pipeline.download import Downloaded, DownloadRequest, Limits
from data_pipeline.errors import SourceUnavailable
from data_pipeline.network_failure import REMEDY_LATER

GRACE_S = 5.0
"""How much longer than the parent's own deadline a child may live whose parent never killed it."""


def main() -> None:
    """Fetch what the request on standard input names and report on standard output."""
    report = _reporter()
    request = _read_request()
    _end_with_parent(request.limits.total_s + GRACE_S)
    report(_outcome(request, lambda: report({"event": "contact"})))


def _outcome(request: DownloadRequest, contact: Callable[[], None]) -> dict[str, Any]:
    try:
        fetched = _fetch(request, contact)
    except SourceUnavailable as error:
        return {"event": "failed", **vars(error)}
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return _failed(f"{request.shown_as} could not be stored ({reason}).", "Make room on the disk.")
    except Exception as error:  # noqa: BLE001 - the process's border: nothing must end without a word
        return _failed(f"{request.shown_as} failed unexpectedly ({type(error).__name__}).", REMEDY_LATER)
    return {"event": "done", "path": str(fetched.path), "sha256": fetched.sha256, "origin": fetched.origin}


def _failed(cause: str, remedy: str) -> dict[str, Any]:
    return {"event": "failed", **vars(SourceUnavailable(cause, remedy))}


def _fetch(request: DownloadRequest, contact: Callable[[], None]) -> Downloaded:
    if request.kind == "hub":
        from data_pipeline.hub_source import fetch_hub

        path, origin = fetch_hub(request, contact)
    else:
        from data_pipeline.url_source import fetch_url

        path, origin = fetch_url(request, contact)
    with path.open("rb") as file:
        return Downloaded(path, hashlib.file_digest(file, "sha256").hexdigest(), origin)


def _reporter() -> Callable[[dict[str, Any]], None]:
    """Writes messages to the real standard output; what libraries print goes to standard error instead."""
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def report(message: dict[str, Any]) -> None:
        channel.write(json.dumps(message) + "\n")
        channel.flush()

    return report


def _read_request() -> DownloadRequest:
    values = json.loads(sys.stdin.readline())
    return DownloadRequest(**{**values, "limits": Limits(**values["limits"])})


def _end_with_parent(seconds: float) -> None:
    """End this process when its input closes (the parent is gone) or the seconds have passed."""

    def wait_for_parent() -> None:
        while os.read(0, 1024):  # not sys.stdin: its lock, held here, would abort the interpreter's exit
            pass
        os._exit(1)

    threading.Thread(target=wait_for_parent, daemon=True).start()
    timer = threading.Timer(seconds, os._exit, args=(1,))
    timer.daemon = True
    timer.start()


if __name__ == "__main__":
    main()
