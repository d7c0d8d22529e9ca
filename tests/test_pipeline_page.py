"""The pipeline page in each of its states, as a script, on a real Prefect server and with real runs."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from filelock import FileLock
from streamlit.testing.v1 import AppTest

from data_pipeline import prefect_runtime
from data_pipeline.settings import Settings, snapshot_path
from pages._plain_label import JOINER
from pages._runs import Runs, shared_runs
from pages._warm_up import start_warm_up
from tests.faulty_server import FaultyServer, refused_url
from tests.waiting import wait_for

pytestmark = pytest.mark.timeout(120)
SCRIPT = Path(__file__).parent.parent / "pages" / "_shell.py"
RUN_LIMIT_S = 40


@pytest.fixture(autouse=True)
def connected(prefect_api: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """This process talks to the session's Prefect server, and is put back where it was afterwards."""
    for name in (prefect_runtime.CONNECTED_API, prefect_runtime.OWN_API, "PREFECT_API_URL"):
        monkeypatch.setenv(name, os.environ.get(name, ""))
    return prefect_runtime.connect(Settings())


@pytest.fixture
def runs() -> Iterator[Runs]:
    """The runs of an app that was just started; one that still goes on is stopped at the end."""
    shared_runs.clear()
    runs = shared_runs()
    yield runs
    runs.stop()
    if runs.latest:
        runs.latest.join(RUN_LIMIT_S)
    shared_runs.clear()


@pytest.fixture
def faulty() -> Iterator[FaultyServer]:
    """A web server that fails on demand."""
    with FaultyServer() as server:
        yield server


def look(run: UUID | None = None) -> AppTest:
    """The page as a new tab shows it, or as the address of a run does; nothing on it is an exception."""
    page = AppTest.from_file(str(SCRIPT), default_timeout=30)
    if run:
        page.query_params["run"] = str(run)
    page.run()
    assert not page.exception
    return page


def as_read(markdown: str) -> str:
    """Markdown as people read it, without the escapes and without what keeps an address from being a link."""
    return re.sub(r"\\(.)", r"\1", markdown.replace(JOINER, ""))


def words(page: AppTest) -> str:
    """All the texts of the page, the help behind a question mark not among them."""
    blocks = [page.markdown, page.caption, page.info, page.warning, page.error, page.status, page.subheader]
    return as_read(
        "\n".join(
            str(getattr(element, "value", "") or getattr(element, "label", ""))
            for b in blocks
            for element in b
        )
    )


def seen(condition: Callable[[AppTest], object]) -> AppTest:
    """The page once it shows this; it is looked at again and again."""
    return wait_for(lambda: page if condition(page := look()) else None, RUN_LIMIT_S)


def finished(runs: Runs, source: str, *, refresh: bool = False) -> AppTest:
    """The page after a whole run, once the Prefect API has the states of all its tasks."""
    runs.start(source, refresh=refresh)
    assert runs.latest
    runs.latest.join(RUN_LIMIT_S)
    assert runs.latest.flow_run_id
    views = prefect_runtime.task_views
    run_id = runs.latest.flow_run_id
    wait_for(lambda: views(run_id) and not any(view.is_active for view in views(run_id)))
    return look()


def test_without_a_table_the_page_says_what_to_click(runs: Runs) -> None:
    """Before the first build there is no table, the page says so, and the button is ready."""
    page = look()
    assert "No data" in words(page)
    assert "Click **Rebuild data**" in words(page)
    assert not page.button("rebuild").disabled
    assert "What was built" not in words(page)


def test_the_server_is_still_starting(
    runs: Runs, prefect_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the warm-up waits for the Prefect server the page says so, and the button is ready already."""
    monkeypatch.delenv(prefect_runtime.CONNECTED_API)
    with FileLock(prefect_home / "server.lock"):  # the warm-up gets no further than this
        warm_up = start_warm_up()
        page = look()
        assert "server is starting in the background" in words(page)
        assert not page.button("rebuild").disabled
    warm_up.join(RUN_LIMIT_S)
    assert "server is starting" not in words(look())


def test_a_warm_up_that_failed_is_not_called_starting(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the warm-up found no server and has given up, the page does not promise that one is coming."""
    monkeypatch.delenv(prefect_runtime.CONNECTED_API)
    assert "No Prefect server answers yet" in words(look())


def test_a_run_that_goes_on(runs: Runs, faulty: FaultyServer) -> None:
    """While a run goes on its state, source and task are shown; it can be stopped, not started twice."""
    runs.start(f"{faulty.url}/drip", refresh=False)
    faulty.arrivals.get(timeout=RUN_LIMIT_S)
    page = seen(lambda page: "Running" in words(page) and "/drip" in words(page))
    assert page.button("rebuild").disabled
    assert page.button("stop").label == "Stop"
    before = runs.latest
    runs.start("snapshot", refresh=False)  # as another tab would
    assert runs.latest is before


def test_the_table_stays_in_view_while_the_next_one_is_built(runs: Runs, faulty: FaultyServer) -> None:
    """A new run takes nothing off the page: the table from before is shown until another replaces it."""
    finished(runs, "snapshot")
    runs.start(f"{faulty.url}/drip", refresh=False)
    faulty.arrivals.get(timeout=RUN_LIMIT_S)
    page = seen(lambda page: "Running" in words(page))
    assert "What was built" in words(page)


def test_tasks_to_come_have_their_rows(runs: Runs, faulty: FaultyServer) -> None:
    """While the first task runs, the others are listed as not started: nothing moves when they begin."""
    runs.start(f"{faulty.url}/drip", refresh=False)
    page = seen(lambda page: "/drip" in words(page))
    states = next(frame.value["state"] for frame in page.dataframe if "state" in frame.value)
    assert [state.partition(" ")[2] for state in states][-2:] == ["Not started", "Not started"]


def test_an_opened_task_shows_what_it_gave(runs: Runs) -> None:
    """Each task opens to its rule, its source, and its result in the run shown, as Prefect stored it."""
    page = finished(runs, "snapshot", refresh=True)
    assert not page.code
    for name in ("download_titanic_dataset", "convert_to_sqlite", "load_titanic_data"):
        page.session_state[f"task-{name}"] = True
    page.run()
    assert [code.value.split("def ")[1].split("(")[0] for code in page.code] == [
        "download_titanic_dataset", "convert_to_sqlite", "load_titanic_data",
    ]  # fmt: skip
    assert "cached for: `CACHE_HOUR`" in words(page)
    given = [frame.value for frame in page.dataframe if "what it gave" in frame.value]
    facts = [dict(zip(frame["what it gave"], frame["value"], strict=True)) for frame in given]
    assert facts[0]["origin"] == "titanic.csv"
    assert facts[1]["rows"] == "891"
    assert facts[2]["DataFrame"] == "891 rows, 12 columns"
    assert str(Settings().database.parent) not in str(facts)


def test_stop_answers_at_once_and_ends_as_cancelled(runs: Runs, faulty: FaultyServer) -> None:
    """The click on Stop is confirmed in the same breath; the run ends Cancelled and the table stays."""
    finished(runs, "snapshot")
    before = Settings().database.read_bytes()
    runs.start(f"{faulty.url}/drip", refresh=False)
    faulty.arrivals.get(timeout=RUN_LIMIT_S)
    page = look()
    runs.stop()
    page.run()
    if runs.is_active:
        assert page.button("stop").label == "Stopping..."
        assert page.button("stop").disabled
    page = seen(lambda page: "Cancelled" in words(page) and not runs.is_active)
    assert "stopped on request" in words(page)
    assert "The table from before is unchanged" in words(page)
    assert Settings().database.read_bytes() == before


def test_a_source_that_is_awaited(runs: Runs, faulty: FaultyServer) -> None:
    """Between two attempts the page counts down to the next one; the third attempt succeeds."""
    runs.start(f"{faulty.url}/500-twice", refresh=True)
    page = seen(lambda page: "attempt 2 failed, the next one starts in" in words(page))
    assert any("Awaiting retry" in frame.value.to_string() for frame in page.dataframe)
    seen(lambda page: "Completed" in words(page) and not runs.is_active)


def test_a_failure_teaches(runs: Runs, faulty: FaultyServer) -> None:
    """A failed run shows cause and remedy without a traceback, and the header names the table that stays."""
    finished(runs, "snapshot")
    page = finished(runs, f"{faulty.url}/404")
    assert [element for element in page.error if "404" in element.value]
    assert "from the shipped snapshot" in words(page)
    assert "The table from before is unchanged" in words(page)
    for ugly in ("Traceback", "SourceUnavailable", "encountered an exception"):
        assert ugly not in words(page)


def test_data_cannot_draw_on_the_page(runs: Runs, tmp_path: Path) -> None:
    """A cell that is written as a picture, a link or a colour is shown as the text that it is."""
    cell = "![x](http://127.0.0.1/x) :red[y]"
    bad = tmp_path / "bad.csv"
    bad.write_text(snapshot_path().read_text().replace(",male,", f",{cell},", 1))
    page = finished(runs, str(bad))
    shown = page.error[0].value
    assert "![x]" not in shown
    assert ":red[y]" not in shown
    assert "http" not in shown.replace(f"http{JOINER}", "")
    assert cell in as_read(shown)


def test_a_failure_without_a_table_speaks_of_none(runs: Runs, faulty: FaultyServer) -> None:
    """Where the first build fails the page does not speak of a table from before."""
    page = finished(runs, f"{faulty.url}/404")
    assert "There is no table yet." in words(page)
    assert "from before" not in words(page)


def test_success_and_then_the_cache(runs: Runs) -> None:
    """A build shows its figures and rows; the same again says Cached for every task."""
    page = finished(runs, "snapshot", refresh=True)
    assert "Completed" in words(page)
    assert "What was built" in words(page)
    assert {metric.label: metric.value for metric in page.metric}["Rows"] == "891"
    page = finished(runs, "snapshot")
    states = next(frame.value["state"] for frame in page.dataframe if "state" in frame.value)
    assert len(states) == 3
    assert all("Cached" in state for state in states)


def test_a_server_that_is_gone(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an answer from the Prefect server the page says so and what to click; the table is shown."""
    finished(runs, "snapshot")
    monkeypatch.setenv(prefect_runtime.CONNECTED_API, f"{refused_url()}/api")
    page = look()
    assert "The Prefect server does not answer" in words(page)
    assert "Click **Rebuild data**" in words(page)
    assert "What was built" in words(page)
    assert "Nothing has run yet" not in words(page)


def test_a_server_of_ones_own_that_is_gone(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    """A click while PREFECT_API_URL leads nowhere ends in cause and remedy that name the setting."""
    address = f"{refused_url()}/api"
    monkeypatch.setenv("PREFECT_API_URL", address)
    page = look()
    page.button("rebuild").click().run()
    page = seen(lambda page: page.error and not runs.is_active)
    assert address in as_read(page.error[0].value)
    assert "PREFECT_API_URL" in as_read(page.error[0].value)


def test_an_unknown_run_is_named_as_such(runs: Runs) -> None:
    """The address of a run that this server does not know leads to a sentence and to the way back."""
    finished(runs, "snapshot")
    page = look(uuid4())
    assert "knows no such run" in words(page)
    page.button("back").click().run()
    assert "knows no such run" not in words(page)
    assert "run" not in page.query_params


def test_an_earlier_run_has_a_way_back(runs: Runs, faulty: FaultyServer) -> None:
    """An earlier run is shown as it was, with a way back; *Rebuild data* leads to the new run, too."""
    finished(runs, f"{faulty.url}/404")
    assert runs.latest
    earlier = runs.latest.flow_run_id
    finished(runs, "snapshot")
    page = look(earlier)
    assert "/404" in words(page)
    page.button("back").click().run()
    assert "/404" not in "".join(element.value for element in page.error)
    page = look(earlier)
    page.button("rebuild").click().run()
    assert "run" not in page.query_params
