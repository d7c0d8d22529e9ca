"""`titanic-eval`: how right is this model, on this prompt, today?

It asks the very agent of the chat, on the table and on altered copies of it, and grades what people would
read. Exit codes: 0 done, 1 below --fail-under or not possible, 2 wrong use, 130 stopped with Ctrl-C.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from llm_agent.errors import AgentError
from llm_agent.evaluation.display import print_report
from llm_agent.evaluation.questions import TABLE_NAMES
from llm_agent.evaluation.report import Prices
from llm_agent.evaluation.run import PARALLEL, Progress
from llm_agent.evaluation.session import Evaluation, EvaluationStopped
from llm_agent.settings import Settings

FAILED, STOPPED = 1, 130

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
out, err = Console(highlight=False), Console(stderr=True, highlight=False)


@app.command()
def evaluate(
    questions: Annotated[
        Path | None, typer.Argument(help="Questions as JSON lines; docs/questions.jsonl when left out.")
    ] = None,
    answers: Annotated[
        Path | None, typer.Option("--out", help="Where the answers go, a line each; a rerun goes on with it.")
    ] = None,
    base_url: Annotated[
        str | None, typer.Option(help="Address of the server; OPENAI_API_KEY goes there [OPENAI_BASE_URL].")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Name of the model [OPENAI_MODEL].")] = None,
    runs: Annotated[int, typer.Option(min=1, help="How often each question is asked.")] = 1,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many questions, of all kinds.")] = None,
    kinds: Annotated[str, typer.Option(help="Only these kinds, with commas between them.")] = "",
    tables: Annotated[
        str, typer.Option(help=f"Only these of the tables {', '.join(TABLE_NAMES)} that a question names.")
    ] = "",
    parallel: Annotated[int, typer.Option(min=1, max=64, help="Questions under way at once.")] = PARALLEL,
    fail_under: Annotated[
        float, typer.Option(min=0, max=100, help="Exit with 1 when less than this percentage is right.")
    ] = 0.0,
    price_in: Annotated[float | None, typer.Option(help="Price of a million tokens to the model.")] = None,
    price_out: Annotated[float | None, typer.Option(help="Price of a million tokens from the model.")] = None,
    record: Annotated[Path | None, typer.Option(help="Keep the model's HTTP answers in this folder.")] = None,
    replay: Annotated[
        Path | None, typer.Option(help="Take the model's HTTP answers from this folder.")
    ] = None,
    db: Annotated[Path | None, typer.Option("--db", help="SQLite file of the table [TITANIC_DB].")] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Ask everything again, whatever --out holds.")
    ] = False,
    failures: Annotated[int, typer.Option(min=0, help="How many wrong answers to print.")] = 10,
) -> None:
    """Ask a model the questions, grade its answers, and print how right it is."""
    stop = threading.Event()
    with errors_in_two_lines(), stop_on_interrupt(stop):
        evaluation = Evaluation.prepare(
            Settings(), questions, answers, base_url=base_url, model=model, record=record, replay=replay,
            database=db, kinds=split(kinds), tables=split(tables), limit=limit, runs=runs,
            prices=Prices(price_in, price_out),
        )  # fmt: skip
        with evaluation, progress_bar(evaluation.name) as show:
            report = evaluation.run(stop, parallel=parallel, is_fresh=fresh, on_progress=show)
        print_report(report, out, failures)
        err.print(f"[dim]Answers: {escape(str(evaluation.out))}[/]", soft_wrap=True)
    if report.total.right.percent < fail_under:
        err.print(
            f"[bold red]✗[/] {report.total.right.percent:.1f} % right, {fail_under:g} % were asked for."
        )
        raise typer.Exit(FAILED)


@contextmanager
def progress_bar(name: str) -> Iterator[Callable[[Progress], None]]:
    """A bar on standard error; gives what to call with each `Progress`."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Bar(*columns, console=err, transient=True) as bar:
        task = bar.add_task(escape(name), total=None)

        def show(progress: Progress) -> None:
            bar.update(task, completed=progress.done, total=progress.total)

        yield show


@contextmanager
def stop_on_interrupt(stop: threading.Event) -> Iterator[None]:
    """Let Ctrl-C or SIGTERM set this event; a second Ctrl-C ends the process as usual."""

    def ask_to_stop(_signal: int, _frame: FrameType | None) -> None:
        stop.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = {number: signal.signal(number, ask_to_stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def errors_in_two_lines() -> Iterator[None]:
    """Turn an error into its cause and its remedy on two lines, and the exit code."""
    try:
        yield
    except EvaluationStopped as stopped:
        err.print(f"[yellow]■[/] {stopped.cause} {stopped.remedy}", soft_wrap=True)
        raise typer.Exit(STOPPED) from None
    except AgentError as error:
        cause, remedy = escape(error.cause), escape(error.remedy)
        err.print(f"[bold red]✗[/] {cause}", f"  {remedy}", sep="\n", soft_wrap=True)
        raise typer.Exit(FAILED) from None
    except KeyboardInterrupt:
        raise typer.Exit(STOPPED) from None


def split(text: str) -> list[str]:
    """What stands between the commas."""
    return [part.strip() for part in text.split(",") if part.strip()]


def main() -> None:
    """Entry point of the command `titanic-eval`."""
    app()


if __name__ == "__main__":
    main()
