"""The pipeline page at work, in a real browser: sources of one's own, edits of the code, runs from elsewhere.

The app runs from a copy of the project, so that its code can be edited.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Page, WebSocket

from tests.browser import PROJECT, WatchedPage, running_app
from tests.faulty_server import CSV, FaultyServer
from tests.waiting import wait_for

pytestmark = pytest.mark.timeout(180)
REBUILD, STOP, STATUS = ".st-key-rebuild button", ".st-key-stop button", ".st-key-run-status"
HEADER, LOG, EXCEPTION = ".st-key-header", ".st-key-log", '[data-testid="stException"]'
LIMIT_MS = 100_000
QUIET_MS = 3_000

RECORD_THE_STATUS = """() => {
    window.seen = [];
    const look = () => {
        const badge = document.querySelector('.st-key-run-status');
        const now = badge ? badge.innerText.match(/Running|Completed|Pending/)?.[0] : 'nothing';
        if (now !== window.seen.at(-1)) window.seen.push(now);
        window.requestAnimationFrame(look);
    };
    look();
}"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project as it stands, for the app of this module to run from."""
    copy = tmp_path_factory.mktemp("copy")
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.check_output(listing, cwd=PROJECT, text=True).splitlines():
        if (PROJECT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PROJECT / name, copy / name)
    return copy


@pytest.fixture(scope="module")
def environment(project: Path) -> dict[str, str]:
    """The settings of the app, and of a command line beside it."""
    return {
        "TITANIC_DB": str(project / "home" / "titanic.sqlite"),
        "PREFECT_HOME": str(project / "home" / "prefect"),
        "TITANIC_SOURCE": "snapshot",
        "PYTHONPATH": str(project),  # the copy, not the checkout that is installed
    }


@pytest.fixture(scope="module")
def app(project: Path, environment: dict[str, str]) -> Iterator[str]:
    """The address of the app."""
    (project / "home").mkdir()
    with running_app(environment, folder=project) as address:
        yield address


@pytest.fixture
def page(app: str, open_page: Callable[..., WatchedPage]) -> Iterator[Page]:
    """The page with a table built, whose run has ended; it must not have complained about anything."""
    watched = open_page()
    page = watched.open(app)
    page.wait_for_selector(f"{REBUILD}:not([disabled])", timeout=LIMIT_MS)
    if "No data" in page.inner_text(HEADER):
        rebuild(page)
    yield page
    assert page.locator(EXCEPTION).count() == 0
    assert "Traceback" not in page.inner_text("body")
    assert watched.complaints == []


def rebuild(page: Page, state: str = "Completed") -> None:
    """Click, and wait until the run has ended in this state."""
    page.click(REBUILD)
    page.wait_for_selector(STOP, timeout=LIMIT_MS)
    page.wait_for_selector(STOP, state="detached", timeout=LIMIT_MS)
    page.wait_for_selector(f"{STATUS} >> text={state}", timeout=LIMIT_MS)


def choose(page: Page, source: str) -> None:
    """Pick a source by the beginning of its name."""
    page.click('.st-key-source [role="combobox"]')
    page.click(f'[role="option"]:has-text("{source}")')


def choose_url(page: Page, address: str) -> None:
    """Name one's own URL as the source."""
    choose(page, "Another URL")
    page.fill(".st-key-own-url input", address)
    page.press(".st-key-own-url input", "Enter")
    page.wait_for_selector(f"{REBUILD}:not([disabled])")


def upload(page: Page, name: str, content: bytes) -> None:
    """Give the page a file of one's own."""
    choose(page, "A file of mine")
    page.set_input_files(
        ".st-key-upload input[type=file]", {"name": name, "mimeType": "text/csv", "buffer": content}
    )


def run_of(page: Page) -> str:
    """The id of the run that is shown."""
    link = page.get_attribute(f'{STATUS} a[href*="/runs/flow-run/"]', "href", timeout=LIMIT_MS)
    assert link
    return link.rpartition("/")[2]


def test_a_file_of_ones_own_is_built(page: Page) -> None:
    """An uploaded CSV becomes the table, and the header says whose data they are."""
    upload(page, "mine.csv", b"\n".join(CSV.splitlines()[:11]) + b"\n")
    page.wait_for_selector(f"{REBUILD}:not([disabled])")
    rebuild(page)
    page.wait_for_selector(f"{HEADER} >> text=10 passengers")
    assert "from your file" in page.inner_text(HEADER)


def test_a_file_that_is_none_is_refused_before_it_runs(page: Page) -> None:
    """A file whose content belies its name is refused in words, and the button stays off."""
    upload(page, "mine.csv", b"PAR1 and more")
    page.wait_for_selector("text=The content of mine.csv is not csv")
    page.wait_for_selector(f"{REBUILD}[disabled]")


def test_a_url_of_ones_own_is_built(page: Page) -> None:
    """A CSV from an address that somebody typed becomes the table."""
    with FaultyServer() as server:
        choose_url(page, f"{server.url}/ok.csv")
        rebuild(page)
    page.wait_for_selector(f"{HEADER} >> text=891 passengers")
    assert "from your URL" in page.inner_text(HEADER)


def test_the_end_of_a_run_does_not_flicker(page: Page) -> None:
    """The state goes from Running to Completed once; it never vanishes or jumps back in between."""
    with FaultyServer() as server:
        choose_url(page, f"{server.url}/slow")
        page.evaluate(RECORD_THE_STATUS)
        rebuild(page)
        page.wait_for_selector("text=What was built")
    seen = page.evaluate("window.seen")
    assert seen[-2:] == ["Running", "Completed"], seen
    assert seen.count("Running") == 1, seen


def test_stop_says_so_at_once(page: Page) -> None:
    """The click on Stop is answered by *Stopping...* on a button that is off, until the run has ended."""
    with FaultyServer() as server:
        choose_url(page, f"{server.url}/drip")
        page.evaluate(
            """() => { window.labels = new Set(); new MutationObserver(() => {
                const stop = document.querySelector('.st-key-stop button');
                if (stop) window.labels.add(stop.innerText.split('\\n').at(-1) + ':' + stop.disabled);
            }).observe(document.body, {subtree: true, childList: true, attributes: true}) }"""
        )
        page.click(REBUILD)
        page.wait_for_selector(f"{STATUS} >> text=/drip", timeout=LIMIT_MS)
        page.click(STOP)
        page.wait_for_selector(f"{STATUS} >> text=Cancelled", timeout=LIMIT_MS)
        page.wait_for_selector(f"{REBUILD}:not([disabled])")
    assert "Stopping...:true" in page.evaluate("[...window.labels]")


def test_a_run_outlives_the_tab_that_started_it(
    app: str, page: Page, open_page: Callable[..., WatchedPage]
) -> None:
    """A run goes on when its tab shows another page or is closed; the next tab shows it."""
    with FaultyServer() as server:
        starter = open_page().open(app)
        choose_url(starter, f"{server.url}/drip")
        starter.click(REBUILD)
        starter.wait_for_selector(f"{STATUS} >> text=Running", timeout=LIMIT_MS)
        started = run_of(starter)
        starter.click("text=Charts")
        starter.wait_for_selector(STATUS, state="detached")
        starter.click("text=Pipeline")
        starter.wait_for_selector(f"{STATUS} >> text=Running")
        starter.close()
        page.reload()
        page.wait_for_selector(f"{STATUS} >> text=Running")
        assert run_of(page) == started
        page.click(STOP)
        page.wait_for_selector(f"{STATUS} >> text=Cancelled", timeout=LIMIT_MS)


def test_a_run_of_the_command_line_is_followed(page: Page, environment: dict[str, str]) -> None:
    """A run that the terminal started appears at the next interaction and is then live to its end."""
    command = [sys.executable, "-m", "data_pipeline.cli", "--source"]
    with FaultyServer() as server:
        terminal = subprocess.Popen(
            [*command, f"{server.url}/drip"],
            env={**os.environ, **environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            server.arrivals.get(timeout=40)
            page.click('.st-key-refresh [data-testid="stCheckbox"] label')
            page.wait_for_selector(f"{STATUS} >> text=Running")
            page.wait_for_selector(f"{STATUS} >> text=/drip")
        finally:
            terminal.terminate()
            terminal.wait(30)
        page.wait_for_selector(f"{STATUS} >> text=Cancelled", timeout=LIMIT_MS)


def test_history_opens_a_run_and_leads_back(page: Page) -> None:
    """A click on an earlier run opens it with its log; *Back to the latest run* closes it again."""
    rebuild(page)
    latest = run_of(page)
    page.click("text=Earlier runs")
    table = page.locator('[class*="st-key-history-"] .dvn-scroller')
    table.click(position={"x": 15, "y": 35 + 35 + 17})  # the second row's box, drawn on a canvas
    page.wait_for_selector(".st-key-back button")
    assert table.is_visible(), "the list of runs was closed by the click"
    assert run_of(page) != latest
    assert "Beginning flow run" in page.inner_text(LOG)
    page.click(".st-key-back button")
    page.wait_for_selector(".st-key-back button", state="detached")
    assert run_of(page) == latest
    assert "run=" not in page.url


def test_an_idle_page_is_silent(app: str, page: Page, open_page: Callable[..., WatchedPage]) -> None:
    """Once the run has ended nothing is sent and nothing comes: an idle page does not ask again and again."""
    frames: list[object] = []

    def watch(channel: WebSocket) -> None:
        channel.on("framereceived", lambda frame: frames.append(frame))
        channel.on("framesent", lambda frame: frames.append(frame))

    watched = open_page()
    watched.page.on("websocket", watch)
    watched.open(app)
    rebuild(watched.page)
    watched.page.wait_for_selector("text=What was built")
    watched.wait_until_idle()
    watched.page.wait_for_timeout(QUIET_MS)
    assert frames
    frames.clear()
    watched.page.wait_for_timeout(QUIET_MS)
    assert frames == []


def test_a_server_that_dies_in_mid_run(page: Page, environment: dict[str, str]) -> None:
    """Killing the Prefect server in mid-run is told, the states come back, and the next click works."""
    with FaultyServer() as server:
        choose_url(page, f"{server.url}/drip")
        page.click(REBUILD)
        page.wait_for_selector(f"{STATUS} >> text=Running", timeout=LIMIT_MS)
        note = json.loads((Path(environment["PREFECT_HOME"]) / "server.json").read_text())
        psutil.Process(note["pid"]).kill()
        page.wait_for_selector("text=The Prefect server does not answer")
        page.wait_for_selector(f"{STATUS} >> text=/drip", timeout=LIMIT_MS)
        page.click(STOP)
        page.wait_for_selector(f"{STATUS} >> text=Cancelled", timeout=LIMIT_MS)
    choose(page, "Shipped snapshot")
    rebuild(page)


def test_an_edit_of_the_code_counts_from_the_next_click(page: Page, project: Path) -> None:
    """An edited module is named on the page, and the next click runs it, without a restart."""
    rebuild(page)
    module = project / "data_pipeline" / "titanic_pipeline.py"
    before = module.read_text()
    assert "Got %s from %s." in before
    module.write_text(before.replace("Got %s from %s.", "Fetched %s out of %s."))
    page.reload()
    page.wait_for_selector("text=Changed since the last run: titanic_pipeline.py")
    rebuild(page)
    page.wait_for_selector(f"{LOG} >> text=Fetched titanic.csv out of snapshot.")
    page.wait_for_selector("text=All three tasks will run again", state="detached")


def test_an_unfinished_edit_is_refused(page: Page, project: Path) -> None:
    """A module that does not parse is named with its line; nothing runs, and the page stays whole."""
    module = project / "data_pipeline" / "table.py"
    before = module.read_text()
    module.write_text(f"def half(\n{before}")
    page.click(REBUILD)
    page.wait_for_selector("text=/table.py, line 1 is no Python/")
    module.write_text(before)
    rebuild(page)
    wait_for(lambda: page.locator("text=is no Python").count() == 0)
