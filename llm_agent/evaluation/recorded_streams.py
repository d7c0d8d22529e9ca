"""Recording a model's HTTP answers, and replaying them without a network: a transport on either side.

Each answer is a file that is named by the digest of the request's body, so that a changed prompt, question
or table misses its recording instead of getting a wrong one. Headers are neither kept nor looked at: a
recording holds no key. `prompts/` keeps what the model was told, once, for people who compare recordings.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2

from llm_agent.errors import EvaluationError

PASSING = {401, 403, 408, 425, 429, 502, 503, 504}
"""Answers that say nothing about the model: a wrong key, a limit, a busy server. They are not recorded."""
END_OF_STREAM = b"data: [DONE]"
RECORD_ANEW = "Record anew: `titanic-eval --record DIR` with the same questions and model."


class RecordingTransport(httpx2.BaseTransport):
    """Sends requests through a client and keeps every whole answer in `folder`; `redact` cleans its text."""

    def __init__(self, client: httpx2.Client, folder: Path, redact: Callable[[str], str] = str) -> None:
        self._client = client
        self._folder = folder
        self._redact = redact
        self._seen: Counter[str] = Counter()
        self._lock = threading.Lock()
        (folder / "prompts").mkdir(parents=True, exist_ok=True)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Pass the request on; its answer is kept once it was read to the end."""
        body = request.read()
        response = self._client.send(request, stream=True)
        if request.method != "POST" or response.status_code in PASSING:
            return response
        kind = response.headers.get("content-type", "")

        def keep(content: bytes) -> None:
            self._keep(body, response.status_code, kind, content)

        return httpx2.Response(
            response.status_code, headers={"content-type": kind}, stream=_Listening(response, keep)
        )

    def close(self) -> None:
        """Close the client."""
        self._client.close()

    def _keep(self, body: bytes, status: int, kind: str, content: bytes) -> None:
        request, name = json.loads(body), digest(body)
        with self._lock:
            self._seen[name] += 1
            number = self._seen[name]
        record = {
            "model": request.get("model"),
            "prompt": self._keep_prompt(request),
            "messages": len(request.get("messages", ())),
            "last_message": (request.get("messages") or [None])[-1],
            "status": status,
            "content_type": kind,
            "content": content.decode("utf-8", "replace"),
        }
        self._write(self._folder / f"{name}-{number}.json", record)

    def _keep_prompt(self, request: dict[str, Any]) -> str:
        """Keep system message and tools in a file of their own; returns its name."""
        told = {
            "system": [message for message in request.get("messages", ()) if message.get("role") == "system"],
            "tools": request.get("tools", []),
        }
        name = digest(json.dumps(told).encode())
        self._write(self._folder / "prompts" / f"{name}.json", told)
        return name

    def _write(self, path: Path, value: object) -> None:
        text = self._redact(json.dumps(value, ensure_ascii=False, indent=1))
        path.write_text(text + "\n", encoding="utf-8")


class ReplayingTransport(httpx2.BaseTransport):
    """Answers requests from a folder of recordings; a request without one is noted in `missed`.

    The second time the same request comes, it gets the second answer to it if there is one, else the first.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise EvaluationError(f"There is no folder {folder.name} to replay.", RECORD_ANEW)
        self.missed = ""
        self._folder = folder
        self._seen: Counter[str] = Counter()
        self._lock = threading.Lock()

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """The recorded answer; 404 where there is none."""
        body = request.read()
        name = digest(body)
        with self._lock:
            self._seen[name] += 1
            number = self._seen[name]
        path = self._folder / f"{name}-{number}.json"
        path = path if path.is_file() else self._folder / f"{name}-1.json"
        if not path.is_file():
            self.missed = self._why(body)
            return httpx2.Response(404, json={"error": {"message": "No recording answers this request."}})
        record = json.loads(path.read_text(encoding="utf-8"))
        return httpx2.Response(
            record["status"],
            headers={"content-type": record["content_type"]},
            content=record["content"].encode(),
        )

    def _why(self, body: bytes) -> str:
        """What differs from all recordings, as far as that can be told."""
        request = json.loads(body or b"{}")
        records = [json.loads(path.read_text(encoding="utf-8")) for path in self._folder.glob("*.json")]
        system = [message for message in request.get("messages", ()) if message.get("role") == "system"]
        prompt = digest(json.dumps({"system": system, "tools": request.get("tools", [])}).encode())
        if not records:
            return "The folder holds no recording."
        if request.get("model") not in {record["model"] for record in records}:
            return f"The recordings are of another model ({records[0]['model']})."
        if prompt not in {record["prompt"] for record in records}:
            return "The prompt, the tools or the table changed since the recording."
        return "A question, or the way to its answer, changed since the recording."


class _Listening(httpx2.SyncByteStream):
    """A response's bytes, passed on as they come; `keep` gets them all, if the end came."""

    def __init__(self, response: httpx2.Response, keep: Callable[[bytes], None]) -> None:
        self._response = response
        self._keep = keep
        self._heard = bytearray()
        self._is_kept = False

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._response.iter_bytes():
            self._heard += piece
            yield piece
        self._finish()

    def close(self) -> None:
        """Close the response; a client closes a stream at its end mark, before its last byte."""
        if END_OF_STREAM in self._heard:
            self._finish()
        self._response.close()

    def _finish(self) -> None:
        if not self._is_kept:
            self._is_kept = True
            self._keep(bytes(self._heard))


def digest(body: bytes) -> str:
    """The name under which the answer to this body is kept; the order of its JSON keys does not matter."""
    canonical = json.dumps(json.loads(body or b"{}"), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()[:20]
