"""The filter bar: a button for each filter, a chip for each that is set, and how many passengers match."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import streamlit as st

from data_pipeline.cube import FARE_BINS
from pages import _chart_state as state
from pages._chart_facets import BAR, Facet
from pages._chart_filters import AGE_BOUNDS, UNKNOWN_AGE_WORDS, Filters, Range, Unknowns, in_words

ICONS = {"class": "stairs", "sex": "wc", "port": "anchor", "survived": "favorite", "company": "group"}


def show_filters(filters: Filters, matching: int, total: int) -> None:
    """Draw the bar and the chips of these filters."""
    with st.container(horizontal=True, key="filters"):
        for facet in BAR:
            _facet_button(facet, filters)
        with st.popover("Age", icon=":material/cake:"):
            _age_widgets(filters)
        with st.popover("Fare", icon=":material/payments:"):
            _range_widget("fare", "Fare in pounds", FARE_BINS, filters.fare, "£")
    with st.container(horizontal=True, vertical_alignment="center", key="chips"):
        _chips(filters, matching, total)


def _facet_button(facet: Facet, filters: Filters) -> None:
    key = f"filter-{facet.name}"
    st.session_state[key] = list(filters.tokens(facet.name))
    labels = {member.token: member.label for member in facet.members}
    with st.popover(facet.title, icon=f":material/{ICONS[facet.name]}:"):
        st.pills(
            facet.title,
            list(labels),
            selection_mode="multi",
            format_func=labels.__getitem__,
            key=key,
            on_change=_set_facet,
            args=(facet.name, key),
        )
        st.caption("None chosen means all.")


def _set_facet(name: str, key: str) -> None:
    state.set_filters(state.filters().choose(name, st.session_state[key]))


def _age_widgets(filters: Filters) -> None:
    """The range of ages, and what happens to passengers of unknown age."""
    _range_widget("age", "Age in years", AGE_BOUNDS, filters.age, "")
    st.session_state["filter-age-unknown"] = filters.unknown_age
    st.radio(
        "Passengers of unknown age",
        get_args(Unknowns),
        format_func=lambda choice: UNKNOWN_AGE_WORDS[choice].capitalize(),
        key="filter-age-unknown",
        on_change=_set_unknown_age,
    )
    st.caption("Setting a range leaves them out, unless you choose otherwise here.")


def _set_unknown_age() -> None:
    chosen: Unknowns = st.session_state["filter-age-unknown"]
    state.set_filters(replace(state.filters(), chosen_unknown=chosen))


def _range_widget(name: str, label: str, bounds: tuple[int, ...], value: Range, unit: str) -> None:
    """Two boxes with the bounds that were counted; the upper one offers only what lies above the lower."""
    lower, upper = bounds[1:-1], [bound for bound in bounds[1:] if bound > (value.low or 0)]
    st.markdown(f"**{label}**")
    for column, part, words, options in zip(
        st.columns(2), ("low", "high"), ("From", "To under"), (lower, upper), strict=True
    ):
        key = f"filter-{name}-{part}"
        st.session_state[key] = getattr(value, part)
        column.selectbox(
            words,
            options,
            index=None,
            placeholder="No limit",
            format_func=lambda bound: f"{unit}{bound:,}",
            key=key,
            on_change=_set_range,
            args=(name,),
        )


def _set_range(name: str) -> None:
    low, high = (st.session_state[f"filter-{name}-{part}"] for part in ("low", "high"))
    if low is not None and high is not None and high <= low:
        high = None
    filters, chosen = state.filters(), Range(low, high)
    state.set_filters(replace(filters, age=chosen) if name == "age" else replace(filters, fare=chosen))


def _chips(filters: Filters, matching: int, total: int) -> None:
    """How many match, a chip for each filter, and one button that takes all away."""
    words = in_words(filters)
    if not words:
        st.caption(f"All {total:,} passengers. Choose above, or click marks in the charts.")
        return
    st.markdown(f"**{matching:,}** of {total:,} passengers")
    for name, text in words.items():
        st.button(
            text, icon=":material/close:", key=f"chip-{name}", on_click=state.remove, args=(name,),
            help="Take this filter away",
        )  # fmt: skip
    st.button(
        "Clear all", icon=":material/filter_alt_off:", key="clear", type="tertiary", on_click=state.clear
    )
