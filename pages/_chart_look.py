"""How the charts of the page look: quiet axes with margins of their own, text in the colour of the page.

Not Streamlit's theme for Plotly. With it plotly.js draws each chart twice, and margins that fit themselves
draw it up to three times more: 360 ms of the browser's time for each change of a filter, 180 without the two.
Text and thin lines take the page's colour through CSS, so that a switch of the theme is seen at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import streamlit as st

from pages._colours import LABEL_INK, LABEL_PAPER

if TYPE_CHECKING:
    import plotly.graph_objects as go

Axis = dict[str, Any]

HEIGHT_PX: Final = 320
INK: Final = "#6b7682"
"""Text and thin lines of a picture that is saved: readable on white and on dark paper."""
GRID: Final = "rgba(134, 142, 150, 0.28)"
CLEAR: Final = "rgba(0, 0, 0, 0)"
FONT: Final = {"family": '"Source Sans", sans-serif', "size": 13, "color": INK}
LEFT_PX, LEFT_OF_WORDS_PX, BOTTOM_PX, LEGEND_PX, EDGE_PX = 62, 96, 66, 30, 8
CATEGORIES_GRID: Final = {"showgrid": False, "zeroline": False}

STYLE = """<style>
[class*="st-key-chart-"] .main-svg text:not(.bartext-inside, .hoverlayer *) { fill: currentColor !important; }
[class*="st-key-chart-"] .errorbar path { stroke: currentColor !important; }
[class*="st-key-chart-"] .modebar-btn path { fill: currentColor !important; opacity: .55; }
[class*="st-key-chart-"] .modebar-btn:hover path { opacity: 1; }
</style>"""


def apply_look() -> None:
    """Put the style of the charts on the page; it takes no room."""
    st.html(STYLE)


def look(x: Axis, y: Axis, *, legend_entries: int, selectable: bool) -> dict[str, Any]:
    """The layout that all charts share, with these axes; `selectable` where clicking a mark means something.

    A legend has a line above the chart, two where it has so many entries that a phone breaks it.

    Axes stay where they are, or a finger could not scroll the page over a chart. What Streamlit would set of
    its own accord stands here already, so that it need not draw again; `datarevision` says the same of the
    data, for Streamlit hands plotly.js copies of them.
    """
    modes = {"clickmode": "event+select", "dragmode": "pan"} if selectable else {}
    words_at_left = y.get("type") == "category"
    return modes | {
        "height": HEIGHT_PX,
        "font": FONT,
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "margin": {
            "l": LEFT_OF_WORDS_PX if words_at_left else LEFT_PX,
            "r": EDGE_PX,
            "t": EDGE_PX if not legend_entries else LEGEND_PX if legend_entries <= 2 else 2 * LEGEND_PX,
            "b": BOTTOM_PX,
            "autoexpand": False,
        },
        "showlegend": legend_entries > 0,
        "legend": {"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0, "bgcolor": CLEAR},
        "modebar": {"bgcolor": CLEAR, "color": INK, "activecolor": INK},
        "hovermode": "closest",
        "hoverlabel": {"bgcolor": LABEL_PAPER, "bordercolor": INK, "font": FONT | {"color": LABEL_INK}},
        "selectdirection": "h",  # a box spans the whole height, so it need not hit the tips of the bars
        "datarevision": 0,
        "xaxis": _axis(x),
        "yaxis": _axis(y),
    }


def without_template(figure: go.Figure) -> go.Figure:
    """The figure without the template that Plotly adds: to plotly.js a copy of it counts as a change."""
    figure.layout.template = None
    return figure


def _axis(axis: Axis) -> Axis:
    own = CATEGORIES_GRID if axis.get("type") == "category" else {"gridcolor": GRID, "zerolinecolor": GRID}
    return own | axis | {"fixedrange": True, "automargin": False}
