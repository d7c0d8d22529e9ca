"""Rows as CSV that a spreadsheet shows as what it is: no cell acts as a formula.

A text that begins with = + - @ or a control character gets an apostrophe before it, as OWASP's page on CSV
injection advises; numbers stay numbers.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
ROWS_AT_A_TIME = 2_000


def inert(cell: Any) -> Any:
    """The cell, with an apostrophe before a text that a spreadsheet would run; None stays empty."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA_STARTS) else cell


def csv_lines(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """CSV text in pieces of a few thousand rows, the header first; memory does not grow with the rows."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(columns)
    for number, row in enumerate(rows, start=1):
        writer.writerow([inert(cell) for cell in row])
        if number % ROWS_AT_A_TIME == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def csv_of_rows(rows: Sequence[dict[str, Any]]) -> str:
    """All of these rows as one CSV text; empty without rows."""
    return "".join(csv_lines(list(rows[0]), [list(row.values()) for row in rows])) if rows else ""
