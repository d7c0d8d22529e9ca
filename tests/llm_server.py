"""An LLM's web server on 127.0.0.1 that says what a test wants it to say, over real HTTP, streams included.

    with LlmServer([tool_call("run_sql", sql="SELECT 1", purpose="Try"), text("It is 1.")]) as server:
        OpenAIChatModel(server.base_url, server.model, "key")

Each chat request takes the next reply of the script, and the last reply serves all further ones; a script
can also be a callable that gets the request's JSON body and returns a reply. `tests/llm_faults.py` has the
replies that go wrong, by name. As it takes whole addresses, it can stand for a proxy too. Nothing lasts
longer than a minute, and closing the server ends it all.
"""

from __future__ import annotations

import json
import queue
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from tests.llm_exchange import Exchange, Json, Reply, Request, chunk, pieces

Script: TypeAlias = Sequence[Reply] | Callable[[Json], Reply]


@dataclass(frozen=True)
class Answer:
    """A good reply: streamed in pieces of `piece` characters where a stream was asked for, else whole.

    `calls` are pairs of a tool's name and its arguments as JSON text. The usage counts a token for
    four characters.
    """

    content: str = ""
    calls: tuple[tuple[str, str], ...] = ()
    reasoning: str = ""
    piece: int = 4
    finish_reason: str | None = None

    def __call__(self, exchange: Exchange) -> None:
        """Send it."""
        if exchange.body.get("stream"):
            self._stream(exchange)
        else:
            choice = {"index": 0, "message": self._message(exchange), "finish_reason": self.finish}
            head = {
                "id": "chatcmpl-1",
                "object": "chat.completion",
                "created": 1,
                "model": exchange.body["model"],
            }
            exchange.send_json({**head, "choices": [choice], "usage": self._usage(exchange.body)})

    @property
    def finish(self) -> str:
        """Why the answer ends, in the protocol's word."""
        return self.finish_reason or ("tool_calls" if self.calls else "stop")

    def _stream(self, exchange: Exchange) -> None:
        exchange.start()
        exchange.delta({"role": "assistant", "content": ""})
        for delta in self._deltas(exchange):
            exchange.delta(delta)
        exchange.delta({}, self.finish)
        if (exchange.body.get("stream_options") or {}).get("include_usage"):
            exchange.event(chunk(exchange.body, [], usage=self._usage(exchange.body)))
        exchange.end()

    def _deltas(self, exchange: Exchange) -> Iterator[Json]:
        yield from ({"reasoning_content": piece} for piece in pieces(self.reasoning, self.piece))
        yield from ({"content": piece} for piece in pieces(self.content, self.piece))
        for index, call in enumerate(self._calls(exchange)):
            arguments = call["function"].pop("arguments")
            yield {"tool_calls": [{"index": index, **call}]}
            for piece in pieces(arguments, self.piece):
                yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}

    def _message(self, exchange: Exchange) -> Json:
        calls = {"tool_calls": self._calls(exchange)} if self.calls else {}
        reasoning = {"reasoning_content": self.reasoning} if self.reasoning else {}
        return {"role": "assistant", "content": self.content or None, **reasoning, **calls}

    def _calls(self, exchange: Exchange) -> list[Json]:
        return [
            {
                "id": f"call_{exchange.number}_{index}",
                "type": "function",
                "function": {"name": name, "arguments": arguments},
            }
            for index, (name, arguments) in enumerate(self.calls)
        ]

    def _usage(self, body: Json) -> Json:
        asked = len(json.dumps(body["messages"])) // 4
        said = (len(self.content) + sum(len(arguments) for _, arguments in self.calls)) // 4
        return {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said}


def text(content: str, *, reasoning: str = "", piece: int = 4) -> Answer:
    """An answer in words."""
    return Answer(content, reasoning=reasoning, piece=piece)


def tool_call(name: str, /, **arguments: Any) -> Answer:
    """One tool call."""
    return Answer(calls=((name, json.dumps(arguments)),))


def tool_calls(*calls: tuple[str, Json], content: str = "") -> Answer:
    """Several tool calls in one answer, perhaps after some words."""
    return Answer(content, tuple((name, json.dumps(arguments)) for name, arguments in calls))


class LlmServer(ThreadingHTTPServer):
    """The server; use it in a `with` block.

    `requests` holds every chat request, `visits` every request as "GET /v1/models"; `arrivals` is a queue of
    the chat requests, for those who wait until one is under way; `open_connections` counts connections.
    With `api_key` any other key gets 401.
    """

    daemon_threads = False  # closing waits for every handler: a test leaves no thread behind
    model = "test-model"

    def __init__(
        self, script: Script = (), *, models: Sequence[str] = ("test-model", "other-model"), api_key: str = ""
    ) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.base_url = f"http://127.0.0.1:{self.server_address[1]}/v1"
        self.script: Script = script or [text("Hello.")]
        self.models = models
        self.api_key = api_key
        self.requests: list[Request] = []
        self.visits: list[str] = []
        self.arrivals: queue.Queue[Request] = queue.Queue()
        self.closing = threading.Event()
        self._errors: list[BaseException] = []
        self._lock = threading.Lock()
        self.open_connections = 0

    def __enter__(self) -> LlmServer:
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self.shutdown()
        self.server_close()
        self._thread.join()
        assert not self._errors, f"the test's LLM server went wrong: {self._errors}"

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve one connection, counted while it is open."""
        with self._lock:
            self.open_connections += 1
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._lock:
                self.open_connections -= 1

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are no error; anything else is a mistake in a script."""
        error = sys.exc_info()[1]
        if error is not None and not isinstance(error, (OSError, ValueError)):
            self._errors.append(error)

    def next_reply(self, request: Request) -> tuple[int, Reply]:
        """The number of this request, from 0 on, and the script's reply to it."""
        with self._lock:
            number = len(self.requests)
            self.requests.append(request)
        self.arrivals.put(request)
        if callable(self.script):
            return number, self.script(request.body)
        return number, self.script[min(number, len(self.script) - 1)]


class Handler(BaseHTTPRequestHandler):
    """Routes `GET /v1/models` and `POST /v1/chat/completions`; each connection serves one request."""

    server: LlmServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """The list of models."""
        self._visit()
        exchange = Exchange(Request(self.path, {}, {}), 0, self)
        if self._is_refused(exchange):
            return
        if urlsplit(self.path).path != "/v1/models":
            exchange.send_json({"detail": "Not Found"}, 404)
            return
        models = [
            {"id": name, "object": "model", "created": 1, "owned_by": "test"} for name in self.server.models
        ]
        exchange.send_json({"object": "list", "data": models})

    def do_POST(self) -> None:
        """A chat request: what the script says."""
        self._visit()
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.path, headers, body)
        exchange = Exchange(request, 0, self)
        if urlsplit(self.path).path != "/v1/chat/completions":
            exchange.send_json({"detail": "Not Found"}, 404)
        elif not self._is_refused(exchange):
            exchange.number, reply = self.server.next_reply(request)
            reply(exchange)

    def _is_refused(self, exchange: Exchange) -> bool:
        if not self.server.api_key or self.headers.get("Authorization") == f"Bearer {self.server.api_key}":
            return False
        message = "Incorrect API key provided."
        exchange.send_json({"error": {"message": message, "code": "invalid_api_key"}}, 401)
        return True

    def _visit(self) -> None:
        self.close_connection = True
        self.server.visits.append(f"{self.command} {self.path}")

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: tests read `requests`."""
