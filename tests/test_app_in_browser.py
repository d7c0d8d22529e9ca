"""The app as a person meets it: a real server, a real Prefect, a real Chromium."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.browser import WatchedPage, running_app
from tests.waiting import wait_for

pytestmark = pytest.mark.timeout(180)
REBUILD = ".st-key-rebuild button"
RUN_LIMIT_MS = 100_000


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an app with a fresh home: no table, no Prefect server yet."""
    home = tmp_path_factory.mktemp("app")
    environment = {
        "TITANIC_DB": str(home / "titanic.sqlite"),
        "PREFECT_HOME": str(home / "prefect"),
        "TITANIC_SOURCE": "snapshot",
    }
    with running_app(environment) as address:
        yield address


def test_the_first_click_builds_the_table(app: str, open_page: Callable[..., WatchedPage]) -> None:
    """A new user is told what to click; one click builds the table, and the header says so."""
    watched = open_page()
    page = watched.open(app)
    assert "No data" in page.inner_text(".st-key-header")
    page.click(REBUILD)
    page.wait_for_selector("text=What was built", timeout=RUN_LIMIT_MS)
    page.wait_for_selector(".st-key-header >> text=891 passengers")
    assert "from the shipped snapshot" in page.inner_text(".st-key-header")
    page.click("text=Build report, the artifact")
    page.wait_for_selector("text=SHA-256 of the raw file")
    assert page.locator('[data-testid="stException"]').count() == 0
    assert watched.complaints == []


def test_a_deep_link_works_on_a_fresh_server(tmp_path: Path, open_page: Callable[..., WatchedPage]) -> None:
    """`/charts` as the first address that a fresh server hears of shows that page and nothing else first."""
    home = tmp_path / "prefect"
    with running_app({"TITANIC_DB": str(tmp_path / "none.sqlite"), "PREFECT_HOME": str(home)}) as address:
        watched = open_page()
        page = watched.open(f"{address}/charts")
        page.wait_for_selector("h1 >> text=Who survived?")
        page.wait_for_selector("text=There is no Titanic table yet")
        page.wait_for_selector('a:has-text("Rebuild the data")')
        assert page.locator('[data-testid="stException"]').count() == 0
        assert page.locator('[data-testid="stSidebarNav"]').count() == 0
        assert page.locator('[data-testid="stException"]').count() == 0
        assert watched.complaints == []
    assert not (tmp_path / "none.sqlite").exists()


def test_charts_shows_what_was_built(app: str, open_page: Callable[..., WatchedPage]) -> None:
    """A chart's caption gives the figures of the published table, and the SQL is one click away."""
    watched = open_page()
    page = watched.open(f"{app}/charts")
    page.wait_for_selector(".st-key-chart-groups .bars path")
    page.wait_for_selector("text=female in first class, 91 of 94 survived (97%")
    page.wait_for_selector("text=male in third class, 47 of 347 survived (14%")
    page.click(".st-key-doors-groups summary")
    page.wait_for_selector("text=FROM titanic_people")
    assert watched.complaints == []


def test_every_response_forbids_other_hosts(app: str) -> None:
    """The page's own policy lets the browser load images and send data nowhere but to this server."""
    with urllib.request.urlopen(app, timeout=10) as answer:
        policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "img-src 'self' data: blob:" in policy
    assert "http" not in policy.replace("http-equiv", "")


def test_the_policy_is_obeyed(app: str, open_page: Callable[..., WatchedPage]) -> None:
    """An image of another host, put into the page, is not even asked for."""
    page = open_page().open(app)
    verdict = page.evaluate(
        """() => new Promise(done => {
            document.addEventListener('securitypolicyviolation', e => done(e.violatedDirective));
            const image = new Image(); image.src = 'http://127.0.0.2:9/leak.png'; document.body.append(image);
        })"""
    )
    assert verdict == "img-src"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_sees_the_whole_page(app: str, open_page: Callable[..., WatchedPage], scheme: str) -> None:
    """At 390 pixels, in both themes, nothing sticks out sideways."""
    page = open_page(viewport={"width": 390, "height": 800}, color_scheme=scheme).open(app)
    page.wait_for_selector(REBUILD)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_nothing_is_left_running(tmp_path: Path) -> None:
    """When the app ends, the Prefect server that it had begun to start ends with it."""
    note = tmp_path / "prefect" / "server.json"
    with running_app({"TITANIC_DB": str(tmp_path / "titanic.sqlite"), "PREFECT_HOME": str(note.parent)}):
        wait_for(note.exists)
        server = psutil.Process(json.loads(note.read_text())["pid"])
        assert server.is_running()
    wait_for(lambda: not server.is_running())
