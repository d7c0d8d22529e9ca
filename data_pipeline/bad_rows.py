"""Why a file is refused: finds, counts and words every bad row of a file, in bounded memory.

Slow on purpose and used only after the fast path said no. Counts all bad rows, keeps the first few for
the message. Ids already seen are kept in a temporary database on disk, so that a large file needs no more
memory than a small one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc

from data_pipeline.cancellation import raise_if_cancelled
from data_pipeline.cells import MAX_TEXT_CHARACTERS, check_cells
from data_pipeline.errors import DataRefused
from data_pipeline.header import FileColumn, Layout, shorten

MAX_LISTED_ROWS = 5


@dataclass(frozen=True)
class RowChunk:
    """Some rows of a file: their line or row numbers and their cells.

    `cells` has one array for each column of the layout that is present; `broken` are rows without cells to
    look at, with what is wrong with them.
    """

    positions: list[int]
    cells: list[pa.Array]
    broken: list[tuple[int, str]] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """How many rows this chunk stands for."""
        return len(self.positions) + len(self.broken)


@dataclass
class _Findings:
    rows: int = 0
    bad_rows: int = 0
    listed: list[str] = field(default_factory=list)

    @property
    def room(self) -> int:
        """How many more bad rows will be listed."""
        return MAX_LISTED_ROWS - len(self.listed)


def explain_bad_rows(
    chunks: Iterable[RowChunk], layout: Layout, file_name: str, place: str
) -> DataRefused | None:
    """The refusal that names the bad rows, or None if there are rows and all are good.

    `place` is what a position counts: "line" or "row".
    """
    findings = _Findings()
    with closing(_SeenIds()) as seen_ids:
        for chunk in chunks:
            raise_if_cancelled()
            bad_cells = _BadCells(chunk, layout)
            problems = dict(seen_ids.duplicates(chunk, layout, place))
            problems |= {position: f": {problem}" for position, problem in chunk.broken}
            bad_positions = sorted(bad_cells.rows.keys() | problems.keys())
            for position in bad_positions[: findings.room]:
                problem = bad_cells.word(position) if position in bad_cells.rows else problems[position]
                findings.listed.append(f"{place} {position}{problem}")
            findings.rows += chunk.rows
            findings.bad_rows += len(bad_positions)
    if findings.rows == 0:
        return no_rows(file_name)
    return _refusal(findings, file_name) if findings.bad_rows else None


def no_rows(file_name: str) -> DataRefused:
    """The refusal of a file that has only a header."""
    return DataRefused(f"{file_name} has a header and no rows.", "Download it again.")


def _refusal(findings: _Findings, file_name: str) -> DataRefused:
    rest = findings.bad_rows - len(findings.listed)
    listed = "; ".join(findings.listed) + (f"; and {rest:,} more" if rest else "")
    are_bad = "rows is bad" if findings.bad_rows == 1 else "rows are bad"
    return DataRefused(
        f"{file_name}: {findings.bad_rows:,} of {findings.rows:,} {are_bad}: {listed}.",
        "Nothing of it was loaded; correct the file and build again.",
    )


class _BadCells:
    """The cells of a chunk that break the contract; `rows` maps the position of a bad row to its index."""

    def __init__(self, chunk: RowChunk, layout: Layout) -> None:
        self._chunk = chunk
        self._layout = layout
        self._masks = [
            check_cells(cells, place.column, is_hub=layout.is_hub)[1]
            for place, cells in zip(layout.present, chunk.cells, strict=True)
        ]
        bad_rows = pc.indices_nonzero(reduce(pc.or_, self._masks)).to_pylist()
        self.rows = {chunk.positions[row]: row for row in bad_rows}

    def word(self, position: int) -> str:
        """What is wrong in this row; of several bad cells the first."""
        row = self.rows[position]
        first = next(index for index, mask in enumerate(self._masks) if mask[row].as_py())
        received = self._chunk.cells[first][row].as_py()
        return _word_bad_cell(self._layout.present[first], received, self._layout)


def _word_bad_cell(place: FileColumn, received: object, layout: Layout) -> str:
    shown = "nothing" if received is None else repr(shorten(str(received)))
    return f", column {place.name}: received {shown}, expected {_expected(place, received, layout)}"


def _expected(place: FileColumn, received: object, layout: Layout) -> str:
    column = place.column
    if layout.is_hub and column.name == "sex":
        return "True or False"
    if column.type == "TEXT" and not column.allowed:
        if "\x00" in str(received):
            return "text without NUL bytes"
        return f"text of at most {MAX_TEXT_CHARACTERS} characters (an open quote?)"
    return column.expected + (" or nothing" if column.may_be_unknown else "")


class _SeenIds:
    """The ids met so far with the position of their first row, in a private temporary database on disk."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._database.execute("CREATE TABLE seen (id INTEGER PRIMARY KEY, position INTEGER NOT NULL) STRICT")
        self._database.execute("BEGIN")

    def close(self) -> None:
        self._database.close()

    def duplicates(self, chunk: RowChunk, layout: Layout, place: str) -> Iterator[tuple[int, str]]:
        """Position and problem of each row whose id an earlier row has; remembers the others."""
        key = next((i for i, column in enumerate(layout.present) if column.column.is_key), None)
        if key is None or not chunk.positions:
            return
        column = layout.present[key]
        values, _ = check_cells(chunk.cells[key], column.column, is_hub=layout.is_hub)
        rows = [(i, p) for i, p in zip(values.to_pylist(), chunk.positions, strict=True) if i is not None]
        before = self._database.total_changes
        self._database.executemany("INSERT OR IGNORE INTO seen VALUES (?, ?)", rows)
        if self._database.total_changes - before == len(rows):
            return
        for identifier, position in rows:
            query = "SELECT position FROM seen WHERE id = ?"
            first = self._database.execute(query, (identifier,)).fetchone()[0]
            if first != position:
                yield position, f", column {column.name}: {identifier} stands already in {place} {first}"
