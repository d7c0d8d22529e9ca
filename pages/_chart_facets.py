"""What passengers can be told apart by: the token in the address, the value in SQL, the words for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from data_pipeline.cube import AGE_BIN_YEARS, AGE_BINS, DECKS, FAMILY_SIZES, FARE_BINS, OTHER_DECK

UNKNOWN = "unknown"
"""The token that stands for NULL."""


@dataclass(frozen=True)
class Member:
    """One value of a facet: its token, the value of each dimension, a short label and full words."""

    token: str
    values: tuple[Any, ...]
    label: str
    words: str


@dataclass(frozen=True)
class Facet:
    """A property of passengers: its name, the dimensions it looks at, its possible values in order."""

    name: str
    title: str
    dimensions: tuple[str, ...]
    members: tuple[Member, ...]

    def member(self, token: str) -> Member | None:
        """The value with this token, if there is one."""
        return next((member for member in self.members if member.token == token), None)

    def by_value(self, *values: Any) -> Member:
        """The value that these figures of the database stand for; raises KeyError where there is none."""
        for member in self.members:
            if member.values == values:
                return member
        raise KeyError(values)


def _members(words: dict[Any, tuple[str, str, str]]) -> tuple[Member, ...]:
    return tuple(Member(token, (value,), label, text) for value, (token, label, text) in words.items())


def _bins(bounds: tuple[int, ...], last: int | None, unit: str, what: str) -> tuple[Member, ...]:
    """A member for each bin, and one for unknown; `unit` comes before the number where it is a pound sign."""
    members = []
    for low, high in zip(bounds, [*bounds[1:], last], strict=True):
        label = f"{unit}{low:,}-{high:,}" if high else f"{unit}{low:,}+"
        words = f"{what} {unit}{low:,} to under {unit}{high:,}" if high else f"{what} {unit}{low:,} or more"
        members.append(Member(str(low), (low,), label, words))
    return (*members, Member(UNKNOWN, (None,), UNKNOWN, f"{what} unknown"))


SEXES = ("female", "male")
CLASS_WORDS = {1: "first class", 2: "second class", 3: "third class"}

CLASS = Facet(
    "class", "Class", ("pclass",),
    tuple(Member(str(n), (n,), words.split()[0].capitalize(), words) for n, words in CLASS_WORDS.items()),
)  # fmt: skip
SEX = Facet("sex", "Sex", ("sex",), _members({sex: (sex, sex.capitalize(), sex) for sex in SEXES}))
PORT = Facet("port", "Port", ("embarked",), _members({
    "S": ("S", "Southampton", "boarded at Southampton"),
    "C": ("C", "Cherbourg", "boarded at Cherbourg"),
    "Q": ("Q", "Queenstown", "boarded at Queenstown"),
    None: (UNKNOWN, UNKNOWN, "port unknown"),
}))  # fmt: skip
SURVIVED = Facet("survived", "Survived", ("survived",), _members({
    1: ("yes", "Survived", "survived"), 0: ("no", "Died", "died"),
}))  # fmt: skip
COMPANY = Facet("company", "Company", ("alone",), _members({
    1: ("alone", "Alone", "travelling alone"), 0: ("family", "With family", "travelling with family"),
}))  # fmt: skip
GROUP = Facet("pick-group", "Class and sex", ("pclass", "sex"), tuple(
    Member(f"{number}-{sex}", (number, sex), f"{sex} in {words}", f"{sex} in {words}")
    for number, words in CLASS_WORDS.items() for sex in SEXES
))  # fmt: skip
AGE = Facet(
    "pick-age", "Age", ("age_bin",), _bins(AGE_BINS, AGE_BINS[-1] + AGE_BIN_YEARS, "", "aged")
)  # fmt: skip
FARE = Facet("pick-fare", "Fare", ("fare_bin",), _bins(FARE_BINS, None, "£", "fare"))
BOARDED = Facet("pick-port", "Port", PORT.dimensions, PORT.members)
FAMILY = Facet("pick-family", "Family size", ("family_size",), (
    Member("1", (1,), "1", "without relatives"),
    *(Member(str(size), (size,), str(size), f"in a family of {size}") for size in FAMILY_SIZES[1:-1]),
    Member(str(FAMILY_SIZES[-1]), (FAMILY_SIZES[-1],), f"{FAMILY_SIZES[-1]}+",
           f"in a family of {FAMILY_SIZES[-1]} or more"),
))  # fmt: skip
DECK = Facet("pick-deck", "Deck", ("deck",), (
    *(Member(deck, (deck,), deck, f"on deck {deck}") for deck in DECKS),
    Member(OTHER_DECK, (OTHER_DECK,), OTHER_DECK, "in a cabin of no known deck"),
    Member(UNKNOWN, (None,), UNKNOWN, "cabin unknown"),
))  # fmt: skip

BAR: tuple[Facet, ...] = (CLASS, SEX, PORT, SURVIVED, COMPANY)
"""Chosen in the filter bar."""
PICKS: tuple[Facet, ...] = (GROUP, AGE, FARE, BOARDED, FAMILY, DECK)
"""Chosen by clicking marks in a chart."""
FACETS: dict[str, Facet] = {facet.name: facet for facet in (*BAR, *PICKS)}
