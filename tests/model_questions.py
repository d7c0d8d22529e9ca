"""A question, the tools, and a client for the tests' LLM server."""

from __future__ import annotations

import threading
from typing import Any

from llm_agent.client.capability import CapabilityMemory
from llm_agent.model import OpenAIChatModel
from llm_agent.stream import Completion, StreamPart, TextPart
from tests.llm_server import LlmServer

QUESTION = [
    {"role": "system", "content": "Answer from the table."},
    {"role": "user", "content": "How many passengers?"},
]


def _tool(name: str, *fields: str) -> dict[str, Any]:
    parameters = {"type": "object", "properties": {field: {"type": "string"} for field in fields}}
    function = {"name": name, "description": f"What {name} does.", "parameters": parameters}
    return {"type": "function", "function": function}


TOOLS = [
    _tool("run_sql", "sql", "purpose"),
    _tool("draw_chart", "query", "kind"),
    _tool("ask_user", "question", "options"),
]


def model_of(server: LlmServer, *, second_s: float = 0.01, **options: Any) -> OpenAIChatModel:
    """A client that knows nothing yet of this server, and whose countdowns run fast."""
    options.setdefault("memory", CapabilityMemory())
    return OpenAIChatModel(server.base_url, server.model, "sk-test", second_s=second_s, **options)


def ask(model: OpenAIChatModel, messages: Any = QUESTION, tools: Any = TOOLS) -> list[StreamPart]:
    """Every part of the answer."""
    return list(model.stream(messages, tools, threading.Event()))


def answer_of(model: OpenAIChatModel) -> Completion:
    """The completion of the answer, whose text is what was streamed."""
    *parts, completion = ask(model)
    assert isinstance(completion, Completion)
    assert "".join(part.text for part in parts if isinstance(part, TextPart)).strip() == completion.text
    return completion
