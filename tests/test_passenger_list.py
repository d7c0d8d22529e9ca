"""The list of passengers: pages follow each other, a search takes text as it is, a download is harmless."""

from __future__ import annotations

import csv
import io
import tracemalloc
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from data_pipeline.publish import publish
from data_pipeline.settings import snapshot_path
from data_pipeline.table import COLUMN_NAMES, read_passengers
from pages._chart_data import QueryTooSlow, fetch
from pages._chart_filters import Filters, from_address
from pages._csv_text import csv_lines, inert
from pages._passenger_csv import passengers_csv
from pages._passenger_queries import ORDERS, Position, count_query, page_query, stream
from pages._passenger_table import card_facts
from pages._plain_label import JOINER
from tests.passenger_files import HEADER, raw_file, write_passengers, write_text

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", '=cmd|" /C calc"!A0']


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The table of the shipped rows."""
    database = tmp_path_factory.mktemp("list") / "t.sqlite"
    publish(raw_file(snapshot_path()), database)
    return database


def all_pages(database: Path, order: str, filters: Filters, rows: int = 40) -> list[dict[str, Any]]:
    """Every passenger, fetched page by page as the list does."""
    found, after = [], None
    while page := fetch(database, page_query(filters, "", ORDERS[order], after, rows)):
        found += page
        after = Position(page[-1][ORDERS[order].column], page[-1]["passenger_id"])
    return found


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("address", [{}, {"class": "1", "pick-deck": "C,unknown"}], ids=str)
def test_pages_follow_each_other(database: Path, order: str, address: dict[str, str]) -> None:
    """In each order the pages together are all passengers once, sorted as pandas sorts, unknown last."""
    frame = read_passengers(database)
    if address:
        deck = frame["cabin"].str[0]
        frame = frame[(frame["pclass"] == 1) & (deck.isna() | (deck == "C"))]
    column, is_rising = ORDERS[order].column, not ORDERS[order].is_descending
    by = list(dict.fromkeys([column, "passenger_id"]))
    expected = frame.sort_values(by, ascending=[is_rising, True][: len(by)], na_position="last")
    pages = all_pages(database, order, from_address(address)[0])
    assert [row["passenger_id"] for row in pages] == list(expected["passenger_id"])


def test_a_page_by_number_does_not_read_what_it_skips(tmp_path: Path) -> None:
    """Half-way into a table a page costs SQLite no more steps than the first one."""
    publish(raw_file(write_passengers(tmp_path / "a.csv", 20_000)), tmp_path / "t.sqlite")
    page = page_query(Filters(), "", ORDERS["number"], Position(19_000, 19_000), 25)
    assert [row["passenger_id"] for row in fetch(tmp_path / "t.sqlite", page)] == [*range(19_001, 19_026)]
    plan = fetch(tmp_path / "t.sqlite", type(page)(f"EXPLAIN QUERY PLAN {page.sql}", page.parameters))
    assert "SEARCH titanic USING INTEGER PRIMARY KEY (rowid>?)" in plan[0]["detail"]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("braund", 2),
        ("Cumings John", 1),
        ("PC 17599", 1),
        ("100%", 0),
        ("_", 0),
        ("'", 9),
        ("\\", 0),
        ("; --", 0),
    ],
)
def test_a_search_takes_text_as_it_is(database: Path, search: str, found: int) -> None:
    """Words are found in names and tickets, upper or lower case; signs of LIKE and SQL mean themselves."""
    frame = read_passengers(database)
    expected = frame
    for word in search.split():
        in_name = expected["name"].str.contains(word, case=False, regex=False)
        in_ticket = expected["ticket"].str.contains(word, case=False, regex=False)
        expected = expected[in_name | in_ticket]
    assert fetch(database, count_query(Filters(), search))[0]["passengers"] == len(expected) == found


def test_a_query_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    """A search over many rows stops at its limit instead of holding up the page."""
    publish(raw_file(write_passengers(tmp_path / "a.csv", 60_000)), tmp_path / "t.sqlite")
    with pytest.raises(QueryTooSlow):
        fetch(tmp_path / "t.sqlite", count_query(Filters(), "no such name"), limit_s=0.0)


def test_the_download_holds_every_match(database: Path) -> None:
    """The CSV has all passengers behind the filters, column for column what the table holds."""
    query = page_query(from_address({"class": "2"})[0], "", ORDERS["fare"], None, 10_000)
    frame = pd.read_csv(io.StringIO("".join(passengers_csv(database, query))))
    expected = read_passengers(database).query("pclass == 2")
    assert list(frame.columns) == list(COLUMN_NAMES)
    assert set(frame["passenger_id"]) == set(expected["passenger_id"])
    assert frame["fare"].sum() == pytest.approx(expected["fare"].sum())
    assert frame["age"].isna().sum() == expected["age"].isna().sum()


def test_no_cell_of_a_download_acts_as_a_formula(tmp_path: Path) -> None:
    """Texts that a spreadsheet would run get an apostrophe; others, numbers and unknowns stay as they are."""
    quoted = ['"' + formula.replace('"', '""') + '"' for formula in FORMULAS]
    lines = [f"{number},0,3,{name},male,22,0,0,{name},7.25,{name}," for number, name in enumerate(quoted, 1)]
    publish(raw_file(write_text(tmp_path / "a.csv", HEADER, *lines)), tmp_path / "t.sqlite")
    query = page_query(Filters(), "", ORDERS["number"], None, 100)
    text = "".join(passengers_csv(tmp_path / "t.sqlite", query))
    rows = list(csv.DictReader(io.StringIO(text)))
    for name in ("name", "ticket", "cabin"):
        assert [row[name] for row in rows] == [f"'{formula}" for formula in FORMULAS]
    assert [inert(cell) for cell in (-1, -0.5, None, "Braund", "7-x")] == [-1, -0.5, None, "Braund", "7-x"]


def test_csv_is_written_in_bounded_memory(tmp_path: Path) -> None:
    """Ten times the rows do not need more memory: the text comes in pieces."""
    publish(raw_file(write_passengers(tmp_path / "a.csv", 40_000)), tmp_path / "t.sqlite")

    def peak(rows: int) -> int:
        query = page_query(Filters(), "", ORDERS["number"], None, rows)
        tracemalloc.start()
        for _ in csv_lines(COLUMN_NAMES, stream(tmp_path / "t.sqlite", query)):
            pass
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    assert peak(40_000) < 1.5 * peak(4_000)


def test_a_card_says_what_is_known(database: Path) -> None:
    """A passenger's card gives each fact in words, unknown ones as such, and no markup from the data."""
    find = partial(fetch, database)
    row = find(page_query(Filters(), "Moran, Mr. James", ORDERS["number"], None, 1))[0]
    facts = card_facts(row)
    assert (facts["Age"], facts["Cabin"], facts["Boarded at"]) == ("unknown", "unknown", "Queenstown")
    assert facts["Ticket"] == "330877, £8.46 for the whole ticket"
    assert card_facts(row | {"cabin": "![x](http://h)"})["Cabin"] == rf"\!\[x\]\(http{JOINER}\://h\)"
