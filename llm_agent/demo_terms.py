"""What the demo model can speak of: filters, quantities and dimensions of the table, each with its SQL and words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from data_pipeline.table import TABLE

DERIVED: Mapping[str, str] = {
    "title": "trim(substr(name, instr(name, ',') + 1, instr(substr(name, instr(name, ',') + 1), '.') - 1))",
    "surname": "substr(name, 1, instr(name, ',') - 1)",
    "deck": "substr(cabin, 1, 1)",
    "relatives": "sibsp + parch",
    "family_size": "sibsp + parch + 1",
    "age_group": "CAST(age / 10 AS INTEGER) * 10",
    "fare_group": "CAST(fare / 50 AS INTEGER) * 50",
    "fare_share": "fare / COUNT(*) OVER (PARTITION BY ticket)",
    "outcome": "CASE survived WHEN 1 THEN 'survived' ELSE 'died' END",
    "company": "CASE sibsp + parch WHEN 0 THEN 'alone' ELSE 'with relatives' END",
}
"""Columns that the table does not have and that follow from those it has, as SQL."""

WORD_NAME = (
    "' ' || replace(replace(replace(replace(replace(name, ',', ' '), '.', ' '), '(', ' '), ')', ' '), '\"', ' ')"
    " || ' '"
)
"""A name with blanks for punctuation, so that LIKE '% word %' finds whole words."""

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
    """What a table of figures is broken down by; `values` are its values in words, `few` at most about ten."""

    key: str
    words: str
    plural: str
    values: Mapping[object, str] = field(default_factory=dict, hash=False)
    pattern: str = "{}"
    few: bool = True
    unknown: bool = False

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
SURVIVAL = Quantity("survived", "survived", "survival (1 or 0)")

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
    "relatives", "number of relatives", "numbers of relatives", pattern="{} relatives", values={1: "1 relative"}
)
COMPANY = Dimension("company", "company", "kinds of company", {"alone": "alone", "with relatives": "with relatives"})
AGE_GROUP = Dimension(
    "age_group", "age group", "age groups",
    {low: f"ages {low} to {low + 9}" for low in range(0, 130, 10)}, unknown=True,
)  # fmt: skip
FARE_GROUP = Dimension(
    "fare_group", "fare group", "fare groups",
    {low: f"fares from {low} to below {low + 50}" for low in range(0, 1000, 50)}, unknown=True,
)  # fmt: skip
TICKET = Dimension("ticket", "ticket", "ticket numbers", pattern="ticket {}", few=False, unknown=True)
CABIN = Dimension("cabin", "cabin", "cabins", pattern="cabin {}", few=False, unknown=True)
SURNAME = Dimension("surname", "surname", "surnames", few=False, unknown=True)
SIBLINGS = Dimension("sibsp", "number of siblings and spouses", "numbers of siblings and spouses", pattern="{}")
CHILDREN = Dimension("parch", "number of parents and children", "numbers of parents and children", pattern="{}")

SURVIVED = Filter("survived", "survived = 1", "survived", "who survived", "survivors")
DIED = Filter("survived", "survived = 0", "died", "who died", "victims")
WOMEN = Filter("sex", "sex = 'female'", "were women", "who were women", "women")
MEN = Filter("sex", "sex = 'male'", "were men", "who were men", "men")
ALONE = Filter("family", "sibsp + parch = 0", "travelled without relatives", "without relatives on board")
WITH_FAMILY = Filter("family", "sibsp + parch > 0", "travelled with relatives", "with relatives on board")

COLUMN_TITLES = {
    "age": "age", "cabin": "cabin", "embarked": "port of boarding", "fare": "fare", "ticket": "ticket number",
    "name": "name",
}  # fmt: skip


def class_filter(classes: Iterable[int]) -> Filter:
    """Passengers of one class or of several."""
    numbers = sorted(set(classes))
    words = " or ".join(CLASS_WORDS[number] for number in numbers)
    sql = f"pclass = {numbers[0]}" if len(numbers) == 1 else f"pclass IN ({', '.join(map(str, numbers))})"
    return Filter("pclass", sql, f"travelled in {words}", f"in {words}")


def port_filter(code: str) -> Filter:
    """Passengers who boarded at one port."""
    port = PORTS[code]
    return Filter("embarked", f"embarked = '{code}'", f"boarded at {port}", f"who boarded at {port}", "", "embarked")


def unknown_filter(column: str, *, is_unknown: bool) -> Filter:
    """Passengers for whom a column is recorded, or is not."""
    words = COLUMN_TITLES[column]
    if is_unknown:
        return Filter(f"{column} known", f"{column} IS NULL", f"had no recorded {words}", f"without a recorded {words}")
    return Filter(f"{column} known", f"{column} IS NOT NULL", f"had a recorded {words}", f"with a recorded {words}")


def title_filter(titles: Iterable[str]) -> Filter:
    """Passengers whose name has one of these titles, exactly: `Mr` is not `Mrs`."""
    names = list(dict.fromkeys(titles))
    words = " or ".join(names)
    condition = " = " + quoted(names[0]) if len(names) == 1 else f" IN ({', '.join(map(quoted, names))})"
    return Filter(
        "title", f"title{condition}", f"had the title {words}", f"with the title {words}", "", "name"
    )  # fmt: skip


def deck_filter(letters: Iterable[str]) -> Filter:
    """Passengers with a cabin on one deck or on several."""
    decks = sorted({letter.upper() for letter in letters})
    words = " or ".join(decks)
    condition = f"deck = '{decks[0]}'" if len(decks) == 1 else f"deck IN ({', '.join(map(quoted, decks))})"
    return Filter("deck", condition, f"had a cabin on deck {words}", f"with a cabin on deck {words}", "", "cabin", ("cabin",))


COMPARISONS = {"<": "less than", "<=": "at most", ">": "more than", ">=": "at least", "=": "exactly"}
AGE_COMPARISONS = {"<": "younger than {}", "<=": "at most {} years old", ">": "older than {}",
                   ">=": "at least {} years old", "=": "exactly {} years old"}  # fmt: skip


def age_filter(sign: str, years: float) -> Filter:
    """Passengers younger or older than an age, or of that age."""
    words = AGE_COMPARISONS[sign].format(f"{years:g}")
    return Filter("age", f"age {sign} {years:g}", f"were {words}", words, "", "age", ("age",))


def age_range(low: float, high: float, *, is_open: bool = False) -> Filter:
    """Passengers from `low` to `high` years, both included; with `is_open` below `high`."""
    upper = f"age < {high:g}" if is_open else f"age <= {high:g}"
    words = f"from {low:g} to {'below ' if is_open else ''}{high:g} years old"
    return Filter("age", f"age >= {low:g} AND {upper}", f"were {words}", words, "", "age", ("age",))


def fare_filter(sign: str, pounds: float) -> Filter:
    """Passengers whose fare is above, below or exactly an amount."""
    words = f"{COMPARISONS[sign]} {pounds:g} pounds" if pounds or sign != "=" else "nothing"
    return Filter("fare", f"fare {sign} {pounds:g}", f"paid {words}", f"who paid {words}", "", "fare", ("fare",))


def fare_range(low: float, high: float) -> Filter:
    """Passengers whose fare lies between two amounts, both included."""
    words = f"from {low:g} to {high:g} pounds"
    return Filter(
        "fare", f"fare >= {low:g} AND fare <= {high:g}", f"paid {words}", f"who paid {words}", "", "fare", ("fare",)
    )


def relatives_filter(quantity: Quantity, sign: str, number: float) -> Filter:
    """Passengers with a number of relatives of one kind, such as `more than 3 siblings and spouses`."""
    things = {"sibsp": "siblings or spouses on board", "parch": "parents or children on board",
              "relatives": "relatives on board"}.get(quantity.key, "")  # fmt: skip
    amount = f"{COMPARISONS[sign]} {number:g}".replace("exactly 0", "no").replace("more than 0", "any")
    words = f"{amount} {things}" if things else f"a family size of {amount}"
    key = "family" if quantity.key == "relatives" else quantity.key
    sql = {"relatives": "sibsp + parch", "family_size": "sibsp + parch + 1"}.get(quantity.key, quantity.key)
    return Filter(key, f"{sql} {sign} {number:g}", f"had {words}", f"with {words}", columns=("sibsp", "parch"))


def exact_filter(column: str, value: str | int, words: str) -> Filter:
    """Passengers whose column holds exactly this value (ticket, cabin, passenger_id)."""
    literal = str(value) if isinstance(value, int) else quoted(value)
    return Filter(column, f"{column} = {literal}", f"had {words} {value}", f"with {words} {value}", columns=(column,))


def name_filter(words: Iterable[str]) -> Filter:
    """Passengers whose name has all of these whole words, in any order."""
    parts = list(words)
    conditions = " AND ".join(f"{WORD_NAME} LIKE {quoted(f'% {part} %')}" for part in parts)
    name = " ".join(parts)
    return Filter("name", conditions, f"were called {name}", f"whose name has “{name}”", "", "name")


def text_filter(text: str) -> Filter:
    """Passengers whose name contains a text, taken letter by letter."""
    return Filter(
        "name", f"instr(lower(name), {quoted(text.lower())}) > 0", f"had “{text}” in their name",
        f"whose name contains “{text}”", "", "name",
    )  # fmt: skip


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
