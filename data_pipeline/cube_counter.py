"""Counts passengers into the chart tables, from the same record batches that fill the table."""

from __future__ import annotations

import math
import sqlite3
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from data_pipeline.arrow_constants import constant
from data_pipeline.cube import (
    AGE_BIN_YEARS,
    AGE_BINS,
    AGE_STEPS_A_YEAR,
    AGES,
    CHEAPEST_FARE_STEP,
    DECKS,
    EMBARKED,
    FAMILY_SIZES,
    FARE_BINS,
    FARE_STEP_RATIO,
    FARES,
    GROUPS,
    PCLASS,
    ROLLUPS,
    SEX,
    SURVIVED,
    ChartTable,
    Dimension,
)
from data_pipeline.group_sums import Codes, GroupSums, Numbers

_BASE = tuple(dimension for dimension in GROUPS.dimensions if dimension.name != "alone")  # it follows
_SHAPE = tuple(len(dimension.members) for dimension in _BASE)


class CubeCounter:
    """Counts batches in `ARROW_SCHEMA`, in memory that does not grow with the rows (at most 60 MB).

    Passengers are counted by all dimensions at once; each chart table is a sum over some of them, made at
    the end.
    """

    def __init__(self) -> None:
        self.rows = 0
        self.survivors = 0
        self._groups = GroupSums(math.prod(_SHAPE))
        self._ages, self._fares = (GroupSums(math.prod(table.shape)) for table in (AGES, FARES))

    def add(self, batch: pa.RecordBatch) -> None:
        """Count these passengers: one code per row, then one addition per measure."""
        age, fare, family = _numbers(batch["age"]), _numbers(batch["fare"]), _family(batch)
        who = [_category(batch, dimension) for dimension in (PCLASS, SEX, EMBARKED, SURVIVED)]
        bins = [_age_bin(age), _fare_bin(fare)]
        codes = _combine([*who, family, _deck(batch["cabin"]), *bins], _SHAPE)
        sums = {"age": np.nan_to_num(age), "fare": np.nan_to_num(fare)}
        self._groups.add(codes, sums | _unknowns(batch))
        group = _combine([*who, np.asarray(family == 0, np.int64)], AGES.shape[:-1])
        _add_values(self._ages, AGES, group, age * AGE_STEPS_A_YEAR, age)
        _add_values(self._fares, FARES, group, _fare_steps(fare), fare)
        self.rows += batch.num_rows
        self.survivors += int(who[_BASE.index(SURVIVED)].sum())

    def write(self, connection: sqlite3.Connection) -> None:
        """Create and fill the chart tables, in the connection's transaction."""
        codes, rows, sums = self._groups.result()
        places = _places(codes)
        measures = _measures(rows, sums, places)
        for table in ROLLUPS:
            _fill(connection, table, *_roll_up(table, places, measures))
        for table, values in ((AGES, self._ages), (FARES, self._fares)):
            codes, rows, sums = values.result()
            _fill(connection, table, codes, [rows, sums.get("value", np.zeros(0))])


def _unknowns(batch: pa.RecordBatch) -> dict[str, Numbers]:
    """1 for each row without a name or ticket; nothing where all have one, which is nearly always."""
    return {
        name: _as_numpy(batch[name].is_null().cast(pa.float64()))
        for name in ("name", "ticket")
        if batch[name].null_count
    }


def _add_values(values: GroupSums, table: ChartTable, group: Codes, steps: Numbers, numbers: Numbers) -> None:
    """Count the known numbers finely, by group of passengers; a step counts from its whole part on."""
    known = ~np.isnan(numbers)
    codes = group[known] * table.shape[-1] + steps[known].astype(np.int64)
    values.add(codes, {"value": numbers[known]})


def _fare_steps(fare: Numbers) -> Numbers:
    """Which step of 1 % a fare is in, from 1 on; 0 below the cheapest."""
    ratio = np.maximum(fare, CHEAPEST_FARE_STEP / FARE_STEP_RATIO) / CHEAPEST_FARE_STEP
    return np.log(ratio) / math.log(FARE_STEP_RATIO) + 1


def _places(codes: Codes) -> dict[str, Codes]:
    """For each dimension the position of its value, out of the codes of all dimensions."""
    names = [dimension.name for dimension in _BASE]
    places = dict(zip(names, np.unravel_index(codes, _SHAPE), strict=True))
    return places | {"alone": np.asarray(places["family_size"] == 0, np.int64)}


def _measures(rows: Codes, sums: dict[str, Numbers], places: dict[str, Codes]) -> list[npt.NDArray[Any]]:
    """The columns of `MEASURES`, group by group."""
    nothing = np.zeros(len(rows))
    return [
        rows,
        np.where(places["age_bin"] < len(AGE_BINS), rows, 0),
        sums.get("age", nothing),
        np.where(places["fare_bin"] < len(FARE_BINS), rows, 0),
        sums.get("fare", nothing),
        np.where(places["deck"] <= len(DECKS), rows, 0),
        *(rows - sums.get(name, nothing).astype(np.int64) for name in ("name", "ticket")),
    ]


def _roll_up(
    table: ChartTable, places: dict[str, Codes], measures: list[npt.NDArray[Any]]
) -> tuple[Codes, list[npt.NDArray[Any]]]:
    """The combinations of this table's dimensions that occur, in order, with their measures."""
    codes = _combine([places[dimension.name] for dimension in table.dimensions], table.shape)
    groups, group = np.unique(codes, return_inverse=True)
    return groups, [np.bincount(group, m, len(groups)).astype(m.dtype) for m in measures]


def _fill(
    connection: sqlite3.Connection, table: ChartTable, codes: Codes, measures: list[npt.NDArray[Any]]
) -> None:
    """Create the table and insert a row for each code: the values it stands for, then the measures."""
    connection.execute(table.create_sql)
    places = np.unravel_index(codes, table.shape)
    dimensions = [
        [dimension.members[place] for place in column.tolist()]
        for dimension, column in zip(table.dimensions, places, strict=True)
    ]
    rows = zip(*dimensions, *(measure.tolist() for measure in measures), strict=True)
    marks = ", ".join("?" * len(table.columns))
    connection.executemany(f"INSERT INTO {table.name} VALUES ({marks})", rows)


def _combine(codes: list[Codes], shape: tuple[int, ...]) -> Codes:
    """One number per row out of its codes, as `numpy.ravel_multi_index` does, unchecked and faster."""
    combined = codes[0]
    for code, members in zip(codes[1:], shape[1:], strict=True):
        combined = combined * members + code
    return combined


def _category(batch: pa.RecordBatch, dimension: Dimension) -> Codes:
    """The position of each value among the allowed ones; the position after the last one for unknown.

    One comparison per allowed value, because `pyarrow.compute.index_in` takes no `constant`.
    """
    allowed = [member for member in dimension.members if member is not None]
    cells = batch[dimension.name]
    if isinstance(allowed[0], int):
        return np.asarray(_as_numpy(cells) - allowed[0], np.int64)  # they rise by one
    codes = np.full(batch.num_rows, len(allowed), np.int64)
    for code, value in enumerate(allowed):
        equal = pc.equal(cells, constant(value)).fill_null(constant(False)).cast(pa.int8())
        codes += (code - len(allowed)) * _as_numpy(equal)
    return codes


def _family(batch: pa.RecordBatch) -> Codes:
    relatives = _as_numpy(batch["sibsp"]) + _as_numpy(batch["parch"])
    return np.minimum(np.asarray(relatives, np.int64), len(FAMILY_SIZES) - 1)


_DECK_OF_BYTE = np.full(256, len(DECKS), np.int64)
_DECK_OF_BYTE[[ord(deck) for deck in DECKS]] = range(len(DECKS))


def _deck(cabins: pa.Array) -> Codes:
    """The deck by the first byte of the cabin, read where Arrow keeps it; no text becomes a Python object."""
    codes = np.full(len(cabins), len(DECKS) + 1, np.int64)
    if cabins.null_count == len(cabins):
        return codes
    _, offsets, data = cabins.buffers()
    starts = np.frombuffer(offsets, np.int32)[cabins.offset : cabins.offset + len(cabins) + 1]
    known = _as_numpy(cabins.is_valid().cast(pa.int8())) == 1
    filled = known & (starts[1:] > starts[:-1])
    codes[known] = len(DECKS)
    codes[filled] = _DECK_OF_BYTE[np.frombuffer(data, np.uint8)[starts[:-1][filled]]]
    return codes


def _age_bin(age: Numbers) -> Codes:
    """The position of each age's bin; the position after the last bin for unknown (NaN)."""
    return np.where(np.isnan(age), len(AGE_BINS), np.nan_to_num(age) / AGE_BIN_YEARS).astype(np.int64)


def _fare_bin(fare: Numbers) -> Codes:
    """The position of each fare's bin; the position after the last bin for unknown (NaN)."""
    codes = np.searchsorted(FARE_BINS, fare, side="right") - 1
    return np.where(np.isnan(fare), len(FARE_BINS), codes)


def _numbers(cells: pa.Array) -> Numbers:
    """Floats with NaN for unknown."""
    return np.asarray(_as_numpy(cells.fill_null(constant(math.nan))), np.float64)


def _as_numpy(cells: pa.Array) -> Any:
    """Numbers without nulls as NumPy sees them, by DLPack, because `to_numpy` imports pandas."""
    return np.from_dlpack(cells)
