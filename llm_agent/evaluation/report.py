"""What an evaluation found: figures by kind and by table, with intervals, costs and the failures."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from llm_agent.evaluation.answers import AnswerLine
from llm_agent.evaluation.gold import gold_of
from llm_agent.evaluation.grading import Grade, grade
from llm_agent.evaluation.questions import Question

Z95 = 1.96
"""Standard deviations of a 95 % interval."""


@dataclass(frozen=True)
class Graded:
    """An answer with its question and its grade."""

    question: Question
    line: AnswerLine
    grade: Grade


@dataclass(frozen=True)
class Prices:
    """What a million tokens cost, in whatever currency; None where nothing is known."""

    tokens_in: float | None = None
    tokens_out: float | None = None

    def cost(self, tokens_in: int, tokens_out: int) -> float | None:
        """What these tokens cost; None without prices."""
        if self.tokens_in is None and self.tokens_out is None:
            return None
        return (tokens_in * (self.tokens_in or 0) + tokens_out * (self.tokens_out or 0)) / 1_000_000


@dataclass(frozen=True)
class Share:
    """How many of how many."""

    part: int = 0
    whole: int = 0

    @property
    def percent(self) -> float:
        """The share in percent; 0 of nothing is 0."""
        return 100 * self.part / self.whole if self.whole else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the share in percent, after Wilson (1927); 0 to 100 of nothing."""
        if not self.whole:
            return 0.0, 100.0
        rate, n = self.part / self.whole, self.whole
        middle = (rate + Z95**2 / (2 * n)) / (1 + Z95**2 / n)
        half = Z95 * math.sqrt(rate * (1 - rate) / n + Z95**2 / (4 * n * n)) / (1 + Z95**2 / n)
        return 100 * max(0.0, middle - half), 100 * min(1.0, middle + half)


@dataclass(frozen=True)
class Row:
    """The figures of one kind of questions, one table, or all.

    `grounded` counts right answers whose figure an executed query gives, `executed` answers whose last query
    gives the gold, both of the questions that have data.
    """

    name: str
    right: Share
    grounded: Share
    executed: Share


@dataclass(frozen=True)
class Failure:
    """An answer that was wrong, and why."""

    id: str
    run: int
    table: str
    question: str
    why: str
    sql: tuple[str, ...]
    answer: str


@dataclass(frozen=True)
class Report:
    """What an evaluation found. Seconds and tokens are of one question; `cost` is of all, without a currency.

    `changed_tables` names tables whose data differ from before the run: that must never happen.
    """

    model: str
    made_at: str
    questions: int
    total: Row
    kinds: tuple[Row, ...]
    tables: tuple[Row, ...]
    rightly_refused: Share
    rightly_asked_back: Share
    false_refusals: int
    invented: int
    unsafe: int
    changed_tables: tuple[str, ...]
    errors: int
    not_graded: int
    median_s: float
    p95_s: float
    median_tokens: float
    tokens_in: int
    tokens_out: int
    cost: float | None
    failures: tuple[Failure, ...] = field(repr=False)


def grade_all(
    questions: Iterable[Question], lines: Iterable[AnswerLine], tables: Mapping[str, Path]
) -> list[Graded]:
    """The answers to questions that the grader knows, each with its grade; raises `EvaluationError`."""
    known = {question.id: question for question in questions if question.is_graded}
    golds: dict[tuple[str, str], Any] = {}
    graded = []
    for line in lines:
        if (question := known.get(line.id)) is None:
            continue
        place = line.id, line.table
        if place not in golds:
            golds[place] = gold_of(question, tables[line.table])
        graded.append(Graded(question, line, grade(golds[place], line.graded, tables[line.table])))
    return graded


def summarise(
    model: str,
    made_at: str,
    lines: Sequence[AnswerLine],
    graded: Sequence[Graded],
    *,
    prices: Prices | None = None,
    changed_tables: Sequence[str] = (),
) -> Report:
    """The report on these answers, of which `graded` are those that could be graded."""
    kinds = list(dict.fromkeys(each.question.kind for each in graded))
    tables = list(dict.fromkeys(each.line.table for each in graded))
    refusals = [each for each in graded if each.question.answer_type in ("refusal", "action_refusal")]
    ambiguous = [each for each in graded if each.question.answer_type == "ambiguous"]
    tokens_in, tokens_out = sum(line.tokens_in for line in lines), sum(line.tokens_out for line in lines)
    seconds = [line.latency_s for line in lines if line.error is None]
    return Report(
        model=model,
        made_at=made_at,
        questions=len({line.id for line in lines}),
        total=_row("all", graded),
        kinds=tuple(_row(kind, [each for each in graded if each.question.kind == kind]) for kind in kinds),
        tables=tuple(_row(name, [each for each in graded if each.line.table == name]) for name in tables),
        rightly_refused=Share(sum(each.grade.is_right for each in refusals), len(refusals)),
        rightly_asked_back=Share(sum(each.grade.is_right for each in ambiguous), len(ambiguous)),
        false_refusals=sum(each.grade.is_false_refusal for each in graded),
        invented=sum(each.grade.is_invented for each in graded),
        unsafe=sum(each.grade.is_unsafe for each in graded) + len(changed_tables),
        changed_tables=tuple(changed_tables),
        errors=sum(line.error is not None for line in lines),
        not_graded=len(lines) - len(graded),
        median_s=quantile(seconds, 0.5),
        p95_s=quantile(seconds, 0.95),
        median_tokens=quantile([line.tokens_in + line.tokens_out for line in lines], 0.5),
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        cost=(prices or Prices()).cost(tokens_in, tokens_out),
        failures=tuple(_failure(each) for each in graded if not each.grade.is_right),
    )


def quantile(values: Sequence[float], part: float) -> float:
    """The smallest of the values that at least this part of them does not exceed; 0 of nothing."""
    ranked = sorted(values)
    return ranked[max(0, math.ceil(part * len(ranked)) - 1)] if ranked else 0.0


def save_report(report: Report, folder: Path) -> Path:
    """Keep the report as the latest one of its model; returns its file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{file_name(report.model)}.report.json"
    new = path.with_suffix(".new")
    new.write_text(json.dumps(asdict(report), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return new.replace(path)


def read_reports(folder: Path) -> list[Report]:
    """The latest report of each model, the newest first; files that are none are left out."""
    reports = []
    for path in folder.glob("*.report.json"):
        try:
            reports.append(_report(json.loads(path.read_text(encoding="utf-8"))))
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return sorted(reports, key=lambda report: report.made_at, reverse=True)


def file_name(model: str) -> str:
    """The model's name as it can stand in the name of a file."""
    return re.sub(r"[^a-z0-9.]+", "-", model.lower()).strip("-.") or "model"


def _row(name: str, graded: Sequence[Graded]) -> Row:
    data = [each for each in graded if each.question.has_data]
    return Row(
        name,
        Share(sum(each.grade.is_right for each in graded), len(graded)),
        Share(sum(each.grade.is_right and bool(each.grade.is_grounded) for each in data), len(data)),
        Share(sum(bool(each.grade.is_executed_right) for each in data), len(data)),
    )


def _failure(each: Graded) -> Failure:
    line = each.line
    answer = line.error or line.final_text
    asked = " / ".join((*each.question.history, each.question.question))
    return Failure(line.id, line.run, line.table, asked, each.grade.why, line.sql_executed, answer)


def _report(data: Mapping[str, Any]) -> Report:
    values = {each.name: data[each.name] for each in fields(Report)}
    for name in ("kinds", "tables"):
        values[name] = tuple(map(_read_row, values[name]))
    values["total"] = _read_row(values["total"])
    for name in ("rightly_refused", "rightly_asked_back"):
        values[name] = Share(**values[name])
    values["changed_tables"] = tuple(values["changed_tables"])
    values["failures"] = tuple(Failure(**{**each, "sql": tuple(each["sql"])}) for each in values["failures"])
    return Report(**values)


def _read_row(data: Mapping[str, Any]) -> Row:
    shares = {name: Share(**data[name]) for name in ("right", "grounded", "executed")}
    return Row(data["name"], **shares)
