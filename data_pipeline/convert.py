"""A raw file as checked batches in the table's types: everything that leaves here keeps the contract.

Good data takes the fast way, typed and streaming, a batch in memory at a time. At the first cell that breaks
the contract the file is read a second time, as text, to say what is wrong with all of it. One promise is not
kept here: that ids are unique is the table's PRIMARY KEY to enforce, at no cost; `explain_refusal` then
names the duplicates.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data_pipeline.bad_rows import explain_bad_rows, no_rows
from data_pipeline.cancellation import raise_if_cancelled
from data_pipeline.cells import ARROW_SCHEMA, ARROW_TYPES, check_cells
from data_pipeline.csv_file import CsvFile
from data_pipeline.errors import DataRefused
from data_pipeline.file_format import detect_format
from data_pipeline.header import FileColumn, shorten
from data_pipeline.parquet_file import ParquetFile

if TYPE_CHECKING:
    from data_pipeline.sources import RawFile

__all__ = ["ARROW_SCHEMA", "CheckedBatches", "open_batches"]


def open_batches(raw: RawFile) -> CheckedBatches:
    """The file's rows as record batches in `ARROW_SCHEMA`; a context manager to iterate over once.

    Raises `DataRefused`, here for a wrong format or header, while iterating for a wrong row or number of
    rows. What was yielded before a refusal must then be thrown away.
    """
    return CheckedBatches(raw)


class CheckedBatches:
    """An iterable of checked `pyarrow.RecordBatch`; `rows` is the number of rows handed out so far."""

    def __init__(self, raw: RawFile) -> None:
        self.rows = 0
        self._raw = raw
        self._file: CsvFile | ParquetFile = (
            ParquetFile(raw.path) if detect_format(raw.path) == "parquet" else CsvFile(raw.path)
        )
        self._batches = self._checked_batches()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._batches.close()

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        return self._batches

    def explain_refusal(self, reason: str) -> DataRefused:
        """Read the file again to word what is wrong with it; `reason` stands in if every row looks good."""
        return self._find_bad_rows() or self._refused(reason)

    def _find_bad_rows(self) -> DataRefused | None:
        name, file = self._raw.path.name, self._file
        return explain_bad_rows(file.text_chunks(), file.layout, name, file.place)

    def _checked_batches(self) -> Generator[pa.RecordBatch]:
        try:
            for batch in self._file.batches():
                raise_if_cancelled()
                checked = self._check(batch)
                self.rows += checked.num_rows
                yield checked
        except (pa.ArrowException, OSError) as error:
            raise self._unreadable(error) from error
        self._check_end()

    def _check(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        columns = [self._check_column(place, batch) for place in self._file.layout.columns]
        return pa.RecordBatch.from_arrays(columns, schema=ARROW_SCHEMA)

    def _check_column(self, place: FileColumn, batch: pa.RecordBatch) -> pa.Array:
        if place.name is None:
            return self._fill_in(place, batch.num_rows)
        cells = batch.column(self._file.layout.present.index(place))
        values, bad = check_cells(cells, place.column, is_hub=self._file.layout.is_hub)
        if pc.any(bad).as_py():
            raise self.explain_refusal(f"column {place.name} breaks the contract")
        return values

    def _fill_in(self, place: FileColumn, rows: int) -> pa.Array:
        """A column that the Hub's copy lacks: the id is the row's position from 1, the name unknown."""
        if place.column.is_key:
            return pa.array(np.arange(self.rows + 1, self.rows + rows + 1, dtype=np.int64))
        return pa.nulls(rows, ARROW_TYPES[place.column.type])

    def _unreadable(self, error: Exception) -> DataRefused:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        try:
            return self.explain_refusal(reason)
        except (pa.ArrowException, OSError):  # damaged beyond reading it a second time
            return self._refused(reason)

    def _refused(self, reason: str) -> DataRefused:
        shown = shorten(reason.replace(f"{self._raw.path.parent}/", ""), 200)
        return DataRefused(
            f"{self._raw.path.name} cannot be read: {shown}.",
            "Nothing of it was loaded; download the file again or correct it.",
        )

    def _check_end(self) -> None:
        if self._file.has_open_quote and (refused := self._find_bad_rows()):
            raise refused
        if self.rows == 0:
            raise no_rows(self._raw.path.name)
        expected = self._raw.expected_rows
        if expected is not None and self.rows != expected:
            raise DataRefused(
                f"{self._raw.path.name} has {self.rows:,} rows where {expected:,} were expected"
                f"{': it was cut short' if self.rows < expected else ''}.",
                "Download it again, or choose another source.",
            )
