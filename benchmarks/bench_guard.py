"""What the guard costs beside plain sqlite3, and what a bomb of one session costs the others.

    python benchmarks/bench_guard.py [--rounds 300]

Ours is `run_select` through its pool of processes; the contender opens the same file with sqlite3, asks
and closes, with no guard at all. Both take turns, query by query, so that a noisy machine slows both.
"""
# ruff: noqa: T201 - a benchmark prints its results

from __future__ import annotations

import argparse
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import psutil

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from data_pipeline.plain_pipeline import run_plain  # noqa: E402
from llm_agent.errors import AgentError  # noqa: E402
from llm_agent.guard.sql_pool import SqlPool  # noqa: E402
from llm_agent.readonly_sql import run_select  # noqa: E402

COUNT = "SELECT sex, COUNT(*) AS n FROM titanic GROUP BY sex"
WIDE = "SELECT * FROM titanic LIMIT 200"
BOMB = "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n FROM r) SELECT COUNT(*) FROM r"
MEMORY_BOMB = "SELECT a.name FROM titanic a, titanic b, titanic c ORDER BY a.name || b.name || c.name"
SESSIONS = 20
STARTS = 9


def seconds(action: Callable[[], object]) -> float:
    """How long one call takes."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def plain(sql: str, database: Path) -> list[tuple[object, ...]]:
    """The same query without any guard: open, ask, close."""
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
        return connection.execute(sql).fetchall()


def row(what: str, times_s: list[float], goal: str = "") -> None:
    """One line of the table, in milliseconds."""
    ms = [1000 * time_s for time_s in times_s]
    print(f"| {what:<54} | {statistics.median(ms):8.2f} | {max(ms):8.2f} | {goal:<9} |")


def measure_start(database: Path) -> None:
    """A pool's first answer, beside an interpreter that does nothing."""
    firsts, bare = [], []
    for _ in range(STARTS):
        with SqlPool() as pool:
            firsts.append(seconds(lambda pool=pool: run_select(COUNT, database, pool=pool)))  # type: ignore[misc]
        bare.append(seconds(lambda: subprocess.run([sys.executable, "-I", "-S", "-c", ""], check=True)))
    row("worker start and first answer", firsts)
    row("python -I -S -c '', the least a process costs", bare)


def measure_round_trips(database: Path, pool: SqlPool, rounds: int) -> None:
    """Warm, one after the other, ours and plain in turn."""
    for name, sql, goal in (("count by sex", COUNT, "<= 5"), ("200 whole rows", WIDE, "")):
        ours, theirs = [], []
        for _ in range(rounds):
            ours.append(seconds(lambda sql=sql: run_select(sql, database, pool=pool)))  # type: ignore[misc]
            theirs.append(seconds(lambda sql=sql: plain(sql, database)))  # type: ignore[misc]
        row(f"run_select, warm: {name}", ours, goal)
        row(f"plain sqlite3: {name}", theirs)


def measure_sessions(database: Path, pool: SqlPool, bombs: int) -> None:
    """Twenty sessions ask at once, five times each, while others run bombs."""

    def ask(_: int) -> list[float]:
        return [seconds(lambda: run_select(COUNT, database, pool=pool)) for _ in range(5)]

    def explode() -> None:
        with suppress(AgentError):  # which is what it is for
            run_select(BOMB, database, timeout_s=3, pool=pool)

    with ThreadPoolExecutor(SESSIONS + bombs) as executor:
        running = [executor.submit(explode) for _ in range(bombs)]
        while len(pool.busy_pids()) < bombs:
            threading.Event().wait(0.01)
        times_s = [time_s for times in executor.map(ask, range(SESSIONS)) for time_s in times]
        unfinished = sum(not bomb.done() for bomb in running)
    what = f"{SESSIONS} sessions at once, {bombs} bombs beside them"
    row(what, times_s, "max 1000" if bombs == 1 else "")
    if unfinished < bombs:
        print(f"  ({bombs - unfinished} of the bombs ended before the sessions did)")


def measure_memory(database: Path) -> None:
    """Resident memory of a worker: idle, and at most during a statement that sorts without end."""
    with SqlPool(warm_workers=1) as pool:
        run_select(COUNT, database, pool=pool)
        worker = psutil.Process(pool.pids()[0])
        idle = worker.memory_info().rss
        with ThreadPoolExecutor(1) as executor, suppress(AgentError):
            bomb = executor.submit(run_select, MEMORY_BOMB, database, pool=pool)
            peak = idle
            while not bomb.done() and worker.is_running():
                with suppress(psutil.Error):  # it has just ended
                    peak = max(peak, worker.memory_info().rss)
            bomb.result()
    print(f"\na worker: {idle / 1e6:.0f} MB idle, {peak / 1e6:.0f} MB at most in an endless sort (goal 256)")


def main() -> None:
    """Build the table, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=300, help="round trips per query")
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "titanic.sqlite"
        run_plain("snapshot", database)
        print("| milliseconds                                           |   median |      max | goal      |")
        print("|--------------------------------------------------------|---------:|---------:|-----------|")
        measure_start(database)
        with SqlPool() as pool:
            run_select(COUNT, database, pool=pool)
            measure_round_trips(database, pool, rounds)
            for bombs in (0, 1, 4, 8):
                measure_sessions(database, pool, bombs)
        measure_memory(database)


if __name__ == "__main__":
    main()
