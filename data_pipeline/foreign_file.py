"""A build replaces its target as a whole; so the target had better be ours."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from data_pipeline.errors import PublishFailed
from data_pipeline.table import TABLE

SQLITE_MAGIC = b"SQLite format 3\0"


def refuse_foreign_file(target: Path) -> None:
    """Raise `PublishFailed` rather than let a file be replaced that holds something else than our table.

    An empty file may be replaced, and a damaged one too if it begins as SQLite files do.
    """
    if not target.exists() or not target.stat().st_size:
        return
    with target.open("rb") as file:
        is_sqlite = file.read(len(SQLITE_MAGIC)) == SQLITE_MAGIC
    if not is_sqlite or _has_only_other_tables(target):
        raise PublishFailed(
            f"{target.name} exists already and is not a Titanic table; it was left as it is.",
            "Move it away, or name another file with --db or TITANIC_DB.",
        )


def _has_only_other_tables(target: Path) -> bool:
    try:
        with closing(sqlite3.connect(f"{target.as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
            names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    except sqlite3.DatabaseError:
        return False
    return bool(names) and TABLE not in names
