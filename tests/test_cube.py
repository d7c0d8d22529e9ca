"""The chart cube: its figures are those of the table it was counted with."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_pipeline.cube import (
    AGE_BINS,
    AGES,
    CHART_TABLES,
    CUBE_TABLE,
    DERIVED,
    FARE_BINS,
    FARES,
    ROLLUPS,
    ChartTable,
)
from data_pipeline.group_sums import MANY_ROWS
from data_pipeline.publish import publish
from data_pipeline.settings import snapshot_path
from data_pipeline.table import COLUMN_NAMES, COLUMNS
from tests.passenger_files import HEADER, query, raw_file, write_passengers, write_text

DERIVED_SQL = ", ".join(f"{dimension.from_table} AS {dimension.name}" for dimension in DERIVED)
PASSENGERS = f"(SELECT *, {DERIVED_SQL} FROM titanic)"
MEASURES_SQL = """COUNT(*), COUNT(age), TOTAL(age), COUNT(fare), TOTAL(fare), COUNT(cabin), COUNT(name),
  COUNT(ticket)"""


@pytest.fixture(scope="module", params=["shipped", "many", "odd"])
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tables of the shipped rows, of several batches, and of rows with every kind of unknown."""
    folder = tmp_path_factory.mktemp("cube")
    sources = {
        "shipped": lambda: snapshot_path(),
        "many": lambda: write_passengers(folder / "a.csv", MANY_ROWS + 30_000),
        "odd": lambda: write_passengers(folder / "a.csv", 3_000, _make_odd),
    }
    publish(raw_file(sources[request.param]()), folder / "t.sqlite")
    return folder / "t.sqlite"


def _make_odd(number: int, row: list[str]) -> list[str]:
    """Unknown names, tickets, fares and ports, large families, cabins of no deck, odd ages."""
    if number % 7 == 0:
        row[COLUMN_NAMES.index("name")] = row[COLUMN_NAMES.index("ticket")] = ""
    changes = {"fare": ("", 11), "embarked": ("", 13), "sibsp": ("15", 17), "cabin": ("äX 1", 19)}
    for name, (value, every) in changes.items():
        if number % every == 0:
            row[COLUMN_NAMES.index(name)] = value
    if number % 23 == 0:
        row[COLUMN_NAMES.index("age")] = f"{number % 120}.{number % 97}"
    return row


@pytest.mark.parametrize("table", ROLLUPS, ids=lambda table: table.name)
def test_every_row_of_a_chart_table_equals_the_table(database: Path, table: ChartTable) -> None:
    """Grouping the table in SQL gives the same combinations, counts and sums, over several batches too."""
    names = ", ".join(dimension.name for dimension in table.dimensions)
    counted = query(database, f"SELECT * FROM {table.name} ORDER BY {names}")
    expected = query(
        database, f"SELECT {names}, {MEASURES_SQL} FROM {PASSENGERS} GROUP BY {names} ORDER BY {names}"
    )
    assert len(counted) == len(expected) > 100
    groups = len(table.dimensions)
    for mine, other in zip(counted, expected, strict=True):
        assert mine[:groups] == other[:groups]
        assert mine[groups:] == pytest.approx(other[groups:], rel=1e-12)


@pytest.mark.parametrize("table", [AGES, FARES], ids=lambda table: table.name)
def test_fine_values_add_up_to_the_table(database: Path, table: ChartTable) -> None:
    """Within each group of passengers the fine counts hold all known values, and their sum."""
    names, column = "pclass, sex, embarked, survived, alone", table.measures[1].name
    counted = query(
        database,
        f"SELECT {names}, SUM(rows), SUM({column}) FROM {table.name} GROUP BY {names} ORDER BY {names}",
    )
    value = column.removesuffix("_sum")
    expected = query(
        database,
        f"SELECT {names}, COUNT(*), SUM({value}) FROM {PASSENGERS} WHERE {value} IS NOT NULL "
        f"GROUP BY {names} ORDER BY {names}",
    )
    for mine, other in zip(counted, expected, strict=True):
        assert mine[:-1] == other[:-1]
        assert mine[-1] == pytest.approx(other[-1], rel=1e-12)


def test_fine_values_keep_apart_what_differs_enough(database: Path) -> None:
    """Ages a tenth of a year apart and fares more than 1 % apart are never counted as one."""
    for table, column, apart in (
        (AGES, "age", lambda a: a + 0.1),
        (FARES, "fare", lambda f: f * 1.01 + 0.01),
    ):
        means = query(
            database,
            f"SELECT {column}_step, MIN({column}_sum / rows), MAX({column}_sum / rows) "
            f"FROM {table.name} GROUP BY 1",
        )
        assert all(high <= apart(low) for _, low, high in means)


def test_bounds_fall_into_their_own_bin_and_unknown_into_none(tmp_path: Path) -> None:
    """A number on the lower bound of a bin counts there; an unknown one in the bin NULL with no sum."""
    cells = [(f"{bound}", "0", bound, 0) for bound in AGE_BINS] + [("0", f"{b}", 0, b) for b in FARE_BINS]
    cells += [("4.99", "9.99", 0, 5), ("120", "10000", 120, 5_000), ("", "", None, None)]
    for number, (age, fare, age_bin, fare_bin) in enumerate(cells):
        source = write_text(tmp_path / "a.csv", HEADER, f"1,0,3,,male,{age},0,0,,{fare},,")
        database = tmp_path / f"{number}.sqlite"
        publish(raw_file(source), database)
        (row,) = query(database, f"SELECT age_bin, fare_bin, age_known, fare_known FROM {CUBE_TABLE}")
        assert row == (age_bin, fare_bin, int(bool(age)), int(bool(fare)))


def test_the_bins_cover_what_the_contract_allows() -> None:
    """The first bins start at the least allowed age and fare; ages up to the greatest have a bin."""
    bounds = {column.name: (column.minimum, column.maximum) for column in COLUMNS}
    assert (AGE_BINS[0], FARE_BINS[0]) == (bounds["age"][0], bounds["fare"][0])
    assert AGE_BINS[-1] <= (bounds["age"][1] or 0) < AGE_BINS[-1] + 5
    assert list(FARE_BINS) == sorted(set(FARE_BINS))


@pytest.mark.parametrize("table", CHART_TABLES, ids=lambda table: table.name)
def test_the_contract_names_the_columns(database: Path, table: ChartTable) -> None:
    """Each chart table has the columns of the contract, in order, STRICT, each with a meaning."""
    info = query(database, f"SELECT name, type, \"notnull\" FROM pragma_table_info('{table.name}')")
    assert info == [(column.name, column.type, int(not column.may_be_unknown)) for column in table.columns]
    assert all(column.meaning for column in table.columns)
