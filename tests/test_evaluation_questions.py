"""The project's own questions and the altered tables: complete, answerable, and not to be known by heart."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from data_pipeline.table import COLUMNS, create_table_sql
from llm_agent.errors import EvaluationError
from llm_agent.evaluation.questions import TABLE_NAMES, read_questions, selected
from llm_agent.evaluation.tables import data_digest, make_tables
from tests.evaluation_tables import gold, questions, tables

KINDS = {
    "lookup", "aggregate", "ratio", "group_by", "top_k", "unknown_values", "titles", "cabin_deck", "family",
    "multi_step", "rank", "follow_up", "ambiguous", "unanswerable", "adversarial", "languages", "charts",
}  # fmt: skip


def test_there_are_questions_of_every_kind() -> None:
    """At least 60 questions, at least four of each kind, each asked of all three tables."""
    asked = list(questions().values())
    assert len(asked) >= 60
    assert {question.kind for question in asked} == KINDS
    assert all(sum(question.kind == kind for question in asked) >= 4 for kind in KINDS)
    assert all(question.tables == TABLE_NAMES and question.is_graded for question in asked)


def test_memory_does_not_help_on_the_altered_tables() -> None:
    """Of the questions with data, nearly all have another answer on the shuffled table."""
    data = [question.id for question in questions().values() if question.has_data]
    same = [each for each in data if gold(each, "real").rows == gold(each, "shuffled").rows]
    assert len(same) <= 0.03 * len(data), same


def test_the_edges_are_there() -> None:
    """Ties at the top, an empty group, a group without any known age, no known cabin."""
    assert len(gold("top_k-1", "edges").rows) > len(gold("top_k-1", "real").rows)
    assert len(gold("top_k-2", "edges").rows) > 1
    assert gold("aggregate-9", "edges").rows == ((0,),)
    assert gold("unknown_values-4", "edges").rows == ((None,),)
    assert gold("cabin_deck-2", "edges").is_nothing


@pytest.mark.parametrize("name", TABLE_NAMES)
def test_altered_tables_keep_the_contract(name: str) -> None:
    """Same schema, STRICT types, allowed values and bounds; only the data differ."""
    with closing(sqlite3.connect(tables()[name])) as connection:
        schema = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'titanic'").fetchone()[0]
        assert schema == create_table_sql()
        assert connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
        for column in COLUMNS:
            values = {row[0] for row in connection.execute(f"SELECT DISTINCT {column.name} FROM titanic")}
            values.discard(None)
            assert not column.allowed or values <= set(column.allowed)
            assert column.minimum is None or all(column.minimum <= value for value in values)
            assert column.maximum is None or all(value <= column.maximum for value in values)


def test_altered_tables_come_out_the_same_each_time(tmp_path: Path) -> None:
    """A second copy holds the same rows, so that a broken-off run can go on with it."""
    again = make_tables(tables()["real"], tmp_path)
    assert {name: data_digest(path) for name, path in again.items()} == {
        name: data_digest(path) for name, path in tables().items()
    }
    assert len({data_digest(path) for path in again.values()}) == len(TABLE_NAMES)


def test_question_files_of_others_are_read(tmp_path: Path) -> None:
    """Only id and question are needed; unknown fields and answer types do no harm, and are asked once."""
    file = tmp_path / "questions.jsonl"
    lines = [
        {
            "id": "a",
            "question": "How many?",
            "answer_type": "number",
            "gold_sql": "SELECT 1",
            "split": "open",
        },
        {"id": "b", "question": "Who?", "answer_type": "riddle", "history": ["Hello?"], "labels": "sex"},
        {"id": 3, "question": "Why?"},
    ]
    file.write_text("\n".join(map(json.dumps, lines)) + "\n\n")
    first, second, third = read_questions(file)
    assert (first.is_graded, second.is_graded, third.is_graded) == (True, False, False)
    assert (second.history, third.id, third.tables) == (("Hello?",), "3", ("real",))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "no question"),
        ('{"id": "a"}', "line 1"),
        ('{"id": "a", "question": "x"}\n{broken', "line 2"),
        ('{"id": "a", "question": "x"}\n{"id": "a", "question": "y"}', "twice"),
        ("[1]", "line 1"),
    ],
)
def test_a_broken_question_file_is_named_with_its_line(tmp_path: Path, text: str, named: str) -> None:
    """What is wrong is said in words, with the line, and never as a traceback."""
    file = tmp_path / "questions.jsonl"
    file.write_text(text)
    with pytest.raises(EvaluationError, match=named):
        read_questions(file)


def test_a_limit_takes_from_every_kind() -> None:
    """With a limit, each kind is asked before any kind is asked twice; unknown kinds are refused by name."""
    asked = list(questions().values())
    few = selected(asked, limit=len(KINDS))
    assert {question.kind for question in few} == KINDS
    assert {question.kind for question in selected(asked, ["rank", "charts"])} == {"rank", "charts"}
    with pytest.raises(EvaluationError, match="riddle"):
        selected(asked, ["riddle"])
