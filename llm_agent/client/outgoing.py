"""Messages as every server accepts them: each tool call whole and answered, nothing that is ours alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from llm_agent.stream import Message

FIELDS = ("role", "content", "tool_calls", "tool_call_id", "name")
NOT_RUN = json.dumps({"error": "This call was not run."})


def sendable(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """The messages, mended: arguments that are no JSON object become {}, calls without a result get one.

    Either would make a server refuse the request, and with it every further question of the conversation.
    """
    answered = {message.get("tool_call_id") for message in messages if message["role"] == "tool"}
    sent: list[dict[str, Any]] = []
    waiting: list[dict[str, Any]] = []
    for message in messages:
        if message["role"] != "tool":
            sent, waiting = sent + waiting, []
        sent.append(_mended(message))
        waiting += [
            {"role": "tool", "tool_call_id": call["id"], "content": NOT_RUN}
            for call in message.get("tool_calls") or ()
            if call["id"] not in answered
        ]
    return sent + waiting


def _mended(message: Message) -> dict[str, Any]:
    kept = {name: message[name] for name in FIELDS if name in message}
    if calls := kept.pop("tool_calls", None):
        kept["tool_calls"] = [_mended_call(call) for call in calls]
    return kept


def _mended_call(call: Message) -> dict[str, Any]:
    function = call["function"]
    return {**call, "function": {**function, "arguments": _json_object(function["arguments"])}}


def _json_object(arguments: str) -> str:
    try:
        is_object = isinstance(json.loads(arguments), dict)
    except ValueError:
        is_object = False
    return arguments if is_object else "{}"
