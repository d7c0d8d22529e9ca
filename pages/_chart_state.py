"""What the reader chose: in the address, so that a link shows the same, and kept while pages are switched."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from pages._chart_explorer import View, view_from_address, view_to_address
from pages._chart_filters import NAMES, Filters, from_address, to_address
from pages._passenger_queries import ORDERS, SEARCH_LENGTH

KEPT = "charts-address"
"""Where the session keeps the parameters: a switch of pages takes them out of the address."""

SEARCH, ORDER = "search", "order"
ALL_NAMES = (*NAMES, "x", "colour", "measure", SEARCH, ORDER)


def restore() -> None:
    """Take the parameters out of the address or, where it has none of ours, put the kept ones back."""
    told = {name: st.query_params[name] for name in ALL_NAMES if name in st.query_params}
    if told:
        st.session_state[KEPT] = told
    else:
        st.query_params.update(_kept())


def filters() -> Filters:
    """The filters that are set."""
    return from_address(_kept())[0]


def view() -> View:
    """What the explorer shows."""
    return view_from_address(_kept())[0]


def search() -> str:
    """What is searched for among the passengers."""
    return _kept().get(SEARCH, "")[:SEARCH_LENGTH]


def order() -> str:
    """The name of the passengers' order."""
    name = _kept().get(ORDER, "number")
    return name if name in ORDERS else "number"


def ignored() -> list[str]:
    """The parameters of the address that made no sense."""
    wrong_order = [ORDER] if _kept().get(ORDER, "number") not in ORDERS else []
    return [*from_address(_kept())[1], *view_from_address(_kept())[1], *wrong_order]


def set_filters(new: Filters) -> None:
    """Set the filters, in the session and in the address."""
    _change(NAMES, to_address(new))


def set_view(new: View) -> None:
    """Set what the explorer shows."""
    _change(("x", "colour", "measure"), view_to_address(new))


def set_passengers(search: str, order: str) -> None:
    """Set search and order of the passengers."""
    values = {SEARCH: search.strip()[:SEARCH_LENGTH], ORDER: "" if order == "number" else order}
    _change((SEARCH, ORDER), {name: value for name, value in values.items() if value})


def remove(name: str) -> None:
    """Take one filter away."""
    set_filters(filters().without(name))


def clear() -> None:
    """Take all filters away."""
    set_filters(Filters())


def pick(name: str, tokens: set[str]) -> None:
    """Marks were chosen in a chart: a single one that is chosen already goes, all others come."""
    chosen = set(filters().tokens(name))
    both = chosen ^ tokens if len(tokens) == 1 else chosen | tokens
    set_filters(filters().choose(name, tuple(both)))


def _kept() -> dict[str, str]:
    return dict(st.session_state.get(KEPT, {}))


def _change(names: tuple[str, ...], values: Mapping[str, str]) -> None:
    kept = {name: value for name, value in _kept().items() if name not in names} | dict(values)
    st.session_state[KEPT] = kept
    for name in names:
        if name in values:
            st.query_params[name] = values[name]
        else:
            st.query_params.pop(name, None)
