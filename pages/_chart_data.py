"""Runs the charts' queries: read-only, bounded in time, and only on a table of this version's shape."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from data_pipeline.cube import CHART_TABLES
from data_pipeline.errors import TableUnavailable
from data_pipeline.table import BUILD_TABLE, COLUMN_NAMES, TABLE, open_readonly
from pages._chart_queries import Query

LIMIT_S = 5.0
"""Longest that a chart's query may take; at 10 million rows they take a hundredth of it."""

CACHED_RESULTS = 200
"""Results kept, for all sessions together: a few kilobytes each, as long as fares repeat."""

STEPS_BETWEEN_LOOKS = 20_000
"""Steps of SQLite's machine between two looks at the clock: a fraction of a millisecond."""

Row = dict[str, Any]


class QueryTooSlow(Exception):
    """A query was ended because it took longer than its limit."""


@dataclass(frozen=True)
class Version:
    """Which published file this is: any build gives another one."""

    changed_ns: int
    size: int
    inode: int


def version_of(database: Path) -> Version:
    """The version of the file that stands there now; raises `TableUnavailable` where there is none."""
    try:
        stat = database.stat()
    except OSError:
        with open_readonly(database):  # says what is missing and what to do
            pass
        raise
    return Version(stat.st_mtime_ns, stat.st_size, stat.st_ino)


def fetch(database: Path, query: Query, limit_s: float = LIMIT_S) -> list[Row]:
    """All rows of a query that gives few, as column -> value.

    Raises `QueryTooSlow` after `limit_s` seconds, `TableUnavailable` where the file cannot be read.
    """
    with open_readonly(database) as connection, ended_after(connection, limit_s):
        return [dict(row) for row in connection.execute(query.sql, query.parameters)]


# Not `st.cache_data`: to hash the query and to copy the rows takes it longer than SQLite takes to answer.
@lru_cache(maxsize=CACHED_RESULTS)
def cached_rows(database: Path, version: Version, query: Query, limit_s: float) -> list[Row]:
    """The rows of a query on this version of the file, shared by all sessions: not to be changed."""
    return fetch(database, query, limit_s)


@lru_cache(maxsize=8)
def cached_check(database: Path, version: Version) -> int:
    """The number of passengers in this version of the file; raises `TableUnavailable`."""
    return check_table(database)


@contextmanager
def ended_after(connection: sqlite3.Connection, limit_s: float) -> Iterator[None]:
    """End what the connection does after this many seconds, with `QueryTooSlow`."""
    deadline = time.monotonic() + limit_s
    connection.set_progress_handler(lambda: time.monotonic() > deadline, STEPS_BETWEEN_LOOKS)
    try:
        yield
    except sqlite3.OperationalError as error:
        if "interrupted" in str(error):
            raise QueryTooSlow(f"The query was ended after {limit_s:g} s.") from error
        raise


def check_table(database: Path) -> int:
    """The number of passengers, after a look at whether the charts can read this file.

    Raises `TableUnavailable` with what to do: no file, a damaged one, one of an older version, no rows.
    """
    with open_readonly(database) as connection:
        missing = _missing_parts(connection)
        if not missing:
            rows = connection.execute(f"SELECT rows FROM {BUILD_TABLE}").fetchone()
    if missing:
        raise TableUnavailable(
            f"The table was built by another version of this project: {missing[0]} is missing.",
            "Rebuild the data; the file will be replaced.",
        )
    if rows is None or not rows[0]:
        raise TableUnavailable("The table has no passengers.", "Rebuild the data; the file will be replaced.")
    return int(rows[0])


def _missing_parts(connection: sqlite3.Connection) -> list[str]:
    """Tables, and columns as `table.column`, that the charts read and this file lacks."""
    wanted = {table.name: {column.name for column in table.columns} for table in CHART_TABLES}
    wanted |= {TABLE: set(COLUMN_NAMES), BUILD_TABLE: {"rows"}}
    missing = []
    for table, columns in wanted.items():
        there = {row[0] for row in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))}
        missing += [f"{table}.{name}" for name in sorted(columns - there)] if there else [table]
    return missing
