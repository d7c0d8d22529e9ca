"""Many tabs that watch runs: how often each looks, and what is read for all of them together."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from data_pipeline import prefect_runtime
from data_pipeline.errors import PrefectUnavailable
from data_pipeline.run_views import RunView
from pages import _run_reading, _watchers
from pages._shared_reading import SharedReading
from tests.waiting import wait_for


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """No tab and no run from before."""
    monkeypatch.setattr(_watchers, "_last_looks", {})
    monkeypatch.setattr(_run_reading, "_settled", {})
    _run_reading._states.forget()


def view(state: str, ended: timedelta) -> RunView:
    """A run of two seconds that ended this long ago."""
    started = datetime.now(UTC) - ended - timedelta(seconds=2)
    return RunView(uuid4(), "a run", state, "snapshot", started, seconds=2.0, message="")


def test_a_tab_alone_looks_more_often_than_one_of_twenty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each further tab makes all look a little less often; those that are gone do not count."""
    alone = _watchers.seconds_between_looks(is_starting=False)
    for tab in range(20):
        monkeypatch.setattr("streamlit.session_state", {"watcher": f"tab {tab}"})
        _watchers.note_look()
    assert alone < _watchers.seconds_between_looks(is_starting=False) <= 1
    monkeypatch.setattr(_watchers, "GONE_AFTER_S", 0.0)
    assert _watchers.seconds_between_looks(is_starting=False) == alone


@pytest.mark.parametrize(
    ("state", "ended", "reads"),
    [
        ("Completed", timedelta(minutes=1), 1),
        ("Completed", timedelta(seconds=1), 2),  # its last log lines may still be on their way
        ("Running", timedelta(minutes=1), 2),
    ],
)
def test_a_run_of_the_past_is_read_once(
    monkeypatch: pytest.MonkeyPatch, state: str, ended: timedelta, reads: int
) -> None:
    """A run that ended a while ago is not asked for again; one that may still change is."""
    run, asked = view(state, ended), []
    monkeypatch.setattr(prefect_runtime, "read_run", lambda _id: (asked.append(1), run)[1])
    monkeypatch.setattr(prefect_runtime, "task_views", lambda _id: [])
    monkeypatch.setattr(prefect_runtime, "log_lines", lambda _id: [])
    for _ in range(2):
        assert _run_reading.read_state(run.id, "http://127.0.0.1:9/api").run == run
        _run_reading._states.forget()  # as if a moment had passed
    assert len(asked) == reads


def test_those_who_wait_take_what_was_read_meanwhile() -> None:
    """Twenty who ask at once for a reading that takes longer than it is kept cause two readings at most."""
    shared: SharedReading[int] = SharedReading(kept_s=0.001)
    reads: list[int] = []
    release = threading.Event()

    def read() -> int:
        reads.append(1)
        release.wait(10)
        return len(reads)

    with ThreadPoolExecutor(20) as tabs:
        asked = [tabs.submit(shared.read, "run", read) for _ in range(20)]
        wait_for(lambda: len(reads) == 1)
        release.set()
        assert {future.result() for future in asked} <= {1, 2}
    assert len(reads) <= 2


def test_a_failed_reading_is_tried_again() -> None:
    """An error reaches the one who asked, and the next one reads anew."""
    shared: SharedReading[int] = SharedReading(kept_s=60)
    with pytest.raises(ZeroDivisionError):
        shared.read("run", lambda: 1 // 0)
    assert shared.read("run", lambda: 1) == 1
    assert shared.read("run", lambda: 2) == 1
    assert shared.read("another run", lambda: 3) == 3


def test_those_who_wait_share_a_failure() -> None:
    """A reading that fails fails once for all who waited for it; whoever asks later has it tried anew."""
    reading: SharedReading[int] = SharedReading(10.0)
    tries: list[int] = []
    all_wait = threading.Event()

    def fail() -> int:
        tries.append(1)
        all_wait.wait(5)
        raise PrefectUnavailable("The server is gone.", "Wait.")

    def outcome() -> str:
        with pytest.raises(PrefectUnavailable):
            reading.read("key", fail)
        return "failed"

    with ThreadPoolExecutor(5) as tabs:
        asked = [tabs.submit(outcome) for _ in range(5)]
        wait_for(lambda: all(future.running() for future in asked))
        threading.Event().wait(0.1)  # the last of them reaches the lock
        all_wait.set()
        assert {future.result() for future in asked} == {"failed"}
    assert len(tries) == 1
    assert reading.read("key", lambda: 7) == 7
