"""Questions whose answer is one figure or a table of figures by group: their SQL, sentence and chart."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from llm_agent.demo.form import MAX_LISTED, Chart, Record, Rows, listing, sentence
from llm_agent.demo.measures import Count, Measure, Share, Statistic
from llm_agent.demo.terms import Dimension, Filter, describe, source, where

Order = Literal["", "highest", "lowest"]


@dataclass(frozen=True)
class Figures:
    """A measure of a population, perhaps by one or two dimensions, perhaps asking which group leads.

    `minimum` leaves out groups of fewer passengers.
    """

    measure: Measure
    population: tuple[Filter, ...] = ()
    groups: tuple[Dimension, ...] = ()
    order: Order = ""
    minimum: int = 0

    @property
    def people(self) -> str:
        """The population in words."""
        return describe(self.population)

    @property
    def heading(self) -> str:
        """What the figures are and by what."""
        by = f" by {listing([group.words for group in self.groups])}" if self.groups else ""
        return sentence(self.measure.title(self.people) + by)

    @property
    def purpose(self) -> str:
        """What the query is for."""
        return self.heading

    @property
    def sql(self) -> str:
        """The SELECT, one row for each group."""
        if isinstance(self.measure, Statistic) and self.measure.kind == "median":
            return self._median_sql(self.measure.quantity.sql)
        names = [group.key for group in self.groups]
        columns = [
            *names,
            *(f"{sql} AS {name}" for name, sql in self.measure.columns()),
            *self._unknown_columns(),
        ]
        known = [f"{group.key} IS NOT NULL" for group in self.groups if self.order and group.unknown]
        select = f"SELECT {', '.join(columns)} FROM {self._source()}{where(self.population, *known)}"
        return select + self._grouping(names)

    def _grouping(self, names: list[str]) -> str:
        if not names:
            return ""
        having = f" HAVING COUNT(*) >= {self.minimum}" if self.minimum else ""
        grouped = f" GROUP BY {', '.join(names)}{having}"
        nulls_last = ", ".join(
            f"{group.key} IS NULL, {f'CAST({group.key} AS INTEGER)' if group.is_range else group.key}"
            for group in self.groups
        )
        if not self.order:
            return f"{grouped} ORDER BY {nulls_last}"
        direction = "DESC" if self.order == "highest" else "ASC"
        limit = "" if self.groups[0].few else " LIMIT 200"
        return f"{grouped} ORDER BY {self.measure.name} {direction}, {nulls_last}{limit}"

    def _source(self) -> str:
        conditions = (one.sql for one in self.population)
        measured = (sql for _, sql in self.measure.columns())
        return source(*conditions, *measured, *(group.key for group in self.groups))

    def _median_sql(self, quantity: str) -> str:
        names = [group.key for group in self.groups]
        part = f"PARTITION BY {', '.join(names)} " if names else ""
        lead = "".join(f"{name}, " for name in names)
        # SQLite has no MEDIAN: the middle value, or the mean of the two in the middle.
        return (
            f"WITH ordered AS (SELECT {lead}{quantity} AS value, ROW_NUMBER() OVER ({part}ORDER "
            f"BY {quantity}) AS place,"
            f" COUNT({quantity}) OVER ({part.strip()}) AS known, COUNT(*) OVER ({part.strip()}) "
            "AS passengers,"
            f" {quantity} IS NULL AS is_unknown FROM {self._source()}{where(self.population)}),"
            " known_only AS (SELECT *, place - (passengers - known) AS middle FROM ordered "
            "WHERE NOT is_unknown)"
            f" SELECT {lead}ROUND(AVG(value), 4) AS {self.measure.name}, MAX(known) AS known,"
            f" MAX(passengers) AS passengers FROM known_only"
            f" WHERE middle IN ((known + 1) / 2, (known + 2) / 2){self._grouping(names)}"
        )

    def _unknown_columns(self) -> Iterable[str]:
        """How many more might belong to the population if an unknown value were known."""
        if self.groups or not isinstance(self.measure, Count):
            return
        for one in self.population:
            if one.unknown:
                rest = [other for other in self.population if other is not one]
                conditions = where(rest, f"{one.unknown} IS NULL")
                read = source(*(other.sql for other in rest))
                yield f"(SELECT COUNT(*) FROM {read}{conditions}) AS unknown_{one.unknown}"

    def answer(self, rows: Rows) -> str:
        """The figure as a sentence, or the figures of the groups."""
        if not rows.records:
            groups = listing([group.words for group in self.groups])
            return f"No {groups or 'value'} is recorded for {self.people}, so there is nothing to compare."
        if not self.groups:
            return self.measure.tell(rows.first, self.people) + self._unknown_note(rows.first)
        if self.order:
            return self._leader(rows) + (self._followers(rows) if self.groups[0].few else "")
        return self._table(rows) + self._known_note(rows)

    def _followers(self, rows: Rows) -> str:
        best = rows.first[self.measure.name]
        rest = [row for row in rows.records if row[self.measure.name] != best][:MAX_LISTED]
        return f" Then: {self._listed(rest)}." if rest else ""

    def _unknown_note(self, row: Record) -> str:
        unknown = [(one.unknown, row.get(f"unknown_{one.unknown}")) for one in self.population if one.unknown]
        notes = [
            f"the {COLUMN_WORDS.get(name, name)} of {number} more is unknown"
            for name, number in unknown
            if number
        ]
        return f" Besides, {listing(notes)}." if notes else ""

    def _known_note(self, rows: Rows) -> str:
        if not isinstance(self.measure, Statistic) or not self.measure.quantity.unknown:
            return ""
        known = sum(row["known"] for row in rows.records)
        total = sum(row["passengers"] for row in rows.records)
        word = self.measure.quantity.key.replace("_share", "")
        return f" Known values only: the {word} is recorded for {known} of {total}." if known != total else ""

    def _leader(self, rows: Rows) -> str:
        best = rows.first[self.measure.name]
        first = [row for row in rows.records if row[self.measure.name] == best]
        names = [self._name(row) for row in first[:MAX_LISTED]]
        more = f" and {len(first) - MAX_LISTED} more" if len(first) > MAX_LISTED else ""
        lead = f"{listing(names) if not more else ', '.join(names) + more}"
        figure = self.measure.say(rows.first) if len(first) == 1 else f"{self._plain(best)} each"
        title = self.measure.title(self.people)
        least = f" (groups of at least {self.minimum})" if self.minimum else ""
        verb = "has" if len(first) == 1 else "have"
        return sentence(f"{lead} {verb} the {self.order} {title}: {figure}{least}.")

    def _plain(self, value: object) -> str:
        from llm_agent.demo.form import figure

        return f"{figure(value)}{self.measure.unit}"

    def _name(self, row: Record) -> str:
        return ", ".join(group.say(row[group.key]) for group in self.groups)

    def _table(self, rows: Rows) -> str:
        shown = rows.records[:MAX_LISTED]
        rest = len(rows.records) - len(shown)
        tail = f"; and {rest} more in the table" if rest or rows.is_truncated else ""
        return f"{self.heading}. {sentence(self._listed(shown))}{tail}."

    def _listed(self, records: Iterable[Record]) -> str:
        if len(self.groups) == 1:
            return "; ".join(f"{self._name(row)}: {self.measure.say(row)}" for row in records)
        outer, inner = self.groups
        blocks = []
        for value, block in groupby(records, key=lambda row: row[outer.key]):
            cells = ", ".join(f"{inner.say(row[inner.key])} {self.measure.say(row)}" for row in block)
            blocks.append(f"{outer.say(value)}: {cells}")
        return "; ".join(blocks)

    @property
    def chart(self) -> Chart | None:
        """Bars by group; none for a single figure or for very many groups."""
        if not self.groups or not all(group.few for group in self.groups):
            return None
        colour = self.groups[1].key if len(self.groups) > 1 else ""
        return Chart("bar", self.groups[0].key, self.measure.name, self.heading, colour)


COLUMN_WORDS = {"embarked": "port"}


def rate(part: Filter, words: str) -> Share:
    """The share of one filter under its usual name, such as the survival rate."""
    return Share((part,), words)
