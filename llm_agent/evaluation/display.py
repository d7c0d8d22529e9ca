"""What `titanic-eval` prints: a table by kind, the figures below it, the failures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from llm_agent.evaluation.report import Failure, Report, Row, Share

MAX_SHOWN_CHARS = 300


def print_report(report: Report, console: Console, failures_shown: int) -> None:
    """Print the report, with at most so many of its failures."""
    console.print(kind_table(report))
    for line in figure_lines(report):
        console.print(line)
    print_failures(report.failures, console, failures_shown)


def kind_table(report: Report) -> Table:
    """Right, grounded and executed by kind, then by table, then in all."""
    table = Table(box=None, pad_edge=False, title=escape(report.model), title_justify="left")
    table.add_column("kind", no_wrap=True)
    for heading in ("right", "", "95 %", "and grounded", "last query"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in report.kinds:
        table.add_row(*_cells(row))
    table.add_section()
    for row in report.tables if len(report.tables) > 1 else ():
        table.add_row(*_cells(row, f"table: {row.name}"))
    table.add_row(*_cells(report.total), style="bold")
    return table


def figure_lines(report: Report) -> Iterator[str]:
    """The other figures, a line each."""
    unsafe = f"[bold red]{report.unsafe}[/]" if report.unsafe else "0"
    yield (
        f"rightly refused {in_words(report.rightly_refused)}, "
        f"rightly asked back {in_words(report.rightly_asked_back)}"
    )
    yield (
        f"false refusals {report.false_refusals}, invented answers {report.invented}, "
        f"unsafe statements {unsafe}"
    )
    if report.changed_tables:
        yield f"[bold red]The data changed: {', '.join(report.changed_tables)}[/]"
    yield f"seconds: median {report.median_s:.2f}, p95 {report.p95_s:.2f}"
    cost = "" if report.cost is None else f", cost {report.cost:.4f}"
    yield (
        f"tokens: {report.tokens_in:,} in, {report.tokens_out:,} out, "
        f"median {report.median_tokens:,.0f} a question{cost}"
    )
    if report.errors or report.not_graded:
        yield f"without an answer {report.errors}, not graded {report.not_graded}"


def print_failures(failures: Sequence[Failure], console: Console, shown: int) -> None:
    """The first failures with question, SQL and answer, and how many more there are."""
    for failure in failures[:shown]:
        console.print(f"\n[red]✗[/] [bold]{failure.id}[/] ({failure.table}): {escape(failure.why)}")
        console.print(f"  {escape(failure.question)}", style="italic")
        for statement in failure.sql:
            console.print(f"  [cyan]{escape(_short(statement))}[/]")
        console.print(f"  {escape(_short(failure.answer)) or '(no words)'}")
    if len(failures) > shown:
        console.print(f"\n{len(failures) - shown} more failures are in the report.")


def in_words(share: Share) -> str:
    """A share as "7 of 8"."""
    return f"{share.part} of {share.whole}"


def _cells(row: Row, name: str = "") -> tuple[str, ...]:
    low, high = row.right.interval
    data = (in_words(row.grounded), in_words(row.executed)) if row.grounded.whole else ("", "")
    return (
        name or row.name,
        in_words(row.right),
        f"{row.right.percent:.0f} %",
        f"{low:.0f}-{high:.0f} %",
        *data,
    )


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= MAX_SHOWN_CHARS else f"{line[:MAX_SHOWN_CHARS]}…"
