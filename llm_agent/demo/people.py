"""Questions whose answer is people: a list, the extremes of a quantity, or facts about one passenger."""

from __future__ import annotations

from dataclasses import dataclass

from llm_agent.demo.form import MAX_LISTED, Chart, Record, Rows, amount, counted, figure, listing
from llm_agent.demo.terms import CLASS_WORDS, PORTS, Filter, Quantity, describe, source, where

WHO = "COALESCE(name, 'passenger ' || passenger_id) AS passenger"
"""A source without names (the Hub's) leaves only the running number."""

Order = str


def names(records: tuple[Record, ...], rows: Rows) -> str:
    """The passengers of a result, at most `MAX_LISTED` of them, separated by semicolons."""
    shown = "; ".join(str(row["passenger"]) for row in records[:MAX_LISTED])
    more = len(records) - MAX_LISTED
    if more <= 0 and not rows.is_truncated:
        return shown
    return f"{shown}; and others, who stand in the table below"


@dataclass(frozen=True)
class People:
    """The passengers of a population, by name, with the columns that the question speaks of."""

    population: tuple[Filter, ...]
    chart: Chart | None = None

    @property
    def purpose(self) -> str:
        """What the query is for."""
        return f"Names of {describe(self.population)}"

    @property
    def sql(self) -> str:
        """The SELECT, one row for each passenger."""
        extra = dict.fromkeys(column for one in self.population for column in one.columns)
        columns = ", ".join([WHO, *extra])
        read = source(*(one.sql for one in self.population))
        return f"SELECT {columns} FROM {read}{where(self.population)} ORDER BY name, passenger_id LIMIT 200"

    def answer(self, rows: Rows) -> str:
        """How many there are, and who."""
        people = describe(self.population)
        number = len(rows.records)
        if not number:
            return f"There are 0 {people}."
        if number == 200 or rows.is_truncated:
            return f"There are many {people}; the first of them by name are {names(rows.records, rows)}."
        verb = "is" if number == 1 else "are"
        return f"There {verb} {counted(number, people)}: {names(rows.records, rows)}."


@dataclass(frozen=True)
class Extreme:
    """Those with the highest or lowest value of a quantity: the first `places`, ties included."""

    quantity: Quantity
    population: tuple[Filter, ...] = ()
    highest: bool = True
    places: int = 1
    chart: Chart | None = None

    @property
    def words(self) -> str:
        """What is looked for, such as `highest age`."""
        return f"{'highest' if self.highest else 'lowest'} {self.quantity.words}"

    @property
    def purpose(self) -> str:
        """What the query is for."""
        return f"{describe(self.population).capitalize()} with the {self.words}"

    @property
    def sql(self) -> str:
        """The SELECT; a shared place lets in everyone who shares it."""
        key = self.quantity.key
        inner = source(key, *(one.sql for one in self.population))
        direction = "DESC" if self.highest else "ASC"
        return (
            f"SELECT passenger, {key}, place FROM (SELECT {WHO}, {key}, RANK() OVER (ORDER BY "
            f"{key} {direction}) AS place"
            f" FROM {inner}{where(self.population, f'{key} IS NOT NULL')}) WHERE place <= {self.places}"
            f" ORDER BY place, passenger"
        )

    def answer(self, rows: Rows) -> str:
        """Who, with the value of each, and which places are shared."""
        people = describe(self.population)
        if not rows.records:
            return f"There are 0 {people} whose {self.quantity.words} is known."
        values = {row[self.quantity.key] for row in rows.records}
        if len(values) == 1:
            return self._one_value(rows, people)
        listed = "; ".join(self._with_value(row) for row in rows.records[:MAX_LISTED])
        rest = " (more share the last place)" if len(rows.records) > MAX_LISTED else ""
        return f"The {people} with the {self.words}: {listed}{rest}.{self._ties(rows)}"

    def _value(self, row: Record) -> str:
        return amount(row[self.quantity.key], self.quantity.unit)

    def _with_value(self, row: Record) -> str:
        return f"{row['passenger']} ({self._value(row)})"

    def _one_value(self, rows: Rows, people: str) -> str:
        value = self._value(rows.first)
        number = len(rows.records)
        who = names(rows.records, rows)
        if number == 1:
            return f"The {self.words} among {whom(people)} is {value}: {who}."
        return f"The {self.words} among {whom(people)} is {value}, shared by {number}: {who}."

    def _ties(self, rows: Rows) -> str:
        extra = len(rows.records) - self.places
        return f" The last place is shared, so there are {len(rows.records)}." if extra > 0 else ""


def whom(people: str) -> str:
    """The population in words, where nobody is left out."""
    return "all passengers" if people == "passengers" else people


FACTS = {
    "survived": "survived", "pclass": "class", "sex": "sex", "age": "age",
    "sibsp": "siblings and spouses on board",
    "parch": "parents and children on board", "ticket": "ticket", "fare": "fare", "cabin": "cabin",
    "embarked": "port", "passenger_id": "passenger id", "passenger": "name",
    "relatives": "relatives on board",
    "family_size": "family size",
}  # fmt: skip
UNITS = {"age": " years old", "fare": " pounds"}


@dataclass(frozen=True)
class Lookup:
    """Facts about the passengers that a name, a ticket, a cabin or an id picks; several are all told."""

    population: tuple[Filter, ...]
    facts: tuple[str, ...]
    chart: Chart | None = None

    @property
    def purpose(self) -> str:
        """What the query is for."""
        asked = listing([FACTS[fact] for fact in self.facts])
        return f"{asked.capitalize()} of {describe(self.population)}"

    @property
    def sql(self) -> str:
        """The SELECT, one row for each passenger that fits."""
        columns = ", ".join([WHO, *(fact for fact in self.facts if fact != "passenger")])
        read = source(columns, *(one.sql for one in self.population))
        return f"SELECT {columns} FROM {read}{where(self.population)} ORDER BY name, passenger_id LIMIT 200"

    def answer(self, rows: Rows) -> str:
        """The facts of each passenger found; several are all given, none is said."""
        if not rows.records:
            return f"There are 0 {describe(self.population)} in the table."
        shown = [self._facts(row) for row in rows.records[:MAX_LISTED]]
        if len(rows.records) == 1:
            return f"{shown[0]}."
        rest = len(rows.records) - len(shown)
        tail = f"; and {rest} more" if rest else ""
        return f"{counted(len(rows.records), describe(self.population))}: {'; '.join(shown)}{tail}."

    def _facts(self, row: Record) -> str:
        facts = [say_fact(fact, row[fact]) for fact in self.facts if fact != "passenger"]
        return f"{row['passenger']}{': ' if facts else ''}{', '.join(facts)}"


def say_fact(fact: str, value: object) -> str:
    """One fact about a passenger in words: `("age", 22.0)` gives `22 years old`."""
    if value is None:
        return f"{FACTS[fact]} unknown"
    if fact == "survived":
        return "survived" if value else "died"
    if fact == "pclass":
        return CLASS_WORDS.get(int(str(value)), f"class {value}")
    if fact == "embarked":
        return f"boarded at {PORTS.get(str(value), str(value))}"
    if fact in UNITS:
        return f"{'fare ' if fact == 'fare' else ''}{figure(value)}{UNITS[fact]}"
    return f"{FACTS[fact]} {figure(value)}" if fact != "sex" else str(value)
