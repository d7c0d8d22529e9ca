"""How fast and how small a build is, beside two usual ways to get a CSV into SQLite.

    python benchmarks/bench_build.py [--rows 1000000 10000000] [--rounds 3]

Each contender runs in a process of its own, which is timed as a whole (imports included) and whose peak
memory the kernel reports. The contenders take turns; a ratio compares two runs of the same round, and the
table shows the median of the rounds, so that a noisy machine slows all of them alike. Ours checks every
cell, counts the chart cube, verifies and syncs the file; the others do none of it. The sqlite3 shell needs
to be installed for `.import`.
"""
# ruff: noqa: T201 - a benchmark prints its results

from __future__ import annotations

import argparse
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

KB_PER_MB = 1024 if sys.platform != "darwin" else 1024 * 1024
SMALL_BUILDS = 7
OURS = "publish (CSV)"


def publish_file(source: Path, database: Path) -> None:
    """This project: checked, with its cube, verified, synced."""
    from data_pipeline.publish import publish
    from data_pipeline.sources import RawFile

    publish(RawFile(source, "file", source.name, "0" * 64), database)


def pandas_to_sql(source: Path, database: Path) -> None:
    """The usual way: the whole file as a DataFrame, then `to_sql`."""
    import pandas as pd

    with closing(sqlite3.connect(database)) as connection:
        pd.read_csv(source).to_sql("titanic", connection, index=False)


def sqlite_import(source: Path, database: Path) -> None:
    """The sqlite3 shell; unknown numbers arrive as empty text, which is wrong and not repaired here."""
    from data_pipeline.table import create_table_sql

    create = create_table_sql().removesuffix(" STRICT")
    command = ["sqlite3", str(database), create, f".import --csv --skip 1 {source} titanic"]
    os.execvp("sqlite3", command)  # noqa: S606 - so that the kernel's figures are those of the shell


CONTENDERS: dict[str, tuple[str, Callable[[Path, Path], None]]] = {
    OURS: (".csv", publish_file),
    "publish (Parquet)": (".parquet", publish_file),
    "sqlite3 .import": (".csv", sqlite_import),
    "pandas.to_sql": (".csv", pandas_to_sql),
}


@dataclass(frozen=True)
class Run:
    """One run of a contender: wall and CPU seconds, peak memory in MB."""

    wall_s: float
    cpu_s: float
    peak_mb: float


def measure(name: str, source: Path, folder: Path) -> Run:
    """Run a contender in a process of its own, into a fresh database."""
    database = folder / "bench.sqlite"
    database.unlink(missing_ok=True)
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, __file__, "--run", name, str(source), str(database)])
    _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{name} failed with exit code {process.returncode}")
    _check_rows(database)
    return Run(wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / KB_PER_MB)


def _check_rows(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute("SELECT COUNT(*) FROM titanic").fetchone()[0]
    if rows == 0:
        raise SystemExit("a contender stored no rows")


def compare(rows: int, rounds: int, folder: Path) -> None:
    """Print a table of all contenders for this number of rows."""
    csv_file, parquet_file = folder / "passengers.csv", folder / "passengers.parquet"
    # In a process of its own: a child's peak memory starts at that of its parent, which so stays small.
    generator = PROJECT / "benchmarks" / "generate_passengers.py"
    subprocess.run([sys.executable, generator, str(rows), csv_file, parquet_file], check=True)
    runs: dict[str, list[Run]] = {name: [] for name in CONTENDERS}
    for _ in range(rounds):
        for name, (suffix, _) in CONTENDERS.items():
            runs[name].append(measure(name, csv_file.with_suffix(suffix), folder))
    _print_table(rows, rounds, runs)


def _print_table(rows: int, rounds: int, runs: dict[str, list[Run]]) -> None:
    print(f"\n{rows:,} rows, median of {rounds} round{'s' if rounds > 1 else ''}\n")
    print("| contender         |  wall s |   CPU s | peak MB | its wall time / ours |")
    print("|-------------------|--------:|--------:|--------:|---------------------:|")
    for name, mine in runs.items():
        wall, cpu, peak = (
            statistics.median(getattr(run, figure) for run in mine)
            for figure in ("wall_s", "cpu_s", "peak_mb")
        )
        ratio = statistics.median(a.wall_s / b.wall_s for a, b in zip(mine, runs[OURS], strict=True))
        print(f"| {name:<17} | {wall:7.2f} | {cpu:7.2f} | {peak:7.0f} | {ratio:20.2f} |")


def time_small_build(folder: Path) -> None:
    """Print how long the first build of the shipped 891 rows takes in a new process, beside imports."""
    script = (
        "import sys, time; from pathlib import Path\n"
        "from data_pipeline.publish import publish; from data_pipeline.sources import RawFile\n"
        "source, database = Path(sys.argv[1]), Path(sys.argv[2]); started = time.perf_counter()\n"
        "publish(RawFile(source, 'file', 'titanic.csv', '0' * 64, 891), database)\n"
        "print((time.perf_counter() - started) * 1000)\n"
    )
    command = [sys.executable, "-c", script, str(PROJECT / "data" / "titanic.csv"), str(folder / "s.sqlite")]
    times = [
        float(subprocess.run(command, capture_output=True, check=True, cwd=PROJECT).stdout)
        for _ in range(SMALL_BUILDS)
    ]
    print(
        f"891 rows, first build of a process, beside imports: median {statistics.median(times):.0f} ms, "
        f"slowest {max(times):.0f} ms of {SMALL_BUILDS}"
    )


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--run", nargs=3, metavar=("CONTENDER", "SOURCE", "DATABASE"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.run:
        name, source, database = arguments.run
        CONTENDERS[name][1](Path(source), Path(database))
        return
    if shutil.which("sqlite3") is None:
        raise SystemExit("The sqlite3 shell is missing; install it to compare with `.import`.")
    with tempfile.TemporaryDirectory(prefix="bench_build_") as folder:
        time_small_build(Path(folder))
        for rows in arguments.rows:
            compare(rows, arguments.rounds, Path(folder))


if __name__ == "__main__":
    main()
