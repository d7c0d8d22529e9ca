"""Questions that take more than a GROUP BY: ratios, differences, correlation, outliers, filled gaps, ranks."""

from __future__ import annotations

from dataclasses import dataclass

from llm_agent.demo_form import Chart, Rows, figure, listing, sentence
from llm_agent.demo_terms import Dimension, Filter, Quantity, describe, source, where


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
    """By how many percentage points one group's rate exceeds another's, perhaps in each group of a dimension."""

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
        rates = [f"100.0 * SUM({one.sql} AND {self.part.sql}) / SUM({one.sql})" for one in (self.first, self.second)]
        lead = f"{self.group.key}, " if self.group else ""
        tail = f" GROUP BY {self.group.key} ORDER BY {self.group.key} IS NULL, {self.group.key}" if self.group else ""
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
                f"({self.first.noun} {figure(row['first_percent'])} %, {self.second.noun} {figure(row['second_percent'])} %)"
            )
        return f"Share who {self.part.predicate}, {self.first.noun} minus {self.second.noun}: {'; '.join(parts)}."


@dataclass(frozen=True)
class Correlation:
    """The Pearson correlation of two quantities, over those who have both."""

    first: Quantity
    second: Quantity
    population: tuple[Filter, ...] = ()
    chart: Chart | None = None

    @property
    def purpose(self) -> str:
        """What the query is for."""
        return f"Correlation of {self.first.words} and {self.second.words}"

    @property
    def sql(self) -> str:
        """The SELECT: SQLite has no CORR, so it is built from deviations from the means."""
        both = (f"{self.first.sql} IS NOT NULL", f"{self.second.sql} IS NOT NULL")
        read = source(self.first.sql, self.second.sql, *(one.sql for one in self.population))
        return (
            f"WITH pairs AS (SELECT 1.0 * {self.first.sql} AS x, 1.0 * {self.second.sql} AS y FROM {read}"
            f"{where(self.population, *both)}),"
            " deviations AS (SELECT x - (SELECT AVG(x) FROM pairs) AS dx, y - (SELECT AVG(y) FROM pairs) AS dy FROM pairs)"
            " SELECT ROUND(SUM(dx * dy) / (sqrt(SUM(dx * dx)) * sqrt(SUM(dy * dy))), 4) AS correlation,"
            " COUNT(*) AS pairs FROM deviations"
        )

    def answer(self, rows: Rows) -> str:
        """The coefficient and the number of pairs."""
        row = rows.first
        people = describe(self.population)
        if row.get("correlation") is None:
            return f"There are too few {people} with both values for a correlation."
        return (
            f"The Pearson correlation of {self.first.words} and {self.second.words} is {figure(row['correlation'])}, "
            f"over the {row['pairs']} {people} for whom both are known."
        )


QUARTILES = (
    "WITH known AS (SELECT {q} AS value, ROW_NUMBER() OVER (ORDER BY {q}) - 1 AS place, COUNT(*) OVER () AS n"
    " FROM {read}{where}),"
    " quartiles AS (SELECT"
    " (SELECT AVG(value) FROM known WHERE place IN (CAST((n - 1) * 0.25 AS INTEGER), CAST((n - 1) * 0.25 + 0.5 AS INTEGER))) AS q1,"
    " (SELECT AVG(value) FROM known WHERE place IN (CAST((n - 1) * 0.75 AS INTEGER), CAST((n - 1) * 0.75 + 0.5 AS INTEGER))) AS q3)"
)


@dataclass(frozen=True)
class Outliers:
    """How many values lie outside 1.5 times the interquartile range."""

    quantity: Quantity
    population: tuple[Filter, ...] = ()
    chart: Chart | None = None

    @property
    def purpose(self) -> str:
        """What the query is for."""
        return f"Outliers of the {self.quantity.words} (1.5 x IQR)"

    @property
    def sql(self) -> str:
        """The SELECT: quartiles by position, then the values outside the fences."""
        q = self.quantity.sql
        read = source(q, *(one.sql for one in self.population))
        quartiles = QUARTILES.format(q=q, read=read, where=where(self.population, f"{q} IS NOT NULL"))
        return (
            f"{quartiles} SELECT SUM(value > q3 + 1.5 * (q3 - q1) OR value < q1 - 1.5 * (q3 - q1)) AS outliers,"
            " MAX(q1) AS first_quartile, MAX(q3) AS third_quartile FROM known, quartiles"
        )

    def answer(self, rows: Rows) -> str:
        """How many, and the quartiles they are judged by."""
        row = rows.first
        if row.get("outliers") is None:
            return f"There are 0 {describe(self.population)} whose {self.quantity.words} is known."
        return (
            f"{row['outliers']} values of the {self.quantity.words} of {describe(self.population)} are outliers: more than "
            f"1.5 interquartile ranges outside the quartiles ({figure(row['first_quartile'])} and {figure(row['third_quartile'])})."
        )


@dataclass(frozen=True)
class Filled:
    """What an average becomes when unknown values count as the median or mean of the known, or as a number."""

    quantity: Quantity
    filler: str | float
    population: tuple[Filter, ...] = ()
    chart: Chart | None = None

    @property
    def purpose(self) -> str:
        """What the query is for."""
        return f"Average {self.quantity.words} if each unknown one were {self._words}"

    @property
    def _words(self) -> str:
        return f"the {self.filler} of the known" if isinstance(self.filler, str) else figure(self.filler)

    @property
    def sql(self) -> str:
        """The SELECT: it computes the what-if and changes nothing."""
        q, read = self.quantity.sql, source(self.quantity.sql, *(one.sql for one in self.population))
        limits = where(self.population)
        known = where(self.population, f"{q} IS NOT NULL")
        fill = {
            "median": "SELECT AVG(value) AS filler FROM (SELECT {q} AS value, ROW_NUMBER() OVER (ORDER BY {q}) AS place,"
            " COUNT(*) OVER () AS n FROM {read}{known}) WHERE place IN ((n + 1) / 2, (n + 2) / 2)",
            "mean": "SELECT AVG({q}) AS filler FROM {read}{known}",
        }.get(str(self.filler), "SELECT {filler} AS filler")
        chosen = fill.format(q=q, read=read, known=known, filler=self.filler)
        return (
            f"WITH chosen AS ({chosen}) SELECT ROUND(AVG(COALESCE({q}, filler)), 2) AS average,"
            f" MAX(filler) AS filler, SUM({q} IS NULL) AS filled FROM {read}, chosen{limits}"
        )

    def answer(self, rows: Rows) -> str:
        """The new average, the filler and how many values it stands for."""
        row = rows.first
        return (
            f"If each of the {row['filled'] or 0} unknown values were {figure(row['filler'])}"
            f"{f' ({self._words} ones)' if isinstance(self.filler, str) else ''}, the average {self.quantity.words} of "
            f"{describe(self.population)} would be {figure(row['average'])}{self.quantity.unit}. The table itself is not changed."
        )


@dataclass(frozen=True)
class Nth:
    """The nth highest or lowest different value of a quantity."""

    quantity: Quantity
    place: int
    highest: bool = True
    population: tuple[Filter, ...] = ()
    chart: Chart | None = None

    @property
    def purpose(self) -> str:
        """What the query is for."""
        return f"Number {self.place} of the {'highest' if self.highest else 'lowest'} different values of {self.quantity.words}"

    @property
    def sql(self) -> str:
        """The SELECT: equal values share a place, and no place is left out."""
        q = self.quantity.key
        read = source(q, *(one.sql for one in self.population))
        direction = "DESC" if self.highest else "ASC"
        return (
            f"SELECT {q}, COUNT(*) AS passengers FROM (SELECT {q}, DENSE_RANK() OVER (ORDER BY {q} {direction}) AS place"
            f" FROM {read}{where(self.population, f'{q} IS NOT NULL')}) WHERE place = {self.place} GROUP BY {q}"
        )

    def answer(self, rows: Rows) -> str:
        """The value, and how many have it."""
        people = describe(self.population)
        if not rows.records:
            return f"The {people} have fewer different values of the {self.quantity.words} than that."
        row = rows.first
        side = "highest" if self.highest else "lowest"
        value = f"{figure(row[self.quantity.key])}{self.quantity.unit}"
        return (
            f"Counting equal values once, number {self.place} of the {side} values of the {self.quantity.words} of "
            f"{people} is {value}; passengers with it: {row['passengers']}."
        )


@dataclass(frozen=True)
class Compared:
    """Several populations side by side: how many passengers each has, and perhaps how many of them survived."""

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
            f"{rows.first[f'count_{number}']} {describe(part)}" for number, part in enumerate(self.populations, 1)
        ]
        return f"There are {listing(counts)} in the table."
