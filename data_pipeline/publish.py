"""Checked batches become the published table, all at once or not at all.

A private file beside the target is filled, checked and synced, then renamed over the target. Readers see
the old table or the new one, whatever is killed when. What stays behind after kill -9 is one temporary file,
which the next build sweeps. Not covered: a program that has the target open for writing.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from data_pipeline.build_lock import one_build_at_a_time, resolve_target, temporary_file
from data_pipeline.cancellation import raise_if_cancelled
from data_pipeline.convert import open_batches
from data_pipeline.cube import ROLLUPS
from data_pipeline.cube_counter import CubeCounter
from data_pipeline.errors import PublishFailed
from data_pipeline.foreign_file import refuse_foreign_file
from data_pipeline.sqlite_load import load, word_write_error
from data_pipeline.table import BUILD_TABLE, BUILD_TABLE_SQL, TABLE, BuildRecord, build_record_to_row

if TYPE_CHECKING:
    from data_pipeline.sources import RawFile

SIDECARS = ("-journal", "-wal", "-shm")
"""What SQLite would mix into a file of the same name, should a foreign program have left it there."""


def publish(
    raw: RawFile,
    database: Path,
    *,
    flow_run_id: str | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> BuildRecord:
    """Replace the table in `database` by the rows of `raw`, and return the new build record.

    Takes the build lock unless the code around holds it (`one_build_at_a_time`): without it, another
    build would sweep this one's temporary file. `on_progress` gets the number of rows written so far.
    Raises `DataRefused`, `PublishFailed`, `BuildInProgress` or `BuildCancelled`; then the old table stands.
    """
    started = time.perf_counter()
    target = resolve_target(database)
    with one_build_at_a_time(target, f"an import ({raw.source})"), _private_file(target) as path:
        refuse_foreign_file(target)
        with open_batches(raw) as batches:
            cube = load(batches, path, on_progress)
        _write_cube(path, cube)
        _verify(path, cube)
        record = _record(raw, cube.rows, flow_run_id, time.perf_counter() - started)
        _write_record(path, record)
        raise_if_cancelled()
        _swap(path, target)
    return record


@contextmanager
def _private_file(target: Path) -> Iterator[Path]:
    """The name of a private file in the target's folder; whatever stands there afterwards is removed."""
    path = temporary_file(target, f"{os.getpid()}-{secrets.token_hex(4)}")
    try:
        yield path
    except (OSError, sqlite3.Error) as error:
        raise PublishFailed(*word_write_error(getattr(error, "strerror", None) or str(error))) from error
    finally:
        path.unlink(missing_ok=True)


def _verify(path: Path, cube: CubeCounter) -> None:
    """Read the finished file back with the standard SQLite: sound, and as many rows as were read."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
        verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        stored = connection.execute(f"SELECT COUNT(*), SUM(survived) FROM {TABLE}").fetchone()
        counted = {
            connection.execute(f"SELECT SUM(rows), SUM(rows * survived) FROM {table.name}").fetchone()
            for table in ROLLUPS
        }
    if verdict != "ok" or counted | {stored} != {(cube.rows, cube.survivors)}:
        raise PublishFailed(
            f"The new table failed its check ({verdict}; {stored[0]:,} rows stored, {cube.rows:,} read).",
            "Build again; if it fails again, suspect the disk.",
        )


def _record(raw: RawFile, rows: int, flow_run_id: str | None, seconds: float) -> BuildRecord:
    return BuildRecord(
        source=raw.source,
        origin=raw.origin,
        sha256=raw.sha256,
        rows=rows,
        built_at=datetime.now(UTC).isoformat(timespec="seconds"),
        flow_run_id=flow_run_id,
        seconds=round(seconds, 3),
        failed_sources=raw.failed_sources,
    )


def _write_cube(path: Path, cube: CubeCounter) -> None:
    with _writable(path) as connection:
        cube.write(connection)


def _write_record(path: Path, record: BuildRecord) -> None:
    """Last of all, because the record holds the seconds that loading and checking took."""
    row = build_record_to_row(record)
    names, marks = ", ".join(row), ", ".join(f":{name}" for name in row)
    with _writable(path) as connection:
        connection.execute(BUILD_TABLE_SQL)
        connection.execute(f"INSERT INTO {BUILD_TABLE} ({names}) VALUES ({marks})", row)


@contextmanager
def _writable(path: Path) -> Iterator[sqlite3.Connection]:
    """The private file in one transaction, without a journal beside it."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = OFF")
        with connection:
            yield connection


def _swap(path: Path, target: Path) -> None:
    """Make the file durable, put it in the target's place, make that durable too."""
    _sync(path)
    for suffix in SIDECARS:  # before the rename: nobody may ever find the new table beside an old journal
        target.with_name(target.name + suffix).unlink(missing_ok=True)
    path.replace(target)
    _sync(target.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
