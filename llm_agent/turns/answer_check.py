"""Whether an answer rests on queries: its figures against the results, and what the model is told if not."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from llm_agent.grounding import CheckedFigure, check_figures, mend_request, unmatched
from llm_agent.query_result import QueryResult
from llm_agent.turn import Turn

EARLIER_RESULTS = 6
"""Results of earlier turns that a follow-up may quote; more would match figures by accident."""
EARLIER_QUESTIONS = 3
NO_QUERY_REQUEST = (
    "No query was run for {figures}. Where your answer says something about the passengers, run the query "
    "and write the whole answer again, without mentioning this check: figures come from results, not from "
    "memory or from the description of the table. Where you decline, or the table cannot know it, give the "
    "same answer again, without figures of your own."
)
NO_QUERY_NOTICE = "No query supports the figures of this answer: the model gave them from memory."
UNMATCHED_NOTICE = "Not found in any result: {figures}."
MAX_FIGURES_NAMED = 8


@dataclass(frozen=True)
class Verdict:
    """The checked figures of an answer; `request` asks the model to mend it, empty where nothing is amiss.

    `notice` is what people are told if the answer stays as it is.
    """

    figures: tuple[CheckedFigure, ...]
    request: str
    notice: str


def check_answer(
    answer: str,
    question: str,
    history: Sequence[Turn],
    results: Mapping[int, QueryResult],
    statements: Mapping[int, str],
) -> Verdict:
    """The verdict on an answer, given this turn's results and statements by number and the earlier turns."""
    earlier = [result for turn in history for result in turn.results()][-EARLIER_RESULTS:]
    asked = [turn.question for turn in history[-EARLIER_QUESTIONS:]]
    evidence = {**{-index: result for index, result in enumerate(reversed(earlier))}, **results}
    figures = tuple(map(_named, check_figures(answer, "\n".join([*asked, question]), evidence, statements)))
    doubtful = unmatched(figures)
    if figures and not evidence:
        request = NO_QUERY_REQUEST.format(figures=_listed(doubtful or figures))
        return Verdict(figures, request, NO_QUERY_NOTICE if doubtful else "")
    return Verdict(figures, mend_request(figures), _notice(doubtful))


def _notice(doubtful: Sequence[CheckedFigure]) -> str:
    return UNMATCHED_NOTICE.format(figures=_listed(doubtful)) if doubtful else ""


def _listed(figures: Sequence[CheckedFigure]) -> str:
    """The figures as they stand in the answer, each once, the first eight."""
    texts = list(dict.fromkeys(figure.text for figure in figures))
    more = ", …" if len(texts) > MAX_FIGURES_NAMED else ""
    return ", ".join(texts[:MAX_FIGURES_NAMED]) + more


def _named(figure: CheckedFigure) -> CheckedFigure:
    """The figure as people can follow it: queries of earlier turns have no number in this one."""
    if figure.query is None or figure.query > 0:
        return figure
    how = re.sub(r"\bquery -?\d+", "an earlier answer's query", figure.how)
    return replace(figure, query=None, row=None, column=None, how=how)
