"""Reading a CSV file, fast and typed for good data, slowly and as text to explain bad data.

The fast reader is Arrow's: typed, streaming, one block in memory. It tolerates what a careful reader must
not: a quote left open at the end and the words NaN and inf. The first is found by counting quotes while the
bytes pass, the second by the range checks. Lone carriage returns, CRLF, a BOM, blank lines and hexadecimal
whole numbers (0x1F) are accepted.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.csv

from data_pipeline.bad_rows import RowChunk
from data_pipeline.cells import ARROW_TYPES
from data_pipeline.errors import DataRefused
from data_pipeline.header import FileColumn, Layout, match_header, shorten

BLOCK_BYTES = 1 << 20
"""Bytes that Arrow parses at a time, about 16,000 rows: larger ones cost memory and win nothing."""

MAX_LINE_CHARACTERS = 1_000_000
EXPLAINED_ROWS = 4_096
OTHER_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
UNDECODABLE = re.compile("[\udc80-\udcff]")
"""How Python marks a byte that is no UTF-8 (PEP 383)."""


class CsvFile:
    """A CSV file with a header that was matched; raises `DataRefused` when the header cannot be."""

    place = "line"

    def __init__(self, path: Path) -> None:
        self.path = path
        self.layout = match_header(_read_header(path), path.name)
        self.has_open_quote = False

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Typed batches of the columns of the layout, in its order; raises `pyarrow.ArrowInvalid`.

        Afterwards `has_open_quote` is true if the file has an odd number of quotes.
        """
        with self.path.open("rb") as file:
            counted = _QuoteCounter(file)
            with pyarrow.csv.open_csv(
                pa.PythonFile(counted, mode="r"),
                read_options=pyarrow.csv.ReadOptions(block_size=BLOCK_BYTES),
                parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
                convert_options=_convert_options(self.layout),
            ) as reader:
                yield from reader
            self.has_open_quote = counted.quotes % 2 == 1

    def text_chunks(self) -> Iterator[RowChunk]:
        """The rows again, all as text and with their line numbers, for explaining what is wrong."""
        indexes = [place.index for place in self.layout.present if place.index is not None]
        positions: list[int] = []
        rows: list[list[str]] = []
        broken: list[tuple[int, str]] = []
        for row in _text_rows(self.path, self.layout.width):
            if row.problem:
                broken.append((row.line, row.problem))
            else:
                positions.append(row.line)
                rows.append(row.cells)
            if len(positions) + len(broken) == EXPLAINED_ROWS:
                yield RowChunk(positions, _as_columns(rows, indexes), broken)
                positions, rows, broken = [], [], []
        yield RowChunk(positions, _as_columns(rows, indexes), broken)


class _QuoteCounter(io.RawIOBase):
    """A file that counts the double quotes that are read through it (0.6 ms a megabyte)."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.quotes = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        block = self._file.read(size)
        self.quotes += block.count(b'"')
        return block


def _convert_options(layout: Layout) -> pyarrow.csv.ConvertOptions:
    return pyarrow.csv.ConvertOptions(
        include_columns=[place.name for place in layout.present],
        column_types={place.name: _type_to_read(place, layout) for place in layout.present},
        strings_can_be_null=True,
        null_values=[""],
    )


def _type_to_read(place: FileColumn, layout: Layout) -> pa.DataType:
    """The table's type; the Hub's CSV writes whole numbers as 1.0, so its numbers are read as decimals."""
    wanted = ARROW_TYPES[place.column.type]
    return pa.float64() if layout.is_hub and pa.types.is_integer(wanted) else wanted


def _as_columns(rows: list[list[str]], indexes: list[int]) -> list[pa.Array]:
    return [pa.array([row[index] or None for row in rows], pa.string()) for index in indexes]


def _read_header(path: Path) -> list[str]:
    """The names in the first line that is not blank."""
    row = next(_text_rows(path, None, skip_header=False), None)
    if row is None:
        raise DataRefused(f"{path.name} holds only blank lines.", "Give a CSV file with the Titanic columns.")
    if row.problem:
        raise DataRefused(
            f"{path.name}, line {row.line}: {row.problem}.", "Save the file as UTF-8 text and try again."
        )
    _refuse_wrong_separator(path, row.cells)
    return row.cells


def _refuse_wrong_separator(path: Path, names: list[str]) -> None:
    separator, count = max(
        ((s, ",".join(names).count(s)) for s in OTHER_SEPARATORS), key=lambda pair: pair[1]
    )
    if count >= len(names) + 2:
        raise DataRefused(
            f"{path.name} is separated by {OTHER_SEPARATORS[separator]}, not by commas: "
            f"line 1 begins {shorten(','.join(names))!r}.",
            "Save it with commas and a point in decimals (1.5, not 1,5).",
        )


@dataclass(frozen=True)
class _TextRow:
    line: int
    cells: list[str]
    problem: str | None


def _text_rows(path: Path, width: int | None, *, skip_header: bool = True) -> Iterator[_TextRow]:
    """The rows that are not blank, the header left out, each with its first line's number."""
    with path.open("rb") as file:
        lines = _Lines(path.name, file)
        rows = csv.reader(lines, strict=True)
        while True:
            first_line = lines.number + 1
            lines.problem = None
            problem = None
            try:
                cells = next(rows)
            except StopIteration:
                return
            except csv.Error as error:
                cells, problem = [], _word_csv_error(error, first_line, lines.number)
            if not cells and not problem:
                continue
            if skip_header:
                skip_header = False
                continue
            problem = lines.problem or problem or _wrong_width(cells, width, first_line, lines.number)
            yield _TextRow(first_line, cells, problem)


def _word_csv_error(error: csv.Error, first_line: int, last_line: int) -> str:
    message = str(error)
    if "unexpected end of data" in message:
        return f"a quote that opens here is never closed; the file ends in line {last_line}"
    if "field larger than field limit" in message:
        return f"a quote that opens here is not closed within {csv.field_size_limit():,} characters"
    if "expected after" in message:
        return "text follows a closing quote; a quote inside a cell must be doubled"
    return f"not CSV ({message})"


def _wrong_width(cells: list[str], width: int | None, first_line: int, last_line: int) -> str | None:
    if width is None or len(cells) == width:
        return None
    spans = f" (a quote that opens here runs on to line {last_line})" if last_line > first_line else ""
    return f"{len(cells)} cells where the header names {width} columns{spans}"


class _Lines:
    """The lines of a file for `csv.reader`, which knows neither encodings nor bounds.

    `number` is that of the line given last; `problem` says what was wrong with a line since it was reset.
    """

    def __init__(self, file_name: str, file: BinaryIO) -> None:
        self._text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="")
        self._file_name = file_name
        self._bytes_before = 0
        self.number = 0
        self.problem: str | None = None

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._text.readline(MAX_LINE_CHARACTERS + 1)
        if not line:
            raise StopIteration
        self.number += 1
        self._refuse_long(line)
        if "\x00" in line:
            self.problem = self.problem or f"a NUL byte at character {line.index(chr(0)) + 1}"
        if not line.isascii() and (wrong := UNDECODABLE.search(line)):
            self.problem = self.problem or self._word_wrong_byte(line, wrong)
        self._bytes_before += len(line.encode("utf-8", "surrogateescape"))
        return line

    def _refuse_long(self, line: str) -> None:
        if len(line) > MAX_LINE_CHARACTERS:
            raise DataRefused(
                f"{self._file_name}, line {self.number} is longer than {MAX_LINE_CHARACTERS:,} characters.",
                "That is no table of passengers; give a CSV file with one passenger a line.",
            )

    def _word_wrong_byte(self, line: str, wrong: re.Match[str]) -> str:
        before = len(line[: wrong.start()].encode("utf-8", "surrogateescape"))
        value = ord(wrong.group()) - 0xDC00
        offset = self._bytes_before + before + 1
        return f"byte {offset} is 0x{value:02X}, which is not UTF-8 (the file may be Latin-1 or Windows-1252)"
