"""The numbers that stand in a result: its cells, where each stands, and which of them are only names.

A number in a column of labels (an id, a class, a code, a rank) names its row and takes part in no sum.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

from data_pipeline.table import COLUMNS

Cell = int | float | str | None
CandidateKind = Literal["cell", "count", "sum", "difference", "share", "ratio", "change", "points"]
"""A share is from 0 to 1; points are a difference of shares or rates, in percent; a change is relative."""

_LABELS = {column.name for column in COLUMNS if column.allowed or column.is_key}
_GROUP_KEYS = {"sibsp", "parch", "family_size"}
_LABEL_NAME = re.compile(
    r"rank|row_?n|decade|\bbin\b|bucket|group|_id$|^id$|^no\.?$|^#$|from$|to$|lower|upper", re.I
)
_TOTAL_NAME = re.compile(r"sum|total|summe|gesamt|somme", re.I)
_RATE_NAME = re.compile(
    r"pct|percent|rate|share|ratio|prozent|quote|anteil|proportion|%|taux|porcent|100|/", re.I
)
_MEASURE_NAME = re.compile(
    r"(?<![a-z])(?:fare|age|price|preis|alter|cost|prix|âge|edad|tarif)s?(?![a-z])", re.I
)


class Result(Protocol):
    """What is needed of a `readonly_sql.QueryResult`."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns."""

    @property
    def rows(self) -> tuple[tuple[Cell, ...], ...]:
        """The rows, each with one cell a column."""

    @property
    def truncated(self) -> bool:
        """True when rows are missing."""


@dataclass(frozen=True)
class Candidate:
    """A number that stands in a result or follows from it: `how` says so to people.

    `row` counts from 1 and is None where several rows take part. `is_rate` marks what a percentage may
    quote as it stands: a fraction, or a column that is named as a rate. `is_far` marks one of many
    combinations, which a figure as coarse as a whole percentage meets by accident.
    """

    value: float
    kind: CandidateKind
    query: int
    row: int | None
    column: str | None
    how: str
    is_rate: bool = False
    is_far: bool = False


@dataclass(frozen=True)
class Operand:
    """A number of a result, from 0 on the place where it stands, and what may be done with it.

    Counts and totals are additive; a rate may be quoted as a percentage.
    """

    value: float
    row: int
    column: int
    place: str
    is_additive: bool
    is_rate: bool


def number_in(cell: Cell) -> float | None:
    """The number in a cell, also in a text such as `38.4%`; None for unknown, text and infinity."""
    if isinstance(cell, str):
        match = re.fullmatch(r"\s*[£$€]?\s*(-?\d+(?:\.\d+)?)\s*%?\s*", cell)
        return float(match.group(1)) if match else None
    return float(cell) if cell is not None and math.isfinite(cell) else None


def is_label(result: Result, column: int) -> bool:
    """True for a column whose numbers are names: an id, a class, a code, a rank."""
    name = result.columns[column]
    if _LABEL_NAME.search(name):
        return True
    if name in _GROUP_KEYS and len(result.rows) > 1 and "name" not in result.columns:
        return True
    if name not in _LABELS:
        return False
    allowed = next(known.allowed for known in COLUMNS if known.name == name)
    return not allowed or all(row[column] is None or row[column] in allowed for row in result.rows)


def cells_of(query: int, result: Result) -> Iterator[Candidate]:
    """Every number that stands in the result, row by row."""
    for row, cells in enumerate(result.rows, 1):
        for column, cell in enumerate(cells):
            if (value := number_in(cell)) is not None:
                name = result.columns[column]
                place = f"{place_of(result, row - 1, column)} of query {query}"
                yield Candidate(value, "cell", query, row, name, place, _is_rate(name, cell))


def row_count_of(query: int, result: Result) -> Iterator[Candidate]:
    """How many rows the result has, unless rows are missing."""
    if not result.truncated:
        yield Candidate(len(result.rows), "count", query, None, None, f"the number of rows of query {query}")


def operands(result: Result) -> list[Operand]:
    """The numbers that may be combined: no labels, no 0 and 1, which combine to anything's neighbour."""
    usable = [index for index in range(len(result.columns)) if not is_label(result, index)]
    return [
        Operand(
            float(cell),
            row,
            index,
            place_of(result, row, index),
            isinstance(cell, int) or bool(_TOTAL_NAME.search(result.columns[index])),
            _is_rate(result.columns[index], cell),
        )
        for row, cells in enumerate(result.rows)
        for index in usable
        if isinstance(cell := cells[index], int | float) and math.isfinite(cell) and cell not in (0, 1)
    ]


def place_of(result: Result, row: int, column: int) -> str:
    """Where a cell stands, as people say it: `row 1 (female), column n`."""
    labels = [cell for cell in result.rows[row] if isinstance(cell, str) and number_in(cell) is None]
    label = f" ({labels[0][:40]})" if labels else ""
    return f"row {row + 1}{label}, column {result.columns[column][:40]}"


def _is_rate(name: str, cell: Cell) -> bool:
    if _RATE_NAME.search(name) or (isinstance(cell, str) and "%" in cell):
        return True
    return isinstance(cell, float) and not _MEASURE_NAME.search(name)
