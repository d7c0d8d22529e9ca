"""The guard: the one way from a model to data. `run_select` reads the table `titanic` and can do no harm.

A statement changes no byte, creates and opens no file, and reads nothing but the rows of `titanic`, its
schema (sqlite_master, `PRAGMA table_info(titanic)`) and JSON table functions; EXPLAIN works, too. That is
enforced on the connection (`sql_rules.py`), in a process of its own that is killed when it does not stop
(`sql_worker.py`, `sql_pool.py`); what is checked here first only gives better messages. What each bound
is stands beside the thing it bounds.
"""

from __future__ import annotations

import atexit
import threading
from pathlib import Path

from llm_agent.errors import QueryFailed, QueryRefused
from llm_agent.guard.sql_advice import ASK_WITH_SELECT, COLUMNS_WAY, READ_ONLY, explain, short
from llm_agent.guard.sql_pool import SqlPool
from llm_agent.guard.sql_text import statement_word, with_strict_names
from llm_agent.query_result import QueryResult, result_for_model

__all__ = [
    "QueryFailed", "QueryRefused", "QueryResult", "close_default_pool", "default_pool", "result_for_model",
    "run_select",
]  # fmt: skip

MAX_ROWS = 2_000
"""For charts; a model sees at most 200 (`result_for_model`)."""
MAX_TIMEOUT_S = 3.0
"""With the pool's waiting and grace every call ends within 5 s."""
MAX_SQL_BYTES = 100_000

READING = frozenset({"SELECT", "WITH", "VALUES", "PRAGMA"})
DESCRIBING = frozenset({"DESCRIBE", "DESC", "SHOW", "."})
OTHER_STATEMENTS = frozenset(
    """
    INSERT UPDATE DELETE REPLACE CREATE DROP ALTER TRUNCATE MERGE UPSERT REINDEX ANALYZE VACUUM ATTACH DETACH
    BEGIN COMMIT END ROLLBACK SAVEPOINT RELEASE GRANT REVOKE SET USE COPY LOAD IMPORT CALL EXEC EXECUTE DO
    """.split()  # noqa: SIM905 - a list would take one line for each
)

_default_pool: SqlPool | None = None
_default_pool_lock = threading.Lock()


def run_select(
    sql: str,
    db_path: str | Path,
    *,
    max_rows: int = 200,
    timeout_s: float = 2.0,
    pool: SqlPool | None = None,
) -> QueryResult:
    """What one reading statement gives, from the file as it is now; at most `max_rows` rows (2,000).

    After `timeout_s` (3 s at most) SQLite is asked to stop, half a second later its process is killed. At
    most 1 MB comes back, and 5,000 characters of a cell. Names in double quotes are never taken for text.

    Raises `QueryRefused` (not allowed, whatever the data) or `QueryFailed` (a mistake in it, too costly,
    or no data); their messages tell a model what to change and never hold the path.

    >>> run_select("SELECT COUNT(*) AS n FROM titanic", "data/titanic.sqlite").rows
    ((891,),)
    """
    _check(sql)
    timeout_s = min(max(timeout_s, 0.01), MAX_TIMEOUT_S)
    request = {
        "sql": with_strict_names(sql),
        "path": str(Path(db_path).absolute()),
        "max_rows": min(max(max_rows, 1), MAX_ROWS),
    }
    answer = (pool or default_pool()).ask(request, timeout_s)
    if "error" in answer:
        raise explain(answer, sql, timeout_s)
    rows = tuple(tuple(row) for row in answer["rows"])
    return QueryResult(
        tuple(answer["columns"]), rows, answer["truncated"], answer["seconds"], answer["cells_cut"]
    )


def default_pool() -> SqlPool:
    """The pool of this process, made at its first use and closed at its end."""
    global _default_pool
    with _default_pool_lock:
        if _default_pool is None:
            _default_pool = SqlPool()
            atexit.register(close_default_pool)
        return _default_pool


def close_default_pool() -> None:
    """End the default pool's processes; the next query starts a new pool."""
    global _default_pool
    with _default_pool_lock:
        pool, _default_pool = _default_pool, None
    atexit.unregister(close_default_pool)
    if pool is not None:
        pool.close()


def _check(sql: str) -> None:
    """Refuse at once what can be refused in clear words without asking SQLite."""
    if not isinstance(sql, str) or not sql.strip():
        raise QueryRefused("No SQL was received.", ASK_WITH_SELECT)
    if "\0" in sql:
        raise QueryRefused("The SQL holds a NUL character.", "Send it without; char(0) stands for one.")
    try:
        size = len(sql.encode())
    except UnicodeEncodeError:
        raise QueryRefused("The SQL holds half a character.", "Send whole Unicode characters.") from None
    if size > MAX_SQL_BYTES:
        raise QueryRefused(
            f"The SQL has {size:,} bytes, {MAX_SQL_BYTES:,} are allowed.", "Send a shorter statement."
        )
    _check_word(statement_word(sql))


def _check_word(word: str) -> None:
    if word in READING:
        return
    if word == "":
        raise QueryRefused("No SQL was received, only blanks or comments.", ASK_WITH_SELECT)
    if word in DESCRIBING:
        raise QueryRefused(f"{word} is not a statement of SQLite.", COLUMNS_WAY)
    if word in OTHER_STATEMENTS:
        raise QueryRefused(f"{word} is not allowed. {READ_ONLY}", ASK_WITH_SELECT)
    raise QueryRefused(
        f"SELECT, WITH or VALUES was expected at the beginning, {short(word)!r} was received.",
        "Send bare SQL, without words or Markdown around it.",
    )
