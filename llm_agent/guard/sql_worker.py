"""The process in which statements run: asked over its standard input, answering on its standard output.

Needs only the standard library, so that it starts in some hundredths of a second. It ends when its input
closes, that is with its parent, however that ended; and by itself when a single function call of SQLite
outlives the hard limit, because no handler is called inside one. Memory: SQLite's own heap is bounded on
every system; on POSIX the whole process is (RLIMIT_AS, which macOS may not enforce), and no file can grow.
"""

from __future__ import annotations

import faulthandler
import os
import sqlite3
import sys
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from llm_agent.guard.pipe_frames import read_frame, write_frame
from llm_agent.guard.sql_rules import SCHEMA_TABLES, TABLE, Authorizer, guard

MAX_PROCESS_BYTES = 256 * 1024 * 1024
MAX_SQLITE_BYTES = 128 * 1024 * 1024
MAX_RESULT_BYTES = 1_000_000
MAX_CELL_CHARACTERS = 5_000
MAX_NAME_CHARACTERS = 200
STEPS_BETWEEN_LOOKS = 2_000
"""Instructions of SQLite's machine between two looks at the clock: some tenths of a millisecond."""

SLOW_AFTER_S = 0.4
"""From then on a statement has lower priority (POSIX); its process is then used up, for nothing raises it."""
_gives_way = False

NO_DATA = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_IOERR)


def serve() -> None:
    """Answer requests until the input closes."""
    bound_this_process()
    while (request := read_frame(sys.stdin.buffer)) is not None:
        faulthandler.dump_traceback_later(request["hard_limit_s"], exit=True)
        reply = answer(request)
        reply["used_up"] = _gives_way or reply.get("error") == "memory"
        faulthandler.cancel_dump_traceback_later()
        try:
            write_frame(sys.stdout.buffer, reply)
        except OSError:  # the parent is gone
            return


def bound_this_process() -> None:
    """Bound memory, and on POSIX also files: nothing can grow on disk, few can be open."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(f"PRAGMA hard_heap_limit={MAX_SQLITE_BYTES}")
    try:
        import resource
    except ImportError:  # Windows
        return
    bounds = {"RLIMIT_AS": MAX_PROCESS_BYTES, "RLIMIT_FSIZE": 0, "RLIMIT_CORE": 0, "RLIMIT_NOFILE": 32}
    for name, bound in bounds.items():
        with suppress(ValueError, OSError):  # a system that does not know this one
            resource.setrlimit(getattr(resource, name), (bound, bound))


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Columns and rows of `request["sql"]`, or `error` with what went wrong, as plain JSON values."""
    try:
        return _answer_from_data(request)
    except MemoryError:
        return {"error": "memory"}
    except (sqlite3.Error, sqlite3.Warning) as error:  # Warning: several statements, on Python 3.11
        return _described(error)


def _answer_from_data(request: dict[str, Any]) -> dict[str, Any]:
    path = Path(request["path"])
    if not path.is_file():
        return {"error": "no data"}
    with closing(_connect(f"{path.as_uri()}?mode=ro&immutable=1")) as data:
        declaration = data.execute(
            "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", (TABLE,)
        ).fetchone()
        if declaration is None:
            return {"error": "no data"}
        authorizer = guard(data, frozenset({TABLE}))
        reply = _run(data, authorizer, request)
    action, table, _ = reply.get("denied") or (None, None, None)
    if action == sqlite3.SQLITE_READ and str(table).lower() in SCHEMA_TABLES:
        return _answer_from_schema(declaration[0], request)
    return reply


def _answer_from_schema(declaration: str, request: dict[str, Any]) -> dict[str, Any]:
    """Ask an empty twin of the database that holds no other table: its schema is all there is to read."""
    with closing(_connect("file::memory:")) as twin:
        twin.execute(declaration)
        return _run(twin, guard(twin, SCHEMA_TABLES), request)


def _connect(uri: str) -> sqlite3.Connection:
    return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=0)


def _run(connection: sqlite3.Connection, authorizer: Authorizer, request: dict[str, Any]) -> dict[str, Any]:
    started = time.monotonic()
    deadline = started + request["timeout_s"]
    connection.set_progress_handler(lambda: _time_is_up(started, deadline), STEPS_BETWEEN_LOOKS)
    rows = _Rows(request["max_rows"])
    connection.text_factory = rows.readable_text
    try:
        cursor = connection.execute(request["sql"])
        if cursor.description is None:
            return {"error": "no result"}
        rows.fetch(cursor)
    except (sqlite3.Error, sqlite3.Warning) as error:
        return {**_described(error), "denied": authorizer.denied}
    return {
        "columns": [str(column[0])[:MAX_NAME_CHARACTERS] for column in cursor.description],
        "rows": rows.rows,
        "truncated": rows.truncated,
        "cells_cut": rows.cells_cut,
        "seconds": time.monotonic() - started,
    }


def _time_is_up(started: float, deadline: float) -> bool:
    """Whether to stop now. What runs for long gives way: quick statements of others come first."""
    global _gives_way
    now = time.monotonic()
    if now - started > SLOW_AFTER_S and not _gives_way and hasattr(os, "nice"):
        _gives_way = True
        os.nice(10)
    return now > deadline


class _Rows:
    """Rows as they are fetched, bounded in number, in the length of a cell and in all."""

    def __init__(self, max_rows: int) -> None:
        self.rows: list[list[Any]] = []
        self.max_rows = max_rows
        self.truncated = False
        self.cells_cut = False

    def fetch(self, cursor: sqlite3.Cursor) -> None:
        """Take rows until there are no more, or the next would be one too many."""
        room = MAX_RESULT_BYTES
        for row in cursor:
            cells = [self._cell(cell) for cell in row]
            room -= sum(len(cell) if isinstance(cell, str) else 8 for cell in cells)
            if len(self.rows) == self.max_rows or room < 0:
                self.truncated = True
                return
            self.rows.append(cells)

    def readable_text(self, raw: bytes) -> str:
        """Text as SQLite holds it, which need not be valid UTF-8, and may be very long."""
        text = raw[: 4 * MAX_CELL_CHARACTERS].decode(errors="replace")
        if len(raw) <= 4 * MAX_CELL_CHARACTERS and len(text) <= MAX_CELL_CHARACTERS:
            return text
        self.cells_cut = True
        return text[:MAX_CELL_CHARACTERS] + "…"

    def _cell(self, cell: Any) -> Any:
        return self.readable_text(f"x'{cell.hex()}'".encode()) if isinstance(cell, bytes) else cell


def _described(error: Exception) -> dict[str, Any]:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in NO_DATA:
        return {"error": "no data"}
    if code == sqlite3.SQLITE_INTERRUPT:
        return {"error": "time"}
    if code == sqlite3.SQLITE_NOMEM:
        return {"error": "memory"}
    return {"error": "sql", "message": str(error)}
