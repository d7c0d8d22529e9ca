"""Which source is used: the order of `auto`, the causes that are kept, files in place, and old raw files."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from data_pipeline import cancellation, sources
from data_pipeline.errors import BuildCancelled, SourceUnavailable
from data_pipeline.settings import Settings, snapshot_path
from data_pipeline.sources import RawFile, candidates, fetch, first_available, retry_delay
from data_pipeline.table import SourceFailure
from tests.faulty_server import CSV, refused_url, swallowing_url

RAW = RawFile(Path("titanic.csv"), "snapshot", "titanic.csv", "0" * 64)


def give(working: str):
    """A fetch for which only one source works."""

    def fetch_one(source: str, failed: tuple[SourceFailure, ...]) -> RawFile:
        if source != working:
            raise SourceUnavailable(f"{source} is down.", f"Mend {source}.")
        return replace(RAW, failed_sources=failed)

    return fetch_one


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("auto", ("hub", "url", "snapshot")),
        ("hub", ("hub",)),
        ("url", ("url",)),
        ("snapshot", ("snapshot",)),
        ("data/mine.csv", ("data/mine.csv",)),
    ],
)
def test_auto_stands_for_three_sources_and_the_rest_for_itself(source, expected):
    """`auto` is hub, url, snapshot; whoever names a source gets that one and no other."""
    assert candidates(source) == expected


@pytest.mark.parametrize("working", ["hub", "url", "snapshot"])
def test_the_first_source_that_works_is_used(working, caplog):
    """The file comes with every source that failed before it, each with its cause, which is logged too."""
    caplog.set_level("INFO")
    told: list[SourceFailure] = []
    raw = first_available(candidates("auto"), give(working), told.append)
    before = candidates("auto")[: candidates("auto").index(working)]
    assert raw.failed_sources == tuple(SourceFailure(name, f"{name} is down.") for name in before)
    assert tuple(told) == raw.failed_sources
    assert [record.message for record in caplog.records] == [
        f"Source {name} gave nothing: {name} is down." for name in before
    ]


def test_a_single_source_fails_with_its_own_error():
    """Who named one source reads that source's cause and remedy."""
    with pytest.raises(SourceUnavailable, match=r"^hub is down\. Mend hub\.$"):
        first_available(["hub"], give("nothing"))


def test_when_all_fail_every_cause_is_named():
    """With several sources the error names each with its cause, and the choices."""
    with pytest.raises(SourceUnavailable) as caught:
        first_available(candidates("auto"), give("nothing"))
    for name in candidates("auto"):
        assert f"{name}: {name} is down." in caught.value.cause
    assert "Choose auto, hub, url, snapshot" in caught.value.remedy


def test_a_cancelled_build_tries_no_further_source():
    """A request to stop goes through at once instead of counting as a failed source."""
    asked = []

    def fetch_one(source: str, failed: tuple[SourceFailure, ...]) -> RawFile:
        asked.append(source)
        raise BuildCancelled("Stopped.", "Nothing changed.")

    with pytest.raises(BuildCancelled):
        first_available(candidates("auto"), fetch_one)
    assert asked == ["hub"]


@pytest.mark.parametrize(
    ("retryable", "retry_after", "attempt", "delay"),
    [
        (False, None, 1, None),
        (False, 1.0, 1, None),
        (True, None, 1, 1.0),
        (True, None, 2, 3.0),
        (True, None, 3, None),
        (True, 0.0, 1, 0.0),
        (True, 2.5, 2, 2.5),
        (True, 3600.0, 1, 10.0),
        (True, 1.0, 3, None),
    ],
)
def test_the_pause_before_the_next_attempt(retryable, retry_after, attempt, delay):
    """Two more attempts at most, after the source's own pause up to ten seconds or a growing one."""
    error = SourceUnavailable("Down.", "Wait.", retryable=retryable, retry_after=retry_after)
    assert retry_delay(error, attempt) == delay


def test_a_pause_ends_when_the_build_is_cancelled(settings, monkeypatch):
    """Nobody waits out a back-off after asking to stop."""
    error = SourceUnavailable("Down.", "Wait.", retryable=True, retry_after=10)
    stop = threading.Event()

    def fetch_once(*_: object) -> RawFile:
        threading.Timer(0.1, stop.set).start()
        raise error

    monkeypatch.setattr(sources, "fetch", fetch_once)
    started = time.monotonic()
    with cancellation.cancellable(stop), pytest.raises(BuildCancelled):
        sources.fetch_patiently("hub", settings)
    assert time.monotonic() - started < 5


def test_the_snapshot_is_used_in_place(settings):
    """The shipped facts need no network and no copy, and hold 891 rows."""
    raw = fetch("snapshot", settings)
    assert raw == RawFile(snapshot_path(), "snapshot", "titanic.csv", hashlib.sha256(CSV).hexdigest(), 891)
    assert not settings.raw_folder.exists()


@pytest.mark.parametrize("relative", [True, False])
def test_a_file_of_the_user_is_used_in_place(relative, settings, tmp_path, monkeypatch):
    """A path gives that file, of any number of rows; its folder is not told."""
    (tmp_path / "mine.csv").write_bytes(b"a,b\n")
    monkeypatch.chdir(tmp_path)
    raw = fetch("mine.csv" if relative else str(tmp_path / "mine.csv"), settings)
    assert (raw.path, raw.source, raw.origin) == (tmp_path / "mine.csv", "file", "mine.csv")
    assert (raw.sha256, raw.expected_rows) == (hashlib.sha256(b"a,b\n").hexdigest(), None)


def test_a_path_may_start_at_home(settings, tmp_path, monkeypatch):
    """A tilde in the setting means the home folder, as in a shell."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "mine.csv").write_bytes(b"a,b\n")
    assert fetch("~/mine.csv", settings).path == tmp_path / "mine.csv"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("nonsense", '"nonsense" is neither a known source nor an existing file.'),
        ("Hub", '"Hub" is neither a known source'),
        ("", "is a folder or a device"),
        ("/nowhere/at/all/mine.csv", '"mine.csv" is neither'),
        ("/dev/zero", '"zero" is a folder or a device'),
        ("/usr/share", '"share" is a folder or a device'),
        ("x" * 5000, "cannot be read (File name too long)"),
        ("nul\0byte", "cannot be read (not a usable path)"),
        ("~no-such-user/mine.csv", "mine.csv"),
        ("ftp://ann:pw@example.org/mine.csv", "ftp://example.org/mine.csv is neither an http nor an https"),
        ("file:///etc/passwd", "neither an http nor an https"),
    ],
)
def test_an_unknown_source_is_told_with_the_choices(source, words, settings):
    """A word that is no source, file or web address gives the list of what can be chosen, and no folder."""
    with pytest.raises(SourceUnavailable) as caught:
        fetch(source, settings)
    assert words in caught.value.cause
    assert "Choose auto, hub, url, snapshot" in caught.value.remedy
    assert not [secret for secret in ("/nowhere", "/usr", "ann:", "pw@") if secret in str(caught.value)]


def test_an_unreadable_file_is_told(settings, tmp_path, monkeypatch):
    """A file without permission to read is named, with the reason."""
    (tmp_path / "mine.csv").touch()

    def refuse(*_: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(sources, "_sha256", refuse)
    with pytest.raises(SourceUnavailable, match=r"\"mine.csv\" cannot be read \(Permission denied\)"):
        fetch(str(tmp_path / "mine.csv"), settings)


def test_a_missing_snapshot_is_told(settings, tmp_path, monkeypatch):
    """Should the shipped file be gone, the error says how to get it back."""
    monkeypatch.setattr(sources, "snapshot_path", lambda: tmp_path / "titanic.csv")
    with pytest.raises(SourceUnavailable, match=r"The shipped snapshot titanic\.csv is missing\. Restore it"):
        fetch("snapshot", settings)


def test_hashing_a_large_file_can_be_cancelled(settings):
    """A request to stop is heard while a file is read."""
    stop = threading.Event()
    stop.set()
    with cancellation.cancellable(stop), pytest.raises(BuildCancelled):
        fetch("snapshot", settings)


def test_left_overs_are_swept_and_the_rest_is_kept(settings):
    """A new download removes hour-old parts and day-old raw files, and nothing that bears another name."""
    old, young = time.time() - 25 * 3600, time.time() - 60
    folder = settings.raw_folder
    ages = {
        "url-0123456789abcdef.csv": old,
        "hub-0123456789abcdef.parquet": young,
        "0123.part": old,
        "4567.part": young,
        "my notes.csv": old,
    }
    folder.mkdir()
    for name, age in ages.items():
        path = folder / name
        path.mkdir() if name.endswith(".part") else path.touch()
        os.utime(path, (age, age))
    with pytest.raises(SourceUnavailable):
        fetch(refused_url(), settings)
    left = {path.name for path in folder.iterdir()}
    assert left == {"hub-0123456789abcdef.parquet", "4567.part", "my notes.csv"}


@pytest.mark.parametrize(("network", "seconds"), [("refused", 5), ("no names", 5), ("swallowed", 20)])
def test_auto_reaches_the_snapshot_in_time(network, seconds, settings: Settings, monkeypatch):
    """Refused or nameless networks cost less than 5 s, a swallowing firewall less than 20 s, causes told."""
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    with swallowing_url() as swallowing:
        address = {"refused": refused_url(), "no names": "http://nothing.invalid", "swallowed": swallowing}
        monkeypatch.setenv("HF_ENDPOINT", address[network])
        there = settings.model_copy(update={"csv_url": f"{address[network]}/titanic.csv"})
        started = time.monotonic()
        raw = first_available(
            candidates("auto"),
            lambda source, failed: replace(sources.fetch_patiently(source, there), failed_sources=failed),
        )
        took = time.monotonic() - started
    assert raw.source == "snapshot"
    assert [failure.source for failure in raw.failed_sources] == ["hub", "url"]
    assert took < seconds
