"""How quickly the pipeline page reacts, in a real browser, beside an empty Streamlit app.

    python benchmarks/bench_page.py [--runs 7] [--sessions 20]

Starts both apps on free ports with a Prefect server in a temporary home, and stops them at the end. Needs a
Chromium, as the browser tests do.
"""
# ruff: noqa: T201, S101 - a benchmark prints its results, and stops where it cannot measure

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Literal

from playwright.sync_api import Browser, Page, sync_playwright

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from data_pipeline.prefect_server import release_server  # noqa: E402
from tests.browser import IDLE, launch, running_app  # noqa: E402
from tests.faulty_server import FaultyServer  # noqa: E402

EMPTY_APP = 'import streamlit as st\n\nst.title("Empty")\n'
REBUILD, STOP, STATUS = ".st-key-rebuild button", ".st-key-stop button", ".st-key-run-status"
DRILLS = "text=Each drill makes something really fail"
GRAPH = '[data-testid="stGraphVizChart"]'
PAUSE_MS = 1500  # the server on SQLite answers 503 when runs follow each other within a second
RUN_LIMIT_MS = 60_000
CALM_S = 0.5
RERUNS = 10
NOTE_FIRST_FRAME = """([awaited, text]) => {
    window.firstFrame = null
    const look = now => {
        const isThere = document.querySelector(awaited)?.textContent.includes(text)
        if (isThere) window.firstFrame = {sinceRequestMs: now, atMs: performance.timeOrigin + now}
        else requestAnimationFrame(look)
    }
    requestAnimationFrame(look)
}"""
"""Counted by the page itself: a question from outside waits until the page has a moment to answer."""


def seconds_of(page: Page, action: str, awaited: str) -> float:
    """Seconds from clicking `action` until `awaited` is visible."""
    page.wait_for_timeout(PAUSE_MS)
    started = time.perf_counter()
    page.click(action)
    page.wait_for_selector(awaited, timeout=RUN_LIMIT_MS)
    return time.perf_counter() - started


def first_paint(browser: Browser, address: str, awaited: str) -> float:
    """Seconds from the request to the first frame with this element, in a browser with an empty cache."""
    context = browser.new_context()
    context.add_init_script(f"({NOTE_FIRST_FRAME})({json.dumps([awaited, ''])})")
    page = context.new_page()
    page.goto(address)
    seconds = first_frame(page)["sinceRequestMs"] / 1000
    context.close()
    time.sleep(CALM_S)  # a browser that closes a tab is busy for a moment
    return seconds


def first_frame(page: Page) -> dict[str, float]:
    """What the page noted of the first frame with the awaited text."""
    noted: dict[str, float] = page.wait_for_function(
        "() => window.firstFrame", timeout=RUN_LIMIT_MS
    ).json_value()
    return noted


def first_paints(browser: Browser, app: str, empty: str, runs: int) -> list[list[float]]:
    """Seconds to the title of the empty app, to that of ours, and to our button, taking turns."""
    looks = [(empty, "h1"), (app, "h1"), (app, REBUILD)]
    turns = [[first_paint(browser, address, awaited) for address, awaited in looks] for _ in range(runs)]
    return [list(column) for column in zip(*turns, strict=True)]


def click_to_running(page: Page, slow_source: str, runs: int) -> list[float]:
    """Seconds from the click to the Stop button, on a source slow enough to be seen running."""
    seconds = []
    choose_url(page, slow_source)
    for _ in range(runs):
        seconds.append(seconds_of(page, REBUILD, STOP))
        page.wait_for_selector(STOP, state="detached", timeout=RUN_LIMIT_MS)
    return seconds


def click_to_finished(page: Page, runs: int) -> list[float]:
    """Seconds from the click until a snapshot's run has ended on the page, every task run again."""
    choose(page, "Shipped snapshot")
    seconds = []
    for _ in range(runs):
        page.wait_for_timeout(PAUSE_MS)
        started = time.perf_counter()
        page.click(REBUILD)
        page.wait_for_selector(STOP)
        page.wait_for_selector(STOP, state="detached", timeout=RUN_LIMIT_MS)
        page.wait_for_selector(f"{STATUS} >> text=Completed")
        seconds.append(time.perf_counter() - started)
    return seconds


def change_to_visible(page: Page, home: Path, runs: int) -> list[float]:
    """Seconds from the moment a download ended, as the Prefect API has it, to that state on the page."""
    from data_pipeline import prefect_runtime
    from data_pipeline.settings import Settings

    prefect_runtime.connect(Settings(PREFECT_HOME=home))
    seconds = []
    for _ in range(runs):
        page.wait_for_timeout(PAUSE_MS)
        page.click(REBUILD)
        page.wait_for_selector(STOP)
        page.wait_for_selector(f"{GRAPH} >> text=▶ Running", timeout=RUN_LIMIT_MS)
        page.evaluate(NOTE_FIRST_FRAME, [GRAPH, "✓ Completed"])
        seen = datetime.fromtimestamp(first_frame(page)["atMs"] / 1000, UTC)
        page.wait_for_selector(STOP, state="detached", timeout=RUN_LIMIT_MS)
        run = prefect_runtime.recent_runs(1)[0]
        ended = min(view.ended for view in prefect_runtime.task_views(run.id) if view.ended)
        seconds.append((seen - ended).total_seconds())
    return seconds


def reruns_in_company(page: Page, address: str, slow_source: str, company: int) -> tuple[list[float], int]:
    """Seconds of reruns in Chromium while `company` more sessions watch the same run, and their reruns."""
    choose_url(page, slow_source)
    page.click(REBUILD)
    page.wait_for_selector(f"{STATUS} >> text=Running", timeout=RUN_LIMIT_MS)
    command = [sys.executable, str(PROJECT / "benchmarks" / "watching_sessions.py"), address, str(company)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as others:
        assert others.stdin
        assert others.stdout
        assert others.stdout.readline() == "READY\n"
        seconds = [rerun(page) for _ in range(RERUNS)]
        assert page.is_visible(STOP), "the run ended before the measurement"
        others.stdin.close()
        reruns = int(others.stdout.readline())
    page.click(STOP)
    page.wait_for_selector(STOP, state="detached", timeout=RUN_LIMIT_MS)
    return seconds, reruns


def rerun(page: Page) -> float:
    """Seconds of a whole rerun: from the click on the drills' switch until their panel has come or gone."""
    panel = page.locator(DRILLS)
    awaited: Literal["detached", "visible"] = "detached" if panel.is_visible() else "visible"
    started = time.perf_counter()
    page.click(".st-key-drills label")
    panel.wait_for(state=awaited, timeout=RUN_LIMIT_MS)
    return time.perf_counter() - started


def choose(page: Page, source: str) -> None:
    """Pick a source by the beginning of its name."""
    page.click('.st-key-source [role="combobox"]')
    page.click(f'[role="option"]:has-text("{source}")')
    page.wait_for_selector(IDLE)


def choose_url(page: Page, address: str) -> None:
    """Pick one's own URL as the source."""
    choose(page, "Another URL")
    page.fill(".st-key-own-url input", address)
    page.press(".st-key-own-url input", "Enter")
    page.wait_for_selector(f"{REBUILD}:not([disabled])")


@contextmanager
def both_apps() -> Iterator[tuple[str, str, Path]]:
    """Addresses of our app and of an empty one, and the Prefect home of ours."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        empty = Path(folder) / "empty"
        empty.mkdir()
        (empty / "streamlit_app.py").write_text(EMPTY_APP)
        home = Path(folder) / "prefect"
        settings = {"TITANIC_DB": f"{folder}/titanic.sqlite", "PREFECT_HOME": str(home)}
        stack.callback(release_server, home)  # this process reads states too, and ends after the app
        yield (
            stack.enter_context(running_app(settings)),
            stack.enter_context(running_app({}, folder=empty)),
            home,
        )


def line(name: str, seconds: list[float], goal: str) -> str:
    """A line of the table in Markdown."""
    return f"| {name} | {median(seconds):.2f} | {min(seconds):.2f} to {max(seconds):.2f} | {goal} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--sessions", type=int, default=20)
    options = parser.parse_args()
    print("| what | median s | min-max | goal |\n|---|--:|--:|--:|")
    with both_apps() as (app, empty, home), FaultyServer() as faulty, sync_playwright() as playwright:
        browser = launch(playwright)
        assert browser is not None, "no Chromium found"
        page = browser.new_page()
        page.goto(app)
        page.click(REBUILD)  # warms both apps and the Prefect server
        page.wait_for_selector(f"{STATUS} >> text=Completed", timeout=RUN_LIMIT_MS)
        first_paint(browser, empty, "h1")
        empty_s, title_s, button_s = first_paints(browser, app, empty, options.runs)
        print(line("first paint (title), empty Streamlit app", empty_s, ""))
        print(line("first paint (title), pipeline page", title_s, "<= 1.3 x the empty app"))
        print(line("button can be clicked, pipeline page", button_s, ""))
        running = click_to_running(page, f"{faulty.url}/slow", options.runs)
        print(line("click to running", running, "<= 0.3"))
        page.click('.st-key-refresh [data-testid="stCheckbox"] label')
        print(line("state change to visible", change_to_visible(page, home, options.runs), "<= 0.5, worst 1"))
        print(line("click to finished, snapshot", click_to_finished(page, options.runs), "<= 1.5"))
        alone, _ = reruns_in_company(page, app, f"{faulty.url}/drip", 0)
        print(line("rerun, alone with a run", alone, ""))
        many, reruns = reruns_in_company(page, app, f"{faulty.url}/drip", options.sessions - 1)
        print(line(f"rerun, {options.sessions} sessions watch a run", many, "<= 0.3"))
    print(f"\nThe other {options.sessions - 1} sessions drew the run {reruns} times meanwhile.")


if __name__ == "__main__":
    main()
