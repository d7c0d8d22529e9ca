"""Recorded evaluations: replayed without a server they give the same, and a changed prompt is noticed."""

from __future__ import annotations

from pathlib import Path

import pytest

from llm_agent.errors import EvaluationError
from llm_agent.evaluation.model import model_under_test
from llm_agent.settings import Settings
from tests.evaluation_server import KEY, by_gold_sql, model_of, run, some, without_seconds
from tests.evaluation_tables import questions
from tests.llm_faults import error, retry_later, without_tools
from tests.llm_server import LlmServer


def replaying(folder: Path, base_url: str = "http://127.0.0.1:9/v1", model: str = "test-model") -> object:
    """The recordings as the model that is evaluated; nothing listens at its address."""
    settings = Settings(OPENAI_API_KEY="other", OPENAI_BASE_URL=base_url, OPENAI_MODEL=model)
    return model_under_test(settings, replay=folder)


def test_a_replayed_run_equals_the_recorded_one(tmp_path: Path) -> None:
    """Without a server and without the key, the same answers, statements and rows come out."""
    live, replayed = tmp_path / "live.jsonl", tmp_path / "replayed.jsonl"
    with LlmServer(by_gold_sql) as server:
        run(model_of(server, record=tmp_path / "tape"), live)
    run(replaying(tmp_path / "tape"), replayed)
    assert without_seconds(replayed) == without_seconds(live)


def test_a_recording_holds_no_key(tmp_path: Path) -> None:
    """Neither the key nor any header is kept, not even when the server's answer repeats the key."""
    with LlmServer(lambda _body: error(400, f"no tools for {KEY}"), api_key=KEY) as server:
        with pytest.raises(EvaluationError):
            run(model_of(server, record=tmp_path / "tape"), tmp_path / "answers.jsonl", asked=some(4))
        server.script = by_gold_sql
        run(model_of(server, record=tmp_path / "tape"), tmp_path / "answers.jsonl", asked=some(2))
        assert all(KEY in request.headers["authorization"] for request in server.requests)
    kept = [path.read_text() for path in (tmp_path / "tape").rglob("*.json")]
    assert len(kept) > 4
    assert not [text for text in kept if KEY in text or "uthorization" in text]


def test_a_changed_prompt_asks_for_a_new_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what changed and what to do; no wrong recording is ever replayed."""
    with LlmServer(by_gold_sql) as server:
        run(model_of(server, record=tmp_path / "tape"), tmp_path / "live.jsonl", asked=some(2))
    monkeypatch.setattr("llm_agent.prompt.SYSTEM_PROMPT", "Be brief. {column_card} {check_prefix}")
    with pytest.raises(EvaluationError, match=r"prompt.*changed.*Record anew"):
        run(replaying(tmp_path / "tape"), tmp_path / "replayed.jsonl", asked=some(2))


def test_another_question_or_model_asks_for_a_new_recording(tmp_path: Path) -> None:
    """Also a new question, another model's name and an empty folder are told apart."""
    with LlmServer(by_gold_sql) as server:
        run(model_of(server, record=tmp_path / "tape"), tmp_path / "live.jsonl", asked=some(1))
    other = [questions()["unanswerable-1"]]
    with pytest.raises(EvaluationError, match="question"):
        run(replaying(tmp_path / "tape"), tmp_path / "a.jsonl", asked=other)
    with pytest.raises(EvaluationError, match="another model"):
        run(replaying(tmp_path / "tape", model="other"), tmp_path / "b.jsonl", asked=some(1))
    with pytest.raises(EvaluationError, match="no folder"):
        replaying(tmp_path / "nowhere")


def test_refusals_are_recorded_and_busy_servers_are_not(tmp_path: Path) -> None:
    """A model without tools replays its way down the ladder; a rate limit leaves no trace."""
    busy = [True]

    def script(body: dict) -> object:
        if busy and busy.pop():
            return retry_later("1")
        return without_tools(by_gold_sql(body))

    with LlmServer(script) as server:
        run(model_of(server, record=tmp_path / "tape"), tmp_path / "live.jsonl", asked=some(2))
    run(replaying(tmp_path / "tape"), tmp_path / "replayed.jsonl", asked=some(2))
    assert without_seconds(tmp_path / "replayed.jsonl") == without_seconds(tmp_path / "live.jsonl")
