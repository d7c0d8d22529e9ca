"""What Prefect and the command line add to a build of the shipped 891 rows, and against which goal.

    python benchmarks/bench_runs.py [--runs 10]

Starts a Prefect server in a temporary home, warms it, and stops it at the end; nothing is left behind. The
two sides of a comparison take turns, and the table shows the median of the differences of such pairs, so
that a noisy machine slows both alike. Commands are timed as whole processes, imports included.
"""
# ruff: noqa: T201 - a benchmark prints its results

from __future__ import annotations

import argparse
import atexit
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

PAUSE_S = 1.5  # the server on SQLite answers 503 while it still writes the run before, as no person meets it
COMMAND_LIMIT_S = 120
FLOW_GOAL_S = 0.35
IMPORTS_FACTOR, COMMAND_GOAL_S = 1.3, 0.6
PLAIN_GOAL_S = 1.0

PIPELINE = [str(Path(sys.executable).with_name("titanic-pipeline")), "--source", "snapshot"]
BARE_IMPORTS = [sys.executable, "-c", "import prefect, pyarrow"]


@dataclass(frozen=True)
class Row:
    """One line of the table: what was timed, seconds of each run, and the most that their median may be."""

    name: str
    seconds: list[float]
    goal_s: float | None = None

    def __str__(self) -> str:
        """The line in Markdown."""
        middle, spread = median(self.seconds), f"{min(self.seconds):.2f} to {max(self.seconds):.2f}"
        goal, reached = "", ""
        if self.goal_s is not None:
            goal, reached = f"<= {self.goal_s:.2f}", "yes" if middle <= self.goal_s else "no"
        return f"| {self.name} | {middle:.2f} | {spread} | {goal} | {reached} |"


@contextmanager
def temporary_server() -> Iterator[None]:
    """Table, Prefect home and a warm server in a temporary folder, for this process and its children."""
    with tempfile.TemporaryDirectory(prefix="bench_runs_", ignore_cleanup_errors=True) as folder:
        for name in ("PREFECT_API_URL", "TITANIC_CSV_URL", "PYTHONDONTWRITEBYTECODE"):
            os.environ.pop(name, None)  # as on a user's machine: the second start finds compiled modules
        os.environ["TITANIC_DB"] = str(Path(folder) / "titanic.sqlite")
        os.environ["PREFECT_HOME"] = str(Path(folder) / "prefect")

        from data_pipeline import prefect_runtime
        from data_pipeline.prefect_server import release_server
        from data_pipeline.settings import Settings

        try:
            prefect_runtime.connect(Settings())
            yield
        finally:
            prefect_runtime.drain_logs_and_events()
            release_server(Settings().prefect_home)
            atexit.unregister(release_server)  # done; at exit its lock file would bring the folder back


def timed(work: Callable[[], object]) -> float:
    """Wall seconds that this takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def run_flow(refresh: bool) -> None:
    """The flow in this process; an outcome other than Completed ends the benchmark."""
    from data_pipeline import prefect_runtime

    state = prefect_runtime.run_pipeline("snapshot", refresh=refresh)
    if not state.is_completed():
        raise SystemExit(f"The flow ended as {state.name}: {state.message}")


def run_steps() -> None:
    """What the flow does, without Prefect: build, load, report."""
    from data_pipeline.build_report import build_report, column_table
    from data_pipeline.plain_pipeline import run_plain
    from data_pipeline.settings import Settings
    from data_pipeline.table import count_unknowns, read_passengers

    database = Settings().database
    record = run_plain("snapshot", database)
    read_passengers(database)
    build_report(record, count_unknowns(database))
    column_table()


def run_command(command: list[str]) -> None:
    """A process from start to end; a failure shows what it wrote."""
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=COMMAND_LIMIT_S)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed with {done.returncode}:\n{done.stdout}{done.stderr}")


def take_turns(works: list[Callable[[], object]], runs: int) -> list[list[float]]:
    """Seconds of each work, one per round; a round that does not count goes before."""
    rounds = []
    for _ in range(runs + 1):
        seconds = []
        for work in works:
            time.sleep(PAUSE_S)
            seconds.append(timed(work))
        rounds.append(seconds)
    return [list(column) for column in zip(*rounds[1:], strict=True)]


def flow_rows(runs: int) -> list[Row]:
    """The flow beside its steps called plainly, in this process."""
    steps, rebuilt, cached = take_turns([run_steps, lambda: run_flow(True), lambda: run_flow(False)], runs)
    added = [flow - plain for flow, plain in zip(rebuilt, steps, strict=True)]
    return [
        Row("the flow's steps, called plainly", steps),
        Row("flow, nothing cached", rebuilt),
        Row("flow, nothing cached, minus its steps", added, FLOW_GOAL_S),
        Row("flow, all cached", cached),
    ]


def command_rows(runs: int) -> list[Row]:
    """The command as a whole process, beside the imports that a run with Prefect cannot do without."""
    commands = [BARE_IMPORTS, PIPELINE, [*PIPELINE, "--refresh"], [*PIPELINE, "--plain"]]
    imports, cached, rebuilt, plain = take_turns([partial(run_command, c) for c in commands], runs)
    return [
        Row("`python -c 'import prefect, pyarrow'`", imports),
        Row("`titanic-pipeline --source snapshot`, cached", cached),
        Row(f"the same minus {IMPORTS_FACTOR} x imports", beyond(imports, cached), COMMAND_GOAL_S),
        Row("`titanic-pipeline --source snapshot --refresh`", rebuilt),
        Row(f"the same minus {IMPORTS_FACTOR} x imports", beyond(imports, rebuilt), COMMAND_GOAL_S),
        Row("`titanic-pipeline --plain --source snapshot`", plain, PLAIN_GOAL_S),
    ]


def beyond(imports: list[float], command: list[float]) -> list[float]:
    """For each pair the seconds of the command beyond the allowed multiple of the imports."""
    return [mine - IMPORTS_FACTOR * theirs for mine, theirs in zip(command, imports, strict=True)]


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=int, default=10)
    runs = parser.parse_args().runs
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the server is stopped then too
    with temporary_server():
        rows = [*flow_rows(runs), *command_rows(runs)]
    print(f"891 rows, seconds, {runs} runs each\n")
    print("| what | median | min-max | goal | reached |")
    print("|---|--:|--:|--:|---|")
    print(*rows, sep="\n")


if __name__ == "__main__":
    main()
