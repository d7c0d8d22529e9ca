"""The passengers behind the filters, a page at a time: each page starts where the last one ended.

No OFFSET, which reads all that it skips: 0.3 to 9 s in a table of 10 million. By number, a page comes from
the key; any other order, a search, or a filter that few passengers meet reads the table, so every query here
has a limit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data_pipeline.table import COLUMN_NAMES, open_readonly
from pages._chart_data import ended_after
from pages._chart_filters import Filters
from pages._chart_queries import Conditions, Query, add_filters, passengers_sql

PAGE_ROWS = 25
SEARCH_LENGTH = 100
"""Most characters of a search."""

LIMIT_S = 3.0
"""Longest that a page of passengers may take; a search of 10 million names takes about 2 s."""

ALL_ROWS = -1
"""As a number of rows: no limit."""

STREAM_ROWS = 2_000
"""Rows that a stream fetches at a time."""

STREAM_LIMIT_S = 60.0
"""Longest that a stream may look for its next rows; a slow reader's time is not counted."""


@dataclass(frozen=True)
class Order:
    """An order of the passengers: a column, its direction, and how it reads."""

    column: str
    is_descending: bool
    words: str


ORDERS: dict[str, Order] = {
    "number": Order("passenger_id", False, "Number"),
    "name": Order("name", False, "Name, A to Z"),
    "fare": Order("fare", True, "Fare, highest first"),
    "fare-up": Order("fare", False, "Fare, lowest first"),
    "age": Order("age", True, "Age, oldest first"),
    "age-up": Order("age", False, "Age, youngest first"),
    "ticket": Order("ticket", False, "Ticket"),
    "cabin": Order("cabin", False, "Cabin"),
}


@dataclass(frozen=True)
class Position:
    """Where a page ended: the last passenger's value in the column of the order, and number."""

    value: Any
    passenger_id: int


def page_query(filters: Filters, search: str, order: Order, after: Position | None, rows: int) -> Query:
    """The next `rows` passengers after this position, unknown values last."""
    conditions = _conditions(filters, search)
    if after is not None:
        conditions.add(_beyond(conditions, order, after))
    direction = " DESC" if order.is_descending else ""
    by = "" if order.column == "passenger_id" else f"{order.column} IS NULL, {order.column}{direction}, "
    return Query(
        f"{passengers_sql()}SELECT {', '.join(COLUMN_NAMES)}\nFROM passengers{conditions.where}\n"
        f"ORDER BY {by}passenger_id\nLIMIT {conditions.mark(rows)}",
        tuple(conditions.parameters),
    )


def count_query(filters: Filters, search: str) -> Query:
    """How many passengers the search finds behind the filters, as column `passengers`."""
    conditions = _conditions(filters, search)
    return Query(
        f"{passengers_sql()}SELECT COUNT(*) AS passengers\nFROM passengers{conditions.where}",
        tuple(conditions.parameters),
    )


def stream(database: Path, query: Query, limit_s: float = STREAM_LIMIT_S) -> Iterator[tuple[Any, ...]]:
    """The rows of a query, a few at a time; the file stays the one that was opened, whatever is rebuilt.

    May go on in another thread. Raises `TableUnavailable`, and `QueryTooSlow` after `limit_s` without rows.
    """
    with open_readonly(database, one_thread=False) as connection:
        connection.row_factory = None
        with ended_after(connection, limit_s):
            cursor = connection.execute(query.sql, query.parameters)
            rows = cursor.fetchmany(STREAM_ROWS)
        while rows:
            yield from rows
            with ended_after(connection, limit_s):
                rows = cursor.fetchmany(STREAM_ROWS)


def _conditions(filters: Filters, search: str) -> Conditions:
    conditions = Conditions()
    add_filters(conditions, filters, frozenset())
    for word in search[:SEARCH_LENGTH].split():
        mark = conditions.mark(f"%{_escaped(word)}%")
        conditions.add(f"(name LIKE {mark} ESCAPE '\\' OR ticket LIKE {mark} ESCAPE '\\')")
    return conditions


def _escaped(word: str) -> str:
    """The word with LIKE's own signs made literal."""
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _beyond(conditions: Conditions, order: Order, after: Position) -> str:
    """True for rows behind this position, where unknown values come last and numbers break ties."""
    later = f"passenger_id > {conditions.mark(after.passenger_id)}"
    if order.column == "passenger_id":
        return later
    if after.value is None:
        return f"({order.column} IS NULL AND {later})"
    value, sign = conditions.mark(after.value), "<" if order.is_descending else ">"
    return (
        f"({order.column} {sign} {value} OR {order.column} IS NULL OR ({order.column} = {value} AND {later}))"
    )
