"""The kept conversations: search, open, rename, take away, delete."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import humanize
import streamlit as st

from llm_agent.conversation_export import as_evaluation_questions, as_json, as_markdown
from llm_agent.conversations import Conversation, KeptTurn
from pages._chat_session import go_to, opened_here
from pages._chat_store import Chats
from pages._plain_label import label

LOCAL_HOSTS = ("127.0.0.1", "localhost", "[::1]")


def is_on_this_machine() -> bool:
    """True when browser and app run on one machine: then all conversations of its file are listed."""
    headers = st.context.headers
    host = (headers.get("Host") or "").rsplit(":", 1)[0]
    is_forwarded = any(name in headers for name in ("Forwarded", "X-Forwarded-For"))
    return st.context.ip_address is None and host in LOCAL_HOSTS and not is_forwarded


def show_conversations(chats: Chats, current: str | None) -> None:
    """The list, with a search; whoever comes from another machine sees what this session has opened."""
    words = st.text_input("Search", key="search", placeholder="Words of a question or an answer")
    only = None if is_on_this_machine() else sorted(opened_here())
    found = chats.kept.find(words, only)
    if not found:
        st.caption("Nothing found." if words else "None yet: the first question begins one.")
    with st.container(key="conversations", height=320 if len(found) > 6 else "content", gap=None):
        for each in found:
            st.button(
                f"{label(each.title)}  :gray[{_age(each)}]",
                key=f"open-{each.id}",
                type="tertiary",
                icon=":material/chat_bubble:" if each.id != current else ":material/mark_chat_read:",
                on_click=go_to,
                args=(each.id,),
                width="stretch",
            )
    where = "all of this computer's" if only is None else "those opened in this session"
    st.caption(f":material/lock: Listed are {where}; whoever knows a conversation's address can read it.")


def _age(each: Conversation) -> str:
    return humanize.naturaltime(datetime.now(UTC) - datetime.fromisoformat(each.updated_at))


def show_this_conversation(chats: Chats, conversation: Conversation) -> None:
    """Rename, export and delete the open conversation."""
    title = f"title-{conversation.id}"
    st.text_input(
        "Title",
        conversation.title,
        key=title,
        on_change=lambda: chats.kept.rename(conversation.id, st.session_state[title]),
    )

    def turns() -> list[KeptTurn]:
        return chats.kept.turns(conversation.id)

    name = f"conversation-{conversation.created_at[:10]}"
    _download("Markdown", lambda: as_markdown(conversation, turns()), f"{name}.md", "text/markdown")
    _download("JSON", lambda: as_json(conversation, turns()), f"{name}.json", "application/json")
    _download(
        "Evaluation questions",
        lambda: as_evaluation_questions(turns()),
        f"{name}-questions.jsonl",
        "application/jsonl",
        help="The answers that have a thumb up or down",
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        sure = st.checkbox("Delete it for good", key=f"sure-{conversation.id}")
        st.button(
            "Delete",
            key="delete",
            icon=":material/delete:",
            disabled=not sure,
            on_click=_delete,
            args=(chats, conversation.id),
        )


def _download(label: str, text: Callable[[], str], name: str, kind: str, help: str | None = None) -> None:
    """A button whose file is written when it is clicked."""
    st.download_button(
        label,
        lambda: text().encode(),
        file_name=name,
        mime=kind,
        key=f"export-{label}",
        icon=":material/download:",
        type="tertiary",
        help=help,
        on_click="ignore",
    )


def _delete(chats: Chats, conversation_id: str) -> None:
    chats.live.stop(conversation_id)
    chats.kept.delete(conversation_id)
    opened_here().discard(conversation_id)
    go_to(None)
    st.toast("The conversation is deleted.", icon=":material/delete:")
