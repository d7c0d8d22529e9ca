"""Reading a Parquet file: typed batches for good data, the same with row numbers to explain bad data."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet

from data_pipeline.bad_rows import RowChunk
from data_pipeline.cells import blank_to_unknown
from data_pipeline.errors import DataRefused
from data_pipeline.header import Layout, match_header

BATCH_ROWS = 16_384
BUFFER_BYTES = 1 << 20
"""Bytes read at a time per column; without a buffer Arrow reads whole column chunks, all rows of a group."""


class ParquetFile:
    """A Parquet file with columns that were matched; raises `DataRefused` when they cannot be."""

    place = "row"
    has_open_quote = False  # a matter of CSV

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            schema = pyarrow.parquet.read_schema(path)
        except (pa.ArrowException, OSError) as error:
            raise DataRefused(
                f"{path.name} is a damaged or truncated Parquet file.", "Download it again."
            ) from error
        self.layout = match_header(schema.names, path.name)
        _refuse_foreign_types(schema, self.layout, path.name)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Batches of the columns of the layout, in its order; raises `pyarrow.ArrowInvalid` or `OSError`."""
        names = [place.name for place in self.layout.present]
        with pyarrow.parquet.ParquetFile(self.path, pre_buffer=False, buffer_size=BUFFER_BYTES) as file:
            for batch in file.iter_batches(BATCH_ROWS, columns=names):
                columns = [_plain(batch.column(name)) for name in names]
                yield pa.RecordBatch.from_arrays(columns, names)

    def text_chunks(self) -> Iterator[RowChunk]:
        """The rows again with their numbers, counted from 1."""
        rows = 0
        for batch in self.batches():
            yield RowChunk(list(range(rows + 1, rows + batch.num_rows + 1)), batch.columns)
            rows += batch.num_rows


def _plain(cells: pa.Array) -> pa.Array:
    """Dictionaries and the other kinds of text as plain arrays; empty text is unknown."""
    if pa.types.is_dictionary(cells.type):
        cells = cells.dictionary_decode()
    return blank_to_unknown(cells.cast(pa.string()) if _is_text(cells.type) else cells)


def _is_text(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_large_string(kind)
        or pa.types.is_string_view(kind)
        or pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_null(kind)
    )


def _is_accepted(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    return bool(is_number or pa.types.is_boolean(kind) or pa.types.is_string(kind) or _is_text(kind))


def _refuse_foreign_types(schema: pa.Schema, layout: Layout, file_name: str) -> None:
    for place in layout.present:
        kind = schema.field(place.index).type
        if not _is_accepted(kind):
            raise DataRefused(
                f"{file_name}, column {place.name}: received values of type {kind}, "
                f"expected {place.column.expected}.",
                "Store plain numbers and text in this column and try again.",
            )
