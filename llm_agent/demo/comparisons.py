"""Questions that set groups side by side: a ratio, a difference of rates, counts of several populations."""

from __future__ import annotations

from dataclasses import dataclass

from llm_agent.demo.form import Chart, Rows, figure, listing, sentence
from llm_agent.demo.terms import Dimension, Filter, describe, source, where


@dataclass(frozen=True)
class Ratio:
    """How many of one group there are for each of another."""

    population: tuple[Filter, ...]
    above: tuple[Filter, ...]
    below: tuple[Filter, ...]
    chart: Chart | None = None

    @property
    def purpose(self) -> str:
        """What the query is for."""
        return sentence(f"{self._people(self.above)} for each of the {self._people(self.below)}")

    def _people(self, part: tuple[Filter, ...]) -> str:
        return describe((*self.population, *part))

    @property
    def sql(self) -> str:
        """The SELECT: both counts and their quotient, with a real division."""
        above, below = (" AND ".join(one.sql for one in part) for part in (self.above, self.below))
        read = source(above, below, *(one.sql for one in self.population))
        return (
            f"SELECT SUM({above}) AS first_count, SUM({below}) AS second_count,"
            f" ROUND(1.0 * SUM({above}) / SUM({below}), 2) AS ratio FROM {read}{where(self.population)}"
        )

    def answer(self, rows: Rows) -> str:
        """The ratio and both counts."""
        row = rows.first
        first, second = self._people(self.above), self._people(self.below)
        counts = f"{row.get('first_count') or 0} {first} and {row.get('second_count') or 0} {second}"
        if row.get("ratio") is None:
            return f"There are {counts}, so there is no ratio to give."
        return f"There are {figure(row['ratio'])} {first} for each of the {second}: {counts}."


@dataclass(frozen=True)
class Difference:
    """By how many percentage points one group's rate exceeds another's, perhaps by a dimension."""

    part: Filter
    first: Filter
    second: Filter
    population: tuple[Filter, ...] = ()
    group: Dimension | None = None
    chart: Chart | None = None

    @property
    def purpose(self) -> str:
        """What the query is for."""
        by = f" by {self.group.words}" if self.group else ""
        return f"Share who {self.part.predicate}: {self.first.noun} against {self.second.noun}{by}"

    @property
    def sql(self) -> str:
        """The SELECT: both rates and their difference, taken before rounding."""
        rates = [
            f"100.0 * SUM({one.sql} AND {self.part.sql}) / SUM({one.sql})"
            for one in (self.first, self.second)
        ]
        lead = f"{self.group.key}, " if self.group else ""
        tail = (
            f" GROUP BY {self.group.key} ORDER BY {self.group.key} IS NULL, {self.group.key}"
            if self.group
            else ""
        )
        read = source(lead, *rates, *(one.sql for one in self.population))
        return (
            f"SELECT {lead}ROUND({rates[0]}, 1) AS first_percent, ROUND({rates[1]}, 1) AS second_percent,"
            f" ROUND({rates[0]} - {rates[1]}, 2) AS points FROM {read}{where(self.population)}{tail}"
        )

    def answer(self, rows: Rows) -> str:
        """The difference in percentage points with the two rates, for each group."""
        parts = []
        for row in rows.records:
            place = f"{self.group.say(row[self.group.key])}: " if self.group else ""
            if row["points"] is None:
                parts.append(f"{place}no such passengers on one side")
                continue
            parts.append(
                f"{place}{figure(row['points'])} percentage points "
                f"({self.first.noun} {figure(row['first_percent'])} %, {self.second.noun} "
                f"{figure(row['second_percent'])} %)"
            )
        return (
            f"Share who {self.part.predicate}, {self.first.noun} minus {self.second.noun}: "
            f"{'; '.join(parts)}."
        )


@dataclass(frozen=True)
class Compared:
    """Several populations side by side: how many passengers each has."""

    populations: tuple[tuple[Filter, ...], ...]
    population: tuple[Filter, ...] = ()
    chart: Chart | None = None

    @property
    def purpose(self) -> str:
        """What the query is for."""
        return sentence(f"number of {listing([describe(one) for one in self.populations])}")

    @property
    def sql(self) -> str:
        """The SELECT: one count for each population."""
        read = source(*(one.sql for part in self.populations for one in part))
        columns = [
            f"COUNT(CASE WHEN {' AND '.join(one.sql for one in part) or '1'} THEN 1 END) AS count_{number}"
            for number, part in enumerate(self.populations, 1)
        ]
        return f"SELECT {', '.join(columns)} FROM {read}"

    def answer(self, rows: Rows) -> str:
        """Each count with its population."""
        counts = [
            f"{rows.first[f'count_{number}']} {describe(part)}"
            for number, part in enumerate(self.populations, 1)
        ]
        return f"There are {listing(counts)} in the table."
