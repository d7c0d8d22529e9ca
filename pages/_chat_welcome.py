"""The first screen of the chat: what it does, and questions to begin with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from llm_agent.suggestions import suggested_questions
from pages._plain_label import label

COLUMNS = 2


@st.cache_data(max_entries=8, show_spinner=False)
def questions_for(database: Path, version: tuple[int, int]) -> list[str]:
    """Six questions from the table as it is in this version of its file."""
    return list(suggested_questions(database))


def show_welcome(database: Path, ask: Callable[[str], None], *, is_demo: bool) -> None:
    """One sentence, six questions, and which model will answer them."""
    st.caption("Begin with one of these, or ask your own.")
    stat = database.stat()
    questions = questions_for(database, (stat.st_mtime_ns, stat.st_size))
    for index, question in enumerate(questions):
        if index % COLUMNS == 0:  # row by row, so that keyboard and phone go through them in their order
            columns = st.columns(COLUMNS)
        columns[index % COLUMNS].button(
            label(question),
            key=f"suggestion-{index}",
            icon=":material/chat:",
            width="stretch",
            on_click=ask,
            args=(question,),
        )
    if is_demo:
        st.caption(
            ":material/smart_toy: The **demo model** answers: no LLM, but a small grammar over the table's "
            "columns. It works offline and without a key; **Connection** puts a real model in its place."
        )
