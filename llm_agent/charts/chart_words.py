"""The words of a chart: labels that mean nothing but themselves, and the whole chart as a sentence.

Titles, names of columns and cells may hold anything: Plotly reads a small HTML in them (links included) and
templates in hover texts, so `plain` takes their meaning away.
"""

from __future__ import annotations

from collections.abc import Sequence

from data_pipeline.table import COLUMNS
from llm_agent.chart_spec import ChartSpec, values_of
from llm_agent.figures.result_numbers import Result

MAX_LABEL = 30
"""Characters of a label on an axis or in a legend."""
UNKNOWN = "unknown"
_KNOWN = {column.name: column for column in COLUMNS}
CODE_NAMES: dict[str, dict[object, str]] = {
    "survived": {0: "died", 1: "survived"},
    "pclass": {1: "1st class", 2: "2nd class", 3: "3rd class"},
    "embarked": {"C": "Cherbourg", "Q": "Queenstown", "S": "Southampton"},
}


def axis_title(column: str) -> str:
    """A column's name with its unit where the table's contract knows one: `age (years)`."""
    unit = _KNOWN[column].unit if column in _KNOWN else ""
    return f"{plain(_cut(column))} ({unit})" if unit else plain(_cut(column))


def plain(text: str) -> str:
    """Text that Plotly shows letter by letter: no tags, entities or templates."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    return shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("%{", "% {")


def _cut(text: str) -> str:
    return text if len(text) <= MAX_LABEL else f"{text[: MAX_LABEL - 1]}…"


def labels_of(result: Result, column: str) -> dict[int | float | str | None, str]:
    """A label for each different cell of a column, sorted: numbers, then texts, then unknown.

    Codes become their meaning. No two cells share a label, since Plotly would draw them as one.
    """
    labels: dict[int | float | str | None, str] = {}
    for cell in sorted(set(values_of(result, column)), key=_order):
        label, number = _label(column, cell), 1
        while label in labels.values():
            number += 1
            label = f"{_label(column, cell)} ({number})"
        labels[cell] = label
    return labels


def _order(cell: int | float | str | None) -> tuple[int, float, str]:
    if cell is None:
        return (2, 0, "")
    return (1, 0, cell) if isinstance(cell, str) else (0, cell, "")


def _label(column: str, cell: int | float | str | None) -> str:
    return UNKNOWN if cell is None else plain(_cut(meaning_of(column, cell)))


def meaning_of(column: str, cell: int | float | str) -> str:
    """A code of the table as its meaning (`survived` 1 as "survived"), other cells as they are."""
    names = CODE_NAMES.get(column, {})
    return names.get(cell, f"{cell:g}" if isinstance(cell, float) else str(cell))


def chart_in_words(spec: ChartSpec, result: Result) -> str:
    """The chart as a text for people who cannot see it: what is drawn, and its ends.

    Plain text that may hold anything a cell holds: who shows it as Markdown or HTML has to escape it.

    >>> chart_in_words(ChartSpec("bar", "sex", "n"), result)
    'Bar chart of n by sex, 2 rows. n is highest at male (577) and lowest at female (314).'
    """
    shown = f"{spec.y} by {spec.x}" if spec.y else spec.x
    if spec.kind == "heatmap":
        shown = f"{spec.colour} by {spec.x} and {spec.y}"
    by_colour = f", one colour for each {spec.colour}" if spec.colour and spec.kind != "heatmap" else ""
    chart = "Histogram" if spec.kind == "histogram" else f"{spec.kind.capitalize()} chart"
    chart = "Heatmap" if spec.kind == "heatmap" else chart
    heading = f"{spec.title}. " if spec.title else ""
    return (
        f"{heading}{chart} of {shown}{by_colour}, {len(result.rows)} rows. {_extremes(spec, result)}".strip()
    )


def _extremes(spec: ChartSpec, result: Result) -> str:
    measure = spec.colour if spec.kind == "heatmap" else (spec.y or spec.x)
    index = result.columns.index(measure or "")
    known = [row for row in result.rows if isinstance(row[index], int | float)]
    if not known:
        return ""
    ordered = sorted(known, key=lambda row: float(row[index] or 0))
    lowest, highest = ordered[0], ordered[-1]
    if measure == spec.x:
        return f"{measure} goes from {_number(lowest[index])} to {_number(highest[index])}."
    high, low = (f"{_at(spec, result, row)} ({_number(row[index])})" for row in (highest, lowest))
    return f"{measure} is highest at {high} and lowest at {low}."


def _at(spec: ChartSpec, result: Result, row: Sequence[int | float | str | None]) -> str:
    columns = [spec.x, spec.y if spec.kind == "heatmap" else spec.colour]
    cells = [(column, row[result.columns.index(column)]) for column in columns if column]
    return ", ".join(UNKNOWN if cell is None else meaning_of(column, cell) for column, cell in cells)


def _number(cell: object) -> str:
    return f"{cell:,}" if isinstance(cell, int) else f"{cell:,.4g}" if isinstance(cell, float) else str(cell)
