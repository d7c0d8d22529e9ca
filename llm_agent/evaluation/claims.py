"""What the text of an answer claims, held against the gold: figures in their roles, lists whole, no swaps."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Any

from llm_agent.evaluation.gold import Gold
from llm_agent.evaluation.names import says_exactly, says_set
from llm_agent.evaluation.questions import Labels
from llm_agent.evaluation.readings import (
    ORDERS,
    LabelledFigure,
    clause_of,
    is_stated,
    labelled_figures,
    stated_figures,
)
from llm_agent.evaluation.words import NOTHING, REFUSAL, UNKNOWN, mentions
from llm_agent.figures.figures_in_text import Figure
from llm_agent.query_result import Cell

MAX_FIGURES, MAX_FIGURES_OF_TABLES, MORE_FOR_EACH = 12, 40, 5
"""Distinct figures that an answer may hold, and how many more for each gold figure: more is a shotgun.

Where groups are asked for, a whole ranking with its counts may stand around the gold.
"""
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")


def what_is_misstated(gold: Gold, text: str) -> str:
    """What the text leaves out or gets wrong, in a few words for people; empty when it says the gold."""
    figures = stated_figures(text)
    limit = MAX_FIGURES if gold.question.answer_type == "number" else MAX_FIGURES_OF_TABLES
    if len({figure.readings[0].value for figure in figures}) > limit + MORE_FOR_EACH * len(gold.entries):
        return "so many figures that one had to fit"
    if gold.is_nothing:
        is_said = UNKNOWN.search(text) or NOTHING.search(text)
        return "" if is_said else "there is nothing to find, and it does not say so"
    kind = gold.question.answer_type
    if kind == "names":
        return says_exactly(text, _firsts(gold), gold.names)
    if kind == "set":
        return says_set(text, _firsts(gold), gold.others)
    if kind == "table":
        return _wrong_table(gold, text)
    return _wrong_numbers(gold, text, figures)


def _wrong_numbers(gold: Gold, text: str, figures: Sequence[Figure]) -> str:
    """Each gold figure is stated by a figure of its own, in a clause that speaks of nothing else."""
    used: set[int] = set()
    for about, value, unit in gold.entries:
        if value is None and UNKNOWN.search(text):
            continue
        if value == 0 and NOTHING.search(text):
            continue
        if unit == "rank" and isinstance(value, int) and _is_ranked(text, value):
            continue
        stating = [
            figure for figure in figures if isinstance(value, int | float) and is_stated(figure, value, unit)
        ]
        fitting = [
            figure for figure in stating
            if figure.start not in used
            and not _is_of_others(clause_of(text, figure.start, figure.end), about)
        ]  # fmt: skip
        if not fitting:
            return "the figure stands in another role" if stating else "the figure is not stated"
        used.add(fitting[0].start)
    return ""


def _wrong_table(gold: Gold, text: str) -> str:
    """In one order of labels and figures, each gold figure stands with all its labels."""
    if not gold.entries:
        return "" if _is_only_label(gold, text) else "the group is not named, or others are, too"
    families = list(dict.fromkeys(family for about, _, _ in gold.entries for family in about))
    figures = labelled_figures(text, families)
    for orders in product(ORDERS, repeat=len(families)):
        if all(
            _is_said(entry, figures, dict(zip(families, orders, strict=True)), text) for entry in gold.entries
        ):
            return "" if _is_in_order(gold, text) else "the order is wrong"
    return "a row is missing, or figures stand with the wrong groups"


def _is_only_label(gold: Gold, text: str) -> bool:
    """For a question after a group: the text names this one and no other, perhaps by its number."""
    family, label = gold.question.labels[0], gold.rows[0][0]
    named = {mention.label for mention in mentions(text, family)}
    numbers = {reading.value for figure in stated_figures(text) for reading in figure.readings}
    is_named = named == {label} or (not named and numbers == {label})
    return is_named and not REFUSAL.search(text)


def _is_said(
    entry: tuple[Labels, Cell, str], figures: Iterable[LabelledFigure], orders: Mapping[str, Any], text: str
) -> bool:
    about, value, unit = entry
    own = [
        each
        for each in figures
        if all(each.label(family, orders[family]) == label for family, label in about.items())
    ]
    if value is None:
        return bool(
            UNKNOWN.search(text) or NOTHING.search(text) or re.search(r"\|\s*[\u2013\u2014-]\s*\|", text)
        )
    if value == 0 and not own:
        return bool(NOTHING.search(text))
    return isinstance(value, int | float) and any(is_stated(each.figure, value, unit) for each in own)


def _is_in_order(gold: Gold, text: str) -> bool:
    if not gold.question.is_ordered:
        return True
    family = gold.question.labels[0]
    wanted = [row[0] for row in gold.rows]
    named = list(dict.fromkeys(mention.label for mention in mentions(text, family)))
    return [label for label in named if label in wanted] == wanted


def _is_of_others(clause: str, about: Labels) -> bool:
    """Whether the clause names other groups than the figure's, and not its own."""
    for family, label in about.items():
        named = {mention.label for mention in mentions(clause, family)}
        if named and label not in named:
            return True
    return False


def _is_ranked(text: str, rank: int) -> bool:
    words = rf"\b{rank}(?:st|nd|rd|th)\b" + (rf"|\b{ORDINALS[rank - 1]}\b" if 0 < rank <= 10 else "")
    return bool(re.search(words, text, re.I))


def _firsts(gold: Gold) -> list[str]:
    return [str(row[0]).strip() for row in gold.rows]
