"""Where raw data come from: the Hub, a URL or the shipped snapshot, each fetched to a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from data_pipeline.table import SourceFailure


@dataclass(frozen=True)
class RawFile:
    """A file as the source gave it, unconverted, and where it came from.

    `source` is "hub", "url", "snapshot", or "file" / "link" for a path or URL that the user named;
    `origin` a URL without secrets, a dataset with its revision, or a file's name (never a folder);
    `sha256` that of the file's bytes; `expected_rows` the number of rows it must hold, None if unknown;
    `failed_sources` those that were tried before and gave nothing.
    """

    path: Path
    source: str
    origin: str
    sha256: str
    expected_rows: int | None = None
    failed_sources: tuple[SourceFailure, ...] = ()
