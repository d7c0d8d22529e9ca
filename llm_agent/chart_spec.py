"""A chart as data: what to draw of a result, checked against its columns. Never code, never aggregated here.

A model fills in the arguments of a tool; what does not fit is refused with a sentence that it can act on.
`chart_figure.py` draws what passed.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from data_pipeline.table import COLUMNS
from llm_agent.errors import ChartRefused
from llm_agent.figures.result_numbers import Result

ChartKind = Literal["bar", "line", "scatter", "histogram", "box", "heatmap"]
KINDS: tuple[ChartKind, ...] = get_args(ChartKind)
NEEDS_Y: frozenset[ChartKind] = frozenset({"bar", "line", "scatter", "heatmap"})
"""The others count the values of x: a histogram has no y, a box may."""

MAX_CATEGORIES = 40
"""Bars, boxes or cells along one axis that can still be read."""
MAX_COLOURS = 8
"""As many as the palette has, which people with common colour blindness can tell apart."""
MAX_POINTS = 5_000
MAX_TITLE = 120
"""Characters."""
_CODES = {column.name: set(column.allowed) for column in COLUMNS if column.allowed}


@dataclass(frozen=True)
class ChartSpec:
    """A kind of chart, and which columns of the result are its axes and colours."""

    kind: ChartKind
    x: str
    y: str | None = None
    colour: str | None = None
    title: str = ""

    def as_json(self) -> dict[str, Any]:
        """The specification as a JSON object; `from_json` reads it."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ChartSpec:
        """The specification that was saved, its columns unchecked; raises `ChartRefused` when it is none."""
        kind = data.get("kind")
        if kind not in KINDS:
            raise ChartRefused(f"The kind of chart is {kind!r:.60}.", f"Use one of: {', '.join(KINDS)}.")
        x = _text(data, "x")
        if x is None:
            raise ChartRefused("x is missing.", "Name the column of the horizontal axis.")
        return cls(kind, x, _text(data, "y"), _text(data, "colour"), _title(data))


def validate_chart(arguments: Mapping[str, Any], result: Result) -> ChartSpec:
    """The specification in a tool call's arguments, fit for this result; `query` in them is ignored.

    Column names are taken as SQLite takes them, whatever their case. Raises `ChartRefused`, whose message
    says what to change.
    """
    asked = ChartSpec.from_json(arguments)
    if not result.rows:
        raise ChartRefused("The result has no rows.", "Run a query that returns some, then draw that one.")
    spec = ChartSpec(
        asked.kind,
        _column(asked.x, "x", result),
        _column(asked.y, "y", result) if asked.y else None,
        _column(asked.colour, "colour", result) if asked.colour else None,
        asked.title,
    )
    _check_axes(spec, result)
    _check_size(spec, result)
    return spec


def values_of(result: Result, column: str) -> list[int | float | str | None]:
    """The cells of one column, in the result's order."""
    index = result.columns.index(column)
    return [row[index] for row in result.rows]


def is_numeric(result: Result, column: str) -> bool:
    """True when the column holds numbers only, and at least one; unknown cells do not count."""
    known = [cell for cell in values_of(result, column) if cell is not None]
    return bool(known) and all(isinstance(cell, int | float) for cell in known)


def is_category(result: Result, column: str) -> bool:
    """True for text, and for codes such as pclass and survived, whose numbers are names."""
    codes = _CODES.get(column, set())  # a column named survived may also be SUM(survived)
    return set(values_of(result, column)) <= {None, *codes} or not is_numeric(result, column)


def distinct(result: Result, column: str) -> list[int | float | str | None]:
    """The different cells of a column, in the order in which they first come."""
    return list(dict.fromkeys(values_of(result, column)))


def _text(data: Mapping[str, Any], key: str) -> str | None:
    value = data.get(key)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise ChartRefused(f"{key} is {value!r:.60}, not text.", "Give the name of one column of the result.")
    return value


def _title(data: Mapping[str, Any]) -> str:
    title = " ".join((_text(data, "title") or "").split())
    if len(title) > MAX_TITLE:
        raise ChartRefused(f"The title has {len(title)} characters.", f"Use at most {MAX_TITLE}.")
    return title


def _column(name: str, role: str, result: Result) -> str:
    if name in result.columns:
        return name
    by_lower = {column.lower(): column for column in result.columns}
    if name.lower() in by_lower:
        return by_lower[name.lower()]
    near = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    hint = f"Did you mean {by_lower[near[0]]:.60}? " if near else ""
    listed = ", ".join(column[:60] for column in result.columns[:20])
    raise ChartRefused(f"{role} is {name:.60}, which the result does not have.", f"{hint}It has: {listed}.")


def _check_axes(spec: ChartSpec, result: Result) -> None:
    if spec.kind in NEEDS_Y and spec.y is None:
        raise ChartRefused(f"A {spec.kind} needs y.", "Name the column of numbers to show.")
    if spec.kind == "histogram" and spec.y is not None:
        raise ChartRefused(
            "A histogram counts the values of x and takes no y.",
            "Leave y out, or use bar for counts you have.",
        )
    if spec.kind == "heatmap":
        _check_heatmap(spec, result)
    numeric = {"histogram": spec.x, "scatter": spec.x, "heatmap": spec.colour}.get(spec.kind)
    for role, column in (("y", spec.y if spec.kind != "heatmap" else None), ("x", numeric)):
        if spec.kind == "box" and spec.y is None:
            role, column = "x", spec.x
        if column is not None and not is_numeric(result, column):
            role = "colour" if spec.kind == "heatmap" else role
            raise ChartRefused(
                f"{role} is {column:.60}, which holds no numbers or not only numbers.",
                f"A {spec.kind} needs numbers there: {_numeric_columns(result)}.",
            )


def _check_heatmap(spec: ChartSpec, result: Result) -> None:
    if spec.colour is None:
        raise ChartRefused(
            "A heatmap needs colour.", "Name the column of numbers; x and y are its two sides."
        )
    pairs = list(zip(values_of(result, spec.x), values_of(result, spec.y or ""), strict=True))
    if len(set(pairs)) < len(pairs):
        raise ChartRefused(
            f"Several rows have the same {spec.x:.60} and {spec.y:.60}.",
            "Group by both in the query; a chart does not aggregate.",
        )


def _numeric_columns(result: Result) -> str:
    columns = [column[:60] for column in result.columns if is_numeric(result, column)]
    return f"this result has {', '.join(columns)}" if columns else "this result has none"


def _check_size(spec: ChartSpec, result: Result) -> None:
    if len(result.rows) > MAX_POINTS:
        raise ChartRefused(
            f"The result has {len(result.rows)} rows.", f"Draw at most {MAX_POINTS}: aggregate."
        )
    sides: dict[ChartKind, list[str | None]] = {
        "bar": [spec.x],
        "heatmap": [spec.x, spec.y],
        "box": [spec.x] if spec.y else [],
    }
    for column in sides.get(spec.kind, []):
        _check_count(
            column, len(distinct(result, column or "")), MAX_CATEGORIES, "Group more coarsely or use LIMIT."
        )
    if spec.colour and spec.kind != "heatmap":
        advice = "Leave colour out, or choose a column with few values."
        _check_count(spec.colour, len(distinct(result, spec.colour)), MAX_COLOURS, advice)
    if spec.kind == "bar":
        _check_bars(spec, result)


def _check_count(column: str | None, count: int, limit: int, advice: str) -> None:
    if count > limit:
        raise ChartRefused(f"{column:.60} has {count} different values; at most {limit} can be read.", advice)


def _check_bars(spec: ChartSpec, result: Result) -> None:
    places = [values_of(result, column) for column in (spec.x, spec.colour) if column]
    keys = list(zip(*places, strict=True))
    if len(set(keys)) < len(keys):
        raise ChartRefused(
            f"Several rows have the same {' and '.join(c[:60] for c in (spec.x, spec.colour) if c)}.",
            "Group by it in the query, or give the other column as colour; a chart does not aggregate.",
        )
