"""What tests share: settings of their own for each test, and one real Prefect server for the session."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from data_pipeline import prefect_runtime
from data_pipeline.plain_pipeline import run_plain
from data_pipeline.prefect_server import acquire_server, release_server
from data_pipeline.settings import Settings
from llm_agent.settings import Settings as ChatSettings
from tests.browser import HOW_TO_INSTALL, WatchedPage, launch

SETTINGS = [
    str(field.validation_alias)
    for field in (*Settings.model_fields.values(), *ChatSettings.model_fields.values())
]


@pytest.fixture(scope="session")
def prefect_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Prefect home of this test session; no server is started by asking for it."""
    return tmp_path_factory.mktemp("prefect")


@pytest.fixture(autouse=True)
def own_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, prefect_home: Path) -> None:
    """Settings that reach nothing outside the test: its own database, no source on the internet."""
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TITANIC_DB", str(tmp_path / "titanic.sqlite"))
    monkeypatch.setenv("CHAT_DB", str(tmp_path / "chats.sqlite"))
    monkeypatch.setenv("TITANIC_SOURCE", "snapshot")
    monkeypatch.setenv("TITANIC_CSV_URL", "http://127.0.0.1:9/titanic.csv")
    monkeypatch.setenv("PREFECT_HOME", str(prefect_home))


@pytest.fixture
def settings() -> Settings:
    """The settings of this test."""
    return Settings()


@pytest.fixture(scope="session")
def prefect_api(prefect_home: Path) -> Iterator[str]:
    """The address of a real Prefect server that lives as long as the test session."""
    yield acquire_server(prefect_home)
    prefect_runtime.drain_logs_and_events()
    release_server(prefect_home)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A real Chromium; without one, tests that need it are skipped, but never in CI.

    For one module only: while Playwright runs, its event loop counts as running in this thread, and
    Prefect's sync calls would refuse to work in it.
    """
    with sync_playwright() as playwright:
        browser = launch(playwright)
        if browser is None:
            assert not os.environ.get("CI"), HOW_TO_INSTALL
            pytest.skip(HOW_TO_INSTALL)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[Callable[..., WatchedPage]]:
    """Opens pages in browser contexts of their own; options are those of `Browser.new_context`."""
    contexts = []

    def new_page(**options: object) -> WatchedPage:
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        contexts.append(context)
        return WatchedPage(context.new_page())

    yield new_page
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def titanic_table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real table, built from the shipped snapshot; for reading only."""
    database = tmp_path_factory.mktemp("table") / "titanic.sqlite"
    run_plain("snapshot", database)
    return database
