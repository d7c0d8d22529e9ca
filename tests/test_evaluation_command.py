"""`titanic-eval`, as it is typed: its table, its exit codes, its files, Ctrl-C."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.evaluation_server import by_gold_sql, without_seconds
from tests.evaluation_tables import tables
from tests.llm_exchange import Reply
from tests.llm_faults import slow
from tests.llm_server import LlmServer


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """The real table where the test's settings expect it."""
    return Path(shutil.copyfile(tables()["real"], tmp_path / "titanic.sqlite"))


def command(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    """Start `titanic-eval` in a process of its own, with this process's Python."""
    return subprocess.Popen(
        [sys.executable, "-m", "llm_agent.evaluate", *arguments],
        env={**os.environ, "COLUMNS": "120", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finished(*arguments: str, **environment: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of one call."""
    process = command(*arguments, **environment)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


@pytest.mark.usefixtures("database")
def test_it_prints_figures_by_kind_and_keeps_a_report(tmp_path: Path) -> None:
    """Without a key the demo model is evaluated; the table names kinds, tables, intervals and failures."""
    answers = tmp_path / "answers.jsonl"
    kinds = "follow_up,unanswerable,multi_step"
    code, out, err = finished("--kinds", kinds, "--out", str(answers), "--price-in", "1", "--failures", "1")
    assert (code, "Demo model (no LLM)" in out) == (0, True), err
    for words in (
        *kinds.split(","), "table: shuffled", "95 %", "rightly refused 12 of 12", "unsafe statements 0",
        "median", "p95", "cost", "more failures",
    ):  # fmt: skip
        assert words in out
    assert len(answers.read_text().splitlines()) == 3 * 17
    report = json.loads((tmp_path / "evaluations" / "demo-model-no-llm.report.json").read_text())
    assert report["total"]["right"]["whole"] == 3 * 17


@pytest.mark.usefixtures("database")
def test_a_recorded_command_replays_without_a_server(tmp_path: Path) -> None:
    """The figures are the same; a replay is a report of its own, and does not count earlier answers."""
    few = ("--kinds", "aggregate", "--tables", "real", "--model", "test-model")
    tape = str(tmp_path / "tape")
    with LlmServer(by_gold_sql) as server:
        code, live, err = finished(*few, "--base-url", server.base_url, "--record", tape)
        assert code == 0, err
    code, replayed, err = finished(*few, "--base-url", "http://127.0.0.1:9/v1", "--replay", tape)
    assert code == 0, err
    assert [line for line in replayed.splitlines() if " of " in line] == [
        line for line in live.splitlines() if " of " in line
    ]
    assert {path.name for path in (tmp_path / "evaluations").glob("*.report.json")} == {
        "test-model.report.json",
        "test-model-replayed.report.json",
    }
    code, _, err = finished(*few, "--base-url", "http://127.0.0.1:9/v1", "--replay", str(tmp_path / "none"))
    assert (code, "Record anew" in err) == (1, True)


@pytest.mark.usefixtures("database")
def test_exit_codes_say_how_it_went(tmp_path: Path) -> None:
    """0 done, 1 below the limit or not possible, 2 wrong use; errors are two lines without a traceback."""
    few = ("--kinds", "unanswerable", "--tables", "real", "--out", str(tmp_path / "a.jsonl"))
    assert finished(*few, "--fail-under", "100")[0] == 0
    code, _, err = finished("--kinds", "rank", "--tables", "real", "--fail-under", "99.5")
    assert (code, "99.5 % were asked for" in err) == (1, True)
    code, _, err = finished("--kinds", "riddles")
    assert (code, "riddles" in err, "Traceback" in err) == (1, True, False)
    code, _, err = finished("nowhere.jsonl")
    assert (code, "nowhere.jsonl" in err, "Traceback" in err) == (1, True, False)
    code, _, err = finished(TITANIC_DB=str(tmp_path / "none.sqlite"))
    assert (code, "no Titanic table" in err) == (1, True)
    assert finished("--runs", "many")[0] == 2


def slowly(body: dict) -> Reply:
    """The same answers, their words with pauses between them."""
    answer = by_gold_sql(body)
    return slow(answer, 0.03) if answer.content else answer


@pytest.mark.usefixtures("database")
def test_ctrl_c_keeps_the_answers_and_the_same_command_goes_on(tmp_path: Path) -> None:
    """Stopped while questions are under way it ends at once with 130, and in the end nothing differs."""
    few = ("--kinds", "aggregate,ratio", "--tables", "real", "--parallel", "2", "--model", "test-model")
    with LlmServer(by_gold_sql) as server:
        assert finished(*few, "--base-url", server.base_url, "--out", str(tmp_path / "whole.jsonl"))[0] == 0
    with LlmServer(slowly) as server:
        again = (*few, "--base-url", server.base_url, "--out", str(tmp_path / "broken.jsonl"))
        process = command(*again)
        for _ in range(8):
            server.arrivals.get(timeout=30)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=10)
        assert (process.returncode, "Stopped after" in err) == (130, True), err
        kept = len(without_seconds(tmp_path / "broken.jsonl"))
        assert 1 <= kept < 18
        server.script = by_gold_sql
        assert finished(*again)[0] == 0
    broken, whole = (  # slow replies count no tokens
        without_seconds(tmp_path / name, "tokens_in", "tokens_out")
        for name in ("broken.jsonl", "whole.jsonl")
    )
    assert broken == whole
