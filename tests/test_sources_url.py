"""One URL: what is fetched, what is refused and with which words, and that nothing outlasts its limits."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from data_pipeline import cancellation, sources
from data_pipeline.download import Limits
from data_pipeline.errors import BuildCancelled, SourceUnavailable
from data_pipeline.settings import Settings
from data_pipeline.sources import fetch, fetch_patiently
from tests.faulty_server import BEHAVIOURS, CSV, FaultyServer, refused_url, swallowing_url

PATIENT = Limits(connect_s=5, read_s=20, contact_s=20, total_s=40)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    """No proxy of this machine stands between the tests and 127.0.0.1."""
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    """A server that misbehaves on demand."""
    with FaultyServer() as running:
        yield running


@pytest.fixture
def waits(monkeypatch) -> list[float]:
    """The pauses between attempts, noted down instead of waited for."""
    noted: list[float] = []
    monkeypatch.setattr(cancellation, "wait", noted.append)
    return noted


def failure(url: str, settings: Settings, limits: Limits = PATIENT) -> SourceUnavailable:
    """The error that fetching this URL once ends with."""
    with pytest.raises(SourceUnavailable) as caught:
        fetch(url, settings, limits)
    return caught.value


def children() -> list[psutil.Process]:
    """The download processes that this process has now."""
    living = [child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]
    return [child for child in living if "data_pipeline.download_child" in child.cmdline()]


@pytest.mark.parametrize("path", ["/ok.csv", "/gzip", "/chunked", "/slow", "/redirect"])
def test_fetches_every_form_of_the_file(path, server, settings):
    """Compressed, in chunks, slowly or behind a redirect, the same bytes arrive under their own hash."""
    raw = fetch(f"{server.url}{path}", settings, PATIENT)
    assert raw.path.read_bytes() == CSV
    assert raw.sha256 == hashlib.sha256(CSV).hexdigest()
    assert raw.path == settings.raw_folder / f"link-{raw.sha256[:16]}.csv"
    assert (raw.source, raw.origin, raw.expected_rows) == ("link", f"{server.url}{path}", None)
    assert list(settings.raw_folder.iterdir()) == [raw.path]


def test_the_named_url_must_hold_the_titanic_rows(server, settings):
    """The source `url` is TITANIC_CSV_URL, of which all 891 rows are expected."""
    raw = fetch("url", settings.model_copy(update={"csv_url": f"{server.url}/ok.csv"}), PATIENT)
    assert (raw.source, raw.expected_rows) == ("url", 891)


def test_the_suffix_tells_parquet_from_csv(server, settings, monkeypatch):
    """A Parquet file is known by its first bytes, whatever its address is called."""
    monkeypatch.setitem(BEHAVIOURS, "/data", lambda connection: connection.answer(b"PAR1...PAR1"))
    assert fetch(f"{server.url}/data", settings, PATIENT).path.suffix == ".parquet"


@pytest.mark.parametrize(
    ("path", "words", "retryable"),
    [
        ("/204", "answered with status 204 (No Content); 200 was expected", False),
        ("/401", "status 401 (Unauthorized)", False),
        ("/403", "status 403 (Forbidden)", False),
        ("/404", "status 404 (Not Found)", False),
        ("/500", "status 500 (the server has a problem of its own)", True),
        ("/503", "status 503", True),
        ("/429", "status 429 (too many requests)", True),
        ("/redirect-loop", "redirected more than 5 times", False),
        ("/redirect-to-file", "neither http nor https", False),
        ("/short", "broke off before everything had come", True),
        ("/reset", "broke off before everything had come", True),
        ("/hangs-up", "broke off before everything had come", True),
        ("/not-http", "broke off before everything had come", True),
        ("/page", "sent a web page where a CSV or Parquet file was expected", False),
        ("/page-as-csv", "sent a web page where a CSV or Parquet file was expected", False),
        ("/empty", "answered with an empty file", False),
        ("/huge", "larger than the 2,147,483,648 bytes allowed", False),
    ],
)
def test_a_faulty_answer_is_named(path, words, retryable, server, settings):
    """Each fault is told in one sentence with the address, is retryable or not, and leaves no file."""
    error = failure(f"{server.url}{path}", settings)
    assert words in error.cause
    assert f"{server.url}{path}" in error.cause
    assert error.cause.endswith(".")
    assert error.remedy
    assert error.retryable is retryable
    assert list(settings.raw_folder.iterdir()) == []


@pytest.mark.parametrize(
    ("path", "limits", "words"),
    [
        ("/drip", Limits(contact_s=20, total_s=3), "had not come whole after 3 seconds"),
        ("/endless", Limits(contact_s=20, max_bytes=10_000_000), "larger than the 10,000,000 bytes"),
        ("/stalled", Limits(contact_s=20, read_s=0.5), "did not answer in time"),
        ("/slow-headers", Limits(contact_s=1.5), "did not answer within 1.5 seconds"),
        ("/silent", Limits(contact_s=1.5), "did not answer within 1.5 seconds"),
        ("/redirect-endless", PATIENT, None),
    ],
)  # fmt: skip
def test_no_answer_outlasts_its_limits(path, limits, words, server, settings):
    """Dripping, endless, stalled and silent answers end at their limit, once and without a retry."""
    started = time.monotonic()
    if words:
        error = failure(f"{server.url}{path}", settings, limits)
        assert words in error.cause
        assert not error.retryable
    else:
        assert fetch(f"{server.url}{path}", settings, limits).path.read_bytes() == CSV
    assert time.monotonic() - started < 15
    assert children() == []


def test_a_refused_connection_is_named(settings):
    """Nobody listens: said at once, and not tried again."""
    error = failure(f"{refused_url()}/titanic.csv", settings)
    assert "could not be reached: the connection was refused" in error.cause
    assert not error.retryable


def test_an_unknown_host_is_named(settings):
    """A host that has no address: said in words, and not tried again."""
    error = failure("http://no-such-host.invalid/titanic.csv", settings)
    assert "http://no-such-host.invalid/titanic.csv could not be reached: its name" in error.cause
    assert not error.retryable


def test_swallowed_packets_end_at_the_connect_limit(settings):
    """Behind a firewall that answers nothing the attempt ends with the time for one connection."""
    with swallowing_url() as url:
        error = failure(f"{url}/titanic.csv", settings, Limits(connect_s=0.5, contact_s=20))
    assert "did not answer in time" in error.cause
    assert not error.retryable


def test_a_name_server_that_never_answers_is_bounded(settings, monkeypatch, tmp_path):
    """A name lookup that no timeout can interrupt ends with its process."""
    (tmp_path / "sitecustomize.py").write_text(
        "import socket, threading\nsocket.getaddrinfo = lambda *a, **k: threading.Event().wait()\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    error = failure("http://example.org/titanic.csv", settings, Limits(contact_s=1.5))
    assert "did not answer within 1.5 seconds" in error.cause
    assert children() == []


@pytest.mark.parametrize("path", ["/500-twice", "/429-twice"])
def test_a_passing_fault_is_tried_again(path, server, settings, waits):
    """Two server errors in a row cost two growing pauses and then the file comes."""
    raw = fetch_patiently(f"{server.url}{path}", settings, PATIENT)
    assert raw.path.read_bytes() == CSV
    assert waits == list(sources.RETRY_DELAYS_S)


@pytest.mark.parametrize(
    ("path", "requests", "pauses"),
    [
        ("/404", 1, []),
        ("/503", 3, [1.0, 3.0]),
        ("/short", 3, [1.0, 3.0]),
        ("/429", 3, [2.0, 2.0]),
        ("/429-hour", 3, [10.0, 10.0]),
    ],
)
def test_retries_are_few_and_honour_retry_after(path, requests, pauses, server, settings, waits):
    """Final answers are asked for once; others thrice, after the pause the server wants, up to a cap."""
    with pytest.raises(SourceUnavailable):
        fetch_patiently(f"{server.url}{path}", settings, PATIENT)
    assert server.requests[path] == requests
    assert waits == pauses


@pytest.mark.parametrize(
    "path", ["/ok.csv", "/404", "/503", "/short", "/page", "/huge", "/redirect-loop", "/empty"]
)
def test_secrets_of_an_address_never_show(path, server, settings, caplog):
    """User, password, query and fragment stand in no message, no origin, no log and no file name."""
    caplog.set_level("INFO")
    secret = server.url.replace("://", "://ann:hunter2@") + f"{path}?token=s3cret#fr4gment"
    try:
        shown = repr(sources.first_available([secret], lambda source, _: fetch(source, settings, PATIENT)))
    except SourceUnavailable as error:
        shown = str(error)
    shown += caplog.text
    assert path in shown
    assert not [word for word in ("ann:", "hunter2", "s3cret", "fr4gment") if word in shown]


def test_the_address_is_on_no_command_line(server, settings):
    """Other users of the machine cannot read a URL's secrets off the list of processes."""
    stop, seen = threading.Event(), []

    def look() -> None:
        server.arrivals.get(timeout=20)
        seen.extend(word for child in children() for word in child.cmdline())
        stop.set()

    watcher = threading.Thread(target=look)
    watcher.start()
    with cancellation.cancellable(stop), pytest.raises(BuildCancelled):
        fetch(f"{server.url}/drip?token=s3cret", settings, PATIENT)
    watcher.join()
    assert "data_pipeline.download_child" in seen
    assert not [word for word in seen if "s3cret" in word]


@pytest.mark.parametrize("path", ["/drip", "/silent", "/slow-headers", "/endless"])
def test_a_cancelled_build_ends_its_download_at_once(path, server, settings):
    """A request to stop ends the download process within a second and removes what it wrote."""
    stop = threading.Event()
    stopped_at: list[float] = []

    def cancel() -> None:
        server.arrivals.get(timeout=20)
        stopped_at.append(time.monotonic())
        stop.set()

    watcher = threading.Thread(target=cancel)
    watcher.start()
    with cancellation.cancellable(stop), pytest.raises(BuildCancelled):
        fetch(f"{server.url}{path}", settings, PATIENT)
    watcher.join()
    assert time.monotonic() - stopped_at[0] < 1
    assert children() == []
    assert list(settings.raw_folder.iterdir()) == []


def test_a_download_does_not_outlive_a_killed_parent(server, settings):
    """When the process that wanted the file is killed, the download process ends by itself."""
    code = (
        "import sys; from data_pipeline import sources, settings; "
        "sources.fetch(sys.argv[1], settings.Settings())"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, f"{server.url}/drip"])
    assert server.arrivals.get(timeout=30) == "/drip"
    downloads = psutil.Process(parent.pid).children()
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    _, alive = psutil.wait_procs(downloads, timeout=3)
    assert len(downloads) == 1
    assert alive == []


def test_a_download_process_that_dies_is_told(server, settings):
    """A download process that is killed from outside becomes an error in words, not a hang."""

    def kill() -> None:
        server.arrivals.get(timeout=20)
        for child in children():
            child.kill()

    watcher = threading.Thread(target=kill)
    watcher.start()
    error = failure(f"{server.url}/drip", settings)
    watcher.join()
    assert "ended unexpectedly" in error.cause


def test_an_unwritable_place_is_told(server, settings, tmp_path):
    """Where nothing can be stored, the error says so without naming the folder."""
    (tmp_path / "file").touch()
    error = failure("url", settings.model_copy(update={"database": tmp_path / "file" / "titanic.sqlite"}))
    assert "cannot be stored beside the database" in error.cause
    assert str(tmp_path) not in str(error)


def test_the_download_process_of_a_url_stays_light():
    """Fetching a URL does not wait for the imports of the Hub's libraries, pandas or Arrow."""
    code = (
        "import sys, data_pipeline.download_child, data_pipeline.url_source; "
        "print({'datasets', 'huggingface_hub', 'httpx2', 'pandas', 'pyarrow', 'pydantic'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


@pytest.mark.parametrize("url", ["http://", "http://[::1", "http://a b/", "https://:0/", "http://x:99999/"])
def test_a_malformed_address_is_told(url, settings):
    """An address that cannot be asked gives an error in words, never another kind of exception."""
    assert failure(url, settings).remedy


def test_a_raw_file_is_written_anew_under_the_same_name(server, settings):
    """The same content downloaded twice is one file, as young as the second download."""
    first: Path = fetch(f"{server.url}/ok.csv", settings, PATIENT).path
    os.utime(first, (0, 0))
    second = fetch(f"{server.url}/chunked", settings, PATIENT).path
    assert first == second
    assert time.time() - second.stat().st_mtime < 60
