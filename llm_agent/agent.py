"""From a question to an answer that rests on queries, as a stream of events; bounded in every direction.

The model is asked, its tool calls are run, it is asked again with their results, until it answers in words.
Then the figures of the answer are checked, and the model gets one chance to mend them. Covers: errors of
queries (the model is told and mends them), errors of the model (told to people), Stop, bounds. Does not
cover: what a query may do (`readonly_sql`), how a model is reached (`model`), where turns are kept
(`conversations`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event as StopEvent

from llm_agent.events import Event
from llm_agent.stream import ChatModel
from llm_agent.turn import Turn
from llm_agent.turns.turn_history import TOKEN_BUDGET
from llm_agent.turns.turn_limits import MAX_SECONDS, TurnEnd
from llm_agent.turns.turn_run import TurnRun


class Agent:
    """Answers questions about the table in `database` with `model`. Holds no state; share it between threads.

    `token_budget` bounds a request (estimated tokens), `max_seconds` a turn.

    >>> agent = Agent(choose_model(Settings()), Path("data/titanic.sqlite"))
    >>> for event in agent.answer("How many women survived?"): ...
    """

    def __init__(
        self,
        model: ChatModel,
        database: Path,
        *,
        token_budget: int = TOKEN_BUDGET,
        max_seconds: float = MAX_SECONDS,
    ) -> None:
        self.model = model
        self.database = database
        self._token_budget = token_budget
        self._max_seconds = max_seconds

    def answer(
        self, question: str, history: Sequence[Turn] = (), stop: StopEvent | None = None
    ) -> Iterator[Event]:
        """The events of one turn; the last one, and only that one, is `Done`.

        `history` are the earlier turns, oldest first: `Turn(question, done.messages)` of each. Once `stop`
        is set the turn ends within 2 s. Raises nothing: what goes wrong is a `Failed` event.
        """
        end = TurnEnd(stop or StopEvent(), self._max_seconds)
        return TurnRun(self.model, self.database, question, history, end, self._token_budget).events()
