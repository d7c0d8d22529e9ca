"""Questions that take more than a GROUP BY: correlation, outliers, filled gaps, the nth value."""

from __future__ import annotations

from dataclasses import dataclass

from llm_agent.demo.form import Chart, Rows, counted, figure, sentence
from llm_agent.demo.terms import Filter, Quantity, describe, source, where


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
            " deviations AS (SELECT x - (SELECT AVG(x) FROM pairs) AS dx, y - (SELECT AVG(y) "
            "FROM pairs) AS dy FROM pairs)"
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
            f"The Pearson correlation of {self.first.words} and {self.second.words} is "
            f"{figure(row['correlation'])}, "
            f"over the {row['pairs']} {people} for whom both are known."
        )


QUARTILES = (
    "WITH known AS (SELECT {q} AS value, ROW_NUMBER() OVER (ORDER BY {q}) - 1 AS place, COUNT(*) OVER () AS n"
    " FROM {read}{where}),"
    " quartiles AS (SELECT"
    " (SELECT AVG(value) FROM known WHERE place IN (CAST((n - 1) * 0.25 AS INTEGER), CAST((n - "
    "1) * 0.25 + 0.5 AS INTEGER))) AS q1,"
    " (SELECT AVG(value) FROM known WHERE place IN (CAST((n - 1) * 0.75 AS INTEGER), CAST((n - "
    "1) * 0.75 + 0.5 AS INTEGER))) AS q3)"
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
            f"{quartiles} SELECT SUM(value > q3 + 1.5 * (q3 - q1) OR value < q1 - 1.5 * (q3 - "
            "q1)) AS outliers,"
            " MAX(q1) AS first_quartile, MAX(q3) AS third_quartile FROM known, quartiles"
        )

    def answer(self, rows: Rows) -> str:
        """How many, and the quartiles they are judged by."""
        row = rows.first
        if row.get("outliers") is None:
            return f"There are 0 {describe(self.population)} whose {self.quantity.words} is known."
        return (
            f"{row['outliers']} values of the {self.quantity.words} of "
            f"{describe(self.population)} are outliers: more than "
            f"1.5 interquartile ranges outside the quartiles ({figure(row['first_quartile'])} "
            f"and {figure(row['third_quartile'])})."
        )


@dataclass(frozen=True)
class Filled:
    """What an average becomes when each unknown value counts as the median, the mean or a number."""

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
            "median": "SELECT AVG(value) AS filler FROM (SELECT {q} AS value,"
            " ROW_NUMBER() OVER (ORDER BY {q}) AS place,"
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
            f"{f' ({self._words} ones)' if isinstance(self.filler, str) else ''}, the average "
            f"{self.quantity.words} of "
            f"{describe(self.population)} would be {figure(row['average'])}{self.quantity.unit}. "
            "The table itself is not changed."
        )


ORDINALS = {2: "second", 3: "third", 4: "fourth", 5: "fifth", 10: "tenth"}


@dataclass(frozen=True)
class Nth:
    """The nth highest or lowest different value of a quantity."""

    quantity: Quantity
    place: int
    highest: bool = True
    population: tuple[Filter, ...] = ()
    chart: Chart | None = None

    @property
    def _place(self) -> str:
        return f"{ORDINALS[self.place]} {'highest' if self.highest else 'lowest'}"

    @property
    def purpose(self) -> str:
        """What the query is for."""
        return sentence(f"{self._place} different value of the {self.quantity.words}")

    @property
    def sql(self) -> str:
        """The SELECT: equal values share a place, and no place is left out."""
        q = self.quantity.key
        read = source(q, *(one.sql for one in self.population))
        direction = "DESC" if self.highest else "ASC"
        return (
            f"SELECT {q}, COUNT(*) AS passengers FROM (SELECT {q}, DENSE_RANK() OVER (ORDER BY "
            f"{q} {direction}) AS place"
            f" FROM {read}{where(self.population, f'{q} IS NOT NULL')}) WHERE place = "
            f"{self.place} GROUP BY {q}"
        )

    def answer(self, rows: Rows) -> str:
        """The value, and how many have it."""
        people = describe(self.population)
        if not rows.records:
            return f"The {people} have fewer different values of the {self.quantity.words} than that."
        row = rows.first
        value = f"{figure(row[self.quantity.key])}{self.quantity.unit}"
        return (
            f"The {self._place} {self.quantity.words} of "
            f"{people} is {value}, where equal values count together; it is that of "
            f"{counted(row['passengers'], 'passengers')}."
        )
