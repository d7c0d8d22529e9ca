"""Raw files for tests: the shipped passengers rewritten the ways that publishers write them."""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from data_pipeline.settings import snapshot_path
from data_pipeline.sources import RawFile
from data_pipeline.table import COLUMN_NAMES

KAGGLE_NAMES = (
    "PassengerId", "Survived", "Pclass", "Name", "Sex", "Age", "SibSp", "Parch", "Ticket", "Fare", "Cabin",
    "Embarked",
)  # fmt: skip
HUB_NAMES = {
    "survived": "has_survived", "pclass": "passenger_class", "sex": "is_male", "age": "age", "sibsp": "sibsp",
    "parch": "parch", "ticket": "ticket", "fare": "fare", "cabin": "cabin", "embarked": "embarked",
}  # fmt: skip
GOOD_ROW = '1,0,3,"Braund, Mr. Owen",male,22,1,0,A/5 21171,7.25,,S'
HEADER = ",".join(COLUMN_NAMES)


def raw_file(path: Path, expected_rows: int | None = None) -> RawFile:
    """The file as a source would hand it over."""
    return RawFile(path, "file", path.name, "0" * 64, expected_rows)


def write_text(path: Path, *lines: str, end: str = "\n") -> Path:
    """A file of these lines."""
    path.write_bytes("".join(line + end for line in lines).encode())
    return path


def write_passengers(
    path: Path, rows: int, change: Callable[[int, list[str]], Sequence[str] | None] | None = None
) -> Path:
    """A CSV of this many passengers with ids from 1; `change` may alter a row or, with None, drop it."""
    pattern = shipped_rows()
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMN_NAMES)
        for number in range(1, rows + 1):
            row: Sequence[str] | None = [str(number), *pattern[number % len(pattern)][1:]]
            if change is not None:
                row = change(number, list(row or ()))
            if row is not None:
                writer.writerow(row)
    return path


def shipped_rows() -> list[list[str]]:
    """The rows of the shipped CSV, as text, without its header."""
    with snapshot_path().open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))[1:]


def hub_columns() -> dict[str, list[Any]]:
    """The shipped passengers in the Hub's names and coding, column by column."""
    columns = dict(zip(COLUMN_NAMES, zip(*shipped_rows(), strict=True), strict=True))
    coded: dict[str, Callable[[str], Any]] = {
        "survived": int, "pclass": int, "sex": lambda cell: cell == "male",
        "age": lambda cell: float(cell or -1), "sibsp": float, "parch": float, "fare": float,
        "ticket": _quoted, "cabin": _quoted, "embarked": _quoted,
    }  # fmt: skip
    return {hub: [coded[ours](cell) for cell in columns[ours]] for ours, hub in HUB_NAMES.items()}


def _quoted(cell: str) -> str:
    return f"'{cell}'" if not cell or " " in cell else cell


def query(database: Path, sql: str) -> list[tuple[Any, ...]]:
    """All rows of a query."""
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
        return connection.execute(sql).fetchall()
