"""Running the model's tool calls: each gets one answer that the model can act on, whatever it wrote."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Any

from llm_agent.chart_spec import validate_chart
from llm_agent.errors import ChartRefused, QueryFailed, QueryRefused
from llm_agent.events import ChartReady, Event, QueryDone, QueryError, QueryStarted
from llm_agent.query_result import QueryResult, result_for_model
from llm_agent.readonly_sql import run_select
from llm_agent.stream import ToolCall
from llm_agent.turns.query_thread import QueryAbandoned, run_until
from llm_agent.turns.turn_limits import MAX_CHARTS, MAX_QUERIES, MAX_SAME_FAILURES, TurnEnd

MAX_CHART_ROWS = 2_000
"""Rows of a result that charts and cards get; a model sees the first 200."""
MAX_PURPOSE_CHARS = 120
MAX_SHOWN = 80
"""Characters of a wrong argument that an error message repeats."""
TOOL_NAMES = ("run_sql", "draw_chart", "ask_user")
NOT_RUN = "The turn ended before this call was run."

Answer = dict[str, Any]
"""What a tool tells the model: one JSON object."""


class BadArguments(Exception):
    """Arguments of a tool call that are not those of its schema; the text is for the model."""


class ToolRunner:
    """The tools of one turn, with its results by number and the bounds on queries and charts."""

    def __init__(self, database: Path, end: TurnEnd) -> None:
        self.results: dict[int, QueryResult] = {}
        self.statements: dict[int, str] = {}
        self.queries = 0
        self.question_back: tuple[str, tuple[str, ...]] | None = None
        self._database = database
        self._end = end
        self._charts = 0
        self._failures: Counter[str] = Counter()

    @property
    def is_exhausted(self) -> bool:
        """True when no further query makes sense: there were too many, or one keeps failing the same way."""
        return self.queries >= MAX_QUERIES or max(self._failures.values(), default=0) >= MAX_SAME_FAILURES

    def run(self, call: ToolCall) -> Generator[Event, None, str]:
        """Run one call; gives events on the way and returns the content of its `tool` message."""
        answer: Answer
        try:
            if self._end.is_set():
                raise BadArguments(NOT_RUN)
            arguments = read_arguments(call)
            answer = yield from self._tool(call.name)(arguments)
        except BadArguments as error:
            answer = {"error": str(error)}
        return json.dumps(answer, ensure_ascii=False)

    def _tool(self, name: str) -> Callable[[Mapping[str, Any]], Generator[Event, None, Answer]]:
        if name not in TOOL_NAMES:
            raise BadArguments(f"There is no tool {name[:MAX_SHOWN]!r}. Use one of: {', '.join(TOOL_NAMES)}.")
        return {"run_sql": self._run_sql, "draw_chart": self._draw_chart, "ask_user": self._ask_user}[name]

    def _run_sql(self, arguments: Mapping[str, Any]) -> Generator[Event, None, Answer]:
        sql = _text(arguments, "sql")
        purpose = str(arguments.get("purpose") or "Query")[:MAX_PURPOSE_CHARS]
        if self.queries >= MAX_QUERIES:
            raise BadArguments(
                f"{MAX_QUERIES} queries were run, no more are allowed: answer from their results."
            )
        self.queries += 1
        number = self.queries
        yield QueryStarted(number, sql, purpose)
        try:
            result = run_until(self._end, lambda: run_select(sql, self._database, max_rows=MAX_CHART_ROWS))
        except QueryAbandoned:
            yield QueryError(number, sql, purpose, "Stopped.", is_refused=False)
            return {"error": NOT_RUN}
        except (QueryRefused, QueryFailed) as error:
            yield QueryError(number, sql, purpose, str(error), isinstance(error, QueryRefused))
            return {"query": number, "error": self._with_nudge(sql, str(error))}
        self.results[number], self.statements[number] = result, sql
        yield QueryDone(number, sql, purpose, result)
        return {"query": number, **_for_model(result)}

    def _with_nudge(self, sql: str, message: str) -> str:
        """The message, and a push to try something else when the same statement failed before."""
        statement = " ".join(sql.lower().split())
        self._failures[statement] += 1
        if self._failures[statement] == 1:
            return message
        return f"{message} This same statement failed before: change it, or answer without it."

    def _draw_chart(self, arguments: Mapping[str, Any]) -> Generator[Event, None, Answer]:
        number = _query_number(arguments)
        if number not in self.results:
            numbers = ", ".join(map(str, self.results)) or "none yet"
            raise BadArguments(
                f"There is no result {number} for this question (there are: {numbers}). Run the query, also "
                "when an earlier answer had it, then draw its result."
            )
        if self._charts >= MAX_CHARTS:
            raise BadArguments(f"{MAX_CHARTS} charts were drawn, no more are allowed: answer now.")
        try:
            spec = validate_chart(arguments, self.results[number])
        except ChartRefused as error:
            raise BadArguments(str(error)) from None
        self._charts += 1
        yield ChartReady(number, spec.as_json())
        return {"chart": "drawn", "query": number, "marks": len(self.results[number].rows)}

    def _ask_user(self, arguments: Mapping[str, Any]) -> Generator[Event, None, Answer]:
        question = _text(arguments, "question")
        options = arguments.get("options") or []
        if not isinstance(options, list):
            raise BadArguments("options has to be a list of texts.")
        self.question_back = question, tuple(str(option).strip() for option in options if str(option).strip())
        yield from ()
        return {"asked": question}


def read_arguments(call: ToolCall) -> Mapping[str, Any]:
    """The call's arguments as an object; raises `BadArguments`, which tells what was received."""
    try:
        arguments = json.loads(call.arguments or "{}")
    except ValueError:
        received = repr(call.arguments[:MAX_SHOWN])
        raise BadArguments(
            f"The arguments are not valid JSON: {received}. Send one whole JSON object."
        ) from None
    if not isinstance(arguments, dict):
        raise BadArguments(f"The arguments are a {type(arguments).__name__}. Send one JSON object.")
    whole = json.dumps(arguments, ensure_ascii=False).encode("utf-8", "replace")
    return dict(json.loads(whole))  # half characters, which no page and no file can take, became "?"


def for_history(call: ToolCall) -> dict[str, Any]:
    """The call as a message holds it, in a form that every server takes back."""
    try:
        read_arguments(call)
        arguments = call.arguments or "{}"
    except BadArguments:
        arguments = "{}"  # servers parse it again, and refuse the whole conversation when they cannot
    name = re.sub(r"[^A-Za-z0-9_-]", "_", call.name)[:64] or "unnamed"
    return {"id": call.id, "type": "function", "function": {"name": name, "arguments": arguments}}


def _text(arguments: Mapping[str, Any], name: str) -> str:
    value = arguments.get(name)
    if not isinstance(value, str) or not value.strip():
        raise BadArguments(f"{name} is missing or no text. Required: {name}.")
    return value.strip()


def _query_number(arguments: Mapping[str, Any]) -> int:
    value = arguments.get("query")
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise BadArguments("query has to be the number that run_sql gave the result.")
    return value


def _for_model(result: QueryResult) -> Answer:
    """What the model sees of a result; `total_rows` where it sees a part of rows that are all there."""
    seen: Answer = json.loads(result_for_model(result))
    if seen["row_count"] < len(result.rows) and not result.truncated:
        seen["total_rows"] = len(result.rows)
    return seen
