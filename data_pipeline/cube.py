"""The chart cube: passengers counted once, by seven dimensions, so that a chart never scans the table.

Counted from the same record batches that fill the table, while they load. A chart adds up rows of
`titanic_cube`; a mean is `SUM(age_sum) / SUM(age_known)`. NULL in a dimension means "not recorded".
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from data_pipeline.arrow_constants import constant
from data_pipeline.table import COLUMNS, SqliteType

CUBE_TABLE = "titanic_cube"

AGE_BIN_YEARS = 5
"""Width of an age bin: 0 stands for ages from 0 to below 5."""

AGE_BINS: tuple[int, ...] = tuple(range(0, 121, AGE_BIN_YEARS))
"""Lower bounds of the age bins, up to the oldest age that the contract allows."""

FARE_BINS: tuple[int, ...] = (
    0, 1, 2, 5, 10, 15, 20, 30, 50, 75, 100, 150, 200, 300, 500, 1_000, 2_000, 5_000,
)  # fmt: skip
"""Lower bounds of the fare bins in pounds, a ladder near 1-2-5: half the passengers paid less than 15."""


@dataclass(frozen=True)
class CubeColumn:
    """A column of the cube: its name, SQLite type, what it means and whether it may be NULL."""

    name: str
    type: SqliteType
    meaning: str
    may_be_unknown: bool = False

    @property
    def declaration(self) -> str:
        """This column as it stands in CREATE TABLE."""
        return f"{self.name} {self.type}" + ("" if self.may_be_unknown else " NOT NULL")


DIMENSIONS: tuple[CubeColumn, ...] = (
    CubeColumn("pclass", "INTEGER", "Class of the ticket, as in the table"),
    CubeColumn("sex", "TEXT", "Sex, as in the table"),
    CubeColumn("embarked", "TEXT", "Port of boarding, as in the table", may_be_unknown=True),
    CubeColumn("survived", "INTEGER", "1 if these passengers survived, 0 if not"),
    CubeColumn("alone", "INTEGER", "1 for passengers with no relatives on board (sibsp + parch = 0), else 0"),
    CubeColumn("age_bin", "INTEGER", "Lower bound of the age bin, in years", may_be_unknown=True),
    CubeColumn("fare_bin", "INTEGER", "Lower bound of the fare bin, in pounds", may_be_unknown=True),
)
MEASURES: tuple[CubeColumn, ...] = (
    CubeColumn("rows", "INTEGER", "Number of passengers"),
    CubeColumn("age_known", "INTEGER", "Passengers whose age is known"),
    CubeColumn("age_sum", "REAL", "Sum of the known ages, in years"),
    CubeColumn("fare_known", "INTEGER", "Passengers whose fare is known"),
    CubeColumn("fare_sum", "REAL", "Sum of the known fares, in pounds"),
)
CUBE_COLUMNS: tuple[CubeColumn, ...] = DIMENSIONS + MEASURES
DIMENSION_NAMES: tuple[str, ...] = tuple(column.name for column in DIMENSIONS)

_ALLOWED: dict[str, tuple[Any, ...]] = {column.name: column.allowed for column in COLUMNS}
_MEMBERS: tuple[tuple[Any, ...], ...] = (
    _ALLOWED["pclass"], _ALLOWED["sex"], (*_ALLOWED["embarked"], None), _ALLOWED["survived"], (0, 1),
    (*AGE_BINS, None), (*FARE_BINS, None),
)  # fmt: skip
_SHAPE = tuple(len(members) for members in _MEMBERS)
_CELLS = int(np.prod(_SHAPE))

Codes = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64]


def create_cube_sql() -> str:
    """The CREATE TABLE statement of `titanic_cube`, STRICT like the table."""
    return f"CREATE TABLE {CUBE_TABLE} ({', '.join(column.declaration for column in CUBE_COLUMNS)}) STRICT"


class CubeCounter:
    """Counts batches in `ARROW_SCHEMA` into the cube, in memory that does not grow with the rows."""

    def __init__(self) -> None:
        self._rows = np.zeros(_CELLS, np.int64)
        self._age_sum = np.zeros(_CELLS)
        self._fare_sum = np.zeros(_CELLS)

    @property
    def rows(self) -> int:
        """Number of passengers counted so far."""
        return int(self._rows.sum())

    @property
    def survivors(self) -> int:
        """Number of survivors counted so far."""
        by_survival = np.moveaxis(self._rows.reshape(_SHAPE), DIMENSION_NAMES.index("survived"), 0)
        return int(by_survival[_ALLOWED["survived"].index(1)].sum())

    def add(self, batch: pa.RecordBatch) -> None:
        """Count these passengers: one code per row, then one histogram per measure."""
        age, fare = _numbers(batch["age"]), _numbers(batch["fare"])
        codes = _combine(
            _category(batch, "pclass"), _category(batch, "sex"), _category(batch, "embarked"),
            _category(batch, "survived"), _alone(batch), _bin(age, AGE_BINS), _bin(fare, FARE_BINS),
        )  # fmt: skip
        self._rows += np.bincount(codes, minlength=_CELLS)
        self._age_sum += np.bincount(codes, np.nan_to_num(age), _CELLS)
        self._fare_sum += np.bincount(codes, np.nan_to_num(fare), _CELLS)

    def write(self, connection: sqlite3.Connection) -> None:
        """Create and fill `titanic_cube`, in the connection's transaction."""
        connection.execute(create_cube_sql())
        marks = ", ".join("?" * len(CUBE_COLUMNS))
        connection.executemany(f"INSERT INTO {CUBE_TABLE} VALUES ({marks})", self._table_rows())

    def _table_rows(self) -> Iterator[tuple[Any, ...]]:
        """The combinations that occur, in order of the dimensions, as rows of `titanic_cube`."""
        cells = np.flatnonzero(self._rows)
        places = np.unravel_index(cells, _SHAPE)
        rows = self._rows[cells]
        age_known = np.where(places[DIMENSION_NAMES.index("age_bin")] < len(AGE_BINS), rows, 0)
        fare_known = np.where(places[DIMENSION_NAMES.index("fare_bin")] < len(FARE_BINS), rows, 0)
        dimensions = [
            [members[code] for code in codes] for members, codes in zip(_MEMBERS, places, strict=True)
        ]
        measures = [rows, age_known, self._age_sum[cells], fare_known, self._fare_sum[cells]]
        return zip(*dimensions, *(measure.tolist() for measure in measures), strict=True)


def _combine(*codes: Codes) -> Codes:
    """One number per row out of its seven codes, as `numpy.ravel_multi_index` does, unchecked and faster."""
    combined = codes[0]
    for code, members in zip(codes[1:], _SHAPE[1:], strict=True):
        combined = combined * members + code
    return combined


def _category(batch: pa.RecordBatch, name: str) -> Codes:
    """The position of each value among the allowed ones; the position after the last one for unknown.

    One comparison per allowed value, because `pyarrow.compute.index_in` takes no `constant`.
    """
    allowed = _ALLOWED[name]
    if isinstance(allowed[0], int):
        return np.asarray(np.searchsorted(allowed, _as_numpy(batch[name])), np.int64)  # they rise
    codes = np.full(batch.num_rows, len(allowed), np.int64)
    for code, value in enumerate(allowed):
        equal = pc.equal(batch[name], constant(value)).fill_null(constant(False)).cast(pa.int8())
        codes += (code - len(allowed)) * _as_numpy(equal)
    return codes


def _alone(batch: pa.RecordBatch) -> Codes:
    return np.asarray(_as_numpy(batch["sibsp"]) + _as_numpy(batch["parch"]) == 0, np.int64)


def _bin(numbers: Numbers, lower_bounds: tuple[int, ...]) -> Codes:
    """The position of each number's bin; the position after the last bin for unknown (NaN)."""
    codes = np.searchsorted(lower_bounds, numbers, side="right") - 1
    return np.where(np.isnan(numbers), len(lower_bounds), codes)


def _numbers(cells: pa.Array) -> Numbers:
    """Floats with NaN for unknown."""
    return np.asarray(_as_numpy(cells.fill_null(constant(math.nan))), np.float64)


def _as_numpy(cells: pa.Array) -> Any:
    """Numbers without nulls as NumPy sees them, by DLPack, because `to_numpy` imports pandas."""
    return np.from_dlpack(cells)
