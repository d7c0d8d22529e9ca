"""How much of a result a model gets to see: 200 rows, 20,000 bytes, and what was left out is said."""

from __future__ import annotations

import json

import pytest

from llm_agent.query_result import QueryResult, result_for_model


def shown(*rows: tuple, columns: tuple[str, ...] = ("a",), **flags: bool) -> dict:
    """The JSON that a model gets for these rows, which is valid JSON of at most 20,000 bytes."""
    result = QueryResult(columns, rows, flags.get("truncated", False), 0.0, flags.get("cells_cut", False))
    text = result_for_model(result)
    assert len(text.encode()) <= 20_000

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)


def test_a_small_result_is_shown_whole_and_without_a_note() -> None:
    """Columns, rows and their number, cells as they are, NULL as null."""
    assert shown((1, 2.5, "Åke", None), columns=("a", "b", "c", "d")) == {
        "columns": ["a", "b", "c", "d"],
        "rows": [[1, 2.5, "Åke", None]],
        "row_count": 1,
    }


def test_no_rows_are_an_answer() -> None:
    """An empty result has columns and says that there are zero rows."""
    assert shown() == {"columns": ["a"], "rows": [], "row_count": 0}


def test_at_most_200_rows_are_shown() -> None:
    """More rows than that are left out, and the note says so."""
    answer = shown(*((n,) for n in range(201)))
    assert answer["row_count"] == len(answer["rows"]) == 200
    assert answer["truncated"] is True
    assert "More rows" in answer["note"]


def test_rows_left_out_by_the_query_are_said() -> None:
    """`truncated` of the result reaches the model."""
    assert "More rows" in shown((1,), truncated=True)["note"]


def test_many_bytes_leave_out_whole_rows() -> None:
    """Two hundred rows of 400 bytes are too many: some are shown whole, the rest is said to exist."""
    answer = shown(*(("x" * 400,) for _ in range(200)))
    assert 40 < answer["row_count"] < 200
    assert {len(row[0]) for row in answer["rows"]} == {400}
    assert "More rows" in answer["note"]
    assert "cut" not in answer["note"]


def test_a_long_cell_is_cut_and_said() -> None:
    """Its beginning stays, it ends in an ellipsis, and the note names substr()."""
    answer = shown(("x" * 50_000, 1), columns=("a", "b"))
    assert answer["rows"][0][0].endswith("x…")
    assert len(answer["rows"][0][0]) > 900
    assert "substr" in answer["note"]
    assert "More rows" not in answer["note"]


def test_cells_that_the_guard_cut_are_said() -> None:
    """`cells_cut` of the result reaches the model, whatever fits here."""
    assert "substr" in shown(("x…",), cells_cut=True)["note"]


@pytest.mark.parametrize("character", ["\x01", '"', "\\", "🚢", "é", "\n"])
def test_the_bound_counts_bytes_as_they_are_sent(character: str) -> None:
    """Characters that take two to six bytes in JSON do not break it, in cells or in a hundred names."""
    columns = tuple(f"{n}{character * 300}" for n in range(100))
    answer = shown(*([(character * 5_000,) * 100] * 3), columns=columns)
    assert len(answer["columns"]) == 100
    assert answer["row_count"] >= 1
    assert answer["truncated"] is True


def test_infinite_numbers_are_valid_json() -> None:
    """SQLite knows them, JSON does not: they are text."""
    assert shown((float("inf"), float("-inf")), columns=("a", "b"))["rows"] == [["Infinity", "-Infinity"]]
