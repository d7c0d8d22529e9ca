"""Turns that go on: each in a thread of its own, readable by all who watch, kept when it ends.

A turn belongs to its conversation, not to the tab that asked: it survives a reload, a change of page and a
closed tab, and two tabs see the same. Only a Stop, the agent's own bounds or the end of the process end it.
"""

from __future__ import annotations

import copy
import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import Final

from llm_agent.conversations import Conversations, ConversationsUnavailable
from llm_agent.errors import AgentError
from llm_agent.events import Event, Failed
from llm_agent.turn_record import TurnRecord

LET_GO_S: Final = 2.0
"""Seconds after a Stop in which the agent should have ended; then the page no longer waits for it."""

_log = logging.getLogger(__name__)
Answer = Callable[[threading.Event], Iterator[Event]]
"""Starts the agent on one question; ends early once the event is set."""


class LiveTurn(threading.Thread):
    """One turn under way; `snapshot` and `wait_for_news` may be called from any thread."""

    def __init__(
        self, number: int, record: TurnRecord, answer: Answer, keep: Callable[[TurnRecord], None]
    ) -> None:
        super().__init__(name=f"turn-{number}", daemon=True)
        self.number = number
        self.stop = threading.Event()
        self.started = time.monotonic()
        self.version = 0
        self.is_over = False
        self._record = record
        self._answer = answer
        self._keep = keep
        self._news = threading.Condition()

    @property
    def seconds(self) -> float:
        """Seconds since the question was asked."""
        return time.monotonic() - self.started

    def run(self) -> None:
        """Take in the agent's events to the last; whatever happens, the turn ends and is kept."""
        try:
            for event in self._answer(self.stop):
                if self.is_over:  # let go after a Stop
                    return
                self._take_in(event)
        except AgentError as error:
            self._take_in(Failed(error.cause, error.remedy, getattr(error, "setting", "")))
        except Exception:  # noqa: BLE001 - our own mistakes too end in words; the log has the traceback
            _log.exception("A turn ended by a mistake in the app")
            self._take_in(Failed("The app itself made a mistake.", "Retry; the terminal says more."))
        finally:
            self._end("stopped" if self.stop.is_set() else "failed")

    def _take_in(self, event: Event) -> None:
        with self._news:
            if self._record.is_going_on:
                self._record.apply(event)
            self.version += 1
            self._news.notify_all()

    def _end(self, outcome: str) -> None:
        """Keep the record and say that the turn is over; `outcome` stands where the agent gave none."""
        with self._news:
            if self.is_over:
                return
            self._record.outcome = self._record.outcome or outcome
            self._record.waiting = None
            try:
                self._keep(self._record)
            except ConversationsUnavailable as error:
                _log.warning("%s", error)
            self.is_over = True
            self.version += 1
            self._news.notify_all()

    def let_go(self) -> None:
        """End the turn for those who watch, with what there is, although its thread may still be busy."""
        self._end("stopped")

    def snapshot(self) -> TurnRecord:
        """The record as it is now; a copy that no longer changes."""
        with self._news:
            taken = copy.copy(self._record)
            taken.queries = [copy.copy(query) for query in self._record.queries]
            taken.notices, taken.withdrawn = list(taken.notices), list(taken.withdrawn)
            return taken

    def wait_for_news(self, seen: int, timeout: float) -> int:
        """The version after a change, or `seen` again after `timeout` seconds without one."""
        with self._news:
            self._news.wait_for(lambda: self.version != seen or self.is_over, timeout)
            return self.version


class LiveTurns:
    """The turns under way of all conversations, at most one for each."""

    def __init__(self, conversations: Conversations) -> None:
        self._conversations = conversations
        self._turns: dict[str, LiveTurn] = {}
        self._lock = threading.Lock()

    def start(self, conversation_id: str, number: int, record: TurnRecord, answer: Answer) -> bool:
        """Start a turn; False where one is going on, as when two tabs ask at once."""

        def keep(finished: TurnRecord) -> None:
            try:
                self._conversations.save(conversation_id, number, finished)
            finally:
                with self._lock:
                    if self._turns.get(conversation_id) is turn:
                        del self._turns[conversation_id]

        turn = LiveTurn(number, record, answer, keep)
        with self._lock:
            if conversation_id in self._turns:
                return False
            self._turns[conversation_id] = turn
        try:
            self._conversations.save(conversation_id, number, record)
        except ConversationsUnavailable:
            with self._lock:
                del self._turns[conversation_id]
            raise
        turn.start()
        return True

    def get(self, conversation_id: str) -> LiveTurn | None:
        """The turn that goes on in this conversation, if one does."""
        with self._lock:
            return self._turns.get(conversation_id)

    def stop(self, conversation_id: str) -> None:
        """Ask the turn of this conversation to stop; after `LET_GO_S` it is over in any case."""
        if (turn := self.get(conversation_id)) and not turn.stop.is_set():
            turn.stop.set()
            timer = threading.Timer(LET_GO_S, turn.let_go)
            timer.daemon = True
            timer.start()
