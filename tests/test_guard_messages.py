"""What the guard says: enough for a model to mend its query at the first try, and never where the file is."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from data_pipeline.plain_pipeline import run_plain
from llm_agent.errors import AgentError
from llm_agent.guard import sql_dialect
from llm_agent.guard.sql_pool import SqlPool
from llm_agent.readonly_sql import QueryFailed, QueryRefused, run_select

COLUMNS = "passenger_id, survived, pclass, name, sex, age, sibsp, parch, ticket, fare, cabin, embarked"


@pytest.fixture(scope="module")
def pool() -> Iterator[SqlPool]:
    """One pool for this file."""
    with SqlPool(warm_workers=1) as pool:
        yield pool


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built table."""
    path = tmp_path_factory.mktemp("messages") / "titanic.sqlite"
    run_plain("snapshot", path)
    return path


def complaint(sql: str, database: Path, pool: SqlPool) -> AgentError:
    """What the guard raises for this statement."""
    with pytest.raises(AgentError) as caught:
        run_select(sql, database, timeout_s=1, pool=pool)
    assert str(database.parent) not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT Pclass_ FROM titanic", "no such column: Pclass_. Did you mean pclass?"),
        ("SELECT t.agee FROM titanic t", "no such column: t.agee. Did you mean age?"),
        ("SELECT gender FROM titanic", "Did you mean sex?"),
        ("SELECT passenger_class FROM titanic", "Did you mean pclass?"),
        ("SELECT PassengerId FROM titanic", "Did you mean passenger_id?"),
        ("SELECT nationality FROM titanic", f"The columns are {COLUMNS}."),
        ("SELECT age FROM titanic WHERE sex = female", "Text stands in single quotes: sex = 'female'."),
        ('SELECT age FROM titanic WHERE sex = "male"', "Text stands in single quotes: sex = 'male'."),
        ('SELECT AVG("agee") FROM titanic', "Did you mean age? If it is text, write 'agee' in single"),
        ('SELECT 1 FROM titanic WHERE name = "Åke"', "If it is text, write 'Åke' in single quotes."),
        ("SELECT u.age FROM titanic", "The column age exists, but not under this table or alias"),
        ("SELECT fare * 2 AS f, f + 1 FROM titanic", "f is an alias of this query"),
        ("SELECT * FROM passengers", "no such table: passengers. The only table is titanic, with the"),
        ("SELECT * FROM 'data/titanic.csv'", "The only table is titanic"),
        ("SELECT MEDIAN(age) FROM titanic", "no such function: MEDIAN. Take the middle rows: SELECT"),
        ("SELECT STDEV(age) FROM titanic", "AVG(age * age) - AVG(age) * AVG(age) is the variance"),
        ("SELECT YEAR(name) FROM titanic", "The table has no dates"),
        ("SELECT CONCAT(sex, name) FROM titanic", "a || ' ' || b"),
        ("SELECT LEFT(name, 3) FROM titanic", "substr(text, start, length)"),
        ("SELECT name FROM titanic WHERE name REGEXP 'x'", "LIKE"),
        ("SELECT WEIGHT(age) FROM titanic", "no such function: WEIGHT. Use SQLite's usual functions"),
        ("SELECT age::int FROM titanic", "CAST(value AS INTEGER)"),
        ("SELECT TOP 5 name FROM titanic", "statement at '5'. Write LIMIT at the end"),
        ("SELECT name FROM titanic WHERE name ILIKE 'a%'", "LIKE ignores case"),
        ("SELECT name FROM titanic LIMIT 5 QUALIFY 1", "subquery or CTE"),
        ("SELECT name FROM titanic FETCH FIRST 5 ROWS ONLY", "LIMIT n"),
        ("SELECT name FROM titanic WHERE (age > 3", "incomplete input. Finish it"),
        ("SELECT pclass FROM titanic WHERE COUNT(*) > 1", "Filter aggregates with HAVING"),
        ("SELECT age FROM titanic WHERE ROW_NUMBER() OVER () = 1", "in a subquery or CTE"),
        ("SELECT age FROM titanic a, titanic b", "Write the table's alias"),
        ("SELECT ROUND(age, 1, 2) FROM titanic", "arguments of SQLite's function"),
        ("SELECT json('x')", "valid JSON"),
        ("SELECT age FROM titanic WHERE age = ?", "Write the values into it."),
        ("SELECT printf('%2000000s', 1), hex(printf('%900000s', 1))", "at most a million characters"),
        ("SELECT COUNT(*) FROM titanic a, titanic b, titanic c", "stopped after 1 s. Make it cheaper"),
        ("SELECT DISTINCT printf('%900000s', name) FROM titanic", "needs more memory"),
        ("SELECT 1 WHERE " + " AND ".join(["1"] * 99), "split it into CTEs"),
        (" UNION ALL ".join(["SELECT 1"] * 99), "at most 20 SELECTs"),
    ],
)  # fmt: skip
def test_a_mistake_is_answered_with_the_way_out(sql: str, said: str, database: Path, pool: SqlPool) -> None:
    """The message names what was received and what to write instead."""
    error = complaint(sql, database, pool)
    assert isinstance(error, QueryFailed)
    assert said in str(error)


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("DROP TABLE titanic", "DROP is not allowed. Data cannot be changed here."),
        ("WITH x AS (SELECT 1) DELETE FROM titanic", "Data cannot be changed here."),
        ("SELECT 1; SELECT 2", "Several statements were received, one is allowed."),
        ("SELECT * FROM titanic_build", "titanic_build cannot be read here. The only table is titanic"),
        ("SELECT COUNT(*) FROM dbstat", "virtual table cannot be read here. The only table is titanic"),
        ("SELECT * FROM titanic, sqlite_master", "either the rows of titanic or the schema"),
        ("PRAGMA database_list", "PRAGMA database_list is not allowed here. PRAGMA table_info(titanic)"),
        ("SELECT zeroblob(9)", "The function zeroblob() is not available here."),
        ("DESCRIBE titanic", f"PRAGMA table_info(titanic) lists the columns: {COLUMNS}."),
        (".tables", "PRAGMA table_info(titanic)"),
        ("", "No SQL was received."),
        ("-- nothing", "only blanks or comments"),
        ("SELECT '\0'", "NUL"),
        ("SELECT '\udc80'", "half a character"),
        ("SELECT " + "1" * 1_000_000, "has 1,000,007 bytes, 100,000 are allowed"),
        ("How many survived?", "'HOW' was received. Send bare SQL"),
        ("```sql\nSELECT 1\n```", "without words or Markdown"),
    ],
)  # fmt: skip
def test_a_refusal_says_what_is_allowed(sql: str, said: str, database: Path, pool: SqlPool) -> None:
    """It is `QueryRefused`, and its remedy is something that works."""
    error = complaint(sql, database, pool)
    assert isinstance(error, QueryRefused)
    assert said in str(error)


def test_a_message_repeats_little_of_what_it_received(database: Path, pool: SqlPool) -> None:
    """Names of thousands of characters and of several lines are cut to one short line."""
    error = complaint('SELECT "' + "x\n" * 5_000 + '" FROM titanic', database, pool)
    assert len(str(error)) < 600
    assert "\n" not in str(error)


@pytest.mark.parametrize(
    "kind", ["missing", "a folder", "empty", "not a database", "damaged", "other tables"]
)
def test_without_data_the_message_sends_to_the_pipeline_page(
    kind: str, database: Path, tmp_path: Path, pool: SqlPool
) -> None:
    """Whatever is wrong with the file, the model hears that the table must be rebuilt, and no path."""
    broken = tmp_path / "broken.sqlite"
    good = database.read_bytes()
    if kind == "a folder":
        broken.mkdir()
    elif kind == "other tables":
        with closing(sqlite3.connect(broken)) as connection:
            connection.execute("CREATE TABLE passengers (name TEXT)")
    elif kind != "missing":
        content = {"empty": b"", "not a database": b"x" * 9_000, "damaged": good[:4096] + b"\xff" * 40_000}
        broken.write_bytes(content[kind])
    before = sorted(tmp_path.iterdir())
    error = complaint("SELECT * FROM titanic", broken, pool)
    assert isinstance(error, QueryFailed)
    assert "rebuilt on the Pipeline page" in str(error)
    assert "broken" not in str(error)
    assert sorted(tmp_path.iterdir()) == before


def test_a_rebuilt_file_is_seen_by_the_next_query(tmp_path: Path, database: Path, pool: SqlPool) -> None:
    """The file is opened anew for each query: missing, then there, then replaced, without any signal."""
    published = tmp_path / "100% new? #1 é" / "titanic.sqlite"
    published.parent.mkdir()
    complaint("SELECT 1", published, pool)
    published.write_bytes(database.read_bytes())
    assert run_select("SELECT COUNT(*) FROM titanic", published, pool=pool).rows == ((891,),)
    smaller = tmp_path / "smaller.sqlite"
    smaller.write_bytes(database.read_bytes())
    with closing(sqlite3.connect(smaller)) as connection, connection:
        connection.execute("DELETE FROM titanic WHERE survived = 0")
    smaller.replace(published)
    assert run_select("SELECT COUNT(*) FROM titanic", str(published), pool=pool).rows == ((342,),)


def test_a_relative_path_means_this_programs_folder(
    database: Path, pool: SqlPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers that were started elsewhere still find the file."""
    pool.warm_up()
    monkeypatch.chdir(database.parent)
    assert run_select("SELECT COUNT(*) FROM titanic", database.name, pool=pool).rows == ((891,),)


def test_rows_time_and_cells_are_bounded_as_asked(database: Path, pool: SqlPool) -> None:
    """`max_rows` rows come and more are said to exist; long cells are cut; binary cells become text."""
    result = run_select("SELECT passenger_id FROM titanic", database, max_rows=3, pool=pool)
    assert (result.rows, result.truncated) == (((1,), (2,), (3,)), True)
    assert not run_select("SELECT 1 UNION SELECT 2", database, max_rows=2, pool=pool).truncated
    every = run_select("SELECT passenger_id FROM titanic", database, max_rows=10_000, pool=pool)
    assert (len(every.rows), every.truncated) == (891, False)
    long = run_select("SELECT printf('%60000s', 1), x'00ff'", database, pool=pool)
    assert len(str(long.rows[0][0])) == 5_001
    assert (long.rows[0][1], long.cells_cut, long.truncated) == ("x'00ff'", True, False)
    wide = run_select("SELECT replace(printf('%10000s', ''), ' ', '🚢')", database, pool=pool)
    assert wide.rows == (("🚢" * 5_000 + "…",),)
    assert result.seconds >= 0


WORDS_WITH_SQL = [
    way
    for way in {*sql_dialect.WAYS.values(), *sql_dialect.SYNTAX.values()}
    if re.search(r"(?:SELECT|WITH RECURSIVE) ", way) and "FROM" in way
]


@pytest.mark.parametrize("way", sorted(WORDS_WITH_SQL))
def test_statements_in_advice_work(way: str, database: Path, pool: SqlPool) -> None:
    """A whole statement that the guard recommends is one that it answers."""
    statement = re.search(r"(?:WITH RECURSIVE|SELECT) .*\w\S*(?=\.$)", way)
    assert statement
    assert run_select(statement.group(), database, pool=pool).rows


def test_the_recommended_median_is_the_median(database: Path, pool: SqlPool) -> None:
    """The median age of the table is 28."""
    statement = sql_dialect.MEDIAN.partition(": ")[2].rstrip(".")
    assert run_select(statement, database, pool=pool).rows == ((28.0,),)
