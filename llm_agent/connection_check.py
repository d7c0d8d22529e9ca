"""What an endpoint can do with a model, tried out and told in words: does my setting work?

`python -m llm_agent.connection_check` tries the settings of this machine.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from pydantic import SecretStr

from llm_agent.client.capability import Rung
from llm_agent.errors import AgentError, ModelError
from llm_agent.model import OpenAIChatModel
from llm_agent.settings import Settings
from llm_agent.stream import Completion, Message, ReasoningPart, StreamPart, TextPart, ToolSchema

CHECK_S = 20.0
"""Seconds for the whole check; what was not seen by then is said to be unknown."""
COUNT: Sequence[Message] = ({"role": "user", "content": "Count from one to ten, in words."},)
LOOK_UP: Sequence[Message] = (
    {"role": "user", "content": "Use the tool run_sql to count the rows of the table titanic."},
)
TOOL: ToolSchema = {
    "type": "function",
    "function": {
        "name": "run_sql",
        "description": "Run one SELECT on the table titanic.",
        "parameters": {
            "type": "object",
            "properties": {"sql": {"type": "string"}, "purpose": {"type": "string"}},
            "required": ["sql", "purpose"],
        },
    },
}


@dataclass(frozen=True)
class ConnectionReport:
    """What was seen; None stands for not seen. `error` is why the check ended early.

    `first_word_s` are seconds until the first word, `words_per_s` is the speed after it; `called_tool` says
    whether the model used a tool when told to, by whatever way `rung` names.
    """

    address: str
    model: str
    models: tuple[str, ...] | None = None
    streams: bool | None = None
    first_word_s: float | None = None
    words_per_s: float | None = None
    rung: Rung | None = None
    called_tool: bool | None = None
    error: ModelError | None = None

    @property
    def works(self) -> bool:
        """Whether this model can answer questions about the table."""
        return self.error is None and bool(self.called_tool)

    def sentences(self) -> tuple[str, ...]:
        """The report for people, one sentence for each thing that was tried."""
        told = (self._about_models(), self._about_stream(), self._about_tools(), str(self.error or ""))
        return tuple(filter(None, told))

    def _about_models(self) -> str:
        if self.models is None:
            no_obstacle = f"{self.address} does not say which models it has; that is no obstacle."
            return "" if self.error else no_obstacle
        has_it = (
            f"{self.model} is one of them" if self.model in self.models else f"{self.model} is none of them"
        )
        return f"{self.address} lists {len(self.models)} models, and {has_it}."

    def _about_stream(self) -> str:
        if self.streams is None or self.first_word_s is None:
            return ""
        speed = f", then about {self.words_per_s:.0f} words a second" if self.words_per_s else ""
        how = "comes word by word" if self.streams else "comes in one piece at its end"
        return f"The answer {how}: the first word after {self.first_word_s:.1f} s{speed}."

    def _about_tools(self) -> str:
        if self.rung is None:
            return ""
        how = {
            Rung.TOOLS: "The model takes tools",
            Rung.TOOLS_WITHOUT_REASONING: "The model takes tools, but only with its reasoning switched off",
            Rung.FENCED: "The model takes no tools here, so it writes its queries as text",
        }[self.rung]
        return f"{how}." if self.called_tool else f"{how}, yet it wrote no query when it was told to."


def check_connection(model: OpenAIChatModel, seconds: float = CHECK_S) -> ConnectionReport:
    """Try out the endpoint: its list of models, a streamed answer, a tool call. Bounded; raises nothing."""
    seen = ConnectionReport(model.address, model.name)
    with _stop_after(seconds) as stop:
        seen = _with(seen, models=_listed(model, stop))
        try:
            seen = _with(seen, **_try_stream(model, stop))
            answer = _completion(model.stream(LOOK_UP, [TOOL], stop))
        except ModelError as error:
            return _with(seen, error=error)
    if answer is None:
        return _with(seen, error=_too_slow(model, seconds))
    return _with(seen, rung=model.rung, called_tool=bool(answer.tool_calls))


def list_models(base_url: str | None, api_key: SecretStr | str | None) -> list[str]:
    """The names of the models that an endpoint lists, sorted. Raises `ModelError`."""
    return OpenAIChatModel(base_url, "", api_key).offered_models()


def _listed(model: OpenAIChatModel, stop: threading.Event) -> tuple[str, ...] | None:
    try:
        return tuple(model.offered_models(stop)) or None
    except ModelError:  # many servers list nothing; what matters is whether they answer
        return None


def _try_stream(model: OpenAIChatModel, stop: threading.Event) -> dict[str, object]:
    """Ask for a few words and time them; empty where nothing came in time."""
    started, words, times = time.monotonic(), 0, []
    for part in model.stream(COUNT, [], stop):
        if isinstance(part, (TextPart, ReasoningPart)):
            times.append(time.monotonic())
            words += len(part.text.split())
    if not times:
        return {}
    lasted = times[-1] - times[0]
    return {
        "streams": len(times) > 1,
        "first_word_s": times[0] - started,
        "words_per_s": words / lasted if lasted > 0.05 else None,  # below, it is the network's rhythm
    }


def _completion(parts: Iterator[StreamPart]) -> Completion | None:
    return next((part for part in parts if isinstance(part, Completion)), None)


def _too_slow(model: OpenAIChatModel, seconds: float) -> ModelError:
    return ModelError(
        f"{model.name} did not answer within {seconds:.0f} s.",
        "A local model may still be loading: check again in a minute, or choose a smaller one.",
        setting="OPENAI_MODEL",
        is_passing=True,
    )


def _with(report: ConnectionReport, **seen: object) -> ConnectionReport:
    return ConnectionReport(**{**vars(report), **seen})


@contextmanager
def _stop_after(seconds: float) -> Iterator[threading.Event]:
    stop = threading.Event()
    timer = threading.Timer(seconds, stop.set)
    timer.daemon = True
    timer.start()
    try:
        yield stop
    finally:
        timer.cancel()
        timer.join()


def main() -> int:
    """Check what the settings say and write one sentence a line; 0 when questions can be answered."""
    try:
        settings = Settings()
        if settings.is_demo:
            lines = ["OPENAI_API_KEY and OPENAI_BASE_URL are not set, so the built-in demo model answers."]
            works = True
        else:
            report = check_connection(OpenAIChatModel(settings.base_url, settings.model, settings.api_key))
            lines, works = [*report.sentences()], report.works
    except AgentError as error:
        lines, works = [str(error)], False
    sys.stdout.write("\n".join(lines) + "\n")
    return 0 if works else 1


if __name__ == "__main__":
    sys.exit(main())
