"""The key, and what else is secret in an address, reaches the server and nothing else."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator

import pytest

from llm_agent.client.capability import CapabilityMemory
from llm_agent.client.endpoint import read_endpoint
from llm_agent.errors import ModelError
from llm_agent.model import OpenAIChatModel
from tests.faulty_server import refused_url
from tests.llm_faults import FAULTS, broken_off, error
from tests.llm_server import LlmServer
from tests.model_questions import ask

KEY, USER, QUERY = "sk-s3cretkey", "us3r:s3cretpass", "s3cretquery"
BASIC = "dXMzcjpzM2NyZXRwYXNz"  # USER as Basic authentication writes it
SECRETS = (KEY, "s3cretpass", QUERY, BASIC)
ECHOES = {  # servers that repeat what they were sent
    "echo-400": error(400, f"bad header Bearer {KEY} in /v1?api-key={QUERY} by {USER} ({BASIC})"),
    "echo-500": error(500, f"bad header Bearer {KEY}"),
    "echo-403": error(403, f"key {KEY} is not allowed"),
    "echo-mid-stream": broken_off(lambda e: e.event({"error": {"message": f"{KEY} {QUERY}", "code": KEY}})),
    "echo-json": lambda e: e.send_json({"error": f"no {KEY}"}),
}


def private_url(base_url: str) -> str:
    """The address with a user and an api-key in it."""
    return base_url.replace("http://", f"http://{USER}@") + f"?api-key={QUERY}"


def everything_about(problem: BaseException, with_frames: bool = False) -> Iterator[str]:
    """An exception's texts, its chain, and the local variables of every frame of ours that it holds.

    Frames are left out where a caller's own arguments stand in them.
    """
    yield from (
        str(problem),
        repr(problem),
        repr(vars(problem)),
        "".join(traceback.format_exception(problem)),
    )
    for frame, _ in traceback.walk_tb(problem.__traceback__):
        if with_frames and "llm_agent" in frame.f_code.co_filename:
            yield from (repr(value) for value in frame.f_locals.values())
    for linked in (problem.__cause__, problem.__context__):
        if linked is not None:
            yield from everything_about(linked, with_frames)


def assert_no_secret(*texts: str) -> None:
    """Fails with the text that holds a secret."""
    for text in texts:
        assert not [secret for secret in SECRETS if secret in text], text


@pytest.mark.parametrize("fault", [*(name for name in FAULTS if "silence" not in name), *ECHOES])
def test_no_fault_tells_a_secret(fault: str, caplog: pytest.LogCaptureFixture) -> None:
    """With every log on, no message, exception, chain, frame or part shows what is secret."""
    caplog.set_level(logging.DEBUG)
    with LlmServer([(FAULTS | ECHOES)[fault]]) as server:
        model = OpenAIChatModel(
            private_url(server.base_url), "test-model", KEY, memory=CapabilityMemory(), second_s=0.01
        )
        try:
            assert_no_secret(*map(repr, ask(model)))
        except ModelError as problem:
            assert_no_secret(*everything_about(problem, with_frames=True))
        assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"
        assert server.requests[0].path.endswith(f"?api-key={QUERY}")
    assert_no_secret(repr(model), repr(vars(model)), model.address, caplog.text)


def test_a_refused_connection_tells_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    """Nor does a server that is not there."""
    caplog.set_level(logging.DEBUG)
    model = OpenAIChatModel(private_url(refused_url() + "/v1"), "m", KEY, memory=CapabilityMemory())
    with pytest.raises(ModelError) as caught:
        ask(model)
    assert_no_secret(*everything_about(caught.value, with_frames=True), caplog.text)


@pytest.mark.parametrize(
    "base_url",
    [
        f"http://{USER}@[1::2/v1?api-key={QUERY}",
        f"http://{USER}@host:port/v1?api-key={QUERY}",
        f"{USER}@host/{QUERY}",
        f"ftp://{USER}@host/{QUERY}",
        f"http://{USER}@host/v1?api-key= {QUERY}",
        f"http:///{QUERY}",
        QUERY,
    ],
)
def test_an_address_that_is_none_is_refused_without_telling_it(base_url: str) -> None:
    """A broken address is a sentence about OPENAI_BASE_URL, which shows an example and not the address."""
    with pytest.raises(ModelError, match=r"https://api\.openai\.com/v1") as caught:
        OpenAIChatModel(base_url, "m", KEY)
    assert caught.value.setting == "OPENAI_BASE_URL"
    assert_no_secret(*everything_about(caught.value))


@pytest.mark.parametrize("key", [f"{KEY} {KEY}", f"{KEY}é", f"{KEY}\nX-Header: 1", f"“{KEY}”"])
def test_a_key_that_is_none_is_refused_without_telling_it(key: str) -> None:
    """A key with a blank, an accent or curly quotes would fail deep in the client: it is a sentence first."""
    with pytest.raises(ModelError) as caught:
        OpenAIChatModel(None, "m", key)
    assert caught.value.setting == "OPENAI_API_KEY"
    assert_no_secret(*everything_about(caught.value))


def test_the_user_of_an_address_is_sent_where_there_is_no_key() -> None:
    """A local server behind a password gets the user of the address as Basic authentication."""
    with LlmServer() as server:
        ask(OpenAIChatModel(private_url(server.base_url), "m", memory=CapabilityMemory()))
        assert server.requests[0].headers["authorization"] == f"Basic {BASIC}"


@pytest.mark.parametrize("base_url", ["http://h:1/v1/", "http://h:1/v1/chat/completions", " http://h:1/v1\n"])
def test_an_address_is_taken_as_people_paste_it(base_url: str) -> None:
    """A slash, blanks or the whole path of the chat API make no difference."""
    assert read_endpoint(base_url, None).url == "http://h:1/v1"
