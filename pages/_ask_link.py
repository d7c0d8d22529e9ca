"""From a chart to the chat: the question, with the filters in words, put where the chat finds it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import streamlit as st

PAGES = Path(__file__).parent
CHAT_PAGE = "chat.py"
"""Relative to the script that holds the navigation, pages/_shell.py."""

DRAFT = "chat-draft"
"""Where the chat looks for a question that waits to be sent, beside `?ask=` in its address."""


def question(title: str, conditions: Iterable[str]) -> str:
    """The chart's question with its conditions: `Who survived? Only passengers: female; first class.`."""
    told = "; ".join(conditions)
    return f"{title} Only passengers: {told}." if told else title


def show_ask_button(text: str, key: str, folder: Path = PAGES) -> None:
    """A button that opens the chat with this question filled in; nothing while `folder` has no chat page."""
    if not (folder / CHAT_PAGE).is_file():
        return
    if st.button("Ask about this", icon=":material/chat:", key=key, type="tertiary", help=text):
        st.session_state[DRAFT] = text
        st.switch_page(CHAT_PAGE, query_params={"ask": text})
