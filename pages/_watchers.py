"""How often a tab looks at a run that goes on: seldom enough that all tabs get their turn."""

from __future__ import annotations

import time
from uuid import uuid4

import streamlit as st

ALONE_S = 0.2  # a change is on the page after half of this on average, and the time to draw it
STARTING_S = 0.5
EACH_OTHER_S = 0.035  # a look costs the server 10 to 15 ms of a core; the twentieth tab looks every 0.9 s
GONE_AFTER_S = 3.0

_last_looks: dict[str, float] = {}


def note_look() -> None:
    """Remember that this tab looks at a run now."""
    _last_looks[st.session_state.setdefault("watcher", uuid4().hex)] = time.monotonic()


def seconds_between_looks(*, is_starting: bool) -> float:
    """0.2 s for a tab alone, up to a second with many; half a second while the Prefect server starts.

    A server that starts needs the processor more than the page does.
    """
    if is_starting:
        return STARTING_S
    now = time.monotonic()
    for watcher, looked in list(_last_looks.items()):
        if now - looked > GONE_AFTER_S:
            _last_looks.pop(watcher, None)
    return min(1.0, ALONE_S + EACH_OTHER_S * len(_last_looks))
