"""The flow on a real Prefect server: what it builds, what it remembers, how it fails, how it stops."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pandas as pd
import pytest

from data_pipeline import cache_key, prefect_runtime, settings
from data_pipeline.errors import BuildCancelled, DataRefused, PipelineError, SourceUnavailable
from data_pipeline.prefect_runtime import PipelineThread, build_record, run_pipeline, task_views
from data_pipeline.settings import Settings
from data_pipeline.table import BuildRecord, read_build_record, read_passengers
from tests.faulty_server import FaultyServer
from tests.waiting import wait_for

pytestmark = pytest.mark.timeout(120)
FINISHED = {"Completed", "Cached", "Failed", "Cancelled", "Crashed", "TimedOut"}


@pytest.fixture(autouse=True)
def connected(prefect_api: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """This process talks to the session's Prefect server."""
    prefect_runtime.connect(Settings())


@pytest.fixture
def faulty() -> Iterator[FaultyServer]:
    """A web server that fails on demand."""
    with FaultyServer() as server:
        yield server


def states_of(flow_run_id: UUID, last: str) -> dict[str, str]:
    """Label -> state of the task runs, once the server has written them all, `last` included."""

    def final_states() -> dict[str, str]:
        states = {view.label: view.state for view in task_views(flow_run_id)}
        return states if last in states and set(states.values()) <= FINISHED else {}

    return wait_for(final_states)


def run(source: str | None = None, *, refresh: bool = False) -> tuple[BuildRecord, dict[str, str]]:
    """Run the flow; the record that it returned and the states of its tasks."""
    started: list[UUID] = []
    state = run_pipeline(source, refresh=refresh, on_started=started.append)
    return build_record(state), states_of(started[0], last="load passengers")


def failure(source: str) -> tuple[PipelineError, UUID]:
    """Run the flow on a source that must not work; the error and the flow run."""
    started: list[UUID] = []
    state = run_pipeline(source, on_started=started.append)
    with pytest.raises(PipelineError) as raised:
        build_record(state)
    return raised.value, started[0]


def test_a_run_publishes_the_table_and_leaves_its_record(settings: Settings) -> None:
    """A run builds the right table, notes itself in it, and leaves a report and the columns as artifacts."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId

    started: list[UUID] = []
    record = build_record(run_pipeline("snapshot", on_started=started.append))
    passengers = read_passengers(settings.database)
    assert (len(passengers), passengers["survived"].sum()) == (891, 342)
    assert read_build_record(settings.database) == record
    assert record.flow_run_id == str(started[0])
    with get_client(sync_client=True) as client:
        flow_run = client.read_flow_run(started[0])
        artifacts = client.read_artifacts(
            artifact_filter=ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[started[0]]))
        )
    assert flow_run.name == "titanic from snapshot"
    assert {"titanic", "source:snapshot"} < set(flow_run.tags)
    reports = {artifact.key: str(artifact.data) for artifact in artifacts}
    assert reports.keys() == {"titanic-build-report", "titanic-columns"}
    for fact in ("891", "cabin | 687", "age | 177", record.sha256):
        assert fact in reports["titanic-build-report"]


def test_an_unchanged_run_is_cached_and_refresh_is_not(settings: Settings) -> None:
    """The second run takes every result from the cache; with `refresh` every task runs again."""
    first, _ = run("snapshot")
    second, states = run("snapshot")
    assert second == first
    assert set(states.values()) == {"Cached"}
    _, states = run("snapshot", refresh=True)
    assert set(states.values()) == {"Completed"}


@pytest.mark.parametrize("harm", ["delete", "alter", "replace by another build"])
def test_a_missing_or_altered_table_is_built_again(settings: Settings, harm: str, tmp_path: Path) -> None:
    """A cached result is not trusted once the file it speaks of is gone, changed, or another's."""
    run("snapshot")
    if harm == "delete":
        settings.database.unlink()
    elif harm == "alter":
        settings.database.write_bytes(settings.database.read_bytes()[:-1] + b"x")
    else:
        other = tmp_path / "other.csv"
        lines = (settings_snapshot().read_text()).splitlines()
        other.write_text("\n".join(lines[:11]) + "\n")
        run(str(other))
    record, states = run("snapshot")
    assert states["convert snapshot to SQLite"] == "Completed"
    assert states["download from snapshot"] == "Cached"
    assert len(read_passengers(settings.database)) == record.rows == 891


def settings_snapshot() -> Path:
    """The shipped CSV."""
    return settings.snapshot_path()


def test_a_changed_helper_runs_everything_again(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change in any module of the layer, not only in the task's own body, makes the cache invalid."""
    run("snapshot")
    layer = tmp_path / "data_pipeline"
    shutil.copytree(cache_key.PACKAGE_FOLDER, layer)
    with (layer / "cube.py").open("a") as helper:
        helper.write("\n# a change in a helper\n")
    monkeypatch.setattr(cache_key, "PACKAGE_FOLDER", layer)
    _, states = run("snapshot")
    assert set(states.values()) == {"Completed"}


def test_a_source_that_hiccups_is_retried(faulty: FaultyServer) -> None:
    """Two answers of 500 cost two visible retries, and the third attempt builds the table."""
    seen: set[str] = set()
    thread = PipelineThread(f"{faulty.url}/500-twice")
    thread.start()
    while thread.is_alive():
        if thread.flow_run_id:
            seen |= {view.state for view in task_views(thread.flow_run_id)}
        thread.join(0.1)
    assert thread.record
    assert thread.record.rows == 891
    assert "AwaitingRetry" in seen
    assert thread.flow_run_id
    download = next(
        view for view in task_views(thread.flow_run_id) if view.task == "download_titanic_dataset"
    )
    assert download.attempt == 3


def test_a_refusal_of_the_source_is_not_retried(faulty: FaultyServer) -> None:
    """404 ends the run at the first attempt, as an error that names the status."""
    error, flow_run_id = failure(f"{faulty.url}/404")
    assert isinstance(error, SourceUnavailable)
    assert "404" in error.cause
    assert [view.attempt for view in task_views(flow_run_id)] == [1]


def test_auto_falls_back_and_names_every_failure(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a network `auto` ends at the snapshot; record, tasks and log name what failed before."""
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    record, states = run("auto")
    assert (record.source, record.rows) == ("snapshot", 891)
    assert [failed.source for failed in record.failed_sources] == ["hub", "url"]
    assert read_build_record(settings.database).failed_sources == record.failed_sources
    assert states["download from hub"] == states["download from url"] == "Failed"


def test_bad_data_are_refused_and_the_old_table_stays(settings: Settings, tmp_path: Path) -> None:
    """A file with one bad row fails the run with line, column and value, and changes nothing."""
    run("snapshot")
    before = settings.database.read_bytes()
    lines = settings_snapshot().read_text().splitlines()
    lines[5] = lines[5].replace(",male,", ",mail,")
    bad = tmp_path / "bad.csv"
    bad.write_text("\n".join(lines) + "\n")
    error, flow_run_id = failure(str(bad))
    assert isinstance(error, DataRefused)
    for piece in ("bad.csv", "line 6", "sex", "mail"):
        assert piece in error.cause
    assert str(tmp_path) not in str(error)
    assert states_of(flow_run_id, last="convert file to SQLite")["convert file to SQLite"] == "Failed"
    assert settings.database.read_bytes() == before


def test_a_run_that_is_stopped_ends_cancelled(settings: Settings, faulty: FaultyServer) -> None:
    """Stop during a download ends the run as Cancelled within seconds; the table stays as it was."""
    run("snapshot")
    before = settings.database.read_bytes()
    thread = PipelineThread(f"{faulty.url}/drip")
    thread.start()
    faulty.arrivals.get(timeout=20)
    thread.stop.set()
    thread.join(10)
    assert isinstance(thread.error, BuildCancelled)
    assert prefect_runtime.recent_runs(1)[0].state == "Cancelled"
    assert thread.flow_run_id
    assert set(states_of(thread.flow_run_id, last=f"download from {faulty.url}/drip").values()) == {
        "Cancelled"
    }
    assert settings.database.read_bytes() == before


def test_a_killed_process_leaves_no_run_running(faulty: FaultyServer) -> None:
    """The run of a process that was killed is marked Crashed when the next run begins."""
    command = [sys.executable, "-m", "data_pipeline.cli", "--source", f"{faulty.url}/drip"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    faulty.arrivals.get(timeout=40)
    wait_for(lambda: prefect_runtime.recent_runs(1)[0].state == "Running")
    os.kill(process.pid, signal.SIGKILL)
    process.wait(10)
    thread = prefect_runtime.PipelineThread("snapshot")
    thread.start()
    thread.join(40)
    killed = {run.source: run.state for run in prefect_runtime.recent_runs(2)}
    assert killed[f"{faulty.url}/drip"] == "Crashed"


def test_loaded_passengers_have_proper_types() -> None:
    """The DataFrame has nullable types, unknown is <NA>, and the mean fare and age are the known ones."""
    from data_pipeline.titanic_pipeline import load_titanic_data

    run("snapshot")
    passengers: pd.DataFrame = load_titanic_data()
    assert passengers.shape == (891, 12)
    assert set(map(str, passengers.dtypes)) == {"Int64", "Float64", "string"}
    assert passengers["age"].isna().sum() == 177
    assert passengers["cabin"].isna().sum() == 687
    assert not (passengers["age"] == -1).any()
    assert not (passengers.select_dtypes("string").fillna("unknown") == "").to_numpy().any()
    assert round(passengers["fare"].mean(), 4) == 32.2042
    assert round(passengers["age"].mean(), 4) == 29.6991


@pytest.mark.parametrize("way", ["named as the source", "set as TITANIC_CSV_URL"])
def test_a_secret_in_an_address_is_recorded_nowhere(
    faulty: FaultyServer, settings: Settings, prefect_home: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """User, password and query of a URL reach the source, and no file, name, log or record of ours."""
    secret_url = faulty.url.replace("://", "://ann:s3cret-pw@") + "/ok.csv?key=s3cret-key"
    monkeypatch.setenv("TITANIC_CSV_URL", secret_url)
    record, states = run(secret_url if way == "named as the source" else "url")
    assert record.rows == 891
    assert set(states.values()) == {"Completed"}
    prefect_runtime.drain_logs_and_events()
    shown = [*states, repr(record), repr(prefect_runtime.recent_runs(3))]
    assert not [text for text in shown if "s3cret" in text]
    files = [path for folder in (prefect_home, settings.database.parent) for path in folder.rglob("*")]
    assert len(files) > 5
    assert not [path for path in files if path.is_file() and b"s3cret" in path.read_bytes()]


def test_the_query_of_an_address_decides_about_the_cache(faulty: FaultyServer) -> None:
    """Two addresses that differ only in what is kept private are two sources, not one cached result."""
    _, first = run(f"{faulty.url}/ok.csv?passenger=1")
    _, same = run(f"{faulty.url}/ok.csv?passenger=1")
    _, other = run(f"{faulty.url}/ok.csv?passenger=2")
    label = f"download from {faulty.url}/ok.csv"
    assert (first[label], same[label], other[label]) == ("Completed", "Cached", "Completed")
