"""Settings of the data layer: environment first, then `.env`, then `.streamlit/secrets.toml`."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import Field
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from data_pipeline.errors import SettingsUnreadable

PACKAGE_FOLDER = Path(str(files("data_pipeline")))


def project_folder() -> Path:
    """The checkout that holds this package; for an installed package, the current folder."""
    checkout = PACKAGE_FOLDER.parent
    return checkout if (checkout / "pyproject.toml").is_file() else Path.cwd()


def snapshot_path() -> Path:
    """The shipped `titanic.csv`: `data/` in a checkout, inside the package once installed."""
    packaged = PACKAGE_FOLDER / "titanic.csv"
    return packaged if packaged.is_file() else PACKAGE_FOLDER.parent / "data" / "titanic.csv"


class Settings(BaseSettings):
    """Where the table lives, where its data come from and which Prefect API records the runs.

    >>> Settings(TITANIC_SOURCE="snapshot").source
    'snapshot'
    """

    def __init__(self, **values: Any) -> None:
        """Read them; raises `SettingsUnreadable` where a file is broken or a value makes no sense."""
        try:
            super().__init__(**values)
        except ValueError as error:  # wrong encoding, broken TOML, a value of a wrong type
            raise SettingsUnreadable(
                f"The settings cannot be read ({type(error).__name__}).",
                "Correct or remove .env and .streamlit/secrets.toml, and look at the TITANIC_* variables.",
            ) from None  # the value may be a secret

    model_config = SettingsConfigDict(
        env_file=project_folder() / ".env",
        toml_file=project_folder() / ".streamlit" / "secrets.toml",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
    )

    database: Path = Field(
        default_factory=lambda: project_folder() / "data" / "titanic.sqlite", validation_alias="TITANIC_DB"
    )
    source: str = Field(default="auto", validation_alias="TITANIC_SOURCE")
    csv_url: str = Field(
        default="https://raw.githubusercontent.com/datasciencedojo/datasets/master/titanic.csv",
        validation_alias="TITANIC_CSV_URL",
    )
    dataset: str = Field(default="mstz/titanic", validation_alias="TITANIC_DATASET")
    prefect_api_url: str | None = Field(default=None, validation_alias="PREFECT_API_URL")
    prefect_home: Path = Field(
        default_factory=lambda: project_folder() / "data" / ".prefect", validation_alias="PREFECT_HOME"
    )

    @property
    def raw_folder(self) -> Path:
        """Where downloaded raw files wait for conversion: `raw/` beside the database."""
        return self.database.parent / "raw"

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
