"""Altered copies of the table, on which answers from memory are wrong: "right" then means computed.

- `shuffled`: 137 passengers are gone, and each column's values were dealt anew among the others, then some
  were changed. Every group has another size, rate and average than before.
- `edges`: what trips a query up. The highest fare and the highest age are shared by several passengers,
  nobody boarded at Queenstown, no woman of the first class died, no age is known in the second class, and no
  cabin at all.

Both keep the contract's schema, types and allowed values, and come out the same each time. Names stay, so
that a question about a person can be asked of each.
"""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from data_pipeline.table import BUILD_TABLE, TABLE
from llm_agent.errors import EvaluationError
from llm_agent.evaluation.questions import REAL, TABLE_NAMES

DEALT = (
    ("survived", 7919), ("pclass", 6733), ("sex", 5477), ("age", 4421), ("sibsp, parch", 3571),
    ("ticket, fare", 2749), ("cabin", 1933), ("embarked", 1151),
)  # fmt: skip
"""Columns that keep together, and the prime that sets the order in which their values are dealt."""

MODULUS = 999_983  # a prime above any passenger_id here: multiplying by a smaller prime permutes the ids

SHUFFLED = (
    f"DELETE FROM {TABLE} WHERE passenger_id * 3557 % 891 < 137",
    *(
        f"""UPDATE {TABLE} SET ({columns}) = (
            SELECT {columns} FROM (
                SELECT {columns}, ROW_NUMBER() OVER (
                    ORDER BY passenger_id * {prime} % {MODULUS} % 1009, passenger_id) AS place
                FROM before) AS dealt
            JOIN (
                SELECT passenger_id, ROW_NUMBER() OVER (ORDER BY passenger_id) AS place FROM before) AS seats
            USING (place) WHERE seats.passenger_id = {TABLE}.passenger_id)"""
        for columns, prime in DEALT
    ),
    f"UPDATE {TABLE} SET survived = 1 - survived WHERE passenger_id % 3 = 0",
    f"UPDATE {TABLE} SET sex = CASE sex WHEN 'male' THEN 'female' ELSE 'male' END WHERE passenger_id % 4 = 0",
    f"UPDATE {TABLE} SET age = age + 4 WHERE age BETWEEN 5 AND 60",
    f"UPDATE {TABLE} SET fare = ROUND(fare * 1.25 + 1, 2) WHERE fare > 0",
    f"UPDATE {TABLE} SET embarked = CASE embarked WHEN 'S' THEN 'Q' ELSE 'S' END WHERE passenger_id % 5 = 0",
    f"UPDATE {TABLE} SET sibsp = sibsp + 1 WHERE sibsp > 0 AND passenger_id % 2 = 0",
    f"UPDATE {TABLE} SET pclass = 1 + pclass % 3 WHERE passenger_id % 7 = 0",
)
EDGES = (
    f"UPDATE {TABLE} SET fare = 263.0 WHERE fare > 263",
    f"UPDATE {TABLE} SET age = 70 WHERE age > 70",
    f"UPDATE {TABLE} SET embarked = 'S' WHERE embarked = 'Q'",
    f"UPDATE {TABLE} SET survived = 1 WHERE sex = 'female' AND pclass = 1",
    f"UPDATE {TABLE} SET age = NULL WHERE pclass = 2",
    f"UPDATE {TABLE} SET cabin = NULL",
    f"DELETE FROM {TABLE} WHERE pclass = 3 AND sex = 'male' AND passenger_id % 2 = 0",
)
ALTERATIONS = {"shuffled": SHUFFLED, "edges": EDGES}


def make_tables(real: Path, folder: Path, names: tuple[str, ...] = TABLE_NAMES) -> dict[str, Path]:
    """The table files by name; copies are written into `folder`, the real table is only read.

    Raises `EvaluationError` when there is no table.
    """
    if not real.is_file():
        raise EvaluationError(
            "There is no Titanic table yet.", "Build it: `titanic-pipeline`, or Rebuild data."
        )
    return {
        name: real if name == REAL else _altered_copy(real, folder / f"{name}.sqlite", name) for name in names
    }


def data_digest(database: Path) -> str:
    """A digest of the rows of the table, whatever else the file holds; the same for the same data."""
    digest = hashlib.sha256()
    with closing(
        sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
    ) as connection:
        for row in connection.execute(f"SELECT * FROM {TABLE} ORDER BY passenger_id"):
            digest.update(repr(row).encode())
    return digest.hexdigest()[:12]


def _altered_copy(real: Path, copy: Path, name: str) -> Path:
    shutil.copyfile(real, copy)
    with closing(sqlite3.connect(copy)) as connection, connection:
        connection.execute(f"CREATE TEMP TABLE before AS SELECT * FROM {TABLE}")
        for statement in ALTERATIONS[name]:
            connection.execute(statement)
            connection.execute("DELETE FROM before")
            connection.execute(f"INSERT INTO before SELECT * FROM {TABLE}")
        connection.execute("DROP TABLE IF EXISTS titanic_cube")  # its sums are those of the real table
        rows = connection.execute(f"SELECT COUNT(*) FROM {TABLE}").fetchone()[0]
        connection.execute(f"UPDATE {BUILD_TABLE} SET origin = ?, rows = ?", (f"altered copy: {name}", rows))
    return copy
