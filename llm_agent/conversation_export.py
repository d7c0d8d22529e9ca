"""A conversation to take away: Markdown to read, JSON to process, voted answers as evaluation questions."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from llm_agent.conversations import Conversation, KeptTurn
from llm_agent.query_result import Cell, QueryResult
from llm_agent.turn_record import QueryRecord

EXPORTED_ROWS: Final = 50
"""Rows of a result in Markdown; JSON has all that are kept."""


def as_markdown(conversation: Conversation, turns: Sequence[KeptTurn]) -> str:
    """The conversation with each answer's SQL and results; what models and cells wrote stays text."""
    parts = [f"# {_inert(conversation.title)}", f"Begun {conversation.created_at}."]
    for turn in turns:
        parts += _turn_in_markdown(turn)
    return "\n\n".join(parts) + "\n"


def _turn_in_markdown(turn: KeptTurn) -> list[str]:
    record = turn.record
    parts = [f"## {turn.number}. {_inert(record.question)}", f"*{_inert(record.model)}, {record.asked_at}*"]
    for query in record.queries:
        parts += _query_in_markdown(query)
    parts.append(_inert(record.text) or "*No answer.*")
    if record.asked_back:
        parts.append(f"Asked back: {_inert(record.asked_back)}")
    unfounded = [figure.text for figure in record.figures if figure.status == "unmatched"]
    if unfounded:
        parts.append(f"Figures that stand in no result: {_inert(', '.join(unfounded))}")
    if record.failure:
        parts.append(f"Failed: {_inert(record.failure.cause)} {_inert(record.failure.remedy)}")
    if turn.vote is not None:
        parts.append(f"Vote: {'good' if turn.vote else 'bad'}. {_inert(turn.comment)}".strip())
    return parts


def _query_in_markdown(query: QueryRecord) -> list[str]:
    fence = _fence(query.sql)
    parts = [f"Query {query.number}: {_inert(query.purpose)}", f"{fence}sql\n{query.sql}\n{fence}"]
    if query.result is not None:
        parts.append(_table(query.result))
    elif query.error:
        parts.append(f"Not run to its end: {_inert(query.error)}")
    return parts


def _fence(code: str) -> str:
    """More back ticks than the code has in a row."""
    longest = max((len(run) for run in re.findall(r"`+", code)), default=0)
    return "`" * max(3, longest + 1)


def _table(result: QueryResult) -> str:
    lines = [
        f"| {' | '.join(_cell(name) for name in result.columns)} |",
        f"|{'---|' * len(result.columns)}",
        *(f"| {' | '.join(_cell(cell) for cell in row)} |" for row in result.rows[:EXPORTED_ROWS]),
    ]
    if len(result.rows) > EXPORTED_ROWS or result.truncated:
        lines.append(f"\nThe first {min(len(result.rows), EXPORTED_ROWS)} rows; there are more.")
    return "\n".join(lines)


def _cell(cell: Cell) -> str:
    return "*unknown*" if cell is None else _inert(" ".join(str(cell).split())).replace("|", "\\|")


def _inert(text: str) -> str:
    """Text in Markdown in which no image, link, tag or fence begins."""
    return re.sub(r"([\[\]<>`~])", r"\\\1", text)


def as_json(conversation: Conversation, turns: Sequence[KeptTurn]) -> str:
    """Everything that is kept of the conversation but its id, which opens it."""
    about = {name: value for name, value in asdict(conversation).items() if name != "id"}
    told = [
        {"number": turn.number, "vote": turn.vote, "comment": turn.comment, **turn.record.as_json()}
        for turn in turns
    ]
    return json.dumps({**about, "turns": told}, ensure_ascii=False, indent=2)


def as_evaluation_questions(turns: Sequence[KeptTurn]) -> str:
    """A line of JSON for each turn with a vote: the question after its history, the SQL, what came of it.

    Fields: id, question, history (earlier questions), sql (of the last query with a result), columns, rows,
    final_text, vote ("good" or "bad"), comment.
    """
    lines = [
        json.dumps(_evaluation_question(turn, turns[:index]), ensure_ascii=False)
        for index, turn in enumerate(turns)
        if turn.vote is not None
    ]
    return "".join(f"{line}\n" for line in lines)


def _evaluation_question(turn: KeptTurn, earlier: Sequence[KeptTurn]) -> dict[str, Any]:
    answered = turn.record.answered_queries
    result = answered[-1].result if answered else None
    return {
        "id": f"chat-{turn.record.asked_at}-{turn.number}",
        "question": turn.record.question,
        "history": [each.record.question for each in earlier],
        "sql": answered[-1].sql if answered else "",
        "columns": list(result.columns) if result else [],
        "rows": [list(row) for row in result.rows[:EXPORTED_ROWS]] if result else [],
        "final_text": turn.record.text,
        "vote": "good" if turn.vote else "bad",
        "comment": turn.comment,
    }
