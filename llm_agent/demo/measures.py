"""What can be measured of a population: a count, a share, or a statistic of a quantity."""

from __future__ import annotations

from dataclasses import dataclass

from llm_agent.demo.form import Record, amount, counted, figure
from llm_agent.demo.terms import Filter, Quantity

Column = tuple[str, str]
"""A column of a SELECT: its name and its SQL."""

STATISTICS = {
    "average": "ROUND(AVG({}), 2)",
    "minimum": "MIN({})",
    "maximum": "MAX({})",
    "total": "ROUND(SUM({}), 2)",
    "median": "ROUND(AVG({}), 4)",
    "different": "COUNT(DISTINCT {})",
}


@dataclass(frozen=True)
class Count:
    """How many passengers."""

    name = "passengers"
    unit = ""

    def columns(self) -> list[Column]:
        """The columns of the SELECT; the first is the figure itself."""
        return [("passengers", "COUNT(*)")]

    def title(self, people: str) -> str:
        """What the figures are, as a heading."""
        return f"number of {people}"

    def say(self, row: Record) -> str:
        """The figure of one group."""
        return figure(row["passengers"])

    def tell(self, row: Record, people: str) -> str:
        """The figure of the whole population, as a sentence."""
        verb = "is" if row["passengers"] == 1 else "are"
        place = " in the table" if people == "passengers" else ""
        return f"There {verb} {counted(row['passengers'], people)}{place}."


@dataclass(frozen=True)
class Share:
    """How many per cent of a population meet further conditions."""

    part: tuple[Filter, ...]
    words: str = ""

    name = "percent"
    unit = " %"

    @property
    def condition(self) -> str:
        """The conditions of the part, as SQL."""
        return " AND ".join(f"({one.sql})" for one in self.part) if len(self.part) > 1 else self.part[0].sql

    @property
    def unknown(self) -> str:
        """The column whose unknown values are in neither part, or nothing."""
        return next((one.unknown for one in self.part if one.unknown), "")

    @property
    def predicate(self) -> str:
        """What the part did, such as `survived`."""
        return " and ".join(one.predicate for one in self.part)

    def columns(self) -> list[Column]:
        """The percentage, the part and the whole; and both again without those who are unknown."""
        hits = f"SUM({self.condition})"
        columns = [
            ("percent", f"ROUND(100.0 * {hits} / COUNT(*), 1)"),
            ("matching", hits), ("passengers", "COUNT(*)"),
        ]  # fmt: skip
        if self.unknown:
            columns += [
                ("percent_of_known", f"ROUND(100.0 * {hits} / COUNT({self.unknown}), 1)"),
                ("known", f"COUNT({self.unknown})"),
            ]
        return columns

    def title(self, people: str) -> str:
        """What the figures are, as a heading."""
        whom = "all passengers" if people == "passengers" else people
        return f"{self.words} of {whom}" if self.words else f"share of {whom} who {self.predicate}"

    def say(self, row: Record) -> str:
        """The figure of one group."""
        if row["percent"] is None:
            return "no passengers"
        return f"{figure(row['percent'])} % ({row['matching']} of {row['passengers']})"

    def tell(self, row: Record, people: str) -> str:
        """The figure of the whole population, as a sentence."""
        total = row["passengers"]
        if not total:
            return f"There are 0 {people} in the table, so there is no percentage to give."
        if total == 1:
            return f"There is one such passenger only; {row['matching']} of 1 {self.predicate}."
        if self.unknown and row["known"] != total:
            return self._tell_known(row, people)
        return (
            f"{figure(row['percent'])} % of the {total} {people} {self.predicate} "
            f"({row['matching']} of {total})."
        )

    def _tell_known(self, row: Record, people: str) -> str:
        if not row["known"]:
            return (
                f"The {self.unknown} of none of the {row['passengers']} {people} is known, "
                f"so there is no percentage."
            )
        return (
            f"{figure(row['percent'])} % of all {row['passengers']} {people} {self.predicate} "
            f"({row['matching']} of {row['passengers']}). Of the {row['known']} whose "
            f"{'port' if self.unknown == 'embarked' else self.unknown} is known, it is "
            f"{figure(row['percent_of_known'])} %."
        )


@dataclass(frozen=True)
class Statistic:
    """An average, median, minimum, maximum, total of a quantity, or the number of its different values."""

    kind: str
    quantity: Quantity

    @property
    def name(self) -> str:
        """The column of the figure."""
        return f"{self.kind}_{self.quantity.key}"

    @property
    def unit(self) -> str:
        """The unit of the figure, with a blank before it."""
        return "" if self.kind == "different" else self.quantity.unit

    def columns(self) -> list[Column]:
        """The figure, how many values it rests on, and of how many passengers."""
        return [
            (self.name, STATISTICS[self.kind].format(self.quantity.sql)),
            ("known", f"COUNT({self.quantity.sql})"), ("passengers", "COUNT(*)"),
        ]  # fmt: skip

    def title(self, people: str) -> str:
        """What the figures are, as a heading."""
        whom = "all passengers" if people == "passengers" else people
        if self.kind == "different":
            return f"number of different {self.quantity.words} among {whom}"
        return f"{self.kind} {self.quantity.words} of {whom}"

    def say(self, row: Record) -> str:
        """The figure of one group."""
        value = row[self.name]
        return "unknown" if value is None else amount(value, self.unit)

    def tell(self, row: Record, people: str) -> str:
        """The figure of the whole population, as a sentence."""
        if row.get(self.name) is None:
            return f"The {self.quantity.words} is known for 0 {people}, so there is no {self.kind} to give."
        return f"The {self.title(people)} is {self.say(row)}{known_note(row, self.quantity)}."


def known_note(row: Record, quantity: Quantity) -> str:
    """How many of the passengers the figure rests on, where some values are unknown."""
    if not quantity.unknown or row.get("known") == row.get("passengers"):
        return ""
    return (
        f", over the {row['known']} of {row['passengers']} whose "
        f"{quantity.key.replace('_share', '')} is known"
    )


Measure = Count | Share | Statistic
