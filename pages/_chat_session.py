"""What one browser tab does with a conversation: open it, ask in it, stop, ask again, vote."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import streamlit as st

from llm_agent.agent import Agent
from llm_agent.errors import AgentError
from llm_agent.events import Event
from llm_agent.settings import Settings
from llm_agent.turn import Turn
from llm_agent.turn_record import TurnRecord
from pages._ask_link import DRAFT
from pages._chat_connection import chosen_model
from pages._chat_store import shared_chats

CONVERSATION, OPENED, EDITED, PROBLEM = "chat-id", "chats-opened", "chat-edited", "chat-problem"
INPUT = "question"
MAX_QUESTION = 8_000


def open_conversation() -> str | None:
    """The id of the conversation that the address names, else of the one open before; None for a new one."""
    if "chat" in st.query_params:
        st.session_state[CONVERSATION] = st.query_params["chat"]
    elif st.session_state.get(CONVERSATION):
        st.query_params["chat"] = st.session_state[CONVERSATION]
    conversation_id: str | None = st.session_state.get(CONVERSATION)
    if conversation_id:
        opened_here().add(conversation_id)
    return conversation_id


def opened_here() -> set[str]:
    """The ids that this session has had open."""
    opened: set[str] = st.session_state.setdefault(OPENED, set())
    return opened


def go_to(conversation_id: str | None) -> None:
    """Open a conversation, or begin a new one; for callbacks."""
    st.session_state[CONVERSATION] = conversation_id
    st.session_state[EDITED] = None
    if conversation_id:
        st.query_params["chat"] = conversation_id
    else:
        st.query_params.pop("chat", None)


def take_draft() -> None:
    """Put a question that another page or the address brought into the input, to be sent by the person."""
    draft = st.session_state.pop(DRAFT, None) or st.query_params.get("ask")
    if "ask" in st.query_params:
        del st.query_params["ask"]
    if draft:
        go_to(None)
        st.session_state[INPUT] = str(draft)[:MAX_QUESTION]


def ask(question: str) -> None:
    """Ask in the open conversation, or in a new one."""
    chats = shared_chats()
    conversation_id = st.session_state.get(CONVERSATION)
    with _problems():
        if not conversation_id or chats.kept.get(conversation_id) is None:
            conversation_id = chats.kept.create(question)
            go_to(conversation_id)
        turns = chats.kept.turns(conversation_id, last=1)
        _start(conversation_id, turns[-1].number + 1 if turns else 1, question)


def ask_again(number: int, question: str) -> None:
    """Ask anew at this place of the conversation; what stood there and after it is dropped."""
    conversation_id = st.session_state.get(CONVERSATION)
    if not conversation_id or not question.strip() or shared_chats().live.get(conversation_id):
        return
    with _problems():
        shared_chats().kept.drop_from(conversation_id, number)
        for name in [f"thumb-{number}", f"comment-{number}", f"edited-{number}"]:
            st.session_state.pop(name, None)
        st.session_state[EDITED] = None
        _start(conversation_id, number, question)


def _start(conversation_id: str, number: int, question: str) -> None:
    question = question.strip()[:MAX_QUESTION]
    chats = shared_chats()
    history = [Turn(asked, messages) for asked, messages in chats.kept.history(conversation_id)]
    model, database = chosen_model(), Settings().database

    def answer(stop: threading.Event) -> Iterator[Event]:
        return Agent(model, database).answer(question, history, stop)

    chats.live.start(conversation_id, number, TurnRecord(question, model.name), answer)


def edit(number: int | None) -> None:
    """Open the question of a turn for editing; None closes it."""
    st.session_state[EDITED] = number


def vote(number: int, value: int | None, comment: str) -> None:
    """Keep what a person thinks of an answer."""
    with _problems():
        shared_chats().kept.vote(st.session_state[CONVERSATION], number, value, comment)


class _problems:
    """Turns a failure of a click into a sentence that the page shows."""

    def __enter__(self) -> None:
        st.session_state[PROBLEM] = None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        if isinstance(error, AgentError):
            st.session_state[PROBLEM] = error
            return True
        return False
