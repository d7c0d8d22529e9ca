"""A conversation of the real agent, client and guard with a scripted LLM server, for tests."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, TypeVar

import openai  # noqa: F401  takes a second, which the first question would count as silence

from llm_agent.agent import Agent
from llm_agent.client.capability import CapabilityMemory
from llm_agent.events import AnswerDelta, AnswerWithdrawn, Checked, Done, Event
from llm_agent.model import OpenAIChatModel
from llm_agent.turn import Turn
from tests.llm_server import Answer, LlmServer, Script, tool_call

E = TypeVar("E")


class Heard:
    """The events of one turn."""

    def __init__(self, events: list[Event]) -> None:
        self.events = events
        assert [type(event) for event in events].count(Done) == 1, "exactly one Done"
        assert isinstance(events[-1], Done), "Done is the last event"
        self.done: Done = events[-1]
        if self.done.outcome == "answered":
            assert self.shown == self.done.text, "the page shows the text that is kept"
            assert len(self.of(Checked)) == 1, "an answer is checked once"

    def of(self, kind: type[E]) -> list[E]:
        """The events of one type, in their order."""
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def shown(self) -> str:
        """The text that a page which follows the events shows at the end."""
        text = ""
        for event in self.events:
            if isinstance(event, AnswerWithdrawn):
                text = ""
            elif isinstance(event, AnswerDelta):
                text += event.text
        return text


class Talk(LlmServer):
    """A server with its script, an agent that asks it, and the turns so far; use it in a `with` block."""

    def __init__(self, database: Path, script: Script, *, silence_s: float = 10, **options: Any) -> None:
        super().__init__(script)
        chat_model = OpenAIChatModel(
            self.base_url, self.model, "key", memory=CapabilityMemory(), second_s=0.01, silence_s=silence_s
        )
        self.agent = Agent(chat_model, database, **options)
        self.turns: list[Turn] = []

    def ask(self, question: str, stop: threading.Event | None = None) -> Heard:
        """Ask, hear every event, keep the turn."""
        heard = Heard(list(self.agent.answer(question, self.turns, stop)))
        self.turns.append(Turn(question, heard.done.messages))
        return heard

    def sent(self, number: int = -1) -> list[dict[str, Any]]:
        """The messages of one request."""
        messages: list[dict[str, Any]] = self.requests[number].body["messages"]
        return messages


def sql(statement: str, purpose: str = "Try") -> Answer:
    """The model calls run_sql."""
    return tool_call("run_sql", sql=statement, purpose=purpose)
