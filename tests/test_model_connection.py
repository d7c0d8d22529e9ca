"""Does my setting work? The check of a connection, the list of models, proxies and certificates."""

from __future__ import annotations

import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from llm_agent.client.capability import CapabilityMemory
from llm_agent.client.endpoint import read_endpoint
from llm_agent.client.http_route import proxy_for
from llm_agent.connection_check import check_connection, list_models, main
from llm_agent.errors import ModelError
from llm_agent.model import OpenAIChatModel
from tests.faulty_server import refused_url
from tests.llm_exchange import Json, Reply
from tests.llm_faults import FAULTS, error, needs_reasoning_off, slow, without_streams, without_tools
from tests.llm_server import LlmServer, text, tool_call
from tests.model_questions import answer_of, ask, model_of

COUNTED = text("one two three four five six seven eight nine ten")
SQL = "```sql\nSELECT COUNT(*) FROM titanic\n```"
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def no_proxy_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests' own proxies only."""
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def capable(body: Json) -> Reply:
    """A server that counts, and calls the tool when told to."""
    is_look_up = "run_sql" in body["messages"][-1]["content"]
    return tool_call("run_sql", sql="SELECT 1", purpose="Count") if is_look_up else COUNTED


def test_a_good_connection_is_told_in_words() -> None:
    """Models, streaming and tools, one sentence each."""
    with LlmServer(capable) as server:
        report = check_connection(model_of(server))
    assert report.works
    assert report.streams
    models, stream, tools = report.sentences()
    assert models.endswith("lists 2 models, and test-model is one of them.")
    assert stream.startswith("The answer comes word by word: the first word after ")
    assert tools == "The model takes tools."


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (needs_reasoning_off, "only with its reasoning switched off."),
        (lambda reply: without_tools(text(SQL)), "takes no tools here, so it writes its queries as text."),
        (lambda reply: COUNTED, "The model takes tools, yet it wrote no query when it was told to."),
    ],
)
def test_each_rung_is_told(reply: object, words: str) -> None:
    """What the ladder found is what people read."""
    with LlmServer(lambda body: reply(capable(body))) as server:  # type: ignore[operator]
        report = check_connection(model_of(server))
    assert report.sentences()[-1].endswith(words)


def test_an_endpoint_that_cannot_stream_is_told() -> None:
    """A whole answer instead of a stream works, and the report says so."""
    with LlmServer(lambda body: without_streams(capable(body))) as server:
        report = check_connection(model_of(server))
    assert report.works
    assert "comes in one piece at its end" in " ".join(report.sentences())


@pytest.mark.parametrize("fault", ["401", "html", "429-insufficient-quota", "garbage-sse"])
def test_a_bad_connection_ends_in_its_error(fault: str) -> None:
    """The report carries the same error that a question would have met."""
    with LlmServer([FAULTS[fault]]) as server:
        report = check_connection(model_of(server))
        with pytest.raises(ModelError) as caught:
            ask(model_of(server))
    assert not report.works
    assert str(report.error) == str(caught.value) == report.sentences()[-1]


@pytest.mark.parametrize("reply", [FAULTS["silence"], slow(text("word " * 500), 0.05)])
def test_the_check_is_bounded(reply: Reply) -> None:
    """A server that is silent or never done ends the check at its limit, in words."""
    with LlmServer([reply]) as server:
        report = check_connection(model_of(server), seconds=1)
    assert "did not answer within 1 s" in str(report.error)


def test_models_are_listed_or_the_reason_is_told() -> None:
    """Sorted names; a wrong key and a missing server become the usual errors."""
    with LlmServer(models=["b", "a"], api_key="right") as server:
        assert list_models(server.base_url, "right") == ["a", "b"]
        with pytest.raises(ModelError, match="does not accept the API key") as caught:
            list_models(server.base_url, "wrong")
        assert caught.value.__context__ is None  # the client's error holds the key
    with pytest.raises(ModelError, match="Nothing answers"):
        list_models(refused_url() + "/v1", None)


def test_a_proxy_carries_the_question(monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTP_PROXY is used for other machines, with its user and password."""
    with LlmServer() as proxy:
        address = proxy.base_url.removesuffix("/v1").replace("http://", "http://someone:pass@")
        monkeypatch.setenv("HTTP_PROXY", address)
        assert answer_of(OpenAIChatModel("http://llm.example/v1", "m", "k")).text == "Hello."
        assert proxy.visits == ["POST http://llm.example/v1/chat/completions"]
        assert proxy.requests[0].headers["proxy-authorization"].startswith("Basic ")


def test_this_machine_needs_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A local server is asked directly, whatever proxy is set; so are names in NO_PROXY."""
    monkeypatch.setenv("HTTP_PROXY", refused_url())
    monkeypatch.setenv("NO_PROXY", "llm.example")
    with LlmServer() as server:
        assert answer_of(model_of(server)).text == "Hello."
    assert proxy_for(read_endpoint("http://llm.example/v1", None)) is None
    assert proxy_for(read_endpoint("http://other.example/v1", None)) is not None


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_says_no_is_told(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal by the proxy, of the request or of the tunnel to the server, leads to HTTPS_PROXY."""
    with LlmServer([error(407, "who are you?")]) as proxy:
        monkeypatch.setenv(
            f"{scheme.upper()}_PROXY", proxy.base_url.replace("http://", "http://someone:pass@")
        )
        with pytest.raises(ModelError, match="proxy did not let the question through") as caught:
            ask(OpenAIChatModel(f"{scheme}://llm.example/v1", "m", "k", memory=CapabilityMemory()))
    assert caught.value.setting == "HTTPS_PROXY"


@pytest.mark.parametrize(
    "proxy", ["gopher://u:s3cret@h:1", "http://u:s3cret@h:port", "socks4://u:s3cret@h:1"]
)
def test_a_proxy_that_is_none_is_told(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting that cannot be a proxy is named without its value."""
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(ModelError) as caught:
        ask(OpenAIChatModel("https://llm.example/v1", "m", "k", memory=CapabilityMemory()))
    assert caught.value.setting == "HTTPS_PROXY"
    assert "s3cret" not in repr(caught.value)


def test_a_certificate_of_a_company_proxy_is_told_and_can_be_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unknown certificate leads to SSL_CERT_FILE, and with that file set the answer comes."""
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    about = ["-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*make, "-keyout", key, "-out", certificate, *about], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with LlmServer() as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        base_url = server.base_url.replace("http:", "https:")
        with pytest.raises(ModelError, match="a company proxy") as caught:
            ask(OpenAIChatModel(base_url, "m", "k", memory=CapabilityMemory()))
        assert caught.value.setting == "SSL_CERT_FILE"
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert answer_of(OpenAIChatModel(base_url, "m", "k", memory=CapabilityMemory())).text == "Hello."


def test_the_client_costs_nothing_until_a_question_is_asked() -> None:
    """Importing and making the client loads neither openai nor httpx2, which take a second."""
    code = (
        "import sys; from llm_agent.model import OpenAIChatModel; import llm_agent.connection_check;"
        "OpenAIChatModel(None, 'm', 'k');"
        "sys.exit(bool({'openai', 'httpx2', 'pandas', 'streamlit'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parent.parent).returncode == 0


@pytest.mark.parametrize(
    ("key", "words", "code"),
    [
        ("right", "The model takes tools.", 0),
        ("wrong", "does not accept the API key", 1),
        ("no key", "no key has", 1),
    ],
)
def test_the_settings_can_be_tried_from_a_terminal(
    key: str, words: str, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`python -m llm_agent.connection_check` writes the report and ends with 0 only when it works."""
    with LlmServer(capable, api_key="right") as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("OPENAI_MODEL", server.model)
        monkeypatch.setenv("OPENAI_API_KEY", key)
        assert main() == code
    assert words in capsys.readouterr().out
