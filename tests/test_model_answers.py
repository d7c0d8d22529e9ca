"""From any server's stream to one answer: text, thoughts, tool calls, usage, also where servers are odd."""

from __future__ import annotations

import json
import random

import pytest

from llm_agent.client.think_text import ThinkSplitter
from llm_agent.stream import Completion, NoticePart, ReasoningPart, TextPart, WaitingPart
from tests.llm_faults import CHART_CALL, FAULTS, SQL_CALL, retry_later, think_text
from tests.llm_server import LlmServer, text, tool_call, tool_calls
from tests.model_questions import QUESTION, TOOLS, answer_of, ask, model_of


def test_an_answer_comes_in_pieces_and_as_a_whole() -> None:
    """Text is streamed as it comes; the completion has all of it and the tokens."""
    with LlmServer([text("There are 891 passengers.")]) as server:
        *parts, completion = ask(model_of(server))
    assert len(parts) > 3
    assert isinstance(completion, Completion)
    assert completion.text == "There are 891 passengers."
    assert completion.tokens_in > 0 < completion.tokens_out
    assert completion.finish_reason == "stop"


def test_the_request_is_plain_chat_completions() -> None:
    """Streaming with usage and tools; no temperature, no token limit, no field that some servers refuse."""
    with LlmServer() as server:
        ask(model_of(server))
    assert set(server.requests[0].body) == {"model", "messages", "stream", "stream_options", "tools"}
    assert server.requests[0].headers["authorization"] == "Bearer sk-test"


def test_tool_calls_are_whole() -> None:
    """Arguments that come in pieces are one JSON text; several calls keep their order and ids."""
    reply = tool_calls(
        ("run_sql", {"sql": "SELECT 1"}), ("run_sql", {"sql": "SELECT 2"}), content="Let me look."
    )
    with LlmServer([reply]) as server:
        completion = answer_of(model_of(server))
    assert [json.loads(call.arguments)["sql"] for call in completion.tool_calls] == ["SELECT 1", "SELECT 2"]
    assert len({call.id for call in completion.tool_calls}) == 2
    assert completion.finish_reason == "tool_calls"
    assert completion.text == "Let me look."


@pytest.mark.parametrize(
    "fault",
    [
        "calls-without-index",
        "calls-with-repeated-index",
        "calls-without-id",
        "calls-without-index-or-id",
    ],
)
def test_odd_tool_calls_are_told_apart(fault: str) -> None:
    """Two calls stay two, with their own arguments and ids, whatever the server leaves out or repeats."""
    with LlmServer([FAULTS[fault]]) as server:
        calls = answer_of(model_of(server)).tool_calls
    assert [(call.name, call.arguments) for call in calls] == [SQL_CALL, CHART_CALL]
    assert len({call.id for call in calls} - {""}) == 2


def test_a_malformed_call_does_not_spoil_the_conversation() -> None:
    """Broken arguments reach the agent as they came, and are sent back as an object with a result."""
    with LlmServer([FAULTS["malformed-arguments"], text("Sorry.")]) as server:
        model = model_of(server)
        (call,) = answer_of(model).tool_calls
        function = {"name": call.name, "arguments": call.arguments}
        said = {
            "role": "assistant",
            "tool_calls": [{"id": call.id, "type": "function", "function": function}],
        }
        ask(model, [*QUESTION, said, {"role": "user", "content": "Again?"}])
        sent = server.requests[1].body["messages"]
    assert sent[2]["tool_calls"][0]["function"]["arguments"] == "{}"
    assert [message["role"] for message in sent] == ["system", "user", "assistant", "tool", "user"]
    assert sent[3]["tool_call_id"] == call.id


@pytest.mark.parametrize("fault", ["reasoning-content", "think-text"])
def test_thoughts_stay_out_of_the_answer(fault: str) -> None:
    """Reasoning fields and <think> text are shown as thoughts and are no part of the answer."""
    with LlmServer([FAULTS[fault]]) as server:
        parts = ask(model_of(server))
    assert "".join(part.text for part in parts if isinstance(part, ReasoningPart)) == "Let me think."
    assert "".join(part.text for part in parts if isinstance(part, TextPart)) == "It works."


def test_think_tags_are_found_wherever_they_are_cut() -> None:
    """However a text is cut into chunks, the same words are thoughts and the same words are the answer."""
    whole, rng = "a < b <think>is <b>?</think> so 1 <2, <thinking>hm</thinking>yes <thin", random.Random(1)
    for _ in range(200):
        cuts = sorted(rng.sample(range(len(whole)), 9))
        pieces = [whole[i:j] for i, j in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
        splitter = ThinkSplitter()
        found = [pair for piece in pieces for pair in splitter.feed(piece)] + list(splitter.rest())
        assert "".join(piece for piece, is_thought in found if is_thought) == "is <b>?hm"
        assert "".join(piece for piece, is_thought in found if not is_thought) == "a < b  so 1 <2, yes <thin"


def test_a_thought_without_its_end_is_no_answer() -> None:
    """A model that thinks until it stops has an empty answer, not its thoughts as one."""
    with LlmServer([think_text("<think>Hm, let me", " see")]) as server:
        assert answer_of(model_of(server)).text == ""


def test_chunks_without_choices_are_skipped_and_usage_is_read() -> None:
    """Comments, filter results and bare chunks of Azure and OpenRouter do no harm."""
    with LlmServer([FAULTS["choiceless-chunks"]]) as server:
        completion = answer_of(model_of(server))
    assert (completion.text, completion.tokens_in, completion.tokens_out) == ("It works.", 7, 3)


@pytest.mark.parametrize("reply", [text("Whole."), tool_call("run_sql", sql="SELECT 1")])
def test_a_server_that_cannot_stream_still_answers(reply: object) -> None:
    """One JSON body where a stream was asked for is read as the answer, tool calls included."""
    from tests.llm_faults import without_streams

    with LlmServer([without_streams(reply)]) as server:  # type: ignore[arg-type]
        completion = answer_of(model_of(server))
    assert completion.text == "Whole." or json.loads(completion.tool_calls[0].arguments) == {
        "sql": "SELECT 1"
    }
    assert completion.tokens_in > 0


def test_thousands_of_tiny_chunks_are_one_answer() -> None:
    """Nothing is lost when a server floods."""
    with LlmServer([FAULTS["flood"]]) as server:
        assert answer_of(model_of(server)).text == "a" * 3000


def test_an_answer_cut_by_a_token_limit_says_so() -> None:
    """The finish reason is handed on, so that the agent can tell people."""
    with LlmServer([FAULTS["length"]]) as server:
        assert answer_of(model_of(server)).finish_reason == "length"


def test_a_rate_limit_is_counted_down_and_then_answered() -> None:
    """Each second of the wait that the server asked for is a part, with the reason; then the answer comes."""
    with LlmServer([retry_later("3"), text("Here.")]) as server:
        parts = ask(model_of(server))
    waits = [part for part in parts if isinstance(part, WaitingPart)]
    assert [part.seconds for part in waits] == [3, 2, 1]
    assert "limits how often it is asked" in waits[0].reason
    assert isinstance(parts[-1], Completion)
    assert parts[-1].text == "Here."


@pytest.mark.parametrize("asked", ["31", "3600", "Wed, 21 Oct 2099 07:28:00 GMT"])
def test_a_long_wait_is_told_and_not_waited(asked: str) -> None:
    """More than thirty seconds are not waited through."""
    with LlmServer([retry_later(asked)]) as server:
        with pytest.raises(Exception, match="asks to wait"):
            ask(model_of(server))
        assert len(server.requests) == 1


def test_nothing_is_asked_again_once_words_were_shown() -> None:
    """A connection that breaks in mid-answer is not retried: people would read the beginning twice."""
    with LlmServer([FAULTS["mid-stream-reset"], text("x")]) as server:
        with pytest.raises(Exception, match="in the middle of the answer"):
            ask(model_of(server))
        assert len(server.requests) == 1


def test_usage_is_not_asked_of_servers_that_refuse_it() -> None:
    """Without stream_options the answer comes, and the next question leaves them out at once."""
    with LlmServer([FAULTS["400-stream-options"]]) as server:
        model = model_of(server)
        assert not [part for part in ask(model) if isinstance(part, NoticePart)]
        ask(model, tools=TOOLS[:1])
        assert ["stream_options" in request.body for request in server.requests] == [True, False, False]
