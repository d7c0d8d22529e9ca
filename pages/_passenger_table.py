"""The passengers behind the filters: searched, sorted, paged, downloaded, and one looked at closely."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from data_pipeline.table import COLUMN_NAMES
from pages import _chart_state as state
from pages._chart_data import QueryTooSlow, Row
from pages._chart_facets import CLASS, PORT
from pages._chart_filters import Filters, to_address
from pages._chart_queries import Query
from pages._passenger_csv import link
from pages._passenger_queries import (
    LIMIT_S,
    ORDERS,
    PAGE_ROWS,
    SEARCH_LENGTH,
    Position,
    count_query,
    page_query,
)  # fmt: skip
from pages._plain_label import label

Fetch = Callable[[Query], list[Row]]
POSITIONS = "passenger-positions"
LABELS = {
    "passenger_id": "No.", "survived": "Survived", "pclass": "Class", "name": "Name", "sex": "Sex",
    "age": "Age", "sibsp": "Siblings, spouses", "parch": "Parents, children", "ticket": "Ticket",
    "fare": "Fare (£)", "cabin": "Cabin", "embarked": "Port",
}  # fmt: skip


def show_passengers(fetch: Fetch, version: object, filters: Filters, matching: int) -> None:
    """Draw the section; `fetch` ends a query after `LIMIT_S`."""
    st.subheader("Who were they?", anchor=False)
    search, order = _show_controls()
    positions = _positions((str(version), tuple(to_address(filters).items()), search, order))
    query = page_query(filters, search, ORDERS[order], positions[-1], PAGE_ROWS + 1)
    try:
        rows = fetch(query)
    except QueryTooSlow:
        st.warning(
            f"This takes more than {LIMIT_S:g} s in a table of this size, so it was stopped. Sort by number, "
            "or narrow the charts first.",
            icon=":material/timer_off:",
        )
        return
    if not rows:
        st.info("No passenger matches. Change the search or the filters.", icon=":material/person_off:")
        return
    found = _count(fetch, filters, search) if search else matching
    _show_page(rows[:PAGE_ROWS])
    _show_paging(positions, rows, ORDERS[order].column, found)
    with st.container(horizontal=True, key="doors-passengers"):
        _show_download(filters, search, order, found)
        with st.popover("Show SQL", icon=":material/database:", type="tertiary"):
            st.code(query.for_the_shell, language="sql", wrap_lines=True)


def _count(fetch: Fetch, filters: Filters, search: str) -> int | None:
    """How many the search finds, None where counting them takes too long."""
    try:
        return int(fetch(count_query(filters, search))[0]["passengers"])
    except QueryTooSlow:
        return None


def _show_controls() -> tuple[str, str]:
    """The search and the order, as they are set."""
    st.session_state["passenger-search"], st.session_state["passenger-order"] = state.search(), state.order()
    search, order = st.columns([3, 2])
    search.text_input(
        "Search names and tickets", key="passenger-search", icon=":material/search:", max_chars=SEARCH_LENGTH,
        on_change=_set_passengers,
    )  # fmt: skip
    order.selectbox(
        "Sort by", list(ORDERS), format_func=lambda name: ORDERS[name].words, key="passenger-order",
        on_change=_set_passengers,
    )  # fmt: skip
    return state.search(), state.order()


def _set_passengers() -> None:
    state.set_passengers(st.session_state["passenger-search"], st.session_state["passenger-order"])


def _positions(of_what: object) -> list[Position | None]:
    """Where each page up to this one begins; starts anew when anything but the page has changed."""
    kept_of, kept = st.session_state.get(POSITIONS, (None, None))
    positions: list[Position | None] = kept if kept and kept_of == of_what else [None]
    st.session_state[POSITIONS] = (of_what, positions)
    return positions


def _step_back(positions: list[Position | None]) -> None:
    del positions[-1]


def _show_page(rows: list[Row]) -> None:
    """The rows as a table; choosing one shows that passenger's card."""
    ports = {member.values[0]: member.label for member in PORT.members if member.values[0]}
    shown = [
        {LABELS[name]: ports.get(row[name]) if name == "embarked" else row[name] for name in COLUMN_NAMES}
        for row in rows
    ]
    event = st.dataframe(
        shown,
        hide_index=True,
        placeholder="unknown",
        column_config={
            LABELS["survived"]: st.column_config.CheckboxColumn(),
            LABELS["fare"]: st.column_config.NumberColumn(format="%.2f"),
            LABELS["name"]: st.column_config.TextColumn(width="large"),
        },
        on_select="rerun",
        selection_mode="single-row",
        key=f"passengers-{rows[0]['passenger_id']}-{len(rows)}",
        alt="Passengers behind the filters, one a row",
    )
    chosen = event["selection"]["rows"]
    if chosen and chosen[0] < len(rows):
        show_card(rows[chosen[0]])


def show_card(row: Row) -> None:
    """A passenger in words; the texts of the data are shown as they are, without markup."""
    with st.container(border=True, key="passenger-card"):
        st.markdown(f"**{label(row['name'] or 'Name unknown')}**")
        with st.container(horizontal=True):
            if row["survived"]:
                st.badge("Survived", icon=":material/favorite:", color="green")
            else:
                st.badge("Died", icon=":material/heart_broken:", color="gray")
            st.badge(f"Passenger {row['passenger_id']}", color="blue")
        st.markdown("  \n".join(f"**{title}:** {text}" for title, text in card_facts(row).items()))


def card_facts(row: Row) -> dict[str, str]:
    """What is known of a passenger, title -> text in Markdown."""
    return {
        "Class": CLASS.by_value(row["pclass"]).words,
        "Sex": row["sex"],
        "Age": "unknown" if row["age"] is None else f"{row['age']:g} years",
        "On board with": f"{row['sibsp']} siblings or spouses, {row['parch']} parents or children",
        "Ticket": f"{label(row['ticket'] or 'unknown')}, "
        + ("fare unknown" if row["fare"] is None else f"£{row['fare']:,.2f} for the whole ticket"),
        "Cabin": label(row["cabin"] or "unknown"),
        "Boarded at": PORT.by_value(row["embarked"]).label,
    }


def _show_paging(positions: list[Position | None], rows: list[Row], column: str, found: int | None) -> None:
    """Which passengers are shown, and the ways back and on."""
    first = (len(positions) - 1) * PAGE_ROWS + 1
    last_row = rows[min(len(rows), PAGE_ROWS) - 1]
    with st.container(horizontal=True, vertical_alignment="center", key="paging"):
        st.button(
            "Previous", icon=":material/chevron_left:", key="previous", disabled=len(positions) == 1,
            on_click=_step_back, args=(positions,),
        )  # fmt: skip
        st.button(
            "Next", icon=":material/chevron_right:", key="next", disabled=len(rows) <= PAGE_ROWS,
            on_click=positions.append, args=(Position(last_row[column], last_row["passenger_id"]),),
        )  # fmt: skip
        last = first + min(len(rows), PAGE_ROWS) - 1
        of_all = "more than could be counted in time" if found is None else f"{found:,}"
        st.caption(f"{first:,} to {last:,} of {of_all}")


def _show_download(filters: Filters, search: str, order: str, found: int | None) -> None:
    """A link to all matching passengers as CSV."""
    st.link_button(
        "CSV of all that match" if found is None else f"CSV of all {found:,}",
        link(filters, search, order),
        icon=":material/download:",
        key="csv-passengers",
        type="tertiary",
        help="Cells that a spreadsheet would run as a formula get an apostrophe before them",
    )
