"""Whatever goes wrong in a turn, it ends in plain words, and the next question is answered."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from data_pipeline.plain_pipeline import run_plain
from llm_agent.agent import Agent
from llm_agent.events import AnswerWithdrawn, Checked, Failed, Notice, QueryDone, RoundStarted
from llm_agent.turn import Turn
from llm_agent.turns.turn_limits import MAX_QUESTION_CHARS
from tests.agent_talk import Heard, Talk, sql
from tests.llm_faults import FAULTS, GOES_WELL, TOOL_FAULTS
from tests.llm_server import Answer, Reply, text

SURVIVORS = "SELECT COUNT(*) AS n FROM titanic WHERE survived = 1"


def assert_can_be_sent(messages: list[dict]) -> None:
    """As strict servers want it: no empty message, each call answered, arguments that are JSON objects."""
    open_calls: set[str] = set()
    for message in messages:
        if message["role"] == "tool":
            open_calls.remove(message["tool_call_id"])
            continue
        assert not open_calls
        assert message.get("content") or message.get("tool_calls")
        for call in message.get("tool_calls", ()):
            assert isinstance(json.loads(call["function"]["arguments"]), dict)
            open_calls.add(call["id"])
    assert not open_calls
    assert messages[-1]["role"] == "assistant"


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_after_any_fault_of_the_model_the_next_question_is_answered(titanic_table: Path, name: str) -> None:
    """A fault in the first round: words instead of a traceback, and a history that the next turn can send."""
    with Talk(titanic_table, [FAULTS[name]], silence_s=1.0) as talk:
        if name in TOOL_FAULTS:
            talk.script = [FAULTS[name], text("Nothing to say.")]
        heard = talk.ask("How many survived?")
        assert_can_be_sent(list(heard.done.messages))
        answers_now(talk)
    if name in GOES_WELL | TOOL_FAULTS:
        assert heard.done.outcome == "answered", heard.events
    else:
        assert heard.done.outcome == "failed"
        (failed,) = heard.of(Failed)
        assert failed.cause
        assert failed.remedy
        assert heard.shown == heard.done.text == ""


@pytest.mark.parametrize("name", sorted(set(FAULTS) - GOES_WELL - TOOL_FAULTS))
def test_a_fault_after_a_query_keeps_the_query(titanic_table: Path, name: str) -> None:
    """A fault in the second round: the query's result is kept, and the next question is answered."""
    with Talk(titanic_table, [sql(SURVIVORS), FAULTS[name]], silence_s=1.0) as talk:
        heard = talk.ask("How many survived?")
        assert heard.done.outcome == "failed"
        assert heard.of(QueryDone)[0].result.rows == ((342,),)
        assert_can_be_sent(list(heard.done.messages))
        answers_now(talk)


def answers_now(talk: Talk) -> None:
    """The same conversation goes on with a server that is well again."""
    talk.script = lambda body: text("342 survived.") if asked_already(body) else sql(SURVIVORS)
    heard = talk.ask("And now?")
    assert heard.done.outcome == "answered", heard.events
    assert heard.done.text == "342 survived."


def asked_already(body: dict) -> bool:
    """Whether the last message is the result of a query, in whichever form."""
    return "342" in str(body["messages"][-1]["content"])


def test_an_answer_that_breaks_off_is_withdrawn(titanic_table: Path) -> None:
    """Half a sentence does not stay on the page when the line is cut."""
    with Talk(titanic_table, [FAULTS["mid-stream-reset"]]) as talk:
        heard = talk.ask("How many?")
    assert heard.of(AnswerWithdrawn)
    assert heard.shown == ""


@pytest.mark.parametrize("then", [FAULTS["500"], Answer("")], ids=["error", "empty answer"])
def test_the_first_answer_stands_when_mending_it_fails(titanic_table: Path, then: Reply) -> None:
    """The model fails while it mends: its first text comes back, its figures marked, with a notice why."""
    with Talk(titanic_table, [sql(SURVIVORS), text("342 of 1316 survived."), then]) as talk:
        heard = talk.ask("How many?")
        assert_can_be_sent(list(heard.done.messages))
    assert heard.done.outcome == "answered"
    assert heard.shown == heard.done.text == "342 of 1316 survived."
    assert [figure.status for figure in heard.of(Checked)[0].figures] == ["cell", "unmatched"]
    assert "could not be mended" in heard.of(Notice)[-1].text


def test_an_empty_answer_is_asked_for_again(titanic_table: Path) -> None:
    """A model that says nothing gets a second try; nothing twice is a failure that names the setting."""
    with Talk(titanic_table, [Answer(""), text("Hello.")]) as talk:
        assert talk.ask("Hello?").done.text == "Hello."
    with Talk(titanic_table, [Answer("")]) as talk:
        heard = talk.ask("Hello?")
        assert len(talk.requests) == 2
    assert heard.of(Failed)[0].setting == "OPENAI_MODEL"


def test_a_conversation_too_long_for_the_model_is_shortened(titanic_table: Path) -> None:
    """The server refuses long requests: the agent drops rows and turns until the question fits."""

    def small_context(body: dict) -> Reply:
        is_long = len(json.dumps(body["messages"])) > 12_000
        return FAULTS["400-context-length"] if is_long else text("Here I am.")

    old = [
        Turn("Old?", ({"role": "user", "content": "Old? " * 900}, {"role": "assistant", "content": "Yes."}))
        for _ in range(9)
    ]
    with Talk(titanic_table, small_context) as talk:
        talk.turns = old
        heard = talk.ask("And now?")
    assert heard.done.text == "Here I am."
    assert len(heard.of(RoundStarted)) > 1


def test_without_a_table_the_way_out_is_named(tmp_path: Path) -> None:
    """No table yet: no request is sent, and people read where to build it."""
    with Talk(tmp_path / "titanic.sqlite", [text("Hello.")]) as talk:
        heard = talk.ask("How many?")
        assert talk.requests == []
        assert heard.done.outcome == "failed"
        assert str(tmp_path) not in str(heard.events)
        run_plain("snapshot", tmp_path / "titanic.sqlite")
        answers_now(talk)


@pytest.mark.parametrize("question", ["", "  \n", "x" * (MAX_QUESTION_CHARS + 1)])
def test_a_question_that_is_none_is_not_sent(titanic_table: Path, question: str) -> None:
    """Nothing, or a whole book, is refused in words."""
    with Talk(titanic_table, [text("Hello.")]) as talk:
        assert talk.ask(question).done.outcome == "failed"
        assert talk.requests == []


def test_half_a_character_harms_nothing(titanic_table: Path) -> None:
    """Broken Unicode in the question or in a tool call ends in an answer."""
    broken = Answer(calls=(("run_sql", '{"sql": "SELECT \'\\ud800\'", "purpose": "\\ud83d"}'),))
    with Talk(titanic_table, [broken, text("Good.")]) as talk:
        heard = talk.ask("How many \ud800?")
        talk.script = [text("Half \ud83d a smile.")]
        assert talk.ask("Smile.").done.text == "Half ? a smile."
        answers_now(talk)
    assert heard.done.outcome == "answered"
    json.dumps([event.__dict__ for event in heard.events], default=str, ensure_ascii=False).encode()


class BrokenModel:
    """A model with a mistake in its code."""

    name = "broken"

    def stream(self, *_: object) -> None:
        """Fail in a way nobody foresaw."""
        raise ZeroDivisionError("sk-secret")


def test_a_mistake_of_ours_ends_in_words(titanic_table: Path, caplog: pytest.LogCaptureFixture) -> None:
    """An unexpected exception is logged for engineers and never reaches people as such."""
    heard = Heard(list(Agent(BrokenModel(), titanic_table).answer("How many?")))  # type: ignore[arg-type]
    assert heard.of(Failed)[0].cause == "Something in the app went wrong."
    assert "ZeroDivisionError" in caplog.text
    assert "sk-secret" not in str(heard.events)
