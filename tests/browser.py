"""A real app in a real browser: Streamlit on a free port, Chromium driven by Playwright.

Uses Debian's chromium or the one that Playwright installed; never downloads a browser.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.client import HTTPException
from pathlib import Path

from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, Request

from data_pipeline.prefect_server import kill_server

PROJECT = Path(__file__).parent.parent
START_LIMIT_S = 60
IDLE = '[data-testid="stApp"][data-test-script-state="notRunning"]'
LOOKING_FOR_ITSELF = r"/charts/_stcore/(health|host-config)$"
"""On a deep link Streamlit's own page first asks below that address, is told 404, and asks at the root."""
QUIET_CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
HOW_TO_INSTALL = (
    "no Chromium found; install one: apt-get install chromium, or uv run playwright install chromium"
)


def find_chromium(playwright: Playwright) -> str | None:
    """The path of a Chromium on this machine, None if there is none."""
    own = playwright.chromium.executable_path
    return (
        shutil.which("chromium") or shutil.which("chromium-browser") or (own if Path(own).exists() else None)
    )


def launch(playwright: Playwright) -> Browser | None:
    """A headless Chromium, None if there is none on this machine."""
    path = find_chromium(playwright)
    return playwright.chromium.launch(executable_path=path, args=QUIET_CHROMIUM) if path else None


@contextmanager
def running_app(environment: Mapping[str, str], folder: Path = PROJECT, base: str = "") -> Iterator[str]:
    """The address of the app, started from `folder` below this base path, ended with the block."""
    port = _free_port()
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py"]
    options = ["--server.headless=true", f"--server.port={port}", "--server.fileWatcherType=none"]
    options += [f"--server.baseUrlPath={base}"] if base else []
    address = f"http://127.0.0.1:{port}" + (f"/{base}" if base else "")
    process = subprocess.Popen(
        [*command, *options],
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_until_healthy(address, process)
        yield address
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            if "PREFECT_HOME" in environment:  # a killed app could not stop its server
                kill_server(Path(environment["PREFECT_HOME"]))


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _wait_until_healthy(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline:
        assert process.poll() is None, "the app ended while it was starting"
        with (
            suppress(OSError, HTTPException),
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=1) as answer,
        ):
            if answer.status == 200:
                return
        time.sleep(0.1)
    raise AssertionError(f"the app did not answer within {START_LIMIT_S} s")


class WatchedPage:
    """A page with what it complained about: console errors, and requests to any other host."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("console", self._hear)
        page.on("request", self._see)

    def open(self, address: str) -> Page:
        """Go there and wait until the script has run."""
        self.page.goto(address)
        self.wait_until_idle()
        return self.page

    def wait_until_idle(self) -> None:
        """Wait until the page's script has run to its end."""
        self.page.wait_for_selector(IDLE, timeout=30_000)

    def _hear(self, message: ConsoleMessage) -> None:
        where = message.location.get("url", "")
        if message.type == "error" and not re.search(LOOKING_FOR_ITSELF, where):
            self.complaints.append(f"{message.text} {where}")

    def _see(self, request: Request) -> None:
        if not request.url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:")):
            self.complaints.append(f"request to {request.url}")
