"""The Hub: `load_dataset` on its real protocol, against a stand-in on 127.0.0.1."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import psutil
import pyarrow.parquet as pq
import pytest

from data_pipeline import cancellation
from data_pipeline.download import Limits
from data_pipeline.errors import BuildCancelled, SourceUnavailable
from data_pipeline.settings import Settings
from data_pipeline.sources import fetch, retry_delay
from tests.faulty_server import refused_url, swallowing_url
from tests.local_hub import DATASET, PARQUET_COMMIT, LocalHub

PATIENT = Limits(connect_s=5, read_s=20, contact_s=20, total_s=50)


@pytest.fixture(autouse=True)
def fresh_cache(monkeypatch, tmp_path) -> Path:
    """A cache of the test's own, since a warm one hides errors, and nothing that leads elsewhere."""
    for name in ("HF_HUB_OFFLINE", "HF_TOKEN", "HF_HUB_CACHE", "HF_DATASETS_CACHE", "HF_DATASETS_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    return tmp_path / "hf"


def failure(endpoint: str, settings: Settings, monkeypatch, limits: Limits = PATIENT) -> SourceUnavailable:
    """The error of one attempt at the Hub at this address."""
    monkeypatch.setenv("HF_ENDPOINT", endpoint)
    with pytest.raises(SourceUnavailable) as caught:
        fetch("hub", settings, limits)
    return caught.value


def test_the_conversion_is_read_where_the_dataset_needs_a_script(settings, monkeypatch, fresh_cache):
    """The plain revision is refused for its script, then the Parquet revision gives all rows as they are."""
    with LocalHub() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        raw = fetch("hub", settings, PATIENT)
    rows = pq.read_table(raw.path)
    asked = " ".join(hub.paths)
    assert asked.index("resolve/main/") < asked.index("refs/convert/parquet")
    assert (rows.num_rows, rows.num_columns) == (891, 10)
    assert (rows["age"].to_pylist().count(-1.0), rows["cabin"].to_pylist().count("''")) == (177, 687)
    assert raw.origin == f"{DATASET}@refs/convert/parquet (commit {PARQUET_COMMIT[:7]})"
    assert (raw.source, raw.expected_rows) == ("hub", 891)
    assert list(settings.raw_folder.iterdir()) == [raw.path]
    assert (fresh_cache / "hub").is_dir()


def test_a_dataset_without_a_script_is_read_as_it_is(settings, monkeypatch):
    """Should the dataset lose its script one day, its own branch is used."""
    with LocalHub("no script") as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        assert fetch("hub", settings, PATIENT).origin.startswith(f"{DATASET}@main (commit 1111111")
    assert "refs/convert" not in " ".join(hub.paths)


def test_a_second_load_names_the_revision_it_really_read(settings, monkeypatch):
    """What an earlier load left in a cache is not passed off as the plain revision."""
    with LocalHub() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        first, second = fetch("hub", settings, PATIENT), fetch("hub", settings, PATIENT)
    assert first == second


def test_another_dataset_may_have_another_number_of_rows(settings, monkeypatch):
    """Only of the default dataset it is known how many rows it must hold; a missing one is told."""
    with LocalHub() as hub:
        error = failure(hub.url, settings.model_copy(update={"dataset": "ann/boats"}), monkeypatch)
    assert error.cause == "The Hub gave no rows of ann/boats (no such public dataset or revision)."


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("no such dataset", "(no such public dataset or revision)"),
        ("no conversion", "main: it needs a loading script, which is not run; refs/convert/parquet: no such"),
        ("damaged", "refs/convert/parquet: its files could not be read"),
    ],
)
def test_a_dataset_that_gives_nothing_is_told(fault, words, settings, monkeypatch):
    """The cause names the dataset and what each revision lacked, and is final."""
    with LocalHub(fault) as hub:
        error = failure(hub.url, settings, monkeypatch)
    assert error.cause.startswith(f"The Hub gave no rows of {DATASET} (")
    assert words in error.cause
    assert not error.retryable
    assert list(settings.raw_folder.iterdir()) == []


@pytest.mark.parametrize(("fault", "status"), [("503", 503), ("429", 429)])
def test_an_overloaded_hub_is_asked_again_when_it_says(fault, status, settings, monkeypatch):
    """503 and 429 are retryable, after the pause that the Hub asks for, and cost one request."""
    with LocalHub(fault) as hub:
        error = failure(hub.url, settings, monkeypatch)
    assert f"The Hub answered with status {status}" in error.cause
    assert retry_delay(error, 1) == 7
    assert len(hub.paths) == 1


@pytest.mark.parametrize(
    ("fault", "limits", "words"),
    [
        ("silent", Limits(contact_s=1.5), "did not answer within 1.5 seconds"),
        ("silent tree", Limits(contact_s=20, read_s=1), "The Hub did not answer in time."),
        ("silent tree", Limits(contact_s=20, read_s=20, total_s=3), "had not come whole after 3 seconds"),
    ],
)
def test_a_silent_hub_is_given_up(fault, limits, words, settings, monkeypatch):
    """Silence from the start or in the middle of loading ends at its limit."""
    started = time.monotonic()
    with LocalHub(fault) as hub:
        error = failure(hub.url, settings, monkeypatch, limits)
    assert words in error.cause
    assert not error.retryable
    assert time.monotonic() - started < 15


def test_a_refused_hub_is_told_before_its_libraries_are_imported(settings, monkeypatch):
    """With the connection refused the answer is there at once, in words."""
    error = failure(refused_url(), settings, monkeypatch)
    assert error.cause == "The Hub could not be reached: the connection was refused."


def test_an_unknown_hub_is_told(settings, monkeypatch):
    """With no name server, or a wrong HF_ENDPOINT, the cause is the name."""
    error = failure("http://no-such-hub.invalid", settings, monkeypatch)
    assert error.cause.startswith("The Hub could not be reached: its name could not be resolved")


def test_a_hub_behind_a_swallowing_firewall_is_given_up(settings, monkeypatch):
    """Where packets vanish the attempt ends with the time for one connection."""
    with swallowing_url() as url:
        error = failure(url, settings, monkeypatch, Limits(connect_s=0.5, contact_s=20))
    assert error.cause == "The Hub did not answer in time."


@pytest.mark.parametrize("endpoint", ["not a url", "ftp://127.0.0.1", "http://[::1"])
def test_a_wrong_endpoint_is_told(endpoint, settings, monkeypatch):
    """An HF_ENDPOINT that is no http address is an error in words."""
    assert failure(endpoint, settings, monkeypatch).cause == "The Hub's address is not a valid URL."


def test_an_offline_switch_is_named(settings, monkeypatch):
    """Who set HF_HUB_OFFLINE is told that this is the reason."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    error = failure("http://127.0.0.1:9", settings, monkeypatch)
    assert "HF_HUB_OFFLINE is set" in error.cause


def test_a_file_over_the_cap_is_refused(settings, monkeypatch):
    """A dataset's file that is larger than the cap is refused by its announced size."""
    with LocalHub() as hub:
        error = failure(hub.url, settings, monkeypatch, Limits(contact_s=20, max_bytes=1000))
    assert "larger than the 1,000 bytes allowed" in error.cause


def test_a_cancelled_build_ends_the_load_at_once(settings, monkeypatch):
    """A request to stop does not wait for the library, and leaves no process and no file."""
    stop = threading.Event()
    with LocalHub("silent") as hub, cancellation.cancellable(stop):
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        threading.Timer(0.5, stop.set).start()
        started = time.monotonic()
        with pytest.raises(BuildCancelled):
            fetch("hub", settings, PATIENT)
    assert time.monotonic() - started < 2
    living = [child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]
    assert not [child for child in living if "data_pipeline.download_child" in child.cmdline()]
    assert list(settings.raw_folder.iterdir()) == []
