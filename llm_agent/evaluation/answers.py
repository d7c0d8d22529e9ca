"""The file of answers: one JSON object a line, kept line by line, so that a run can be broken off and go on.

The first nine fields of a line are an interface that other graders read; the further ones say to what the
answer belongs. A line counts as done when it has no error and was made with the same model, prompt and data.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from llm_agent.errors import EvaluationError
from llm_agent.evaluation.grading import Answer
from llm_agent.evaluation.questions import REAL
from llm_agent.query_result import Cell

Key = tuple[str, int, str]
"""Id of the question, number of the run from 1 on, name of the table."""


@dataclass(frozen=True)
class AnswerLine:
    """The answer to one question in one run on one table.

    `sql_executed` are the statements of the conversation that really ran, `rows` those of the last result
    shown, `latency_s` the seconds of the question itself, tokens those of the whole conversation. `made_with`
    holds the model's name and digests of prompt, data and question.
    """

    id: str
    run: int
    final_text: str
    sql_executed: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    latency_s: float
    tokens_in: int
    tokens_out: int
    error: str | None = None
    table: str = REAL
    outcome: str = "answered"
    charts: tuple[Mapping[str, Any], ...] | None = None
    made_with: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> Key:
        """What tells this answer from others."""
        return self.id, self.run, self.table

    @property
    def graded(self) -> Answer:
        """What of it is graded."""
        return Answer(self.final_text, self.sql_executed, self.rows, self.outcome, self.charts, self.error)


def read_lines(path: Path) -> list[AnswerLine]:
    """The answers of a file in its order; none where there is no file. A line that broke off is dropped.

    Raises `EvaluationError` for a line that is no answer.
    """
    if not path.exists():
        return []
    *lines, rest = path.read_text(encoding="utf-8").split("\n")
    try:
        return [_read(line) for line in lines if line.strip()] + ([_read(rest)] if _is_json(rest) else [])
    except (ValueError, KeyError, TypeError):
        raise EvaluationError(
            f"{path.name} is no file of answers.", "Give another file to --out, or remove this one."
        ) from None


class AnswerFile:
    """Appends answers from several threads; each is on the disk before the next is taken."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()

    def append(self, line: AnswerLine) -> None:
        """Keep one more answer."""
        with self._lock, self.path.open("a", encoding="utf-8") as file:
            file.write(_written(line))
            file.flush()
            os.fsync(file.fileno())

    def replace(self, lines: Iterable[AnswerLine]) -> None:
        """Let the file hold exactly these answers; it is replaced in one step."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        new = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        try:
            with new.open("w", encoding="utf-8") as file:
                file.writelines(map(_written, lines))
                file.flush()
                os.fsync(file.fileno())
            new.replace(self.path)
        finally:
            new.unlink(missing_ok=True)


def lines_to_keep(
    path: Path, expected: Mapping[Key, Mapping[str, str]], *, is_fresh: bool = False
) -> tuple[list[AnswerLine], list[AnswerLine]]:
    """The answers of an earlier run that need no second one, and those that this run does not ask for.

    `expected` says what each has to be made with. Raises `EvaluationError` when the file holds answers of
    another model, prompt or table.
    """
    if is_fresh:
        return [], []
    found = {line.key: line for line in read_lines(path) if line.error is None}
    of_table = {key[2]: _without_question(made_with) for key, made_with in expected.items()}
    for key, line in found.items():
        wanted = expected.get(key) or of_table.get(line.table, {})
        if changed := sorted(part for part in wanted if line.made_with.get(part) != wanted[part]):
            raise EvaluationError(
                f"{path.name} holds answers of an earlier run with another {' and '.join(changed)}.",
                "Begin anew (--fresh, or Ask everything again on the page), or give another file to --out.",
            )
    asked = [line for key, line in found.items() if key in expected]
    return asked, [line for key, line in found.items() if key not in expected]


def in_order(lines: Iterable[AnswerLine], keys: Sequence[Key]) -> list[AnswerLine]:
    """The answers in the order of the questions, whatever order they came in."""
    places = {key: place for place, key in enumerate(keys)}
    return sorted(lines, key=lambda line: places[line.key])


def _without_question(made_with: Mapping[str, str]) -> Mapping[str, str]:
    return {part: value for part, value in made_with.items() if part != "question"}


def _written(line: AnswerLine) -> str:
    return json.dumps(asdict(line), ensure_ascii=False) + "\n"


def _read(line: str) -> AnswerLine:
    data = json.loads(line)
    data["sql_executed"] = tuple(data["sql_executed"])
    data["rows"] = tuple(map(tuple, data["rows"]))
    if (charts := data.get("charts")) is not None:
        data["charts"] = tuple(charts)
    return AnswerLine(**data)


def _is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False
