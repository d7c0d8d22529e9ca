"""Ask about the table in plain words, and see the queries that the answer rests on."""

from __future__ import annotations

import streamlit as st

from data_pipeline.errors import TableUnavailable
from data_pipeline.table import read_build_record
from llm_agent.conversations import Conversation
from llm_agent.errors import AgentError
from llm_agent.settings import Settings
from pages import _chat_session as session
from pages._break_it import show_break_it
from pages._chat_connection import is_demo, keep_typed, show_connection_panel
from pages._chat_list import show_conversations, show_this_conversation
from pages._chat_live import watch
from pages._chat_store import Chats, shared_chats
from pages._chat_style import apply_style
from pages._chat_turn import ASSISTANT, DRAWN_TURNS, MORE_TURNS, TurnActions, show_question, show_turn
from pages._chat_welcome import show_welcome
from pages._plain_label import label

LOOK_S = 2.0
"""How often a tab looks whether another one has gone on with the conversation."""
ACTIONS = TurnActions(session.ask_again, session.ask, session.edit, session.vote)


def show_page(settings: Settings, chats: Chats) -> None:
    """The page from top to bottom: tools, the conversation, the input."""
    session.take_draft()
    conversation_id = session.open_conversation()
    conversation = chats.kept.get(conversation_id) if conversation_id else None
    show_top(settings, chats, conversation)
    if conversation_id and not conversation:
        st.warning("There is no such conversation, or no longer.", icon=":material/search_off:")
    if chats.problem:
        told = f"{chats.problem} This chat works, and is forgotten when the app ends."
        st.warning(label(told), icon=":material/history_toggle_off:")
    if problem := st.session_state.get(session.PROBLEM):
        st.error(f"**{label(problem.cause)}** {label(problem.remedy)}", icon=":material/error:")
    try:
        read_build_record(settings.database)
    except TableUnavailable as error:
        st.info(f"**{error.cause}** Answers need the table.", icon=":material/database_off:")
        st.page_link("pipeline.py", label="Build it on the Pipeline page", icon=":material/account_tree:")
        return
    live = chats.live.get(conversation.id) if conversation else None
    with st.container(key="turns"):
        if conversation:
            show_turns(settings, chats, conversation, live.number if live else None)
        else:
            show_welcome(settings.database, session.ask, is_demo=is_demo())
        if live:
            show_question(live.snapshot().question)
            place = st.chat_message("assistant", avatar=ASSISTANT)
    show_input(is_answering=live is not None)
    if live and conversation:
        with place:
            watch(live, chats.live, conversation.id)
    elif conversation:
        watch_for_others(chats, conversation)


def show_top(settings: Settings, chats: Chats, conversation: Conversation | None) -> None:
    """Title, one sentence, and the tools in a quiet line."""
    st.title("Ask about the passengers")
    st.caption(
        "Your question becomes SQL, the SQL runs on the table, and every figure of the answer is checked "
        "against what it gave."
    )
    with st.container(horizontal=True, key="chat-tools", gap="small"):
        st.button(
            "New chat",
            key="new-chat",
            icon=":material/add_comment:",
            type="tertiary",
            on_click=session.go_to,
            args=(None,),
        )
        if shown := opened("Conversations", ":material/forum:", "list-popover"):
            with shown:
                show_conversations(chats, conversation.id if conversation else None)
        if conversation and (shown := opened("This chat", ":material/more_horiz:", "this-popover")):
            with shown:
                show_this_conversation(chats, conversation)
        keep_typed()
        if shown := opened("Connection", ":material/cable:", "connection-popover"):
            with shown:
                show_connection_panel()
        if st.button("Try to break it", key="break-it", icon=":material/bug_report:", type="tertiary"):
            show_break_it(settings.database)


def opened(name: str, icon: str, key: str) -> st.delta_generator.DeltaGenerator | None:
    """A quiet button; the space below it where it is open, else None: what nobody sees is not drawn."""
    popover = st.popover(name, icon=icon, type="tertiary", key=key, on_change="rerun")
    return popover if popover.open else None


def show_turns(settings: Settings, chats: Chats, conversation: Conversation, live: int | None) -> None:
    """The latest turns, and a way to the earlier ones; the one that goes on is drawn elsewhere."""
    shown_key = f"shown-{conversation.id}"
    shown = st.session_state.get(shown_key, DRAWN_TURNS)
    turns = chats.kept.turns(conversation.id, last=shown)
    if turns and turns[0].number > 1:
        st.button(
            f"Show earlier ({turns[0].number - 1})",
            key="earlier",
            type="tertiary",
            icon=":material/expand_less:",
            on_click=lambda: st.session_state.update({shown_key: shown + MORE_TURNS}),
        )
    for turn in turns:
        if turn.number != live:
            is_edited = st.session_state.get(session.EDITED) == turn.number
            is_last = turn is turns[-1] and live is None
            show_turn(turn, settings.database, ACTIONS, is_last=is_last, is_edited=is_edited)


def show_input(*, is_answering: bool) -> None:
    """The field for a question; while an answer is under way it waits."""
    question = st.chat_input(
        "Stop the answer to ask something else" if is_answering else "Ask about the passengers",
        key=session.INPUT,
        max_chars=session.MAX_QUESTION,
        disabled=is_answering,
    )
    if question and question.strip():
        session.ask(question)
        st.rerun()


def watch_for_others(chats: Chats, conversation: Conversation) -> None:
    """Draw the page again when another tab has gone on with this conversation."""

    @st.fragment(run_every=LOOK_S)
    def look() -> None:
        now = chats.kept.get(conversation.id)
        if now is None or now.updated_at != conversation.updated_at:
            st.rerun()

    look()


apply_style(st.context.theme.type or "light")
try:
    show_page(Settings(), shared_chats())
except AgentError as failure:
    st.error(f"**{label(failure.cause)}** {label(failure.remedy)}", icon=":material/error:")
