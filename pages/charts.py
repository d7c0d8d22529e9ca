"""Charts over the table that the pipeline built; every choice narrows all of them."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from data_pipeline.errors import TableUnavailable
from data_pipeline.settings import Settings
from pages import _chart_board as board
from pages import _chart_state as state
from pages._chart_captions import percent
from pages._chart_card import PICTURE_FORMATS, show_card, show_chart, show_doors
from pages._chart_data import QueryTooSlow, Row, Version, cached_check, cached_rows, version_of
from pages._chart_explorer import AXES, COLOURS, MEASURES, NOT_COLOURED, View, explore
from pages._chart_facets import BOARDED, DECK, FAMILY
from pages._chart_filter_bar import show_filters
from pages._chart_filters import Filters, in_words
from pages._chart_look import apply_look
from pages._chart_queries import Query
from pages._passenger_queries import LIMIT_S
from pages._passenger_table import show_passengers


def show_page(database: Path) -> None:
    """The page from top to bottom: figures, filters, charts, passengers."""
    version = version_of(database)
    total = cached_check(database, version)
    state.restore()
    filters = state.filters()

    def rows_of(query: Query) -> list[Row]:
        if is_replaced(database, version):  # since this page was drawn, of which a part is drawn anew
            st.rerun()
        return cached_rows(database, version, query, LIMIT_S)

    if ignored := state.ignored():
        names = ", ".join(f"`{name}`" for name in ignored)
        st.warning(f"The address names what is not there; left out: {names}.", icon=":material/link_off:")
    summary = board.summarise(rows_of, filters, total)
    show_filters(filters, summary.passengers, total)
    show_metrics(summary, board.summarise(rows_of, Filters(), total), bool(in_words(filters)))
    if not summary.passengers:
        show_nobody()
        return
    show_charts(rows_of, filters, total)
    st.fragment(show_passengers)(rows_of, version, filters, summary.passengers)


def is_replaced(database: Path, version: Version) -> bool:
    """True when another file, or none, stands where this version stood."""
    try:
        return version_of(database) != version
    except TableUnavailable:
        return True


def show_metrics(summary: board.Summary, whole: board.Summary, is_filtered: bool) -> None:
    """Four figures, each beside that of all passengers when filters are set."""
    figures = zip(metrics(summary).items(), metrics(whole).values(), strict=True)
    with st.container(horizontal=True, key="metrics"):
        for (label, value), of_all in figures:
            beside = f"all: {of_all}" if is_filtered else None
            st.metric(label, value, beside, delta_color="off", delta_arrow="off", border=True)
    about = "" if summary.is_exact else " Medians of a table this large are taken from counted values."
    st.caption(f"The median age is that of the {summary.age_known:,} whose age is known.{about}")


def metrics(summary: board.Summary) -> dict[str, str]:
    """The four figures as people read them."""
    age, fare, passengers = summary.median_age, summary.median_fare, summary.passengers
    return {
        "Passengers": f"{passengers:,}",
        "Survived": percent(summary.survivors / passengers) if passengers else "-",
        "Median age": "unknown" if age is None else f"{age:.3g} years",
        "Median fare": "unknown" if fare is None else f"£{fare:,.2f}",
    }


def show_nobody() -> None:
    """Say that no passenger matches, and offer the way back."""
    st.info("No passenger matches all of these filters.", icon=":material/person_off:")
    st.button(
        "Show all passengers", icon=":material/filter_alt_off:", key="clear-nobody", on_click=state.clear
    )


def show_charts(rows_of: board.Fetch, filters: Filters, total: int) -> None:
    """The charts in two columns, then the explorer over the whole width."""
    charts = [
        board.survival_by_group(rows_of, filters),
        board.ages(rows_of, filters),
        board.fares(rows_of, filters, total),
        board.survival_by(rows_of, filters, FAMILY),
        board.survival_by(rows_of, filters, BOARDED),
        board.survival_by(rows_of, filters, DECK),
    ]
    conditions = list(in_words(filters).values())
    picture_format = st.session_state.get("picture-format") or PICTURE_FORMATS[0]
    for left, right in zip(charts[::2], charts[1::2], strict=True):
        for column, chart in zip(st.columns(2), (left, right), strict=True):
            with column:
                show_card(chart, conditions, picture_format)
    unknowns, explorer = st.columns([2, 3])
    with unknowns:
        show_card(board.unknowns(rows_of, filters), conditions, picture_format)
    with explorer:
        st.fragment(show_explorer)(rows_of, filters, conditions, picture_format)
    st.segmented_control(
        "Save pictures of charts as", PICTURE_FORMATS, default=PICTURE_FORMATS[0], format_func=str.upper,
        key="picture-format",
    )  # fmt: skip


def show_explorer(rows_of: board.Fetch, filters: Filters, conditions: list[str], picture_format: str) -> None:
    """The chart that the reader puts together."""
    with st.container(border=True, key="card-explorer"):
        st.subheader("What would you like to compare?", anchor=False)
        show_choices(state.view())
        chart = explore(rows_of, filters, state.view())
        show_chart(chart, picture_format)
        show_doors(chart, conditions)


def show_choices(view: View) -> None:
    """Three boxes: axis, colour, measure."""
    choices: dict[str, tuple[str, dict[str, str]]] = {
        "x": ("Along the axis", {name: facet.title for name, facet in AXES.items()}),
        "colour": (
            "Coloured by",
            {name: facet.title for name, facet in COLOURS.items()} | {NOT_COLOURED: "Nothing"},
        ),
        "measure": ("Height", {name: m.words.capitalize() for name, m in MEASURES.items()}),
    }
    for column, (name, (label, words)) in zip(st.columns(3), choices.items(), strict=True):
        key = f"explore-{name}"
        st.session_state[key] = getattr(view, name)
        column.selectbox(label, list(words), format_func=words.__getitem__, key=key, on_change=set_view)


def set_view() -> None:
    """Take over what was chosen in the three boxes."""
    state.set_view(View(*(st.session_state[f"explore-{name}"] for name in ("x", "colour", "measure"))))


apply_look()
st.title("Who survived?")
try:
    show_page(Settings().database)
except TableUnavailable as error:
    st.info(f"{error.cause} {error.remedy}", icon=":material/database_off:")
    st.page_link("pipeline.py", label="Rebuild the data", icon=":material/refresh:")
except QueryTooSlow:
    st.warning("The table did not answer in time. Reload the page to try again.", icon=":material/timer_off:")
