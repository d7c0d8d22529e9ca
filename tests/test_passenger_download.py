"""The download of all passengers, asked of a real server: whole, safe, and calm when something is wrong."""

from __future__ import annotations

import csv
import io
import shutil
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection, HTTPResponse, IncompleteRead
from pathlib import Path

import pytest

from data_pipeline.publish import publish
from data_pipeline.settings import snapshot_path
from data_pipeline.table import COLUMN_NAMES, read_passengers
from pages._chart_data import QueryTooSlow
from pages._chart_filters import Filters, from_address
from pages._passenger_csv import link, passengers_csv, query_of
from pages._passenger_queries import stream
from pages._security import HEADERS
from tests.browser import running_app
from tests.passenger_files import raw_file, write_passengers

pytestmark = pytest.mark.timeout(120)
BASE = "workshop/room-1"


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The table of the shipped rows."""
    database = tmp_path_factory.mktemp("download") / "shipped.sqlite"
    publish(raw_file(snapshot_path()), database)
    return database


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Host and port of an app below a base path, and where it looks for its table."""
    home = tmp_path_factory.mktemp("served")
    database = home / "titanic.sqlite"
    environment = {"TITANIC_DB": str(database), "PREFECT_HOME": str(home / "prefect")}
    with running_app(environment, base=BASE) as address:
        yield address.split("/")[2], database


@pytest.fixture
def host(served: tuple[str, Path], shipped: Path) -> str:
    """Host and port of the app, with the shipped rows in place."""
    shutil.copyfile(shipped, served[1])
    return served[0]


def ask(host: str, query: str = "", method: str = "GET") -> tuple[HTTPResponse, str]:
    """The answer and its text."""
    with closing(HTTPConnection(host, timeout=30)) as connection:
        connection.request(method, f"/{BASE}/passengers.csv{query}")
        with connection.getresponse() as answer:
            return answer, answer.read().decode()


def test_the_file_holds_every_match_and_is_saved_not_shown(host: str, shipped: Path) -> None:
    """Filters, search and order of the address make the rows; headers make a file, on a safe response."""
    answer, text = ask(host, "?class=2&search=mr&order=fare")
    rows = list(csv.DictReader(io.StringIO(text)))
    frame = read_passengers(shipped)
    found = frame["name"].str.contains("mr", case=False) | frame["ticket"].str.contains("mr", case=False)
    expected = frame[(frame["pclass"] == 2) & found]
    assert list(rows[0]) == list(COLUMN_NAMES)
    assert sorted(int(row["passenger_id"]) for row in rows) == list(expected["passenger_id"])
    fares = [float(row["fare"]) for row in rows]
    assert fares == sorted(fares, reverse=True)
    assert answer.status == 200
    assert answer.headers["Content-Disposition"] == 'attachment; filename="titanic-passengers.csv"'
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS


@pytest.mark.parametrize(
    "query",
    ["", "?class=9&age=x&order=;drop&fare=-&zzz=1", "?class=%00&order=%ff", "?" + "a=1&" * 500],
    ids=["none", "wrong", "bytes", "many"],
)
def test_what_makes_no_sense_is_left_out(host: str, query: str) -> None:
    """Parameters that mean nothing change nothing: all passengers come."""
    answer, text = ask(host, query)
    assert (answer.status, text.count("\r\n")) == (200, 892)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD", "OPTIONS"])
def test_only_get_is_answered(host: str, method: str) -> None:
    """Any other method is refused."""
    answer, _text = ask(host, method=method)
    assert (answer.status, answer.headers["Allow"]) == (405, "GET")


@pytest.mark.parametrize(
    ("content", "status", "words"),
    [(None, 404, "There is no Titanic table yet."), (b"no database" * 500, 503, "Rebuild the data")],
)
def test_without_a_table_a_sentence_says_so(
    served: tuple[str, Path], content: bytes | None, status: int, words: str
) -> None:
    """No table and a broken one give a plain sentence, without a path or a traceback."""
    host, database = served
    database.unlink(missing_ok=True)
    if content:
        database.write_bytes(content)
    answer, text = ask(host)
    assert (answer.status, answer.headers["Content-Type"]) == (status, "text/plain; charset=utf-8")
    assert words in text
    assert str(database.parent) not in text
    assert "Traceback" not in text
    assert database.exists() == bool(content)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("DROP TABLE titanic_people", "another version"),
        ("UPDATE titanic_build SET rows = 0", "no passengers"),
    ],
)
def test_an_unfit_table_is_refused_with_what_to_do(
    host: str, served: tuple[str, Path], change: str, words: str
) -> None:
    """A table of an older version, or one without rows, gives 503 and a sentence, not half a file."""
    with closing(sqlite3.connect(served[1])) as connection:
        connection.execute(change)
        connection.commit()
    answer, text = ask(host)
    assert answer.status == 503
    assert words in text
    assert "Rebuild the data" in text


def test_a_file_damaged_half_way_does_not_end_as_a_whole_one(
    served: tuple[str, Path], tmp_path: Path
) -> None:
    """Where reading fails after the download has begun, the client is told that the file is not complete."""
    host, database = served
    database.unlink(missing_ok=True)
    publish(raw_file(write_passengers(tmp_path / "a.csv", 60_000)), database)
    with closing(sqlite3.connect(database)) as connection:
        last = connection.execute(
            "SELECT pageno, pgsize FROM dbstat WHERE name = 'titanic' AND pagetype = 'leaf'"
            " ORDER BY path DESC LIMIT 1"
        ).fetchone()
    with database.open("r+b") as file:
        file.seek((last[0] - 1) * last[1])
        file.write(b"\xff" * last[1])
    with pytest.raises(IncompleteRead):
        ask(host)


def test_a_reader_who_goes_away_is_let_go(served: tuple[str, Path], tmp_path: Path) -> None:
    """Readers that leave in the middle, more of them than may read at once, keep nobody else waiting."""
    host, database = served
    database.unlink(missing_ok=True)
    publish(raw_file(write_passengers(tmp_path / "a.csv", 60_000)), database)
    for _ in range(12):
        name, _, port = host.partition(":")
        with socket.create_connection((name, int(port)), timeout=30) as reader:
            reader.sendall(f"GET /{BASE}/passengers.csv HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            assert reader.recv(1_000).startswith(b"HTTP/1.1 200")
    assert ask(host)[1].count("\r\n") == 60_001


def test_a_rebuild_does_not_mix_two_tables(shipped: Path, tmp_path: Path) -> None:
    """A download that has begun stays with the file it began with."""
    database = tmp_path / "t.sqlite"
    publish(raw_file(write_passengers(tmp_path / "a.csv", 30_000)), database)
    pieces = passengers_csv(database, query_of({}))
    first = next(pieces)
    shutil.copyfile(shipped, tmp_path / "new.sqlite")
    (tmp_path / "new.sqlite").replace(database)  # as `publish` does
    assert (first + "".join(pieces)).count("\r\n") == 30_001


def test_a_query_without_end_is_ended(shipped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream that finds no rows in its time is stopped."""
    monkeypatch.setattr("pages._chart_data.STEPS_BETWEEN_LOOKS", 1)
    with pytest.raises(QueryTooSlow):
        next(stream(shipped, query_of({"order": "name"}), limit_s=0.0))


def test_a_link_asks_for_what_the_page_shows() -> None:
    """The link's parameters are the page's own, and lie beside it, whatever the base path."""
    filters = from_address({"class": "1,3", "age": "20-35"})[0]
    assert link(filters, "O'Brien & co", "fare") == (
        "passengers.csv?class=1%2C3&age=20-35&search=O%27Brien+%26+co&order=fare"
    )
    assert link(Filters(), "", "number") == "passengers.csv"
