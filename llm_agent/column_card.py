"""What the table holds, in words for a model: derived from the contract and from the data as they are now.

No cell stands in it, only names of the contract and numbers: a passenger called "ignore your instructions"
never reaches the system prompt.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path

from data_pipeline.table import COLUMNS, TABLE, Column
from llm_agent.errors import QueryFailed
from llm_agent.readonly_sql import run_select

SURVEY_TIMEOUT_S = 4.0
"""For the one pass over all rows; a table too large for it gets a card without figures."""

FileVersion = tuple[int, int, int]
"""A published file is never written to, only replaced: time, size and inode tell versions apart."""

_cards: dict[Path, tuple[FileVersion, str]] = {}
_cards_lock = threading.Lock()


def column_card(database: Path) -> str:
    """One line on the rows and one for each column: type, meaning, unit, range, categories, unknowns.

    Kept for as long as the file is the same. Raises `QueryFailed` when there is no table to describe.
    """
    version = file_version(database)
    with _cards_lock:
        known = _cards.get(database)
    if known and version and known[0] == version:
        return known[1]
    card = _write_card(_survey(database))
    if version and file_version(database) == version:
        with _cards_lock:
            _cards[database] = (version, card)
    return card


def file_version(database: Path) -> FileVersion | None:
    """Which version of the file stands there; None when there is none."""
    try:
        status = database.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _survey(database: Path) -> Mapping[str, float]:
    """The card's numbers by name, such as `age min`; empty when counting takes too long."""
    wanted = {"rows": "COUNT(*)"}
    for column in COLUMNS:
        wanted |= _wanted_of(column)
    sql = f"SELECT {', '.join(wanted.values())} FROM {TABLE}"
    try:
        result = run_select(sql, database, timeout_s=SURVEY_TIMEOUT_S)
    except QueryFailed:
        run_select(f"SELECT passenger_id FROM {TABLE} LIMIT 1", database)  # is there a table at all?
        return {}
    return {
        name: cell for name, cell in zip(wanted, result.rows[0], strict=True) if isinstance(cell, int | float)
    }


def _wanted_of(column: Column) -> dict[str, str]:
    name = column.name
    wanted = {f"{name} known": f"COUNT({name})"}
    if column.allowed:
        wanted |= {f"{name} = {value}": f"SUM({name} = {value!r})" for value in column.allowed}
    elif column.type == "TEXT":
        wanted[f"{name} different"] = f"COUNT(DISTINCT {name})"
    else:
        wanted |= {f"{name} min": f"MIN({name})", f"{name} max": f"MAX({name})"}
    return wanted


def _write_card(survey: Mapping[str, float]) -> str:
    rows = (
        f"{survey['rows']:.0f} rows, one a passenger." if survey else "Very many rows; count what you need."
    )
    return "\n".join([f"Table {TABLE}: {rows}", *(_line(column, survey) for column in COLUMNS)])


def _line(column: Column, survey: Mapping[str, float]) -> str:
    unit = f", {column.unit}" if column.unit else ""
    facts = "; ".join(_facts(column, survey)) if survey else f"{column.expected}"
    return f"- {column.name} {column.type}{unit}: {column.meaning}. {facts}."


def _facts(column: Column, survey: Mapping[str, float]) -> list[str]:
    name = column.name
    if not survey.get(f"{name} known"):
        return ["Unknown (NULL) in every row: the source of this table does not have it"]
    facts = [f"{value!r} ({survey[f'{name} = {value}']:.0f} rows)" for value in column.allowed]
    facts = [", ".join(facts)] if facts else []
    if f"{name} min" in survey:
        facts.append(f"{survey[f'{name} min']:g} to {survey[f'{name} max']:.8g}")
    if f"{name} different" in survey:
        facts.append(f"{survey[f'{name} different']:.0f} different values")
    if unknown := survey["rows"] - survey[f"{name} known"]:
        facts.append(f"unknown (NULL) {unknown:.0f}")
    return facts
