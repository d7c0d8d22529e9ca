"""What is right on a table: the result of a question's gold SQL, and whether other results hold the same."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from data_pipeline.table import TABLE
from llm_agent.errors import EvaluationError, QueryFailed, QueryRefused
from llm_agent.evaluation.questions import Labels, Question
from llm_agent.evaluation.words import is_label
from llm_agent.figures.derivations import derived_across, derived_from
from llm_agent.figures.result_numbers import cells_of, number_in, row_count_of
from llm_agent.guard.sql_text import TOKEN
from llm_agent.query_result import Cell, QueryResult
from llm_agent.readonly_sql import run_select

MAX_GOLD_ROWS = 2_000
SLOWEST_S = 4.0
MAX_DERIVED_ROWS = 20
"""Rows of a result whose cells are combined when a figure's ground is looked for."""
MAX_RANKED_ROWS = 10
"""Rows of a ranking whose first row is what was asked for."""
EXACT = 1e-6
WRITING = frozenset(
    "INSERT UPDATE DELETE DROP ALTER CREATE ATTACH DETACH VACUUM REINDEX TRUNCATE".split()  # noqa: SIM905
)


@dataclass(frozen=True)
class Gold:
    """The right answer to a question on one table: rows as its gold SQL gives them.

    `names` are all names of the table, `others` all values of the column that a question about a set of
    tickets or cabins asks for.
    """

    question: Question
    rows: tuple[tuple[Cell, ...], ...]
    names: tuple[str, ...] = field(default=(), repr=False)
    others: tuple[str, ...] = field(default=(), repr=False)

    @property
    def entries(self) -> list[tuple[Labels, Cell, str]]:
        """Each gold figure: what it is about, its value, its unit."""
        question, width = self.question, len(self.question.labels)
        return [
            (
                {**dict(zip(question.labels, row, strict=False)), **_about(question, column)},
                cell,
                question.unit_of(column),
            )
            for row in self.rows
            for column, cell in enumerate(row[width:])
        ]

    @property
    def is_nothing(self) -> bool:
        """Whether no row matches, or nothing is known about those that do."""
        return all(cell is None for row in self.rows for cell in row)


def gold_of(question: Question, database: Path) -> Gold:
    """Run the gold SQL on this table; raises `EvaluationError` when it does not run."""
    if not question.gold_sql or question.answer_type in ("refusal", "action_refusal"):
        return Gold(question, ())
    try:
        rows = _run(question.gold_sql, database).rows
    except (QueryFailed, QueryRefused) as error:
        raise EvaluationError(f"The gold SQL of {question.id} does not run: {error}", "Mend it.") from None
    names = _column("name", database) if question.answer_type == "names" else ()
    column = re.match(r"\s*SELECT\s+(?:DISTINCT\s+)?(ticket|cabin)\b", question.gold_sql, re.I)
    others = _column(column[1].lower(), database) if question.answer_type == "set" and column else ()
    return Gold(question, rows, names, others)


def run_again(statements: Iterable[str], database: Path) -> list[QueryResult]:
    """What the executed statements give, as far as they still run."""
    results = []
    for statement in statements:
        try:
            results.append(_run(statement, database))
        except (QueryFailed, QueryRefused):
            continue
    return results


def is_write(statement: str) -> bool:
    """Whether a statement holds a word that changes data, outside of its texts and comments."""
    words = [token.group().upper() for token in TOKEN.finditer(statement) if token.lastgroup == "word"]
    return bool(WRITING.intersection(words)) or words[:1] == ["REPLACE"]


def holds(rows: Sequence[Sequence[Cell]], gold: Gold) -> bool:
    """Whether rows of a result say what the gold rows say, in whatever columns."""
    question = gold.question
    if question.answer_type in ("names", "set"):
        known = {*gold.names, *gold.others, *_flat(gold)}
        found = {_text(cell) for row in rows for cell in row} & known
        return found == _flat(gold)
    if gold.is_nothing:
        return len(rows) <= 3 and (not rows or any(cell in (None, 0) for row in rows for cell in row))
    if not question.labels or len(rows) == 1:
        cells = [cell for row in rows[:3] for cell in row]
        return len(rows) <= 3 and all(
            any(is_cell(cell, value, unit) for cell in cells) for _, value, unit in gold.entries
        )
    if len(gold.rows) == 1 and len(rows) <= MAX_RANKED_ROWS:
        return _is_row(rows[0], gold.rows[0], question)
    return _is_wide(rows, gold) or _is_long(rows, gold)


def follows_from(results: Sequence[QueryResult], gold: Gold) -> bool:
    """Whether each gold figure stands in the results or follows from them, as `grounding` combines cells."""
    small = {
        number: result for number, result in enumerate(results, 1) if len(result.rows) <= MAX_DERIVED_ROWS
    }
    values: list[float] = []
    for number, result in small.items():
        for candidate in (
            *cells_of(number, result),
            *row_count_of(number, result),
            *derived_from(number, result),
        ):
            values += (
                [candidate.value, 100 * candidate.value] if candidate.kind != "count" else [candidate.value]
            )
    values += [value for found in derived_across(small) for value in (found.value, 100 * found.value)]
    return bool(gold.entries) and all(
        isinstance(value, int | float)
        and any(abs(abs(each) - abs(value)) <= EXACT * max(1, abs(value)) for each in values)
        for _, value, _ in gold.entries
    )


def is_cell(cell: Cell, value: Cell, unit: str = "") -> bool:
    """Whether a cell holds the gold value; a percentage may be a fraction, and be rounded to two decimals."""
    if value is None or isinstance(value, str):
        return cell == value
    number = number_in(cell)
    if number is None:
        return False
    scaled = (number, 100 * number) if unit == "percent" else (number,)
    rounded = 0.0 if isinstance(value, int) else 0.06 if unit == "percent" else max(0.006, 1e-4 * abs(value))
    return any(abs(abs(each) - abs(value)) <= max(rounded, EXACT) for each in scaled)


def _is_wide(rows: Sequence[Sequence[Cell]], gold: Gold) -> bool:
    """A row for each gold row, with all its figures."""
    return len(rows) <= len(gold.rows) + 1 and all(
        any(_is_row(row, wanted, gold.question) for row in rows) for wanted in gold.rows
    )


def _is_long(rows: Sequence[Sequence[Cell]], gold: Gold) -> bool:
    """A row for each gold figure, with all its labels."""
    return len(rows) <= len(gold.entries) + 1 and all(
        any(
            all(any(is_label(family, label, cell) for cell in row) for family, label in about.items())
            and any(is_cell(cell, value, unit) for cell in row)
            for row in rows
        )
        for about, value, unit in gold.entries
    )


def _is_row(row: Sequence[Cell], wanted: Sequence[Cell], question: Question) -> bool:
    width = len(question.labels)
    return all(
        any(is_label(family, label, cell) for cell in row)
        for family, label in zip(question.labels, wanted[:width], strict=True)
    ) and all(
        any(is_cell(cell, value, question.unit_of(column)) for cell in row)
        for column, value in enumerate(wanted[width:])
    )


def _about(question: Question, column: int) -> Mapping[str, object]:
    return question.columns[column] if column < len(question.columns) else {}


def _flat(gold: Gold) -> set[str]:
    return {_text(row[0]) for row in gold.rows}


def _text(cell: Cell) -> str:
    return "" if cell is None else str(cell).strip()


def _column(name: str, database: Path) -> tuple[str, ...]:
    """Every known value of a column, as text."""
    rows = _run(f"SELECT DISTINCT {name} FROM {TABLE} WHERE {name} IS NOT NULL", database).rows
    return tuple(str(row[0]).strip() for row in rows)


def _run(statement: str, database: Path) -> QueryResult:
    return _run_once(statement, database, database.stat().st_mtime_ns)


@lru_cache(maxsize=1024)
def _run_once(statement: str, database: Path, _changed_at: int) -> QueryResult:
    """The result of a statement; many answers to one question run the same one."""
    return run_select(statement, database, max_rows=MAX_GOLD_ROWS, timeout_s=SLOWEST_S)
