"""Writes a large file of invented, Titanic-shaped passengers: unknowns, commas and quotes in names.

    python benchmarks/generate_passengers.py 10000000 passengers.csv [passengers.parquet]

Streams, so that 10 million rows (about 650 MB) need little memory and half a minute. The rows are drawn from
a pool of invented passengers; only the id is counted on. The same number of rows gives the same bytes.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

HEADER = "PassengerId,Survived,Pclass,Name,Sex,Age,SibSp,Parch,Ticket,Fare,Cabin,Embarked\n"
POOL_ROWS = 50_021  # a prime, so that the pool does not line up with any batch or page size
FAMILY_NAMES = ("Braund", "Cumings", "O'Dwyer", "van Billiard", "Östby", "Andersson", "de Messemaeker")
GIVEN_NAMES = ("Owen Harris", "Florence Briggs", "Laina", "Lily May", "Juha Niskanen", "Elizabeth Margaret")


def invent_passenger(chance: random.Random) -> str:
    """One CSV line after the id, in the proportions of the real table."""
    sex = chance.choices(("male", "female"), (65, 35))[0]
    title = "Mr." if sex == "male" else chance.choice(("Mrs.", "Miss."))
    nickname = f' ""{chance.choice(GIVEN_NAMES)}""' if chance.random() < 0.06 else ""
    name = f'"{chance.choice(FAMILY_NAMES)}, {title} {chance.choice(GIVEN_NAMES)}{nickname}"'
    age = "" if chance.random() < 0.2 else f"{max(0.42, chance.gauss(30, 14)):.4g}"
    ticket = chance.choice(("A/5 21171", "PC 17599", "STON/O2. 3101282", "113803", "349909"))
    cabin = f"{chance.choice('ABCDEF')}{chance.randint(1, 130)}" if chance.random() < 0.23 else ""
    fare = f"{chance.lognormvariate(2.9, 0.95):.6g}"
    port = chance.choices(("S", "C", "Q", ""), (72, 19, 8.8, 0.2))[0]
    survived = int(chance.random() < (0.74 if sex == "female" else 0.19))
    pclass = chance.choice((1, 2, 3, 3))
    relatives = f"{chance.choice((0, 0, 0, 1, 1, 2))},{chance.choice((0, 0, 0, 0, 1, 2))}"
    return f"{survived},{pclass},{name},{sex},{age},{relatives},{ticket},{fare},{cabin},{port}\n"


def write_csv(path: Path, rows: int) -> None:
    """Write this many passengers with ids from 1."""
    chance = random.Random(1912)  # noqa: S311 - repeatable, nothing secret
    pool = [invent_passenger(chance) for _ in range(POOL_ROWS)]
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(HEADER)
        for first in range(1, rows + 1, POOL_ROWS):
            ids = range(first, min(first + POOL_ROWS, rows + 1))
            file.write("".join([f"{identifier},{rest}" for identifier, rest in zip(ids, pool, strict=False)]))


def write_parquet(source: Path, path: Path) -> None:
    """Write the same rows as Parquet."""
    options = pyarrow.csv.ConvertOptions(
        strings_can_be_null=True,
        null_values=[""],
        column_types={"Age": pa.float64(), "Fare": pa.float64(), "Ticket": pa.string(), "Cabin": pa.string()},
    )
    with (
        pyarrow.csv.open_csv(source, convert_options=options) as reader,
        pyarrow.parquet.ParquetWriter(path, reader.schema) as writer,
    ):
        for group in _groups(reader):
            writer.write_table(group)


def _groups(reader: pyarrow.csv.CSVStreamingReader, batches_a_group: int = 64) -> Iterator[pa.Table]:
    waiting: list[pa.RecordBatch] = []
    for batch in reader:
        waiting.append(batch)
        if len(waiting) == batches_a_group:
            yield pa.Table.from_batches(waiting)
            waiting = []
    if waiting:
        yield pa.Table.from_batches(waiting)


if __name__ == "__main__":
    write_csv(Path(sys.argv[2]), int(sys.argv[1]))
    if len(sys.argv) > 3:
        write_parquet(Path(sys.argv[2]), Path(sys.argv[3]))
