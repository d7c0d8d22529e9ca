"""What the demo model can speak of: filters, quantities and dimensions, each with its SQL and its words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from data_pipeline.table import TABLE

DERIVED: Mapping[str, str] = {
    "title": "trim(substr(name, instr(name, ',') + 1, instr(substr(name, instr(name, ',') + 1), '.') - 1))",
    "surname": "substr(name, 1, instr(name, ',') - 1)",
    "deck": "substr(cabin, 1, 1)",
    "relatives": "sibsp + parch",
    "family_size": "sibsp + parch + 1",
    "age_group": "(CAST(age / 10 AS INTEGER) * 10) || ' to ' || (CAST(age / 10 AS INTEGER) * 10 + 9)",
    "fare_group": (
        "(CAST(fare / 50 AS INTEGER) * 50) || ' to below ' || (CAST(fare / 50 AS INTEGER) * 50 + 50)"
    ),
    "fare_share": "fare / COUNT(*) OVER (PARTITION BY ticket)",
    "outcome": "CASE survived WHEN 1 THEN 'survived' ELSE 'died' END",
    "company": "CASE sibsp + parch WHEN 0 THEN 'alone' ELSE 'with relatives' END",
}
"""Columns that the table does not have and that follow from those it has, as SQL."""

SQL_WORD_BOUNDARY = r"(?<![\w'])%s(?![\w'])"


def quoted(text: str) -> str:
    """`text` as an SQL literal.

    >>> quoted("O'Brien")
    "'O''Brien'"
    """
    return "'" + text.replace("'", "''") + "'"


@dataclass(frozen=True)
class Filter:
    """A condition on passengers: its SQL, and how to say it.

    `key` names what it restricts; two filters of one key exclude each other. `noun` replaces "passengers"
    ("women"), `phrase` follows the noun ("in third class"), `predicate` follows a subject ("survived").
    `unknown` is the column that may be NULL here, so that an answer can say how many are not known.
    """

    key: str
    sql: str
    predicate: str
    phrase: str
    noun: str = ""
    unknown: str = ""
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Quantity:
    """A number that each passenger has, such as the age; `unknown` says that it may be NULL."""

    key: str
    sql: str
    words: str
    unit: str = ""
    unknown: bool = False


@dataclass(frozen=True)
class Dimension:
    """What a table of figures is broken down by; `values` are its values in words, `few` at most about ten.

    `is_range` says that a value is text which begins with a number, by which groups are put in order.
    """

    key: str
    words: str
    plural: str
    values: Mapping[Any, str] = field(default_factory=dict, hash=False)
    pattern: str = "{}"
    few: bool = True
    unknown: bool = False
    is_range: bool = False

    def say(self, value: object) -> str:
        """A value of this dimension in words: 1 as `first class`, NULL as `unknown port`."""
        if value is None:
            return f"unknown {self.words}"
        return self.values.get(value) or self.pattern.format(value)


AGE = Quantity("age", "age", "age", " years", unknown=True)
FARE = Quantity("fare", "fare", "fare", " pounds", unknown=True)
FARE_SHARE = Quantity(
    "fare_share", "fare_share", "fare, each ticket divided by the passengers who share it,", " pounds",
    unknown=True,
)  # fmt: skip
SIBSP = Quantity("sibsp", "sibsp", "number of siblings and spouses on board")
PARCH = Quantity("parch", "parch", "number of parents and children on board")
RELATIVES = Quantity("relatives", "relatives", "number of relatives on board")
FAMILY_SIZE = Quantity("family_size", "family_size", "family size (the passenger and all relatives on board)")
CLASS_NUMBER = Quantity("pclass", "pclass", "class")
SURVIVAL = Quantity("survived", "survived", "survival")

CLASS_WORDS = {1: "first class", 2: "second class", 3: "third class"}
PORTS = {"C": "Cherbourg", "Q": "Queenstown", "S": "Southampton"}
CLASS = Dimension("pclass", "class", "classes", CLASS_WORDS)
SEX = Dimension("sex", "sex", "sexes", {"female": "women", "male": "men"})
PORT = Dimension("embarked", "port", "ports", PORTS, unknown=True)
OUTCOME = Dimension("outcome", "outcome", "outcomes", {"survived": "survived", "died": "died"})
DECK = Dimension("deck", "deck", "decks", pattern="deck {}", unknown=True)
TITLE = Dimension("title", "title", "titles", pattern="{}", few=False, unknown=True)
FAMILY = Dimension("family_size", "family size", "family sizes", pattern="family size {}")
RELATIVE_COUNT = Dimension(
    "relatives",
    "number of relatives",
    "numbers of relatives",
    pattern="{} relatives",
    values={1: "1 relative"},
)
COMPANY = Dimension(
    "company", "company", "kinds of company", {"alone": "alone", "with relatives": "with relatives"}
)
AGE_GROUP = Dimension("age_group", "age group", "age groups", pattern="ages {}", unknown=True, is_range=True)
FARE_GROUP = Dimension(
    "fare_group", "fare group", "fare groups", pattern="fares {}", unknown=True, is_range=True
)
TICKET = Dimension("ticket", "ticket", "ticket numbers", pattern="ticket {}", few=False, unknown=True)
CABIN = Dimension("cabin", "cabin", "cabins", pattern="cabin {}", few=False, unknown=True)
SURNAME = Dimension("surname", "surname", "surnames", few=False, unknown=True)
SIBLINGS = Dimension(
    "sibsp", "number of siblings and spouses", "numbers of siblings and spouses", pattern="{}"
)
CHILDREN = Dimension(
    "parch", "number of parents and children", "numbers of parents and children", pattern="{}"
)


def source(*parts: str) -> str:
    """What to read FROM: the table, or the table with those derived columns that the parts of a query use."""
    import re

    used = [name for name in DERIVED if any(re.search(SQL_WORD_BOUNDARY % name, part) for part in parts)]
    if not used:
        return TABLE
    columns = ", ".join(f"{DERIVED[name]} AS {name}" for name in used)
    return f"(SELECT *, {columns} FROM {TABLE})"


def where(filters: Iterable[Filter], *more: str) -> str:
    """The WHERE clause of some filters, or nothing."""
    conditions = [*(one.sql for one in filters), *more]
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""


NOUN_ORDER = ("sex", "survived")


def describe(filters: Iterable[Filter], noun: str = "passengers") -> str:
    """A population in words: `women in third class who survived`."""
    rest = list(filters)
    for key in NOUN_ORDER:
        head = next((one for one in rest if one.key == key and one.noun), None)
        if head:
            noun = head.noun
            rest.remove(head)
            break
    plain = [one.phrase for one in rest if not one.phrase.startswith("who ")]
    clauses = [one.phrase.removeprefix("who ") for one in rest if one.phrase.startswith("who ")]
    tail = f"who {' and '.join(clauses)}" if clauses else ""
    return " ".join(part for part in (noun, *plain, tail) if part)
