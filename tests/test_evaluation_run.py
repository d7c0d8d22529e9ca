"""Running an evaluation: the agent of the chat is asked, and a run that breaks off goes on from there."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from operator import itemgetter
from pathlib import Path

import pytest

from llm_agent.errors import EvaluationError
from llm_agent.evaluation.answers import read_lines
from llm_agent.evaluation.run import PARALLEL, SAME_FAILURES, Progress
from tests.evaluation_server import KEY, by_gold_sql, model_of, run, some, without_seconds
from tests.evaluation_tables import questions
from tests.llm_exchange import Exchange, Reply
from tests.llm_faults import error
from tests.llm_server import LlmServer

FIXED_FIELDS = [
    "id",
    "run",
    "final_text",
    "sql_executed",
    "rows",
    "latency_s",
    "tokens_in",
    "tokens_out",
    "error",
]


def test_a_line_has_the_published_fields(tmp_path: Path) -> None:
    """The nine fields of the interface come first, with the executed statement, its rows and the usage."""
    with LlmServer(by_gold_sql) as server:
        run(model_of(server), tmp_path / "answers.jsonl")
    line = json.loads((tmp_path / "answers.jsonl").read_text().splitlines()[0])
    question = questions()[line["id"]]
    assert list(line)[:9] == FIXED_FIELDS
    assert line["sql_executed"] == [question.gold_sql]
    assert f"The answer is {line['rows'][0][0]}." == line["final_text"]
    assert (line["run"], line["error"], line["tokens_in"], line["tokens_out"]) == (1, None, 200, 20)
    assert line["latency_s"] > 0


def stopping(stop: threading.Event, limit: int) -> Callable[[Progress], None]:
    """What sets the event once so many answers are there."""
    return lambda progress: stop.set() if progress.done >= limit else None


def test_an_interrupted_and_resumed_run_equals_an_uninterrupted_one(tmp_path: Path) -> None:
    """Stopped twice on the way, it asks nothing twice, and its file is the same but for the seconds."""
    whole, broken = tmp_path / "whole.jsonl", tmp_path / "broken.jsonl"
    with LlmServer(by_gold_sql) as server:
        run(model_of(server), whole)
        asked_by_one_run = len(server.requests)
        for stop_after in (5, 14):
            stop = threading.Event()

            lines = run(model_of(server), broken, stop=stop, on_progress=stopping(stop, stop_after))
            assert stop_after <= len(lines) < len(read_lines(whole))
        run(model_of(server), broken)
        requests = len(server.requests) - asked_by_one_run
    assert without_seconds(broken) == without_seconds(whole)
    assert asked_by_one_run <= requests <= asked_by_one_run + 16  # a stop breaks off at most four questions


def test_a_line_cut_off_by_a_power_cut_is_asked_again(tmp_path: Path) -> None:
    """Half a line at the end of the file is dropped, and the run completes it."""
    whole, cut = tmp_path / "whole.jsonl", tmp_path / "cut.jsonl"
    with LlmServer(by_gold_sql) as server:
        run(model_of(server), whole)
        cut.write_bytes(whole.read_bytes()[:-40])
        run(model_of(server), cut)
    assert without_seconds(cut) == without_seconds(whole)


def test_questions_run_in_parallel_within_the_limit(tmp_path: Path) -> None:
    """After the first question, as many are under way as allowed, and never more."""
    under_way, seen, lock = [0], [0], threading.Lock()
    numbers, together = count(), threading.Barrier(3)

    def script(body: dict) -> Reply:
        with lock:
            under_way[0] += 1
            seen[0] = max(seen[0], under_way[0])
            number = next(numbers)

        def reply(exchange: Exchange) -> None:
            if number in {2, 3, 4}:  # after the two requests of the first question
                with suppress(threading.BrokenBarrierError):
                    together.wait(timeout=10)
            with lock:
                under_way[0] -= 1
            by_gold_sql(body)(exchange)

        return reply

    with LlmServer(script) as server:
        run(model_of(server), tmp_path / "answers.jsonl", asked=some(4), parallel=3)
    assert seen[0] == 3
    assert not together.broken


def test_asking_less_loses_no_answer(tmp_path: Path) -> None:
    """A second run with fewer questions asks nothing, and leaves the answers to the others in the file."""
    out = tmp_path / "answers.jsonl"
    with LlmServer(by_gold_sql) as server:
        run(model_of(server), out)
        before, asked = without_seconds(out), len(server.requests)
        assert len(run(model_of(server), out, asked=some(2))) == 4
        assert len(server.requests) == asked
    key = itemgetter("id", "table")
    assert sorted(without_seconds(out), key=key) == sorted(before, key=key)


def test_another_prompt_or_model_does_not_mix_with_old_answers(tmp_path: Path, monkeypatch) -> None:
    """Answers of another model or prompt are refused with what changed, unless the file is begun anew."""
    out = tmp_path / "answers.jsonl"
    with LlmServer(by_gold_sql) as server:
        run(model_of(server), out, asked=some(2))
        server.model = "other-model"
        with pytest.raises(EvaluationError, match="another model"):
            run(model_of(server), out, asked=some(2))
        server.model = "test-model"
        monkeypatch.setattr("llm_agent.evaluation.model.TOOLS", ())
        with pytest.raises(EvaluationError, match="another prompt"):
            run(model_of(server), out, asked=some(2))
        requests = len(server.requests)
        run(model_of(server), out, asked=some(2), is_fresh=True)
        assert len(server.requests) > requests


def test_earlier_turns_are_replayed_before_the_question(tmp_path: Path) -> None:
    """A follow-up is asked in a conversation that really held its earlier questions and answers."""
    follow_up = questions()["follow_up-7"]
    with LlmServer(by_gold_sql) as server:
        run(model_of(server), tmp_path / "answers.jsonl", asked=[follow_up])
        last = server.requests[-1].body["messages"]
    said = [message["content"] for message in last if message["role"] == "user"]
    assert said == [*follow_up.history, follow_up.question]


def test_a_server_that_refuses_ends_the_run_in_words(tmp_path: Path) -> None:
    """A wrong key is told once, not for each question, and never shown; a rerun asks again."""
    out = tmp_path / "answers.jsonl"
    with LlmServer(by_gold_sql, api_key="another") as server:
        with pytest.raises(EvaluationError, match=r"OPENAI_API_KEY|key") as refused:
            run(model_of(server), out)
        visits = len(server.visits)
    assert visits <= SAME_FAILURES + 2 * PARALLEL  # those under way when the third one failed
    assert KEY not in str(refused.value)
    assert KEY not in out.read_text()
    with LlmServer(by_gold_sql) as server:
        lines = run(model_of(server), out)
    assert all(line.error is None for line in lines)
    assert len(lines) == 2 * len(some())


def test_one_failure_is_one_wrong_answer(tmp_path: Path) -> None:
    """A question that fails keeps its cause, the others are answered, and a rerun asks only it again."""
    failing = some()[3].question

    def script(body: dict) -> object:
        return error(400, "too long") if body["messages"][-1]["content"] == failing else by_gold_sql(body)

    out = tmp_path / "answers.jsonl"
    with LlmServer(script) as server:
        lines = run(model_of(server), out)
        assert [line.id for line in lines if line.error] == [some()[3].id] * 2
        server.script = by_gold_sql
        before = len(server.requests)
        assert all(line.error is None for line in run(model_of(server), out))
        assert len(server.requests) - before == 4
