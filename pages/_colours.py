"""The colour of each thing: the same wherever it is drawn, readable on light and dark.

Tones keep apart in brightness as well as in hue, so that the common kinds of colour blindness lose nothing,
and no chart says anything by colour alone.
"""

from __future__ import annotations

from typing import Final

ACCENT: Final = "#1c7ed6"
SURVIVED: Final = "#0b8a8c"
DIED: Final = "#8f99a5"
SEX: Final[dict[str, str]] = {"female": "#d9730d", "male": "#1c7ed6"}
PCLASS: Final[dict[str, str]] = {"1": "#7048e8", "2": "#9775fa", "3": "#bda6f7"}
PORT: Final[dict[str, str]] = {"S": "#2b6cb0", "C": "#c2255c", "Q": "#5c940d", "unknown": DIED}
UNKNOWN: Final = "#b08900"
OF_COLUMNS: Final[dict[str, dict[object, str]]] = {
    "sex": dict(SEX.items()),
    "pclass": {int(number): colour for number, colour in PCLASS.items()},
    "embarked": {None: DIED, **dict(PORT.items())},
    "survived": {1: SURVIVED, 0: DIED},
}
"""The same by column and value of the table, for charts of any query's result."""
SERIES: Final[tuple[str, ...]] = (
    "#1c7ed6", "#d9730d", "#0b8a8c", "#9069e8", "#c2255c", "#5c940d", "#b08900", "#2b6cb0",
    "#8f99a5", "#7a4b1f",
)  # fmt: skip
"""For groups that have no colour of their own, in this order."""

LABEL_PAPER: Final = "#1b2733"
LABEL_INK: Final = "#e6ebf0"
"""Labels at the pointer, on light and dark pages alike: a mark's own colour is not always one to read on."""

CHOSEN_OPACITY: Final = 1.0
OTHER_OPACITY: Final = 0.3
"""A mark that was not chosen where others were."""


def colour_of(facet: str, token: str, position: int) -> str:
    """The colour of a group: its own where it has one, else the next of the series."""
    own = {"sex": SEX, "class": PCLASS, "port": PORT, "survived": {"yes": SURVIVED, "no": DIED}}
    return own.get(facet, {}).get(token, SERIES[position % len(SERIES)])
