"""How a state looks: the same word, symbol and colour wherever it appears.

Colour never stands alone, and the colours keep apart for the common kinds of colour blindness.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class StateStyle:
    """Symbol, colour (hexadecimal, readable on light and dark) and the name of Streamlit's nearest colour."""

    symbol: str
    colour: str
    badge: Literal["gray", "blue", "red", "green", "violet", "orange"]
    icon: str


NOT_STARTED = "Not started"
_WAITING = StateStyle("○", "#868e96", "gray", ":material/schedule:")
_RUNNING = StateStyle("▶", "#1c7ed6", "blue", ":material/play_arrow:")
_FAILED = StateStyle("✕", "#d9480f", "red", ":material/error:")
_STYLES = {
    "Completed": StateStyle("✓", "#2f9e44", "green", ":material/check_circle:"),
    "Cached": StateStyle("⚡", "#0c8599", "violet", ":material/bolt:"),
    "Running": _RUNNING,
    "Retrying": _RUNNING,
    "AwaitingRetry": StateStyle("…", "#b08900", "orange", ":material/hourglass_top:"),
    "Failed": _FAILED,
    "Crashed": _FAILED,
    "TimedOut": _FAILED,
    "Cancelled": StateStyle("■", "#868e96", "gray", ":material/stop_circle:"),
    "Cancelling": StateStyle("■", "#868e96", "gray", ":material/stop_circle:"),
}


def style_of(state: str) -> StateStyle:
    """The style of a Prefect state's name; one that is not listed looks like waiting."""
    return _STYLES.get(state, _WAITING)


def in_words(state: str) -> str:
    """A state as people read it: symbol and words, such as `… Awaiting retry`."""
    words = {"AwaitingRetry": "Awaiting retry", "TimedOut": "Timed out"}.get(state, state)
    return f"{style_of(state).symbol} {words}"


def colour_scale(states: Iterable[str]) -> dict[str, list[str]]:
    """The Vega-Lite scale that gives each of these states its colour."""
    shown = sorted(set(states))
    return {
        "domain": [in_words(state) for state in shown],
        "range": [style_of(state).colour for state in shown],
    }
