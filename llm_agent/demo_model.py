"""The demo model as a server that needs no port: an HTTP transport that speaks the chat completions protocol.

It sits behind the real client, so that without a key the app does the same as with one: streaming, tool calls
in pieces, usage. It is a small grammar over the table's columns (see `demo.grammar`), no LLM, and says so.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

import httpx2

from llm_agent.demo.conversation import Call, Reply, reply, text_of

DEMO_MODEL = "demo"
DEMO_BASE_URL = "http://demo.invalid/v1"
"""An address that exists nowhere; the transport answers before anything would be sent to it."""

PIECE_PAUSE_S = 0.004
"""Seconds between two pieces of an answer: quick, and still seen to come word by word."""
MAX_STREAM_S = 1.0
"""Seconds that pausing may add to one answer."""
ARGUMENT_PIECE_CHARS = 24


def demo_transport(*, pause_s: float = PIECE_PAUSE_S) -> httpx2.BaseTransport:
    """A transport for `httpx2.Client` that answers POST /chat/completions and GET /models by itself.

    >>> client = httpx2.Client(transport=demo_transport())
    >>> client.get(f"{DEMO_BASE_URL}/models").json()["data"][0]["id"]
    'demo'
    """
    return DemoTransport(pause_s)


class DemoTransport(httpx2.BaseTransport):
    """Answers requests in this process. It keeps nothing between them, so threads may share it."""

    def __init__(self, pause_s: float) -> None:
        self._pause_s = pause_s

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """The response of a server whose only model is the demo model."""
        path = request.url.path
        if request.method == "GET" and path.endswith("/models"):
            model = {"id": DEMO_MODEL, "object": "model", "created": 0, "owned_by": "this app"}
            return httpx2.Response(200, json={"object": "list", "data": [model]})
        if request.method == "POST" and path.endswith("/chat/completions"):
            return self._complete(request)
        return failure(
            404, f"The demo model answers /chat/completions and /models, not {request.method} {path}."
        )

    def _complete(self, request: httpx2.Request) -> httpx2.Response:
        try:
            body = json.loads(request.read())
            messages = [message for message in body["messages"] if isinstance(message, Mapping)]
            tools = frozenset(tool["function"]["name"] for tool in body.get("tools") or ())
        except (ValueError, KeyError, TypeError):
            return failure(400, "The request is no JSON object with a list of messages.")
        answer = reply(messages, tools)
        usage = usage_of(messages, answer)
        if not body.get("stream"):
            return httpx2.Response(200, json=completion(answer, messages, usage))
        counts = bool((body.get("stream_options") or {}).get("include_usage"))
        chunks = pieces(answer, messages, usage if counts else None)
        return httpx2.Response(
            200,
            headers={"content-type": "text/event-stream"},
            stream=EventStream(list(chunks), self._pause_s),
        )


class EventStream(httpx2.SyncByteStream):
    """Chunks as server-sent events, with a short pause before each."""

    def __init__(self, chunks: list[dict[str, Any]], pause_s: float) -> None:
        self._chunks = chunks
        self._pause_s = min(pause_s, MAX_STREAM_S / max(1, len(chunks)))

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            if self._pause_s:
                time.sleep(self._pause_s)
            yield f"data: {json.dumps(chunk)}\n\n".encode()
        yield b"data: [DONE]\n\n"


def failure(status: int, message: str) -> httpx2.Response:
    """An error as OpenAI's servers give it."""
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": None}
    return httpx2.Response(status, json={"error": error})


def call_id(messages: list[Mapping[str, Any]], number: int) -> str:
    """An id that no other call of the conversation has."""
    earlier = sum(len(message.get("tool_calls") or ()) for message in messages)
    return f"call_demo_{earlier + number}"


def finish_reason(answer: Reply) -> str:
    """Why the answer ends here."""
    return "tool_calls" if answer.calls else "stop"


def completion(answer: Reply, messages: list[Mapping[str, Any]], usage: dict[str, int]) -> dict[str, Any]:
    """The whole answer as one object."""
    message: dict[str, Any] = {"role": "assistant", "content": answer.text or None}
    if answer.calls:
        message["tool_calls"] = [
            {"id": call_id(messages, number), "type": "function",
             "function": {"name": call.name, "arguments": json.dumps(call.arguments)}}
            for number, call in enumerate(answer.calls, 1)
        ]  # fmt: skip
    choice = {"index": 0, "message": message, "finish_reason": finish_reason(answer)}
    return {**envelope("chat.completion"), "choices": [choice], "usage": usage}


def envelope(kind: str) -> dict[str, Any]:
    """What every answer and every chunk carries."""
    return {"id": "demo", "object": kind, "created": int(time.time()), "model": DEMO_MODEL}


def pieces(
    answer: Reply, messages: list[Mapping[str, Any]], usage: dict[str, int] | None
) -> Iterator[dict[str, Any]]:
    """The answer in chunks: words of text, pieces of arguments, the end, and the usage where it is wanted."""

    def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return {**envelope("chat.completion.chunk"), "choices": [choice]}

    yield chunk({"role": "assistant", "content": "" if answer.text else None})
    words = answer.text.split(" ") if answer.text else []
    for place, word in enumerate(words):
        yield chunk({"content": word if place == 0 else f" {word}"})
    for index, call in enumerate(answer.calls):
        for delta in call_deltas(call, index, call_id(messages, index + 1)):
            yield chunk({"tool_calls": [delta]})
    yield chunk({}, finish_reason(answer))
    if usage:
        yield {**envelope("chat.completion.chunk"), "choices": [], "usage": usage}


def call_deltas(call: Call, index: int, name_of_call: str) -> Iterator[dict[str, Any]]:
    """A tool call in pieces: its id and name first, then its arguments bit by bit."""
    head = {"name": call.name, "arguments": ""}
    yield {"index": index, "id": name_of_call, "type": "function", "function": head}
    arguments = json.dumps(call.arguments)
    for start in range(0, len(arguments), ARGUMENT_PIECE_CHARS):
        yield {"index": index, "function": {"arguments": arguments[start : start + ARGUMENT_PIECE_CHARS]}}


def usage_of(messages: list[Mapping[str, Any]], answer: Reply) -> dict[str, int]:
    """Words instead of tokens: the demo model has no tokens, and words are what it reads."""
    prompt = sum(len(text_of(message).split()) for message in messages)
    told = len(answer.text.split()) + sum(len(json.dumps(call.arguments).split()) for call in answer.calls)
    return {"prompt_tokens": prompt, "completion_tokens": told, "total_tokens": prompt + told}
