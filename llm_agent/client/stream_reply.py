"""What really came back where a stream was asked for: a stream, one JSON body, or a web page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from llm_agent.client.model_errors import NotAnAnswer

LONGEST_BODY = 10_000_000
"""Bytes read of a body that is no stream."""


def chunks_of(stream: Any) -> Iterator[Any]:
    """The chunks of an `openai.Stream`; a JSON body becomes one chunk. Raises `NotAnAnswer`."""
    kind = stream.response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in {"text/html", "application/xhtml+xml"}:
        raise NotAnAnswer("html")
    if kind == "application/json":
        yield _chunk_of_body(_read_body(stream.response))
    else:
        yield from stream


def _read_body(response: Any) -> dict[str, Any]:
    body = bytearray()
    for piece in response.iter_bytes():
        body += piece
        if len(body) > LONGEST_BODY:
            break
    if not body.strip():
        raise NotAnAnswer("empty")
    value = json.loads(bytes(body))  # a JSONDecodeError says the same to people
    return value if isinstance(value, dict) else {}


def _chunk_of_body(body: dict[str, Any]) -> Any:
    """A whole completion in the form of a chunk: its message is one delta."""
    from openai.types.chat import ChatCompletionChunk

    if error := body.get("error"):
        raise NotAnAnswer("error", str(error.get("message", "") if isinstance(error, dict) else error))
    choices = [_as_delta(choice) for choice in body.get("choices") or ()]
    if not choices:
        raise NotAnAnswer("error", "no choices in its answer")
    return ChatCompletionChunk.construct(**{**body, "choices": choices})


def _as_delta(choice: dict[str, Any]) -> dict[str, Any]:
    message = dict(choice.get("message") or {})
    calls = [{**call, "index": number} for number, call in enumerate(message.get("tool_calls") or ())]
    return {**choice, "delta": {**message, "tool_calls": calls}}
