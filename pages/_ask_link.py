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


QUESTIONS = {
    "groups": "Show the survival rate by class and sex as a chart.",
    "ages": "What is the average age by survival?",
    "fares": "What is the median fare by class?",
    "families": "Show the survival rate by family size as a chart.",
    "ports": "Show the survival rate by port as a chart.",
    "decks": "Show the survival rate by deck as a chart.",
    "unknowns": "How many passengers have an unknown age?",
}
"""What a title asks to catch the eye, asked plainly: any model can answer it, the demo model too."""


def question(chart: str, title: str, conditions: Iterable[str]) -> str:
    """The plain question of a chart (its title where there is none) with the filters in words.

    >>> question("fares", "What did a ticket cost?", ["female", "first class"])
    'What is the median fare by class (only: female; first class)?'
    """
    asked = QUESTIONS.get(chart, title)
    told = "; ".join(conditions)
    return f"{asked[:-1]} (only: {told}){asked[-1]}" if told else asked


def show_ask_button(text: str, key: str, folder: Path = PAGES) -> None:
    """A button that opens the chat with this question filled in; nothing while `folder` has no chat page."""
    if not (folder / CHAT_PAGE).is_file():
        return
    if st.button("Ask about this", icon=":material/chat:", key=key, help=text):
        st.session_state[DRAFT] = text
        st.switch_page(CHAT_PAGE, query_params={"ask": text})
