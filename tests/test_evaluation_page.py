"""The evaluation page: runs the questions with progress and Stop, and shows what was found."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages._evaluations import Evaluations, shared_evaluations
from tests.evaluation_server import by_gold_sql
from tests.evaluation_tables import tables
from tests.llm_faults import slow
from tests.llm_server import LlmServer
from tests.test_evaluation_report import line, report_of
from tests.waiting import wait_for

SCRIPT = Path(__file__).parent.parent / "pages" / "evaluation.py"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """The real table where the test's settings expect it."""
    return Path(shutil.copyfile(tables()["real"], tmp_path / "titanic.sqlite"))


@pytest.fixture
def evaluations() -> Iterator[Evaluations]:
    """Those of an app that was just started; one that still goes on is stopped at the end."""
    shared_evaluations.clear()
    yield shared_evaluations()
    shared_evaluations().stop()
    if latest := shared_evaluations().latest:
        latest.join(20)
    shared_evaluations.clear()


def look() -> AppTest:
    """The page as a new tab shows it; nothing on it is an exception."""
    page = AppTest.from_file(str(SCRIPT), default_timeout=30).run()
    assert not page.exception
    return page


def words(page: AppTest) -> str:
    """The texts of the page."""
    elements = (*page.markdown, *page.caption, *page.info, *page.error, *page.text)
    return re.sub(r"\\(.)", r"\1", "\n".join(str(element.value) for element in elements))


@pytest.mark.usefixtures("database", "evaluations")
def test_before_the_first_run_the_page_says_what_it_would_do() -> None:
    """Model, number of questions and tables are told; a demo model costs nothing, so no cost is spoken of."""
    page = look()
    assert "Demo model (no LLM)" in words(page)
    assert "Nothing was evaluated yet" in words(page)
    assert "cost" not in words(page)


@pytest.mark.usefixtures("database")
def test_a_click_evaluates_the_model_and_shows_its_figures(evaluations: Evaluations) -> None:
    """The sample is asked, then figures, a table by kind and the wrong answers are there."""
    page = look()
    page.button("evaluate").click().run()
    wait_for(lambda: not evaluations.is_active, 30)
    page.run()
    assert not page.exception
    metrics = {metric.label: metric.value for metric in page.metric}
    assert metrics["Unsafe statements"] == "0"
    assert metrics["Right"].endswith("%")
    assert "20 questions" in words(page)
    assert page.dataframe[0].value["kind"].nunique() == 17


@pytest.mark.usefixtures("database")
def test_stop_keeps_the_answers_and_the_page_says_so(
    evaluations: Evaluations, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it goes on there is a bar and a Stop; afterwards it is said how many answers are kept."""

    def slowly(body: dict) -> object:
        answer = by_gold_sql(body)
        return slow(answer, 0.05) if answer.content else answer

    with LlmServer(slowly) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("OPENAI_MODEL", server.model)
        page = look()
        assert "costs tokens" in words(page)
        page.button("evaluate").click().run()
        server.arrivals.get(timeout=20)
        page.run()
        page.button("stop_evaluation").click().run()
        wait_for(lambda: not evaluations.is_active, 10)
    page.run()
    assert "Stopped after" in words(page)


@pytest.mark.usefixtures("evaluations")
def test_without_a_table_the_page_says_how_to_get_one(tmp_path: Path) -> None:
    """No traceback: the cause and the remedy in words."""
    page = look()
    page.button("evaluate").click().run()
    wait_for(lambda: not shared_evaluations().is_active, 20)
    page.run()
    assert "There is no Titanic table yet" in words(page)
    assert str(tmp_path) not in words(page)


@pytest.mark.usefixtures("database", "evaluations")
def test_what_models_wrote_is_shown_as_text(tmp_path: Path) -> None:
    """An answer cannot bring an image or a link onto the page."""
    from llm_agent.evaluation.report import save_report

    bad = "![x](https://example.com/leak.png) [here](https://example.com)"
    report = report_of(line("aggregate-2", bad), model="evil ![m](https://example.com/m.png)")
    save_report(replace(report, questions=1), tmp_path / "evaluations")
    page = look()
    assert [element.value for element in page.text] == [bad]
    assert not any("![" in str(element.value) for element in (*page.markdown, *page.caption))
