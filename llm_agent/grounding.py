"""Grounding: which numbers of an answer stand in a result, which follow from one, and which stand nowhere.

A figure is matched, in this order, to a cell or a count of rows; to a number or a condition that was asked
for; to what follows from cells. `derivations.py` says what is combined, `figure_agreement.py` how a stated
figure may differ from the exact one.

What this cannot see: a true number in a false role ("109 women survived" when 109 is the men's cell), a
claim without a number, a number that fits by accident. How often the last happens was measured with 2,000
random figures of each sort against ten usual results; `tests/test_grounding_accidents.py` does it with fewer.
Whole numbers up to 891: 4.4 %; whole percentages: 6.9 %; with one decimal, percentages 4.3 %, other numbers
2.6 %; with two 0.6 %. Whole percentages are worst against six rows of two counts, 24 %; a single number is
hardly ever met, 0.1 %.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Literal

from llm_agent.figures.derivations import derived_across, derived_from
from llm_agent.figures.figure_agreement import is_match
from llm_agent.figures.figures_in_text import Figure, Reading, find_figures
from llm_agent.figures.result_numbers import Candidate, Result, cells_of, is_label, number_in, row_count_of

Status = Literal["cell", "derived", "question", "unmatched"]

LONG_ROWS = 30
"""Rows from which on a cell alone is no evidence: 200 ages hold nearly every number up to 80."""
DENSE = 0.05
"""In a long result, the part of all possible figures that a column may hold and still be evidence."""
MAX_TEXT = 20_000
"""Characters of an answer that are looked at."""
MAX_FIGURES = 400
"""Figures of one answer that are checked; an answer of more is a dump of rows."""


@dataclass(frozen=True)
class CheckedFigure:
    """A figure of an answer, `answer[start:end]`, and where it comes from.

    `value` is None for a cabin. `query` is the number of the result; `row`, from 1 on, and `column` say
    where in it, as far as one cell, row or column is meant. `how` says the same to people.
    """

    text: str
    start: int
    end: int
    value: float | None
    status: Status
    query: int | None
    row: int | None
    column: str | None
    how: str


def check_figures(
    answer: str, question: str, results: Mapping[int, Result], queries: Mapping[int, str] | None = None
) -> tuple[CheckedFigure, ...]:
    """Every figure of the answer in its order, matched as the module says.

    `results` are those of the turn by number (earlier turns' may be among them); of two that fit, the later
    one is named. `question` may hold earlier questions, too. `queries` are the statements by number: a
    condition in one ("age < 16") may be named in the answer.

    >>> from llm_agent.readonly_sql import QueryResult
    >>> result = QueryResult(("sex", "n"), (("female", 314), ("male", 577)), False, 0.0)
    >>> [figure.how for figure in check_figures("314 of 891 (35.2 %).", "How many women?", {1: result})]
    ['row 1 (female), column n of query 1', '314 + 577 (column n of query 1)', '314 / 891 as a percentage …']
    """
    evidence = _Evidence(answer, question, results, queries or {})
    return tuple(evidence.check(figure) for figure in find_figures(answer[:MAX_TEXT])[:MAX_FIGURES])


def unmatched(figures: Iterable[CheckedFigure]) -> tuple[CheckedFigure, ...]:
    """Those figures that stand in no result and were not asked for."""
    return tuple(figure for figure in figures if figure.status == "unmatched")


def mend_request(figures: Iterable[CheckedFigure]) -> str:
    """What the model is told about its unmatched figures; empty when there are none."""
    texts = list(dict.fromkeys(f'"{figure.text}"' for figure in unmatched(figures)))
    if not texts:
        return ""
    return (
        f"These figures of your answer stand in no result of this conversation: {', '.join(texts)}. Run a "
        "query that gives them, or leave them out. Then write the whole answer again, without mentioning "
        "this check."
    )


class _Evidence:
    """Everything that the figures of one answer may be matched to."""

    def __init__(
        self, answer: str, question: str, results: Mapping[int, Result], queries: Mapping[int, str]
    ) -> None:
        self.answer = answer
        self.question = question
        self.results = dict(sorted(results.items(), reverse=True))
        self.quoted = list(_quoted_cells(answer, self.results))
        self.cells = [
            candidate
            for query, result in self.results.items()
            for candidate in _labels_last(result, (*row_count_of(query, result), *cells_of(query, result)))
        ]
        self.derived: list[Candidate] | None = None
        self.asked = [(figure, "it stands in the question") for figure in find_figures(question[:MAX_TEXT])]
        for number, sql in queries.items():
            self.asked += [(figure, f"a condition of query {number}") for figure in _conditions(sql)]

    def check(self, figure: Figure) -> CheckedFigure:
        """The figure with the first thing that it matches."""
        for start, end, candidate in self.quoted:
            if start <= figure.start and figure.end <= end:
                return _checked(figure, "cell", candidate)
        for status, candidates in (("cell", self.cells), ("question", None), ("derived", self._derive)):
            if status == "question":
                if how := self._asked_as(figure):
                    return _checked(figure, "question", None, how)
                continue
            found = candidates() if callable(candidates) else candidates or []
            for candidate in found:
                if is_match(figure, candidate) and self._is_evidence(figure, candidate):
                    return _checked(figure, "cell" if candidate.kind == "cell" else "derived", candidate)
        return _checked(figure, "unmatched", None, "it stands in no result")

    def _asked_as(self, figure: Figure) -> str:
        if figure.kind == "code":
            return "it stands in the question" if figure.text in self.question else ""
        for other, how in self.asked:
            is_same_kind = (other.kind, other.is_percent) == (figure.kind, figure.is_percent)
            if is_same_kind and {r.value for r in other.readings} & {r.value for r in figure.readings}:
                return how
        return ""

    def _derive(self) -> list[Candidate]:
        """Derived numbers, made only once a figure needs them."""
        if self.derived is None:
            each = (derived_from(query, result) for query, result in self.results.items())
            found = chain(*each, derived_across(self.results))
            self.derived = sorted(found, key=lambda candidate: candidate.is_far)
        return self.derived

    def _is_evidence(self, figure: Figure, candidate: Candidate) -> bool:
        """False for a cell of a long result that the figure may have hit by accident."""
        result = self.results[candidate.query]
        if candidate.kind != "cell" or len(result.rows) <= LONG_ROWS or candidate.row is None:
            return True
        if candidate.row in (1, len(result.rows)):
            return True
        column = result.columns.index(candidate.column or "")
        numbers = [number for row in result.rows if (number := number_in(row[column])) is not None]
        if candidate.value in (min(numbers), max(numbers)):
            return True
        step = max(min(reading.step for reading in figure.readings), 1e-6)
        possible = (max(numbers) - min(numbers)) / step + 1
        if len({round(number / step) for number in numbers}) / possible <= DENSE:
            return True
        return self._has_company(figure, result, candidate.row, column)

    def _has_company(self, figure: Figure, result: Result, row: int, column: int) -> bool:
        """True when another cell of the same row is named in the figure's line."""
        start = self.answer.rfind("\n", 0, figure.start) + 1
        line = f"{self.answer[start : figure.start]} {self.answer[figure.end :].split(chr(10))[0]}"
        others = [cell for index, cell in enumerate(result.rows[row - 1]) if index != column]
        return any(isinstance(cell, str) and len(cell) > 1 and _is_named(cell, line) for cell in others)


def _labels_last(result: Result, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Cells first, then the count of rows, then ids and classes, which any small number would match."""
    labels = {name for index, name in enumerate(result.columns) if is_label(result, index)}
    return sorted(candidates, key=lambda candidate: (candidate.column in labels, candidate.kind != "cell"))


def _quoted_cells(answer: str, results: Mapping[int, Result]) -> Iterator[tuple[int, int, Candidate]]:
    """Where the answer quotes a text cell that holds digits: a ticket, a cabin, a range of ages."""
    for query, result in results.items():
        for row, cells in enumerate(result.rows, 1):
            for name, cell in zip(result.columns, cells, strict=True):
                if isinstance(cell, str) and _is_quotable(cell):
                    how = f"row {row}, column {name[:40]} of query {query}"
                    candidate = Candidate(0.0, "cell", query, row, name, how)
                    yield from ((start, end, candidate) for start, end in _spans_of(cell, answer))


def _is_quotable(cell: str) -> bool:
    """True for text that holds digits and is more than a small number, which stands anywhere."""
    return any(letter.isdigit() for letter in cell) and not re.fullmatch(r"\d{1,3}", cell)


def _spans_of(cell: str, answer: str) -> Iterator[tuple[int, int]]:
    if cell in answer:
        spelled = re.compile(rf"(?<![\w.,]){re.escape(cell)}(?!\w|[.,]\d|\s?%)")
        yield from (match.span() for match in spelled.finditer(answer))
    elif " " in cell:  # a list of cabins, quoted in parts
        for part in set(cell.split()):
            if re.fullmatch(r"[A-GT]\d+", part):
                yield from (match.span() for match in re.finditer(rf"\b{part}\b", answer))


def _is_named(cell: str, line: str) -> bool:
    """True when the line holds the cell, or the surname at the start of a name."""
    surname = cell.split(",")[0]
    return cell in line or (len(surname) > 2 and surname in line)


def _conditions(sql: str) -> list[Figure]:
    """The numbers that a statement compares with or limits to, as figures."""
    compared = re.findall(r"(?:[<>=]|\bBETWEEN|\bAND|\bIN\s*\(|\bLIMIT)\s*(\d+(?:\.\d+)?)\b", sql, re.I)
    return [Figure(text, 0, 0, "number", (Reading(float(text), 1.0),)) for text in dict.fromkeys(compared)]


def _checked(figure: Figure, status: Status, candidate: Candidate | None, how: str = "") -> CheckedFigure:
    value = figure.readings[0].value if figure.readings else None
    if candidate is None:
        return CheckedFigure(figure.text, figure.start, figure.end, value, status, None, None, None, how)
    return CheckedFigure(
        figure.text, figure.start, figure.end, value, status,
        candidate.query, candidate.row, candidate.column, candidate.how,
    )  # fmt: skip
