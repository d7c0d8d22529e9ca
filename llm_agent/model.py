"""The client of every OpenAI-compatible server: one question in, a stream of parts out, bounded everywhere.

Covers: tools down the ladder of `capability`, visible retries, a stop that works while the server is silent,
and failures as one `ModelError` in plain words. Does not cover: what the tools do, and when to ask again with
their results; that is the agent's work.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

from llm_agent.client.answer_reader import READ_SILENCE_S, READY, AnswerReader, Stopped
from llm_agent.client.breakable_line import CURRENT_LINE, Line
from llm_agent.client.capability import REMEMBERED, Capability, CapabilityMemory, Rung
from llm_agent.client.endpoint import read_endpoint
from llm_agent.client.fenced_sql import as_plain_messages
from llm_agent.client.model_errors import NotAnAnswer, explain, is_unknown_model, unknown_model, words_of
from llm_agent.client.outgoing import sendable
from llm_agent.client.retry import seconds_to_wait, why
from llm_agent.client.stream_assembly import StreamAssembly
from llm_agent.errors import ModelError
from llm_agent.stream import Completion, Message, NoticePart, StreamPart, ToolSchema, WaitingPart

if TYPE_CHECKING:
    import httpx2
    import openai
    from pydantic import SecretStr

CONNECT_S = 5.0
LIST_MODELS_S = 5.0
"""Seconds for the list of models; it decorates an error or fills a box, so it may fail silently."""


class OpenAIChatModel:
    """A `ChatModel` behind a base URL. Safe to share between threads; nothing is sent before `stream`.

    `http_client` replaces the network (the demo model does that), `memory` the process's memory of what
    endpoints can do; `second_s` is how long a second of a countdown lasts. Raises `ModelError` for an address
    or key that cannot be one.
    """

    def __init__(
        self,
        base_url: str | None,
        model: str,
        api_key: SecretStr | str | None = None,
        *,
        http_client: httpx2.Client | None = None,
        memory: CapabilityMemory = REMEMBERED,
        silence_s: float = READ_SILENCE_S,
        second_s: float = 1.0,
    ) -> None:
        self._endpoint = read_endpoint(base_url, api_key)
        self._model = model
        self._http_client = http_client
        self._memory = memory
        self._silence_s = silence_s
        self._second_s = second_s
        self._client: openai.OpenAI | None = None
        self._client_lock = threading.Lock()

    def __repr__(self) -> str:
        return f"OpenAIChatModel({self._endpoint.url!r}, {self._model!r})"

    @property
    def name(self) -> str:
        """The model's name, for people."""
        return self._model

    @property
    def address(self) -> str:
        """The endpoint's address without anything secret."""
        return self._endpoint.url

    @property
    def rung(self) -> Rung:
        """How this model runs queries, as far as known by now."""
        return self._known.rung

    def stream(
        self, messages: Sequence[Message], tools: Sequence[ToolSchema], stop: threading.Event
    ) -> Iterator[StreamPart]:
        """The parts as they come, then a `Completion`; without one when `stop` was set, within 2 s of it.

        Raises `ModelError`. Nothing of a failed answer is kept: the next call works as if it had not been.
        """
        capability, retries, waited_s = self._known, 0, 0
        while True:
            failure, has_said = yield from self._try(messages, tools, capability, stop)
            if failure is None:
                return
            lower = None if has_said else _after_refusal(capability, failure, bool(tools))
            wait_s = None if has_said else seconds_to_wait(failure, retries, waited_s)
            if lower is not None:
                yield from self._notice(capability, lower)
                capability = lower
            elif wait_s is not None:
                yield from self._count_down(wait_s, why(failure, self._endpoint.server), stop)
                retries, waited_s = retries + 1, waited_s + wait_s
            else:
                problem = self._explained(failure, has_said, stop)
                failure = None  # it holds headers, and the frame of this function goes with the problem
                raise problem

    def warm_up(self) -> None:
        """Load the client now, while nobody waits; sends nothing. Raises `ModelError` for a broken proxy."""
        self._openai()

    def offered_models(
        self, stop: threading.Event | None = None, seconds: float = LIST_MODELS_S
    ) -> list[str]:
        """The names of the models that the endpoint lists, sorted. Raises `ModelError`."""
        try:
            with closing(self._read(self._list_models, stop or threading.Event(), seconds)) as lists:
                return next(lists)
        except Stopped:
            return []
        except Exception as error:  # noqa: BLE001  as in stream()
            problem = explain(error, self._endpoint, self._model)
        raise problem  # outside the block: no link to the error, which holds headers

    @property
    def _known(self) -> Capability:
        return self._memory.of(self.address, self._model)

    def _try(
        self,
        messages: Sequence[Message],
        tools: Sequence[ToolSchema],
        capability: Capability,
        stop: threading.Event,
    ) -> Generator[StreamPart, None, tuple[BaseException | None, bool]]:
        """One attempt. Returns what went wrong, None after an answer or a stop, and whether parts came."""
        has_said = False
        try:
            for part in self._attempt(messages, tools, capability, stop):
                has_said = True
                if isinstance(part, Completion):  # before the yield: nobody has to come back after it
                    self._memory.learn(self.address, self._model, capability)
                yield part
        except Stopped:
            return None, has_said
        except Exception as error:  # noqa: BLE001  servers fail in a dozen types, which explain() sorts
            return error, has_said
        return None, has_said

    def _attempt(
        self,
        messages: Sequence[Message],
        tools: Sequence[ToolSchema],
        capability: Capability,
        stop: threading.Event,
    ) -> Iterator[StreamPart]:
        is_fenced = capability.rung is Rung.FENCED and bool(tools)
        assembly = StreamAssembly(is_fenced)
        request = self._request(messages, tools, capability)
        with closing(self._read(lambda: self._ask(request), stop, self._silence_s)) as chunks:
            for chunk in chunks:
                yield from assembly.feed(chunk)
                if assembly.is_done:
                    break
        yield from assembly.rest()
        yield _judged(assembly)

    def _request(
        self, messages: Sequence[Message], tools: Sequence[ToolSchema], capability: Capability
    ) -> dict[str, Any]:
        """The request's fields; no temperature and no token limit, which not every model takes."""
        request: dict[str, Any] = {"model": self._model, "stream": True, "messages": sendable(messages)}
        if capability.takes_stream_options:
            request["stream_options"] = {"include_usage": True}
        if capability.rung is Rung.FENCED:
            request["messages"] = as_plain_messages(request["messages"], tools)
        elif tools:
            request["tools"] = list(tools)
        if tools and capability.rung is Rung.TOOLS_WITHOUT_REASONING:
            request["reasoning_effort"] = "none"
        return request

    def _read(
        self, open_stream: Callable[[], Iterable[Any]], stop: threading.Event, silence_s: float
    ) -> Generator[Any, None, None]:
        """What `open_stream` gives, read in a thread; its connection breaks off when this is closed."""
        line = Line()

        def on_line() -> Iterable[Any]:
            CURRENT_LINE.set(line)
            self._openai()
            yield READY
            yield from open_stream()

        return iter(AnswerReader(on_line, line.break_off, stop, silence_s))

    def _ask(self, request: dict[str, Any]) -> Iterator[Any]:
        from llm_agent.client.stream_reply import chunks_of

        with self._openai().chat.completions.create(**request) as stream:
            yield from chunks_of(stream)

    def _list_models(self) -> Iterator[list[str]]:
        page = self._openai().with_options(timeout=LIST_MODELS_S).models.list()
        yield sorted(str(model.id) for model in page.data or ())

    def _openai(self) -> openai.OpenAI:
        """The client; made late, since the import of openai takes most of a second."""
        import openai

        from llm_agent.client.http_route import open_client

        with self._client_lock:
            if self._client is None:
                self._client = openai.OpenAI(
                    base_url=self.address,
                    api_key=self._endpoint.key.get_secret_value(),
                    http_client=self._http_client or open_client(self._endpoint),
                    max_retries=0,
                    timeout=openai.Timeout(max(READ_SILENCE_S, self._silence_s), connect=CONNECT_S),
                )
            return self._client

    def _notice(self, before: Capability, after: Capability) -> Iterator[NoticePart]:
        if after.rung is not before.rung:
            yield NoticePart(f"{self._model} {after.rung.value}")

    def _count_down(self, seconds: int, reason: str, stop: threading.Event) -> Iterator[WaitingPart]:
        for left in range(seconds, 0, -1):
            yield WaitingPart(left, reason)
            if stop.wait(self._second_s):
                return

    def _explained(self, failure: BaseException, has_said: bool, stop: threading.Event) -> ModelError:
        if not is_unknown_model(failure):
            return explain(failure, self._endpoint, self._model, has_said)
        try:
            offered = self.offered_models(stop, seconds=2)
        except ModelError:
            offered = []
        return unknown_model(self._endpoint, self._model, offered)


def _after_refusal(capability: Capability, failure: BaseException, has_tools: bool) -> Capability | None:
    """What to try next if the server refused a field of the request; None if it failed otherwise."""
    return capability.after_refusal(getattr(failure, "status_code", 0), words_of(failure), has_tools)


def _judged(assembly: StreamAssembly) -> Completion:
    """The completion, if it is one: a stream that ends in silence, halfway or empty-handed is none."""
    if assembly.chunks == 0:
        raise NotAnAnswer("empty")
    if not assembly.finish_reason and not assembly.is_done:
        raise NotAnAnswer("cut")
    if assembly.finish_reason == "error":
        raise NotAnAnswer("error")
    if assembly.is_empty and assembly.finish_reason == "content_filter":
        raise NotAnAnswer("withheld")
    if assembly.is_empty and assembly.finish_reason == "length":
        raise NotAnAnswer("exhausted")
    return assembly.completion()
