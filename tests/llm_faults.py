"""What goes wrong with LLM servers, as replies for `tests/llm_server.py`: `FAULTS` has each by its name."""

from __future__ import annotations

import json
from typing import Any

from tests.llm_exchange import Exchange, Json, Reply, chunk, pieces
from tests.llm_server import Answer, text

WI_FI_PAGE = b"<!DOCTYPE html>\n<html><body>Welcome to the hotel's Wi-Fi. Please sign in.</body></html>\n"
SQL_CALL = ("run_sql", '{"sql": "SELECT COUNT(*) FROM titanic", "purpose": "Count"}')
CHART_CALL = ("draw_chart", '{"query": 1, "kind": "bar", "x": "sex", "y": "n", "title": "By sex"}')


def error(status: int, message: str, code: str | None = None, **headers: str) -> Reply:
    """An error in the form that OpenAI and its followers use."""
    body = {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code}}
    return lambda exchange: exchange.send_json(body, status, **headers)


def retry_later(seconds: str) -> Reply:
    """A rate limit that says when to come again."""
    return error(429, "Rate limit reached for requests", "rate_limit_exceeded", Retry_After=seconds)


def without_tools(reply: Reply, message: str = "test-model does not support tools") -> Reply:
    """Refuses requests with tools, as Ollama does for models without them; else `reply`."""
    return lambda exchange: (error(400, message) if "tools" in exchange.body else reply)(exchange)


def needs_reasoning_off(reply: Reply) -> Reply:
    """Refuses tools unless `reasoning_effort` is "none", as newer OpenAI models do in chat completions."""
    message = (
        "Function tools with reasoning_effort are not supported for test-model in /v1/chat/completions. "
        "Please use /v1/responses instead."
    )

    def behave(exchange: Exchange) -> None:
        is_fine = "tools" not in exchange.body or exchange.body.get("reasoning_effort") == "none"
        (reply if is_fine else error(400, message))(exchange)

    return behave


def without_stream_options(reply: Reply) -> Reply:
    """Refuses `stream_options`, as older servers do; else `reply`."""
    refusal = error(400, "Unrecognized request argument supplied: stream_options")
    return lambda exchange: (refusal if "stream_options" in exchange.body else reply)(exchange)


def without_streams(reply: Reply) -> Reply:
    """Answers as one JSON body although a stream was asked for."""

    def behave(exchange: Exchange) -> None:
        exchange.body["stream"] = False
        reply(exchange)

    return behave


def slow(reply: Answer, seconds_per_piece: float) -> Reply:
    """The same answer in text only, with a pause before each piece."""

    def behave(exchange: Exchange) -> None:
        exchange.start()
        for piece in pieces(reply.content, reply.piece):
            if exchange.closing.wait(seconds_per_piece):
                return
            exchange.delta({"content": piece})
        exchange.delta({}, "stop")
        exchange.end()

    return behave


def broken_off(then: Reply, said: str = "The answer is ") -> Reply:
    """Some words of a stream, then `then`."""

    def behave(exchange: Exchange) -> None:
        exchange.start()
        for piece in pieces(said, 4):
            exchange.delta({"content": piece})
        then(exchange)

    return behave


def odd_calls(deltas: list[list[Json]]) -> Reply:
    """A stream whose chunks carry these tool call deltas."""

    def behave(exchange: Exchange) -> None:
        exchange.start()
        for calls in deltas:
            exchange.delta({"tool_calls": calls})
        exchange.delta({}, "tool_calls")
        exchange.end()

    return behave


def flood(count: int) -> Reply:
    """`count` chunks of one character each, as fast as they go."""

    def behave(exchange: Exchange) -> None:
        choice = {"index": 0, "delta": {"content": "a"}, "finish_reason": None}
        event = f"data: {json.dumps(chunk(exchange.body, [choice]))}\n\n".encode()
        exchange.start()
        exchange.write(event * count)
        exchange.delta({}, "stop")
        exchange.end()

    return behave


def think_text(*parts: str) -> Reply:
    """A stream whose chunks are exactly these texts."""

    def behave(exchange: Exchange) -> None:
        exchange.start()
        for part in parts:
            exchange.delta({"content": part})
        exchange.delta({}, "stop")
        exchange.end()

    return behave


def _choiceless(exchange: Exchange) -> None:
    """Chunks without choices before, between and after the others, as Azure and OpenRouter send."""
    exchange.start()
    exchange.write(b": OPENROUTER PROCESSING\n\n")
    exchange.event(chunk(exchange.body, [], prompt_filter_results=[{"prompt_index": 0}]))
    exchange.delta({"content": "It "})
    exchange.event({"choices": []})
    exchange.event({"object": "chat.completion.chunk"})
    exchange.delta({"content": "works."})
    exchange.delta({}, "stop")
    exchange.event(chunk(exchange.body, [], usage={"prompt_tokens": 7, "completion_tokens": 3}))
    exchange.end()


def _call(arguments: str | None = None, **fields: Any) -> Json:
    name = fields.pop("name", None)
    function = {"name": name} if name else {}
    return {**fields, "function": {**function, **({} if arguments is None else {"arguments": arguments})}}


def _split(call: tuple[str, str]) -> tuple[str, str]:
    return call[1][:20], call[1][20:]


_SQL_A, _SQL_B = _split(SQL_CALL)
_CHART_A, _CHART_B = _split(CHART_CALL)

FAULTS: dict[str, Reply] = {
    "401": error(
        401, "Incorrect API key provided: sk-12345. You can find your API key at ...", "invalid_api_key"
    ),
    "403": error(403, "You are not allowed to sample from this model"),
    "404-model": error(404, "The model `test-model` does not exist", "model_not_found"),
    "404-path": lambda e: e.send_json({"detail": "Not Found"}, 404),
    "400": error(400, "Invalid 'messages[1].content': expected a string"),
    "400-tools-unsupported": without_tools(text("Plain words.")),
    "400-reasoning-effort-needed": needs_reasoning_off(text("Plain words.")),
    "400-stream-options": without_stream_options(text("Plain words.")),
    "429": retry_later("1"),
    "429-hour": retry_later("3600"),
    "429-insufficient-quota": error(429, "You exceeded your current quota", "insufficient_quota"),
    "400-context-length": error(
        400, "This model's maximum context length is 8192 tokens.", "context_length_exceeded"
    ),
    "413": error(413, "Request too large"),
    "500": error(500, "The server had an error while processing your request"),
    "503": error(503, "The engine is currently overloaded"),
    "502-html": lambda e: e.send(b"<html><h1>502 Bad Gateway</h1></html>", "text/html", 502),
    "html": lambda e: e.send(WI_FI_PAGE, "text/html; charset=utf-8"),
    "empty": lambda e: e.send(b"", "text/event-stream"),
    "json-for-stream": without_streams(text("Whole.")),
    "json-error-for-stream": lambda e: e.send_json({"error": {"message": "out of memory"}}),
    "garbage-sse": broken_off(lambda e: e.write(b"data: {not json at all\n\n"), said=""),
    "garbage-bytes": lambda e: e.send(b"\xff\xfe\x00\x01" * 500, "text/event-stream"),
    "mid-stream-error": broken_off(lambda e: e.event({"error": {"message": "GPU lost", "code": 500}})),
    "quiet-cut": broken_off(lambda e: None),
    "reset": lambda e: e.reset(),
    "mid-stream-reset": broken_off(lambda e: e.reset()),
    "silence": lambda e: e.be_silent(),
    "headers-then-silence": broken_off(lambda e: e.be_silent(), said=""),
    "mid-stream-silence": broken_off(lambda e: e.be_silent()),
    "malformed-arguments": Answer(calls=(("run_sql", '{"sql": "SELECT 1'),)),
    "calls-without-index": odd_calls(
        [
            [_call(_SQL_A, id="a", name="run_sql")],
            [_call(_SQL_B)],
            [_call(_CHART_A, id="b", name="draw_chart")],
            [_call(_CHART_B)],
        ]
    ),
    "calls-with-repeated-index": odd_calls(
        [
            [_call(SQL_CALL[1], index=0, id="a", name="run_sql")],
            [_call(CHART_CALL[1], index=0, id="b", name="draw_chart")],
        ]
    ),
    "calls-without-id": odd_calls(
        [
            [_call(_SQL_A, index=0, name="run_sql")],
            [_call(_SQL_B, index=0)],
            [_call(CHART_CALL[1], index=1, name="draw_chart")],
        ]
    ),
    "calls-without-index-or-id": odd_calls(
        [[_call(SQL_CALL[1], name="run_sql")], [_call(CHART_CALL[1], name="draw_chart")]]
    ),
    "reasoning-content": text("It works.", reasoning="Let me think."),
    "think-text": think_text("<th", "ink>Let me ", "think.</thi", "nk>", "\n\nIt ", "works."),
    "choiceless-chunks": _choiceless,
    "flood": flood(3_000),
    "length": Answer("The answer is cut", finish_reason="length"),
    "content-filter": Answer("", finish_reason="content_filter"),
}
SILENT = {"silence", "headers-then-silence", "mid-stream-silence"}
"""Faults that end only when the reader loses patience."""

TOOL_FAULTS = {name for name in FAULTS if name.startswith(("malformed", "calls-"))}
"""Faults in a call of a tool: the model is told, and may call again."""

GOES_WELL = {
    "400-tools-unsupported", "400-reasoning-effort-needed", "400-stream-options", "json-for-stream",
    "reasoning-content", "think-text", "choiceless-chunks", "flood", "length",
}  # fmt: skip
"""What only looks odd."""
