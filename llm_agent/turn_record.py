"""One question with everything that came of it: built from events as they arrive, kept as JSON.

The page draws this while the answer grows and years later; the export and the evaluation read the same.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from llm_agent import events
from llm_agent.grounding import CheckedFigure
from llm_agent.query_result import Cell, QueryResult

KEPT_ROWS: Final = 1_000
"""Rows of a result that are kept; what a chart of single passengers needs."""
KEPT_CELL_CHARACTERS: Final = 1_000
KEPT_THOUGHT_CHARACTERS: Final = 20_000


@dataclass
class QueryRecord:
    """A query of a turn: what was asked and why, and its result, its error, or neither while it runs."""

    number: int
    sql: str
    purpose: str
    result: QueryResult | None = None
    error: str = ""
    is_refused: bool = False
    chart: dict[str, Any] | None = None


@dataclass
class TurnRecord:
    """A question and its answer so far; `outcome` is empty while it goes on (see `events.Outcome`).

    `asked_at` is UTC in ISO 8601. `messages` is what the model saw and said, valid to be sent again.
    """

    question: str
    model: str
    asked_at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    outcome: str = ""
    text: str = ""
    thoughts: str = ""
    round: int = 0
    queries: list[QueryRecord] = field(default_factory=list)
    figures: tuple[CheckedFigure, ...] = ()
    asked_back: str = ""
    options: tuple[str, ...] = ()
    notices: list[str] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)
    waiting: events.Waiting | None = None
    failure: events.Failed | None = None
    usage: events.Usage | None = None
    messages: tuple[dict[str, Any], ...] = ()

    def apply(self, event: events.Event) -> None:
        """Take in what just happened."""
        self.waiting = event if isinstance(event, events.Waiting) else None
        match event:
            case events.RoundStarted(number):
                self.round = number
            case events.Thinking(text):
                self.thoughts = (self.thoughts + text)[:KEPT_THOUGHT_CHARACTERS]
            case events.AnswerDelta(text):
                self.text += text
            case events.AnswerWithdrawn(reason):
                self.text = ""
                self.withdrawn.append(reason)
            case events.Asked(question, options):
                self.asked_back, self.options = question, options
            case events.Checked(figures):
                self.figures = figures
            case events.Notice(text):
                self.notices.append(text)
            case events.Usage():
                self.usage = event
            case events.Failed():
                self.failure = event
            case events.Done():
                self._end(event)
            case _:
                self._apply_to_query(event)

    def _apply_to_query(self, event: events.Event) -> None:
        match event:
            case events.QueryStarted(number, sql, purpose):
                self.queries.append(QueryRecord(number, sql, purpose))
            case events.QueryDone(number, sql, purpose, result):
                query = self._query(number, sql, purpose)
                query.result = _capped(result)
            case events.QueryError(number, sql, purpose, message, is_refused):
                query = self._query(number, sql, purpose)
                query.error, query.is_refused = message, is_refused
            case events.ChartReady(number, spec):
                for query in self.queries:
                    if query.number == number:
                        query.chart = dict(spec)
            case _:
                pass

    def _query(self, number: int, sql: str, purpose: str) -> QueryRecord:
        """The query that was started under this number; a new one where none was."""
        for query in self.queries:
            if query.number == number:
                return query
        self.queries.append(QueryRecord(number, sql, purpose))
        return self.queries[-1]

    def _end(self, done: events.Done) -> None:
        self.outcome = done.outcome
        self.messages = done.messages
        if done.text and done.text != self.text:
            self.text = done.text

    @property
    def is_going_on(self) -> bool:
        """True until the turn has ended."""
        return not self.outcome

    @property
    def answered_queries(self) -> list[QueryRecord]:
        """Those queries that gave a result."""
        return [query for query in self.queries if query.result is not None]

    def as_json(self) -> dict[str, Any]:
        """The record in JSON's types; `from_json` reads it."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> TurnRecord:
        """The record that `as_json` gave, also one of an older version of this class."""
        known = {each.name for each in dataclasses.fields(cls)}
        record = cls(**{name: value for name, value in values.items() if name in known})
        record.queries = [_query_from_json(each) for each in values.get("queries", ())]
        record.figures = tuple(CheckedFigure(**each) for each in values.get("figures", ()))
        record.options = tuple(values.get("options", ()))
        record.messages = tuple(values.get("messages", ()))
        record.waiting = None
        record.failure = events.Failed(**failure) if (failure := values.get("failure")) else None
        record.usage = events.Usage(**usage) if (usage := values.get("usage")) else None
        return record


def _query_from_json(values: Mapping[str, Any]) -> QueryRecord:
    result = values["result"]
    if result is not None:
        rows = tuple(tuple(row) for row in result["rows"])
        result = QueryResult(**{**result, "columns": tuple(result["columns"]), "rows": rows})
    return QueryRecord(**{**values, "result": result})


def _capped(result: QueryResult) -> QueryResult:
    """The result as far as it is kept: rows and long cells are bounded, and it says so."""
    rows = tuple(tuple(_cut(cell) for cell in row) for row in result.rows[:KEPT_ROWS])
    return dataclasses.replace(
        result,
        rows=rows,
        truncated=result.truncated or len(result.rows) > KEPT_ROWS,
        cells_cut=result.cells_cut or rows != result.rows[:KEPT_ROWS],
    )


def _cut(cell: Cell) -> Cell:
    if isinstance(cell, str) and len(cell) > KEPT_CELL_CHARACTERS:
        return cell[:KEPT_CELL_CHARACTERS] + "…"
    return cell
