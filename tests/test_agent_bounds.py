"""A turn ends, whatever the model does, and whenever the user wants it to."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from llm_agent.events import ChartReady, Done, Notice, QueryDone, QueryError, QueryStarted, RoundStarted
from llm_agent.prompt import CHECK_PREFIX
from llm_agent.turns import turn_limits
from tests.agent_talk import Heard, Talk, sql
from tests.llm_faults import FAULTS, slow
from tests.llm_server import Answer, text, tool_calls

COUNT = "SELECT COUNT(*) AS n FROM titanic"
ENDLESS = "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c) SELECT COUNT(*) FROM c"
STOP_S = 2.0


def never_answering(body: dict) -> Answer:
    """A model that asks for one more query as long as it has tools."""
    if "tools" in body:
        return sql(f"{COUNT} WHERE age > {len(body['messages'])}")
    return text("I ran out of time.")


def test_a_model_that_never_answers_has_to_after_eight_rounds(titanic_table: Path) -> None:
    """The eighth round goes without tools and says so; what the model says then is the answer."""
    with Talk(titanic_table, never_answering) as talk:
        heard = talk.ask("How many?")
        assert "tools" not in talk.requests[-1].body
        assert talk.sent()[-1]["content"].startswith(CHECK_PREFIX)
    assert len(heard.of(RoundStarted)) == turn_limits.MAX_ROUNDS
    assert heard.done.outcome == "answered"
    assert heard.done.text == "I ran out of time."


def test_a_model_that_will_not_answer_even_then_is_given_up(titanic_table: Path) -> None:
    """Tool calls in the last round are not run: the turn is bounded, and a notice says so plainly."""
    with Talk(titanic_table, [sql(COUNT)]) as talk:
        heard = talk.ask("How many?")
        assert len(talk.requests) == turn_limits.MAX_ROUNDS
    assert heard.done.outcome == "bounded"
    assert "8 rounds" in heard.of(Notice)[0].text
    assert heard.done.messages[-1]["role"] == "assistant"


def test_a_turn_has_sixteen_queries(titanic_table: Path) -> None:
    """Further queries are refused in words, and the model has to answer from what it has."""
    ten = tool_calls(*[("run_sql", {"sql": COUNT, "purpose": str(i)}) for i in range(10)])
    with Talk(titanic_table, [ten, ten, text("891 passengers.")]) as talk:
        heard = talk.ask("How many?")
        assert "no more are allowed" in talk.sent()[-2]["content"]
        assert len(talk.requests) == 3
    assert len(heard.of(QueryStarted)) == turn_limits.MAX_QUERIES
    assert heard.done.outcome == "answered"


def test_a_flood_of_calls_in_one_round_is_cut(titanic_table: Path) -> None:
    """Of a hundred calls sixteen are run and answered; the others never enter the history."""
    flood = tool_calls(*[("draw_chart", {"query": 1})] * 100)
    with Talk(titanic_table, [sql(COUNT), flood, text("Done.")]) as talk:
        talk.ask("Draw.")
        assert len([m for m in talk.sent() if m["role"] == "tool"]) == 1 + turn_limits.MAX_CALLS


def test_charts_are_bounded(titanic_table: Path) -> None:
    """A turn has at most six charts."""
    chart = {"query": 1, "kind": "bar", "x": "sex", "y": "n", "title": "By sex"}
    many = tool_calls(*[("draw_chart", chart)] * 9)
    by_sex = sql("SELECT sex, COUNT(*) AS n FROM titanic GROUP BY sex")
    with Talk(titanic_table, [by_sex, many, text("Done.")]) as talk:
        heard = talk.ask("Draw.")
    assert len(heard.of(ChartReady)) == turn_limits.MAX_CHARTS


def test_the_same_failing_query_is_not_run_for_ever(titanic_table: Path) -> None:
    """The second failure brings a nudge, the third ends the queries of this turn."""
    with Talk(titanic_table, [sql("SELECT nothing FROM titanic")]) as talk:
        heard = talk.ask("How many?")
        assert "failed before" in talk.sent(2)[-1]["content"]
        assert len(talk.requests) == 4
    assert len(heard.of(QueryError)) == turn_limits.MAX_SAME_FAILURES
    assert heard.done.outcome == "bounded"


def test_the_time_of_a_turn_ends(titanic_table: Path) -> None:
    """When the time is over while the model is silent, the turn is bounded, not stuck."""
    with Talk(titanic_table, [FAULTS["silence"]], max_seconds=0.4) as talk:
        heard = talk.ask("How many?")
    assert heard.done.outcome == "bounded"
    assert "0.4 s" in heard.of(Notice)[0].text


def test_late_in_a_turn_the_model_has_to_answer(titanic_table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After three quarters of the time a round goes without tools."""
    monkeypatch.setattr("llm_agent.turns.model_rounds.ANSWER_AFTER", 0.0)
    with Talk(titanic_table, never_answering) as talk:
        assert talk.ask("How many?").done.text == "I ran out of time."
        assert len(talk.requests) == 1


def stopped(talk: Talk, when: type | None) -> tuple[Heard, float]:
    """Ask, stop at the first event of a type (None: once the request has arrived), measure until the end."""
    stop, events, stopped_at = threading.Event(), [], 0.0

    def press() -> None:
        nonlocal stopped_at
        stopped_at = time.monotonic()
        stop.set()

    def press_on_arrival() -> None:
        talk.arrivals.get(timeout=10)
        press()

    watcher = threading.Thread(target=press_on_arrival if when is None else lambda: None)
    watcher.start()
    for event in talk.agent.answer("How many?", (), stop):
        events.append(event)
        if when is not None and isinstance(event, when) and not stop.is_set():
            press()
    seconds = time.monotonic() - stopped_at
    watcher.join()
    return Heard(events), seconds


@pytest.mark.parametrize(
    ("script", "when"),
    [
        ([FAULTS["silence"]], None),
        ([sql(ENDLESS)], QueryStarted),
        ([sql(COUNT)], QueryDone),
        ([sql(COUNT)], RoundStarted),
    ],
    ids=["silent model", "running query", "between two rounds", "before the request"],
)
def test_stop_works_at_any_moment(titanic_table: Path, script: list, when: type | None) -> None:
    """Within 2 s the turn ends as stopped, with a history that can be sent again."""
    with Talk(titanic_table, script) as talk:
        heard, seconds = stopped(talk, when)
        assert heard.done.outcome == "stopped"
        assert seconds < STOP_S  # the promise itself, twenty times what it takes
        talk.script = [text("Here I am.")]
        talk.turns = []
        assert talk.ask("And now?").done.text == "Here I am."


def test_a_reader_that_goes_away_ends_the_turn(titanic_table: Path) -> None:
    """Who stops reading the events, as a page does that is left, leaves no request behind at the server."""
    with Talk(titanic_table, [slow(text("The ship was very long. " * 50), 0.01)]) as talk:
        events = talk.agent.answer("Tell me.")
        for _ in range(5):
            next(events)
        events.close()  # type: ignore[attr-defined]
        started = time.monotonic()
    assert time.monotonic() - started < STOP_S  # leaving the block waits for the server's handlers


def test_stop_works_while_a_new_table_is_surveyed(
    titanic_table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A large new table takes seconds to describe: a stop does not wait for it."""
    survey = threading.Event()
    monkeypatch.setattr("llm_agent.turns.turn_run.system_prompt", lambda database: str(survey.wait(20)))
    stop = threading.Event()
    threading.Timer(0.1, stop.set).start()
    with Talk(titanic_table, [text("Hello.")]) as talk:
        started = time.monotonic()
        assert talk.ask("How many?", stop).done.outcome == "stopped"
        assert time.monotonic() - started < STOP_S
        survey.set()


def test_stop_keeps_what_was_said(titanic_table: Path) -> None:
    """A stop in the middle of the answer leaves its beginning as the text of the turn."""
    stop = threading.Event()
    with Talk(titanic_table, [slow(text("The ship was very long. " * 50), 0.01)]) as talk:
        events = []
        for event in talk.agent.answer("Tell me.", (), stop):
            events.append(event)
            if len(events) == 12:
                stop.set()
    heard = Heard(events)
    assert heard.done.outcome == "stopped"
    assert heard.done.text == heard.shown
    assert heard.done.text.startswith("The ship")
    assert isinstance(events[-1], Done)
