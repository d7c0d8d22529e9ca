"""One warm Prefect server: adopted when healthy, started when not, stopped with its last user."""

from __future__ import annotations

import json
import os
import signal
import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from data_pipeline import prefect_server
from data_pipeline.errors import PrefectUnavailable
from data_pipeline.prefect_server import acquire_server, is_healthy, kill_server, owns_server, release_server

OTHER_USER = """
import sys
from pathlib import Path
from data_pipeline.prefect_server import acquire_server
print(acquire_server(Path(sys.argv[1])), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A Prefect home of this test alone, its server ended afterwards."""
    yield tmp_path / "home"
    if (tmp_path / "home").exists():
        kill_server(tmp_path / "home")


def noted_server(home: Path) -> psutil.Process:
    """The process of the server that is noted in this home."""
    return psutil.Process(json.loads((home / "server.json").read_text())["pid"])


def start_other_user(home: Path) -> tuple[subprocess.Popen[str], str]:
    """Another process that uses the server until its input is closed, and the address it was given."""
    process = subprocess.Popen(
        [sys.executable, "-c", OTHER_USER, str(home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    return process, process.stdout.readline().strip()


def end(process: subprocess.Popen[str]) -> None:
    """Close the process's input and wait until it has ended."""
    process.communicate(timeout=20)


@pytest.mark.timeout(120)
def test_server_outlives_a_killed_user_and_stops_with_its_last_one(home: Path) -> None:
    """The server of a killed process is adopted, not started anew, and stopped by the last user."""
    starter, address = start_other_user(home)
    server = noted_server(home)
    starter.send_signal(signal.SIGKILL)
    end(starter)
    assert acquire_server(home) == address
    second, same_address = start_other_user(home)
    assert same_address == address
    assert noted_server(home) == server
    release_server(home)
    assert is_healthy(address), "the second user still needs it"
    end(second)
    assert not server.is_running() or server.status() == psutil.STATUS_ZOMBIE
    assert not is_healthy(address)


@pytest.mark.timeout(120)
def test_a_dead_server_is_replaced_and_a_taken_port_passed_over(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A killed server is replaced by the next user, and a foreign program on the port is left alone."""
    with socket.create_server(("127.0.0.1", 0)) as foreign:
        taken = foreign.getsockname()[1]
        monkeypatch.setattr(prefect_server, "FIRST_PORT", taken)
        address = acquire_server(home)
        assert f":{taken}/" not in address
        assert owns_server(home)
        kill_server(home)
        assert not is_healthy(address)
        assert not owns_server(home)
        heard: list[str] = []
        assert is_healthy(acquire_server(home, heard.append))
        assert "The Prefect server is starting" in heard[0]
        release_server(home)


def test_a_port_that_speaks_no_http_is_not_a_prefect_server() -> None:
    """A program that echoes what it is sent, as a port in use for a moment may, counts as no server."""

    class Echo(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.sendall(self.request.recv(4096))

    with socketserver.TCPServer(("127.0.0.1", 0), Echo) as program:
        threading.Thread(target=program.handle_request, daemon=True).start()
        assert not is_healthy(f"http://127.0.0.1:{program.server_address[1]}/api")


def test_a_server_that_cannot_start_is_an_error_for_people(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that ends while starting raises an error that says so, without a path or a traceback."""
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(PrefectUnavailable, match="stopped while it was starting") as refused:
        acquire_server(home)
    assert str(home) not in str(refused.value)


@pytest.mark.timeout(120)
def test_a_race_for_the_port_ends_on_two_ports(
    home: Path, prefect_api: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that lost its port to another home's server while it was starting moves to the next port."""
    looked: list[int] = []

    def seems_free_at_first(port: int) -> bool:
        looked.append(port)
        return len(looked) > 1 and is_taken(port)

    is_taken = prefect_server._is_taken
    monkeypatch.setattr(prefect_server, "FIRST_PORT", int(prefect_api.split(":")[2].split("/")[0]))
    monkeypatch.setattr(prefect_server, "_is_taken", seems_free_at_first)
    address = acquire_server(home)
    assert address != prefect_api
    assert is_healthy(address)
    assert is_healthy(prefect_api)
    release_server(home)


def test_any_other_program_is_no_prefect_api() -> None:
    """A port where nobody speaks Prefect's API is not healthy."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert not is_healthy(f"http://127.0.0.1:{silent.getsockname()[1]}/api")


def test_users_that_died_are_struck_off(home: Path, prefect_api: str, prefect_home: Path) -> None:
    """A dead process on the list of users does not keep the server alive."""
    note_path = prefect_home / "server.json"
    note = json.loads(note_path.read_text())
    note["users"]["999999"] = 1.0
    note_path.write_text(json.dumps(note))
    acquire_server(prefect_home)
    assert set(json.loads(note_path.read_text())["users"]) == {str(os.getpid())}
