"""`titanic-pipeline` as people use it: a process of its own, what it prints, and its exit code."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from data_pipeline import prefect_runtime
from data_pipeline.settings import Settings, snapshot_path
from data_pipeline.table import read_build_record
from tests.faulty_server import FaultyServer

pytestmark = pytest.mark.timeout(120)
COMMAND = [sys.executable, "-m", "data_pipeline.cli"]


def titanic_pipeline(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command with these arguments and wait for it."""
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=100)


@pytest.fixture
def faulty() -> Iterator[FaultyServer]:
    """A web server that fails on demand."""
    with FaultyServer() as server:
        yield server


def test_plain_build_needs_no_prefect(settings: Settings, prefect_home: Path) -> None:
    """`--plain` publishes the table, says so, and never imports or starts Prefect."""
    script = (
        "import sys\nfrom data_pipeline.cli import main\n"
        "try:\n main()\nfinally:\n assert 'prefect' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "--plain"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "The table stands" in done.stdout
    assert read_build_record(settings.database).rows == 891


def test_a_build_shows_each_task_and_runs_lists_it(prefect_api: str, settings: Settings) -> None:
    """The default build prints a line per task with its state, and `runs` knows it afterwards."""
    done = titanic_pipeline("--refresh")
    assert done.returncode == 0, done.stderr
    assert not done.stderr.strip()
    for piece in ("download from snapshot", "convert snapshot to SQLite", "load passengers", "Completed"):
        assert piece in done.stdout
    assert "Cached" in titanic_pipeline().stdout
    latest = json.loads(titanic_pipeline("runs", "--json").stdout)[0]
    assert (latest["source"], latest["state"]) == ("snapshot", "Completed")


def test_json_is_one_object_and_nothing_else(prefect_api: str) -> None:
    """`--json` prints the build record on standard output and keeps the lines for people off it."""
    done = titanic_pipeline("--json")
    assert json.loads(done.stdout)["rows"] == 891


def test_status_tells_how_the_table_came_to_be(settings: Settings) -> None:
    """`status` shows rows, source and freshness of the table, or says that there is none."""
    missing = titanic_pipeline("status")
    assert missing.returncode == 1
    assert "no Titanic table yet" in missing.stderr
    assert not settings.database.exists()
    titanic_pipeline("--plain")
    assert json.loads(titanic_pipeline("status", "--json").stdout)["source"] == "snapshot"
    lines = titanic_pipeline("status").stdout
    for piece in ("891", "snapshot", r"built +(now|an? second|\d+ seconds) ?(ago)?"):
        assert re.search(piece, lines)


@pytest.mark.parametrize("plain", [["--plain"], []], ids=["plain", "with Prefect"])
def test_an_error_is_two_lines(prefect_api: str, tmp_path: Path, plain: list[str]) -> None:
    """A refused file ends with exit code 1, its cause and its remedy, and no traceback or folder."""
    bad = tmp_path / "bad.csv"
    bad.write_text(snapshot_path().read_text().replace("\n1,0,3,", "\n1,0,9,", 1))
    done = titanic_pipeline("--source", str(bad), *plain)
    assert done.returncode == 1
    cause, remedy = done.stderr.strip().splitlines()
    for piece in ("bad.csv", "line 2", "pclass", "9", "1, 2 or 3"):
        assert piece in cause
    assert remedy.strip()
    assert "Traceback" not in done.stdout + done.stderr
    assert str(tmp_path) not in done.stdout + done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_ctrl_c_leaves_the_old_table_and_a_cancelled_run(
    prefect_api: str, settings: Settings, faulty: FaultyServer, number: signal.Signals
) -> None:
    """Stopping a build ends it with exit code 130, a Cancelled run, and the table from before."""
    titanic_pipeline("--plain")
    before = settings.database.read_bytes()
    process = subprocess.Popen(
        [*COMMAND, "--source", f"{faulty.url}/drip"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    faulty.arrivals.get(timeout=60)
    process.send_signal(number)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130, errors
    assert "stopped on request" in errors
    assert settings.database.read_bytes() == before
    prefect_runtime.connect(settings)
    assert prefect_runtime.recent_runs(1)[0].state == "Cancelled"


def test_an_unreachable_prefect_api_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A PREFECT_API_URL at which nobody answers is an error that names the setting."""
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    done = titanic_pipeline()
    assert done.returncode == 1
    assert "http://127.0.0.1:9/api" in done.stderr
    assert "PREFECT_API_URL" in done.stderr
