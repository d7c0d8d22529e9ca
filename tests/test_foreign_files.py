"""A build never replaces what is not ours, and broken settings or odd cells end in two lines."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from data_pipeline.errors import PublishFailed, SettingsUnreadable
from data_pipeline.plain_pipeline import run_plain
from data_pipeline.settings import Settings, snapshot_path


def foreign_database(path: Path) -> None:
    """A SQLite file with somebody else's table."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE mine (x)")


@pytest.mark.parametrize(
    "make",
    [lambda path: path.write_text("precious"), foreign_database],
    ids=["a text", "somebody else's database"],
)
def test_a_foreign_file_is_left_alone(tmp_path: Path, make) -> None:
    """A file that holds something else is refused in words and keeps every byte."""
    target = tmp_path / "notes.sqlite"
    make(target)
    before = target.read_bytes()
    with pytest.raises(PublishFailed, match=r"notes\.sqlite exists already and is not a Titanic table"):
        run_plain("snapshot", target)
    assert target.read_bytes() == before


def test_a_device_is_refused(tmp_path: Path) -> None:
    """A target that is neither a file nor a folder is refused; a named pipe stands for the devices here."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(PublishFailed, match="is a device, not a file"):
        run_plain("snapshot", pipe)
    assert pipe.is_fifo()


@pytest.mark.parametrize("size", [0, 5000], ids=["empty", "damaged"])
def test_a_damaged_table_of_ours_can_be_rebuilt(settings: Settings, size: int) -> None:
    """An empty or cut-off table is replaced by a sound one, or nobody could ever repair it."""
    run_plain("snapshot")
    settings.database.write_bytes(settings.database.read_bytes()[:size])
    assert run_plain("snapshot").rows == 891


def test_cells_that_look_like_markup_are_shown_as_they_are(tmp_path: Path) -> None:
    """A cell or file name with square brackets neither colours nor crashes the error on the terminal."""
    bad = tmp_path / "[bold]x[].csv"
    bad.write_text(snapshot_path().read_text().replace(",male,", ",ma[/]le,", 1))
    command = [sys.executable, "-m", "data_pipeline.cli", "--plain", "--source", str(bad)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "[bold]x[].csv" in done.stderr
    assert "ma[/]le" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("kind", "name", "content"),
    [("env_file", ".env", b"\xff\xfe"), ("toml_file", "secrets.toml", b"TITANIC_DB = [s3cret")],
)
def test_broken_settings_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, name: str, content: bytes
) -> None:
    """A settings file that cannot be read raises an error for people that repeats nothing of it."""
    (tmp_path / name).write_bytes(content)
    monkeypatch.setitem(Settings.model_config, kind, tmp_path / name)
    with pytest.raises(SettingsUnreadable, match="settings cannot be read") as refused:
        Settings()
    assert "s3cret" not in str(refused.value)
