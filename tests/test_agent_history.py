"""What of a conversation is sent again: rows are dropped before turns, the newest never."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from llm_agent.turn import Turn
from llm_agent.turns.turn_history import ROWS_DROPPED, estimate_tokens, messages_that_fit
from tests.agent_talk import Talk, sql
from tests.llm_server import text


def a_turn(number: int, rows: int = 100) -> Turn:
    """A finished turn with one query of so many rows."""
    call = {"id": f"c{number}", "type": "function", "function": {"name": "run_sql", "arguments": "{}"}}
    result = {"query": 1, "columns": ["n"], "rows": [[i] for i in range(rows)], "row_count": rows}
    return Turn(
        f"Question {number}?",
        (
            {"role": "user", "content": f"Question {number}?"},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": f"c{number}", "content": json.dumps(result)},
            {"role": "assistant", "content": f"Answer {number}."},
        ),
    )


HISTORY = [a_turn(number) for number in range(4)]
CURRENT = [{"role": "user", "content": "And for women?"}]
WHOLE = estimate_tokens([*(m for turn in HISTORY for m in turn.messages), *CURRENT])


def test_what_fits_is_sent_whole() -> None:
    """With room for everything nothing is left out."""
    sent = messages_that_fit(HISTORY, CURRENT, WHOLE + 10)
    assert sent == [*(message for turn in HISTORY for message in turn.messages), *CURRENT]


def test_rows_of_old_turns_go_first() -> None:
    """A little too much: the oldest rows go, every question and answer stays."""
    sent = messages_that_fit(HISTORY, CURRENT, WHOLE - 50)
    dropped = [message["tool_call_id"] for message in sent if message["content"] == ROWS_DROPPED]
    assert dropped == ["c0"]
    assert [m["content"] for m in sent if m["role"] == "user"][:-1] == [turn.question for turn in HISTORY]


def test_then_old_turns_go_whole() -> None:
    """Far too much: the oldest turns go with all their messages, so no call is left without its answer."""
    without_rows = estimate_tokens(messages_that_fit(HISTORY, CURRENT, 300))
    sent = messages_that_fit(HISTORY, CURRENT, without_rows - 50)
    assert sent[0]["role"] == "user"
    assert sent[0]["content"] != "Question 0?"
    assert len([m for m in sent if m["role"] == "tool"]) == len([m for m in sent if m.get("tool_calls")])
    assert sent[-1] == CURRENT[0]


@pytest.mark.parametrize("budget", [0, -5, 1])
def test_the_current_question_always_stays(budget: int) -> None:
    """However small the budget, what was asked now is sent."""
    assert messages_that_fit(HISTORY, CURRENT, budget) == CURRENT


def test_in_one_turn_the_newest_result_stays() -> None:
    """Many queries in one turn: rows of the older ones go, those of the newest are kept."""
    current = [*a_turn(1).messages[:3], *a_turn(2).messages[1:3]]
    sent = messages_that_fit([], current, 200)
    assert sent[2]["content"] == ROWS_DROPPED
    assert sent[4] == current[4]


def test_a_request_keeps_to_the_budget(titanic_table: Path) -> None:
    """Twelve turns of long results: no request is larger than the budget, and the question is in it."""
    script = [sql("SELECT name, ticket, fare FROM titanic"), text("A long list.")] * 12
    with Talk(titanic_table, script, token_budget=9_000) as talk:
        for _ in range(12):
            assert talk.ask("List them.").done.outcome == "answered"
        sizes = [estimate_tokens(request.body["messages"]) for request in talk.requests]
    assert max(sizes) <= 9_000
    assert talk.sent()[0]["role"] == "system"


def test_a_turn_survives_being_saved() -> None:
    """As JSON and back a turn is the same, its results included."""
    turn = a_turn(1, rows=3)
    again = Turn.from_json(json.loads(json.dumps(turn.as_json())))
    assert again == turn
    assert [result.rows for result in again.results()] == [((0,), (1,), (2,))]
