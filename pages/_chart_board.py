"""Each chart of the page, put together: its question, SQL, rows, figure and caption."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from data_pipeline.table import COLUMNS
from pages import _chart_captions as captions
from pages import _chart_figures as figures
from pages._chart_data import Row
from pages._chart_facets import AGE, BOARDED, DECK, FAMILY, FARE, GROUP, Facet
from pages._chart_filters import Filters
from pages._chart_queries import NUMBERS, Query, ValueCounts, facet_query, totals_query, value_counts_query
from pages._chart_statistics import Box, box_of, quantile

if TYPE_CHECKING:
    import plotly.graph_objects as go

Fetch = Callable[[Query], list[Row]]
MAY_BE_UNKNOWN: tuple[str, ...] = tuple(column.name for column in COLUMNS if column.may_be_unknown)


@dataclass(frozen=True)
class Chart:
    """A chart as it is shown: `rows` are what was drawn, `pick` the facet that clicking a mark chooses.

    `asks` is the question for the chat where the title is none.
    """

    name: str
    title: str
    caption: str
    figure: go.Figure
    query: Query
    rows: Sequence[Row] = field(default=())
    pick: Facet | None = None
    asks: str = ""


@dataclass(frozen=True)
class Summary:
    """The metrics of a group of passengers; medians are None where nothing is known."""

    passengers: int
    survivors: int
    age_known: int
    median_age: float | None
    median_fare: float | None
    is_exact: bool


def summarise(fetch: Fetch, filters: Filters, table_rows: int) -> Summary:
    """The figures of the metrics row for these filters."""
    totals = fetch(totals_query(filters))[0]
    age, fare = (value_counts_query(number, filters, table_rows) for number in NUMBERS)
    return Summary(
        passengers=totals["passengers"] or 0,
        survivors=totals["survivors"] or 0,
        age_known=totals["age_known"] or 0,
        median_age=median(fetch, age),
        median_fare=median(fetch, fare),
        is_exact=age.precision == fare.precision == "exact",
    )


def median(fetch: Fetch, counts: ValueCounts) -> float | None:
    """The middle of counted values, None where there are none."""
    pairs = [(row["value"], row["rows"]) for row in fetch(counts.query)]
    return quantile(pairs, 0.5, counts.bins)


def survival_by_group(fetch: Fetch, filters: Filters) -> Chart:
    """Survival by class and sex."""
    query = facet_query((GROUP,), filters, frozenset({GROUP.name}))
    rows = fetch(query)
    figure = figures.survival_by_group(GROUP, rows, filters.tokens(GROUP.name))
    caption = captions.survival_caption(GROUP, rows)
    return Chart("groups", "Who survived, by class and sex?", caption, figure, query, rows, GROUP)


def ages(fetch: Fetch, filters: Filters) -> Chart:
    """The ages, survivors apart from the others."""
    query = facet_query((AGE,), filters, frozenset({AGE.name}))
    rows = fetch(query)
    figure = figures.age_bars(rows, filters.tokens(AGE.name))
    return Chart(
        "ages", "How old were they, and who lived?", captions.age_caption(AGE, rows), figure, query, rows, AGE
    )


def fares(fetch: Fetch, filters: Filters, table_rows: int) -> Chart:
    """The fares of each class as boxes."""
    counts = value_counts_query("fare", filters, table_rows, by_class=True)
    rows = fetch(counts.query)
    boxes: dict[int, Box] = {}
    for number in sorted({row["pclass"] for row in rows}):
        pairs = [(row["value"], row["rows"]) for row in rows if row["pclass"] == number]
        if box := box_of(pairs, counts.bins):
            boxes[number] = box
    by_bin = fetch(facet_query((FARE,), filters, frozenset({FARE.name})))
    unknown = sum(row["passengers"] for row in by_bin if row["fare_bin"] is None)
    free = sum(row["rows"] for row in rows if row["value"] == 0)
    caption = captions.fare_caption(boxes, free, unknown, counts.precision == "exact")
    figure = figures.fare_boxes(boxes, filters.tokens(FARE.name))
    return Chart("fares", "What did a ticket cost?", caption, figure, counts.query, rows, FARE)


def survival_by(fetch: Fetch, filters: Filters, facet: Facet) -> Chart:
    """Survival by port, family size or deck."""
    name, title, axis = {
        BOARDED.name: ("ports", "Did the port of boarding matter?", "port of boarding"),
        FAMILY.name: ("families", "Was it better to travel together?", "people of one family on board"),
        DECK.name: ("decks", "Which decks were saved?", "deck, from the top down"),
    }[facet.name]
    query = facet_query((facet,), filters, frozenset({facet.name}))
    rows = in_order(facet, fetch(query))
    figure = figures.survival_bars(facet, rows, filters.tokens(facet.name), axis)
    return Chart(name, title, captions.survival_caption(facet, rows), figure, query, rows, facet)


def in_order(facet: Facet, rows: Sequence[Row]) -> list[Row]:
    """The rows in the order of the facet's members, unknown last."""
    return sorted(rows, key=lambda row: facet.members.index(captions.member_of(facet, row)))


def unknowns(fetch: Fetch, filters: Filters) -> Chart:
    """How much is unknown, column by column."""
    query = totals_query(filters)
    totals = fetch(query)[0]
    unknown = unknown_counts(totals)
    rows = [
        {"column": name, "unknown": count, "passengers": totals["passengers"]}
        for name, count in unknown.items()
    ]
    return Chart(
        "unknowns",
        "What do we not know?",
        captions.unknown_caption(unknown, totals["passengers"]),
        figures.unknown_bars(unknown, totals["passengers"]),
        query,
        rows,
    )


def unknown_counts(totals: Row) -> dict[str, int]:
    """For each column that may be unknown, of how many of these passengers it is."""
    known = {name: totals[f"{name}_known"] for name in MAY_BE_UNKNOWN if f"{name}_known" in totals}
    return {name: (totals["passengers"] or 0) - (count or 0) for name, count in known.items()}
