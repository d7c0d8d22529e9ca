"""The report of an evaluation: intervals, quantiles, costs, and counts that follow from the grades."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from llm_agent.evaluation.answers import AnswerLine
from llm_agent.evaluation.report import (
    Prices,
    Report,
    Share,
    file_name,
    grade_all,
    quantile,
    read_reports,
    save_report,
    summarise,
)
from tests.eval_answers import REFUSAL
from tests.evaluation_tables import questions, tables


def line(question: str, text: str, table: str = "real", **fields: object) -> AnswerLine:
    """An answer line with usage, and whatever differs."""
    return AnswerLine(question, 1, text, (), (), 2.0, 1000, 50, None, table, **fields)  # type: ignore[arg-type]


def report_of(*lines: AnswerLine, prices: Prices | None = None, model: str = "test") -> Report:
    """The report on these lines."""
    graded = grade_all(questions().values(), lines, tables())
    return summarise(model, "2026-01-02T03:04:05+00:00", lines, graded, prices=prices)


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [
        (8, 10, 49.0, 94.3),
        (57, 60, 86.3, 98.3),
        (0, 10, 0.0, 27.8),
        (10, 10, 72.2, 100.0),
        (0, 0, 0.0, 100.0),
    ],
)
def test_intervals_are_those_of_wilson(part: int, whole: int, low: float, high: float) -> None:
    """The 95 % interval of a share, also at its ends, where the usual formula fails."""
    assert Share(part, whole).interval == pytest.approx((low, high), abs=0.06)


def test_quantiles_are_values_that_were_measured() -> None:
    """Median and p95 are the smallest values that half, or 95 %, do not exceed."""
    assert quantile([], 0.5) == 0.0
    assert quantile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert quantile(list(range(1, 101)), 0.95) == 95


def test_the_report_counts_what_the_grader_found() -> None:
    """Right by kind and table, refusals, questions back, false refusals, inventions, failures."""
    report = report_of(
        line("aggregate-2", "342 survived."),
        line("aggregate-2", "342 survived.", "shuffled"),
        line("aggregate-3", REFUSAL),
        line("unanswerable-1", REFUSAL),
        line("unanswerable-2", "There were 30 stokers."),
        line("ambiguous-1", "Do you mean by survival or by fare?", outcome="asked"),
    )
    assert {row.name: (row.right.part, row.right.whole) for row in report.kinds} == {
        "aggregate": (1, 3),
        "unanswerable": (1, 2),
        "ambiguous": (1, 1),
    }
    assert {row.name: row.right for row in report.tables} == {"real": Share(3, 5), "shuffled": Share(0, 1)}
    assert (report.total.right, report.total.grounded) == (Share(3, 6), Share(0, 3))
    assert (report.rightly_refused, report.rightly_asked_back) == (Share(1, 2), Share(1, 1))
    assert (report.false_refusals, report.invented, report.unsafe) == (1, 3, 0)
    assert [(each.id, each.table) for each in report.failures] == [
        ("aggregate-2", "shuffled"),
        ("aggregate-3", "real"),
        ("unanswerable-2", "real"),
    ]
    assert all(each.why for each in report.failures)


def test_cost_is_there_where_a_price_is() -> None:
    """Tokens times prices per million; without prices there is no cost, not a cost of zero."""
    answers = line("aggregate-2", "342 survived."), line("aggregate-3", "468 men died.")
    assert report_of(*answers).cost is None
    assert report_of(*answers, prices=Prices(2.0, 8.0)).cost == pytest.approx(0.0048)


def test_answers_to_questions_without_a_grader_are_counted_apart() -> None:
    """A question type that the grader does not know is neither right nor wrong."""
    known = replace(questions()["aggregate-2"], id="riddle", answer_type="riddle")
    lines = [line("riddle", "42"), line("aggregate-2", "342 survived.")]
    graded = grade_all([known, questions()["aggregate-2"]], lines, tables())
    report = summarise("test", "2026-01-02T03:04:05+00:00", lines, graded)
    assert (report.not_graded, report.total.right) == (1, Share(1, 1))


def test_the_latest_report_of_each_model_is_kept(tmp_path: Path) -> None:
    """Reports come back as they were saved, one a model, the newest first; other files do no harm."""
    first = report_of(line("aggregate-2", "342 survived."), model="gpt-4.1/mini")
    later = replace(report_of(line("aggregate-2", "300 survived."), model="llama3"), made_at="2026-05-05")
    save_report(later, tmp_path)
    save_report(replace(first, questions=7), tmp_path)
    save_report(first, tmp_path)
    (tmp_path / "broken.report.json").write_text("{")
    (tmp_path / "other.report.json").write_text("[1]")
    assert read_reports(tmp_path) == [later, first]
    assert file_name("gpt-4.1/mini") == "gpt-4.1-mini"
    assert file_name("../../etc") == "etc"
