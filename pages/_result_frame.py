"""A query's result as a table to look at and as a file to take away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_agent.query_result import Cell, QueryResult
from pages._csv_text import csv_lines

if TYPE_CHECKING:
    import pandas as pd

ROW_PX, MOST_ROWS_SHOWN = 35, 8


def frame_of(result: QueryResult) -> pd.DataFrame:
    """The result as a DataFrame with one type a column: mixed ones become text; names are made unique."""
    import pandas as pd  # slow to import, and loaded by the warm-up

    series = [[row[index] for row in result.rows] for index in range(len(result.columns))]
    names = unique_names(result.columns)
    return pd.DataFrame(
        {name: pd.Series(_same_type(cells)) for name, cells in zip(names, series, strict=True)}
    )


def unique_names(columns: tuple[str, ...]) -> list[str]:
    """The names, with a number behind those that come again, as in `SELECT sex, sex`."""
    names: list[str] = []
    for column in columns:
        name, number = column, 1
        while name in names:
            number += 1
            name = f"{column} ({number})"
        names.append(name)
    return names


def table_height(rows: int) -> int:
    """Pixels for the header and at most eight rows; the rest is scrolled to."""
    return ROW_PX * (min(rows, MOST_ROWS_SHOWN) + 1) + 3


def csv_of(result: QueryResult) -> str:
    """The result as CSV in which no cell acts as a formula."""
    return "".join(csv_lines(list(result.columns), result.rows))


def in_words(result: QueryResult) -> str:
    """How much it is, for people: `3 rows, 4 ms`, and whether there is more."""
    rows = len(result.rows)
    more = " of more" if result.truncated else ""
    return f"{rows:,} row{'s' * (rows != 1)}{more}, {_time(result.seconds)}"


def read_aloud(result: QueryResult, purpose: str) -> str:
    """The result for those who cannot see the table: its size and its first rows."""
    first = "; ".join(", ".join(_word(cell) for cell in row) for row in result.rows[:3])
    return f"{purpose}: {len(result.rows)} rows of {', '.join(result.columns)}. {first}"[:600]


def _time(seconds: float) -> str:
    if seconds < 0.001:
        return "under 1 ms"
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def _word(cell: Cell) -> str:
    return "unknown" if cell is None else str(cell)


def _same_type(cells: list[Cell]) -> Any:
    kinds = {type(cell) for cell in cells if cell is not None}
    if kinds <= {int, float}:
        too_long = any(isinstance(cell, int) and abs(cell) > 2**53 for cell in cells)
        return [None if cell is None else str(cell) for cell in cells] if too_long else cells
    return [None if cell is None else str(cell) for cell in cells]
