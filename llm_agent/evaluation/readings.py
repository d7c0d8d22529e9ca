"""The figures of an answer with what each is about: 68 % is of the women, 80 of those of class 1 who died.

People put the group before the figure ("Women: 314") or after it ("314 women"), so a figure has a label
before and one after it in each family, and an answer is right when it is right in one order throughout.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from llm_agent.evaluation.words import Mention, mentions
from llm_agent.figures.figures_in_text import Figure, find_figures

Order = Literal["before", "after", "ranked"]
ORDERS: tuple[Order, ...] = ("before", "after", "ranked")
"""Where a figure's label stands; ranked: labels and figures are listed apart, in the same order."""

ABSENT = object()
"""No label of the family is near."""
FINE_STEP, RELATIVE_STEP = 0.01, 0.025
"""The coarsest step of a figure that states a broken number: 0.01, or 2.5 % of the number."""
PERCENT_STEP = 1.0
MAX_NUMBERS = 200
_CLAUSE_END = re.compile(
    r"[.;:!?](?=\s|$)|\n|,?\s(?:while|whereas|but|against|compared (?:with|to)|versus|vs\.?)\s|,\sand\s"
    r"|\sand\s(?=\**\d)"
)


@dataclass(frozen=True)
class LabelledFigure:
    """A figure with its label in each family, for each order in which labels and figures may stand."""

    figure: Figure
    labels: Mapping[tuple[str, Order], Hashable]

    def label(self, family: str, order: Order) -> Hashable:
        """The label in this family, or `ABSENT`."""
        return self.labels.get((family, order), ABSENT)


def plain_text(text: str) -> str:
    """The text without Markdown's emphasis and without the SQL it may show."""
    text = re.sub(r"```.*?(?:```|\Z)", " ", text, flags=re.S)
    text = text.replace("\u2019", "'").replace("\u2212", "-").replace("\u00a0", " ").replace("\u202f", " ")
    return re.sub(r"\*\*|__|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w)|`", "", text)


@lru_cache(maxsize=64)
def stated_figures(text: str) -> tuple[Figure, ...]:
    """The numbers that a plain text claims, without cabins."""
    return tuple(figure for figure in find_figures(text) if figure.kind != "code")


def is_flood(text: str) -> bool:
    """Whether the text holds so many numbers that reading them makes no sense."""
    return len(re.findall(r"\d+", text)) > MAX_NUMBERS


def is_stated(figure: Figure, gold: float, unit: str = "") -> bool:
    """Whether the figure states the number, at a precision that shows it was computed.

    A whole number has to be exact. A percentage may be rounded to whole percents or stand as a fraction.
    """
    if unit == "percent":
        return any(_is_percentage(figure, reading.value, reading.step, gold) for reading in figure.readings)
    if figure.is_percent or figure.kind != "number":
        return False
    return any(
        abs(abs(reading.value) - abs(gold)) <= _tolerance(reading.step, gold) for reading in figure.readings
    )


def clause_of(text: str, start: int, end: int) -> str:
    """The part of the sentence in which text[start:end] stands."""
    ends = list(_CLAUSE_END.finditer(text))
    begin = max((match.end() for match in ends if match.end() <= start), default=0)
    stop = next((match.start() for match in ends if match.start() >= end), len(text))
    return text[begin:stop]


def line_of(text: str, start: int) -> tuple[int, int]:
    """Where the line of this position begins and ends."""
    stop = text.find("\n", start)
    return text.rfind("\n", 0, start) + 1, len(text) if stop < 0 else stop


def labelled_figures(text: str, families: Sequence[str]) -> list[LabelledFigure]:
    """Every figure of the text with its labels in these families."""
    figures = stated_figures(text)
    labels: list[dict[tuple[str, Order], Hashable]] = [{} for _ in figures]
    for family in families:
        named = mentions(text, family)
        for index, figure in enumerate(figures):
            labels[index][family, "before"] = _label_before(text, figure, family, named)
            labels[index][family, "after"] = _label_after(text, figure, family, named)
        for index, label in _ranked(text, figures, named):
            labels[index][family, "ranked"] = label
    return [LabelledFigure(figure, own) for figure, own in zip(figures, labels, strict=True)]


def _is_percentage(figure: Figure, value: float, step: float, gold: float) -> bool:
    if figure.kind == "share":
        return abs(100 * value - gold) <= 0.5
    if figure.kind != "number":
        return False
    if abs(abs(value) - abs(gold)) <= step / 2 + 0.01 and step <= PERCENT_STEP:
        return figure.is_percent or figure.may_be_percent or step < 1 or value == gold
    is_fraction = not figure.is_percent and 0 <= value <= 1 and step <= 0.01
    return is_fraction and abs(100 * value - gold) <= 50 * step + 0.01


def _tolerance(step: float, gold: float) -> float:
    """How far a figure of this step may lie from the number; negligible where it must be exact."""
    is_whole = float(gold).is_integer()
    if not is_whole and step <= max(FINE_STEP, RELATIVE_STEP * abs(gold)):
        return step / 2 + 1e-9
    return 1e-6


def _label_before(text: str, figure: Figure, family: str, named: Sequence[Mention]) -> Hashable:
    """The label of the table's cell, else the nearest one before the figure, of its line if it has any."""
    if (label := _label_of_cell(text, figure, family)) is not ABSENT:
        return label
    start, stop = line_of(text, figure.start)
    earlier = [mention for mention in named if mention.end <= figure.start]
    in_line = [mention for mention in named if start <= mention.start < stop]
    if not earlier or (in_line and earlier[-1].start < start):
        return ABSENT
    return earlier[-1].label


def _label_after(text: str, figure: Figure, family: str, named: Sequence[Mention]) -> Hashable:
    """The label of the table's cell, else the next one in the line; lines without any take one from above."""
    start, stop = line_of(text, figure.start)
    in_line = [mention for mention in named if start <= mention.start < stop]
    if not in_line or (_label_of_cell(text, figure, family)) is not ABSENT:
        return _label_before(text, figure, family, named)
    later = [mention for mention in in_line if mention.start >= figure.end]
    return later[0].label if later else ABSENT


def _ranked(text: str, figures: Sequence[Figure], named: Sequence[Mention]) -> Iterator[tuple[int, Hashable]]:
    """The k-th figure of each line belongs to the label that is named k-th in the text, in turns."""
    order = list(dict.fromkeys(mention.label for mention in named))
    seen: dict[int, int] = {}
    for index, figure in enumerate(figures):
        line, _ = line_of(text, figure.start)
        place = seen.get(line, 0)
        seen[line] = place + 1
        if order:
            yield index, order[place % len(order)]


def _label_of_cell(text: str, figure: Figure, family: str) -> Hashable:
    """In a Markdown table: the label of the row, else of the column; `ABSENT` outside one."""
    start, stop = line_of(text, figure.start)
    line = text[start:stop]
    if not line.lstrip().startswith("|"):
        return ABSENT
    rows = {mention.label for mention in mentions(_without_numbers(line), family)}
    if len(rows) == 1:
        return rows.pop()
    header = _header_of(text, start)
    column = line[: figure.start - start].count("|")
    cells = header.split("|")
    columns = {mention.label for mention in mentions(cells[column], family)} if column < len(cells) else set()
    return columns.pop() if len(columns) == 1 else ABSENT


def _without_numbers(row: str) -> str:
    """The row of a table, its first cell as it stands and of the others only words."""
    first, _, rest = row.lstrip()[1:].partition("|")
    return f"{first}| {re.sub(r'[^|]*[0-9][^|]*', ' ', rest)}"


def _header_of(text: str, start: int) -> str:
    lines = text[:start].split("\n")[:-1]
    header = ""
    for line in reversed(lines):
        if not line.lstrip().startswith("|"):
            break
        header = line
    return header
