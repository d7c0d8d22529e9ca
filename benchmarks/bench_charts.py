"""How quickly the charts page answers at any size, beside pandas with the whole table in memory.

    python benchmarks/bench_charts.py [--rows 891 1000000 10000000] [--runs 7] [--folder FOLDER]

For each number of rows: builds the table, times the query behind each chart (no cache) and the same figures
from a DataFrame, taking turns in one process; then changes a filter of the page again and again: in a session
without a browser, for the server's part alone, and in a real Chromium until all charts are drawn, with the
bytes sent and the app's memory.
`--folder` keeps files between runs. Needs a Chromium, and for 10 million rows 2 GB of disk, 6 GB of memory.
"""
# ruff: noqa: T201, S101 - a benchmark prints its results, and stops where it cannot measure

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import psutil
from playwright.sync_api import Page, sync_playwright

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from benchmarks.generate_passengers import write_csv  # noqa: E402
from benchmarks.watching_sessions import Session  # noqa: E402
from data_pipeline.publish import publish  # noqa: E402
from data_pipeline.settings import snapshot_path  # noqa: E402
from data_pipeline.sources import RawFile  # noqa: E402
from data_pipeline.table import TITANIC_ROWS  # noqa: E402
from pages import _chart_queries as queries  # noqa: E402
from pages._chart_data import fetch  # noqa: E402
from pages._chart_facets import AGE, BOARDED, DECK, FAMILY, GROUP, Facet  # noqa: E402
from pages._chart_filters import from_address  # noqa: E402
from pages._passenger_queries import LIMIT_S, ORDERS, Position, count_query, page_query  # noqa: E402
from tests.browser import IDLE, launch, running_app  # noqa: E402

if TYPE_CHECKING:
    import pandas as pd

ADDRESSES = ({"sex": "female"}, {"class": "1,3", "age": "20-60", "fare": "5-100"})
"""A filter as most people set it, and one that asks for ranges too."""
QUERY_GOAL_MS, PAGE_GOAL_MS = 50, 300
SEARCH_LIMIT_S = 60.0
PAUSE_MS = 2_000
NOTE_MESSAGES = """
    window.noted = {clicked: 0, sent: 0, bytes: 0, inView: 0, changed: 0}
    const now = () => performance.now()
    window.WebSocket = class extends WebSocket {
        constructor(...parts) {
            super(...parts)
            this.addEventListener("message", event => {
                window.noted.sent = now()
                window.noted.bytes += event.data.byteLength ?? event.data.size ?? event.data.length
            })
        }
    }
    addEventListener("click", () => Object.assign(window.noted, {clicked: now(), bytes: 0}), {capture: true})
"""
"""Noted by the page itself: a question from outside waits until the page has a moment to answer."""
NOTE_CHANGES = """() => {
    const note = changes => {
        window.noted.changed = performance.now()
        const isInView = ({target}) => target.isConnected && target.getBoundingClientRect().top < innerHeight
        if (changes.some(isInView)) window.noted.inView = window.noted.changed
    }
    const cards = document.querySelectorAll('[class*="st-key-card-"]')
    cards.forEach(card => new MutationObserver(note).observe(card, {subtree: true, childList: true}))
}"""
WARM_UP_S = 12  # what the app imports in the background after its start is not measured
MB = 1024 * 1024


def table_of(rows: int, folder: Path) -> tuple[Path, Path]:
    """The CSV and the published table of this many rows; those that stand there already are used."""
    source = snapshot_path() if rows == TITANIC_ROWS else folder / f"passengers-{rows}.csv"
    database = folder / f"passengers-{rows}.sqlite"
    if not source.exists():
        write_csv(source, rows)
    if not database.exists():
        publish(RawFile(source, "file", source.name, "0" * 64), database)
    return source, database


def load_frame(source: Path) -> pd.DataFrame:
    """The columns that charts need, as pandas users would hold them, the groups worked out beforehand."""
    import pandas as pd

    names = ["Survived", "Pclass", "Sex", "Age", "SibSp", "Parch", "Fare", "Cabin", "Embarked"]
    frame = pd.read_csv(source, usecols=lambda name: name.title() in {n.title() for n in names})
    frame.columns = [name.lower() for name in frame.columns]
    for name in ("sex", "embarked"):
        frame[name] = frame[name].astype("category")
    frame["family"] = (frame["sibsp"] + frame["parch"] + 1).clip(upper=8)
    frame["deck"] = frame.pop("cabin").str[0].astype("category")
    frame["age_bin"] = frame["age"] // 5 * 5
    return frame


def mask(frame: pd.DataFrame, number: int) -> pd.Series:
    """The rows behind the address of this number."""
    if number == 0:
        return frame["sex"] == "female"
    age, fare = frame["age"], frame["fare"]
    return frame["pclass"].isin((1, 3)) & (age >= 20) & (age < 60) & (fare >= 5) & (fare < 100)


def works(source: Path, database: Path, number: int) -> dict[str, tuple[Callable[[], object], ...]]:
    """For each chart how we get its figures, and how pandas does, for the address of this number."""
    filters = from_address(ADDRESSES[number])[0]
    frame = load_frame(source)
    rows = len(frame)

    def ours(query: queries.Query) -> Callable[[], object]:
        return partial(fetch, database, query, SEARCH_LIMIT_S)

    def by(*names: str) -> Callable[[], object]:
        return lambda: (
            frame[mask(frame, number)]
            .groupby(list(names), observed=True, dropna=False)["survived"]
            .agg(["count", "sum"])
        )

    def facet(one: Facet) -> queries.Query:
        return queries.facet_query((one,), filters, frozenset({one.name}))

    def fares() -> queries.Query:
        return queries.value_counts_query("fare", filters, rows, by_class=True).query

    def quartiles() -> object:
        fare = frame[mask(frame, number)].groupby("pclass")["fare"]
        return fare.quantile([0.25, 0.5, 0.75])  # type: ignore[arg-type]  # pandas takes a list of them

    return {
        "class and sex": (ours(facet(GROUP)), by("pclass", "sex")),
        "ages": (ours(facet(AGE)), by("age_bin")),
        "fares by class": (ours(fares()), quartiles),
        "family size": (ours(facet(FAMILY)), by("family")),
        "port": (ours(facet(BOARDED)), by("embarked")),
        "deck": (ours(facet(DECK)), by("deck")),
        "unknown values": (
            ours(queries.totals_query(filters)),
            lambda: frame[mask(frame, number)].isna().sum(),
        ),
        "median age": (
            ours(queries.value_counts_query("age", filters, rows).query),
            lambda: frame.loc[mask(frame, number), "age"].median(),
        ),
    }


def milliseconds(work: Callable[[], object]) -> float:
    """How long this takes."""
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def print_queries(source: Path, database: Path, rows: int, runs: int) -> None:
    """A line for each chart: our median time, that of pandas, and how many times slower that is."""
    for number, address in enumerate(ADDRESSES):
        print(f"\n{rows:,} rows, {'&'.join(f'{k}={v}' for k, v in address.items())}\n")
        print("| chart | query, ms | worst | pandas, ms | pandas / query |\n|---|--:|--:|--:|--:|")
        for name, (ours, theirs) in works(source, database, number).items():
            turns = [(milliseconds(ours), milliseconds(theirs)) for _ in range(runs)]
            mine, others = ([turn[side] for turn in turns] for side in (0, 1))
            ratio = median(their / our for our, their in turns)
            print(f"| {name} | {median(mine):.1f} | {max(mine):.1f} | {median(others):.1f} | {ratio:.0f} |")


def print_list(database: Path, rows: int, runs: int) -> None:
    """What a page of the list, another order and a search cost; the page's own limit is `LIMIT_S`."""
    none = from_address({})[0]
    half = page_query(none, "", ORDERS["number"], Position(rows // 2, rows // 2), 26)
    offset = queries.Query(f"SELECT * FROM titanic ORDER BY passenger_id LIMIT 26 OFFSET {rows // 2}")
    print(f"\n{rows:,} rows, the list of passengers (limit {LIMIT_S:g} s)\n\n| what | ms |\n|---|--:|")
    for name, query in {
        "a page half-way": half,
        "the same by OFFSET": offset,
        "sorted by fare": page_query(none, "", ORDERS["fare"], None, 26),
        "count of a name": count_query(none, "Braund"),
    }.items():
        taken = [milliseconds(partial(fetch, database, query, SEARCH_LIMIT_S)) for _ in range(runs)]
        print(f"| {name} | {median(taken):.1f} |")


def print_page(database: Path, rows: int, runs: int, folder: Path) -> None:
    """A line of the page after a filter: times, bytes, memory of the app."""
    environment = {"TITANIC_DB": str(database), "PREFECT_HOME": str(folder / "prefect")}
    with running_app(environment) as address:
        time.sleep(WARM_UP_S)
        rerun = median(asyncio.run(rerun_times(address, 2 * runs)))
        first, turns = in_chromium(f"{address}/charts", 2 * runs)
        memory = app_memory()
    sent, in_view, shown, size = (median(turn[part] for turn in turns) for part in range(4))
    worst = max(turn[2] for turn in turns)
    print(
        f"| {rows:,} | {rerun:.0f} | {sent:.0f} | {in_view:.0f} | {shown:.0f} | {worst:.0f} "
        f"| {first / 1024:.0f} | {size / 1024:.0f} | {memory:.0f} |"
    )


def in_chromium(address: str, turns: int) -> tuple[int, list[tuple[float, float, float, int]]]:
    """The bytes of the first page, and what `choose_port` gives in each turn."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        assert browser is not None, "no Chromium found"
        page = browser.new_page()
        page.add_init_script(NOTE_MESSAGES)
        page.goto(address)
        page.wait_for_selector(".st-key-chart-explorer .bars path")
        page.wait_for_selector(IDLE)
        first = page.evaluate("() => window.noted.bytes")
        page.click('.st-key-filters button:has-text("Port")')
        page.wait_for_timeout(PAUSE_MS)
        page.evaluate(NOTE_CHANGES)
        chosen = [choose_port(page, turn) for turn in range(turns)]
        browser.close()
    return first, chosen


async def rerun_times(address: str, count: int) -> list[float]:
    """Milliseconds of the page's whole reruns with another port, for a session that only listens."""
    session = Session(address, "charts")
    watcher = asyncio.create_task(session.watch())
    await session.drawn.wait()
    taken = []
    for number in range(count):
        started = time.perf_counter()
        await session.open(f"port={'SCQ'[number % 3]}")
        taken.append((time.perf_counter() - started) * 1000)
        await asyncio.sleep(PAUSE_MS / 10_000)
    watcher.cancel()
    return taken


def choose_port(page: Page, turn: int) -> tuple[float, float, float, int]:
    """Milliseconds from a click on a port until all was sent, drawn in view, drawn at all; bytes sent."""
    port = ("Southampton", "Cherbourg", "Queenstown")[turn % 3]
    page.click(f'[data-testid="stPopoverBody"] button:has-text("{port}")')
    page.wait_for_timeout(PAUSE_MS)
    noted = page.evaluate("() => window.noted")
    assert noted["clicked"] < noted["sent"], f"nothing was sent within {PAUSE_MS} ms"
    assert noted["clicked"] < noted["inView"], f"no chart changed within {PAUSE_MS} ms"
    sent, in_view, changed = (noted[name] - noted["clicked"] for name in ("sent", "inView", "changed"))
    return sent, in_view, changed, noted["bytes"]


def app_memory() -> float:
    """Resident memory of the app that this process started, in MB."""
    children = psutil.Process().children(recursive=True)
    return max(c.memory_info().rss / MB for c in children if "streamlit_app.py" in " ".join(c.cmdline()))


def main() -> None:
    """Read the arguments and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[TITANIC_ROWS, 1_000_000, 10_000_000])
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench_charts_") as temporary:
        folder = options.folder or Path(temporary)
        tables = {rows: table_of(rows, folder) for rows in options.rows}
        for rows, (source, database) in tables.items():
            print_queries(source, database, rows, options.runs)
            print_list(database, rows, options.runs)
        print(f"\nThe page; goals: each query <= {QUERY_GOAL_MS} ms, the new page <= {PAGE_GOAL_MS} ms\n")
        print(
            "| rows | rerun, ms | beside Chromium, ms | charts in view, ms | all charts, ms | worst "
            "| first page, KB | each change, KB | app, MB |"
        )
        print("|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
        for rows, (_, database) in tables.items():
            print_page(database, rows, options.runs, Path(temporary))


if __name__ == "__main__":
    main()
