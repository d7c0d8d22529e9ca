"""The contract: what stands in the table `titanic`, and the only way to read it.

Conversion, checks, the SQLite schema, the documentation and the model's column card are all derived from
`COLUMNS`. Reading is `mode=ro&immutable=1` on a file that is only ever replaced as a whole, so nothing
here can change, lock or create a file; open anew for each request to see the newest table.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from data_pipeline.errors import TableUnavailable

if TYPE_CHECKING:
    import pandas as pd

TABLE = "titanic"
BUILD_TABLE = "titanic_build"
TITANIC_ROWS = 891
"""Rows of the Titanic training table, whichever of the named sources it comes from."""

SqliteType = Literal["INTEGER", "REAL", "TEXT"]


@dataclass(frozen=True)
class Column:
    """One column: its name here, its SQLite type and what may stand in it.

    `known_as` lists the names that published copies use for it (lower case). `minimum` and `maximum` are
    inclusive bounds for numbers, `allowed` the only values of a category. With `may_be_unknown`, NULL
    stands for "not recorded".
    """

    name: str
    type: SqliteType
    meaning: str
    unit: str = ""
    allowed: tuple[int | str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    may_be_unknown: bool = False
    known_as: tuple[str, ...] = ()

    @property
    def is_key(self) -> bool:
        """True for the one column that identifies a passenger."""
        return self.name == "passenger_id"

    @property
    def declaration(self) -> str:
        """This column as it stands in CREATE TABLE, such as `age REAL`."""
        if self.is_key:
            return f"{self.name} {self.type} PRIMARY KEY"
        return f"{self.name} {self.type}" + ("" if self.may_be_unknown else " NOT NULL")

    @property
    def expected(self) -> str:
        """What may stand here, in words: `1, 2 or 3`, `a number from 0 to 120`, `text`."""
        if self.allowed:
            *first, last = (str(value) for value in self.allowed)
            return f"{', '.join(first)} or {last}"
        if self.type == "TEXT":
            return "text"
        kind = "a whole number" if self.type == "INTEGER" else "a number"
        low, high = self.minimum, self.maximum
        return f"{kind} from {low:g} to {high:g}" if high is not None else f"{kind}, at least {low:g}"


COLUMNS: tuple[Column, ...] = (
    Column(
        "passenger_id", "INTEGER", "Running number of the passenger in this table", minimum=1,
        known_as=("passengerid",),
    ),
    Column(
        "survived", "INTEGER", "1 if the passenger survived the sinking, 0 if not", allowed=(0, 1),
        known_as=("has_survived",),
    ),
    Column(
        "pclass", "INTEGER", "Class of the ticket: 1 is first (upper), 3 is third (lower)",
        allowed=(1, 2, 3), known_as=("passenger_class",),
    ),
    Column(
        "name", "TEXT", "Surname, title and given names; a maiden name in brackets", may_be_unknown=True,
    ),
    Column("sex", "TEXT", "Sex as recorded", allowed=("male", "female"), known_as=("is_male",)),
    Column(
        "age", "REAL", "Age at the voyage; a fraction below 1 year, xx.5 where it was estimated",
        unit="years", minimum=0, maximum=120, may_be_unknown=True,
    ),
    Column(
        "sibsp", "INTEGER", "Siblings and spouses of this passenger on board", unit="people",
        minimum=0, maximum=20,
    ),
    Column(
        "parch", "INTEGER", "Parents and children of this passenger on board", unit="people",
        minimum=0, maximum=20,
    ),
    Column("ticket", "TEXT", "Ticket number; people who travelled together share one", may_be_unknown=True),
    Column(
        "fare", "REAL", "Price of the whole ticket, which may cover several people", unit="pounds of 1912",
        minimum=0, maximum=10_000, may_be_unknown=True,
    ),
    Column(
        "cabin", "TEXT", "Cabin or cabins; the letter is the deck", may_be_unknown=True,
    ),
    Column(
        "embarked", "TEXT", "Port of boarding: C is Cherbourg, Q Queenstown, S Southampton",
        allowed=("C", "Q", "S"), may_be_unknown=True,
    ),
)  # fmt: skip
"""The twelve columns, in the table's order. Meanings: the Kaggle data dictionary, see data/README.md."""

COLUMN_NAMES: tuple[str, ...] = tuple(column.name for column in COLUMNS)


def create_table_sql() -> str:
    """The CREATE TABLE statement of `titanic`, STRICT so that SQLite itself refuses a wrong type."""
    return f"CREATE TABLE {TABLE} ({', '.join(column.declaration for column in COLUMNS)}) STRICT"


@dataclass(frozen=True)
class SourceFailure:
    """A source that was tried before the one that worked, and why it gave nothing (one sentence)."""

    source: str
    cause: str


@dataclass(frozen=True)
class BuildRecord:
    """How the published table came to be: the one row of `titanic_build`.

    `origin` is a URL without secrets, a dataset with its revision, or a file's name; `sha256` is that of
    the raw file; `built_at` is UTC in ISO 8601; `seconds` is the time from opening the raw file to the
    finished, checked temporary file; `failed_sources` are those tried before `source`.
    """

    source: str
    origin: str
    sha256: str
    rows: int
    built_at: str
    flow_run_id: str | None
    seconds: float
    failed_sources: tuple[SourceFailure, ...] = field(default=())


BUILD_TABLE_SQL = f"""CREATE TABLE {BUILD_TABLE} (
  source TEXT NOT NULL, origin TEXT NOT NULL, sha256 TEXT NOT NULL, rows INTEGER NOT NULL,
  built_at TEXT NOT NULL, flow_run_id TEXT, seconds REAL NOT NULL, failed_sources TEXT NOT NULL
) STRICT"""


def build_record_to_row(record: BuildRecord) -> dict[str, Any]:
    """The record as column -> value for `titanic_build`; failed sources become a JSON list."""
    row = asdict(record)
    row["failed_sources"] = json.dumps(row["failed_sources"], ensure_ascii=False)
    return row


@contextmanager
def open_readonly(database: Path, *, one_thread: bool = True) -> Iterator[sqlite3.Connection]:
    """A connection that cannot write, lock or create anything; errors inside become `TableUnavailable`.

    Not `one_thread`: several may use it, one after the other.
    """
    if not database.is_file():
        raise TableUnavailable(
            "There is no Titanic table yet.", "Build it: `titanic-pipeline`, or Rebuild data."
        )
    try:
        with closing(
            sqlite3.connect(
                f"{database.resolve().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=one_thread
            )
        ) as connection:
            connection.row_factory = sqlite3.Row
            yield connection
    except sqlite3.DatabaseError as error:
        raise TableUnavailable(
            f"The table's file cannot be read ({error}).", "Rebuild the data; the file will be replaced."
        ) from error


def read_build_record(database: Path) -> BuildRecord:
    """The record of the build that published this table; raises `TableUnavailable`."""
    with open_readonly(database) as connection:
        row = connection.execute(f"SELECT * FROM {BUILD_TABLE}").fetchone()
    if row is None:
        raise TableUnavailable(
            "The table has no build record.", "Rebuild the data; the file will be replaced."
        )
    values = dict(row)
    failures = tuple(SourceFailure(**failure) for failure in json.loads(values.pop("failed_sources")))
    return BuildRecord(**values, failed_sources=failures)


def count_unknowns(database: Path) -> dict[str, int]:
    """For each column the number of rows in which it is NULL."""
    counts = ", ".join(f"COUNT(*) - COUNT({name}) AS {name}" for name in COLUMN_NAMES)
    with open_readonly(database) as connection:
        return dict(connection.execute(f"SELECT {counts} FROM {TABLE}").fetchone())


PANDAS_TYPES: dict[SqliteType, str] = {"INTEGER": "Int64", "REAL": "Float64", "TEXT": "string"}
"""Nullable types, in which unknown is `<NA>`, never -1, NaN or an empty string."""


def read_passengers(database: Path, limit: int | None = None) -> pd.DataFrame:
    """The table as a DataFrame: the twelve columns in order, nullable types, unknown as `<NA>`.

    `limit` bounds the number of rows, in passenger_id order; None reads all. Raises `TableUnavailable`.
    """
    import pandas as pd  # 0.4 s: paid only by those who want a DataFrame

    query = f"SELECT {', '.join(COLUMN_NAMES)} FROM {TABLE} ORDER BY passenger_id LIMIT ?"
    with open_readonly(database) as connection:
        rows = [tuple(row) for row in connection.execute(query, (-1 if limit is None else limit,))]
    frame = pd.DataFrame.from_records(rows, columns=list(COLUMN_NAMES))
    return frame.astype({column.name: PANDAS_TYPES[column.type] for column in COLUMNS})
