"""The charts as Plotly figures. Plotly is imported when the first is drawn: it costs 0.3 s."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pages._chart_captions import member_of, share
from pages._chart_data import Row
from pages._chart_facets import AGE, CLASS, FARE, SEX, SEXES, Facet, Member
from pages._chart_look import INK, Axis, look, without_template
from pages._chart_statistics import Box, wilson_interval
from pages._colours import CHOSEN_OPACITY, DIED, OTHER_OPACITY, PCLASS, SURVIVED, UNKNOWN
from pages._colours import SEX as SEX_COLOURS

if TYPE_CHECKING:
    import plotly.graph_objects as go

SHARE_AXIS: Axis = {"title": "share that survived", "tickformat": ".0%", "range": [0, 1.02]}
MOST_LEVEL_LABELS = 9
WHOLE_NUMBERS = ",d"
FEW, MANY = 5, 10_000
MAX_OUTLIERS = 200
"""Most outliers drawn for each class, the highest first; each stands for all passengers of that fare."""


def survival_bars(facet: Facet, rows: Sequence[Row], chosen: Sequence[str], x_title: str) -> go.Figure:
    """The share of survivors of each group, with its Wilson interval; clicking a bar chooses the group."""
    trace = _survival_trace(facet, rows, chosen, SURVIVED, "survived")
    return _figure([trace], _category(x_title), SHARE_AXIS, legend=False, hovermode="x")  # bars of 0 too


def survival_by_group(facet: Facet, rows: Sequence[Row], chosen: Sequence[str]) -> go.Figure:
    """The share of survivors by class, one bar for each sex, with Wilson intervals."""
    traces = []
    for sex in SEXES:
        mine = [row for row in rows if row["sex"] == sex]
        trace = _survival_trace(facet, mine, chosen, SEX_COLOURS[sex], SEX.by_value(sex).label)
        trace.x = [CLASS.by_value(row["pclass"]).label for row in mine]
        traces.append(trace)
    return _figure(traces, _category("class of the ticket", CLASS.members), SHARE_AXIS)


def _survival_trace(
    facet: Facet, rows: Sequence[Row], chosen: Sequence[str], colour: str, name: str
) -> go.Bar:
    import plotly.graph_objects as go

    members = [member_of(facet, row) for row in rows]
    bounds = [wilson_interval(row["survivors"], row["passengers"]) for row in rows]
    return go.Bar(
        name=name,
        x=[member.label for member in members],
        y=[share(row) for row in rows],
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [high - share(row) for (_, high), row in zip(bounds, rows, strict=True)],
            "arrayminus": [share(row) - low for (low, _), row in zip(bounds, rows, strict=True)],
            "thickness": 1.2,
            "width": 4,
            "color": INK,
        },
        text=[f"{share(row):.0%}" for row in rows],
        textposition="inside",
        insidetextanchor="start",
        textangle=0,
        textfont={"color": "#ffffff"},
        marker={"color": colour, "opacity": _opacities(members, chosen)},
        # said outright, because plotly.js stumbles at a click where texts meet a list of opacities
        selected={"textfont": {"color": "#ffffff"}, "marker": {"opacity": CHOSEN_OPACITY}},
        customdata=[
            [member.token, member.words, row["survivors"], row["passengers"], low, high]
            for member, row, (low, high) in zip(members, rows, bounds, strict=True)
        ],
        hovertemplate="%{customdata[1]}<br>%{customdata[2]:,} of %{customdata[3]:,} survived: "
        "%{y:.1%}<br>95% interval: %{customdata[4]:.1%} to %{customdata[5]:.1%}<extra></extra>",
    )


def age_bars(rows: Sequence[Row], chosen: Sequence[str]) -> go.Figure:
    """Passengers of each age bin, survivors below and the others above; the unknown ages last."""
    import plotly.graph_objects as go

    rows = _without_gaps(rows)
    members = [member_of(AGE, row) for row in rows]
    traces = []
    for name, colour, counts in (
        ("survived", SURVIVED, [row["survivors"] for row in rows]),
        ("died", DIED, [row["passengers"] - row["survivors"] for row in rows]),
    ):
        traces.append(
            go.Bar(
                name=name,
                x=[member.label for member in members],
                y=counts,
                marker={"color": colour, "opacity": _opacities(members, chosen)},
                customdata=[
                    [member.token, member.words, row["passengers"], share(row)]
                    for member, row in zip(members, rows, strict=True)
                ],
                hovertemplate=f"%{{customdata[1]}}<br>%{{y:,}} {name} of %{{customdata[2]:,}} "
                "(survival %{customdata[3]:.1%})<extra></extra>",
            )
        )
    age = _category("age in years", tilt=True)
    passengers = _counts("passengers", max((row["passengers"] for row in rows), default=0))
    return _figure(traces, age, passengers, bargap=0.06, barmode="stack", hovermode="x")


def _without_gaps(rows: Sequence[Row]) -> list[Row]:
    """The rows with empty bins put between the first and the last, so that the axis is in proportion."""
    there = {row["age_bin"]: row for row in rows}
    bins = [age for age in there if age is not None]
    nobody = {"passengers": 0, "survivors": 0}
    values = [member.values[0] for member in AGE.members]
    between = [age for age in values if age is not None and bins and min(bins) <= age <= max(bins)]
    filled = [there.get(age, nobody | {"age_bin": age}) for age in between]
    return filled + ([there[None]] if None in there else [])


def fare_boxes(boxes: Mapping[int, Box], chosen: Sequence[str]) -> go.Figure:
    """A box for each class from its quartiles, and a mark for each fare beyond the whiskers.

    The axis is logarithmic unless a quartile is zero. Clicking an outlier chooses its bin of fares.
    """
    is_log = all(box.q1 > 0 for box in boxes.values())
    traces = []
    for number, box in boxes.items():
        label, colour = CLASS.by_value(number).label, PCLASS[str(number)]
        traces += [_box(box, label, colour, is_log), _outliers(box, label, colour, chosen)]
    pounds = {"title": "fare of the ticket in pounds of 1912", "tickprefix": "£"}
    pounds |= {"type": "log", "dtick": "D2"} if is_log else {"type": "linear"}
    return _figure(traces, pounds, _category(None, CLASS.members[::-1]), legend=False)


def _box(box: Box, label: str, colour: str, is_log: bool) -> go.Box:
    import plotly.graph_objects as go

    return go.Box(
        name=label,
        y=[label],
        q1=[box.q1],
        median=[box.median],
        q3=[box.q3],
        lowerfence=[box.lowest_positive if is_log else box.low],
        upperfence=[box.high],
        orientation="h",
        marker_color=colour,
        line_width=2,
        hoverinfo="x",
    )


def _outliers(box: Box, label: str, colour: str, chosen: Sequence[str]) -> go.Scatter:
    import plotly.graph_objects as go

    shown = [(value, rows) for value, rows in box.outliers if value > 0][-MAX_OUTLIERS:]
    bins = [fare_bin(value) for value, _ in shown]
    return go.Scatter(
        name=label,
        x=[value for value, _ in shown],
        y=[label] * len(shown),
        mode="markers",
        marker={
            "color": colour,
            "symbol": "circle-open",
            "size": [7 + min(rows, 20) / 2 for _, rows in shown],
            "opacity": _opacities(bins, chosen),
        },
        customdata=[
            [member.token, rows, member.words] for (_, rows), member in zip(shown, bins, strict=True)
        ],
        hovertemplate="£%{x:,.2f}: %{customdata[1]:,} passengers<br>click: %{customdata[2]}<extra></extra>",
    )


def fare_bin(value: float) -> Member:
    """The bin of this fare."""
    return max((m for m in FARE.members if m.values[0] is not None and m.values[0] <= value), key=_low)


def _low(member: Member) -> int:
    return int(member.values[0])


def unknown_bars(unknown: Mapping[str, int], passengers: int) -> go.Figure:
    """The share of passengers of whom a column is unknown, for each column that may be."""
    import plotly.graph_objects as go

    names = sorted(unknown, key=lambda name: unknown[name])
    trace = go.Bar(
        x=[unknown[name] / passengers for name in names],
        y=names,
        orientation="h",
        marker_color=UNKNOWN,
        text=[f"{unknown[name] / passengers:.1%}" for name in names],
        textposition="outside",
        cliponaxis=False,
        customdata=[[unknown[name]] for name in names],
        hovertemplate="%{y}: %{customdata[0]:,} unknown (%{x:.1%})<extra></extra>",
    )
    shares = {"title": "share of passengers", "tickformat": ".0%", "range": [0, 1.15]}
    return _figure([trace], shares, _category(None), legend=False, selectable=False)


@dataclass(frozen=True)
class Series:
    """Bars of one colour: name, colour, and for each bar its label, height and number of passengers."""

    name: str
    colour: str
    labels: Sequence[str]
    heights: Sequence[float | None]
    passengers: Sequence[int]


def grouped_bars(
    series: Sequence[Series],
    x_title: str, y_title: str, tick_format: str, order: Sequence[str],
) -> go.Figure:  # fmt: skip
    """The explorer's bars, one beside the other; `order` lists the labels of the axis."""
    import plotly.graph_objects as go

    traces = []
    for bars in series:
        traces.append(
            go.Bar(
                name=bars.name,
                x=list(bars.labels),
                y=list(bars.heights),
                marker_color=bars.colour,
                customdata=[[count] for count in bars.passengers],
                hovertemplate=f"%{{x}}{', ' + bars.name if len(series) > 1 else ''}<br>"
                f"{y_title}: %{{y:{tick_format}}}<br>%{{customdata[0]:,}} passengers<extra></extra>",
            )
        )
    axis = _category(x_title, tilt=len(order) > MOST_LEVEL_LABELS)
    axis |= {"categoryorder": "array", "categoryarray": list(order)}
    heights = {"title": y_title, "tickformat": tick_format, "rangemode": "tozero"}
    if tick_format == WHOLE_NUMBERS:
        heights = _counts(
            y_title, max((height or 0 for bars in series for height in bars.heights), default=0)
        )
    return _figure(traces, axis, heights, legend=len(series) > 1, selectable=False)


def _opacities(members: Sequence[Member], chosen: Sequence[str]) -> list[float]:
    return [CHOSEN_OPACITY if not chosen or member.token in chosen else OTHER_OPACITY for member in members]


def _category(title: str | None, members: Sequence[Member] = (), *, tilt: bool = False) -> Axis:
    """An axis of groups, in the order of these members where there are any; many labels need a tilt."""
    axis: Axis = {"title": title, "type": "category"} | ({"tickangle": -45} if tilt else {})
    if members:
        axis |= {"categoryorder": "array", "categoryarray": [member.label for member in members]}
    return axis


def _counts(title: str, highest: float) -> Axis:
    """An axis of counts: whole numbers, short ones where they are long."""
    axis: Axis = {"title": title, "rangemode": "tozero", "tickformat": WHOLE_NUMBERS}
    if highest < FEW:
        return axis | {"dtick": 1}
    return axis | ({"tickformat": "~s"} if highest >= MANY else {})


def _figure(
    traces: Sequence[Any],
    x: Axis, y: Axis,
    *, legend: bool = True, selectable: bool = True, bargap: float = 0.25, **layout: Any,
) -> go.Figure:  # fmt: skip
    """A figure with the look that all share. Made in one go: each update of a figure costs milliseconds."""
    import plotly.graph_objects as go

    common = look(x, y, legend_entries=len(traces) if legend else 0, selectable=selectable) | {
        "bargap": bargap
    }
    return without_template(go.Figure(list(traces), common | layout))
