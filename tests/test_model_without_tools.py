"""Models that take no tools, or only without reasoning: the ladder, and queries written as fenced blocks."""

from __future__ import annotations

import json
import random
import threading
from typing import Any

import pytest

from llm_agent.client.capability import CapabilityMemory, Rung
from llm_agent.client.fenced_sql import FenceReader
from llm_agent.errors import ModelError
from llm_agent.stream import Completion, NoticePart, TextPart
from tests.llm_faults import error, needs_reasoning_off, without_tools
from tests.llm_server import LlmServer, text, tool_call
from tests.model_questions import QUESTION, TOOLS, ask, model_of

BLOCK = "Let me count.\n\n```sql\n-- All passengers\nSELECT COUNT(*) AS n FROM titanic\n```\n"
REFUSALS = [
    (400, "registry.ollama.ai/library/gemma:latest does not support tools"),
    (400, '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'),
    (404, "No endpoints found that support tool use. To learn more about provider routing, visit ..."),
    (500, "tools param requires --jinja flag"),
    (422, "Extra inputs are not permitted: tools"),
    (501, "function calling is not implemented"),
]


def test_reasoning_is_switched_off_where_tools_need_it() -> None:
    """A newer OpenAI model gets reasoning_effort none once it asks for it; people are told, once."""
    with LlmServer([needs_reasoning_off(tool_call("run_sql", sql="SELECT 1"))]) as server:
        model = model_of(server)
        first, second = ask(model), ask(model)
        assert [request.body.get("reasoning_effort") for request in server.requests] == [None, "none", "none"]
    notices = [part for part in first if isinstance(part, NoticePart)]
    assert "reasoning switched off" in notices[0].text
    assert not [part for part in second if isinstance(part, NoticePart)]
    assert isinstance(first[-1], Completion)
    assert first[-1].tool_calls[0].name == "run_sql"


def test_reasoning_is_not_touched_without_tools() -> None:
    """A question without tools is sent as it is, also to such a model."""
    with LlmServer([needs_reasoning_off(text("Hi."))]) as server:
        model = model_of(server)
        ask(model)
        ask(model, tools=[])
        assert "reasoning_effort" not in server.requests[-1].body


@pytest.mark.parametrize(("status", "message"), REFUSALS)
def test_a_refusal_of_tools_leads_to_fenced_queries(status: int, message: str) -> None:
    """In the words of each known server, a refusal of tools is understood and the query still comes."""
    refusal = error(status, message)
    with LlmServer(lambda body: refusal if "tools" in body else text(BLOCK)) as server:
        parts = ask(model_of(server))
    completion = parts[-1]
    assert isinstance(completion, Completion)
    assert "takes no tools here" in next(part.text for part in parts if isinstance(part, NoticePart))
    assert completion.text == "Let me count."
    assert json.loads(completion.tool_calls[0].arguments) == {
        "sql": "-- All passengers\nSELECT COUNT(*) AS n FROM titanic",
        "purpose": "All passengers",
    }


def test_a_model_that_takes_neither_goes_down_two_rungs() -> None:
    """Reasoning off is tried first; if that is refused too, queries are written as text."""
    refusal = error(400, "reasoning_effort 'none' is not supported with tools")
    with LlmServer(lambda body: refusal if "tools" in body else text(BLOCK)) as server:
        model = model_of(server)
        ask(model)
        assert model.rung is Rung.FENCED
        assert len(server.requests) == 3


def test_what_was_learned_holds_for_this_model_at_this_address_only() -> None:
    """Another client of the same model knows it; another model starts with tools."""
    memory = CapabilityMemory()
    with LlmServer([without_tools(text(BLOCK))]) as server:
        ask(model_of(server, memory=memory))
        assert model_of(server, memory=memory).rung is Rung.FENCED
        server.model = "other-model"
        assert model_of(server, memory=memory).rung is Rung.TOOLS


@pytest.mark.parametrize(
    "message",
    [
        "messages with role 'tool' must be a response to a preceding message with 'tool_calls'",
        "error parsing tool call: raw='{'",
    ],
)
def test_a_refusal_of_the_conversation_is_no_refusal_of_tools(message: str) -> None:
    """A request that was wrong for another reason does not take the tools away."""
    with LlmServer([error(400, message), text("Hi.")]) as server:
        model = model_of(server)
        with pytest.raises(ModelError):
            ask(model)
        ask(model)
        assert model.rung is Rung.TOOLS


def test_a_failed_attempt_teaches_nothing() -> None:
    """A way down that did not work either is not remembered."""
    with LlmServer([error(400, "no tools"), error(400, "no nothing")]) as server:
        model = model_of(server)
        with pytest.raises(ModelError, match="no nothing"):
            ask(model)
        assert model.rung is Rung.TOOLS


def conversation() -> list[dict[str, Any]]:
    """A turn with a call and its result, as the agent keeps it."""
    arguments = json.dumps({"sql": "SELECT 1", "purpose": "Try"})
    call = {"id": "a", "type": "function", "function": {"name": "run_sql", "arguments": arguments}}
    return [
        *QUESTION,
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "a", "content": '{"query": 1, "rows": [[1]]}'},
        {"role": "user", "content": "And for women?"},
    ]


def test_the_conversation_is_retold_without_tools() -> None:
    """System, user, assistant alternate; blocks stand for calls, results are what the user says."""
    with LlmServer([without_tools(text(BLOCK))]) as server:
        ask(model_of(server), conversation())
        body = server.requests[-1].body
    assert "tools" not in body
    assert [message["role"] for message in body["messages"]] == ["system", "user", "assistant", "user"]
    system, _, call, result = (message["content"] for message in body["messages"])
    assert system.startswith("Answer from the table.")
    assert "```sql" in system
    assert "What draw_chart does." in system
    assert call == "```sql\n-- Try\nSELECT 1\n```"
    assert '{"query": 1, "rows": [[1]]}' in result
    assert result.endswith("And for women?")


@pytest.mark.parametrize(
    ("answer", "tool", "arguments"),
    [
        ('```chart\n{"query": 1, "kind": "bar"}\n```', "draw_chart", {"query": 1, "kind": "bar"}),
        (
            '```ask\n{"question": "Which?", "options": []}\n```',
            "ask_user",
            {"question": "Which?", "options": []},
        ),
        ("```SQL\nSELECT 1\n```", "run_sql", {"sql": "SELECT 1", "purpose": "Query"}),
        ("```sqlite\nSELECT 1", "run_sql", {"sql": "SELECT 1", "purpose": "Query"}),
    ],
)
def test_each_block_is_its_tool(answer: str, tool: str, arguments: dict[str, Any]) -> None:
    """Charts and questions have blocks too; a forgotten closing fence is forgiven."""
    with LlmServer([without_tools(text(answer))]) as server:
        completion = ask(model_of(server))[-1]
    assert isinstance(completion, Completion)
    assert completion.text == ""
    assert (completion.tool_calls[0].name, json.loads(completion.tool_calls[0].arguments)) == (
        tool,
        arguments,
    )


def test_an_imagined_result_is_never_read() -> None:
    """What a model writes after its query, such as a made-up result, is cut off."""
    with LlmServer(
        [without_tools(text(BLOCK + "The result is 1000.\n```sql\nSELECT 2\n```" * 20))]
    ) as server:
        completion = ask(model_of(server))[-1]
    assert isinstance(completion, Completion)
    assert completion.text == "Let me count."
    assert len(completion.tool_calls) == 1


def test_no_piece_of_a_block_is_shown_however_it_is_cut() -> None:
    """Cut into chunks in 300 ways, the text before the block is shown whole and the block never."""
    whole = "One `code` and\n```python\nprint(1)\n```\nthen\n  ```sql\nSELECT '```' AS x\n```\nand more"
    shown = "One `code` and\n```python\nprint(1)\n```\nthen\n"
    rng = random.Random(2)
    for _ in range(300):
        cuts = sorted(rng.sample(range(len(whole)), rng.randint(0, 30)))
        reader = FenceReader()
        given = [
            given
            for i, j in zip([0, *cuts], [*cuts, len(whole)], strict=True)
            for given in reader.feed(whole[i:j])
        ]
        assert "".join([*given, *reader.rest()]) == shown
        assert reader.call is not None
        assert json.loads(reader.call.arguments)["sql"] == "SELECT '```' AS x"


def test_text_without_a_block_is_streamed_as_it_comes() -> None:
    """The fenced way holds back only what may become a fence."""
    with LlmServer([without_tools(text("There are 891 of them, `n`.\nFine."))]) as server:
        parts = [part for part in ask(model_of(server)) if isinstance(part, TextPart)]
    assert len(parts) > 4
    assert "".join(part.text for part in parts) == "There are 891 of them, `n`.\nFine."


def test_stop_works_on_the_way_down() -> None:
    """A stop between two rungs ends the answer without a completion."""
    stop = threading.Event()
    with LlmServer([without_tools(text(BLOCK))]) as server:
        parts = []
        for part in model_of(server).stream(QUESTION, TOOLS, stop):
            stop.set()
            parts.append(part)
    assert [type(part) for part in parts] == [NoticePart]
