"""One turn while it goes on: rounds with the model, its tool calls, the check of its answer, the end."""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from llm_agent.errors import AgentError, ModelError
from llm_agent.events import (
    AnswerDelta,
    AnswerWithdrawn,
    Asked,
    Checked,
    Done,
    Event,
    Failed,
    Notice,
    Outcome,
    Thinking,
    Usage,
)
from llm_agent.prompt import CHECK_PREFIX, system_prompt
from llm_agent.stream import ChatModel, Completion, ToolCall
from llm_agent.tools import ToolRunner, for_history
from llm_agent.turn import Turn
from llm_agent.turns.answer_check import Verdict, check_answer
from llm_agent.turns.model_rounds import ModelRounds, whole_characters
from llm_agent.turns.query_thread import QueryAbandoned, run_until
from llm_agent.turns.turn_limits import MAX_CALLS, MAX_QUESTION_CHARS, TurnEnd

log = logging.getLogger(__name__)

WENT_ON = "The model looked something up before it answered."
MENDING = "Figures without a query behind them: the model is asked to mend its answer."
BROKE_OFF = "The answer broke off."
NOT_ANSWERED = "(This question was not answered.)"
STOPPED = "(Stopped by the user.)"
CUT_OFF = "The answer was cut off: the model's limit on the length of answers was reached."

Steps = Generator[Event, None, Outcome]


class TurnRun:
    """A turn of its own for each question; `events` runs it once."""

    def __init__(
        self,
        model: ChatModel,
        database: Path,
        question: str,
        history: Sequence[Turn],
        end: TurnEnd,
        token_budget: int,
    ) -> None:
        self._database = database
        self._question = whole_characters(question)
        self._history = history
        self._end = end
        self._tools = ToolRunner(database, end)
        self._rounds = ModelRounds(model, history, end, token_budget)
        self._messages: list[dict[str, Any]] = [{"role": "user", "content": self._question}]
        self._checks: list[dict[str, Any]] = []  # an answer that had to be mended, and the request to do so
        self._first_answer = ""  # the text that the model was asked to mend
        self._text = ""

    def events(self) -> Iterator[Event]:
        """Every event of the turn."""
        try:
            outcome = yield from self._steps()
        except AgentError as error:
            outcome = yield from self._fail(error)
        except Exception:  # a mistake of ours must not end the page, nor leave the turn open
            log.exception("a turn ended by an unexpected error")
            outcome = yield from self._fail(
                AgentError("Something in the app went wrong.", "Ask again; the app's log tells more.")
            )
        rounds, seconds = self._rounds, round(self._end.elapsed_s, 3)
        yield Usage(rounds.number, self._tools.queries, rounds.tokens_in, rounds.tokens_out, seconds)
        yield Done(outcome, self._text, self._kept_messages(outcome))

    def _steps(self) -> Steps:
        _check_question(self._question)
        try:  # it surveys the table when that is new
            prompt = run_until(self._end, lambda: system_prompt(self._database))
        except QueryAbandoned:
            return (yield from self._cut_short())
        system = {"role": "system", "content": prompt}
        empty_answers = 0
        while True:
            completion = yield from self._rounds.ask(system, self._messages, self._tools.is_exhausted)
            if completion is None:
                return (yield from self._cut_short())
            if completion.tool_calls and not self._rounds.is_last:
                yield from self._use_tools(completion)
                if self._tools.question_back:
                    return (yield from self._ask_back(*self._tools.question_back))
            elif completion.text.strip():
                if (yield from self._settle(completion)):
                    return "answered"
            elif self._rounds.is_last:
                return (yield from self._bounded())
            elif empty_answers:
                raise ModelError(
                    "The model gave an empty answer.", "Ask again, or choose another model.",
                    setting="OPENAI_MODEL",
                )  # fmt: skip
            else:
                empty_answers += 1

    def _use_tools(self, completion: Completion) -> Generator[Event, None, None]:
        """Run the calls of the round in their order; the round is kept whole, each call with its answer."""
        if self._rounds.said:
            yield AnswerWithdrawn(WENT_ON)
            if self._rounds.said.strip():
                yield Thinking(self._rounds.said)
            self._rounds.said = ""
        done: list[tuple[ToolCall, str]] = []
        for call in _with_own_ids(completion.tool_calls[:MAX_CALLS], self._rounds.number):
            done.append((call, (yield from self._tools.run(call))))
        if self._tools.question_back:  # it becomes the answer of the turn
            done = [(call, answer) for call, answer in done if call.name != "ask_user"]
        if done:
            asked = [for_history(call) for call, _ in done]
            text = completion.text.strip() or None
            self._messages.append({"role": "assistant", "content": text, "tool_calls": asked})
        for call, answer in done:
            self._messages.append({"role": "tool", "tool_call_id": call.id, "content": answer})

    def _ask_back(self, question: str, options: tuple[str, ...]) -> Steps:
        self._text = question
        self._say("\n".join([question, *(f"- {option}" for option in options)]))
        yield Asked(question, options)
        return "asked"

    def _settle(self, completion: Completion) -> Generator[Event, None, bool]:
        """Check the answer; True when it stands, False when the model is to mend it."""
        verdict = self._verdict(completion.text)
        if verdict.request and not self._checks and not self._rounds.is_over:
            yield AnswerWithdrawn(MENDING)
            self._first_answer = completion.text
            self._checks = [
                {"role": "assistant", "content": completion.text},
                {"role": "user", "content": f"{CHECK_PREFIX}{verdict.request}"},
            ]
            self._messages += self._checks
            return False
        yield from self._conclude(completion.text, verdict)
        if completion.finish_reason == "length":
            yield Notice(CUT_OFF)
        return True

    def _verdict(self, text: str) -> Verdict:
        tools = self._tools
        return check_answer(text, self._question, self._history, tools.results, tools.statements)

    def _conclude(self, text: str, verdict: Verdict | None = None) -> Generator[Event, None, None]:
        """Let this text be the answer, with its figures checked."""
        verdict = verdict or self._verdict(text)
        self._text = text
        self._say(text)
        yield Checked(verdict.figures)
        if verdict.notice:
            yield Notice(verdict.notice)

    def _fall_back(self, why: str) -> Generator[Event, None, bool]:
        """Give the first answer after all when mending it came to nothing; False when there is none."""
        if not self._first_answer:
            return False
        if self._rounds.said:
            yield AnswerWithdrawn(BROKE_OFF)
        yield AnswerDelta(self._first_answer)
        yield from self._conclude(self._first_answer)
        yield Notice(f"The figures of this answer could not be mended: {why}")
        return True

    def _cut_short(self) -> Steps:
        """Stop, or the time is over: what was said so far stays."""
        if self._rounds.said:
            yield from self._conclude(self._rounds.said)
        if self._end.is_stopped:
            return "stopped"
        yield Notice(f"The time for one question is over ({self._end.seconds:g} s). Ask something narrower.")
        return "bounded"

    def _bounded(self) -> Steps:
        """The last round brought no words."""
        if (yield from self._fall_back("the model gave no words.")):
            return "answered"
        rounds, queries = self._rounds.number, self._tools.queries
        yield Notice(f"No answer after {rounds} rounds and {queries} queries. Ask something narrower.")
        return "bounded"

    def _fail(self, error: AgentError) -> Steps:
        if (yield from self._fall_back(error.cause)):
            return "answered"
        if self._rounds.said:
            yield AnswerWithdrawn(BROKE_OFF)
        yield Failed(error.cause, error.remedy, getattr(error, "setting", ""))
        return "failed"

    def _say(self, text: str) -> None:
        self._messages.append({"role": "assistant", "content": text})

    def _kept_messages(self, outcome: Outcome) -> tuple[dict[str, Any], ...]:
        """The turn for the history: no answer that was mended, no request to mend, words at its end."""
        kept = [message for message in self._messages if not any(message is check for check in self._checks)]
        last = kept[-1]
        if last["role"] != "assistant" or "tool_calls" in last:
            kept.append({"role": "assistant", "content": STOPPED if outcome == "stopped" else NOT_ANSWERED})
        return tuple(kept)


def _check_question(question: str) -> None:
    if not question.strip():
        raise AgentError("The question is empty.", "Write one.")
    if len(question) > MAX_QUESTION_CHARS:
        raise AgentError(
            f"The question has {len(question):,} characters, {MAX_QUESTION_CHARS:,} are allowed.",
            "Shorten it.",
        )


def _with_own_ids(calls: Sequence[ToolCall], round_number: int) -> Iterator[ToolCall]:
    """The calls with ids that are there and differ, since answers refer to them."""
    known: set[str] = set()
    for index, call in enumerate(calls):
        if not call.id or call.id in known:
            call = replace(call, id=f"call_{round_number}_{index}")
        known.add(call.id)
        yield call
