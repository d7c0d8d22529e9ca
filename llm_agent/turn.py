"""A turn of a conversation: one question and what the model saw and said until its answer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from llm_agent.query_result import QueryResult


@dataclass(frozen=True)
class Turn:
    """A finished turn, as later turns need it: `messages` are those of its `Done` event.

    >>> Turn.from_json(Turn("Hi?", ({"role": "user", "content": "Hi?"},)).as_json()).question
    'Hi?'
    """

    question: str
    messages: tuple[dict[str, Any], ...]

    def as_json(self) -> dict[str, Any]:
        """The turn as a JSON object; `from_json` reads it."""
        return {"question": self.question, "messages": list(self.messages)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Turn:
        """The turn that was saved."""
        return cls(str(data["question"]), tuple(dict(message) for message in data["messages"]))

    def results(self) -> Iterator[QueryResult]:
        """The results of this turn's queries, as far as the model saw them and their rows are still kept."""
        for message in self.messages:
            if message["role"] == "tool" and (result := _result_in(message["content"])):
                yield result


def _result_in(content: str) -> QueryResult | None:
    """The result in a tool's answer; None for errors, charts and dropped rows."""
    try:
        answer = json.loads(content)
        columns, rows = answer["columns"], answer["rows"]
    except (ValueError, KeyError, TypeError):
        return None
    return QueryResult(tuple(columns), tuple(map(tuple, rows)), bool(answer.get("truncated")), 0.0)
