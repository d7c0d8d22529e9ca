"""Without a key: the demo model answers through the same agent, and its figures pass the same check."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest
from pydantic import SecretStr

from llm_agent.agent import Agent
from llm_agent.errors import ModelError
from llm_agent.events import ChartReady, Checked, Notice, QueryDone
from llm_agent.grounding import unmatched
from llm_agent.model import OpenAIChatModel
from llm_agent.model_choice import Connection, DemoChatModel, choose_model
from llm_agent.settings import Settings
from llm_agent.turn import Turn
from pages._ask_link import QUESTIONS as CHART_QUESTIONS
from tests.agent_talk import Heard
from tests.llm_server import LlmServer, text


@pytest.fixture
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the environment nor a file says anything about models."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setitem(Settings.model_config, "env_file", None)
    monkeypatch.setitem(Settings.model_config, "toml_file", None)


def settings(**values: str) -> Settings:
    """Settings as from the environment."""
    return Settings(**{f"OPENAI_{name.upper()}": value for name, value in values.items()})


def key_sent(model: OpenAIChatModel, server: LlmServer) -> str:
    """The Authorization header with which a server is asked."""
    list(model.stream([{"role": "user", "content": "Hi"}], (), threading.Event()))
    return str(server.requests[-1].headers["authorization"])


@pytest.mark.usefixtures("no_settings")
def test_without_key_and_address_the_demo_model_answers(titanic_table: Path) -> None:
    """It says what it is, runs a real query, and its sentence holds the query's figure."""
    model = choose_model(Settings())
    assert model.name == "Demo model (no LLM)"
    heard = Heard(list(Agent(model, titanic_table).answer("How many passengers survived?")))
    assert heard.of(QueryDone)[0].result.rows[0][-1] == 342
    assert "342" in heard.done.text
    assert heard.done.outcome == "answered"


QUESTIONS = (
    "How many women survived?",
    "What percentage of the survivors were women?",
    "What was the average age in each class?",
    "Show the survival rate by class as a chart.",
    "Who paid the highest fare?",
    "How many ages are unknown?",
    "Who was the captain of the ship?",
    "Delete all passengers.",
    "What is the meaning of life?",
)


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_demo_models_figures_all_stand_in_results(titanic_table: Path, question: str) -> None:
    """No answer of the demo model has a figure that the check cannot place, nor one without a query."""
    heard = Heard(list(Agent(DemoChatModel(), titanic_table).answer(question)))
    assert unmatched(heard.of(Checked)[0].figures) == ()
    assert heard.of(Notice) == []


def test_the_demo_model_follows_up_and_draws(titanic_table: Path) -> None:
    """'And for women?' keeps the question before; a group-by comes with a chart of its result."""
    agent = Agent(DemoChatModel(), titanic_table)
    first = Heard(list(agent.answer("Show the survival rate by class as a chart.")))
    assert first.of(ChartReady)[0].query == first.of(QueryDone)[-1].number
    turn = Turn("How many men survived?", Heard(list(agent.answer("How many men survived?"))).done.messages)
    heard = Heard(list(agent.answer("And women?", [turn])))
    assert "233" in heard.done.text


@pytest.mark.usefixtures("no_settings")
def test_a_key_or_an_address_connects_a_real_model() -> None:
    """Either setting is enough; the model's name is the setting's."""
    assert choose_model(settings(api_key="sk-1", model="gpt-x")).name == "gpt-x"
    assert choose_model(settings(base_url="http://127.0.0.1:9/v1", model="llama")).name == "llama"
    assert choose_model(settings(api_key="sk-1")).address == "https://api.openai.com/v1"


@pytest.mark.usefixtures("no_settings")
def test_a_visitors_connection_comes_first() -> None:
    """What a visitor typed wins over the settings, and works without any."""
    visitor = Connection("http://127.0.0.1:9/v1", "mine", SecretStr("sk-visitor"))
    assert choose_model(Settings(), visitor).name == "mine"
    assert choose_model(settings(api_key="sk-host", model="host"), visitor).address == "http://127.0.0.1:9/v1"
    assert choose_model(Settings(), Connection()).name == "Demo model (no LLM)"


@pytest.mark.usefixtures("no_settings")
@pytest.mark.parametrize("host_address", ["", "http://127.0.0.1:9/v1"])
def test_the_hosts_key_never_goes_to_a_visitors_address(host_address: str) -> None:
    """Whoever names another address gets a request without the host's key."""
    with LlmServer([text("Hello.")]) as server:
        host = settings(api_key="sk-host", **({"base_url": host_address} if host_address else {}))
        header = key_sent(choose_model(host, Connection(server.base_url, "m")), server)
        assert "sk-host" not in header
        header = key_sent(choose_model(settings(api_key="sk-host", base_url=server.base_url)), server)
        assert header == "Bearer sk-host"


@pytest.mark.usefixtures("no_settings")
def test_a_wrong_address_names_its_setting() -> None:
    """What cannot be an address is refused at once, with the setting to change."""
    with pytest.raises(ModelError) as caught:
        choose_model(Settings(), Connection("not an address"))
    assert caught.value.setting == "OPENAI_BASE_URL"


@pytest.mark.parametrize("asked", CHART_QUESTIONS.values(), ids=CHART_QUESTIONS)
def test_the_questions_of_the_charts_are_answered(titanic_table: Path, asked: str) -> None:
    """What *Ask about this* puts into the chat is understood without any key, with a filter and without."""
    for question in (asked, f"{asked[:-1]} (only: female; first class){asked[-1]}"):
        *_, done = Agent(DemoChatModel(), titanic_table).answer(question)
        assert "demo model" not in done.text
        assert re.search(r"\d", done.text)
