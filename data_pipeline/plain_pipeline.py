"""The same pipeline without Prefect: the plain functions in the same order, for a cold quick start."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from data_pipeline import sources
from data_pipeline.build_lock import one_build_at_a_time
from data_pipeline.publish import publish
from data_pipeline.settings import Settings
from data_pipeline.sources import RawFile
from data_pipeline.table import BuildRecord, SourceFailure


def run_plain(
    source: str | None = None, database: Path | None = None, settings: Settings | None = None
) -> BuildRecord:
    """Build the table and return the record of the build; raises `PipelineError` with cause and remedy.

    `source` and `database` default to the settings. Nothing is cached and no run is recorded.
    """
    settings = settings or Settings()
    database = database or settings.database

    def fetch(candidate: str, failed_before: tuple[SourceFailure, ...]) -> RawFile:
        return replace(sources.fetch_patiently(candidate, settings), failed_sources=failed_before)

    with one_build_at_a_time(database, who="a plain build"):
        raw = sources.first_available(sources.candidates(source or settings.source), fetch)
        return publish(raw, database)
