"""What may stand in a column, for whole Arrow arrays: type, range, allowed values, the Hub's coding.

Used twice with the same result: on the typed batches of a good file, where the answer is "nothing is
wrong", and on the text of a refused file, where `bad_rows.py` asks which cells are wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc

from data_pipeline.arrow_constants import constant, unknown
from data_pipeline.table import COLUMNS, Column, SqliteType

ARROW_TYPES: dict[SqliteType, pa.DataType] = {
    "INTEGER": pa.int64(),
    "REAL": pa.float64(),
    "TEXT": pa.string(),
}
ARROW_SCHEMA = pa.schema([pa.field(column.name, ARROW_TYPES[column.type]) for column in COLUMNS])
"""The table's columns as Arrow types: what every batch that leaves `convert.py` looks like."""

MAX_TEXT_CHARACTERS = 500
"""Longest text in a cell. The longest name of the Titanic has 82; an unclosed quote swallows thousands."""

MAX_EXACT_FLOAT = 2.0**53
"""Whole numbers beyond it have gaps in float64, so they are not taken for integers."""

WHOLE_NUMBER = r"^\s*-?[0-9]{1,18}\s*$"
DECIMAL_NUMBER = r"^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?\s*$"


def check_cells(cells: pa.Array, column: Column, *, is_hub: bool) -> tuple[pa.Array, pa.Array]:
    """The cells in the table's type, and a mask that is true where a cell may not stand in this column.

    `cells` may be text or any type that a Parquet file has; unknown is null. A cell that cannot be read
    is null in the first array and true in the second. Raises `pyarrow.ArrowInvalid` where Arrow itself
    cannot make sense of a type.
    """
    if is_hub:
        cells = undo_hub_coding(cells, column)
    values, misread = _to_table_type(cells, column)
    bad = _breaks_contract(values, column)
    return values, bad if misread is None else pc.or_(bad, misread)


def undo_hub_coding(cells: pa.Array, column: Column) -> pa.Array:
    """The same cells as every other source writes them: the Hub's sex, unknown age and quotes undone."""
    if column.name == "sex":
        return _sex_from_is_male(cells)
    if column.name == "age":
        return _without_minus_one(cells)
    return _unquote(cells) if column.type == "TEXT" else cells


def blank_to_unknown(cells: pa.Array) -> pa.Array:
    """Text with each empty string made null; other types as they are."""
    if not pa.types.is_string(cells.type):
        return cells
    return pc.if_else(pc.equal(cells, constant("")), unknown(cells.type), cells)


def _sex_from_is_male(cells: pa.Array) -> pa.Array:
    if pa.types.is_boolean(cells.type):
        return pc.if_else(cells, constant("male"), constant("female"))
    text = pc.utf8_lower(cells.cast(pa.string()))
    words = pc.if_else(_is_one_of(text, ("true", "1")), constant("male"), text)
    return pc.if_else(_is_one_of(text, ("false", "0")), constant("female"), words)


def _without_minus_one(cells: pa.Array) -> pa.Array:
    if pa.types.is_string(cells.type):
        is_unknown = pc.match_substring_regex(cells, r"^\s*-1(\.0*)?\s*$")
    else:
        is_unknown = pc.equal(cells, constant(-1))
    return pc.if_else(is_unknown, unknown(cells.type), cells)


def _unquote(cells: pa.Array) -> pa.Array:
    return blank_to_unknown(pc.replace_substring_regex(cells, r"(?s)^'(.*)'$", r"\1"))


def _to_table_type(cells: pa.Array, column: Column) -> tuple[pa.Array, pa.Array | None]:
    wanted = ARROW_TYPES[column.type]
    if cells.type == wanted:
        return cells, None
    if pa.types.is_string(cells.type):
        return _parse_numbers(cells, wanted)
    if pa.types.is_floating(cells.type) and pa.types.is_integer(wanted):
        return _floats_to_integers(cells, wanted)
    return cells.cast(wanted), None


def _parse_numbers(text: pa.Array, wanted: pa.DataType) -> tuple[pa.Array, pa.Array]:
    pattern = WHOLE_NUMBER if pa.types.is_integer(wanted) else DECIMAL_NUMBER
    return _cast_where(pc.match_substring_regex(text, pattern), pc.utf8_trim_whitespace(text), wanted)


def _floats_to_integers(numbers: pa.Array, wanted: pa.DataType) -> tuple[pa.Array, pa.Array]:
    is_whole = pc.equal(numbers, pc.trunc(numbers))
    is_exact = pc.less_equal(pc.abs(numbers), constant(MAX_EXACT_FLOAT))
    return _cast_where(pc.and_(is_whole, is_exact), numbers, wanted)


def _cast_where(readable: pa.Array, cells: pa.Array, wanted: pa.DataType) -> tuple[pa.Array, pa.Array]:
    values = pc.if_else(readable, cells, unknown(cells.type)).cast(wanted)
    return values, pc.fill_null(pc.invert(readable), constant(False))


def _breaks_contract(values: pa.Array, column: Column) -> pa.Array:
    """True where a value is outside the contract, or unknown in a column that must be known."""
    if column.allowed:
        fits = _is_one_of(values, column.allowed)
    elif column.type == "TEXT":
        fits = _is_plain_text(values)
    else:
        fits = _is_in_range(values, column)
    return pc.fill_null(pc.invert(fits), constant(not column.may_be_unknown))


def _is_one_of(values: pa.Array, allowed: Iterable[int | str]) -> pa.Array:
    return reduce(pc.or_, [pc.equal(values, constant(one)) for one in allowed])


def _is_in_range(values: pa.Array, column: Column) -> pa.Array:
    """NaN compares false with every bound, so it never fits; infinity fails one of the two."""
    low, high = column.minimum, column.maximum
    fits = pc.is_finite(values) if high is None else pc.less_equal(values, _bound(high, values))
    return fits if low is None else pc.and_(fits, pc.greater_equal(values, _bound(low, values)))


def _bound(value: float, values: pa.Array) -> pa.Scalar:
    """In the type of the values, or Arrow would convert all of them."""
    return constant(int(value) if pa.types.is_integer(values.type) else float(value))


def _is_plain_text(values: pa.Array) -> pa.Array:
    measure = pc.utf8_length if _longest(values) > MAX_TEXT_CHARACTERS else pc.binary_length
    fits = pc.less_equal(measure(values), constant(MAX_TEXT_CHARACTERS))
    data = values.buffers()[2]
    if data is not None and b"\x00" in data.to_pybytes():  # one fast scan; the slow one only if it hits
        fits = pc.and_(fits, pc.invert(pc.match_substring(values, "\x00")))
    return fits


def _longest(values: pa.Array) -> int:
    """Bytes of the longest text, known from the offsets alone; never less than its characters."""
    return pc.max(pc.binary_length(values)).as_py() or 0
