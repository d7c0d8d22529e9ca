"""The questions of an evaluation: read from JSON lines, each with the SQL whose result is the right answer.

The answer itself never stands in the file: `gold_sql` is run on the very table that was asked about.
Files with further fields, or with answer types that are not known here, are read all the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from llm_agent.errors import EvaluationError
from llm_agent.settings import PACKAGE_FOLDER, project_folder

REAL = "real"
TABLE_NAMES = (REAL, "shuffled", "edges")
"""The table itself, and the two altered copies of `evaluation/tables.py`."""

GRADED_TYPES = ("number", "numbers", "table", "names", "set", "refusal", "action_refusal", "ambiguous")
DATA_TYPES = ("number", "numbers", "table", "names", "set")
"""Types whose answer is in the table: a refusal of such a question is a false one."""

Labels = Mapping[str, Any]
"""What a figure is about, such as `{"sex": "female", "survived": 1}`; the words: `evaluation/words.py`."""


@dataclass(frozen=True)
class Question:
    """A question, the conversation before it, and how to tell a right answer from a wrong one.

    `labels` names the families of the first columns of the gold rows (such as `sex`), `columns` what each
    further column is about. `reject` holds patterns of sentences that are wrong whatever their figures,
    `forbid` of what a refusal must not claim, `readings` of what a question back must offer.
    """

    id: str
    question: str
    kind: str = "other"
    lang: str = "en"
    history: tuple[str, ...] = ()
    answer_type: str = ""
    gold_sql: str = ""
    unit: tuple[str, ...] = ("",)
    labels: tuple[str, ...] = ()
    columns: tuple[Labels, ...] = ()
    is_ordered: bool = False
    wants_chart: bool = False
    reject: tuple[str, ...] = ()
    forbid: tuple[str, ...] = ()
    readings: tuple[str, ...] = ()
    tables: tuple[str, ...] = (REAL,)
    other: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def is_graded(self) -> bool:
        """Whether the grader knows this type of answer."""
        return self.answer_type in GRADED_TYPES and bool(self.gold_sql or self.answer_type not in DATA_TYPES)

    @property
    def has_data(self) -> bool:
        """Whether the table holds the answer."""
        return self.answer_type in DATA_TYPES

    def unit_of(self, column: int) -> str:
        """The unit of a gold column, counted without the labels: "percent", "rank" or "" (as it stands)."""
        return self.unit[min(column, len(self.unit) - 1)]


def own_questions() -> Path:
    """The file with our own questions: in `docs/`, or in the package where only that is installed."""
    checkout = project_folder() / "docs" / "questions.jsonl"
    return checkout if checkout.is_file() else PACKAGE_FOLDER / "questions.jsonl"


def read_questions(path: Path) -> list[Question]:
    """The questions of a file, in its order; raises `EvaluationError` with the line that cannot be read."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise EvaluationError(
            f"The questions {path.name} cannot be read.",
            "Give a file of JSON lines, such as docs/questions.jsonl.",
        ) from None
    questions = [
        _read(line, f"line {number} of {path.name}") for number, line in enumerate(lines, 1) if line.strip()
    ]
    ids = [question.id for question in questions]
    if twice := {name for name in ids if ids.count(name) > 1}:
        raise EvaluationError(
            f"The id {min(twice)} stands twice in {path.name}.", "Give each question its own id."
        )
    if not questions:
        raise EvaluationError(f"{path.name} holds no question.", "Give a file of JSON lines.")
    return questions


def selected(
    questions: Sequence[Question], kinds: Iterable[str] = (), limit: int | None = None
) -> list[Question]:
    """The questions of these kinds (all when none is named), at most `limit` of them, spread over the kinds.

    Raises `EvaluationError` for a kind that no question has.
    """
    known, wanted = list(dict.fromkeys(question.kind for question in questions)), list(kinds)
    if unknown := [kind for kind in wanted if kind not in known]:
        raise EvaluationError(f"No question is of the kind {unknown[0]}.", f"There are: {', '.join(known)}.")
    chosen = [question for question in questions if not wanted or question.kind in wanted]
    if limit is None or limit >= len(chosen):
        return chosen
    ranks = {id(q): [p for p in chosen if p.kind == q.kind].index(q) for q in chosen}
    taken = sorted(chosen, key=lambda question: ranks[id(question)])[:limit]
    return [question for question in chosen if question in taken]


def _read(line: str, where: str) -> Question:
    try:
        data = json.loads(line)
        return Question(
            id=str(data["id"]),
            question=str(data["question"]),
            kind=str(data.get("kind", "other")),
            lang=str(data.get("lang", "en")),
            history=tuple(map(str, data.get("history") or ())),
            answer_type=str(data.get("answer_type", "")),
            gold_sql=str(data.get("gold_sql", "")),
            unit=_several(data.get("unit", "")) or ("",),
            labels=_several(data.get("labels", ())),
            columns=tuple(data.get("columns") or ()),
            is_ordered=bool(data.get("ordered", False)),
            wants_chart=bool(data.get("chart", False)),
            reject=_several(data.get("reject", ())),
            forbid=_several(data.get("forbid", ())),
            readings=_several(data.get("readings", ())),
            tables=_several(data.get("tables", REAL)),
            other=data,
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        problem = f"{error} is missing" if isinstance(error, KeyError) else str(error)
    raise EvaluationError(
        f"A question cannot be read in {where} ({problem}).",
        "Write one JSON object a line with id and question.",
    )


def _several(value: Any) -> tuple[str, ...]:
    """One text or a list of texts, as texts."""
    return (value,) if isinstance(value, str) else tuple(map(str, value))
