"""What comes from a model while it answers, free of any client's types: the contract of model and agent."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

Message = Mapping[str, Any]
"""A message as the chat completions protocol has it: `role`, `content`, `tool_calls`, `tool_call_id`."""

ToolSchema = Mapping[str, Any]
"""A tool as the protocol describes it: `{"type": "function", "function": {"name", "description", ...}}`."""


@dataclass(frozen=True)
class TextPart:
    """A piece of the answer."""

    text: str


@dataclass(frozen=True)
class ReasoningPart:
    """A piece of what the model thinks aloud; shown as such and never sent back."""

    text: str


@dataclass(frozen=True)
class WaitingPart:
    """The request waits before it is sent again: whole seconds left and why (a rate limit, a busy server)."""

    seconds: int
    reason: str


@dataclass(frozen=True)
class NoticePart:
    """Something that people should know, such as: this model knows no tools, SQL is read from its text."""

    text: str


@dataclass(frozen=True)
class ToolCall:
    """A tool that the model wants to be run; `arguments` is JSON as the model wrote it, perhaps malformed."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True)
class Completion:
    """The end of one answer: its whole text, its tool calls, and the tokens as the server counts them."""

    text: str
    tool_calls: tuple[ToolCall, ...] = ()
    finish_reason: str = "stop"
    tokens_in: int = 0
    tokens_out: int = 0


StreamPart = TextPart | ReasoningPart | WaitingPart | NoticePart | Completion


class ChatModel(Protocol):
    """Anything that answers messages as a stream of parts, the last of which is a `Completion`."""

    @property
    def name(self) -> str:
        """The model's name, for people."""

    def stream(
        self, messages: Sequence[Message], tools: Sequence[ToolSchema], stop: threading.Event
    ) -> Iterator[StreamPart]:
        """The parts as they come; ends early, without a `Completion`, within 2 s once `stop` is set.

        Raises `ModelError`.
        """
