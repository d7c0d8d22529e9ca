"""The chart cube: its figures are those of the table it was counted with."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_pipeline.cube import AGE_BINS, CUBE_COLUMNS, CUBE_TABLE, FARE_BINS
from data_pipeline.publish import publish
from data_pipeline.settings import snapshot_path
from data_pipeline.table import COLUMNS
from tests.passenger_files import HEADER, query, raw_file, write_passengers, write_text

FARE_CASES = " ".join(f"WHEN fare >= {bound} THEN {bound}" for bound in reversed(FARE_BINS))
SAME_FROM_TABLE = f"""
  SELECT pclass, sex, embarked, survived, sibsp + parch = 0, CAST(age / 5 AS INTEGER) * 5,
    CASE {FARE_CASES} END, COUNT(*), COUNT(age), TOTAL(age), COUNT(fare), TOTAL(fare)
  FROM titanic GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 1, 2, 3, 4, 5, 6, 7
"""


@pytest.mark.parametrize("rows", [891, 70_000])
def test_every_cell_of_the_cube_equals_the_table(tmp_path: Path, rows: int) -> None:
    """Grouping the table in SQL gives the same combinations, counts and sums, over several batches too."""
    source = snapshot_path() if rows == 891 else write_passengers(tmp_path / "a.csv", rows)
    publish(raw_file(source), tmp_path / "t.sqlite")
    cube = query(tmp_path / "t.sqlite", f"SELECT * FROM {CUBE_TABLE} ORDER BY 1, 2, 3, 4, 5, 6, 7")
    expected = query(tmp_path / "t.sqlite", SAME_FROM_TABLE)
    assert len(cube) == len(expected) > 300
    assert [row[:9] + row[10:11] for row in cube] == [row[:9] + row[10:11] for row in expected]
    for mine, other in zip(cube, expected, strict=True):
        assert (mine[9], mine[11]) == pytest.approx((other[9], other[11]), rel=1e-12)


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


def test_the_contract_of_the_cube_names_its_columns(tmp_path: Path) -> None:
    """The table has the columns of the contract, in order, in a STRICT table, each with a meaning."""
    publish(raw_file(snapshot_path()), tmp_path / "t.sqlite")
    info = query(
        tmp_path / "t.sqlite", f"SELECT name, type, \"notnull\" FROM pragma_table_info('{CUBE_TABLE}')"
    )
    assert info == [(column.name, column.type, int(not column.may_be_unknown)) for column in CUBE_COLUMNS]
    assert all(column.meaning for column in CUBE_COLUMNS)
