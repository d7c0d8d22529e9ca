"""True figures are found, whatever the result; random ones are mostly not."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from llm_agent.grounding import check_figures, unmatched
from tests.query_results import Rows, query

USUAL_QUERIES = (
    "SELECT COUNT(*) FROM titanic",
    "SELECT AVG(survived) * 100 AS rate FROM titanic",
    "SELECT sex, COUNT(*) AS n, SUM(survived) AS survived FROM titanic GROUP BY 1",
    "SELECT pclass, COUNT(*) n, SUM(survived) s, 100 * AVG(survived) AS rate FROM titanic GROUP BY 1",
    "SELECT pclass, sex, COUNT(*) AS n, SUM(survived) AS s FROM titanic GROUP BY 1, 2",
    "SELECT embarked, AVG(fare) AS fare FROM titanic GROUP BY 1",
    "SELECT CAST(age / 10 AS INT) * 10 AS decade, COUNT(*) AS n FROM titanic GROUP BY 1",
    "SELECT name, age FROM titanic ORDER BY age DESC LIMIT 5",
    "SELECT name, age, fare, pclass, sex FROM titanic LIMIT 200",
    "SELECT parch, sibsp, COUNT(*) AS n FROM titanic GROUP BY 1, 2",
)
FIGURES = 200
"""Random figures against each result: enough to tell 5 from 10 %."""


@pytest.mark.parametrize("sql", [sql for sql in USUAL_QUERIES if "LIMIT 200" not in sql])
@pytest.mark.parametrize("form", ["{:,.6f}", "{:.2f}", "{:.1f}"])
def test_every_cell_is_found_however_it_is_written(sql: str, form: str) -> None:
    """A number of a short result is matched at any precision that people use."""
    result = query(sql)
    cells = [cell for row in result.rows for cell in row if isinstance(cell, int | float)]
    written = [f"{cell:,}" if isinstance(cell, int) else form.format(cell) for cell in cells]
    answer = "".join(f"- it is {text}\n" for text in written)
    figures = check_figures(answer, "", {1: result})
    assert len(figures) == len(cells)
    assert unmatched(figures) == ()


def test_a_listing_with_names_is_found_in_long_results() -> None:
    """In 200 rows each age beside its passenger's name is matched."""
    result = query("SELECT name, age, fare, pclass, sex FROM titanic LIMIT 200")
    lines = [f"- {row[0]}: age {row[1]:g}" for row in result.rows if isinstance(row[1], float)]
    assert unmatched(check_figures("\n".join(lines[:100]), "", {1: result})) == ()


@pytest.mark.parametrize(
    ("write", "limit"),
    [
        (lambda rng: f"{rng.randint(13, 891)} passengers", 0.08),
        (lambda rng: f"{rng.randint(1, 99)} %", 0.14),
        (lambda rng: f"{rng.uniform(1, 99):.1f} %", 0.08),
        (lambda rng: f"{rng.uniform(1, 100):.1f} years", 0.06),
        (lambda rng: f"{rng.uniform(1, 100):.2f} pounds", 0.03),
    ],
    ids=["whole", "whole percent", "percent", "one decimal", "two decimals"],
)
def test_random_figures_are_mostly_unmatched(write: Callable[[random.Random], str], limit: float) -> None:
    """Figures at random fit ten usual results by accident about as rarely as the module says."""
    rng = random.Random(7)
    rates = [_matched(write, rng, query(sql)) for sql in USUAL_QUERIES]
    assert sum(rates) / len(rates) <= limit


def _matched(write: Callable[[random.Random], str], rng: random.Random, result: Rows) -> float:
    figures = check_figures("\n".join(write(rng) for _ in range(FIGURES)), "", {1: result})
    return 1 - len(unmatched(figures)) / len(figures)
