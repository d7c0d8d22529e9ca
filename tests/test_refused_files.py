"""Files that are refused, and what the refusal says; nothing of them is loaded and the old table stands."""

from __future__ import annotations

import gzip
import json
import re
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from data_pipeline.errors import DataRefused
from data_pipeline.publish import publish
from tests.passenger_files import (
    GOOD_ROW,
    HEADER,
    KAGGLE_NAMES,
    raw_file,
    shipped_rows,
    write_passengers,
    write_text,
)


def refusal(path: Path, tmp_path: Path, expected_rows: int | None = None) -> DataRefused:
    """Publish over an older table, make sure that this one stands, and return why it was refused."""
    database = tmp_path / "published" / "titanic.sqlite"
    publish(raw_file(write_passengers(tmp_path / "old.csv", 3)), database)
    before = database.read_bytes()
    with pytest.raises(DataRefused) as caught:
        publish(raw_file(path, expected_rows), database)
    assert database.read_bytes() == before
    assert sorted(p.name for p in database.parent.iterdir()) == [".titanic.sqlite.lock", "titanic.sqlite"]
    message = str(caught.value)
    assert path.name in caught.value.cause
    assert str(tmp_path) not in message
    assert len(message) < 1_500
    assert caught.value.cause.endswith((".", "?"))
    assert caught.value.remedy.endswith(".")
    return caught.value


def row(**changes: str) -> str:
    """A good CSV row with some cells replaced."""
    good = ["1", "0", "3", '"A, Mr. B"', "male", "22", "1", "0", "T1", "7.25", "", "S"]
    cells = dict(zip(HEADER.split(","), good, strict=True))
    return ",".join((cells | changes).values())


def _gzip(path: Path) -> None:
    path.write_bytes(gzip.compress(f"{HEADER}\n{GOOD_ROW}\n".encode()))


def _zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("titanic.csv", HEADER)


def _sqlite(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE t (a)")
    connection.close()


@pytest.mark.parametrize(
    ("write", "pieces"),
    [
        (lambda p: p.write_bytes(b""), ["is empty (0 bytes)"]),
        (lambda p: p.write_bytes(b"\n \r\n\n"), ["only blank lines"]),
        (lambda p: p.write_bytes(b"\xef\xbb\xbf"), ["only blank lines"]),
        (lambda p: p.write_text("<!DOCTYPE html><html>404</html>"), ["web page", "CSV"]),
        (lambda p: p.write_text("\ufeff\n <html>", encoding="utf-8"), ["web page"]),
        (lambda p: p.write_text(json.dumps([{"a": 1}])), ["JSON"]),
        (lambda p: p.write_text('{"error": "rate limit"}'), ["JSON"]),
        (_gzip, ["gzip"]),
        (_zip, ["zip archive or an Excel"]),
        (_sqlite, ["SQLite database"]),
        (lambda p: p.write_text("version https://git-lfs.github.com/spec/v1\noid x\n"), ["Git LFS pointer"]),
        (lambda p: p.write_bytes(f"{HEADER}\n{GOOD_ROW}\n".encode("utf-16")), ["UTF-16", "UTF-8"]),
        (lambda p: p.write_bytes(f"{HEADER}\n{GOOD_ROW}\n".encode("utf-16-le")), ["UTF-16"]),
        (lambda p: p.write_bytes(f"{HEADER}\n1,0\x003".encode()), ["NUL byte", "line 2", "byte "]),
        (lambda p: p.mkdir(), ["cannot be read"]),
        (lambda p: None, ["cannot be read", "No such file"]),
    ],
)
def test_a_file_that_is_no_table_is_named_for_what_it_is(
    tmp_path: Path, write: Callable[[Path], object], pieces: list[str]
) -> None:
    """Whatever came in place of a table, the message names it."""
    path = tmp_path / "download.csv"
    write(path)
    cause = refusal(path, tmp_path).cause
    assert all(piece in cause for piece in pieces), cause


@pytest.mark.parametrize(
    ("lines", "pieces"),
    [
        ([HEADER], ["has a header and no rows"]),
        ([HEADER.replace(",age", "")], ["lacks the column age", "sibsp"]),
        ([HEADER.replace(",age", ",Agee")], ["Column 'Agee': did you mean age?"]),
        ([HEADER.replace(",fare,cabin", "")], ["lacks the columns fare, cabin"]),
        ([HEADER.replace(",sibsp", ",Siblings")], ["lacks the column sibsp", "Siblings"]),
        ([HEADER + ",Age"], ["column age 2 times", "'age' (column 6)", "'Age' (column 13)"]),
        ([HEADER + ",PassengerId"], ["column passenger_id 2 times", "'PassengerId'"]),
        ([HEADER.replace(",", ";"), GOOD_ROW.replace(",", ";")], ["semicolons", "line 1", "passenger_id;s"]),
        ([HEADER.replace(",", "\t"), GOOD_ROW.replace(",", "\t")], ["tabs"]),
        ([GOOD_ROW], ["lacks the columns passenger_id", "Braund"]),
        (["a note on the data", HEADER, GOOD_ROW], ["lacks the columns", "a note on the data"]),
        ([",".join(["x" * 90] * 900)], ["lacks the columns", "..."]),
    ],
)
def test_a_header_that_does_not_fit_is_refused_with_a_guess(
    tmp_path: Path, lines: list[str], pieces: list[str]
) -> None:
    """Missing, double and misspelt columns and other separators are named before any row is read."""
    cause = refusal(write_text(tmp_path / "data.csv", *lines), tmp_path).cause
    assert all(piece in cause for piece in pieces), cause


@pytest.mark.parametrize(
    ("bad", "pieces"),
    [
        (row(age="old"), ["column age", "'old'", "a number from 0 to 120 or nothing"]),
        (row(age="nan"), ["column age", "'nan'"]),
        (row(age="inf"), ["column age", "'inf'"]),
        (row(fare="Infinity"), ["column fare", "'Infinity'"]),
        (row(fare="1e999"), ["column fare", "'1e999'"]),
        (row(age="-1"), ["column age", "'-1'"]),
        (row(age="121"), ["column age", "'121'"]),
        (row(fare="10001"), ["column fare", "from 0 to 10000"]),
        (row(fare="£7"), ["column fare", "'£7'"]),
        (row(sibsp="1.5"), ["column sibsp", "'1.5'", "a whole number from 0 to 20"]),
        (row(sibsp=""), ["column sibsp", "received nothing"]),
        (row(survived="2"), ["column survived", "'2'", "0 or 1"]),
        (row(survived="yes"), ["column survived", "'yes'"]),
        (row(survived=""), ["column survived", "received nothing", "0 or 1"]),
        (row(pclass="4"), ["column pclass", "'4'", "1, 2 or 3"]),
        (row(sex="Male"), ["column sex", "'Male'", "male or female"]),
        (row(sex=""), ["column sex", "received nothing"]),
        (row(embarked="X"), ["column embarked", "'X'", "C, Q or S or nothing"]),
        (row(passenger_id=""), ["column passenger_id", "received nothing"]),
        (row(passenger_id="0"), ["column passenger_id", "'0'", "at least 1"]),
        (row(passenger_id="9" * 30), ["column passenger_id", "'99999999"]),
        (row(passenger_id="A1"), ["column passenger_id", "'A1'"]),
        (row(name="x" * 501), ["column name", "at most 500 characters", "xxx..."]),
        (GOOD_ROW + ",1", ["13 cells where the header names 12 columns"]),
        (GOOD_ROW.rsplit(",", 2)[0], ["10 cells where the header names 12 columns"]),
        ("just some words", ["1 cells"]),
    ],
)
@pytest.mark.parametrize("good_before", [0, 5])
def test_a_bad_row_is_named_by_line_column_and_value(
    tmp_path: Path, bad: str, pieces: list[str], good_before: int
) -> None:
    """The message says where the bad cell stands, what was received and what was expected."""
    good = [GOOD_ROW.replace("1,", f"{n},", 1) for n in range(100, 100 + good_before)]
    path = write_text(tmp_path / "data.csv", HEADER, *good, bad, GOOD_ROW.replace("1,", "200,", 1))
    cause = refusal(path, tmp_path).cause
    assert f"1 of {good_before + 2} rows is bad: line {good_before + 2}" in cause
    assert all(piece in cause for piece in pieces), cause


def test_all_bad_rows_are_counted_and_the_first_five_listed(tmp_path: Path) -> None:
    """A file with 1,200 bad rows, of several kinds and far apart, is summed up in one short message."""

    def spoil(number: int, cells: list[str]) -> list[str]:
        if number % 50 == 0:
            return cells[:-1] if number % 100 else [*cells[:5], "old", *cells[6:]]
        return cells

    cause = refusal(write_passengers(tmp_path / "data.csv", 60_000, spoil), tmp_path).cause
    assert cause.startswith("data.csv: 1,200 of 60,000 rows are bad: line 51: 11 cells")
    assert re.findall(r"line (\d+)", cause) == ["51", "101", "151", "201", "251"]
    assert "line 101, column age: received 'old'" in cause
    assert cause.endswith("and 1,195 more.")


def test_a_nul_byte_far_into_the_file_is_refused(tmp_path: Path) -> None:
    """A NUL byte behind the first block is found too, and its line named."""
    path = write_passengers(
        tmp_path / "data.csv",
        20_000,
        lambda n, cells: [*cells[:8], "a\x00b", *cells[9:]] if n > 19_998 else cells,
    )
    cause = refusal(path, tmp_path).cause
    assert "2 of 20,000 rows are bad: line 20000: a NUL byte at character" in cause


def test_duplicate_ids_are_counted_and_listed(tmp_path: Path) -> None:
    """Each repeated id is named with the line where it stands and the line where it stood first."""

    def repeat(number: int, cells: list[str]) -> list[str]:
        return ["3", *cells[1:]] if number in (7, 30_000) else cells

    cause = refusal(write_passengers(tmp_path / "data.csv", 40_000, repeat), tmp_path).cause
    assert "2 of 40,000 rows are bad" in cause
    assert "line 8, column passenger_id: 3 stands already in line 4" in cause
    assert "line 30001, column passenger_id: 3 stands already in line 4" in cause


def test_lines_are_counted_past_line_breaks_inside_quotes(tmp_path: Path) -> None:
    """The line named is the one an editor shows, also after cells that hold line breaks and blank lines."""
    path = write_text(
        tmp_path / "data.csv", HEADER, row(name='"A,\nMr.\nB"'), "", row(passenger_id="2", age="old")
    )
    assert "line 6, column age" in refusal(path, tmp_path).cause


@pytest.mark.parametrize(
    "lines",
    [
        [HEADER, row(), row(passenger_id="2", name='"A, Mr. B')],
        [HEADER, row(name='"A, Mr. B'), *(row(passenger_id=str(n)) for n in range(2, 30))],
        [HEADER, row(name='"A, Mr. B'), *(row(passenger_id=str(n), name="") for n in range(2, 90_000))],
        [HEADER, row(), row(passenger_id="2", embarked='"S')],
        ["x," + HEADER + ",note", '9,' + row() + ',"open'],
    ],
)  # fmt: skip
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_an_open_quote_is_refused_wherever_it_stands(tmp_path: Path, lines: list[str], end: str) -> None:
    """Also in the last cell of the last row, and in a column that is ignored, where no check would see it."""
    cause = refusal(write_text(tmp_path / "data.csv", *lines, end=end), tmp_path).cause
    assert re.search(r"line \d+", cause)
    assert "quote" in cause, cause


def test_an_open_quote_at_the_very_end_without_a_line_break_is_refused(tmp_path: Path) -> None:
    """A download cut inside the last quoted cell is not taken for a shorter cell."""
    path = tmp_path / "data.csv"
    path.write_bytes(f'{HEADER},note\n{row()},"cut he'.encode())
    assert "a quote that opens here is never closed" in refusal(path, tmp_path).cause


@pytest.mark.parametrize("place", ["row", "header"])
def test_latin_1_is_refused_with_line_and_byte(tmp_path: Path, place: str) -> None:
    """Text in another encoding is refused where its first foreign byte stands."""
    name = "Öst" if place == "row" else "Ost"
    header = HEADER if place == "row" else HEADER + ",Straße"
    content = f"{header}\n{row(name=name)}{'' if place == 'row' else ',x'}\n".encode("latin-1")
    path = tmp_path / "data.csv"
    path.write_bytes(content)
    cause = refusal(path, tmp_path).cause
    byte = next(i for i, value in enumerate(content) if value > 127)
    assert f"line {2 if place == 'row' else 1}: byte {byte + 1} is 0x{content[byte]:02X}" in cause
    assert "Latin-1" in cause


@pytest.mark.parametrize(("rows", "piece"), [(880, "cut short"), (900, "900 rows where 891")])
def test_another_number_of_rows_than_the_source_has_is_refused(tmp_path: Path, rows: int, piece: str) -> None:
    """A table that is whole to look at but shorter or longer than the source promised is not published."""
    cause = refusal(write_passengers(tmp_path / "data.csv", rows), tmp_path, expected_rows=891).cause
    assert piece in cause


def test_a_header_without_a_line_break_has_no_rows_either(tmp_path: Path) -> None:
    """A download that ended within its first line is refused in plain words."""
    path = tmp_path / "data.csv"
    path.write_text(HEADER)
    assert "has a header and no rows" in refusal(path, tmp_path).cause


def test_one_endless_line_is_refused_without_reading_it_all(tmp_path: Path) -> None:
    """A file without line breaks ends at the bound for a line."""
    path = tmp_path / "data.csv"
    path.write_bytes(b"a" * 3_000_000)
    assert "longer than 1,000,000 characters" in refusal(path, tmp_path).cause


def _passengers_table(**changes: pa.Array) -> pa.Table:
    cells = zip(*shipped_rows(), strict=True)
    columns = {
        name: pa.array([c or None for c in column]) for name, column in zip(KAGGLE_NAMES, cells, strict=True)
    }
    for name in ("PassengerId", "Survived", "Pclass", "SibSp", "Parch"):
        columns[name] = columns[name].cast(pa.int64())
    for name in ("Age", "Fare"):
        columns[name] = columns[name].cast(pa.float64())
    return pa.table(columns | changes)


@pytest.mark.parametrize(
    ("changes", "pieces"),
    [
        ({"Age": [22.0, float("nan")] * 445 + [1.0]}, ["445 of 891 rows", "row 2, column Age", "'nan'"]),
        ({"Pclass": [1.0] * 890 + [1.5]}, ["row 891, column Pclass", "'1.5'", "1, 2 or 3"]),
        ({"Survived": [0] * 890 + [None]}, ["row 891, column Survived", "received nothing"]),
        ({"Name": ["x\x00y"] + ["a"] * 890}, ["row 1, column Name", "NUL"]),
        ({"Cabin": [["C85"]] * 891}, ["column Cabin", "list<"]),
        ({"Fare": [{"pounds": 1.0}] * 891}, ["column Fare", "struct<"]),
        ({"PassengerId": [7] * 891}, ["890 of 891", "row 2, column PassengerId: 7 stands already in row 1"]),
    ],
)  # fmt: skip
def test_a_bad_parquet_file_is_named_by_row_and_column(
    tmp_path: Path, changes: dict[str, list[object]], pieces: list[str]
) -> None:
    """Parquet is checked like CSV, down to nested types, and its rows are counted from 1."""
    path = tmp_path / "data.parquet"
    table = _passengers_table(**{name: pa.array(values) for name, values in changes.items()})
    pyarrow.parquet.write_table(table, path)
    cause = refusal(path, tmp_path).cause
    assert all(piece in cause for piece in pieces), cause


@pytest.mark.parametrize("damage", ["cut", "middle", "footer"])
def test_a_damaged_parquet_file_is_refused(tmp_path: Path, damage: str) -> None:
    """A truncated or altered Parquet file is refused, wherever the damage is."""
    path = tmp_path / "data.parquet"
    pyarrow.parquet.write_table(_passengers_table(), path, compression="gzip")
    content = bytearray(path.read_bytes())
    if damage == "cut":
        del content[len(content) // 2 :]
    else:
        start = 200 if damage == "middle" else len(content) - 400
        content[start : start + 200] = b"\xff" * 200
    path.write_bytes(content)
    assert re.search("damaged|cannot be read", refusal(path, tmp_path).cause)


def test_explaining_a_large_refused_file_needs_little_memory(tmp_path: Path) -> None:
    """The second, explaining pass over 300,000 rows adds less than 60 MB to the process."""
    path = write_passengers(tmp_path / "data.csv", 300_000, lambda n, cells: [*cells[:-1], "X"])
    script = (
        "import resource, sys; from pathlib import Path\n"
        "from data_pipeline.convert import open_batches; from data_pipeline.errors import DataRefused\n"
        "from data_pipeline.sources import RawFile\n"
        "def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "path = Path(sys.argv[1]); before = peak()\n"
        "try: list(open_batches(RawFile(path, 'file', 'x', '')))\n"
        "except DataRefused as error: print(peak() - before, error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True
    )
    grown, message = done.stdout.split(" ", 1)
    assert "300,000 of 300,000 rows are bad" in message
    assert int(grown) * (1 if sys.platform == "darwin" else 1024) < 60 * 1024 * 1024
