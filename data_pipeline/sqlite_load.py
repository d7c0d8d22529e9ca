"""Checked batches into the table of a new SQLite file, with the chart cube counted on the way.

Through ADBC, which binds Arrow columns to SQLite without a Python object per cell. Its low-level interface,
because the DB-API one imports pandas (530 ms against 165). ADBC brings a SQLite of its own; it is closed
when `load` returns, as two copies of SQLite in one process must never have the same file open.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import adbc_driver_manager
import adbc_driver_sqlite
import pyarrow as pa
from adbc_driver_manager import AdbcConnection, AdbcStatement

from data_pipeline.cells import ARROW_SCHEMA
from data_pipeline.convert import CheckedBatches
from data_pipeline.cube_counter import CubeCounter
from data_pipeline.errors import PublishFailed
from data_pipeline.read_ahead import read_ahead
from data_pipeline.table import TABLE, create_table_sql

BATCHES_AHEAD = 4
"""Batches that wait for SQLite: enough to keep it busy, few enough for a flat memory (1 MB each)."""

PRAGMAS = (
    "PRAGMA page_size = 32768",  # 10 to 20 % faster to fill than the default of 4096
    "PRAGMA journal_mode = OFF",
    "PRAGMA synchronous = OFF",
    "PRAGMA locking_mode = EXCLUSIVE",
)
"""A journal protects a file that readers have; this one is private, is thrown away after any failure, and is
synced once before it is published. Without a journal a killed build leaves one file behind, never two."""


def load(batches: CheckedBatches, path: Path, on_progress: Callable[[int], None] | None) -> CubeCounter:
    """Write the new SQLite file and return the cube that was counted on the way.

    `on_progress` gets the number of rows written so far, in the calling thread. Raises `DataRefused` for a
    wrong or duplicate row, `PublishFailed` when SQLite cannot write.
    """
    cube = CubeCounter()
    with read_ahead(_counted(batches, cube), BATCHES_AHEAD) as ahead, _new_database(path) as connection:
        _execute(connection, create_table_sql())
        rows = _Reported(ahead, on_progress)
        try:
            _insert(connection, rows)
        except adbc_driver_manager.Error as error:
            refused = _cause(error, rows, batches)
            raise refused from error
        connection.commit()
    return cube


def _counted(batches: Iterable[pa.RecordBatch], cube: CubeCounter) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        cube.add(batch)
        yield batch


@contextmanager
def _new_database(path: Path) -> Iterator[AdbcConnection]:
    """A connection in one transaction to a file that only this build knows."""
    try:
        with (
            closing(adbc_driver_sqlite.connect(str(path))) as database,
            AdbcConnection(database) as connection,
        ):
            for pragma in PRAGMAS:
                _execute(connection, pragma)
            connection.set_autocommit(False)
            yield connection
    except adbc_driver_manager.Error as error:
        raise PublishFailed(*word_write_error(str(error))) from error


def _execute(connection: AdbcConnection, sql: str) -> None:
    with closing(AdbcStatement(connection)) as statement:
        statement.set_sql_query(sql)
        statement.execute_update()


def _insert(connection: AdbcConnection, batches: Iterable[pa.RecordBatch]) -> None:
    with closing(AdbcStatement(connection)) as statement:
        statement.set_sql_query(f"INSERT INTO {TABLE} VALUES ({', '.join('?' * len(ARROW_SCHEMA))})")
        statement.bind_stream(pa.RecordBatchReader.from_batches(ARROW_SCHEMA, batches))
        statement.execute_update()


class _Reported:
    """Batches on their way to SQLite; reports progress and keeps the error that ADBC would turn to text."""

    def __init__(self, batches: Iterable[pa.RecordBatch], on_progress: Callable[[int], None] | None) -> None:
        self._batches = batches
        self._on_progress = on_progress
        self.error: BaseException | None = None

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        rows = 0
        try:
            for batch in self._batches:
                yield batch
                rows += batch.num_rows
                if self._on_progress is not None:
                    self._on_progress(rows)
        except GeneratorExit:
            raise
        except BaseException as error:
            self.error = error
            raise


def _cause(error: adbc_driver_manager.Error, rows: _Reported, batches: CheckedBatches) -> BaseException:
    """What really went wrong when the INSERT failed: our own error, a duplicate id, or SQLite itself."""
    if rows.error is not None:
        return rows.error
    if "UNIQUE constraint failed" in str(error):
        return batches.explain_refusal("passenger_id is not unique")
    return PublishFailed(*word_write_error(str(error)))


def word_write_error(message: str) -> tuple[str, str]:
    """Cause and remedy for an error text of SQLite or the system, without the folder that it may name."""
    if "full" in message or "No space left" in message or "disk I/O error" in message:
        return (
            "The new table could not be written: the disk is full or failing.",
            "Free some space, twice the size of the raw CSV file, and build again.",
        )
    if "unable to open" in message or "readonly" in message or "ermission denied" in message:
        return (
            "The new table could not be written: its folder cannot be written to.",
            "Change the folder's permissions, or choose another one with TITANIC_DB.",
        )
    reason = re.sub(r"\S*/", "", message.splitlines()[0])[:200]
    return (
        f"The new table could not be written ({reason}).",
        "Build again; if it fails again, choose another folder with TITANIC_DB.",
    )
