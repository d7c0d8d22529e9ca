"""Figures of an answer are matched to what was queried, and those from nowhere are named."""

from __future__ import annotations

import pytest

from llm_agent.figures.figures_in_text import find_figures
from llm_agent.grounding import CheckedFigure, check_figures, mend_request, unmatched
from tests.query_results import Rows, query

BY_SEX = query("SELECT sex, COUNT(*) AS n, SUM(survived) AS survived FROM titanic GROUP BY sex")
BY_CLASS = query("SELECT pclass, AVG(survived) * 100 AS rate FROM titanic GROUP BY pclass")
MEAN_AGE = query("SELECT AVG(age) AS age FROM titanic")
UNKNOWN_AGES = query("SELECT 100.0 * SUM(age IS NULL) / COUNT(*) FROM titanic WHERE pclass = 3")
FIRST_ROWS = query("SELECT name, age, sibsp, pclass FROM titanic LIMIT 200")


def statuses(answer: str, *results: Rows, question: str = "") -> list[tuple[str, str]]:
    """Each figure of the answer with its status."""
    figures = check_figures(answer, question, dict(enumerate(results, 1)))
    assert all(answer[figure.start : figure.end] == figure.text for figure in figures)
    return [(figure.text, figure.status) for figure in figures]


def only(answer: str, *results: Rows, question: str = "") -> CheckedFigure:
    """The one figure of the answer."""
    (figure,) = check_figures(answer, question, dict(enumerate(results, 1)))
    return figure


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1,234.5 pounds", [1234.5]),
        ("1.234,5 Pfund", [1234.5]),
        ("1\u202f234,5 livres", [1234.5]),
        ("28 693,95", [28693.95]),
        ("1,234 people", [1234, 1.234]),
        ("38,4 %", [38.4]),
        ("\u22120.55", [-0.55]),
        ("between -3 and 5", [-3, 5]),
        ("ages 20-30, 20 to 30", [20, 30, 20, 30]),
        ("20\u201330", [20, 30]),
        ("£32.20 or 30,07 €", [32.2, 30.07]),
        ("sieben Passagiere", [7]),
        ("douze personnes", [12]),
        ("two thousand", [2000]),
        ("28.7k", [28700]),
        ("only one passenger", [1]),
        ("a 4-year-old", [4]),
        ("**314** women", [314]),
    ],
)
def test_numbers_are_read_as_people_write_them(text: str, values: list[float]) -> None:
    """Separators, signs, currencies, ranges and words of several languages give the number meant."""
    assert [reading.value for figure in find_figures(text) for reading in figure.readings] == values


@pytest.mark.parametrize(
    "text",
    [
        "In 1st class, first class, class 3, classes 1 and 2, 3. Klasse, Klasse 3, the three classes",
        "```sql\nSELECT 42 FROM titanic LIMIT 10\n```",
        "as `pclass = 3` says",
        "1. Women\n2. Men\n   3) Children",
        "see query 2, row 3 and table 1",
        "It sank on 15 April 1912; in 1912 few could swim.",
        "one of the women was no one else's",
        "[source](https://example.org/123)",
        "passengers in their 20s",
        "| # | name |\n|---|---|\n| 1 | Barkworth |\n| 2 | Svensson |\n",
    ],
)
def test_what_claims_nothing_is_no_figure(text: str) -> None:
    """Labels, ordinals, code, numbering, references, dates and links are left alone."""
    assert find_figures(text) == ()


def test_a_cell_is_named_with_its_place() -> None:
    """A figure that stands in a result says in which query, row and column."""
    figure = only("There were 314 women.", MEAN_AGE, BY_SEX)
    assert (figure.status, figure.query, figure.row, figure.column) == ("cell", 2, 1, "n")
    assert figure.how == "row 1 (female), column n of query 2"


@pytest.mark.parametrize(
    ("answer", "how"),
    [
        ("74.2 % of the women survived", "233 / 314 as a percentage"),
        ("25.8% of the women died", "81 / 314 as a percentage"),
        ("891 passengers", "314 + 577"),
        ("81 women died", "314 - 233"),
        ("38.4 % survived", "342 / 891 as a percentage"),
        ("35,2 Prozent waren Frauen", "314 / 891 as a percentage"),
        ("55.3 percentage points more", "the difference of 74.2% and 18.9%"),
        ("3.9 times as likely", "the ratio of 74.2% and 18.9%"),
        ("a third were women", "314 / 891 as a percentage"),
        ("more than half of the women survived", "233 / 314 as a percentage"),
        ("two rows", "the number of rows of query 1"),
    ],
)
def test_what_follows_from_cells_is_derived(answer: str, how: str) -> None:
    """Sums, differences, shares, points and ratios are found, and the way to them is told."""
    figure = only(answer, BY_SEX)
    assert figure.status == "derived"
    assert figure.how.startswith(how)


@pytest.mark.parametrize(
    ("answer", "result", "status"),
    [
        ("29.7 years", MEAN_AGE, "cell"),
        ("29.69912 years", MEAN_AGE, "cell"),
        ("30 years", MEAN_AGE, "cell"),
        ("29.6 years", MEAN_AGE, "unmatched"),
        ("29 years", MEAN_AGE, "unmatched"),
        ("about 29 years", MEAN_AGE, "cell"),
        ("about 27 years", MEAN_AGE, "unmatched"),
        ("more than 28 years", MEAN_AGE, "cell"),
        ("more than 31 years", MEAN_AGE, "unmatched"),
        ("63 % survived", BY_CLASS, "cell"),
        ("37 % died", BY_CLASS, "derived"),
        ("38 % survived", query("SELECT AVG(survived) FROM titanic"), "cell"),
        ("3 people", Rows(("mean",), ((2.6,),)), "unmatched"),
        ("38 % survived", Rows(("n",), ((38,),)), "unmatched"),
        ("27.7 % are unknown", UNKNOWN_AGES, "cell"),
        ("30 % of them", MEAN_AGE, "unmatched"),
        ("38.4% survived", Rows(("rate",), (("38.4%",),)), "cell"),
    ],
)
def test_rounding_is_fair_and_no_more(answer: str, result: Rows, status: str) -> None:
    """A figure may be rounded at its own precision; "about" widens it; a percentage quotes no count."""
    assert only(answer, result).status == status


def test_figures_from_memory_are_unmatched_and_told_to_the_model() -> None:
    """The famous numbers of the ship itself stand in no result, and the request to mend names each once."""
    figures = check_figures("Of 2224 people 1502 died, 1502! 314 were women.", "How many?", {1: BY_SEX})
    assert [figure.text for figure in unmatched(figures)] == ["2224", "1502", "1502"]
    assert mend_request(figures).count("1502") == 1
    assert '"2224"' in mend_request(figures)
    assert mend_request(figures[-1:]) == ""


def test_what_was_asked_may_be_repeated() -> None:
    """A number of the question, or a condition of a query, is no claim."""
    assert statuses("314 are under 16", BY_SEX, question="How many are under 16?")[1] == ("16", "question")
    (figure,) = check_figures("younger than 17", "", {}, {1: "SELECT 1 FROM titanic WHERE age < 17"})
    assert (figure.status, figure.how) == ("question", "a condition of query 1")


def test_quoted_tickets_and_cabins_are_cells() -> None:
    """Numbers inside a text cell count with it, and a cabin that stands nowhere is named."""
    result = query("SELECT ticket, cabin FROM titanic WHERE passenger_id IN (1, 2, 28)")
    found = statuses("A/5 21171 had no cabin; C85 and C25 had, C99 is made up.", result)
    assert found == [("21171", "cell"), ("C85", "cell"), ("C25", "cell"), ("C99", "unmatched")]


def test_a_long_result_is_no_evidence_without_company() -> None:
    """An age somewhere in 200 rows counts only beside its passenger, or at the column's ends."""
    assert statuses("The median is 45.", FIRST_ROWS) == [("45", "unmatched")]
    name = next(row[0] for row in FIRST_ROWS.rows if row[1] == 45)
    assert statuses(f"{name} was 45.", FIRST_ROWS) == [("45", "cell")]
    oldest = max(row[1] for row in FIRST_ROWS.rows if isinstance(row[1], float))
    assert only(f"The oldest was {oldest:g}.", FIRST_ROWS).status == "cell"


def test_a_truncated_result_is_not_counted() -> None:
    """How many rows there are is unknown when rows are missing."""
    rows = Rows(("name",), (("a",), ("b",), ("c",)), truncated=True)
    assert only("3 passengers", rows).status == "unmatched"


def test_two_results_of_one_row_go_together() -> None:
    """A share of two counts from two queries is derived from both."""
    women = query("SELECT COUNT(*) AS n FROM titanic WHERE sex = 'female'")
    everyone = query("SELECT COUNT(*) AS n FROM titanic")
    assert only("35.2 %", women, everyone).how.startswith("314 / 891 as a percentage")


def test_a_table_under_percent_holds_percentages() -> None:
    """In a Markdown table with % in its heading the cells need no sign of their own."""
    fractions = query("SELECT sex, AVG(survived) AS rate FROM titanic GROUP BY sex")
    table = "| sex | survived (%) |\n|---|---|\n| female | 74.2 |\n| male | 18.9 |\n"
    assert statuses(table, fractions) == [("74.2", "cell"), ("18.9", "cell")]


@pytest.mark.parametrize(
    "answer", ["", "No figures at all.", "1" * 5000, "1,1,1" * 2000, "| 1 " * 3000, "-" * 20000]
)
def test_odd_answers_end(answer: str) -> None:
    """Whatever a model writes is checked without an error."""
    check_figures(answer, answer[:100], {1: BY_SEX})


def test_once_is_no_eleven() -> None:
    """The English "once", spelled like the Spanish eleven, is no figure."""
    assert not check_figures("Each passenger counts once.", "", {})
