"""Whichever source built it, the table is the same: the check figures of data/README.md, cell by cell."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from data_pipeline.plain_pipeline import run_plain
from data_pipeline.settings import Settings
from data_pipeline.table import COLUMN_NAMES
from tests.faulty_server import FaultyServer
from tests.local_hub import LocalHub

pytestmark = pytest.mark.timeout(120)
FIGURES = """SELECT COUNT(*), SUM(survived), SUM(age IS NULL), SUM(cabin IS NULL), SUM(embarked IS NULL),
ROUND(AVG(fare), 4), ROUND(AVG(age), 4) FROM titanic"""
KNOWN_FIGURES = (891, 342, 177, 687, 2, 32.2042, 29.6991)


def rows_of(database: Path, query: str) -> list[tuple[object, ...]]:
    """The rows of a query on this file."""
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(query).fetchall()


@pytest.mark.parametrize("source", ["hub", "url", "auto"])
def test_every_source_gives_the_same_table(
    source: str, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hub, URL and automatic choice give the snapshot's table; the Hub's missing names are NULL."""
    with LocalHub() as hub, FaultyServer() as web:
        for name, value in {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "hf"), "NO_PROXY": "*"}.items():
            monkeypatch.setenv(name, value)
        here = settings.model_copy(update={"csv_url": f"{web.url}/ok.csv"})
        record = run_plain(source, settings=here)
    run_plain("snapshot", database=tmp_path / "snapshot.sqlite")
    assert rows_of(settings.database, FIGURES) == [KNOWN_FIGURES]
    has_names = record.source != "hub"
    columns = [name for name in COLUMN_NAMES if has_names or name != "name"]
    query = f"SELECT {', '.join(columns)} FROM titanic ORDER BY passenger_id"
    assert rows_of(settings.database, query) == rows_of(tmp_path / "snapshot.sqlite", query)
    assert rows_of(settings.database, "SELECT COUNT(name) FROM titanic") == [(891 if has_names else 0,)]
