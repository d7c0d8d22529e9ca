"""The numbers that follow from a result: sums, differences, shares and ratios of its cells.

What is combined is bounded, because with enough cells nearly every number is the ratio of two of them:
- two cells of one row (survivors and passengers of one class), or two of one column (women and men);
- a cell, or a run of cells at either end of a column, and the column's total; the totals of two columns;
- a rate and 100 %; a part, its whole, and what is left of it;
- the rates of two rows, at most `MAX_RATE_ROWS` of them, and their difference or ratio (four cells);
- two results of one row each, or one of one row and one of at most `MAX_RATE_ROWS`.
Only results with at most `MAX_CELLS` numbers are combined. Columns of labels (ids, classes, codes, ranks)
never are, nor are the cells 0 and 1. Not derived: averages of averages, medians, products, two steps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations, permutations
from typing import Literal

from llm_agent.figures.result_numbers import Candidate, Operand, Result, operands

MAX_CELLS = 60
"""Numbers in a result whose cells are combined with each other."""
MAX_RATE_ROWS = 8
"""Rows whose rates are compared."""


def derived_from(query: int, result: Result) -> Iterator[Candidate]:
    """What the cells of one small result give when they are combined; see the module's bounds."""
    if result.truncated or len(result.rows) > MAX_CELLS or len(numbers := operands(result)) > MAX_CELLS:
        return
    rows, columns = _by(numbers, "row"), _by(numbers, "column")
    nested = _nested_columns(rows)
    for cells in rows.values():
        yield from _within_row(query, cells, nested)
    for index, cells in columns.items():
        yield from _within_column(query, result.columns[index], cells)
    yield from _between_totals(query, result, columns)
    yield from _complements(query, numbers)
    yield from _between_rates(query, rows)


def derived_across(results: Mapping[int, Result]) -> Iterator[Candidate]:
    """What two results give together when one has a single row and the other few."""
    small = {
        number: cells
        for number, result in results.items()
        if len(result.rows) <= MAX_RATE_ROWS and 0 < len(cells := operands(result)) <= MAX_RATE_ROWS * 2
    }
    for first, second in permutations(small, 2):
        if len(results[first].rows) > 1:
            continue
        is_second_single = len(results[second].rows) == 1
        if is_second_single and first > second:
            continue
        for one in small[first]:
            for other in small[second]:
                where = f"({one.place} of query {first}, {other.place} of query {second})"
                yield from _far(_pair(second, other, one, None, None, where), not is_second_single)


def _nested_columns(rows: Mapping[int, Sequence[Operand]]) -> set[tuple[int, int]]:
    """Pairs of columns of which one is never larger, in several rows: survivors and passengers, say."""
    signs: dict[tuple[int, int], list[bool]] = {}
    for cells in rows.values():
        for one, other in combinations(cells, 2):
            signs.setdefault((one.column, other.column), []).append(one.value <= other.value)
    return {pair for pair, found in signs.items() if len(found) > 1 and len(set(found)) == 1}


def _within_row(query: int, cells: Sequence[Operand], nested: set[tuple[int, int]]) -> Iterator[Candidate]:
    for one, other in combinations(cells, 2):
        where = f"({one.place} and column {other.place.split('column ')[-1]} of query {query})"
        is_nested = (one.column, other.column) in nested
        yield from _pair(query, one, other, one.row + 1, None, where, is_nested=is_nested)
    if len(cells) > 2 and all(cell.is_additive for cell in cells):
        total = sum(cell.value for cell in cells)
        yield Candidate(
            total, "sum", query, cells[0].row + 1, None, f"the sum of row {cells[0].row + 1} of query {query}"
        )
        for cell in cells:
            yield from _share(
                query, cell.value, total, cell.row + 1, None, f"(of the sum of its row, query {query})"
            )


def _within_column(query: int, name: str, cells: Sequence[Operand]) -> Iterator[Candidate]:
    where = f"(column {name} of query {query})"
    for one, other in combinations(cells, 2):
        yield from _far(_pair(query, one, other, None, name, where), len(cells) > 2)
    if len(cells) > 2 and all(cell.is_additive for cell in cells):
        yield from _parts_of_column(query, name, cells)


def _parts_of_column(query: int, name: str, cells: Sequence[Operand]) -> Iterator[Candidate]:
    """A column's sum, each cell's share of it, and the runs of rows at either end (ages up to 29)."""
    total = sum(cell.value for cell in cells)
    of_total = f"(of the sum of column {name}, query {query})"
    yield Candidate(total, "sum", query, None, name, f"the sum of column {name} of query {query}")
    for cell in cells:
        yield from _share(query, cell.value, total, cell.row + 1, name, of_total)
        how = f"the sum of column {name} without row {cell.row + 1} of query {query}"
        yield Candidate(total - cell.value, "sum", query, None, name, how)
    for ends in (cells, cells[::-1]):
        for count in range(2, len(cells)):
            part = sum(cell.value for cell in ends[:count])
            how = f"the sum of {count} rows of column {name} of query {query}"
            yield Candidate(part, "sum", query, None, name, how)
            yield from _far(_share(query, part, total, None, name, of_total))


def _far(candidates: Iterator[Candidate], is_far: bool = True) -> Iterator[Candidate]:
    return (replace(candidate, is_far=is_far) for candidate in candidates)


def _between_totals(
    query: int, result: Result, columns: Mapping[int, Sequence[Operand]]
) -> Iterator[Candidate]:
    counted = {
        index: sum(cell.value for cell in cells)
        for index, cells in columns.items()
        if len(cells) > 1 and all(cell.is_additive for cell in cells)
    }
    for one, other in combinations(counted, 2):
        where = f"(the sums of columns {result.columns[one]} and {result.columns[other]} of query {query})"
        first, second = (Operand(counted[index], 0, index, "", True, False) for index in (one, other))
        yield from _pair(query, first, second, None, None, where)


def _between_rates(query: int, rows: Mapping[int, Sequence[Operand]]) -> Iterator[Candidate]:
    """Differences in percentage points, and ratios, of the rates that two rows give."""
    if not 1 < len(rows) <= MAX_RATE_ROWS:
        return
    by_columns: dict[tuple[int, int], list[float]] = {}
    for cells in rows.values():
        for part, whole in permutations(cells, 2):
            if part.is_additive and whole.is_additive and part.value <= whole.value != 0:
                by_columns.setdefault((part.column, whole.column), []).append(part.value / whole.value)
    for rates in by_columns.values():
        for one, other in combinations(rates, 2):
            low, high = sorted((one, other))
            what = f"{high:.1%} and {low:.1%}, from the rows of query {query}"
            yield Candidate((high - low) * 100, "points", query, None, None, f"the difference of {what}")
            if low:
                yield Candidate(high / low, "ratio", query, None, None, f"the ratio of {what}")


def _complements(query: int, numbers: Sequence[Operand]) -> Iterator[Candidate]:
    """100 % without a rate: those who died, from the rate of those who survived."""
    for number in numbers:
        if number.is_rate and 0 < number.value < 100:
            rest = 100 - number.value if number.value > 1 else 100 - 100 * number.value
            how = f"100 % - {100 - rest:.4g} % ({number.place} of query {query})"
            yield Candidate(rest / 100, "share", query, number.row + 1, None, how)


def _pair(
    query: int,
    one: Operand,
    other: Operand,
    row: int | None,
    column: str | None,
    where: str,
    *,
    is_nested: bool = False,
) -> Iterator[Candidate]:
    """Sum, difference, ratio, share and change of two numbers, as far as their kinds allow.

    What is nested is a part and its whole, which nobody adds up.
    """
    low, high = sorted((one.value, other.value))
    is_same_kind = one.is_additive == other.is_additive
    if is_same_kind:
        spelled = f"{_short(high)} - {_short(low)}"
        yield Candidate(high - low, "difference", query, row, column, f"{spelled} {where}")
        if one.is_rate and other.is_rate:
            yield Candidate(high - low, "points", query, row, column, f"{spelled} {where}")
    if one.is_additive and other.is_additive:
        total = low + high
        yield Candidate(
            total, "sum", query, row, column, f"{_short(low)} + {_short(high)} {where}", is_far=is_nested
        )
        yield from _far(_share(query, low, total, row, column, where), is_nested)
        yield from _far(_share(query, high, total, row, column, where), is_nested)
        if column is None:  # a part and its whole stand in one row, or in two results, never in one column
            yield from _share(query, low, high, row, column, where)
            yield from _share(query, high - low, high, row, column, where)
    if low > 0:
        yield Candidate(high / low, "ratio", query, row, column, f"{_short(high)} / {_short(low)} {where}")
        yield Candidate(
            high / low - 1,
            "change",
            query,
            row,
            column,
            f"{_short(high)} compared with {_short(low)} {where}",
        )
        yield Candidate(
            1 - low / high,
            "change",
            query,
            row,
            column,
            f"{_short(low)} compared with {_short(high)} {where}",
        )


def _share(
    query: int, part: float, whole: float, row: int | None, column: str | None, where: str
) -> Iterator[Candidate]:
    if 0 <= part <= whole and whole > 0:
        how = f"{_short(part)} / {_short(whole)} as a percentage {where}"
        yield Candidate(part / whole, "share", query, row, column, how)


def _by(numbers: Sequence[Operand], axis: Literal["row", "column"]) -> dict[int, list[Operand]]:
    groups: dict[int, list[Operand]] = {}
    for number in numbers:
        groups.setdefault(getattr(number, axis), []).append(number)
    return groups


def _short(value: float) -> str:
    return f"{value:.0f}" if value == int(value) else f"{value:.4g}" if abs(value) < 1000 else f"{value:.1f}"
