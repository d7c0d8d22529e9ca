"""What a statement may do, enforced by SQLite itself on the connection: authorizer, limits, pragmas.

Covered: reading anything but `titanic`, its columns and the JSON table functions; every write, pragma,
attachment and virtual table; functions that are not on the list; sizes and depths. Not covered: time and
memory inside one function call, which only the end of the process can stop (`sql_pool.py`).

DEFENSIVE is set where Python can (3.12 and later). On 3.11 what it forbids (writable_schema, writing
shadow tables and sqlite_dbpage) needs a write or a pragma, which read-only opening and the authorizer
refuse anyway.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress

TABLE = "titanic"
SCHEMA_TABLES = frozenset({"sqlite_master", "sqlite_schema"})
TABLE_FUNCTIONS = frozenset({"json_each", "json_tree", "pragma_table_info", "pragma_table_xinfo"})
COLUMN_PRAGMAS = frozenset({"table_info", "table_xinfo"})

FUNCTIONS = frozenset(
    """
    abs acos acosh asin asinh atan atan2 atanh avg ceil ceiling char coalesce concat concat_ws cos cosh count
    cume_dist current_date current_time current_timestamp date datetime degrees dense_rank exp first_value
    floor format glob group_concat hex if ifnull iif instr json json_array json_array_length
    json_error_position json_extract json_group_array json_group_object json_insert json_object json_patch
    json_pretty json_quote json_remove json_replace json_set json_type json_valid julianday lag last_value
    lead length like likelihood likely ln log log10 log2 lower ltrim max median min mod nth_value ntile nullif
    octet_length percent_rank percentile percentile_cont percentile_disc pi pow power printf quote radians
    random rank replace round row_number rtrim sign sin sinh soundex sqlite_version sqrt strftime string_agg
    substr substring sum tan tanh time timediff total trim trunc typeof unhex unicode unistr unixepoch
    unlikely upper -> ->>
    """.split()  # noqa: SIM905 - a list would take one line for each
)
"""Every function of SQLite 3.40 to 3.51 that computes from its arguments and nothing else."""

LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: 1_000_000,  # bytes of one text
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 100_000,
    sqlite3.SQLITE_LIMIT_COLUMN: 100,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 50,  # a chain of ANDs counts one for each
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 20,
    sqlite3.SQLITE_LIMIT_VDBE_OP: 25_000,
    sqlite3.SQLITE_LIMIT_FUNCTION_ARG: 32,  # json_object of all twelve columns takes 24
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 50,
    sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER: 10,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 1,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}

PRAGMAS = ("temp_store=MEMORY", "query_only=ON", "trusted_schema=OFF", "cell_size_check=ON", "mmap_size=0")

Denial = tuple[int, str | None, str | None]
"""Action code of SQLite's authorizer and its first two arguments."""


class Authorizer:
    """Answers SQLite's question "may this statement do that?"; the answer is no unless a rule says yes.

    `readable` are the tables that may be read, `existing` all tables and modules of the connection, in
    lower case. `denied` is what was refused first, for the message.
    """

    def __init__(self, readable: frozenset[str], existing: frozenset[str]) -> None:
        self.readable = readable | TABLE_FUNCTIONS
        self.existing = existing
        self.denied: Denial | None = None

    def __call__(
        self, action: int, first: str | None, second: str | None, database: str | None, source: str | None
    ) -> int:
        """SQLITE_OK or SQLITE_DENY."""
        if self._allows(action, first or "", second or "", database):
            return sqlite3.SQLITE_OK
        self.denied = self.denied or (action, first, second)
        return sqlite3.SQLITE_DENY

    def _allows(self, action: int, first: str, second: str, database: str | None) -> bool:
        if action == sqlite3.SQLITE_READ:
            return self._may_read(first.lower(), second, database)
        if action == sqlite3.SQLITE_FUNCTION:
            return second.lower() in FUNCTIONS
        if action == sqlite3.SQLITE_PRAGMA:
            return first.lower() in COLUMN_PRAGMAS and second.lower() == TABLE
        return action in (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE)

    def _may_read(self, table: str, column: str, database: str | None) -> bool:
        if table in self.readable:
            return database in ("main", None)
        # COUNT(*) over a CTE arrives as the CTE's name with no column and no database; so does COUNT(*)
        # over a table, hence no name that exists may pass here.
        is_cte = column == "" and database is None and not table.startswith(("sqlite_", "pragma_"))
        return is_cte and table not in self.existing


def guard(connection: sqlite3.Connection, readable: frozenset[str]) -> Authorizer:
    """Put every rule on the connection and return its authorizer; nothing may be loosened afterwards."""
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    existing = _existing_tables(connection)
    _connect_table_functions(connection)
    for limit, value in LIMITS.items():
        connection.setlimit(limit, value)
    if hasattr(connection, "setconfig"):  # Python 3.12
        connection.setconfig(sqlite3.SQLITE_DBCONFIG_DEFENSIVE)  # type: ignore[attr-defined,unused-ignore]
    authorizer = Authorizer(readable, existing)
    connection.set_authorizer(authorizer)
    return authorizer


def _existing_tables(connection: sqlite3.Connection) -> frozenset[str]:
    names = connection.execute(
        "SELECT name FROM sqlite_master UNION ALL SELECT name FROM pragma_module_list"
    ).fetchall()
    return frozenset(str(name).lower() for (name,) in names)


def _connect_table_functions(connection: sqlite3.Connection) -> None:
    """Use each table function once: its first use declares a table, which the authorizer would refuse."""
    for name in TABLE_FUNCTIONS:
        with suppress(sqlite3.OperationalError):  # a SQLite built without this one
            connection.execute(f"SELECT 1 FROM {name}('{{}}')").fetchall()
