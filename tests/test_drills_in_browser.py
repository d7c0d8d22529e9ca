"""Faults, stopping and company on the pipeline page, in a real browser on real runs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Page

from tests.browser import WatchedPage, running_app
from tests.faulty_server import FaultyServer
from tests.waiting import wait_for

pytestmark = pytest.mark.timeout(400)
REBUILD, STOP, STATUS = ".st-key-rebuild button", ".st-key-stop button", ".st-key-run-status"
GRAPH = '[data-testid="stGraphVizChart"]'
LIMIT_MS = 120_000  # starting a Prefect server anew takes 6 s alone, a minute beside other work


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the app of this module keeps its table and its Prefect server."""
    return tmp_path_factory.mktemp("app")


@pytest.fixture(scope="module")
def app(home: Path) -> Iterator[str]:
    """The address of an app whose table stands already, built from the snapshot."""
    settings = {"TITANIC_DB": str(home / "titanic.sqlite"), "PREFECT_HOME": str(home / "prefect")}
    with running_app(
        settings | {"TITANIC_SOURCE": "snapshot", "HF_ENDPOINT": "http://127.0.0.1:9"}
    ) as address:
        yield address


@pytest.fixture
def page(app: str, open_page: Callable[..., WatchedPage]) -> Iterator[Page]:
    """The pipeline page after a first build; it must not have complained about anything."""
    watched = open_page()
    page = watched.open(app)
    page.wait_for_selector(f"{REBUILD}:not([disabled])", timeout=LIMIT_MS)
    if "No data" in page.inner_text(".st-key-header"):
        page.click(REBUILD)
        page.wait_for_selector("text=What was built", timeout=LIMIT_MS)
    yield page
    assert page.locator('[data-testid="stException"]').count() == 0
    assert "Traceback" not in page.inner_text("body")
    assert watched.complaints == []


def wait_for_end(page: Page, state: str) -> None:
    """Wait until the run that was just started has begun and then ended in this state."""
    page.wait_for_selector(STOP, timeout=LIMIT_MS)
    page.wait_for_selector(STOP, state="detached", timeout=LIMIT_MS)
    page.wait_for_selector(f"{STATUS} >> text={state}", timeout=LIMIT_MS)


def drill(page: Page, name: str) -> None:
    """Switch the drills on and start one."""
    if not page.locator(f".st-key-drill-{name}").count():
        page.click("text=Workshop drills")
    page.click(f".st-key-drill-{name} button:not([disabled])", timeout=LIMIT_MS)


def choose_url(page: Page, address: str) -> None:
    """Name one's own URL as the source."""
    page.click('.st-key-source [role="combobox"]')
    page.click('[role="option"]:has-text("Another URL")')
    page.fill(".st-key-own-url input", address)
    page.press(".st-key-own-url input", "Enter")
    page.wait_for_selector(f"{REBUILD}:not([disabled])")


def test_drills_are_off_until_asked_for(page: Page) -> None:
    """Nobody starts a fault by accident: the drills appear only once they are switched on."""
    assert page.locator(".st-key-drill-hub").count() == 0
    page.click("text=Workshop drills")
    for name in ("hub", "retries", "bad-row", "server"):
        page.wait_for_selector(f".st-key-drill-{name} button")


def test_drill_hub(page: Page) -> None:
    """With the Hub unreachable the page shows which source failed and which was used instead."""
    drill(page, "hub")
    wait_for_end(page, "Completed")
    graph = page.inner_text(GRAPH)
    assert re.search(r"download from hub\s+✕ Failed", graph)
    assert re.search(r"load passengers\s+(✓ Completed|⚡ Cached)", graph)


def test_drill_retries(page: Page) -> None:
    """A source that fails twice is seen waiting for its next attempt, and works at the third."""
    drill(page, "retries")
    page.wait_for_selector(f"{GRAPH} >> text=… Awaiting retry", timeout=LIMIT_MS)
    page.wait_for_selector(f"{STATUS} >> text=/failed, the next one starts in [0-9]+ s/")
    wait_for_end(page, "Completed")
    assert "Awaiting retry" not in page.inner_text(GRAPH)


def test_drill_bad_row(page: Page, home: Path) -> None:
    """One bad row refuses the file with line, column and value, and the table keeps every byte."""
    before = (home / "titanic.sqlite").read_bytes()
    drill(page, "bad-row")
    wait_for_end(page, "Failed")
    alert = page.inner_text('[data-testid="stAlert"]')
    for piece in ("1 of 891 rows is bad", "line 6", "pclass", "'9'", "1, 2 or 3"):
        assert piece in alert
    assert (home / "titanic.sqlite").read_bytes() == before


def test_addresses_of_a_failed_run_are_only_text(page: Page) -> None:
    """The address of a source that failed stands in status, error and log, and none of them is a link."""
    with FaultyServer() as faulty:
        choose_url(page, f"{faulty.url}/nowhere")
        page.click(REBUILD)
        wait_for_end(page, "Failed")
    page.wait_for_selector('[data-testid="stAlert"] >> text=answered with status 404')
    assert page.locator(f'a[href^="{faulty.url}"]').count() == 0


def test_drill_server(page: Page) -> None:
    """When the Prefect server is killed in mid-run the page says so, and the run ends well on a new one."""
    drill(page, "server")
    page.wait_for_selector("text=The Prefect server does not answer", timeout=LIMIT_MS)
    page.wait_for_selector(f"{STATUS} >> text=Completed", timeout=LIMIT_MS)
    page.wait_for_selector(f"{REBUILD}:not([disabled])", timeout=LIMIT_MS)


def test_a_server_that_died_while_idle_is_replaced_by_the_next_click(page: Page, home: Path) -> None:
    """Killing the Prefect server between runs costs nothing but the time to start a new one."""
    server = psutil.Process(json.loads((home / "prefect" / "server.json").read_text())["pid"])
    server.kill()
    wait_for(lambda: not server.is_running() or server.status() == psutil.STATUS_ZOMBIE)
    page.reload()
    page.wait_for_selector(f"{REBUILD}:not([disabled])")
    page.click(REBUILD)
    wait_for_end(page, "Completed")


def test_stop_company_and_reload(
    app: str, page: Page, home: Path, open_page: Callable[..., WatchedPage]
) -> None:
    """A second tab and a reload show the run that goes on; Stop in either ends it, the table unchanged."""
    before = (home / "titanic.sqlite").read_bytes()
    with FaultyServer() as faulty:
        choose_url(page, f"{faulty.url}/drip")
        page.click(REBUILD)
        page.wait_for_selector(f"{STATUS} >> text=Running", timeout=LIMIT_MS)
        page.reload()
        page.wait_for_selector(f"{STATUS} >> text=/drip", timeout=LIMIT_MS)
        other = open_page().open(app)
        other.wait_for_selector(f"{STATUS} >> text=/drip", timeout=LIMIT_MS)
        other.click(STOP)
        other.wait_for_selector(f"{STATUS} >> text=Cancelled", timeout=LIMIT_MS)
        page.wait_for_selector(f"{STATUS} >> text=Cancelled", timeout=LIMIT_MS)
    assert (home / "titanic.sqlite").read_bytes() == before


def test_history_opens_an_earlier_run(app: str, page: Page, open_page: Callable[..., WatchedPage]) -> None:
    """The address of an earlier run opens it, with its own log, in any tab."""
    page.click(REBUILD)
    wait_for_end(page, "Completed")
    address = page.get_attribute(f'{STATUS} a[href*="/runs/flow-run/"]', "href")
    assert address
    other = open_page().open(f"{app}/?run={address.rpartition('/')[2]}")
    other.wait_for_selector(f"{STATUS} >> text=Completed")
    other.wait_for_selector(
        '.st-key-log >> text=Beginning flow run "titanic from snapshot"'.replace('"', "'")
    )


def test_keyboard_reaches_the_button(page: Page) -> None:
    """Tab leads to Rebuild data and Enter starts it; no mouse is needed."""
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText").endswith("Rebuild data"):
            break
    page.keyboard.press("Enter")
    wait_for_end(page, "Completed")
