"""The demo model speaks the chat completions protocol as a server does, with no port and no memory."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest

from llm_agent.connection_check import check_connection
from llm_agent.demo_model import DEMO_BASE_URL, DEMO_MODEL, demo_transport
from llm_agent.model_choice import DemoChatModel
from llm_agent.prompt import TOOLS
from llm_agent.suggestions import SUGGESTIONS, suggested_questions
from tests.demo_talk import ask_demo

QUESTION: dict[str, Any] = {"role": "user", "content": "How many women survived?"}


def client() -> openai.OpenAI:
    """The real client over the demo model's transport."""
    return openai.OpenAI(
        base_url=DEMO_BASE_URL,
        api_key="none",
        http_client=httpx2.Client(transport=demo_transport(pause_s=0)),
        max_retries=0,
    )


def complete(*messages: dict[str, Any], **options: Any) -> Any:
    """What the client gives for these messages."""
    return client().chat.completions.create(
        model=DEMO_MODEL,
        messages=list(messages),  # type: ignore[arg-type]
        tools=list(TOOLS),  # type: ignore[arg-type]
        **options,
    )


def test_it_lists_itself() -> None:
    """GET /models names the one model there is."""
    assert [model.id for model in client().models.list()] == [DEMO_MODEL]


def test_a_question_becomes_a_tool_call_and_its_result_a_sentence() -> None:
    """The sentence is made of the rows that came back, whatever they are: nothing is stored."""
    [call] = complete(QUESTION).choices[0].message.tool_calls
    assert call.function.name == "run_sql"
    arguments = json.loads(call.function.arguments)
    assert "sex = 'female'" in arguments["sql"]
    assert arguments["purpose"]
    asked = {"role": "assistant", "tool_calls": [call.model_dump()]}
    result = {"query": 1, "columns": ["passengers"], "rows": [[4711]], "row_count": 1, "truncated": False}
    given = {"role": "tool", "tool_call_id": call.id, "content": json.dumps(result)}
    answer = complete(QUESTION, asked, given).choices[0]
    assert answer.message.content == "There are 4711 women who survived."
    assert answer.finish_reason == "stop"


def test_it_streams_tool_calls_in_pieces_and_counts() -> None:
    """Arguments come in several chunks that make valid JSON, then the reason of the end, then the usage."""
    chunks = list(complete(QUESTION, stream=True, stream_options={"include_usage": True}))
    calls = [call for chunk in chunks if chunk.choices for call in chunk.choices[0].delta.tool_calls or ()]
    assert len(calls) > 3
    assert json.loads("".join(call.function.arguments or "" for call in calls))["sql"].startswith("SELECT")
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "tool_calls"
    assert chunks[-1].usage.prompt_tokens == len(QUESTION["content"].split())


def test_it_streams_words() -> None:
    """Text comes word by word and is the same as without streaming."""
    hello = {"role": "user", "content": "hello"}
    pieces = [chunk.choices[0].delta.content or "" for chunk in complete(hello, stream=True)]
    assert len(pieces) > 10
    assert "".join(pieces) == complete(hello).choices[0].message.content


def test_a_failed_query_is_told_as_such() -> None:
    """An error of the tool ends in words; no figure is made up for it."""
    [call] = complete(QUESTION).choices[0].message.tool_calls
    asked = {"role": "assistant", "tool_calls": [call.model_dump()]}
    failed = {"role": "tool", "tool_call_id": call.id, "content": '{"error": "the table is away."}'}
    text = complete(QUESTION, asked, failed).choices[0].message.content
    assert "no figure" in text
    assert "the table is away." in text


def test_after_a_check_it_answers_with_cells_only() -> None:
    """Asked to mend its figures, it gives the cells of the result and nothing else."""
    [call] = complete(QUESTION).choices[0].message.tool_calls
    result = {"query": 1, "columns": ["passengers"], "rows": [[233]], "row_count": 1, "truncated": False}
    text = complete(
        QUESTION,
        {"role": "assistant", "tool_calls": [call.model_dump()]},
        {"role": "tool", "tool_call_id": call.id, "content": json.dumps(result)},
        {"role": "assistant", "content": "There are 999."},
        {"role": "user", "content": "[check] 999 stands in no result."},
    ).choices[0].message.content  # fmt: skip
    assert text == "What the query gave: passengers 233."


def test_wrong_requests_get_errors_of_the_protocol() -> None:
    """What a server would refuse is refused with its status and a message."""
    raw = httpx2.Client(transport=demo_transport(), base_url=DEMO_BASE_URL)
    assert raw.post("/chat/completions", content=b"no json").status_code == 400
    assert raw.post("/chat/completions", json={}).status_code == 400
    assert raw.get("/nothing").status_code == 404
    with pytest.raises(openai.NotFoundError):
        client().embeddings.create(model="demo", input="x")


def test_the_connection_check_says_what_it_can() -> None:
    """The page's check of an endpoint finds a listed model that streams and takes tools."""
    report = check_connection(DemoChatModel())
    assert report.works
    assert report.streams
    assert report.models == (DEMO_MODEL,)


def test_nothing_is_sent(titanic_table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer opens no socket to any address."""

    def refuse(*_: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert "342" in ask_demo(titanic_table, "How many passengers survived?").done.text


def test_every_suggested_question_is_answered(titanic_table: Path) -> None:
    """The first screen offers six different questions, and each ends with an answer from a query."""
    questions = suggested_questions(titanic_table)
    assert len(set(questions)) == SUGGESTIONS
    for question in questions:
        heard = ask_demo(titanic_table, question)
        assert heard.done.outcome == "answered"
        assert "demo model" not in heard.done.text, question
