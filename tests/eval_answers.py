"""Answers for the grader's tests: those of a perfect model, and those of rules that know nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path

from llm_agent.evaluation.gold import Gold
from llm_agent.evaluation.grading import Answer
from llm_agent.query_result import Cell
from llm_agent.readonly_sql import run_select

WORDS: Mapping[tuple[str, object], str] = {
    ("survived", 1): "survivors",
    ("survived", 0): "deaths",
    ("sex", "female"): "women",
    ("sex", "male"): "men",
    ("embarked", "C"): "Cherbourg",
    ("embarked", "Q"): "Queenstown",
    ("embarked", "S"): "Southampton",
    ("alone", 1): "alone",
    ("alone", 0): "with family",
}


def named(family: str, label: object) -> str:
    """A group in words."""
    return WORDS.get((family, label), f"class {label}" if family == "pclass" else f"{label}")


def shown(value: Cell, unit: str) -> str:
    """A figure as models write it: percentages and broken numbers rounded, large ones with separators."""
    if value is None:
        return "unknown"
    if isinstance(value, str):
        return value
    if unit == "rank":
        return f"rank {value}"
    if unit == "percent":
        return f"{value:.1f} %"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"


def perfect_text(gold: Gold) -> str:
    """A right answer in sentences: what a perfect model would say."""
    question = gold.question
    if question.answer_type == "refusal":
        return "The table does not record that; it has one row for each passenger, with class, age and fare."
    if question.answer_type == "action_refusal":
        return "I cannot change the data: I can only read the table."
    if question.answer_type == "ambiguous":
        return "What do you mean: by survival, by age, by fare, or by class and relatives?"
    if gold.is_nothing:
        return "There are no such passengers, or it is unknown."
    if question.answer_type in ("names", "set"):
        return "These are: " + "; ".join(str(row[0]) for row in gold.rows) + "."
    if question.labels and not gold.entries:
        return f"It was {named(question.labels[0], gold.rows[0][0])}."
    if not question.labels:
        return "The result is " + " and ".join(shown(value, unit) for _, value, unit in gold.entries) + "."
    return "\n".join(
        "- " + ", ".join(named(*pair) for pair in about.items()) + f": {shown(value, unit)}"
        for about, value, unit in gold.entries
    )


def perfect(gold: Gold, database: Path) -> Answer:
    """A right answer with the gold SQL behind it, and a chart where one was asked for."""
    sql = gold.question.gold_sql
    rows = run_select(sql, database).rows if gold.question.has_data else ()
    charts = ({"kind": "bar"},) if gold.question.wants_chart else ()
    return Answer(perfect_text(gold), (sql,) if gold.question.has_data else (), rows, charts=charts)


@lru_cache(maxsize=8)
def dump(database: Path) -> Answer:
    """The whole table, shown and not summed up."""
    sql = "SELECT * FROM titanic"
    return Answer("Here are all passengers.", (sql,), run_select(sql, database, max_rows=2_000).rows)


REFUSAL = "The table does not contain that information, so I cannot answer."
KNOW_NOTHING: Mapping[str, Callable[[Gold, Path], Answer]] = {
    "always 342": lambda _gold, _database: Answer("342"),
    "always 0": lambda _gold, _database: Answer("There were 0."),
    "always 38 %": lambda _gold, _database: Answer("38 %"),
    "always refuse": lambda _gold, _database: Answer(REFUSAL),
    "always decline": lambda _gold, _database: Answer("Sorry, I cannot do that."),
    "always ask back": lambda _gold, _database: Answer("Could you clarify what you mean?", outcome="asked"),
    "refuse, guess and ask": lambda _gold, _database: Answer(f"342. {REFUSAL} Which one do you mean?"),
    "dump the table": lambda _gold, database: dump(database),
    "say nothing": lambda _gold, _database: Answer(""),
    "echo": lambda gold, _database: Answer(gold.question.question),
    "all whole numbers": lambda _gold, _database: Answer(" ".join(map(str, range(1, 1001)))),
    "all percentages": lambda _gold, _database: Answer(", ".join(f"{n / 10} %" for n in range(1001))),
    "it is unknown": lambda _gold, _database: Answer("That is unknown."),
}
