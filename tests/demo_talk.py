"""The demo model behind the real client, agent and guard, for tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import httpx2

from llm_agent.agent import Agent
from llm_agent.client.capability import CapabilityMemory
from llm_agent.demo_model import DEMO_BASE_URL, DEMO_MODEL, demo_transport
from llm_agent.model import OpenAIChatModel
from llm_agent.turn import Turn
from tests.agent_talk import Heard


def demo_agent(database: Path) -> Agent:
    """An agent whose model is the demo model, without its pauses."""
    client = httpx2.Client(transport=demo_transport(pause_s=0))
    return Agent(
        OpenAIChatModel(DEMO_BASE_URL, DEMO_MODEL, http_client=client, memory=CapabilityMemory()), database
    )


def ask_demo(database: Path, *questions: str) -> Heard:
    """The turn of the last question, after the others were asked in the same conversation."""
    return ask_in(demo_agent(database), questions)


def ask_in(agent: Agent, questions: Sequence[str]) -> Heard:
    """The turn of the last question of a conversation with this agent."""
    turns: list[Turn] = []
    for question in questions:
        heard = Heard(list(agent.answer(question, turns)))
        turns.append(Turn(question, heard.done.messages))
    return heard
