"""Draws a checked chart specification with Plotly; what stands in the figure as text is `chart_words`'.

Colours are Okabe and Ito's, which keep apart for the common kinds of colour
blindness, the darker ones adapted to each theme; backgrounds are transparent, so the page's shows through.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from llm_agent.chart_spec import ChartSpec, distinct, is_category, values_of
from llm_agent.charts.chart_words import CODE_NAMES, MAX_LABEL, axis_title, labels_of, plain
from llm_agent.figures.result_numbers import Result

if TYPE_CHECKING:
    import plotly.graph_objects as go

PALETTE_LIGHT = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8a6d00", "#3f9fd6", "#5b4db5", "#6b6b6b")
PALETTE_DARK = ("#56b4e9", "#e69f00", "#2bc79b", "#e39ac4", "#f0e442", "#8fb8ff", "#b8a9ff", "#bdbdbd")
TITLE_WIDTH = 40
"""Characters of a line of the title; a screen of 390 px shows them."""
INK = {False: "#1b2733", True: "#e6ebf0"}
GRID = {False: "#dfe4e9", True: "#2c3742"}
FONT = '"Source Sans", sans-serif'
"""That of Streamlit's pages; elsewhere a plain one."""
HEAT = {False: [[0, "#eef5fb"], [1, "#00518a"]], True: [[0, "#18232e"], [1, "#7cc4f5"]]}


Colours = Mapping[str, Mapping[object, str]]
"""Column -> value -> colour, for what has a colour of its own wherever it is drawn."""
NO_COLOURS: Colours = {}


def draw(spec: ChartSpec, result: Result, *, dark: bool, own_colours: Colours = NO_COLOURS) -> go.Figure:
    """The figure of a specification that `validate_chart` passed for this result."""
    import plotly.graph_objects as go  # 0.04 s, and a first figure 0.1 s: paid by those who draw

    figure = go.Figure(_traces(spec, result, dark, own_colours), _layout(spec, dark))
    for axis, column in (("xaxis", spec.x), ("yaxis", spec.y)):
        figure.update_layout({axis: _axis(spec, axis, column, result, dark)})
    return figure


def _traces(spec: ChartSpec, result: Result, dark: bool, own_colours: Colours) -> list[Any]:
    """One trace, or one for each colour."""
    import plotly.graph_objects as go

    if spec.kind == "heatmap":
        return [_heatmap(spec, result, dark)]
    kinds = {
        "bar": go.Bar,
        "line": go.Scatter,
        "scatter": go.Scatter,
        "histogram": go.Histogram,
        "box": go.Box,
    }
    names = labels_of(result, spec.colour) if spec.colour else {None: ""}
    own = own_colours.get(spec.colour or "", {})
    return [
        kinds[spec.kind](
            **_points(spec, result, group),
            name=name,
            marker={"color": own.get(group, colour)},
            **_style(spec),
        )
        for (group, name), colour in zip(names.items(), PALETTE_DARK if dark else PALETTE_LIGHT, strict=False)
    ]


def _points(spec: ChartSpec, result: Result, group: object) -> dict[str, list[Any]]:
    """The x and y of the rows of one colour; categories as their labels."""
    across = values_of(result, spec.x)
    if is_category(result, spec.x):
        labels = labels_of(result, spec.x)
        across = [labels[cell] for cell in across]
    colours = values_of(result, spec.colour) if spec.colour else [None] * len(across)
    points = {"x": [x for x, colour in zip(across, colours, strict=True) if colour == group]}
    if spec.y:
        up = values_of(result, spec.y)
        points["y"] = [y for y, colour in zip(up, colours, strict=True) if colour == group]
    return points


def _style(spec: ChartSpec) -> dict[str, Any]:
    """What a kind of trace needs beside its data. In hover texts `%{x}` and its like are put in by Plotly."""
    if spec.kind == "box":
        return {"boxpoints": "outliers"}
    up = axis_title(spec.y) if spec.y else "rows"
    name = "%{fullData.name}" if spec.colour else ""
    hover = {"hovertemplate": f"{axis_title(spec.x)}: %{{x}}<br>{up}: %{{y}}<extra>{name}</extra>"}
    modes: dict[str, dict[str, Any]] = {
        "line": {"mode": "lines+markers"},
        "scatter": {"mode": "markers", "opacity": 0.75},
    }
    return hover | modes.get(spec.kind, {})


def _heatmap(spec: ChartSpec, result: Result, dark: bool) -> Any:
    import plotly.graph_objects as go

    y, colour = spec.y or "", spec.colour or ""
    across, down = labels_of(result, spec.x), labels_of(result, y)
    places = zip(values_of(result, spec.x), values_of(result, y), strict=True)
    cells = dict(zip(places, values_of(result, colour), strict=True))
    sides = f"{axis_title(spec.x)}: %{{x}}<br>{axis_title(y)}: %{{y}}"
    return go.Heatmap(
        x=list(across.values()),
        y=list(down.values()),
        z=[[cells.get((x, y)) for x in across] for y in down],
        colorscale=HEAT[dark],
        texttemplate="%{z:.4~g}",
        hovertemplate=f"{sides}<br>{axis_title(colour)}: %{{z}}<extra></extra>",
        colorbar={"title": {"text": axis_title(colour)}, "thickness": 12},
    )


def _axis(spec: ChartSpec, axis: str, column: str | None, result: Result, dark: bool) -> dict[str, Any]:
    text = axis_title(column) if column else ("rows" if spec.kind == "histogram" else "")
    look: dict[str, Any] = {
        "title": {"text": text},
        "gridcolor": GRID[dark],
        "zerolinecolor": GRID[dark],
        "automargin": True,
    }
    is_drawn_as_text = axis == "xaxis" or spec.kind == "heatmap"
    if column and is_drawn_as_text and (spec.kind == "heatmap" or is_category(result, column)):
        look["type"] = "category"  # else "1601" and "2010-01" become a number and a date
        look["showgrid"] = False
        if spec.kind == "heatmap" or column in CODE_NAMES:  # others keep the order of the query
            look |= {"categoryorder": "array", "categoryarray": list(labels_of(result, column).values())}
    elif spec.kind == "bar" and axis == "xaxis" and column and len(distinct(result, column)) <= 12:
        look |= {"tickmode": "array", "tickvals": [c for c in distinct(result, column) if c is not None]}
    if spec.kind == "bar" and axis == "yaxis":
        look["rangemode"] = "tozero"  # bars that do not begin at 0 lie
    return look


def _layout(spec: ChartSpec, dark: bool) -> dict[str, Any]:
    has_legend = spec.colour is not None and spec.kind != "heatmap"
    lines = textwrap.wrap(spec.title, TITLE_WIDTH)
    return {
        "title": {
            "text": "<br>".join(plain(line) for line in lines),  # the tag is ours, the rest is letters
            "font": {"size": 16}, "x": 0, "xanchor": "left", "y": 1, "yanchor": "top",
            "pad": {"t": 8 if len(lines) < 2 else 24},  # Plotly lifts a title of several lines
        },
        "template": "none",
        "font": {"color": INK[dark], "family": FONT, "size": 13},
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": INK[dark], "activecolor": INK[dark]},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 48, "r": 16, "t": 24 + 22 * len(lines) + 28 * has_legend, "b": 48},
        "height": 380,
        "showlegend": has_legend,
        "legend": {
            "title": {"text": axis_title(spec.colour or "")}, "orientation": "h", "y": 1, "yanchor": "bottom",
        },
        "barmode": "group",
        "bargap": 0.05 if spec.kind == "histogram" else 0.25,
        "hoverlabel": {"namelength": MAX_LABEL},
    }  # fmt: skip
