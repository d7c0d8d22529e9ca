"""Files that are accepted: however a publisher writes the passengers, the same batches come out."""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from data_pipeline.cancellation import cancellable
from data_pipeline.convert import ARROW_SCHEMA, open_batches
from data_pipeline.errors import BuildCancelled, DataRefused
from data_pipeline.settings import snapshot_path
from data_pipeline.table import COLUMN_NAMES
from tests.passenger_files import (
    GOOD_ROW,
    HEADER,
    KAGGLE_NAMES,
    hub_columns,
    raw_file,
    write_passengers,
    write_text,
)


def convert(path: Path) -> pa.Table:
    """All batches of a file as one table, each of them in the table's types."""
    with open_batches(raw_file(path)) as batches:
        table = pa.Table.from_batches(list(batches), ARROW_SCHEMA)
        assert batches.rows == table.num_rows
    return table


@pytest.fixture(scope="module")
def shipped() -> pa.Table:
    """The shipped file, converted."""
    return convert(snapshot_path())


def test_the_shipped_file_gives_the_known_figures(shipped: pa.Table) -> None:
    """891 rows, 342 survivors, 177 unknown ages, 687 unknown cabins, 2 unknown ports and the known means."""
    rows = shipped.to_pylist()
    unknown = {name: shipped[name].null_count for name in COLUMN_NAMES if shipped[name].null_count}
    ages = [row["age"] for row in rows if row["age"] is not None]
    assert (len(rows), sum(row["survived"] for row in rows)) == (891, 342)
    assert unknown == {"age": 177, "cabin": 687, "embarked": 2}
    assert round(sum(row["fare"] for row in rows) / 891, 4) == 32.2042
    assert round(sum(ages) / len(ages), 4) == 29.6991


def _text() -> str:
    return snapshot_path().read_text(encoding="utf-8")


def _kaggle() -> str:
    return _text().replace(HEADER, ",".join(KAGGLE_NAMES))


def _reordered() -> str:
    rows = [[*reversed(row), "extra", ""] for row in csv.reader(_text().splitlines())]
    rows[0][-2:] = ["WikiId", "WikiId"]
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(rows)
    return text.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        lambda: _kaggle().encode(),
        lambda: _text().replace(HEADER, HEADER.upper().replace(",", " , ")).encode(),
        lambda: _reordered().encode(),
        lambda: _text().encode("utf-8-sig"),
        lambda: _text().replace("\n", "\r\n").encode(),
        lambda: _text().replace("\n", "\r").encode(),
        lambda: _text().rstrip("\n").encode(),
        lambda: ("\n\n" + _text().replace("\n", "\n\n")).encode(),
    ],
    ids=[
        "Kaggle",
        "upper case",
        "reversed and extra",
        "BOM",
        "CRLF",
        "CR",
        "no last line break",
        "blank lines",
    ],
)
def test_other_spellings_of_the_same_csv_give_the_same_table(
    tmp_path: Path, shipped: pa.Table, content: Callable[[], bytes]
) -> None:
    """Names, order, extra columns, BOM and line ends of a CSV do not change the table."""
    path = tmp_path / "data.csv"
    path.write_bytes(content())
    assert convert(path).equals(shipped)


def test_line_breaks_quotes_and_odd_numbers_of_quotes_inside_cells_are_kept(tmp_path: Path) -> None:
    """A quoted cell may hold commas, doubled quotes and line breaks; an unquoted one a lone quote."""
    row = '1,1,1,"Öst, Mrs. ""Lily""\n(Anna)",female,0.42,0,0,5" gun,0,,'
    got = convert(write_text(tmp_path / "data.csv", HEADER, row)).to_pylist()[0]
    assert got["name"] == 'Öst, Mrs. "Lily"\n(Anna)'
    assert (got["ticket"], got["age"], got["cabin"], got["embarked"]) == ('5" gun', 0.42, None, None)


def _write_hub(path: Path, columns: dict[str, list[Any]]) -> Path:
    table = pa.table(columns).set_column(
        1, "passenger_class", pa.array(columns["passenger_class"], pa.int8())
    )
    if path.suffix == ".csv":
        pyarrow.csv.write_csv(table, path)
    else:
        pyarrow.parquet.write_table(table, path, row_group_size=300)
    return path


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_the_coding_of_the_hub_is_undone(tmp_path: Path, shipped: pa.Table, suffix: str) -> None:
    """The Hub's copy gives the same table in the same order, with positions as ids and unknown names."""
    table = convert(_write_hub(tmp_path / f"hub{suffix}", hub_columns()))
    assert table.drop(["name"]).equals(shipped.drop(["name"]))
    assert table["name"].null_count == 891


@pytest.mark.parametrize(
    ("column", "value", "piece"),
    [("age", -2.5, "column age: received '-2.5'"), ("sibsp", 0.5, "column sibsp: received '0.5'")],
)
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_the_hub_is_checked_like_every_source(
    tmp_path: Path, suffix: str, column: str, value: float, piece: str
) -> None:
    """Undoing the Hub's coding lets nothing else through."""
    columns = hub_columns()
    columns[column][4] = value
    with pytest.raises(DataRefused) as caught:
        convert(_write_hub(tmp_path / f"hub{suffix}", columns))
    assert f"{'line 6' if suffix == '.csv' else 'row 5'}, {piece}" in caught.value.cause


def test_only_the_hubs_header_is_decoded(tmp_path: Path) -> None:
    """In a file of another header -1 is no unknown age and single quotes belong to the text."""
    with pytest.raises(DataRefused, match="column age: received '-1'"):
        convert(write_text(tmp_path / "a.csv", HEADER, GOOD_ROW.replace(",22,", ",-1,")))
    quoted = write_text(tmp_path / "b.csv", HEADER, GOOD_ROW.replace("A/5 21171", "'A/5 21171'"))
    assert convert(quoted)["ticket"].to_pylist() == ["'A/5 21171'"]


@pytest.mark.parametrize(
    "types",
    [
        {"passenger_id": pa.int32(), "survived": pa.bool_(), "pclass": pa.int8(), "sibsp": pa.float64()},
        {
            "passenger_id": pa.uint64(),
            "parch": pa.float32(),
            "age": pa.float32(),
            "survived": pa.decimal128(19),
        },
        {name: pa.large_string() for name in ("name", "sex", "ticket", "cabin", "embarked")},
        {name: pa.dictionary(pa.int8(), pa.string()) for name in ("sex", "embarked")},
        {name: pa.string_view() for name in ("name", "cabin")} | {"ticket": pa.binary()},
    ],
)
def test_parquet_of_other_types_is_cast_safely(
    tmp_path: Path, shipped: pa.Table, types: dict[str, pa.DataType]
) -> None:
    """Narrow integers, decimals, whole floats, dictionaries and other kinds of text give the same table."""
    fields = [pa.field(f.name, types.get(f.name, f.type)) for f in shipped.schema]
    columns = [_cast(shipped[field.name], field.type) for field in fields]
    path = tmp_path / "data.parquet"
    pyarrow.parquet.write_table(pa.table(columns, schema=pa.schema(fields)), path, row_group_size=100)
    table = convert(path)
    assert table.drop(["age"]).equals(shipped.drop(["age"]))
    assert table["age"].null_count == 177


def _cast(cells: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    if pa.types.is_dictionary(kind):
        return cells.dictionary_encode().cast(kind)
    return cells.cast(kind, safe=False)


def test_empty_text_and_an_all_unknown_column_in_parquet_are_unknown(
    tmp_path: Path, shipped: pa.Table
) -> None:
    """No empty string and no untyped column reaches the table."""
    table = shipped.set_column(3, "name", pa.nulls(891)).set_column(10, "cabin", pa.array([""] * 891))
    path = tmp_path / "data.parquet"
    pyarrow.parquet.write_table(table, path)
    assert (convert(path)["name"].null_count, convert(path)["cabin"].null_count) == (891, 891)


def test_a_request_to_stop_is_heard_between_batches(tmp_path: Path) -> None:
    """Of a file of several batches no more is converted after the request."""
    stop = threading.Event()
    with cancellable(stop), open_batches(raw_file(write_passengers(tmp_path / "a.csv", 40_000))) as batches:
        next(iter(batches))
        stop.set()
        with pytest.raises(BuildCancelled):
            next(iter(batches))
