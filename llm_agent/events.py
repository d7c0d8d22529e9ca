"""What happens while a question is answered, as typed events: the same for page, command line and evaluation.

A turn is: any number of rounds, each with thinking, queries, charts and text; then the check of the figures,
the usage, and exactly one `Done`, which is always the last event.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from llm_agent.grounding import CheckedFigure
    from llm_agent.readonly_sql import QueryResult

Outcome = Literal["answered", "asked", "stopped", "bounded", "failed"]
"""How a turn ended: with an answer, with a question back, by Stop, at a bound of the agent, by an error."""


@dataclass(frozen=True)
class RoundStarted:
    """The model is asked for the `number`-th time in this turn, from 1 on."""

    number: int


@dataclass(frozen=True)
class Thinking:
    """A piece of what the model thinks aloud."""

    text: str


@dataclass(frozen=True)
class QueryStarted:
    """A query of the model is about to run; `number` counts those of the turn from 1 on."""

    number: int
    sql: str
    purpose: str


@dataclass(frozen=True)
class QueryDone:
    """A query ran; its result is what cards, charts and figures of the answer refer to by `number`."""

    number: int
    sql: str
    purpose: str
    result: QueryResult


@dataclass(frozen=True)
class QueryError:
    """A query did not run to its end; `message` is what the model was told."""

    number: int
    sql: str
    purpose: str
    message: str
    is_refused: bool


@dataclass(frozen=True)
class ChartReady:
    """A chart of the result of query `query`; `spec` is validated (see `chart_spec`) and JSON."""

    query: int
    spec: dict[str, Any]


@dataclass(frozen=True)
class AnswerDelta:
    """A piece of the answer's text."""

    text: str


@dataclass(frozen=True)
class AnswerWithdrawn:
    """All text so far is void: the model mends it, or went on to run a query. `reason` is for people."""

    reason: str


@dataclass(frozen=True)
class Asked:
    """The model asks back; `options` are answers to choose from, perhaps none."""

    question: str
    options: tuple[str, ...]


@dataclass(frozen=True)
class Checked:
    """Every figure of the final text, with where it stands in a result, or that it stands in none."""

    figures: tuple[CheckedFigure, ...]


@dataclass(frozen=True)
class Waiting:
    """The model's server asked to wait: whole seconds left, and why."""

    seconds: int
    reason: str


@dataclass(frozen=True)
class Notice:
    """Something people should know, in one sentence."""

    text: str


@dataclass(frozen=True)
class Usage:
    """What the turn cost: rounds, queries, tokens as far as the server counts them, seconds."""

    rounds: int
    queries: int
    tokens_in: int
    tokens_out: int
    seconds: float


@dataclass(frozen=True)
class Failed:
    """Why there is no answer: cause, remedy, and the setting to change (empty where none helps)."""

    cause: str
    remedy: str
    setting: str = ""


@dataclass(frozen=True)
class Done:
    """The end of the turn: its outcome, the final text, and the messages to keep as its history.

    `messages` is what the model saw and said in this turn, from the question on; it is valid to send again.
    """

    outcome: Outcome
    text: str
    messages: tuple[dict[str, Any], ...]


Event = (
    RoundStarted
    | Thinking
    | QueryStarted
    | QueryDone
    | QueryError
    | ChartReady
    | AnswerDelta
    | AnswerWithdrawn
    | Asked
    | Checked
    | Waiting
    | Notice
    | Usage
    | Failed
    | Done
)
