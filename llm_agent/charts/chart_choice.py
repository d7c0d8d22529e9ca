"""Which charts a result allows, and which one to begin with."""

from __future__ import annotations

from itertools import pairwise

from llm_agent.chart_spec import (
    KINDS,
    ChartKind,
    ChartSpec,
    distinct,
    is_category,
    is_numeric,
    validate_chart,
)
from llm_agent.errors import ChartRefused
from llm_agent.figures.result_numbers import Result, is_label

FEWEST_ROWS = 2
"""One number is an answer, not a chart."""
FEWEST_VALUES_OF_A_HISTOGRAM = 10


def possible_charts(result: Result) -> dict[ChartKind, ChartSpec]:
    """For each kind that this result allows, in the order of `KINDS`, a sensible specification."""
    if len(result.rows) < FEWEST_ROWS:
        return {}
    found = {kind: spec for kind in KINDS if (spec := _first_fit(kind, result)) is not None}
    return found


def possible_kinds(result: Result) -> tuple[ChartKind, ...]:
    """The kinds of chart that this result allows, for a switch."""
    return tuple(possible_charts(result))


def suggest_chart(result: Result) -> ChartSpec | None:
    """The chart to show when none was asked for; None when a table says it better.

    Categories with a number are bars, ordered numbers a line, many single numbers a histogram, two measures
    of many rows a scatter.
    """
    charts = possible_charts(result)
    categories, labels, measures = _roles(result)
    is_listing = len(result.rows) > len(KINDS) and bool(categories) and "name" in result.columns
    if is_listing or not measures:
        return None
    if categories or labels:
        return charts.get("bar")
    return charts.get("line") or charts.get("histogram") or charts.get("scatter")


def _first_fit(kind: ChartKind, result: Result) -> ChartSpec | None:
    for spec in _ideas(kind, result):
        try:
            return validate_chart(spec.as_json(), result)
        except ChartRefused:
            continue
    return None


def _ideas(kind: ChartKind, result: Result) -> list[ChartSpec]:
    """Specifications worth trying, best first."""
    categories, labels, measures = _roles(result)
    sides = categories + labels
    last = measures[-1:]  # people put what they ask for last: SELECT sex, pclass, COUNT(*)
    match kind:
        case "bar":
            colours = [None, *sides[1:]] if len(sides) > 1 else [None]
            return [
                ChartSpec("bar", side, y, c)
                for y in measures[:1]
                for side in sides
                for c in colours
                if c != side
            ]
        case "line":
            ordered = [side for side in labels + measures if _is_rising(result, side)]
            return [ChartSpec("line", x, y) for x in ordered for y in measures if y != x]
        case "scatter":
            return [ChartSpec("scatter", x, y) for x in measures for y in measures if x != y]
        case "histogram":
            many = [m for m in measures if len(distinct(result, m)) >= FEWEST_VALUES_OF_A_HISTOGRAM]
            return [ChartSpec("histogram", x) for x in many]
        case "box":
            many = [m for m in measures if len(result.rows) >= 2 * FEWEST_VALUES_OF_A_HISTOGRAM]
            grouped = [ChartSpec("box", side, y) for y in many for side in sides if _repeats(result, side)]
            return grouped + [ChartSpec("box", x) for x in many]
        case "heatmap":
            return [ChartSpec("heatmap", x, y, c) for x in sides for y in sides for c in last if x != y]


def _roles(result: Result) -> tuple[list[str], list[str], list[str]]:
    """Columns of text or codes, columns of other numeric labels (decades), and columns to measure."""
    categories, labels, measures = [], [], []
    for index, column in enumerate(result.columns):
        if column == "passenger_id":
            continue
        if is_category(result, column):
            categories.append(column)
        elif is_label(result, index):
            labels.append(column)
        elif is_numeric(result, column):
            measures.append(column)
    return categories, labels, measures


def _is_rising(result: Result, column: str) -> bool:
    cells = [row[result.columns.index(column)] for row in result.rows]
    numbers = [cell for cell in cells if isinstance(cell, int | float)]
    return len(numbers) == len(cells) > 2 and all(one < other for one, other in pairwise(numbers))


def _repeats(result: Result, column: str) -> bool:
    return len(distinct(result, column)) * 5 <= len(result.rows)
