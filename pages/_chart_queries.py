"""The SQL behind each chart: what the filters ask, answered from the smallest table that counted it.

Statements hold names out of the contract only; everything a person chose is a parameter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from data_pipeline.cube import AGE_BINS, AGES, DERIVED, FARE_BINS, FARES, MEASURES, ROLLUPS, ChartTable
from data_pipeline.table import TABLE
from pages._chart_facets import FACETS, Facet
from pages._chart_filters import Filters

EXACT_ROWS = 20_000
"""Up to this many rows medians and quartiles are taken from the table itself; above, from counted values."""

Number = Literal["age", "fare"]
NUMBERS: tuple[Number, Number] = ("age", "fare")
Parameter = int | float | str | None


@dataclass(frozen=True)
class Query:
    """A SELECT with numbered parameters (?1, ?2, ...)."""

    sql: str
    parameters: tuple[Parameter, ...] = ()

    @property
    def for_the_shell(self) -> str:
        """The statement and its parameters, to be pasted into `sqlite3 data/titanic.sqlite`."""
        settings = [
            f".parameter set ?{number} {_shell_literal(value)}"
            for number, value in enumerate(self.parameters, start=1)
        ]
        return "\n".join([*settings, f"{self.sql};"])


def _shell_literal(value: Parameter) -> str:
    if isinstance(value, str):
        quoted = value.replace("'", "''").replace("\\", "\\\\").replace('"', '\\"')
        return f"\"'{quoted}'\""
    return "NULL" if value is None else str(value)


@dataclass(frozen=True)
class ValueCounts:
    """A query for (class,) value, rows, and what its values are: exact, or means of narrow or wide bins.

    `bins` are the lower bounds of wide bins, None for the others.
    """

    query: Query
    precision: Literal["exact", "fine", "bins"]
    bins: tuple[int, ...] | None = None


class Conditions:
    """Collects conditions and their parameters; `expressions` says how a dimension reads in this table."""

    def __init__(self, expressions: Mapping[str, str] | None = None) -> None:
        self.parameters: list[Parameter] = []
        self._sql: list[str] = []
        self._expressions = expressions or {}

    def add(self, sql: str) -> None:
        """Ask for one more thing."""
        self._sql.append(sql)

    def mark(self, value: Parameter) -> str:
        """The placeholder of a new parameter."""
        self.parameters.append(value)
        return f"?{len(self.parameters)}"

    def name(self, dimension: str) -> str:
        """How this dimension reads here."""
        return self._expressions.get(dimension, dimension)

    @property
    def where(self) -> str:
        """The WHERE clause on a line of its own, empty where nothing is asked for."""
        return f"\nWHERE {' AND '.join(self._sql)}" if self._sql else ""


def passengers_sql() -> str:
    """A WITH clause: the table, each row with the dimensions that follow from its columns."""
    derived = ",\n  ".join(f"{dimension.from_table} AS {dimension.name}" for dimension in DERIVED)
    return f"WITH passengers AS (\n  SELECT *,\n  {derived}\n  FROM {TABLE}\n)\n"


def totals_query(filters: Filters) -> Query:
    """One row: passengers, survivors, and for each measure its sum."""
    sums = [f"SUM({measure.name}) AS {measure.name}" for measure in MEASURES[1:]]
    sums.append("SUM(rows * (embarked IS NOT NULL)) AS embarked_known")
    return _grouped((), filters, frozenset(), sums)


def facet_query(
    facets: Sequence[Facet],
    filters: Filters,
    skip: frozenset[str] = frozenset(),
    measures: Sequence[str] = (),
) -> Query:
    """For each combination of these facets' values: passengers, survivors, and the sums of `measures`.

    `skip` names facets whose choice does not count: a chart whose marks can be clicked keeps the others.
    """
    names = list(dict.fromkeys(dimension for facet in facets for dimension in facet.dimensions))
    return _grouped(names, filters, skip, [f"SUM({name}) AS {name}" for name in measures])


def _grouped(names: Sequence[str], filters: Filters, skip: frozenset[str], sums: Sequence[str]) -> Query:
    conditions = Conditions()
    add_filters(conditions, filters, skip)
    table = _smallest_with({*names, *used_dimensions(filters, skip)})
    columns = ["SUM(rows) AS passengers", "SUM(rows * survived) AS survivors", *sums]
    group = f"\nGROUP BY {', '.join(names)}\nORDER BY {', '.join(names)}" if names else ""
    sql = f"SELECT {', '.join([*names, *columns])}\nFROM {table.name}{conditions.where}{group}"
    return Query(sql, tuple(conditions.parameters))


def value_counts_query(number: Number, filters: Filters, rows: int, *, by_class: bool = False) -> ValueCounts:
    """How often each age or fare occurs, in order, for a table of this many rows; `by_class` apart."""
    skip = frozenset({"pick-fare"} if by_class else ())
    if rows <= EXACT_ROWS:
        return ValueCounts(_exact_values(number, filters, skip, by_class), "exact")
    fine, step = (AGES, "age_step") if number == "age" else (FARES, "fare_step")
    expressions = {"age_bin": "age_step / 50 * 5"} if number == "age" else {}
    counted = {dimension.name for dimension in fine.dimensions} | set(expressions)
    used = used_dimensions(filters, skip)
    if used <= counted:
        return ValueCounts(_summed_values(number, fine, step, filters, skip, by_class, expressions), "fine")
    table = _smallest_with({f"{number}_bin", "pclass", *used})
    query = _summed_values(number, table, f"{number}_bin", filters, skip, by_class, {})
    return ValueCounts(query, "bins", AGE_BINS if number == "age" else FARE_BINS)


def _exact_values(number: Number, filters: Filters, skip: frozenset[str], by_class: bool) -> Query:
    conditions = Conditions()
    conditions.add(f"{number} IS NOT NULL")
    add_filters(conditions, filters, skip)
    key = "pclass, " if by_class else ""
    return Query(
        f"{passengers_sql()}SELECT {key}{number} AS value, COUNT(*) AS rows\n"
        f"FROM passengers{conditions.where}\nGROUP BY {key}{number}\nORDER BY {key}{number}",
        tuple(conditions.parameters),
    )


def _summed_values(
    number: Number, table: ChartTable, step: str, filters: Filters, skip: frozenset[str], by_class: bool,
    expressions: Mapping[str, str],
) -> Query:  # fmt: skip
    conditions = Conditions(expressions)
    add_filters(conditions, filters, skip)
    rows = f"{number}_known" if step.endswith("_bin") else "rows"
    conditions.add(f"{rows} > 0")
    key = "pclass, " if by_class else ""
    return Query(
        f"SELECT {key}SUM({number}_sum) / SUM({rows}) AS value, SUM({rows}) AS rows\n"
        f"FROM {table.name}{conditions.where}\nGROUP BY {key}{step}\nORDER BY {key}{step}",
        tuple(conditions.parameters),
    )


def used_dimensions(filters: Filters, skip: frozenset[str]) -> set[str]:
    """The dimensions that these filters look at, those of the facets in `skip` left out."""
    used = {d for name, _ in filters.chosen if name not in skip for d in FACETS[name].dimensions}
    if filters.age or filters.unknown_age != "keep":
        used.add("age_bin")
    if filters.fare:
        used.add("fare_bin")
    return used


def add_filters(conditions: Conditions, filters: Filters, skip: frozenset[str]) -> None:
    """Add what these filters ask for, those of the facets in `skip` left out."""
    for name, tokens in filters.chosen:
        if name not in skip:
            _add_choice(conditions, FACETS[name], tokens)
    _add_age(conditions, filters)
    fare = conditions.name("fare_bin")
    if filters.fare.low is not None:
        conditions.add(f"{fare} >= {conditions.mark(filters.fare.low)}")
    if filters.fare.high is not None:
        conditions.add(f"{fare} < {conditions.mark(filters.fare.high)}")


def _add_choice(conditions: Conditions, facet: Facet, tokens: Sequence[str]) -> None:
    chosen = [member.values for member in facet.members if member.token in tokens]
    if len(facet.dimensions) == 1:
        name = conditions.name(facet.dimensions[0])
        marks = ", ".join(conditions.mark(value) for (value,) in chosen if value is not None)
        parts = [f"{name} IN ({marks})"] if marks else []
        parts += [f"{name} IS NULL"] if (None,) in chosen else []
    else:
        parts = [
            "("
            + " AND ".join(
                f"{conditions.name(d)} = {conditions.mark(v)}"
                for d, v in zip(facet.dimensions, values, strict=True)
            )
            + ")"
            for values in chosen
        ]
    conditions.add(parts[0] if len(parts) == 1 else f"({' OR '.join(parts)})")


def _add_age(conditions: Conditions, filters: Filters) -> None:
    name = conditions.name("age_bin")
    if filters.unknown_age == "only":
        conditions.add(f"{name} IS NULL")
        return
    bounds = []
    if filters.age.low is not None:
        bounds.append(f"{name} >= {conditions.mark(filters.age.low)}")
    if filters.age.high is not None:
        bounds.append(f"{name} < {conditions.mark(filters.age.high)}")
    inside = " AND ".join(bounds) or f"{name} IS NOT NULL"
    if filters.unknown_age == "drop":
        conditions.add(inside)
    elif bounds:
        conditions.add(f"(({inside}) OR {name} IS NULL)")


def _smallest_with(dimensions: set[str]) -> ChartTable:
    return next(t for t in ROLLUPS if dimensions <= {column.name for column in t.dimensions})
