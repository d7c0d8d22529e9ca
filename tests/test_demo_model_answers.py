"""What the demo model answers, checked against queries that were written by hand for each question."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_pipeline.table import open_readonly
from llm_agent.events import AnswerWithdrawn, ChartReady, QueryDone
from tests.demo_talk import ask_demo

ONE_FIGURE = {
    "How many passengers are in the table?": "COUNT(*) FROM titanic",
    "How many women in first class survived?": (
        "COUNT(*) FROM titanic WHERE sex='female' AND pclass=1 AND survived=1"
    ),
    "how many people died": "COUNT(*) FROM titanic WHERE survived=0",
    "How many of the men in third class boarded at Queenstown?": (
        "COUNT(*) FROM titanic WHERE sex='male' AND pclass=3 AND embarked='Q'"
    ),
    "How many passengers in first or second class survived?": (
        "COUNT(*) FROM titanic WHERE pclass IN (1, 2) AND survived=1"
    ),
    "How many passengers were younger than 18?": "COUNT(*) FROM titanic WHERE age < 18",
    "How many passengers were between 20 and 30 years old?": (
        "COUNT(*) FROM titanic WHERE age BETWEEN 20 AND 30"
    ),
    "How many passengers paid more than 100 pounds?": "COUNT(*) FROM titanic WHERE fare > 100",
    "How many cabins are unknown?": "COUNT(*) FROM titanic WHERE cabin IS NULL",
    "How many passengers have the title Mr.?": "COUNT(*) FROM titanic WHERE name LIKE '%, Mr. %'",
    "How many passengers had a cabin on deck B?": "COUNT(*) FROM titanic WHERE cabin LIKE 'B%'",
    "How many passengers travelled alone?": "COUNT(*) FROM titanic WHERE sibsp=0 AND parch=0",
    "How many passengers had at least three siblings or spouses?": "COUNT(*) FROM titanic WHERE sibsp>=3",
    "How many passengers had ticket 1601?": "COUNT(*) FROM titanic WHERE ticket='1601'",
    "How many passengers have the surname Andersson?": "COUNT(*) FROM titanic WHERE name LIKE 'Andersson,%'",
    "How many different tickets are there?": "COUNT(DISTINCT ticket) FROM titanic",
    "What percentage of the survivors were women?": (
        "ROUND(100.0*SUM(sex='female')/COUNT(*), 1) FROM titanic WHERE survived=1"
    ),
    "What percentage of women survived?": "ROUND(100.0*AVG(survived), 1) FROM titanic WHERE sex='female'",
    "What percentage of passengers in first class who boarded at Cherbourg survived?": (
        "ROUND(100.0*AVG(survived), 1) FROM titanic WHERE pclass=1 AND embarked='C'"
    ),
    "Of the men, what proportion travelled third class?": (
        "ROUND(100.0*SUM(pclass=3)/COUNT(*), 1) FROM titanic WHERE sex='male'"
    ),
    "What was the survival rate of men in second class?": (
        "ROUND(100.0*AVG(survived), 1) FROM titanic WHERE sex='male' AND pclass=2"
    ),
    "What is the average age of the survivors?": "ROUND(AVG(age), 2) FROM titanic WHERE survived=1",
    "What is the total fare paid in third class?": "ROUND(SUM(fare), 2) FROM titanic WHERE pclass=3",
    "What is the median age of women?": (
        "AVG(age) FROM (SELECT age, ROW_NUMBER() OVER (ORDER BY age) i, COUNT(*) OVER () n FROM titanic"
        " WHERE sex='female' AND age IS NOT NULL) WHERE i IN ((n+1)/2, (n+2)/2)"
    ),
    "What was the highest fare paid by a woman?": "MAX(fare) FROM titanic WHERE sex='female'",
    "How old was the youngest survivor?": "MIN(age) FROM titanic WHERE survived=1",
    "What is the second highest fare?": (
        "MAX(fare) FROM titanic WHERE fare < (SELECT MAX(fare) FROM titanic)"
    ),
    "How many men died for each man who survived?": (
        "ROUND(1.0*SUM(survived=0)/SUM(survived=1), 2) FROM titanic WHERE sex='male'"
    ),
    "What fare did Mrs. John Bradley Cumings pay?": "fare FROM titanic WHERE name LIKE 'Cumings, Mrs.%'",
    "What was the average fare? (only: class 3; women; age 20 to 40, unknown ages left out)": (
        "ROUND(AVG(fare), 2) FROM titanic WHERE pclass=3 AND sex='female' AND age BETWEEN 20 AND 40"
    ),
    "how mny ppl survivd?": "COUNT(*) FROM titanic WHERE survived=1",
    "Wie viele Frauen überlebten?": "COUNT(*) FROM titanic WHERE sex='female' AND survived=1",
    "Hoeveel mannen zijn er in de derde klas?": "COUNT(*) FROM titanic WHERE sex='male' AND pclass=3",
    "¿Cuántos pasajeros embarcaron en Cherbourg?": "COUNT(*) FROM titanic WHERE embarked='C'",
    "Quel est l'âge moyen des femmes ?": "ROUND(AVG(age), 2) FROM titanic WHERE sex='female'",
}


def by_hand(database: Path, query: str) -> list[tuple[object, ...]]:
    """The rows of a query of this file."""
    with open_readonly(database) as connection:
        return [tuple(row) for row in connection.execute(f"SELECT {query}")]


def as_said(value: object) -> str:
    """A number as the demo model writes it."""
    return f"{value:.4f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


@pytest.mark.parametrize("question", ONE_FIGURE)
def test_a_figure_is_that_of_the_table(titanic_table: Path, question: str) -> None:
    """The answer is one query, whose figure is the one counted by hand and stands in the sentence."""
    [(expected,)] = by_hand(titanic_table, ONE_FIGURE[question])
    heard = ask_demo(titanic_table, question)
    [query] = heard.of(QueryDone)
    assert expected in [cell for row in query.result.rows for cell in row]
    assert as_said(expected) in heard.done.text
    assert heard.of(AnswerWithdrawn) == [], "every figure stood in the result"


GROUPS = {
    "How many passengers boarded at each port?": "embarked, COUNT(*) FROM titanic GROUP BY 1",
    "What is the average age per class?": "pclass, ROUND(AVG(age), 2) FROM titanic GROUP BY 1",
    "survival rate by sex and class": "sex, pclass, ROUND(100.0*AVG(survived), 1) FROM titanic GROUP BY 1, 2",
    "For each class, how many passengers survived and how many died?": (
        "pclass, CASE survived WHEN 1 THEN 'survived' ELSE 'died' END, COUNT(*) FROM titanic GROUP BY 1, 2"
    ),
    "How many women and how many men are in the table?": "sex, COUNT(*) FROM titanic GROUP BY 1",
    "What percentage of women in each class survived?": (
        "pclass, ROUND(100.0*AVG(survived), 1) FROM titanic WHERE sex='female' GROUP BY 1"
    ),
    "Which port had the highest survival rate?": (
        "embarked, ROUND(100.0*AVG(survived), 1) FROM titanic WHERE embarked IS NOT NULL GROUP BY 1"
    ),
    "Which deck with at least ten passengers had the lowest survival rate?": (
        "substr(cabin, 1, 1), ROUND(100.0*AVG(survived), 1) FROM titanic WHERE cabin IS NOT NULL GROUP BY 1"
        " HAVING COUNT(*) >= 10"
    ),
    "Did more women than men survive?": "sex, COUNT(*) FROM titanic WHERE survived=1 GROUP BY 1",
}


@pytest.mark.parametrize("question", GROUPS)
def test_groups_are_those_of_the_table_and_are_drawn(titanic_table: Path, question: str) -> None:
    """Each group has the figure counted by hand, and a chart shows the same result."""
    expected = by_hand(titanic_table, GROUPS[question])
    heard = ask_demo(titanic_table, question)
    [query] = heard.of(QueryDone)
    width = len(expected[0])
    assert {row[:width] for row in map(tuple, query.result.rows)} == set(expected)
    assert heard.of(ChartReady)[0].query == query.number
    assert all(as_said(row[-1]) in heard.done.text for row in expected)


def test_the_leading_group_is_named_first(titanic_table: Path) -> None:
    """The sentence begins with the group that leads, and names all that share the lead."""
    assert ask_demo(titanic_table, "Which class had the most passengers?").done.text.startswith(
        "Third class has"
    )
    shared = ask_demo(titanic_table, "Which ticket numbers were shared by the most passengers?").done.text
    assert all(ticket in shared for ticket in ("1601", "347082", "CA. 2343"))


NAMES = {
    "Who were the five oldest passengers?": "name FROM titanic ORDER BY age DESC LIMIT 5",
    "Who were the oldest women to survive, and how old were they?": (
        "name FROM titanic WHERE sex='female' AND survived=1 AND age=63"
    ),
    "Who paid the highest fare?": "name FROM titanic WHERE fare=(SELECT MAX(fare) FROM titanic)",
    "For which passengers is the port of embarkation missing?": "name FROM titanic WHERE embarked IS NULL",
    "Who stayed in cabin C23 C25 C27?": "name FROM titanic WHERE cabin='C23 C25 C27'",
    "Who was in cabin C123?": "name FROM titanic WHERE cabin LIKE '%C123%'",
    "What is the name of the passenger with passenger id 500?": "name FROM titanic WHERE passenger_id=500",
    "How old was Braund?": "name FROM titanic WHERE name LIKE 'Braund,%'",
}


@pytest.mark.parametrize("question", NAMES)
def test_people_are_all_named_and_no_others(titanic_table: Path, question: str) -> None:
    """Everyone who fits is in the result and in the sentence, ties included, and nobody else."""
    expected = {str(name) for (name,) in by_hand(titanic_table, NAMES[question])}
    heard = ask_demo(titanic_table, question)
    [query] = heard.of(QueryDone)
    assert {row[0] for row in query.result.rows} == expected
    assert all(name in heard.done.text for name in expected)


def test_unknown_values_are_said(titanic_table: Path) -> None:
    """An answer that rests on known values only says how many they are."""
    assert "714 of 891" in ask_demo(titanic_table, "What is the average age?").done.text
    assert "177 more" in ask_demo(titanic_table, "How many passengers were under 18?").done.text


def test_a_mended_spelling_is_said(titanic_table: Path) -> None:
    """Whoever mistypes is told how the question was read."""
    assert "Read “wommen” as “women”" in ask_demo(titanic_table, "How many wommen survived?").done.text


FOLLOW_UPS = {
    ("What percentage of the men in first class survived?", "And for women?"): "96.8 %",
    ("How many passengers were in second class?", "How many of them survived?"): " 87 ",
    ("How many women survived?", "what about third class?"): " 72 ",
    ("How many women survived?", "and their average age?"): "28.85",
    (
        "How many passengers were in third class?",
        "How many of those were women?",
        "And what percentage of those survived?",
    ): "50 %",
    ("How many passengers boarded at each port?", "Now only the survivors."): "Cherbourg: 93",
    ("What was the average age of women?", "and by class?"): "First class: 34.61",
    ("How old was Owen Harris Braund?", "Did he survive?"): "died",
    ("Which class had the highest survival rate?", "And the lowest?"): "Third class has",
}  # fmt: skip


@pytest.mark.parametrize("conversation", FOLLOW_UPS)
def test_a_follow_up_keeps_what_was_said_before(titanic_table: Path, conversation: tuple[str, ...]) -> None:
    """A short question changes the one before it, and keeps the rest of its conditions."""
    assert FOLLOW_UPS[conversation] in ask_demo(titanic_table, *conversation).done.text
