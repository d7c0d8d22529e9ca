"""How words of a question are recognised: patterns with their kinds of token, numbers, comparisons."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from llm_agent.demo.terms import Dimension, Filter


@dataclass(frozen=True)
class Listed:
    """Several values of one dimension, joined by "and": each is meant, not only all together."""

    union: Filter
    dimension: Dimension


Make = Callable[[re.Match[str]], Any]


@dataclass(frozen=True)
class Pattern:
    """Words of one meaning: the kind of token they are and how to make its value from the match."""

    kind: str
    regex: re.Pattern[str]
    make: Make


def pattern(kind: str, regex: str, value: Any = None, *, flags: int = re.IGNORECASE) -> Pattern:
    """A pattern that ends at the end of a word; `value` is a value or a function of the match."""
    make: Make = value if callable(value) else lambda _: value
    return Pattern(kind, re.compile(rf"(?:{regex})(?![\w])", flags), make)


NUMBERS = {
    word: number
    for number, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
            "twenty",
        ]
    )
} | {"thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "hundred": 100}
N = rf"(\d+(?:\.\d+)?|{'|'.join(sorted(NUMBERS, key=len, reverse=True))})"


def number(text: str) -> float:
    """A number in digits or in words."""
    return float(NUMBERS[text.lower()]) if text.lower() in NUMBERS else float(text)


SIGNS = {
    ">": "over|above|older than|more than|greater than|exceeding|higher than|elder than",
    "<": "under|below|younger than|less than|fewer than|lower than",
    ">=": "at least|no younger than|no less than|not younger than|minimum",
    "<=": "at most|up to|no older than|no more than|not older than",
}
SIGN = f"({'|'.join(SIGNS.values())})"


def sign_of(words: str) -> str:
    """The comparison that some words stand for."""
    return next(sign for sign, texts in SIGNS.items() if re.fullmatch(texts, words, re.IGNORECASE))


def several(
    values: list[Any], joined: str, make: Callable[[list[Any]], Filter], dimension: Dimension
) -> Filter | Listed:
    """One filter for values joined by "or"; for "and" or commas, each value by itself too."""
    union = make(values)
    is_union = len(set(values)) == 1 or re.search(r"\bor\b", joined)
    return union if is_union else Listed(union, dimension)
