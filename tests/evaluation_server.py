"""A model for the tests of the evaluation: an HTTP server that answers each question by its gold SQL."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llm_agent.evaluation.answers import AnswerLine
from llm_agent.evaluation.model import ModelUnderTest, model_under_test
from llm_agent.evaluation.questions import Question
from llm_agent.evaluation.run import Progress, items_of, run_items
from llm_agent.settings import Settings
from tests.evaluation_tables import questions, tables
from tests.llm_server import Answer, LlmServer, text, tool_call

KEY = "sk-evaluation-1234567890"


@dataclass(frozen=True)
class Counted(Answer):
    """An answer whose usage does not depend on the order in which questions come."""

    def _usage(self, _body: dict[str, Any]) -> dict[str, int]:
        return {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}


def counted(answer: Answer) -> Counted:
    """The same answer with a fixed usage."""
    return Counted(answer.content, answer.calls)


def by_gold_sql(body: dict[str, Any]) -> Answer:
    """First the gold SQL of the question, then a sentence with the first cell of its result."""
    last = body["messages"][-1]
    if last["role"] == "tool":
        rows = json.loads(last["content"]).get("rows") or [["nothing"]]
        return counted(text(f"The answer is {rows[0][0]}."))
    asked = [question for question in questions().values() if question.question == last["content"]]
    if not asked or not asked[0].gold_sql:
        return counted(text("The table does not say that."))
    return counted(tool_call("run_sql", sql=asked[0].gold_sql, purpose="Gold"))


def some(count: int = 12) -> list[Question]:
    """The first questions about plain numbers."""
    return [question for question in questions().values() if question.answer_type == "number"][:count]


def model_of(server: LlmServer, **folders: Path) -> ModelUnderTest:
    """The server as the model that is evaluated."""
    settings = Settings(OPENAI_API_KEY=KEY, OPENAI_BASE_URL=server.base_url, OPENAI_MODEL=server.model)
    return model_under_test(settings, **folders)  # type: ignore[arg-type]


def run(
    under_test: ModelUnderTest,
    out: Path,
    *,
    asked: Sequence[Question] = (),
    stop: threading.Event | None = None,
    on_progress: Callable[[Progress], None] = lambda _progress: None,
    **options: Any,
) -> list[AnswerLine]:
    """Ask the questions on the real table and on the shuffled one."""
    places = {name: tables()[name] for name in ("real", "shuffled")}
    items = items_of(asked or some(), places, under_test.identity)
    return run_items(under_test, items, out, stop or threading.Event(), on_progress=on_progress, **options)


def without_seconds(path: Path, *others: str) -> list[dict[str, Any]]:
    """The lines of an answer file without what no two runs have in common, and without other fields."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [
        {name: value for name, value in line.items() if name not in {"latency_s", *others}} for line in lines
    ]
