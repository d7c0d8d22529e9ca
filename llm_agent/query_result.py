"""What a query gave, and how much of it a model gets to see."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass

Cell = int | float | str | None

MAX_ROWS_FOR_MODEL = 200
MAX_BYTES_FOR_MODEL = 20_000
"""Of UTF-8, everything included: a chat of many queries then still fits into a small context."""
MAX_CELL_BYTES_FOR_MODEL = 1_000
"""With many columns less, so that one row always fits: all its text shares a third of the bytes."""
MAX_NAME_BYTES_FOR_MODEL = 100
FRAME_BYTES = 400
"""Room kept for the keys, the counts and the longest note."""

ROWS_LEFT_OUT = "More rows exist than are shown: aggregate, filter or use LIMIT."
CELLS_CUT = "Long cells are cut and end in '…': select a part of them with substr()."


@dataclass(frozen=True)
class QueryResult:
    """Columns and rows of a query that ran, in the order SQLite gave them.

    A row has one cell per column: int, float, str or None (NULL, unknown); binary cells arrive as text
    such as `x'00ff'`. `truncated` says that rows were left out, `cells_cut` that long cells end in `…`;
    `seconds` is the time SQLite took.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    truncated: bool
    seconds: float
    cells_cut: bool = False


def result_for_model(result: QueryResult) -> str:
    """The result as JSON of at most 20,000 bytes and 200 rows: columns, rows, row_count, truncated, note.

    `row_count` counts the rows shown. `truncated` and `note` are there only when something was left out;
    the note says what. Infinite numbers, which JSON does not know, become text.
    """
    columns = [_cut(name, MAX_NAME_BYTES_FOR_MODEL) for name in result.columns]
    limit = min(MAX_CELL_BYTES_FOR_MODEL, MAX_BYTES_FOR_MODEL // 3 // max(len(columns), 1))
    cells = [[_for_json(cell, limit) for cell in row] for row in result.rows[:MAX_ROWS_FOR_MODEL]]
    rows = _rows_that_fit(cells, MAX_BYTES_FOR_MODEL - FRAME_BYTES - _json_bytes(columns))
    rows_left_out = result.truncated or len(rows) < len(result.rows)
    cells_cut = result.cells_cut or any(_is_long(cell, limit) for row in result.rows for cell in row)
    answer: dict[str, object] = {"columns": columns, "rows": rows, "row_count": len(rows)}
    if rows_left_out or cells_cut:
        answer["truncated"] = True
        answer["note"] = " ".join([ROWS_LEFT_OUT] * rows_left_out + [CELLS_CUT] * cells_cut)
    return json.dumps(answer, ensure_ascii=False)


def _rows_that_fit(rows: list[list[Cell]], room: int) -> list[list[Cell]]:
    for count, row in enumerate(rows):
        room -= _json_bytes(row) + 2
        if room < 0:
            return rows[:count]
    return rows


def _for_json(cell: Cell, limit: int) -> Cell:
    if isinstance(cell, float) and math.isinf(cell):
        return "Infinity" if cell > 0 else "-Infinity"
    return _cut(cell, limit) if isinstance(cell, str) else cell


def _is_long(cell: Cell, limit: int) -> bool:
    return isinstance(cell, str) and _json_bytes(cell) > limit


def _cut(text: str, limit: int) -> str:
    """The text if its JSON has at most `limit` bytes, else its beginning with `…`."""
    if _json_bytes(text) <= limit:
        return text
    while (size := _json_bytes(text)) > limit - 3:  # 3: the bytes of `…`
        text = text[: min(len(text) - 1, len(text) * (limit - 3) // size)]
    return text + "…"


def _json_bytes(value: object) -> int:
    return len(json.dumps(value, ensure_ascii=False).encode())
