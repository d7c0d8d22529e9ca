"""Which model answers: settings of the chat, their order, and that none of them is shown."""

from __future__ import annotations

import re
import traceback
from pathlib import Path

import pytest

from data_pipeline.settings import Settings as PipelineSettings
from llm_agent.errors import SettingsUnreadable
from llm_agent.settings import DEFAULT_MODEL, Settings

PROJECT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """The paths of an `.env` and a `secrets.toml` of this test's own; no setting in the environment."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL", "CHAT_DB"):
        monkeypatch.delenv(name, raising=False)
    env_file, toml_file = tmp_path / ".env", tmp_path / "secrets.toml"
    monkeypatch.setitem(Settings.model_config, "env_file", env_file)
    monkeypatch.setitem(Settings.model_config, "toml_file", toml_file)
    return env_file, toml_file


def test_settings_do_not_show_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the text of the settings nor the error about them holds a value."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-s3cret")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://user:s3cret@h/v1?api-key=s3cret")
    assert "s3cret" not in repr(Settings()) + str(Settings())
    with pytest.raises(SettingsUnreadable) as caught:
        Settings(OPENAI_MODEL=["s3cret"])
    assert "s3cret" not in repr(caught.value)
    assert caught.value.__context__ is None


def test_the_environment_wins_over_env_file_and_secrets(
    files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The order is environment, .env, secrets.toml, for each setting on its own."""
    env_file, toml_file = files
    toml_file.write_text('OPENAI_MODEL = "toml"\nOPENAI_API_KEY = "toml"\nOPENAI_BASE_URL = "toml"\n')
    env_file.write_text("OPENAI_MODEL=file\nOPENAI_API_KEY=file\n")
    monkeypatch.setenv("OPENAI_MODEL", "environment")
    settings = Settings()
    assert settings.api_key is not None
    assert (settings.model, settings.api_key.get_secret_value(), settings.base_url) == (
        "environment",
        "file",
        "toml",
    )


@pytest.mark.parametrize("broken", ["OPENAI_API_KEY = sk-s3cret", "OPENAI_API_KEY = 3"])
def test_a_broken_secrets_file_is_told_without_its_text(broken: str, files: tuple[Path, Path]) -> None:
    """TOML that cannot be read, or holds another type, is one sentence."""
    files[1].write_text(broken)
    with pytest.raises(SettingsUnreadable, match=r"secrets\.toml") as caught:
        Settings()
    assert "s3cret" not in "".join(traceback.format_exception(caught.value))


def test_both_layers_read_the_same_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """TITANIC_DB and its default mean the same file to the pipeline and to the chat."""
    assert Settings().database == PipelineSettings().database
    monkeypatch.delenv("TITANIC_DB")
    assert Settings().database == PipelineSettings().database


@pytest.mark.parametrize(
    ("values", "is_demo", "name"),
    [
        ({}, True, "Demo model (no LLM)"),
        ({"OPENAI_API_KEY": "k"}, False, "gpt-4.1-mini"),
        ({"OPENAI_BASE_URL": "http://h/v1", "OPENAI_MODEL": "llama3.2"}, False, "llama3.2"),
        ({"OPENAI_MODEL": "llama3.2"}, True, "Demo model (no LLM)"),
        ({"OPENAI_API_KEY": "", "OPENAI_BASE_URL": ""}, True, "Demo model (no LLM)"),
    ],
)
def test_a_key_or_an_address_ends_the_demo(
    values: dict[str, str], is_demo: bool, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without key and address the demo model answers, and says so in its name; empty values count as none."""
    for setting, value in values.items():
        monkeypatch.setenv(setting, value)
    assert (Settings().is_demo, Settings().model_name) == (is_demo, name)


def test_the_page_on_providers_quotes_what_is_really_said() -> None:
    """Each sentence that docs/providers.md explains stands in the code, and each setting is named there."""
    page = (PROJECT / "docs" / "providers.md").read_text()
    code = "".join(path.read_text() for path in sorted(PROJECT.glob("llm_agent/**/*.py")))
    table = page.partition("## What the chat says")[2].partition("##")[0]
    quotes = re.findall(r"^\| (.+?) \| .+ \|$", table, re.MULTILINE)[1:]
    assert len(quotes) > 10
    for quote in quotes:
        assert not [piece for piece in quote.split("...") if piece.strip() not in code], quote
    assert f"`{DEFAULT_MODEL}`" in page
    for setting in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL", "SSL_CERT_FILE", "HTTPS_PROXY"):
        assert f"`{setting}`" in page
