"""The build report in Markdown: where the table came from, its rows, what is unknown in it."""

from __future__ import annotations

from collections.abc import Mapping

from data_pipeline.plain_markdown import plain
from data_pipeline.table import COLUMNS, BuildRecord


def build_report(record: BuildRecord, unknowns: Mapping[str, int]) -> str:
    """The report as Markdown: a table of facts, the sources that failed, the unknowns per column."""
    facts = {
        "Source": f"{record.source}: {_cell(record.origin)}",
        "Rows": f"{record.rows:,}",
        "Built at": f"{record.built_at} (UTC)",
        "Seconds": f"{record.seconds:.3f}",
        "SHA-256 of the raw file": f"`{record.sha256}`",
    }
    lines = ["# Build report", "", "| | |", "|---|---|"]
    lines += [f"| {name} | {value} |" for name, value in facts.items()]
    lines += [
        "",
        *_failed_sources(record),
        "## Unknown values",
        "",
        "| Column | Unknown | Share |",
        "|---|--:|--:|",
    ]
    lines += [
        f"| {name} | {count:,} | {count / record.rows:.1%} |" for name, count in unknowns.items() if count
    ] or ["| none | 0 | 0 % |"]
    return "\n".join(lines)


def column_table() -> list[dict[str, str]]:
    """The contract as rows for people: column, type, unit, meaning, what may stand in it."""
    return [
        {
            "column": column.name,
            "type": column.type,
            "unit": column.unit or "-",
            "meaning": column.meaning,
            "values": column.expected,
            "may be unknown": "yes" if column.may_be_unknown else "no",
        }
        for column in COLUMNS
    ]


def _failed_sources(record: BuildRecord) -> list[str]:
    if not record.failed_sources:
        return []
    tried = [f"- **{failure.source}**: {_cell(failure.cause)}" for failure in record.failed_sources]
    return ["## Tried before", "", *tried, ""]


def _cell(text: str) -> str:
    """Text made safe for a cell of a Markdown table: one line, and no markup of its own."""
    return plain(" ".join(text.split()))
