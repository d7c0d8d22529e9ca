"""An evaluation from the question file to the report: the same for the command line and the page."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from llm_agent.errors import EvaluationError
from llm_agent.evaluation.model import ModelUnderTest, model_under_test
from llm_agent.evaluation.questions import TABLE_NAMES, Question, own_questions, read_questions, selected
from llm_agent.evaluation.report import Prices, Report, file_name, grade_all, save_report, summarise
from llm_agent.evaluation.run import PARALLEL, Progress, items_of, run_items
from llm_agent.evaluation.tables import data_digest, make_tables
from llm_agent.settings import Settings


class EvaluationStopped(EvaluationError):
    """The evaluation was stopped; what was answered is kept."""


def report_folder(settings: Settings) -> Path:
    """Where the latest report of each model is kept: beside the table."""
    return settings.database.parent / "evaluations"


@dataclass
class Evaluation:
    """A prepared evaluation; use it in a `with` block, which ends its altered tables.

    `name` is the model's, for people. Recordings are made and replayed whole: earlier answers do not count.
    """

    name: str
    under_test: ModelUnderTest
    questions: Sequence[Question]
    tables: dict[str, Path]
    out: Path
    reports: Path
    runs: int
    prices: Prices
    must_be_fresh: bool
    _folder: TemporaryDirectory[str]

    @classmethod
    def prepare(
        cls,
        settings: Settings,
        questions: Path | None = None,
        out: Path | None = None,
        *,
        base_url: str | None = None,
        model: str | None = None,
        record: Path | None = None,
        replay: Path | None = None,
        database: Path | None = None,
        kinds: Sequence[str] = (),
        tables: Sequence[str] = (),
        limit: int | None = None,
        runs: int = 1,
        prices: Prices | None = None,
    ) -> Evaluation:
        """Read the questions, copy the table, choose the model; nothing is asked yet. Raises `AgentError`."""
        chosen = selected(read_questions(questions or own_questions()), kinds, limit)
        names = _table_names(chosen, tables)
        under_test = model_under_test(settings, base_url, model, record=record, replay=replay)
        name = f"{under_test.name} (replayed)" if replay else under_test.name
        reports = report_folder(settings)
        folder = TemporaryDirectory(prefix="titanic-eval-", ignore_cleanup_errors=True)
        try:
            made = make_tables(database or settings.database, Path(folder.name), names)
        except BaseException:
            folder.cleanup()
            raise
        answers = out or reports / f"{file_name(name)}{'.recorded' if record else ''}.answers.jsonl"
        return cls(
            name, under_test, chosen, made, answers, reports, runs, prices or Prices(),
            must_be_fresh=bool(record or replay), _folder=folder,
        )  # fmt: skip

    def __enter__(self) -> Evaluation:
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()

    def run(
        self,
        stop: threading.Event,
        *,
        parallel: int = PARALLEL,
        is_fresh: bool = False,
        on_progress: Callable[[Progress], None] = lambda _progress: None,
    ) -> Report:
        """Ask, grade, keep the report and return it. Raises `EvaluationStopped` once `stop` was set."""
        before = {name: data_digest(path) for name, path in self.tables.items()}
        items = items_of(self.questions, self.tables, self.under_test.identity, self.runs)
        lines = run_items(
            self.under_test, items, self.out, stop,
            parallel=parallel, is_fresh=is_fresh or self.must_be_fresh, on_progress=on_progress,
        )  # fmt: skip
        if stop.is_set():
            raise EvaluationStopped(
                f"Stopped after {len(lines)} of {len(items)} answers.", "Started again, it goes on from here."
            )
        report = summarise(
            self.name,
            datetime.now(UTC).isoformat(timespec="seconds"),
            lines,
            grade_all(self.questions, lines, self.tables),
            prices=self.prices,
            changed_tables=[name for name, path in self.tables.items() if data_digest(path) != before[name]],
        )
        save_report(report, self.reports)
        return report


def _table_names(questions: Sequence[Question], wanted: Sequence[str]) -> tuple[str, ...]:
    """The tables that the questions name, as far as they are wanted; raises `EvaluationError`."""
    if unknown := [name for name in wanted if name not in TABLE_NAMES]:
        raise EvaluationError(f"There is no table {unknown[0]}.", f"There are: {', '.join(TABLE_NAMES)}.")
    named = {name for question in questions for name in question.tables}
    return tuple(name for name in TABLE_NAMES if name in named and (not wanted or name in wanted))
