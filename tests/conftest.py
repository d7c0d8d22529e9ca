"""What tests share: settings of their own for each test, and one real Prefect server for the session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from data_pipeline import prefect_runtime
from data_pipeline.prefect_server import acquire_server, release_server
from data_pipeline.settings import Settings

SETTINGS = [str(field.validation_alias) for field in Settings.model_fields.values()]


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
