"""What all tabs of this server share of the chats: the kept conversations and the turns under way."""

from __future__ import annotations

import shutil
import weakref
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import streamlit as st

from llm_agent.conversations import Conversations, ConversationsUnavailable
from llm_agent.live_turns import LiveTurns
from llm_agent.settings import Settings


@dataclass(frozen=True)
class Chats:
    """The conversations of one file, and those of their turns that go on.

    `problem` says why that file cannot be used; then `kept` is a file that goes when the app ends.
    """

    kept: Conversations
    live: LiveTurns
    problem: ConversationsUnavailable | None = None


@st.cache_resource(show_spinner=False)
def chats_of(path: Path) -> Chats:
    """The one `Chats` of this server for this file."""
    kept = Conversations(path)
    try:
        kept.find()
    except ConversationsUnavailable as problem:
        folder = mkdtemp(prefix="chats-")
        kept = Conversations(Path(folder) / "chats.sqlite")
        chats = Chats(kept, LiveTurns(kept), problem)
        weakref.finalize(chats, shutil.rmtree, folder, ignore_errors=True)
        return chats
    return Chats(kept, LiveTurns(kept))


def shared_chats() -> Chats:
    """The chats of the settings as they are now; raises `SettingsUnreadable`."""
    return chats_of(Settings().chat_database)
