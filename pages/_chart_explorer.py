"""The explorer: passengers by any property, coloured by another, measured in one of four ways."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pages import _chart_captions as captions
from pages import _chart_figures as figures
from pages._chart_board import Chart, Fetch
from pages._chart_data import Row
from pages._chart_facets import AGE, CLASS, COMPANY, DECK, FAMILY, FARE, PORT, SEX, SURVIVED, Facet, Member
from pages._chart_filters import Filters
from pages._chart_queries import facet_query
from pages._colours import ACCENT, colour_of

AXES: dict[str, Facet] = {
    "class": CLASS, "sex": SEX, "port": PORT, "survived": SURVIVED, "company": COMPANY, "age": AGE,
    "fare": FARE, "family": FAMILY, "deck": DECK,
}  # fmt: skip
"""What can be put on the axis, by its name in the address."""

COLOURS: dict[str, Facet] = {name: AXES[name] for name in ("class", "sex", "port", "survived", "company")}
"""What can be coloured: few groups each, so that a colour can be told from the next."""


@dataclass(frozen=True)
class Measure:
    """What the height of a bar means: words, unit, Plotly's number format, and its value for a row."""

    words: str
    unit: str
    tick_format: str
    value: Callable[[Row], float | None]


def _mean(number: str) -> Callable[[Row], float | None]:
    return lambda row: row[f"{number}_sum"] / row[f"{number}_known"] if row[f"{number}_known"] else None


MEASURES: dict[str, Measure] = {
    "survival": Measure("share that survived", "%", ".0%", captions.share),
    "passengers": Measure("passengers", "passengers", ",d", lambda row: row["passengers"]),
    "age": Measure("mean age", "years", ".1f", _mean("age")),
    "fare": Measure("mean fare", "£", ",.2f", _mean("fare")),
}
ASKED_AS = {"survival": "survival rate", "passengers": "number of passengers"}
"""Measures as a question calls them."""
MEANS = ("age_known", "age_sum", "fare_known", "fare_sum")
DEFAULTS: dict[str, str] = {"x": "family", "colour": "sex", "measure": "survival"}
NOT_COLOURED = "none"


@dataclass(frozen=True)
class View:
    """What the explorer shows, each by its name in the address."""

    x: str
    colour: str
    measure: str


def view_from_address(address: Mapping[str, str]) -> tuple[View, list[str]]:
    """The view that an address names, and the names of the parameters that make no sense."""
    allowed = {"x": set(AXES), "colour": {*COLOURS, NOT_COLOURED}, "measure": set(MEASURES)}
    ignored = [name for name in allowed if name in address and address[name] not in allowed[name]]
    chosen = {name: value for name, value in address.items() if name in allowed and name not in ignored}
    return View(**{**DEFAULTS, **chosen}), ignored


def view_to_address(view: View) -> dict[str, str]:
    """The view as parameters of an address; nothing for what is as at the start."""
    values = {"x": view.x, "colour": view.colour, "measure": view.measure}
    return {name: value for name, value in values.items() if value != DEFAULTS[name]}


def explore(fetch: Fetch, filters: Filters, view: View) -> Chart:
    """The chart of a view; a colour that is the axis itself colours each bar."""
    axis, measure = AXES[view.x], MEASURES[view.measure]
    colour = None if view.colour == NOT_COLOURED else COLOURS[view.colour]
    query = facet_query([axis, colour] if colour else [axis], filters, measures=MEANS)
    rows = fetch(query)
    series = _series(axis, colour, measure, rows)
    labels = [captions.member_of(axis, row).label + _colour_label(colour, axis, row) for row in rows]
    caption = captions.explorer_caption(
        labels, [measure.value(row) for row in rows], measure.words, measure.unit
    )
    figure = figures.grouped_bars(
        series, axis.title.lower(), measure.words, measure.tick_format, [m.label for m in axis.members]
    )
    groups = " and ".join(facet.title.lower() for facet in (axis, colour) if facet)
    asks = f"What is the {ASKED_AS.get(view.measure, measure.words)} by {groups}?"
    return Chart("explorer", "What would you like to compare?", caption, figure, query, rows, asks=asks)


def _series(axis: Facet, colour: Facet | None, measure: Measure, rows: list[Row]) -> list[figures.Series]:
    """A series for each value of the colour, in its order; a single one without a colour."""
    if colour is None:
        return [_one_series(axis.title, ACCENT, axis, measure, rows)]
    return [
        _one_series(member.label, colour_of(colour.name, member.token, place), axis, measure, mine)
        for place, member in enumerate(colour.members)
        if (mine := [row for row in rows if _is(colour, member, row)])
    ]


def _one_series(name: str, colour: str, axis: Facet, measure: Measure, rows: list[Row]) -> figures.Series:
    labels = [captions.member_of(axis, row).label for row in rows]
    return figures.Series(
        name, colour, labels, [measure.value(r) for r in rows], [r["passengers"] for r in rows]
    )


def _is(facet: Facet, member: Member, row: Row) -> bool:
    return captions.member_of(facet, row) is member


def _colour_label(colour: Facet | None, axis: Facet, row: Row) -> str:
    return f", {captions.member_of(colour, row).label}" if colour and colour is not axis else ""
