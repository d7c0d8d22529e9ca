"""From the chunks of a stream to parts and, at its end, the completion.

Own assembly, because `client.chat.completions.stream()` breaks on servers that omit or repeat the index of a
tool call, and because nothing in the protocol tells an answer from half an answer but the finish reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llm_agent.client.fenced_sql import FenceReader
from llm_agent.client.think_text import ThinkSplitter
from llm_agent.client.tool_call_assembly import ToolCallAssembly
from llm_agent.stream import Completion, ReasoningPart, StreamPart, TextPart

LONGEST_ANSWER = 200_000
"""Characters of text, thoughts and arguments together; a model that writes more has lost itself."""


class StreamAssembly:
    """Feed it the chunks of one answer; `completion()` is the whole. With `is_fenced` blocks become calls."""

    def __init__(self, is_fenced: bool = False) -> None:
        self.finish_reason = ""
        self.chunks = 0
        self._text: list[str] = []
        self._length = 0
        self._tokens = (0, 0)
        self._calls = ToolCallAssembly()
        self._think = ThinkSplitter()
        self._fences = FenceReader() if is_fenced else None

    @property
    def is_done(self) -> bool:
        """Whether nothing more needs to be read: a block is whole, or the answer is too long."""
        if self._length + len(self._calls) > LONGEST_ANSWER:
            self.finish_reason = "length"
            return True
        return self._fences is not None and self._fences.call is not None

    @property
    def is_empty(self) -> bool:
        """Whether the model has said nothing at all, neither words nor calls."""
        return not self._text and not len(self._calls) and not (self._fences and self._fences.call)

    def feed(self, chunk: Any) -> Iterator[StreamPart]:
        """The parts that one chunk brings; a chunk without choices may bring the usage."""
        self.chunks += 1
        self._count(getattr(chunk, "usage", None))
        for choice in (getattr(chunk, "choices", None) or ())[:1]:
            self.finish_reason = getattr(choice, "finish_reason", None) or self.finish_reason
            if (delta := getattr(choice, "delta", None)) is not None:
                yield from self._delta(delta)

    def rest(self) -> Iterator[StreamPart]:
        """What was held back, at the end of the stream."""
        for text, is_thought in self._think.rest():
            yield from self._thought_or_text(text, is_thought)
        if self._fences:
            yield from self._said(self._fences.rest())

    def completion(self) -> Completion:
        """The answer as a whole; its text begins and ends without blanks."""
        fenced = self._fences.call if self._fences else None
        calls = (fenced,) if fenced else self._calls.calls()
        reason = "tool_calls" if calls and self.finish_reason in {"", "stop"} else self.finish_reason
        return Completion("".join(self._text).strip(), calls, reason or "stop", *self._tokens)

    def _delta(self, delta: Any) -> Iterator[StreamPart]:
        extra = getattr(delta, "model_extra", None) or {}
        thought = extra.get("reasoning_content") or extra.get("reasoning")
        if isinstance(thought, str) and thought:
            yield from self._thought_or_text(thought, True)
        if isinstance(content := getattr(delta, "content", None), str):
            for text, is_thought in self._think.feed(content):
                yield from self._thought_or_text(text, is_thought)
        for call in getattr(delta, "tool_calls", None) or ():
            self._calls.feed(call)

    def _thought_or_text(self, text: str, is_thought: bool) -> Iterator[StreamPart]:
        self._length += len(text)
        if is_thought:
            yield ReasoningPart(text)
        else:
            yield from self._said(self._fences.feed(text) if self._fences else iter((text,)))

    def _said(self, pieces: Iterator[str]) -> Iterator[StreamPart]:
        for piece in pieces:
            text = piece if self._text else piece.lstrip()
            if text:
                self._text.append(text)
                yield TextPart(text)

    def _count(self, usage: Any) -> None:
        if usage is not None:
            self._tokens = (
                _number(getattr(usage, "prompt_tokens", 0)) or self._tokens[0],
                _number(getattr(usage, "completion_tokens", 0)) or self._tokens[1],
            )


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0
