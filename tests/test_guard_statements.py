"""Hostile statements get nothing and change nothing; ordinary ones give what plain SQLite gives.

All run in a folder of their own on a copy of the built table. After each, the file's bytes, the names in
the folder and the memory of the process that ran it are looked at. The whole file's figures are printed
at its end (`pytest -s`).
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from data_pipeline.plain_pipeline import run_plain
from data_pipeline.table import read_build_record
from llm_agent.errors import AgentError, QueryRefused
from llm_agent.guard.sql_pool import SqlPool
from llm_agent.query_result import QueryResult, result_for_model
from llm_agent.readonly_sql import run_select
from tests.hostile_statements import COSTLY, GIVES_NOTHING
from tests.ordinary_statements import OF_THE_SCHEMA, ORDINARY

MEGABYTE = 1024 * 1024
GIVES_NOTHING_CASES = [(family, sql) for family, many in GIVES_NOTHING.items() for sql in many]
COSTLY_CASES = [(family, sql) for family, many in COSTLY.items() for sql in many]
ORDINARY_CASES = [(family, sql) for family, many in ORDINARY.items() for sql in many]


class Arena:
    """A folder with a built table, a pool whose processes are watched, and what was seen in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = folder / "titanic.sqlite"
        run_plain("snapshot", self.database)
        self.secrets = [read_build_record(self.database).sha256, str(folder), "failed_sources"]
        self.before = self.look()
        self.pool = SqlPool(warm_workers=1)
        self.peak_bytes = 0
        self.slowest_s = 0.0
        self.statements = 0
        self._end = threading.Event()
        self._watch = threading.Thread(target=self._watch_memory)
        self._watch.start()

    def look(self) -> tuple[str, list[str]]:
        """The database's sha256 and every name in the folder."""
        names = sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*"))
        return hashlib.sha256(self.database.read_bytes()).hexdigest(), names

    def ask(self, sql: str, timeout_s: float = 0.5) -> QueryResult | AgentError:
        """What the guard gives or raises, after checking all that must hold whatever it is."""
        started = time.monotonic()
        try:
            outcome: QueryResult | AgentError = run_select(
                sql, self.database, timeout_s=timeout_s, pool=self.pool
            )
        except AgentError as error:
            outcome = error
        self.slowest_s = max(self.slowest_s, time.monotonic() - started)
        self.statements += 1
        assert self.look() == self.before
        shown = str(outcome) if isinstance(outcome, AgentError) else result_for_model(outcome)
        assert not [secret for secret in self.secrets if secret in shown]
        assert len(shown.encode()) <= 20_000
        return outcome

    def close(self) -> None:
        """End the watching and the processes."""
        self._end.set()
        self._watch.join()
        self.pool.close()

    def _watch_memory(self) -> None:
        while not self._end.wait(0.005):
            for pid in self.pool.pids():
                try:
                    self.peak_bytes = max(self.peak_bytes, psutil.Process(pid).memory_info().rss)
                except psutil.Error:  # it has just ended
                    continue


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    """One arena for this file; its folder is also the processes' working directory."""
    folder = tmp_path_factory.mktemp("arena")
    here = Path.cwd()
    os.chdir(folder)
    arena = Arena(folder)
    arena.pool.warm_up()
    yield arena
    os.chdir(here)
    arena.close()
    figures = f"{arena.statements} statements, slowest {arena.slowest_s:.2f} s"
    sys.stdout.write(f"\nguard: {figures}, largest process {arena.peak_bytes / MEGABYTE:.0f} MB\n")


def name_of(value: object) -> str:
    """A short name for a statement in pytest's list."""
    return " ".join(ascii(value)[1:60].split())


@pytest.mark.parametrize(("family", "sql"), GIVES_NOTHING_CASES, ids=name_of)
def test_a_hostile_statement_gets_nothing(arena: Arena, family: str, sql: str) -> None:
    """It is refused or fails, with a cause and a remedy, and no byte, name or secret has moved."""
    outcome = arena.ask(sql)
    assert isinstance(outcome, AgentError), f"{family}: {outcome}"
    assert outcome.cause.endswith(".")
    assert outcome.remedy.endswith(".")
    assert len(str(outcome)) < 600


@pytest.mark.parametrize("family", ["changing rows", "changing the schema", "pragmas", "several statements"])
def test_what_is_not_allowed_is_refused_and_not_called_a_mistake(arena: Arena, family: str) -> None:
    """A model that hears `QueryRefused` knows that no other spelling will work."""
    outcomes = {sql: arena.ask(sql) for sql in GIVES_NOTHING[family]}
    assert not [sql for sql, outcome in outcomes.items() if not isinstance(outcome, QueryRefused)]


@pytest.mark.parametrize("family", [family for family in GIVES_NOTHING if family != "not SQL"])
def test_sqlite_itself_refuses_whatever_the_text_looks_like(arena: Arena, family: str) -> None:
    """Handed straight to a worker, past the look at its first word, a statement gets nothing either."""
    request = {"path": str(arena.database), "max_rows": 200}
    answers = {sql: arena.pool.ask({**request, "sql": sql}, 0.5) for sql in GIVES_NOTHING[family]}
    assert arena.look() == arena.before
    plans = {sql for sql in answers if sql.startswith("EXPLAIN") and not sql.endswith("titanic_build")}
    assert [sql for sql, answer in answers.items() if answer.get("rows") and sql not in plans] == []


@pytest.mark.parametrize(("family", "sql"), COSTLY_CASES, ids=name_of)
def test_a_costly_statement_stays_within_every_bound(arena: Arena, family: str, sql: str) -> None:
    """It answers or fails within its time and the grace; the next statement works at once."""
    started = time.monotonic()
    outcome = arena.ask(sql)
    assert time.monotonic() - started < 5
    if family in ("endless", "one long call"):
        assert isinstance(outcome, AgentError)
    after = arena.ask("SELECT COUNT(*) FROM titanic", 2)
    assert isinstance(after, QueryResult)
    assert after.rows == ((891,),)


@pytest.mark.parametrize(("family", "sql"), ORDINARY_CASES, ids=name_of)
def test_an_ordinary_statement_gives_what_plain_sqlite_gives(arena: Arena, family: str, sql: str) -> None:
    """Columns and rows are those of an unguarded connection to the same file, up to 200 rows."""
    with closing(sqlite3.connect(f"{arena.database.as_uri()}?mode=ro&immutable=1", uri=True)) as plain:
        cursor = plain.execute(sql)
        expected = cursor.fetchall()
    result = arena.ask(sql, 2)
    assert isinstance(result, QueryResult), result
    assert list(result.columns) == [column[0] for column in cursor.description]
    assert list(result.rows) == expected[:200]
    assert result.truncated == (len(expected) > 200)


@pytest.mark.parametrize("sql", OF_THE_SCHEMA, ids=name_of)
def test_the_schema_can_be_asked_for(arena: Arena, sql: str) -> None:
    """There are rows, and none speaks of the tables beside `titanic`."""
    result = arena.ask(sql)
    assert isinstance(result, QueryResult), result
    assert result.rows
    assert "titanic_" not in result_for_model(result)


def test_there_are_enough_statements_of_both_kinds(record_property) -> None:
    """At least 150 hostile and 80 ordinary statements, none twice."""
    hostile = [sql for _, sql in GIVES_NOTHING_CASES + COSTLY_CASES]
    ordinary = [sql for _, sql in ORDINARY_CASES] + OF_THE_SCHEMA
    record_property("hostile statements", len(hostile))
    record_property("ordinary statements", len(ordinary))
    assert len(set(hostile)) == len(hostile) >= 150
    assert len(set(ordinary)) == len(ordinary) >= 80


def test_no_statement_of_this_file_took_too_much(arena: Arena, record_property) -> None:
    """The largest process stayed below 256 MB and the slowest statement below 5 s."""
    record_property("peak MB", round(arena.peak_bytes / MEGABYTE))
    record_property("slowest s", round(arena.slowest_s, 2))
    assert 0 < arena.peak_bytes < 256 * MEGABYTE
    assert arena.slowest_s < 5
