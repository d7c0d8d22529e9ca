"""Runs the questions through the agent of the chat: several at once, each in a conversation of its own."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llm_agent.agent import Agent
from llm_agent.errors import EvaluationError
from llm_agent.evaluation.answers import AnswerFile, AnswerLine, Key, in_order, lines_to_keep
from llm_agent.evaluation.model import ModelUnderTest, prompt_digest
from llm_agent.evaluation.questions import Question
from llm_agent.evaluation.recorded_streams import RECORD_ANEW
from llm_agent.evaluation.tables import data_digest
from llm_agent.events import Asked, ChartReady, Done, Event, Failed, QueryDone, Usage
from llm_agent.query_result import Cell
from llm_agent.turn import Turn

PARALLEL = 4
"""Questions under way at once: quick, and within the limits of most providers."""
MAX_ROWS_KEPT = 200
SAME_FAILURES = 3
"""Answers in a row that fail for the same cause before a run is given up: a wrong key stays wrong."""


@dataclass(frozen=True)
class Item:
    """A question to ask: in which run, on which table, and what its answer is made with."""

    question: Question
    run: int
    table: str
    database: Path
    made_with: Mapping[str, str]

    @property
    def key(self) -> Key:
        """What tells its answer from others."""
        return self.question.id, self.run, self.table


@dataclass(frozen=True)
class Progress:
    """How far a run is: answers kept (also those of an earlier run) of all, and the latest one."""

    done: int
    total: int
    latest: AnswerLine | None = None


def items_of(
    questions: Sequence[Question], tables: Mapping[str, Path], model: str, runs: int = 1
) -> list[Item]:
    """Every question on each of its tables in each run, table by table; `model` tells models apart."""
    told = {
        name: {"model": model, "prompt": prompt_digest(database), "data": data_digest(database)}
        for name, database in tables.items()
    }
    return [
        Item(question, run, name, tables[name], {**told[name], "question": _question_digest(question)})
        for run in range(1, runs + 1)
        for name in tables
        for question in questions
        if name in question.tables
    ]


def run_items(
    under_test: ModelUnderTest,
    items: Sequence[Item],
    out: Path,
    stop: threading.Event,
    *,
    parallel: int = PARALLEL,
    is_fresh: bool = False,
    on_progress: Callable[[Progress], None] = lambda _progress: None,
) -> list[AnswerLine]:
    """Ask what `out` does not hold yet, and return all answers in the order of the items.

    Once `stop` is set it returns within about 2 s what is there; a later call goes on with the rest. Raises
    `EvaluationError` when the same failure comes `SAME_FAILURES` times in a row, or a recording is missing.
    """
    expected = {item.key: item.made_with for item in items}
    kept, others = lines_to_keep(out, expected, is_fresh=is_fresh)
    file, keys = AnswerFile(out), [item.key for item in items]
    file.replace([*kept, *others])
    done = {line.key for line in kept}
    lines = list(kept)
    on_progress(Progress(len(lines), len(items)))
    waiting = [item for item in items if item.key not in done]
    try:
        with closing(_answers(under_test, waiting, stop, parallel)) as answers:
            for line in answers:
                file.append(line)
                lines.append(line)
                on_progress(Progress(len(lines), len(items), line))
                _check_that_it_makes_sense(under_test, lines, kept)
    except BaseException:
        stop.set()
        raise
    finally:
        file.replace([*in_order(lines, keys), *others])
    return in_order(lines, keys)


def ask(agent: Agent, item: Item, stop: threading.Event) -> AnswerLine | None:
    """Ask one question after the conversation before it; None when it was stopped."""
    turns: list[Turn] = []
    heard = _Heard()
    for question in (*item.question.history, item.question.question):
        heard.begin_turn()
        for event in agent.answer(question, turns, stop):
            heard.take(event)
        if heard.outcome == "stopped" or stop.is_set():
            return None
        turns.append(Turn(question, heard.messages))
        if heard.error:
            break
    return AnswerLine(
        item.question.id,
        item.run,
        heard.text,
        tuple(heard.statements),
        heard.rows,
        round(heard.seconds, 3),
        heard.tokens_in,
        heard.tokens_out,
        heard.error,
        item.table,
        heard.outcome,
        tuple(heard.charts),
        item.made_with,
    )


def _answers(
    under_test: ModelUnderTest, items: Sequence[Item], stop: threading.Event, parallel: int
) -> Generator[AnswerLine, None, None]:
    """The answers as they come. The first question goes alone: it finds out what the endpoint can do."""
    agents = {item.database: Agent(under_test.model, item.database) for item in items}

    def answer(item: Item) -> AnswerLine | None:
        return None if stop.is_set() else ask(agents[item.database], item, stop)

    if items and (first := answer(items[0])):
        yield first
    with ThreadPoolExecutor(parallel, thread_name_prefix="evaluation") as pool:
        futures: list[Future[AnswerLine | None]] = [pool.submit(answer, item) for item in items[1:]]
        try:
            for future in as_completed(futures):
                if line := future.result():
                    yield line
        except GeneratorExit:
            stop.set()  # nobody takes further answers: wait only for the questions under way
            raise


def _check_that_it_makes_sense(
    under_test: ModelUnderTest, lines: Sequence[AnswerLine], kept: Sequence[AnswerLine]
) -> None:
    if under_test.player is not None and under_test.player.missed:
        raise EvaluationError(under_test.player.missed, RECORD_ANEW)
    latest = lines[len(kept) :][-SAME_FAILURES:]
    if len(latest) == SAME_FAILURES and len({line.error for line in latest}) == 1 and latest[0].error:
        raise EvaluationError(
            f"{SAME_FAILURES} questions in a row failed: {latest[0].error}", "Then run it again; it goes on."
        )


class _Heard:
    """What of a conversation's events belongs into its answer line."""

    def __init__(self) -> None:
        self.statements: list[str] = []
        self.tokens_in = self.tokens_out = 0
        self.begin_turn()

    def begin_turn(self) -> None:
        """Forget what belongs to the turn before."""
        self.text, self.outcome, self.seconds = "", "", 0.0
        self.error: str | None = None
        self.charts: list[Mapping[str, Any]] = []
        self.messages: tuple[dict[str, Any], ...] = ()
        self.rows: tuple[tuple[Cell, ...], ...] = ()
        self._rows_of: dict[int, tuple[tuple[Cell, ...], ...]] = {}
        self._options: tuple[str, ...] = ()

    def take(self, event: Event) -> None:
        """Note what the event says."""
        match event:
            case QueryDone():
                self.statements.append(event.sql)
                self.rows = self._rows_of[event.number] = event.result.rows[:MAX_ROWS_KEPT]
            case ChartReady():
                self.charts.append(event.spec)
                self.rows = self._rows_of.get(event.query, self.rows)
            case Asked():
                self._options = event.options
            case Usage():
                self.tokens_in += event.tokens_in
                self.tokens_out += event.tokens_out
                self.seconds = event.seconds
            case Failed():
                self.error = f"{event.cause} {event.remedy}".strip()
            case Done():
                self.outcome, self.messages = event.outcome, event.messages
                self.text = "\n".join([event.text, *(f"- {option}" for option in self._options)])
            case _:
                pass


def _question_digest(question: Question) -> str:
    asked = json.dumps([*question.history, question.question], ensure_ascii=False)
    return hashlib.sha256(asked.encode()).hexdigest()[:12]
