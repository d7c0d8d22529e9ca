"""Puts tool calls together from the deltas of a stream, as servers really send them.

The protocol gives each call an index; some servers leave it out, repeat it, or leave out the id.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from llm_agent.stream import ToolCall


@dataclass
class _Call:
    id: str
    name: str
    arguments: str = ""


class ToolCallAssembly:
    """Feed it the deltas; `calls()` are the calls so far, in their order, each with a name and an id."""

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        self._by_index: dict[int, _Call] = {}

    def feed(self, delta: Any) -> None:
        """Add one delta: an object with `index`, `id` and `function`, each of which may be missing."""
        function = getattr(delta, "function", None)
        name = _text(getattr(function, "name", None))
        call = self._call_of(getattr(delta, "index", None), _text(getattr(delta, "id", None)), name)
        call.name = call.name or name
        call.arguments += _json_text(getattr(function, "arguments", None))

    def calls(self) -> tuple[ToolCall, ...]:
        """The calls; a call without arguments has the empty object."""
        return tuple(
            ToolCall(call.id or new_call_id(), call.name, call.arguments or "{}")
            for call in self._calls
            if call.name
        )

    def __len__(self) -> int:
        return sum(len(call.arguments) for call in self._calls)

    def _call_of(self, index: Any, id_: str, name: str) -> _Call:
        last = self._calls[-1] if self._calls else None
        known = last if index is None else self._by_index.get(index)
        if known is not None and not _starts_another(known, index, id_, name):
            known.id = known.id or id_
            return known
        self._calls.append(call := _Call(id_, name))
        if index is not None:
            self._by_index[index] = call
        return call


def new_call_id() -> str:
    """An id for a call whose server gave it none; unique, since old calls stay in the history."""
    return f"call_{uuid4().hex[:16]}"


def _starts_another(known: _Call, index: Any, id_: str, name: str) -> bool:
    if id_ and known.id and id_ != known.id:
        return bool(name)  # some servers make up a new id for each piece of one call
    if not name or id_ == known.id != "":
        return False
    return index is None or _is_whole(known.arguments)


def _is_whole(arguments: str) -> bool:
    try:
        json.loads(arguments)
    except ValueError:
        return False
    return True


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _json_text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else json.dumps(value)
