"""What people see of runs: no traceback, no folder, and the tasks' source as it stands on disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_pipeline.cache_key import code_fingerprint
from data_pipeline.code_changes import changed_modules, remember_code
from data_pipeline.run_views import for_people
from data_pipeline.task_source import read_tasks


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        (
            "Task failed: OSError\nTraceback (most recent call last):\n  File '/x/y.py'",
            "Task failed: OSError",
        ),
        ("Wrote /home/ann/work/titanic.sqlite.", "Wrote titanic.sqlite."),
        ("RawFile(path=PosixPath('/tmp/a b/c/x.csv'))", "RawFile(path=PosixPath('a b/c/x.csv'))"),
        (r"Wrote C:\Users\ann\titanic.sqlite", "Wrote titanic.sqlite"),
        ("See http://127.0.0.1:4200/runs/flow-run/1", "See http://127.0.0.1:4200/runs/flow-run/1"),
        ("Ticket A/5 21171 and 1/2 of 3", "Ticket A/5 21171 and 1/2 of 3"),
    ],
)
def test_messages_lose_tracebacks_and_folders(message: str, shown: str) -> None:
    """A message keeps its words, addresses and tickets, and loses the traceback and the folders in it."""
    assert for_people(message) == shown


def test_tasks_are_read_from_the_file() -> None:
    """Each of the three tasks comes with its summary, the options of its decorator and its whole source."""
    tasks = read_tasks()
    assert list(tasks) == ["download_titanic_dataset", "convert_to_sqlite", "load_titanic_data"]
    download = tasks["download_titanic_dataset"]
    assert "raw file" in download.summary
    assert download.options["retries"] == "sources.RETRIES"
    assert download.code.startswith("@task(")
    assert "sources.fetch(" in download.code


def test_an_unfinished_edit_shows_no_tasks(tmp_path: Path) -> None:
    """A file that does not parse at the moment gives no tasks instead of an error."""
    half = tmp_path / "titanic_pipeline.py"
    half.write_text("@task(\ndef broken(:")
    assert read_tasks(half) == {}


def test_edited_modules_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After an edit the module is named until a run has succeeded; before the first run nothing is."""
    layer = tmp_path / "layer"
    layer.mkdir()
    (layer / "cube.py").write_text("bins = 5\n")
    (layer / "table.py").write_text("columns = 12\n")
    monkeypatch.setattr("data_pipeline.code_changes.PACKAGE_FOLDER", layer)
    monkeypatch.setattr("data_pipeline.cache_key.PACKAGE_FOLDER", layer)
    assert changed_modules(tmp_path) == []
    remember_code(tmp_path)
    before = code_fingerprint()
    assert changed_modules(tmp_path) == []
    (layer / "cube.py").write_text("bins = 10\n")
    (layer / "new.py").write_text("")
    assert changed_modules(tmp_path) == ["cube.py", "new.py"]
    assert code_fingerprint() != before
    remember_code(tmp_path)
    assert changed_modules(tmp_path) == []
