"""Which passengers the page speaks of: read from the address, written to it, put in words.

`class=1,3&age=20-35` and so on. What makes no sense in an address is left out and named, never an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args

from data_pipeline.cube import AGE_BIN_YEARS, AGE_BINS, FARE_BINS
from pages._chart_facets import FACETS, Facet

Unknowns = Literal["keep", "drop", "only"]
AGE_BOUNDS: tuple[int, ...] = (*AGE_BINS, AGE_BINS[-1] + AGE_BIN_YEARS)
AGE, FARE, UNKNOWN_AGE = "age", "fare", "age-unknown"
NAMES: tuple[str, ...] = (*FACETS, AGE, FARE, UNKNOWN_AGE)
"""Every name of a filter in the address."""

UNKNOWN_AGE_WORDS: dict[Unknowns, str] = {
    "keep": "unknown ages kept",
    "drop": "unknown ages left out",
    "only": "only unknown ages",
}


@dataclass(frozen=True)
class Range:
    """From a lower bound (inclusive) to an upper one (exclusive); None where it is open."""

    low: int | None = None
    high: int | None = None

    def __bool__(self) -> bool:
        """True when there is a bound at all."""
        return self.low is not None or self.high is not None

    def __str__(self) -> str:
        """As in the address: `20-35`, `20-`, `-35`."""
        return f"{'' if self.low is None else self.low}-{'' if self.high is None else self.high}"

    def in_words(self, unit: str = "") -> str:
        """`20 to under 35`, `20 or more`, `under 35`."""
        if self.high is None:
            return f"{unit}{self.low:,} or more"
        if self.low is None:
            return f"under {unit}{self.high:,}"
        return f"{unit}{self.low:,} to under {unit}{self.high:,}"


@dataclass(frozen=True)
class Filters:
    """What was chosen: for each facet the tokens of its members, in the facet's order; two ranges.

    `chosen_unknown` says what happens to passengers of unknown age; None leaves it to `unknown_age`.
    """

    chosen: tuple[tuple[str, tuple[str, ...]], ...] = ()
    age: Range = Range()
    fare: Range = Range()
    chosen_unknown: Unknowns | None = None

    @property
    def unknown_age(self) -> Unknowns:
        """Kept, unless an age range is set: then left out, unless it was chosen otherwise."""
        return self.chosen_unknown or ("drop" if self.age else "keep")

    def tokens(self, name: str) -> tuple[str, ...]:
        """What was chosen of this facet, empty for all."""
        return dict(self.chosen).get(name, ())

    def choose(self, name: str, tokens: tuple[str, ...] | list[str]) -> Filters:
        """The same filters with this facet set; nothing chosen means everything, as does all chosen."""
        facet = FACETS[name]
        ordered = tuple(member.token for member in facet.members if member.token in tokens)
        rest = {key: value for key, value in self.chosen if key != name}
        if ordered and len(ordered) < len(facet.members):
            rest[name] = ordered
        return replace(self, chosen=tuple((key, rest[key]) for key in FACETS if key in rest))

    def without(self, name: str) -> Filters:
        """The same filters with this one taken away; `name` is one of `NAMES`."""
        match name:
            case "age":
                return replace(self, age=Range(), chosen_unknown=None)
            case "age-unknown":
                return replace(self, chosen_unknown=None)
            case "fare":
                return replace(self, fare=Range())
        return self.choose(name, ())


def to_address(filters: Filters) -> dict[str, str]:
    """The filters as parameters of an address; nothing for what is not set."""
    address = {name: ",".join(tokens) for name, tokens in filters.chosen}
    if filters.age:
        address[AGE] = str(filters.age)
    if filters.fare:
        address[FARE] = str(filters.fare)
    if filters.chosen_unknown:
        address[UNKNOWN_AGE] = filters.chosen_unknown
    return address


def from_address(address: Mapping[str, str]) -> tuple[Filters, list[str]]:
    """The filters that an address names, and the names of the parameters that make no sense."""
    filters, ignored = Filters(), []
    for name, facet in FACETS.items():
        tokens = address[name].split(",") if name in address else []
        if any(facet.member(token) is None for token in tokens):
            ignored.append(name)
        filters = filters.choose(name, tokens)
    age = _range(address.get(AGE, "-"), AGE_BOUNDS)
    fare = _range(address.get(FARE, "-"), FARE_BINS)
    unknown = address.get(UNKNOWN_AGE)
    ignored += [name for name, value in ((AGE, age), (FARE, fare)) if value is None]
    if unknown is not None and unknown not in get_args(Unknowns):
        ignored.append(UNKNOWN_AGE)
        unknown = None
    filters = replace(filters, age=age or Range(), fare=fare or Range())
    return replace(filters, chosen_unknown=unknown), ignored  # type: ignore[arg-type]  # checked above


def in_words(filters: Filters) -> dict[str, str]:
    """What each filter that is set says, by its name, such as `class` -> `first class or second class`."""
    words = {name: _choice_in_words(FACETS[name], tokens) for name, tokens in filters.chosen}
    if filters.age:
        words[AGE] = f"aged {filters.age.in_words()}, {UNKNOWN_AGE_WORDS[filters.unknown_age]}"
    elif filters.unknown_age != "keep":
        words[UNKNOWN_AGE] = UNKNOWN_AGE_WORDS[filters.unknown_age]
    if filters.fare:
        words[FARE] = f"fare {filters.fare.in_words('£')}"
    return words


def _choice_in_words(facet: Facet, tokens: tuple[str, ...]) -> str:
    members = [member for member in facet.members if member.token in tokens]
    return " or ".join(member.words for member in members)


def _range(text: str, bounds: tuple[int, ...]) -> Range | None:
    """The range that this text names, None where it makes no sense or has bounds that are not counted."""
    parts = text.split("-")
    if len(parts) != 2 or not all(part == "" or (part.isascii() and part.isdigit()) for part in parts):
        return None
    low, high = (int(part) if part and len(part) < 7 else None for part in parts)
    if any(part and len(part) >= 7 for part in parts):
        return None
    if any(bound is not None and bound not in bounds for bound in (low, high)):
        return None
    if low is not None and high is not None and low >= high:
        return None
    return Range(low, high)
