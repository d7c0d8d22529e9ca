"""From what SQLite or the guard said to what a model should do: the words of each refusal and failure."""

from __future__ import annotations

import difflib
import re
import sqlite3
from collections.abc import Callable
from typing import Any

from data_pipeline.table import COLUMN_NAMES, COLUMNS, TABLE
from llm_agent.errors import AgentError, QueryFailed, QueryRefused
from llm_agent.guard.sql_dialect import SYNONYMS, SYNTAX, SYNTAX_SEEN_LATE, WAYS
from llm_agent.guard.sql_text import double_quoted_names

READ_ONLY = "Data cannot be changed here."
ASK_WITH_SELECT = f"Read it with one SELECT on {TABLE}, or tell the user that this chat only reads."
ONLY_TABLE = f"The only table is {TABLE}, with the columns {', '.join(COLUMN_NAMES)}."
COLUMNS_WAY = f"PRAGMA table_info({TABLE}) lists the columns: {', '.join(COLUMN_NAMES)}."
MAX_QUOTED = 60
"""Characters of a model's own words that a message repeats."""

KNOWN_AS = {name: column.name for column in COLUMNS for name in (column.name, *column.known_as)}
COLUMN_BY_NAME = {**SYNONYMS, **KNOWN_AS}


def explain(answer: dict[str, Any], sql: str, timeout_s: float) -> AgentError:
    """The exception for a worker's answer that carries `error`."""
    if answer.get("denied"):
        return _refusal(answer)
    match answer["error"]:
        case "no data":
            return QueryFailed(
                "There is no readable Titanic table.", "It must be rebuilt on the Pipeline page; say so."
            )
        case "time":
            return QueryFailed(
                f"The query was stopped after {timeout_s:g} s.",
                "Make it cheaper: no joins without a condition, a LIMIT in every recursion, aggregate first.",
            )
        case "memory":
            return QueryFailed(
                "The query needs more memory than it may have.",
                "Make it smaller: aggregate or filter before sorting and joining, and build no long texts.",
            )
        case "no result":
            return QueryRefused("This statement gives no result.", ASK_WITH_SELECT)
    return _from_sqlite(str(answer["message"]), sql)


def _refusal(answer: dict[str, Any]) -> QueryRefused:
    """Which rule the authorizer applied, in words."""
    action, first, second = answer["denied"]
    if action == sqlite3.SQLITE_FUNCTION:
        way = WAYS.get(str(second).lower(), "Use SQLite's usual functions for numbers, text, dates and JSON.")
        return QueryRefused(f"The function {short(second)}() is not available here.", way)
    if action == sqlite3.SQLITE_PRAGMA:
        return QueryRefused(f"PRAGMA {short(first)} is not allowed here.", COLUMNS_WAY)
    if action == sqlite3.SQLITE_READ:
        return _table_refusal(str(first))
    if action == sqlite3.SQLITE_UPDATE and first in ("sqlite_master", "sqlite_schema"):  # its first use
        return QueryRefused("This virtual table cannot be read here.", ONLY_TABLE)
    return QueryRefused(READ_ONLY, ASK_WITH_SELECT)


def _table_refusal(table: str) -> QueryRefused:
    if table.lower() == TABLE:  # asked in the schema, where no rows are
        return QueryRefused(
            "A query reads either the rows of titanic or the schema, not both at once.",
            "Ask for one, then for the other.",
        )
    return QueryRefused(f"The table {short(table)} cannot be read here.", ONLY_TABLE)


def _from_sqlite(message: str, sql: str) -> AgentError:
    for pattern, advise in ADVICE:
        if found := pattern.match(message):
            return advise(found, sql)
    return QueryFailed(f"SQLite says: {_sentence(message)}", "Correct the statement and send it again.")


def _several_statements(found: re.Match[str], sql: str) -> AgentError:
    return QueryRefused(
        "Several statements were received, one is allowed.",
        "Send one SELECT; combine questions with a CTE or UNION ALL.",
    )


def _parameters(found: re.Match[str], sql: str) -> AgentError:
    return QueryFailed("The statement holds parameters (? or :name).", "Write the values into it.")


def _write(found: re.Match[str], sql: str) -> AgentError:
    return QueryRefused(READ_ONLY, ASK_WITH_SELECT)


def _no_table(found: re.Match[str], sql: str) -> AgentError:
    return QueryFailed(f"no such table: {short(found[1])}.", ONLY_TABLE)


def _no_function(found: re.Match[str], sql: str) -> AgentError:
    name = found[1]
    way = WAYS.get(name.lower(), "Use SQLite's usual functions for numbers, text, dates and JSON.")
    return QueryFailed(f"no such function: {short(name)}.", way)


def _no_column(found: re.Match[str], sql: str) -> AgentError:
    full = found[1]
    return QueryFailed(f"no such column: {short(full)}.", _column_advice(full.rpartition(".")[2], sql))


def _column_advice(name: str, sql: str) -> str:
    key = name.lower()
    if key in COLUMN_NAMES:
        return f"The column {key} exists, but not under this table or alias, or not in this subquery."
    for column in COLUMNS:
        if name in column.allowed:
            return f"Text stands in single quotes: {column.name} = '{name}'."
    if re.search(rf"\bAS\s+[`\"]?{re.escape(name)}\b", sql, re.IGNORECASE):
        return f"{short(name)} is an alias of this query: use it outside, around a subquery or CTE."
    quoted = f" If it is text, write '{short(name)}' in single quotes." if _is_quoted(name, sql) else ""
    if near := _nearest_column(key):
        return f"Did you mean {near}?{quoted}"
    return f"The columns are {', '.join(COLUMN_NAMES)}.{quoted}"


def _is_quoted(name: str, sql: str) -> bool:
    return name in double_quoted_names(sql)


def _nearest_column(key: str) -> str | None:
    close = difflib.get_close_matches(key[:MAX_QUOTED], COLUMN_BY_NAME, n=1, cutoff=0.6)
    return COLUMN_BY_NAME[close[0]] if close else None


def _syntax(found: re.Match[str], sql: str) -> AgentError:
    word = found[1]
    way = SYNTAX.get(word.lower()) or _way_of_the_word_before(word, sql)
    return QueryFailed(
        f"SQLite does not understand the statement at {short(word)!r}.",
        way or "Check the words before it; the dialect is SQLite's.",
    )


def _way_of_the_word_before(word: str, sql: str) -> str | None:
    """SQLite's parser often stops one word late: at 5 of `TOP 5`, at the bracket of `LEFT(name, 3)`."""
    known = WAYS if word == "(" else SYNTAX_SEEN_LATE
    for before in re.findall(rf"(\w+)\s*{re.escape(word)}", sql):
        if before.lower() in known:
            return known[before.lower()]
    return None


def _failure(remedy: str) -> Callable[[re.Match[str], str], AgentError]:
    """Advice that is the same whatever the names: SQLite's own sentence, then this one."""
    return lambda found, sql: QueryFailed(f"SQLite says: {_sentence(found.string)}", remedy)


def _sentence(message: str) -> str:
    return short(message, 200).rstrip(".") + "."


def short(text: object, limit: int = MAX_QUOTED) -> str:
    """At most `limit` characters of a text that is not ours, on one line."""
    line = " ".join(str(text).split())
    return line if len(line) <= limit else line[:limit] + "…"


ADVICE: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], str], AgentError]], ...] = tuple(
    (re.compile(pattern, re.DOTALL), advise)
    for pattern, advise in (
        (r"You can only execute one statement", _several_statements),
        (r"Incorrect number of bindings|Binding \d+ has no name", _parameters),
        (r"table .* may not be (?:modified|altered|dropped|indexed)|attempt to write", _write),
        (r"no such table: (.+)", _no_table),
        (r"no such function: (.+)", _no_function),
        (r'no such column: "?(.+?)"?(?: - should this .*)?$', _no_column),
        (r"(?:near|unrecognized token:) \"(.*?)\"(?:: syntax error)?$", _syntax),
        (r"incomplete input", _failure("Finish it: a bracket, a quote or a clause is missing at the end.")),
        (
            r"misuse of aggregate",
            _failure("Filter aggregates with HAVING, or aggregate in a subquery first."),
        ),
        (r"misuse of window", _failure("Compute the window function in a subquery or CTE, then filter it.")),
        (r"ambiguous column", _failure("Write the table's alias before the column.")),
        (r"wrong number of arguments", _failure("Look up the arguments of SQLite's function.")),
        (r"string or blob too big", _failure("Build shorter texts: at most a million characters.")),
        (
            r"too many terms in compound",
            _failure("Use at most 20 SELECTs; VALUES (..), (..) holds more rows."),
        ),
        (r"Expression tree is too large", _failure("Use IN (...) for many values, or split it into CTEs.")),
        (r"too many columns", _failure("Select at most 100 columns.")),
        (r"too many arguments on function", _failure("Use fewer arguments, at most 32.")),
        (r"LIKE or GLOB pattern too complex", _failure("Use a pattern of at most 50 characters.")),
        (r"no such collation", _failure("Use COLLATE NOCASE, BINARY or RTRIM.")),
        (r"(?:malformed JSON|JSON)", _failure("json functions need valid JSON text; see json_valid().")),
    )
)
"""What SQLite's messages begin with, and what to answer; the first that matches counts."""
