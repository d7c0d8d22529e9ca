"""Filters of the charts: a link reproduces the view; nonsense in an address is left out, never an error."""

from __future__ import annotations

import pytest

from pages._ask_link import question
from pages._chart_explorer import view_from_address, view_to_address
from pages._chart_facets import FACETS
from pages._chart_filters import NAMES, Filters, Range, from_address, in_words, to_address

ADDRESSES = [
    {},
    {"class": "1"},
    {"class": "1,3", "sex": "female", "port": "C,unknown", "survived": "no", "company": "family"},
    {"age": "20-35", "fare": "10-100"},
    {"age": "-10", "age-unknown": "keep"},
    {"age": "60-", "fare": "-5"},
    {"age-unknown": "only"},
    {"pick-group": "1-female,3-male", "pick-age": "0,unknown", "pick-fare": "500"},
    {"pick-port": "Q", "pick-family": "1,8", "pick-deck": "A,other,unknown"},
]
NONSENSE = [
    {"class": "9"},
    {"class": "1;DROP TABLE titanic"},
    {"sex": ""},
    {"age": "35-20"},
    {"age": "21-30"},
    {"age": "abc"},
    {"age": "1-2-3"},
    {"age": "²0-30"},
    {"age": "99999999999999999999-"},
    {"fare": "-1-5"},
    {"fare": "3-5"},
    {"age-unknown": "perhaps"},
    {"pick-group": "1-female-3"},
    {"pick-deck": "' OR 1=1 --"},
    {"pick-family": "1e3"},
]


@pytest.mark.parametrize("address", ADDRESSES, ids=str)
def test_an_address_comes_back_as_it_was(address: dict[str, str]) -> None:
    """Filters read from a link and written again give the same link, and each says itself in words."""
    filters, ignored = from_address(address)
    assert ignored == []
    assert to_address(filters) == address
    assert len(in_words(filters)) == len({name.removesuffix("-unknown") for name in address})


@pytest.mark.parametrize("address", NONSENSE, ids=str)
def test_nonsense_is_left_out_and_named(address: dict[str, str]) -> None:
    """A parameter without sense is named, and filters nothing; the others still count."""
    filters, ignored = from_address({**address, "port": "S"})
    assert ignored == list(address)
    assert to_address(filters) == {"port": "S"}


def test_what_is_known_of_half_a_choice_is_kept() -> None:
    """Of a list of values the ones that exist are chosen, and the parameter is named all the same."""
    filters, ignored = from_address({"class": "1,9"})
    assert (to_address(filters), ignored) == ({"class": "1"}, ["class"])


def test_parameters_of_others_are_left_alone() -> None:
    """What another page or a campaign puts into the address is neither read nor named."""
    assert from_address({"run": "1", "utm_source": "x", "ask": "?"}) == (Filters(), [])


def test_choosing_everything_is_no_filter() -> None:
    """All values of a facet chosen is the same as none; so is a choice that is taken back."""
    for name, facet in FACETS.items():
        everything = tuple(member.token for member in facet.members)
        assert Filters().choose(name, everything) == Filters()
        assert Filters().choose(name, everything[:1]).without(name) == Filters()


def test_each_filter_can_be_taken_away() -> None:
    """`without` undoes exactly the filter it is asked for."""
    address = {"class": "1", "age": "20-35", "age-unknown": "keep", "fare": "10-20", "pick-deck": "B"}
    filters = from_address(address)[0]
    for name in address:
        gone = {"age", "age-unknown"} if name == "age" else {name}
        assert set(to_address(filters.without(name))) == set(address) - gone
    assert set(address) <= set(NAMES)


def test_unknown_ages_are_left_out_only_when_a_range_asks_for_it() -> None:
    """Without a range they are kept, with one left out, and an explicit choice wins."""
    assert Filters().unknown_age == "keep"
    assert Filters(age=Range(20, 30)).unknown_age == "drop"
    assert Filters(age=Range(20, 30), chosen_unknown="keep").unknown_age == "keep"
    assert "unknown ages left out" in in_words(Filters(age=Range(20, 30)))["age"]


def test_the_explorer_is_part_of_the_link() -> None:
    """Axis, colour and measure come back from an address; nonsense is named and the start view stands."""
    address = {"x": "deck", "colour": "none", "measure": "fare"}
    view, ignored = view_from_address(address)
    assert (view_to_address(view), ignored) == (address, [])
    assert view_from_address({"x": "../", "measure": "survival"})[1] == ["x"]


def test_the_question_for_the_chat_tells_the_filters() -> None:
    """The question asks plainly what the chart shows, and holds each filter in words."""
    words = in_words(from_address({"sex": "female", "fare": "10-20"})[0])
    text = question("ports", "Did the port of boarding matter?", words.values())
    assert text == "Show the survival rate by port as a chart (only: female; fare £10 to under £20)."
    assert question("none", "Who survived?", []) == "Who survived?"
