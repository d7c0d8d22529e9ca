"""Whatever a server does, the client ends in time, says what to change, and answers the next question."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from llm_agent.client.capability import CapabilityMemory
from llm_agent.errors import ModelError
from llm_agent.model import OpenAIChatModel
from llm_agent.stream import Completion, TextPart
from tests.faulty_server import refused_url, swallowing_url
from tests.llm_exchange import Json, Reply
from tests.llm_faults import FAULTS, error, retry_later
from tests.llm_server import LlmServer, text
from tests.model_questions import QUESTION, TOOLS, answer_of, ask, model_of
from tests.waiting import wait_for


@pytest.fixture(autouse=True)
def no_thread_left() -> Iterator[None]:
    """Every thread that a question started has ended after it."""
    yield
    wait_for(lambda: not [thread for thread in threading.enumerate() if thread.name == "model-stream"])


FAILING = {  # fault -> what people read, the setting they are sent to
    "401": ("does not accept the API key", "OPENAI_API_KEY"),
    "403": ("does not allow test-model", "OPENAI_MODEL"),
    "404-model": ("has no model named test-model. It offers other-model, test-model", "OPENAI_MODEL"),
    "404-path": ("no chat API at http://127.0.0.1", "OPENAI_BASE_URL"),
    "400": ("refused the question (HTTP 400): “Invalid 'messages[1].content'", "OPENAI_MODEL"),
    "429-hour": ("asks to wait 60 minutes", ""),
    "429-insufficient-quota": ("no credit left", "OPENAI_API_KEY"),
    "400-context-length": ("longer than test-model can read. Start a new conversation", "OPENAI_MODEL"),
    "413": ("longer than test-model can read", "OPENAI_MODEL"),
    "html": ("a web page instead of a model's answer", "OPENAI_BASE_URL"),
    "empty": ("answered with nothing", "OPENAI_BASE_URL"),
    "json-error-for-stream": ("gave up on the answer: “out of memory”", ""),
    "garbage-sse": ("cannot be read", "OPENAI_BASE_URL"),
    "garbage-bytes": ("cannot be read", "OPENAI_BASE_URL"),
    "mid-stream-error": ("gave up on the answer: “GPU lost", ""),
    "quiet-cut": ("broke off", ""),
    "mid-stream-reset": ("broke off in the middle of the answer", ""),
    "content-filter": ("content filter", ""),
}
RETRIED = {
    "429": "takes no more questions for now",
    "500": "out of order or overloaded (HTTP 500)",
    "503": "out of order or overloaded (HTTP 503)",
    "502-html": "out of order or overloaded (HTTP 502)",
    "reset": "was broken off",
}
SILENT = {
    "silence": "did not begin to answer",
    "headers-then-silence": "did not begin to answer",
    "mid-stream-silence": "fell silent in the middle of the answer",
}


@pytest.mark.parametrize("fault", FAILING)
def test_a_fault_becomes_one_sentence_and_the_next_question_works(fault: str) -> None:
    """Cause and setting are named after a single request, no other exception is linked, and life goes on."""
    words, setting = FAILING[fault]
    with LlmServer([FAULTS[fault], text("It works.")]) as server:
        model = model_of(server)
        with pytest.raises(ModelError) as caught:
            ask(model)
        assert words in str(caught.value)
        assert caught.value.setting == setting
        assert caught.value.remedy.endswith(".")
        assert caught.value.__cause__ is caught.value.__context__ is None
        assert len(server.requests) == 1
        assert answer_of(model).text == "It works."


@pytest.mark.parametrize("fault", RETRIED)
def test_a_passing_fault_is_tried_three_times(fault: str) -> None:
    """A busy server and a broken connection get two more attempts, then their own sentence."""
    with LlmServer([FAULTS[fault]] * 3 + [text("It works.")]) as server:
        model = model_of(server)
        with pytest.raises(ModelError) as caught:
            ask(model)
        assert RETRIED[fault] in str(caught.value)
        assert caught.value.is_passing
        assert len(server.requests) == 3
        assert answer_of(model).text == "It works."


@pytest.mark.parametrize("fault", SILENT)
def test_a_silent_server_is_left(fault: str) -> None:
    """Silence before the first byte, after the headers or in mid-answer ends at the limit, in words."""
    with LlmServer([FAULTS[fault], text("It works.")]) as server:
        model = OpenAIChatModel(server.base_url, server.model, memory=CapabilityMemory(), silence_s=2)
        with pytest.raises(ModelError, match=SILENT[fault]):
            ask(model)
        assert answer_of(model).text == "It works."


@pytest.mark.parametrize("fault", SILENT)
def test_stop_ends_a_silent_answer_within_two_seconds(fault: str) -> None:
    """Stop works while the server says nothing, and the server sees the connection end."""
    with LlmServer([FAULTS[fault], text("It works.")]) as server:
        model, stop = model_of(server), threading.Event()
        parts: list[object] = []
        asking = threading.Thread(target=lambda: parts.extend(model.stream(QUESTION, TOOLS, stop)))
        asking.start()
        server.arrivals.get(timeout=15)
        stopped = time.monotonic()
        stop.set()
        asking.join(timeout=10)
        assert time.monotonic() - stopped < 2
        assert not [part for part in parts if isinstance(part, Completion)]
        wait_for(lambda: server.open_connections == 0, 5)
        assert answer_of(model).text == "It works."


def test_leaving_the_stream_closes_the_connection() -> None:
    """A page that stops iterating leaves neither a thread nor a connection behind."""
    with LlmServer([FAULTS["mid-stream-silence"]]) as server:
        parts = model_of(server).stream(QUESTION, TOOLS, threading.Event())
        assert isinstance(next(parts), TextPart)
        parts.close()  # type: ignore[attr-defined]
        wait_for(lambda: server.open_connections == 0, 5)


def test_stop_works_while_the_connection_is_made() -> None:
    """Behind a silent firewall, stop does not wait for the connection to be given up."""
    with swallowing_url() as url:
        model, stop = OpenAIChatModel(url + "/v1", "m", memory=CapabilityMemory()), threading.Event()
        model.warm_up()
        timer = threading.Timer(0.3, stop.set)
        started = time.monotonic()
        timer.start()
        assert list(model.stream(QUESTION, TOOLS, stop)) == []
        assert time.monotonic() - started < 2.3
        timer.join()


def test_a_stop_that_came_first_asks_nothing() -> None:
    """A question that was stopped before it was sent ends at once."""
    stop = threading.Event()
    stop.set()
    with LlmServer() as server:
        assert list(model_of(server).stream(QUESTION, TOOLS, stop)) == []


def test_one_client_serves_many_at_once() -> None:
    """While one conversation meets a silent server, others over the same client are answered."""
    silent = {"role": "user", "content": "Be silent."}

    def script(body: Json) -> Reply:
        is_silent = body["messages"][-1] == silent
        return FAULTS["silence"] if is_silent else text(f"About {body['messages'][-1]['content']}")

    with LlmServer(script) as server:
        model, stop = model_of(server), threading.Event()
        waiting = threading.Thread(target=lambda: list(model.stream([silent], TOOLS, stop)))
        waiting.start()
        server.arrivals.get(timeout=15)
        with ThreadPoolExecutor(8) as pool:
            topics = [f"topic {number}" for number in range(24)]
            answers = pool.map(lambda topic: ask(model, [{"role": "user", "content": topic}])[-1], topics)
            assert [answer.text for answer in answers] == [f"About {topic}" for topic in topics]  # type: ignore[union-attr]
        assert waiting.is_alive()
        stop.set()
        waiting.join(timeout=10)


def test_a_transport_can_stand_in_for_the_network() -> None:
    """With an HTTP client of one's own nothing is sent over a network, and streams work the same."""
    chunk = {"choices": [{"index": 0, "delta": {"content": "Hi."}, "finish_reason": "stop"}]}
    body = f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n"
    answer = httpx2.Response(200, headers={"content-type": "text/event-stream"}, text=body)
    with httpx2.Client(transport=httpx2.MockTransport(lambda request: answer)) as client:
        model = OpenAIChatModel("http://demo.invalid/v1", "Demo model (no LLM)", http_client=client)
        assert answer_of(model).text == "Hi."


def test_stop_ends_a_countdown() -> None:
    """Stop works while a rate limit is waited out."""
    with LlmServer([retry_later("25")]) as server:
        stop = threading.Event()
        started = time.monotonic()
        for _ in model_of(server, second_s=1.0).stream(QUESTION, TOOLS, stop):
            stop.set()
        assert time.monotonic() - started < 10
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("base_url", "words"),
    [
        (refused_url() + "/v1", "Nothing answers at http://127.0.0.1"),
        ("http://name.invalid/v1", "The name name.invalid cannot be found"),
        (refused_url().replace("127.0.0.1", "localhost") + "/v1", "Start the local server"),
    ],
)
def test_an_address_without_a_server_is_told(base_url: str, words: str) -> None:
    """Nobody listening and an unknown name are told apart, and lead to OPENAI_BASE_URL."""
    with pytest.raises(ModelError) as caught:
        ask(OpenAIChatModel(base_url, "m", memory=CapabilityMemory(), second_s=0.01))
    assert words in str(caught.value)
    assert caught.value.setting == "OPENAI_BASE_URL"


def test_packets_that_vanish_end_in_seconds() -> None:
    """Behind a silent firewall the connection is given up after five seconds."""
    with swallowing_url() as url, pytest.raises(ModelError) as caught:
        ask(OpenAIChatModel(url + "/v1", "m", memory=CapabilityMemory()))
    assert caught.value.setting == "OPENAI_BASE_URL"


def test_a_missing_v1_is_suggested() -> None:
    """An address without /v1 leads to the same address with it."""
    with LlmServer() as server, pytest.raises(ModelError) as caught:
        ask(OpenAIChatModel(server.base_url.removesuffix("/v1"), "m", memory=CapabilityMemory()))
    assert f"try {server.base_url}." in caught.value.remedy


def test_https_where_http_is_spoken_is_told() -> None:
    """A local server asked by https leads to http."""
    with LlmServer() as server, pytest.raises(ModelError, match="Write http:// instead of https://"):
        ask(OpenAIChatModel(server.base_url.replace("http:", "https:"), "m", memory=CapabilityMemory()))


def test_a_redirect_is_not_followed() -> None:
    """A portal that redirects gets neither the question nor the key a second time."""
    with LlmServer([lambda e: e.send(b"", status=302, Location="http://127.0.0.1:9/")]) as server:
        with pytest.raises(ModelError, match="sends its visitors elsewhere"):
            ask(model_of(server))
        assert len(server.requests) == 1


def test_a_key_that_is_missing_is_named_as_missing() -> None:
    """A server that wants a key, asked without one, says to set it rather than to correct it."""
    with LlmServer(api_key="right") as server:
        with pytest.raises(ModelError, match="wants an API key"):
            ask(OpenAIChatModel(server.base_url, server.model, memory=CapabilityMemory()))
        assert answer_of(OpenAIChatModel(server.base_url, server.model, " right\n")).text == "Hello."


def test_a_model_that_never_ends_is_ended() -> None:
    """An answer is cut at its bound and says that it was cut."""
    with LlmServer([text("word " * 50_000, piece=5000)]) as server:
        completion = answer_of(model_of(server))
    assert completion.finish_reason == "length"
    assert len(completion.text) < 250_000


def test_what_a_server_says_is_quoted_briefly() -> None:
    """A server's own words are cut, so that a page of them never reaches the chat."""
    with LlmServer([error(400, "no " * 5000)]) as server, pytest.raises(ModelError) as caught:
        ask(model_of(server))
    assert len(str(caught.value)) < 500
