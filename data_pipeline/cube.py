"""What the chart tables hold: passengers counted by their groups, so that a chart never scans the table.

`titanic_cube` has seven dimensions. Three siblings add the family's size, the deck, or both, and
`titanic_people` leaves ages and fares out; a chart reads the smallest that has what it needs.
`titanic_ages` and `titanic_fares` count single values, for medians and quartiles. NULL in a dimension means
"not recorded"; a mean is `SUM(age_sum) / SUM(age_known)`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from data_pipeline.table import COLUMNS, SqliteType

CUBE_TABLE = "titanic_cube"

AGE_BIN_YEARS = 5
"""Width of an age bin: 0 stands for ages from 0 to below 5."""

AGE_BINS: tuple[int, ...] = tuple(range(0, 121, AGE_BIN_YEARS))
"""Lower bounds of the age bins, up to the oldest age that the contract allows."""

FARE_BINS: tuple[int, ...] = (
    0, 1, 2, 5, 10, 15, 20, 30, 50, 75, 100, 150, 200, 300, 500, 1_000, 2_000, 5_000,
)  # fmt: skip
"""Lower bounds of the fare bins in pounds, a ladder near 1-2-5: half the passengers paid less than 15."""

FAMILY_SIZES: tuple[int, ...] = tuple(range(1, 9))
"""People of one family on board, the passenger among them; the last stands for it and all above."""

DECKS: tuple[str, ...] = ("A", "B", "C", "D", "E", "F", "G", "T")
"""First letters of the Titanic's cabins, from the top deck down (T: a cabin on the boat deck)."""

OTHER_DECK = "other"
"""A cabin that begins with anything else."""


@dataclass(frozen=True)
class CubeColumn:
    """A column of a chart table: its name, SQLite type, what it means and whether it may be NULL."""

    name: str
    type: SqliteType
    meaning: str
    may_be_unknown: bool = False

    @property
    def declaration(self) -> str:
        """This column as it stands in CREATE TABLE."""
        return f"{self.name} {self.type}" + ("" if self.may_be_unknown else " NOT NULL")


@dataclass(frozen=True)
class Dimension(CubeColumn):
    """A column to group by, with every value that it can have, NULL (None) last where it may be unknown.

    `from_table` is the SQL that gives it from a row of `titanic`.
    """

    members: tuple[Any, ...] = ()
    from_table: str = ""


def _bins_sql(column: str, lower_bounds: tuple[int, ...]) -> str:
    cases = " ".join(f"WHEN {column} >= {bound} THEN {bound}" for bound in reversed(lower_bounds))
    return f"CASE {cases} END"


_ALLOWED: dict[str, tuple[Any, ...]] = {column.name: column.allowed for column in COLUMNS}

PCLASS = Dimension(
    "pclass", "INTEGER", "Class of the ticket, as in the table", members=_ALLOWED["pclass"],
    from_table="pclass",
)  # fmt: skip
SEX = Dimension("sex", "TEXT", "Sex, as in the table", members=_ALLOWED["sex"], from_table="sex")
EMBARKED = Dimension(
    "embarked", "TEXT", "Port of boarding, as in the table", may_be_unknown=True,
    members=(*_ALLOWED["embarked"], None), from_table="embarked",
)  # fmt: skip
SURVIVED = Dimension(
    "survived", "INTEGER", "1 if these passengers survived, 0 if not", members=_ALLOWED["survived"],
    from_table="survived",
)  # fmt: skip
ALONE = Dimension(
    "alone", "INTEGER", "1 for passengers with no relatives on board (sibsp + parch = 0), else 0",
    members=(0, 1), from_table="sibsp + parch = 0",
)  # fmt: skip
FAMILY_SIZE = Dimension(
    "family_size", "INTEGER", f"sibsp + parch + 1; {FAMILY_SIZES[-1]} stands for that many or more",
    members=FAMILY_SIZES, from_table=f"MIN(sibsp + parch + 1, {FAMILY_SIZES[-1]})",
)  # fmt: skip
DECK = Dimension(
    "deck", "TEXT", f"First letter of the cabin; '{OTHER_DECK}' for one that is no deck of the Titanic",
    may_be_unknown=True, members=(*DECKS, OTHER_DECK, None),
    from_table=f"CASE WHEN substr(cabin, 1, 1) IN ({', '.join(repr(deck) for deck in DECKS)}) "
    f"THEN substr(cabin, 1, 1) WHEN cabin IS NOT NULL THEN '{OTHER_DECK}' END",
)  # fmt: skip
AGE_BIN = Dimension(
    "age_bin", "INTEGER", "Lower bound of the age bin, in years", may_be_unknown=True,
    members=(*AGE_BINS, None), from_table=f"CAST(age / {AGE_BIN_YEARS} AS INTEGER) * {AGE_BIN_YEARS}",
)  # fmt: skip
FARE_BIN = Dimension(
    "fare_bin", "INTEGER", "Lower bound of the fare bin, in pounds", may_be_unknown=True,
    members=(*FARE_BINS, None), from_table=_bins_sql("fare", FARE_BINS),
)  # fmt: skip

DIMENSIONS: tuple[Dimension, ...] = (PCLASS, SEX, EMBARKED, SURVIVED, ALONE, AGE_BIN, FARE_BIN)
DIMENSION_NAMES: tuple[str, ...] = tuple(column.name for column in DIMENSIONS)
DERIVED: tuple[Dimension, ...] = (ALONE, FAMILY_SIZE, DECK, AGE_BIN, FARE_BIN)
"""Dimensions that are no column of `titanic`, but follow from one."""

MEASURES: tuple[CubeColumn, ...] = (
    CubeColumn("rows", "INTEGER", "Number of passengers"),
    CubeColumn("age_known", "INTEGER", "Passengers whose age is known"),
    CubeColumn("age_sum", "REAL", "Sum of the known ages, in years"),
    CubeColumn("fare_known", "INTEGER", "Passengers whose fare is known"),
    CubeColumn("fare_sum", "REAL", "Sum of the known fares, in pounds"),
    CubeColumn("cabin_known", "INTEGER", "Passengers whose cabin is known"),
    CubeColumn("name_known", "INTEGER", "Passengers whose name is known"),
    CubeColumn("ticket_known", "INTEGER", "Passengers whose ticket number is known"),
)
CUBE_COLUMNS: tuple[CubeColumn, ...] = DIMENSIONS + MEASURES


@dataclass(frozen=True)
class ChartTable:
    """A table of counts: its name, the columns to group by, the columns to add up."""

    name: str
    dimensions: tuple[Dimension, ...]
    measures: tuple[CubeColumn, ...]

    @property
    def columns(self) -> tuple[CubeColumn, ...]:
        """All its columns, in order."""
        return (*self.dimensions, *self.measures)

    @property
    def shape(self) -> tuple[int, ...]:
        """How many values each dimension can have; their product bounds the rows of the table."""
        return tuple(len(dimension.members) for dimension in self.dimensions)

    @property
    def create_sql(self) -> str:
        """Its CREATE TABLE statement, STRICT like the table's."""
        return f"CREATE TABLE {self.name} ({', '.join(column.declaration for column in self.columns)}) STRICT"


_WHO = (PCLASS, SEX, EMBARKED, SURVIVED, ALONE)
PEOPLE = ChartTable("titanic_people", (*_WHO, FAMILY_SIZE, DECK), MEASURES)
CUBE = ChartTable(CUBE_TABLE, DIMENSIONS, MEASURES)
FAMILIES = ChartTable("titanic_families", (*_WHO, FAMILY_SIZE, AGE_BIN, FARE_BIN), MEASURES)
DECK_COUNTS = ChartTable("titanic_decks", (*_WHO, DECK, AGE_BIN, FARE_BIN), MEASURES)
GROUPS = ChartTable("titanic_groups", (*_WHO, FAMILY_SIZE, DECK, AGE_BIN, FARE_BIN), MEASURES)
ROLLUPS: tuple[ChartTable, ...] = (PEOPLE, CUBE, FAMILIES, DECK_COUNTS, GROUPS)
"""From the smallest to the one that has every dimension."""

AGE_STEPS_A_YEAR = 10
AGE_STEPS = 120 * AGE_STEPS_A_YEAR + 1
"""`titanic_ages` tells ages apart down to a tenth of a year."""

FARE_STEP_RATIO = 1.01
CHEAPEST_FARE_STEP = 0.01
FARE_STEPS = 1_390
"""`titanic_fares` tells fares apart down to 1 %, from a hundredth of a pound; step 0 is below that."""

AGES = ChartTable(
    "titanic_ages",
    (*_WHO, Dimension("age_step", "INTEGER", "Tenths of a year", members=tuple(range(AGE_STEPS)))),
    (MEASURES[0], CubeColumn("age_sum", "REAL", "Sum of these passengers' ages, in years")),
)
FARES = ChartTable(
    "titanic_fares",
    (*_WHO, Dimension("fare_step", "INTEGER", "Steps of 1 %", members=tuple(range(FARE_STEPS)))),
    (MEASURES[0], CubeColumn("fare_sum", "REAL", "Sum of these passengers' fares, in pounds")),
)
CHART_TABLES: tuple[ChartTable, ...] = (*ROLLUPS, AGES, FARES)


def create_cube_sql() -> str:
    """The CREATE TABLE statement of `titanic_cube`."""
    return CUBE.create_sql
