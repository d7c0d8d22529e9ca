"""The tables of an evaluation for tests: the real one from the shipped snapshot, and its altered copies."""

from __future__ import annotations

import atexit
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

from data_pipeline.plain_pipeline import run_plain
from llm_agent.evaluation.gold import Gold, gold_of
from llm_agent.evaluation.questions import Question, own_questions, read_questions
from llm_agent.evaluation.tables import make_tables

_FOLDER = TemporaryDirectory(prefix="evaluation-", ignore_cleanup_errors=True)
atexit.register(_FOLDER.cleanup)


@lru_cache(maxsize=1)
def tables() -> dict[str, Path]:
    """The three table files, built once for the test session; nobody may change them."""
    real = Path(_FOLDER.name) / "titanic.sqlite"
    run_plain("snapshot", real)
    return make_tables(real, real.parent)


@lru_cache(maxsize=1)
def questions() -> dict[str, Question]:
    """The project's own questions by id."""
    return {question.id: question for question in read_questions(own_questions())}


@lru_cache(maxsize=1024)
def gold(question_id: str, table: str = "real") -> Gold:
    """The right answer to one of them on one table."""
    return gold_of(questions()[question_id], tables()[table])
