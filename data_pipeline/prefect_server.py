"""One warm Prefect server on this machine: adopt the one that runs, else start one; last user stops it.

Imports nothing of Prefect, so that the environment can be set before anybody does. The server costs about
250 MB and 2 % of a core while idle, and 6 to 10 s to start; that is why app and command line share one.

Which server is ours stands in `server.json` under the home: its address, its process, and the processes
that use it. A user that ends takes itself off that list and stops the server when nobody is left; users
that died without a word are struck off by the next one, and the server they left behind is adopted.
"""

from __future__ import annotations

import atexit
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import IO

import psutil
from filelock import FileLock

from data_pipeline.errors import PrefectUnavailable

HOST = "127.0.0.1"
FIRST_PORT = 4200  # Prefect's own default; the ones after it are tried when a program sits there
PORTS_TO_TRY = 20
START_TRIES = 3
START_LIMIT_S = 120.0  # 6 s here; a cold laptop with a virus scanner needs far longer
STOP_LIMIT_S = 5.0
PROBE_LIMIT_S = 2.0
PATIENCE_S = 15.0  # a living server on a busy laptop may be slow; others may be using it
LOCK_LIMIT_S = 30.0  # it is held for milliseconds

_homes_to_release: set[str] = set()
_started: list[subprocess.Popen[bytes]] = []  # kept: Python complains of a child it forgets while it runs
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a company proxy cannot reach us


@dataclass
class ServerNote:
    """What `server.json` says: API address, server process and the processes that use it."""

    api: str
    pid: int
    started: float
    users: dict[str, float] = field(default_factory=dict)
    """Process id -> its creation time; together they name a process for good, ids alone are reused."""


def server_environment(home: Path) -> dict[str, str]:
    """Environment of our server: its own home, quiet, no telemetry, no other API to talk to."""
    environment = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}
    return environment | {
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        "PREFECT_UI_ENABLED": "true",
    }


def is_healthy(api: str) -> bool:
    """True when a Prefect API answers here; any other program, or none, gives False."""
    return _get_json(f"{api}/health") is True and isinstance(_get_json(f"{api}/admin/version"), str)


def acquire_server(home: Path, on_wait: Callable[[str], None] = lambda _message: None) -> str:
    """The address of this home's healthy server (`http://127.0.0.1:4200/api`), started if need be.

    This process is noted as a user until it ends or calls `release_server`. `on_wait` hears one sentence
    while a server starts. Raises `PrefectUnavailable`.
    """
    home.mkdir(parents=True, exist_ok=True)
    for _ in range(START_TRIES):
        note = _noted_or_started(home)
        if not is_healthy(note.api):  # started by us or by another a moment ago
            on_wait("The Prefect server is starting; the first start takes about ten seconds.")
        if _becomes_ours(note, home):  # waits without the lock: whoever ends meanwhile must get at the note
            return note.api
        _discard(home, note)
    raise PrefectUnavailable(
        f"Other programs took the port of the Prefect server {START_TRIES} times while it was starting.",
        "Try again in a moment, or name a running Prefect API in PREFECT_API_URL.",
    )


def release_server(home: Path) -> None:
    """Take this process off the list of users, and stop the server when nobody else uses it."""
    with suppress(OSError), _home_lock(home):
        note = _read_note(home)
        if note is None or note.users.pop(str(os.getpid()), None) is None:
            return
        if note.users:
            _write_note(home, note)
        else:
            _stop_process(note)
            _note_path(home).unlink(missing_ok=True)


def owns_server(home: Path) -> bool:
    """True when this home's server was started by us, so that stopping it harms nobody else."""
    note = _read_note(home)
    return note is not None and _process(note.pid, note.started) is not None


def kill_server(home: Path) -> None:
    """End this home's server at once, as a crash would; the next `acquire_server` starts a new one."""
    with _home_lock(home):
        note = _read_note(home)
        process = note and _process(note.pid, note.started)
        if process:
            process.kill()
            process.wait(STOP_LIMIT_S)


def _start_server(home: Path, wanted_port: int) -> ServerNote:
    """Start one, where the last one was if possible: a run that lost it then goes on by itself."""
    api = f"http://{HOST}:{_free_port(wanted_port)}/api"
    with (home / "server.log").open("ab") as log_file:
        server = _spawn(home, api, log_file)
    _started.append(server)
    return ServerNote(api=api, pid=server.pid, started=psutil.Process(server.pid).create_time())


def _spawn(home: Path, api: str, log_file: IO[bytes]) -> subprocess.Popen[bytes]:
    port = api.removesuffix("/api").rpartition(":")[2]
    return subprocess.Popen(
        [sys.executable, "-m", "prefect", "server", "start", "--host", HOST, "--port", port],
        env=server_environment(home),
        stdin=subprocess.DEVNULL,
        stdout=log_file,
        stderr=log_file,
        start_new_session=True,  # Ctrl-C in our terminal is for us, not for the server
    )


def _noted_or_started(home: Path) -> ServerNote:
    _started[:] = [server for server in _started if server.poll() is None]  # asking buries the dead
    with _home_lock(home):
        note = _read_note(home)
        if note is None or not _process(note.pid, note.started):
            note = _start_server(home, _port_of(note) if note else FIRST_PORT)
        _register_this_process(home, note)
    return note


def _becomes_ours(note: ServerNote, home: Path) -> bool:
    """True once this home's server answers, False if another program was quicker at its port.

    A server that starts gets its time, one that is only busy some patience; then `PrefectUnavailable`.
    """
    deadline = max(note.started + START_LIMIT_S, time.time() + PATIENCE_S)
    while time.time() < deadline:
        if is_healthy(note.api):
            return _home_of(note.api) == home.resolve()
        if not _process(note.pid, note.started):
            if _is_taken(_port_of(note)):
                return False
            raise PrefectUnavailable(
                "The Prefect server stopped while it was starting.",
                "The last lines of server.log in the Prefect home say why; `--plain` builds without Prefect.",
            )
        time.sleep(0.1)
    _stop_process(note)
    raise PrefectUnavailable(
        "The Prefect server did not answer in time and was stopped.",
        "Close other programs and try again; `--plain` builds without Prefect.",
    )


def _home_of(api: str) -> Path | None:
    """The home of the server that answers here; two servers may have seen the same port free."""
    answer = _get_json(f"{api}/admin/settings")
    return Path(str(answer["home"])).resolve() if isinstance(answer, dict) and "home" in answer else None


def _discard(home: Path, note: ServerNote) -> None:
    with _home_lock(home):
        _stop_process(note)
        _note_path(home).unlink(missing_ok=True)


def _port_of(note: ServerNote) -> int:
    return int(note.api.removesuffix("/api").rpartition(":")[2])


def _free_port(wanted: int) -> int:
    """The wanted port, or the first one from 4200 on that nobody listens on."""
    ports: list[int] = [wanted, *range(FIRST_PORT, FIRST_PORT + PORTS_TO_TRY)]
    for port in ports:
        if not _is_taken(port):
            return port
    raise PrefectUnavailable(
        f"All ports from {FIRST_PORT} to {FIRST_PORT + PORTS_TO_TRY - 1} are taken.",
        "Close a program that listens there, or name a running Prefect API in PREFECT_API_URL.",
    )


def _is_taken(port: int) -> bool:
    """True when a program listens on this port."""
    with socket.socket() as probe:
        if os.name == "posix":  # else a port in TIME_WAIT counts as taken
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return True
    return False


def _register_this_process(home: Path, note: ServerNote) -> None:
    note.users = {pid: created for pid, created in note.users.items() if _process(int(pid), created)}
    if str(home) not in _homes_to_release:
        _homes_to_release.add(str(home))
        atexit.register(release_server, home)
    note.users[str(os.getpid())] = psutil.Process().create_time()
    _write_note(home, note)


def _stop_process(note: ServerNote | None) -> None:
    process = note and _process(note.pid, note.started)
    if not process:
        return
    process.terminate()
    try:
        process.wait(STOP_LIMIT_S)
    except psutil.TimeoutExpired:
        process.kill()


def _process(pid: int, created: float) -> psutil.Process | None:
    """The living process with this id, if it is the one that was created at that moment."""
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        if abs(process.create_time() - created) < 1 and process.status() != psutil.STATUS_ZOMBIE:
            return process
    return None


def _get_json(url: str) -> object:
    """What this address answers, None when it answers nothing or no JSON."""
    with suppress(OSError, ValueError, HTTPException), _DIRECT.open(url, timeout=PROBE_LIMIT_S) as answer:
        return json.load(answer)
    return None


def _home_lock(home: Path) -> FileLock:
    return FileLock(home / "server.lock", timeout=LOCK_LIMIT_S)


def _note_path(home: Path) -> Path:
    return home / "server.json"


def _read_note(home: Path) -> ServerNote | None:
    with suppress(OSError, ValueError, TypeError):
        return ServerNote(**json.loads(_note_path(home).read_text()))
    return None


def _write_note(home: Path, note: ServerNote) -> None:
    draft = home / "server.json.new"
    draft.write_text(json.dumps(asdict(note)))
    draft.replace(_note_path(home))
