"""An answer rests on queries: they are run, repaired, charted, and the sentence is checked against them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from llm_agent.events import (
    AnswerWithdrawn,
    Asked,
    ChartReady,
    Checked,
    Notice,
    QueryDone,
    QueryError,
    QueryStarted,
    RoundStarted,
    Thinking,
    Usage,
)
from llm_agent.prompt import CHECK_PREFIX
from tests.agent_talk import Talk, sql
from tests.llm_server import text, tool_calls

SURVIVORS = "SELECT COUNT(*) AS n FROM titanic WHERE survived = 1"
BY_SEX = "SELECT sex, COUNT(*) AS n FROM titanic GROUP BY sex ORDER BY sex"


def answers_in(messages: list[dict]) -> list[dict]:
    """What the tools told the model, as objects."""
    return [json.loads(message["content"]) for message in messages if message["role"] == "tool"]


def test_an_answer_comes_from_a_query_that_ran(titanic_table: Path) -> None:
    """The query runs on the real table, the model sees its rows, and each figure is matched to its cell."""
    with Talk(titanic_table, [sql(SURVIVORS, "Survivors"), text("342 passengers survived.")]) as talk:
        heard = talk.ask("How many survived?")
        assert answers_in(talk.sent()) == [
            {"query": 1, "columns": ["n"], "rows": [[342]], "row_count": 1, "truncated": False}
        ]
    assert heard.done.outcome == "answered"
    assert heard.shown == heard.done.text == "342 passengers survived."
    assert [(e.number, e.sql, e.purpose) for e in heard.of(QueryStarted)] == [(1, SURVIVORS, "Survivors")]
    assert heard.of(QueryDone)[0].result.rows == ((342,),)
    assert [figure.status for figure in heard.of(Checked)[0].figures] == ["cell"]
    (usage,) = heard.of(Usage)
    assert (usage.rounds, usage.queries) == (2, 1)
    assert usage.tokens_in > 1000
    assert usage.tokens_out > 0


def test_a_wrong_query_is_repaired(titanic_table: Path) -> None:
    """The model reads what is wrong with its SQL and mends it; people see both."""
    script = [sql("SELECT COUNT(*) AS n FROM titanic WHERE sexe = 'female'"), sql(BY_SEX), text("314 women.")]
    with Talk(titanic_table, script) as talk:
        heard = talk.ask("How many women?")
        assert "sexe" in answers_in(talk.sent(1))[0]["error"]
    (error,) = heard.of(QueryError)
    assert error.number == 1
    assert not error.is_refused
    assert heard.of(QueryDone)[0].number == 2
    assert heard.done.outcome == "answered"


def test_a_write_is_refused_and_said_so(titanic_table: Path) -> None:
    """A statement that would change data is refused, marked as such, and the file stays as it is."""
    before = titanic_table.read_bytes()
    with Talk(titanic_table, [sql("DELETE FROM titanic"), text("Data cannot be changed here.")]) as talk:
        heard = talk.ask("Delete everyone.")
    assert heard.of(QueryError)[0].is_refused
    assert titanic_table.read_bytes() == before


def test_parallel_calls_are_answered_in_order(titanic_table: Path) -> None:
    """Several calls of one round each get their answer, in the order of the calls."""
    round_of_three = tool_calls(
        ("run_sql", {"sql": SURVIVORS, "purpose": "A"}),
        ("run_sql", {"sql": BY_SEX, "purpose": "B"}),
        ("draw_chart", {"query": 2, "kind": "bar", "x": "sex", "y": "n", "title": "By sex"}),
    )
    with Talk(titanic_table, [round_of_three, text("342 survived; 314 were women.")]) as talk:
        heard = talk.ask("Survivors, and by sex?")
        asked = talk.sent()[-4]["tool_calls"]
        assert [call["id"] for call in asked] == [message["tool_call_id"] for message in talk.sent()[-3:]]
        assert answers_in(talk.sent())[2] == {"chart": "drawn", "query": 2}
    assert heard.of(ChartReady)[0].spec["x"] == "sex"


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (("draw_chart", {"query": 7, "kind": "bar", "x": "sex", "title": "x"}), "no result 7"),
        (("draw_chart", {"query": 1, "kind": "bar", "x": "sexe", "y": "n", "title": "x"}), "sexe"),
        (("draw_chart", {"query": "one", "kind": "bar", "x": "sex", "title": "x"}), "query has to be"),
        (("run_sql", {"statement": "SELECT 1"}), "sql is missing"),
        (("run_sql", {"sql": 5}), "sql is missing"),
        (("python", {"code": "1"}), "no tool 'python'"),
        (("ask_user", {"question": "Which?", "options": "a, b"}), "options has to be a list"),
    ],
)
def test_a_call_that_makes_no_sense_is_explained_to_the_model(
    titanic_table: Path, call: tuple[str, dict], told: str
) -> None:
    """Unknown tools, results and columns and missing arguments come back as an error that says what to do."""
    with Talk(titanic_table, [sql(BY_SEX), tool_calls(call), text("314 women.")]) as talk:
        heard = talk.ask("How many women?")
        assert told in answers_in(talk.sent())[1]["error"]
    assert heard.done.outcome == "answered"


def test_words_before_a_query_are_no_part_of_the_answer(titanic_table: Path) -> None:
    """'Let me check' is withdrawn and becomes a thought; the final text has none of it."""
    call = ("run_sql", {"sql": SURVIVORS, "purpose": "Survivors"})
    script = [tool_calls(call, content="Let me check the 500 rows..."), text("342 survived.")]
    with Talk(titanic_table, script) as talk:
        heard = talk.ask("How many survived?")
    assert heard.shown == heard.done.text == "342 survived."
    assert heard.of(Thinking)[0].text == "Let me check the 500 rows..."


def test_a_figure_that_stands_nowhere_is_mended(titanic_table: Path) -> None:
    """The model is told which figure no result has, answers anew, and only the mended text is kept."""
    script = [sql(SURVIVORS), text("549 of 1316 survived."), text("342 survived.")]
    with Talk(titanic_table, script) as talk:
        heard = talk.ask("How many survived?")
        check = talk.sent()[-1]
        assert check["role"] == "user"
        assert check["content"].startswith(CHECK_PREFIX)
        assert "1316" in check["content"]
    assert heard.shown == heard.done.text == "342 survived."
    assert "1316" not in json.dumps(heard.done.messages)
    assert CHECK_PREFIX not in json.dumps(heard.done.messages)


def test_mending_has_one_chance(titanic_table: Path) -> None:
    """A figure that is still wrong afterwards is reported as unmatched, and a notice names it."""
    with Talk(titanic_table, [sql(SURVIVORS), text("1316 survived.")]) as talk:
        heard = talk.ask("How many survived?")
        assert len(talk.requests) == 3
    assert [figure.status for figure in heard.of(Checked)[0].figures] == ["unmatched"]
    assert "1316" in heard.of(Notice)[0].text
    assert heard.done.text == "1316 survived."


def test_figures_from_memory_lead_to_a_query(titanic_table: Path) -> None:
    """An answer with figures but no query makes the agent ask for the query, even if the figure is right."""
    with Talk(
        titanic_table, [text("342 survived."), sql(SURVIVORS), text("342 passengers survived.")]
    ) as talk:
        heard = talk.ask("How many survived?")
        assert "no query was run" in talk.sent(1)[-1]["content"]
    assert [type(event) for event in heard.events].count(AnswerWithdrawn) == 1
    assert [figure.status for figure in heard.of(Checked)[0].figures] == ["cell"]
    assert heard.done.text == "342 passengers survived."


def test_a_model_that_insists_on_its_memory_is_exposed(titanic_table: Path) -> None:
    """Still no query: the figures are reported unmatched and people are told that no query supports them."""
    with Talk(titanic_table, [text("342 survived.")]) as talk:
        heard = talk.ask("How many survived?")
        assert len(talk.requests) == 2
    assert [figure.status for figure in heard.of(Checked)[0].figures] == ["unmatched"]
    assert "No query supports" in heard.of(Notice)[0].text


def test_an_answer_without_figures_needs_no_query(titanic_table: Path) -> None:
    """What the table cannot know is said in one round."""
    with Talk(titanic_table, [text("The table does not know the crew.")]) as talk:
        heard = talk.ask("Who was the captain?")
    assert len(heard.of(RoundStarted)) == 1
    assert heard.of(Checked)[0].figures == ()
    assert heard.done.outcome == "answered"


def test_a_question_back_ends_the_turn(titanic_table: Path) -> None:
    """ask_user is an event with its options; the next turn sees it as what the assistant said."""
    question = {"question": "Which age is a child?", "options": ["under 16", "under 18"]}
    both = tool_calls(("ask_user", question), ("run_sql", {"sql": BY_SEX, "purpose": "By sex"}))
    with Talk(titanic_table, [both, text("Good.")]) as talk:
        heard = talk.ask("How many children?")
        assert heard.done.outcome == "asked"
        assert heard.of(Asked) == [Asked("Which age is a child?", ("under 16", "under 18"))]
        assert len(talk.requests) == 1
        talk.ask("under 16")
        roles = [message["role"] for message in talk.sent()]
        assert roles == ["system", "user", "assistant", "tool", "assistant", "user"]
        assert "under 18" in talk.sent()[-2]["content"]


def test_a_follow_up_sees_the_earlier_rows_and_may_quote_them(titanic_table: Path) -> None:
    """'And for women?' is sent with the turn before, and a figure from it is no invention."""
    script = [sql(BY_SEX), text("577 men."), text("314 women, against 577 men.")]
    with Talk(titanic_table, script) as talk:
        talk.ask("How many men?")
        heard = talk.ask("And women?")
        assert answers_in(talk.sent())[0]["rows"] == [["female", 314], ["male", 577]]
    figures = heard.of(Checked)[0].figures
    assert [figure.status for figure in figures] == ["cell", "cell"]
    assert [figure.query for figure in figures] == [None, None]
    assert "earlier answer" in figures[0].how


def test_a_long_result_says_how_much_of_it_the_model_saw(titanic_table: Path) -> None:
    """The page gets every row, the model the first ones together with their number."""
    with Talk(titanic_table, [sql("SELECT name FROM titanic"), text("Many names.")]) as talk:
        heard = talk.ask("List all names.")
        (seen,) = answers_in(talk.sent())
    assert len(heard.of(QueryDone)[0].result.rows) == 891
    assert seen["truncated"]
    assert seen["row_count"] <= 200
    assert seen["total_rows"] == 891
