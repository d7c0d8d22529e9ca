"""What an endpoint can do with a model, learned from its refusals and remembered while the process lives.

The ladder, from the best rung down: tools; tools with reasoning switched off, which newer OpenAI models want
in chat completions; no tools, with queries written as fenced blocks (see `fenced_sql`).
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field, replace
from enum import Enum

REFUSING_STATUSES = {400, 404, 405, 415, 422, 500, 501}
"""llama.cpp answers 500 and OpenRouter 404 where others answer 400."""
ABOUT_STREAM_OPTIONS = re.compile(r"stream_options|include_usage")
ABOUT_REASONING = re.compile(r"reasoning_effort|reasoning effort|/v1/responses")
ABOUT_TOOLS = re.compile(r"\btools?\b|tool_choice|tool[-_]call|function.?call", re.IGNORECASE)
ABOUT_HISTORY = re.compile(r"\bmessages?\b|\brole\b|\bpars(?:e|ing)\b")
"""Refusals of one conversation or answer: "role 'tool' must follow tool_calls", "error parsing tool call"."""


class Rung(Enum):
    """A way to let a model run queries; the value is what to tell people on the way down to it."""

    TOOLS = ""
    TOOLS_WITHOUT_REASONING = "takes tools only with its reasoning switched off, so it answers without it."
    FENCED = "takes no tools here: it writes its queries as text, which succeeds less often."


@dataclass(frozen=True)
class Capability:
    """The rung, and whether the endpoint takes `stream_options`."""

    rung: Rung = Rung.TOOLS
    takes_stream_options: bool = True

    def after_refusal(self, status: int, words: str, has_tools: bool) -> Capability | None:
        """What to try next when a server refuses with this status and message; None: not about this."""
        if status not in REFUSING_STATUSES:
            return None
        if self.takes_stream_options and ABOUT_STREAM_OPTIONS.search(words):
            return replace(self, takes_stream_options=False)
        if has_tools and not ABOUT_HISTORY.search(words) and (rung := self._next_rung(words)):
            return replace(self, rung=rung)
        return None

    def _next_rung(self, words: str) -> Rung | None:
        is_about_reasoning = bool(ABOUT_REASONING.search(words))
        if self.rung is Rung.TOOLS and is_about_reasoning:
            return Rung.TOOLS_WITHOUT_REASONING
        if self.rung is not Rung.FENCED and (is_about_reasoning or ABOUT_TOOLS.search(words)):
            return Rung.FENCED
        return None


@dataclass
class CapabilityMemory:
    """What was learned, by address and model; shared by all threads."""

    _known: dict[tuple[str, str], Capability] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, url: str, model: str) -> Capability:
        """What is known, or the best that can be hoped for."""
        with self._lock:
            return self._known.get((url, model), Capability())

    def learn(self, url: str, model: str, capability: Capability) -> None:
        """Remember what worked."""
        with self._lock:
            self._known[(url, model)] = capability


REMEMBERED = CapabilityMemory()
"""The memory of this process."""
