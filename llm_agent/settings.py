"""Settings of the agent layer: environment first, then `.env`, then `.streamlit/secrets.toml`."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from llm_agent.errors import SettingsUnreadable

PACKAGE_FOLDER = Path(str(files("llm_agent")))
DEFAULT_MODEL = "gpt-4.1-mini"  # answers within seconds, takes tools in chat completions, costs little
DEMO_MODEL_NAME = "Demo model (no LLM)"


def project_folder() -> Path:
    """The checkout that holds this package; for an installed package, the current folder."""
    checkout = PACKAGE_FOLDER.parent
    return checkout if (checkout / "pyproject.toml").is_file() else Path.cwd()


class Settings(BaseSettings):
    """Which model answers, at which address, and where the table and the conversations live.

    Neither the key nor the address, which may hold one, stands in the text of this object.

    >>> Settings(OPENAI_API_KEY="sk-1", OPENAI_MODEL="llama3.2").model_name
    'llama3.2'
    """

    def __init__(self, **values: Any) -> None:
        """Read them; raises `SettingsUnreadable` where a file is broken or a value makes no sense."""
        is_readable = True
        try:
            super().__init__(**values)
        except ValueError:  # wrong encoding, broken TOML, a value of a wrong type; its text may hold the key
            is_readable = False
        if not is_readable:  # outside the block: the exception keeps no link to the value
            raise SettingsUnreadable(
                "The settings of the chat cannot be read.",
                "Correct or remove .env and .streamlit/secrets.toml, and look at the OPENAI_* variables.",
            )

    model_config = SettingsConfigDict(
        env_file=project_folder() / ".env",
        toml_file=project_folder() / ".streamlit" / "secrets.toml",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
    )

    api_key: SecretStr | None = Field(default=None, validation_alias="OPENAI_API_KEY")
    base_url: str | None = Field(default=None, validation_alias="OPENAI_BASE_URL", repr=False)
    model: str = Field(default=DEFAULT_MODEL, validation_alias="OPENAI_MODEL")
    chat_database: Path = Field(
        default_factory=lambda: project_folder() / "data" / "chats.sqlite", validation_alias="CHAT_DB"
    )
    database: Path = Field(
        default_factory=lambda: project_folder() / "data" / "titanic.sqlite", validation_alias="TITANIC_DB"
    )

    @property
    def is_demo(self) -> bool:
        """Whether the built-in demo model answers: there is neither a key nor an address."""
        return self.api_key is None and self.base_url is None

    @property
    def model_name(self) -> str:
        """The name of the model that answers, for people."""
        return DEMO_MODEL_NAME if self.is_demo else self.model

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments win over the environment, the environment over `.env`, `.env` over `secrets.toml`."""
        return init_settings, env_settings, dotenv_settings, TomlConfigSettingsSource(settings_cls)
