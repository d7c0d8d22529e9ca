"""The rounds of a turn with the model: what is sent, what comes back, how much of it there may be."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from llm_agent.errors import ConversationTooLong, ModelError
from llm_agent.events import AnswerDelta, Event, Notice, RoundStarted, Thinking, Waiting
from llm_agent.prompt import CHECK_PREFIX, TOOLS
from llm_agent.stream import (
    ChatModel,
    Completion,
    Message,
    NoticePart,
    ReasoningPart,
    StreamPart,
    TextPart,
    ToolCall,
    WaitingPart,
)
from llm_agent.turn import Turn
from llm_agent.turns.turn_history import estimate_tokens, messages_that_fit
from llm_agent.turns.turn_limits import ANSWER_AFTER, MAX_ROUNDS, TurnEnd

LAST_ROUND = (
    "No further query can be run for this question. Answer now from the results; say what is missing."
)
SHRINK = 3
"""By how much a request becomes smaller when the server finds it too long."""


class ModelRounds:
    """Asks the model, time after time, and counts: `number` rounds, tokens; `said` is the current text.

    `is_last` is true once a round went without tools, so that the model has to answer.
    """

    def __init__(self, model: ChatModel, history: Sequence[Turn], end: TurnEnd, token_budget: int) -> None:
        self.number = self.tokens_in = self.tokens_out = 0
        self.is_last = False
        self.said = ""
        self._model = model
        self._history = history
        self._end = end
        self._budget = token_budget

    @property
    def is_over(self) -> bool:
        """Whether the last round that a turn may have has begun."""
        return self.number >= MAX_ROUNDS

    def ask(
        self, system: Message, messages: Sequence[Message], is_exhausted: bool
    ) -> Generator[Event, None, Completion | None]:
        """What the model answers; None when the turn's end came first. Raises `ModelError`.

        A request that the server finds too long is sent again with less of the history. With
        `is_exhausted`, and in the last round anyway, the model gets no tools.
        """
        while True:
            self.number += 1
            is_late = self._end.elapsed_s >= self._end.seconds * ANSWER_AFTER
            self.is_last = self.is_over or is_exhausted or is_late
            request = self._request(system, messages)
            yield RoundStarted(self.number)
            try:
                return (yield from self._stream(request))
            except ConversationTooLong:
                size = estimate_tokens(request)
                self._budget = min(self._budget, size) // SHRINK
                if self.is_over or estimate_tokens(self._request(system, messages)) >= size:
                    raise

    def _stream(self, request: Sequence[Message]) -> Generator[Event, None, Completion | None]:
        self.said = ""
        completion = None
        tools = () if self.is_last else TOOLS
        with _closed_at_end(self._model.stream(request, tools, self._end)) as parts:
            for part in parts:
                if isinstance(part, Completion):
                    completion = _of_whole_characters(part)
                else:
                    yield self._event_of(part)
        if completion is None and not self._end.is_set():
            raise ModelError("The model's answer ended early.", "Ask again.", is_passing=True)
        if completion:
            self.tokens_in += completion.tokens_in
            self.tokens_out += completion.tokens_out
        return completion

    def _request(self, system: Message, messages: Sequence[Message]) -> list[Message]:
        """System prompt, as much of the history as fits, this turn, and at last the call to answer."""
        current = list(messages)
        if self.is_last and self.number > 1:
            current = _with_user_message(current, f"{CHECK_PREFIX}{LAST_ROUND}")
        room = self._budget - estimate_tokens([system, *TOOLS])
        return [system, *messages_that_fit(self._history, current, room)]

    def _event_of(self, part: StreamPart) -> Event:
        match part:
            case TextPart(text):
                self.said += whole_characters(text)
                return AnswerDelta(whole_characters(text))
            case ReasoningPart(text):
                return Thinking(whole_characters(text))
            case WaitingPart(seconds, reason):
                return Waiting(seconds, reason)
            case NoticePart(text):
                return Notice(text)
        raise TypeError(f"an unknown part of a stream: {part!r:.80}")


def whole_characters(text: str) -> str:
    """The text with "?" for half characters (lone surrogates), which no page, file or request can take.

    JSON may hold them, and one in the history would make every further request fail.
    """
    return text.encode("utf-8", "replace").decode()


def _of_whole_characters(completion: Completion) -> Completion:
    calls = tuple(
        ToolCall(whole_characters(call.id), whole_characters(call.name), whole_characters(call.arguments))
        for call in completion.tool_calls
    )
    return replace(completion, text=whole_characters(completion.text), tool_calls=calls)


def _with_user_message(messages: list[Message], content: str) -> list[Message]:
    """The messages with one more from the user; two in a row become one, since many templates want turns."""
    last = messages[-1]
    if last["role"] == "user":
        return [*messages[:-1], {**last, "content": f"{last['content']}\n\n{content}"}]
    return [*messages, {"role": "user", "content": content}]


@contextmanager
def _closed_at_end(parts: Iterator[StreamPart]) -> Iterator[Iterator[StreamPart]]:
    """The stream, closed when it is left, so that its connection ends with the round."""
    try:
        yield parts
    finally:
        if close := getattr(parts, "close", None):
            close()
