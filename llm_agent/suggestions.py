"""Questions to start with, made from what the table holds; the demo model answers each of them."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from data_pipeline.table import TABLE, open_readonly

SUGGESTIONS = 6


def suggested_questions(database: Path) -> tuple[str, ...]:
    """Six questions about this table: a count, a chart of groups, extremes, a person, gaps, a share.

    What the table does not hold is not asked for: names, for one, are unknown in some sources. Raises
    `TableUnavailable`.
    """
    with open_readonly(database) as connection:
        questions = [
            *_always(connection),
            *_about_people(connection),
            *_about_unknowns(connection),
            "What percentage of the survivors were women?",
            "What was the median fare by class?",
            "How many passengers travelled alone?",
        ]
    return tuple(dict.fromkeys(questions))[:SUGGESTIONS]


def _always(connection: sqlite3.Connection) -> list[str]:
    """Questions that every table answers, with its own size."""
    (rows,) = connection.execute(f"SELECT COUNT(*) FROM {TABLE}").fetchone()
    if not rows:
        return []
    return [
        "How many passengers survived?",
        "Show the survival rate by class and sex as a chart.",
    ]


def _about_people(connection: sqlite3.Connection) -> list[str]:
    """Questions whose answers are names, where the table has them: the oldest, and who paid the most."""
    row = connection.execute(
        f"SELECT name FROM {TABLE} WHERE name LIKE '%, M%. %' AND fare IS NOT NULL"
        " ORDER BY fare DESC, name LIMIT 1"
    ).fetchone()
    if row is None:
        return ["What was the highest fare?"]
    surname, _, rest = str(row["name"]).partition(", ")
    title, _, given = rest.partition(". ")
    first = given.split(" ")[0].strip('()"')
    is_plain = all(word.isalpha() and word[:1].isupper() for word in (surname, first))
    lookup = [f"What fare did {title}. {first} {surname} pay?"] if is_plain else []
    return ["Who were the five oldest passengers?", *lookup]


def _about_unknowns(connection: sqlite3.Connection) -> list[str]:
    """What is not recorded, where something is not."""
    unknown = connection.execute(
        f"SELECT COUNT(*) - COUNT(age) AS age, COUNT(*) - COUNT(cabin) AS cabin FROM {TABLE}"
    ).fetchone()
    if unknown["age"]:
        return ["How many passengers have an unknown age?"]
    return ["How many passengers have an unknown cabin?"] if unknown["cabin"] else []
