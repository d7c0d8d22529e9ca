"""The badge above every page: which model answers questions. Light, because every page draws it."""

from __future__ import annotations

import streamlit as st

from llm_agent.errors import SettingsUnreadable
from llm_agent.settings import DEMO_MODEL_NAME, Settings
from pages._plain_label import label

NAME = "chat-model-name"
"""Where the connection panel notes the model of this session; without it the settings decide."""
NAME_CHARACTERS = 40


def show_model_status() -> None:
    """The demo model marked as such, another one by its name, broken settings as broken."""
    try:
        name = st.session_state.get(NAME) or Settings().model_name
    except SettingsUnreadable as error:
        st.badge("No model", icon=":material/error:", color="orange", help=label(str(error)))
        return
    if name == DEMO_MODEL_NAME:
        st.badge(
            "Demo model", icon=":material/smart_toy:", color="gray", help="No LLM is connected: see Chat"
        )
    else:
        st.badge(label(name[:NAME_CHARACTERS]), icon=":material/smart_toy:", help="Answers in the chat")
