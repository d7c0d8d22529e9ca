"""Results of real queries on the real passengers, for tests that need results and no guard."""

from __future__ import annotations

import csv
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from data_pipeline.table import COLUMN_NAMES, create_table_sql

SNAPSHOT = Path(__file__).parent.parent / "data" / "titanic.csv"


@dataclass(frozen=True)
class Rows:
    """What the guard gives, as far as charts and figures look at it."""

    columns: tuple[str, ...]
    rows: tuple[tuple[int | float | str | None, ...], ...]
    truncated: bool = False


@cache
def _passengers() -> list[list[str | None]]:
    with SNAPSHOT.open(encoding="utf-8", newline="") as file:
        return [[row[name] or None for name in COLUMN_NAMES] for row in csv.DictReader(file)]


@cache
def query(sql: str) -> Rows:
    """The result of a query on the Titanic table."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(create_table_sql())
        places = ", ".join("?" * len(COLUMN_NAMES))
        connection.executemany(f"INSERT INTO titanic VALUES ({places})", _passengers())
        cursor = connection.execute(sql)
        return Rows(tuple(column[0] for column in cursor.description), tuple(cursor.fetchall()))
