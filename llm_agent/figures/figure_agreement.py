"""Whether a figure may stand for a number: their kinds go together, and the values agree.

A figure is rounded at its own precision: 29.7 stands for 29.69911. A whole number may stand for a broken one
within 5 % (30 for 29.7, not 3 for 2.6), a percentage always. After "about" a figure may be 5 % off, "more
than 300" may stand for up to 10 % more, "half" and "twice" for 10 % more or less.

A percentage quotes rates, fractions and shares, never a count: "38 %" does not stand for 38 passengers. A
whole percentage is coarse, so it is not matched to shares that are one of many (`Candidate.is_far`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from llm_agent.figures.figures_in_text import Figure, Reading
from llm_agent.figures.result_numbers import Candidate

ROUNDING = 0.05
"""How far a whole number may lie from a broken one, and any figure after "about"; relative."""
SHARE_IN_WORDS = 0.1
"""How far "half" or "twice" may lie from the exact ratio; relative."""


def is_match(figure: Figure, candidate: Candidate) -> bool:
    """True when the figure may stand for the candidate: the kinds go together and the values agree."""
    if figure.kind == "code":
        return False
    if figure.kind in ("share", "multiple"):
        return any(_agrees_in_words(figure, value) for value in _values_for_words(figure, candidate))
    if figure.is_percent:
        return _agrees(figure, _as_percent(figure, candidate), is_percent=True)
    if _agrees(figure, _as_number(figure, candidate), is_percent=False):
        return True
    return figure.may_be_percent and _agrees(figure, _as_percent(figure, candidate), is_percent=True)


def _as_percent(figure: Figure, candidate: Candidate) -> Iterator[float]:
    """What a percentage may quote: rates as they stand, fractions times 100, shares, changes, points."""
    if candidate.kind == "cell" and candidate.is_rate:
        yield candidate.value
        if 0 <= candidate.value <= 1:
            yield candidate.value * 100
    if candidate.is_far and all(reading.step >= 1 for reading in figure.readings):
        return
    if candidate.kind == "share" or (candidate.kind == "change" and figure.is_change):
        yield candidate.value * 100
    if candidate.kind == "points" and figure.is_points:
        yield candidate.value
        if candidate.value < 1:
            yield candidate.value * 100


def _as_number(figure: Figure, candidate: Candidate) -> Iterator[float]:
    """What a plain number may quote; a ratio only with two decimals or words such as "times"."""
    is_fine = any(reading.step <= 0.01 for reading in figure.readings)
    if candidate.kind in ("cell", "count", "sum", "difference"):
        yield candidate.value
        if candidate.kind == "cell" and candidate.is_rate and is_fine and 1 < candidate.value <= 100:
            yield candidate.value / 100
    elif candidate.kind == "ratio" and (is_fine or figure.is_ratio):
        yield candidate.value
        if is_fine and candidate.value:
            yield 1 / candidate.value
    elif candidate.kind == "share" and is_fine:
        yield candidate.value


def _values_for_words(figure: Figure, candidate: Candidate) -> Iterator[float]:
    if figure.kind == "multiple":
        return iter([candidate.value] if candidate.kind == "ratio" and not candidate.is_far else [])
    if candidate.kind in ("share", "cell") and not candidate.is_far:
        return (value / 100 for value in _as_percent(figure, candidate))
    return iter(())


def _agrees_in_words(figure: Figure, exact: float) -> bool:
    stated = figure.readings[0].value
    if figure.direction == "more":
        return exact > stated
    if figure.direction == "less":
        return 0 < exact < stated
    return abs(exact - stated) <= SHARE_IN_WORDS * stated


def _agrees(figure: Figure, exacts: Iterable[float], *, is_percent: bool) -> bool:
    return any(
        _is_rounding(figure, reading, exact, is_percent=is_percent)
        for exact in exacts
        for reading in figure.readings
    )


def _is_rounding(figure: Figure, reading: Reading, exact: float, *, is_percent: bool) -> bool:
    """True when the stated value is the exact one at its own precision, or near it after "about"."""
    stated = reading.value
    if stated >= 0 > exact:
        exact = -exact  # "lower by 0.55" for -0.55
    distance, slack = abs(stated - exact), 1e-9 * max(1.0, abs(exact))
    if figure.is_about and distance <= ROUNDING * abs(exact):
        return True
    if figure.direction and (exact - stated) * (1 if figure.direction == "more" else -1) >= 0:
        return distance <= 2 * ROUNDING * abs(exact)
    if distance > reading.step / 2 + slack:
        return False
    return is_percent or reading.step < 1 or distance <= ROUNDING * abs(exact) + slack
