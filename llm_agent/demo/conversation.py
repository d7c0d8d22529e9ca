"""One reply of the demo model to the messages of a request: a query, a chart, a question back or a sentence.

Nothing is remembered between requests: each question is read again, with those before it, and an answer is
made from the tool results that stand in the messages.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from llm_agent.demo.form import Form, Rows, figure
from llm_agent.demo.grammar import Understood, UnknownWords, understand
from llm_agent.demo.limits import (
    Asking,
    ambiguous,
    decline,
    is_change,
    not_in_table,
    precheck,
    refuse_change,
)  # fmt: skip
from llm_agent.demo.population import NotUnderstood
from llm_agent.demo.translations import to_english

Message = Mapping[str, Any]
CHECK_MARK = "[check]"
"""How a message begins with which the agent asks for an answer with the figures of the results only."""

NO_TOOLS = (
    "This is the demo model, no LLM. It answers questions about the Titanic table with the tool run_sql, "
    "which this request does not offer."
)
MAX_CHART_TITLE = 100
MIN_BARS, MAX_BARS = 2, 30
MAX_CELLS_TOLD = 60


@dataclass(frozen=True)
class Call:
    """A tool to be run."""

    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class Reply:
    """What the model answers: text, or calls of tools."""

    text: str = ""
    calls: tuple[Call, ...] = ()


@dataclass(frozen=True)
class Turn:
    """The last question, what was asked before it, and what its tools gave so far."""

    question: str
    earlier: tuple[str, ...] = ()
    results: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    is_check: bool = False
    called: tuple[str, ...] = field(default=())

    def result_of(self, tool: str) -> Mapping[str, Any] | None:
        """The first result of this tool in the turn."""
        return next((content for name, content in self.results if name == tool), None)


def reply(messages: Sequence[Message], tools: frozenset[str]) -> Reply:
    """The reply to these messages, given the names of the tools that may be called."""
    turn = read_turn(messages)
    result = turn.result_of("run_sql")
    if result is None:  # after a check without a result: quoted words may look like figures
        return Reply(decline()) if turn.is_check else first_reply(turn, tools)
    if "error" in result:
        return Reply(f"The query did not give a result, so there is no figure to give: {result['error']}")
    rows = rows_of(result)
    if turn.is_check:
        return Reply(cells_only(rows))
    understood, note = read_question(turn)
    if not isinstance(understood, Understood):
        return Reply(decline())
    chart = chart_call(understood.form, rows, result) if "draw_chart" in tools else None
    if chart and "draw_chart" not in turn.called:
        return Reply(calls=(chart,))
    return Reply(mending_note(understood) + understood.form.answer(rows) + note)


def first_reply(turn: Turn, tools: frozenset[str]) -> Reply:
    """The reply before any result: a query, a question back, or why there is neither."""
    understood, _ = read_question(turn)
    if isinstance(understood, str):
        return Reply(understood)
    if isinstance(understood, Asking):
        if "ask_user" in tools:
            return Reply(
                calls=(
                    Call("ask_user", {"question": understood.question, "options": list(understood.options)}),
                )
            )
        return Reply(f"{understood.question} For example: {' / '.join(understood.options)}")
    if "run_sql" not in tools:
        return Reply(NO_TOOLS)
    form = understood.form
    return Reply(calls=(Call("run_sql", {"sql": form.sql, "purpose": form.purpose}),))


def read_question(turn: Turn) -> tuple[Understood | Asking | str, str]:
    """What the question means, a question back, or why there is no answer; and a note on its language."""
    before: Form | None = None
    for earlier in turn.earlier:
        before = read_earlier(earlier, before)
    question, note = to_english(turn.question)
    asking = precheck(question, understood_after(before))
    if asking:
        return asking, note
    try:
        return understand(question, before), note
    except UnknownWords as error:
        return limits(question, before, error.words), note
    except NotUnderstood:
        return limits(question, before, ()), note


def read_earlier(question: str, before: Form | None) -> Form | None:
    """The form of an earlier question, or None where it was not understood or asked back."""
    question, _ = to_english(question)
    try:
        asking = precheck(question, understood_after(before))
        return None if asking else understand(question, before).form
    except (UnknownWords, NotUnderstood):
        return None


def understood_after(before: Form | None) -> Callable[[str], bool]:
    """Whether the grammar understands a question that follows this form."""

    def is_understood(question: str) -> bool:
        try:
            understand(question, before)
        except (UnknownWords, NotUnderstood):
            return False
        return True

    return is_understood


def limits(question: str, before: Form | None, unknown: tuple[str, ...]) -> Asking | str:
    """Why the question gets no figure."""
    if is_change(question):
        return refuse_change()
    return not_in_table(question) or ambiguous(question, understood_after(before)) or decline(unknown)


def read_turn(messages: Sequence[Message]) -> Turn:
    """The turn that the messages end in."""
    questions = [
        place for place, message in enumerate(messages)
        if message.get("role") == "user" and not text_of(message).startswith(CHECK_MARK)
    ]  # fmt: skip
    if not questions:
        return Turn("")
    earlier = tuple(text_of(messages[place]) for place in questions[:-1])
    since = messages[questions[-1] + 1 :]
    names = {
        call["id"]: call["function"]["name"] for message in since for call in message.get("tool_calls") or ()
    }
    results = tuple(
        (names.get(message.get("tool_call_id"), ""), content_of(message))
        for message in since if message.get("role") == "tool"
    )  # fmt: skip
    is_check = bool(since) and since[-1].get("role") == "user"
    return Turn(text_of(messages[questions[-1]]), earlier, results, is_check, tuple(names.values()))


def text_of(message: Message) -> str:
    """The text of a message, whose content may be a list of parts."""
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return " ".join(str(part.get("text", "")) for part in content if isinstance(part, Mapping))


def content_of(message: Message) -> Mapping[str, Any]:
    """A tool's result; what is no JSON object counts as an error."""
    try:
        content = json.loads(text_of(message))
    except ValueError:
        content = None
    return content if isinstance(content, dict) else {"error": "the tool's result could not be read."}


def rows_of(result: Mapping[str, Any]) -> Rows:
    """The rows of a run_sql result by column."""
    columns = result.get("columns") or []
    records = tuple(dict(zip(columns, row, strict=False)) for row in result.get("rows") or [])
    return Rows(records, bool(result.get("truncated")))


def chart_call(form: Form, rows: Rows, result: Mapping[str, Any]) -> Call | None:
    """The call that draws the result, where it is a table of some groups."""
    chart = form.chart
    if chart is None or not MIN_BARS <= len(rows.records) <= MAX_BARS:
        return None
    arguments = {
        "query": result.get("query", 1), "kind": chart.kind, "x": chart.x, "y": chart.y,
        "title": chart.title[:MAX_CHART_TITLE],
    }  # fmt: skip
    return Call("draw_chart", {**arguments, "colour": chart.colour} if chart.colour else arguments)


def cells_only(rows: Rows) -> str:
    """The result's cells and nothing else, for a second answer that must hold no other figure."""
    if not rows.records:
        return "The query gave no rows."
    told = [
        f"{column} {figure(value) if value is not None else 'unknown'}"
        for row in rows.records
        for column, value in row.items()
    ]
    rest = ", and more in the table" if len(told) > MAX_CELLS_TOLD else ""
    return f"What the query gave: {', '.join(told[:MAX_CELLS_TOLD])}{rest}."


def mending_note(understood: Understood) -> str:
    """Which spellings were read as which words."""
    if not understood.mended:
        return ""
    return f"(Read {', '.join(f'“{word}” as “{better}”' for word, better in understood.mended)}.) "
